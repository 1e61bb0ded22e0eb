"""How things look: colours, scale, theme, maps before or after the activation."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from cnnviz.app.settings import Theme
from cnnviz.app.window import Window
from cnnviz.core.look import Look, Scale
from cnnviz.panels import theme as themes
from cnnviz.session.store import Store


class Appearance(QObject):
    """What the commands about presentation do, and what is remembered of it.

    Parameters
    ----------
    store
        Its look is changed.
    window
        Its settings keep the look and the theme.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._store, self._window = store, window
        self._settings = window.settings
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._dress)
        self._look(self._settings.look())
        self._dress()

    def _look(self, look: Look) -> None:
        self._store.set_look(look)
        self._settings.keep_look(look)

    def toggle_before(self) -> None:
        """Show maps before the activation, or after it again."""
        look = self._store.state.look
        self._look(replace(look, before=not look.before))

    def choose_colours(self, name: str) -> None:
        """Paint non-negative data with another colour map."""
        self._look(replace(self._store.state.look, colours=name))

    def choose_scale(self, scale: Scale) -> None:
        """Choose one colour scale for the layer, per map, or locked as it is now."""
        look = self._store.state.look
        bound = look.bound
        if scale == "locked":
            bound = self._window.maps.bound() or bound
        self._look(replace(look, scale=scale, bound=bound))

    def choose_theme(self, theme: Theme) -> None:
        """Choose light, dark, or the desktop's choice."""
        self._settings.theme = theme
        self._dress()

    def _dress(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        wish = self._settings.theme
        dark = themes.is_dark(app) if wish == "system" else wish == "dark"
        themes.apply(app, dark)
        self._look(replace(self._store.state.look, dark=dark))
