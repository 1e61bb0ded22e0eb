"""The toolbar: what is on show in words, and the menus to change it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from cnnviz.app.menus import Menus
from cnnviz.core.look import Look


def tr(text: str) -> str:
    """Translate a text of the toolbar."""
    return QCoreApplication.translate("Toolbar", text)


class Toolbar(QToolBar):
    """Buttons over the menus' own actions, so that each exists once.

    Parameters
    ----------
    menus
        Their owner.
    """

    def __init__(self, menus: Menus, parent: QWidget) -> None:
        super().__init__(tr("Toolbar"), parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.toggleViewAction().setVisible(False)
        menus.actions["open"].setIconText(tr("Open…"))
        menus.actions["before"].setIconText(tr("Before ReLU"))
        self.addAction(menus.actions["open"])
        self.addSeparator()
        self.model = self._button(menus.networks, tr("Choose another network"))
        self.picture = self._button(menus.samples, tr("Choose a sample"))
        self.addSeparator()
        self.colours = self._button(menus.colours, tr("Choose other colours"))
        self.scale = self._button(menus.scales, tr("Choose what a colour stands for"))
        self.addSeparator()
        self.addAction(menus.actions["before"])
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.addAction(menus.actions["randomWeights"])

    def _button(self, menu: QMenu, tip: str) -> QToolButton:
        button = QToolButton()
        button.setMenu(menu)
        button.setToolTip(tip)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.addWidget(button)
        return button

    def show_request(self, model: str, title: str, series: bool = False) -> None:
        """Name the network, and the picture or series, on show; ``""`` for none."""
        short = title
        if len(title) > 28:
            short = title[:12] + "…" + title[-15:]
        self.model.setText(tr("Model: {0}").format(model))
        what = tr("Series: {0}") if series else tr("Picture: {0}")
        words = what.format(short) if short else tr("Samples")
        self.picture.setText(words.replace("&", "&&"))

    def show_look(self, look: Look) -> None:
        """Name the presentation on show."""
        words = {
            "layer": tr("layer"),
            "map": tr("per map"),
            "locked": tr("locked"),
        }
        self.colours.setText(tr("Colours: {0}").format(look.colours))
        self.scale.setText(tr("Scale: {0}").format(words[look.scale]))
