"""The few dialogs; loaded when one is opened."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, qVersion
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

import cnnviz
from cnnviz.app.settings import log_file
from cnnviz.panels import saving, theme

_PACKAGES = (
    "torch",
    "torchvision",
    "PySide6-Essentials",
    "pyqtgraph",
    "pillow",
    "numpy",
)
_MOUSE = (
    ("Click", "choose a map, a value, a layer, a class, or a place in the picture"),
    ("Hover", "read a value and see what it sees of the picture"),
    ("Wheel", "zoom at the pointer"),
    ("Drag", "move a zoomed picture"),
    ("Double-click", "show all of it again; on a term, go to where it came from"),
    ("Right-click", "copy or save a panel's picture or its numbers"),
    ("Drop", "show a picture, a table or a network; anywhere on the window"),
)


def tr(text: str) -> str:
    """Translate a text of the dialogs."""
    return QCoreApplication.translate("Dialogs", text)


def open_sheet(
    parent: QWidget, title: str, content: QWidget, copy: str = ""
) -> QDialog:
    """Show something in a dialog that can be closed; its text may be copied."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    if copy:
        button = buttons.addButton(tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        button.clicked.connect(lambda: QGuiApplication.clipboard().setText(copy))
    column = QVBoxLayout(dialog)
    column.setContentsMargins(*[3 * theme.GRID] * 4)
    column.setSpacing(2 * theme.GRID)
    column.addWidget(content, 1)
    column.addWidget(buttons)
    dialog.open()
    return dialog


def shortcuts(parent: QWidget, actions: Iterable[QAction]) -> QDialog:
    """Show every key and what the mouse does."""
    sheet = QWidget()
    grid = QGridLayout(sheet)
    grid.setContentsMargins(0, 0, 2 * theme.GRID, 0)
    grid.setHorizontalSpacing(3 * theme.GRID)
    native = QKeySequence.SequenceFormat.NativeText
    rows = [
        (", ".join(k.toString(native) for k in action.shortcuts()), action.statusTip())
        for action in actions
        if action.shortcuts()
    ]
    for row, (key, what) in enumerate((*rows, *_MOUSE)):
        left = QLabel(key)
        left.setForegroundRole(left.foregroundRole().PlaceholderText)
        grid.addWidget(left, row, 0, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(QLabel(what), row, 1)
    area = QScrollArea()
    area.setWidget(sheet)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setMinimumSize(sheet.sizeHint().width() + 4 * theme.GRID, 60 * theme.GRID)
    return open_sheet(parent, tr("Keys and mouse"), area)


def _versions() -> list[str]:
    lines = [f"cnnviz {cnnviz.__version__}", f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package}: not found")
    lines += [f"Qt {qVersion()}", platform.platform()]
    return lines


def about(parent: QWidget) -> QDialog:
    """Show versions and licences."""
    lines = _versions()
    words = QLabel(
        "<h3>cnnviz</h3>"
        f"<p>{cnnviz.__doc__}</p>"
        f"<p>{'<br>'.join(lines)}</p>"
        "<p>MIT licence. It builds on PyTorch (BSD-3-Clause), torchvision "
        "(BSD-3-Clause), Qt for Python (LGPL-3.0), pyqtgraph (MIT), Pillow "
        "(MIT-CMU) and NumPy (BSD-3-Clause).</p>"
        f"<p>Log: {log_file()}</p>"
    )
    words.setTextFormat(Qt.TextFormat.RichText)
    words.setWordWrap(True)
    words.setMinimumWidth(56 * theme.GRID)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return open_sheet(parent, tr("About cnnviz"), words, "\n".join(lines))


def save_window(window: QWidget) -> str:
    """Ask where to save a picture of the window; give the sentence if it fails."""
    title, kinds = tr("Save picture"), "PNG picture (*.png)"
    path = saving.ask_path(window, title, "cnnviz.png", kinds)
    if path:
        try:
            saving.write(Path(path), saving.png(window.grab().toImage()))
        except OSError as error:
            return f"{path} was not saved: {error.strerror or error}."
    return ""
