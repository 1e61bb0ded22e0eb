"""Colours, type and spacing of the window, in light and dark.

One accent that means *selected* and nothing else: a green that no colour table of
``pictures.colours`` comes near. Text keeps a contrast of at least 4.5 to what it
stands on, marks one of at least 3 (WCAG 2.2, criteria 1.4.3 and 1.4.11); nothing is
written in the accent.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QWidget

GRID = 8
"""Pixels: every distance is this, half of it or a multiple."""

CAPTION_SHRINK = 1.0
"""Points by which captions are smaller than text."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as ``#rrggbb``.

    Attributes
    ----------
    canvas
        Behind everything.
    raised
        Under the pointer, and behind alternating or pressed things.
    hairline
        Lines between panels.
    text, muted
        Words; captions and whatever steps back.
    accent
        Selected.
    on_accent
        Text on the accent.
    warning
        Something the person should not overlook.
    """

    canvas: str
    raised: str
    hairline: str
    text: str
    muted: str
    accent: str
    on_accent: str
    warning: str

    def rgb(self, name: str) -> tuple[int, int, int]:
        """Return one of the colours by attribute name, as levels 0 … 255."""
        red, green, blue = bytes.fromhex(getattr(self, name)[1:])
        return red, green, blue

    def color(self, name: str, alpha: int = 255) -> QColor:
        """Return one of the colours by attribute name; alpha 0 … 255."""
        color = QColor(getattr(self, name))
        color.setAlpha(alpha)
        return color


DARK = Palette(
    canvas="#16181d",
    raised="#272b33",
    hairline="#30353f",
    text="#e6e9ef",
    muted="#9aa3b2",
    accent="#6fd12e",
    on_accent="#0d1405",
    warning="#ffab61",
)
LIGHT = Palette(
    canvas="#f6f7f9",
    raised="#e9ecf1",
    hairline="#d9dde4",
    text="#1c2028",
    muted="#5d6675",
    accent="#2f9600",
    on_accent="#000000",
    warning="#a84a00",
)

_STYLE = Template(
    """
QMainWindow, QDialog { background: $canvas; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QMainWindow::separator { background: $hairline; width: 1px; height: 1px; }
QSplitter::handle { background: $hairline; image: none; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:horizontal { width: 1px; }
QMainWindow::separator:hover { background: $muted; }
QToolBar { background: $canvas; border: 0; border-bottom: 1px solid $hairline;
    padding: 4px 8px; spacing: 4px; }
QToolBar::separator { background: $hairline; width: 1px; margin: 4px; }
QToolButton { background: transparent; border: 0; border-radius: 4px;
    padding: 4px 8px; color: $text; }
QToolButton:hover { background: $raised; }
QToolButton:pressed { background: $hairline; }
QToolButton:checked { color: $text; background: $raised; }
QToolButton:disabled { color: $muted; }
QToolButton[popupMode="2"] { padding-right: 18px; }
QToolButton::menu-indicator { subcontrol-position: right center;
    subcontrol-origin: padding; right: 4px; }
QStatusBar { background: $canvas; border-top: 1px solid $hairline; color: $muted; }
QStatusBar::item { border: 0; }
QStatusBar QLabel { padding: 0 8px; }
QMenuBar { background: $canvas; border-bottom: 1px solid $hairline; padding: 0 4px; }
QMenuBar::item { padding: 4px 8px; background: transparent; border-radius: 4px; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $canvas; border: 1px solid $hairline; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 16px; border-radius: 4px; }
QMenu::item:selected { background: $raised; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $hairline; margin: 4px 8px; }
QDockWidget { color: $muted; }
QDockWidget::title { background: $canvas; padding: 4px 8px; text-align: left; }
QToolTip { background: $canvas; color: $text; border: 1px solid $hairline;
    padding: 4px; }
QLineEdit { background: $canvas; border: 1px solid $hairline; border-radius: 4px;
    padding: 3px 7px; color: $text; selection-background-color: $accent;
    selection-color: $on_accent; }
QLineEdit:focus { border-color: $muted; }
QTreeView { background: $canvas; border: 0; outline: 0; }
QTreeView::item { padding: 2px 4px; border: 0; }
QTreeView::item:hover { background: $raised; }
QTreeView::item:selected { background: $raised; color: $text; }
QHeaderView { background: $canvas; }
QHeaderView::section { background: $canvas; color: $muted; border: 0;
    border-bottom: 1px solid $hairline; padding: 2px 7px; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle { background: $hairline; border-radius: 3px; margin: 1px;
    min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QProgressBar { background: $raised; border: 0; border-radius: 2px; height: 4px; }
QProgressBar::chunk { background: $muted; border-radius: 2px; }
"""
)


def colours(dark: bool) -> Palette:
    """Return the colours of a theme."""
    return DARK if dark else LIGHT


def of(widget: QWidget) -> Palette:
    """Return the colours of the theme a widget is drawn in."""
    return colours(widget.palette().color(QPalette.ColorRole.Window).lightness() < 128)


def is_dark(app: QApplication) -> bool:
    """Tell whether the desktop asks for dark windows; unknown counts as light."""
    return app.styleHints().colorScheme() is Qt.ColorScheme.Dark


def qt_palette(dark: bool) -> QPalette:
    """Return every role of Qt's palette for a theme."""
    shade = colours(dark)
    role, palette = QPalette.ColorRole, QPalette()
    roles = {
        role.Window: "canvas",
        role.Base: "canvas",
        role.AlternateBase: "raised",
        role.Button: "canvas",
        role.ToolTipBase: "canvas",
        role.WindowText: "text",
        role.Text: "text",
        role.ButtonText: "text",
        role.ToolTipText: "text",
        role.BrightText: "warning",
        role.PlaceholderText: "muted",
        role.Highlight: "accent",
        role.HighlightedText: "on_accent",
        role.Accent: "accent",
        role.Link: "text",
        role.LinkVisited: "muted",
        role.Light: "raised",
        role.Midlight: "raised",
        role.Mid: "hairline",
        role.Dark: "hairline",
        role.Shadow: "canvas",
    }
    for key, name in roles.items():
        palette.setColor(key, shade.color(name))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, shade.color("muted"))
    return palette


def apply(app: QApplication, dark: bool) -> None:
    """Dress the whole program: Fusion, the palette and a compact style sheet."""
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(qt_palette(dark))
    shade = colours(dark)
    names = {name: getattr(shade, name) for name in Palette.__slots__}
    app.setStyleSheet(_STYLE.substitute(names))


def text_font() -> QFont:
    """Return the font of text: the desktop's, every digit equally wide."""
    font = QFont(QApplication.font())
    font.setFeature(QFont.Tag.fromString("tnum"), 1)
    return font


def caption_font() -> QFont:
    """Return the smaller font of captions and numbers."""
    font = text_font()
    font.setPointSizeF(max(font.pointSizeF() - CAPTION_SHRINK, 6.5))
    return font


def title_font() -> QFont:
    """Return the font of a panel's title: small, bold, spaced."""
    font = caption_font()
    font.setBold(True)
    font.setCapitalization(QFont.Capitalization.AllUppercase)
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
    return font
