"""Menus and toolbar of the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from cnnviz.app.actions import Command, choices, fill
from cnnviz.app.settings import Theme
from cnnviz.core.look import Look, Scale
from cnnviz.nets.catalog import Entry, models, state
from cnnviz.pictures.colours import SEQUENTIAL

if TYPE_CHECKING:
    from cnnviz.app.controller import Controller
    from cnnviz.app.window import Window


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("Menus", text)


_STATES = {
    "bundled": "bundled",
    "downloaded": "downloaded",
    "random weights": "random weights",
    "no weights needed": "",
}


def _weights_words(entry: Entry) -> str:
    """Say in a few words where a network's weights are."""
    now = state(entry)
    if now == "to be downloaded" and entry.size:
        return f"to be downloaded, {entry.size / 1e6:.0f} MB"
    return _STATES.get(now, now)


class Menus:
    """Builds the menu bar and the toolbar, and keeps their marks right.

    Parameters
    ----------
    window
        Where they go.
    controller
        What the commands call.
    """

    def __init__(self, window: Window, controller: Controller) -> None:
        self._window, self._controller = window, controller
        self.actions: dict[str, QAction] = {}
        bar = window.menuBar()
        self._file(bar.addMenu(tr("&File")))
        self.model_menu = bar.addMenu(tr("&Model"))
        self._model_actions: dict[str, QAction] = {}
        self._model(self.model_menu)
        self._view(bar.addMenu(tr("&View")))
        self._go(bar.addMenu(tr("&Go")))
        self._help(bar.addMenu(tr("&Help")))
        self._toolbar()

    # -- menus ---------------------------------------------------------------------

    def _add(self, menu: QMenu, *commands: Command | None) -> None:
        self.actions |= fill(menu, commands)

    def _file(self, menu: QMenu) -> None:
        do = self._controller
        self._add(
            menu,
            Command(
                "open",
                tr("&Open picture…"),
                do.open_dialog,
                ("Ctrl+O",),
                tr("Show a picture file"),
            ),
        )
        recent = menu.addMenu(tr("Open &recent"))
        recent.aboutToShow.connect(lambda: self._recent(recent))
        self.samples = menu.addMenu(tr("&Samples"))
        for path in do.samples():
            title = path.stem.replace("_", " ").capitalize()
            action = self.samples.addAction(title)
            action.triggered.connect(lambda _c=False, p=path: do.open_path(p))
        self._add(
            menu,
            None,
            Command(
                "paste",
                tr("&Paste"),
                do.paste,
                ("Ctrl+V",),
                tr("Show the picture on the clipboard"),
            ),
            Command(
                "reload",
                tr("Re&load"),
                do.reload,
                ("F5", "Ctrl+R"),
                tr("Read the picture again and run the network again"),
            ),
            None,
            Command(
                "savePicture",
                tr("&Save picture of the window…"),
                do.save_window,
                ("Ctrl+Shift+E",),
            ),
            None,
            Command("quit", tr("&Quit"), self._window.close, ("Ctrl+Q",)),
        )

    def _recent(self, menu: QMenu) -> None:
        menu.clear()
        paths = self._controller.settings.recent
        home = str(Path.home())
        for path in paths:
            shown = str(path)
            if shown.startswith(home):
                shown = "~" + shown[len(home) :]
            action = menu.addAction(shown.replace("&", "&&"))
            action.setEnabled(path.is_file())
            action.triggered.connect(
                lambda _c=False, p=path: self._controller.open_path(p)
            )
        if not paths:
            menu.addAction(tr("Nothing opened yet")).setEnabled(False)
            return
        menu.addSeparator()
        forget = menu.addAction(tr("Clear list"))
        forget.triggered.connect(self._controller.settings.forget_recent)

    def _model(self, menu: QMenu) -> None:
        do = self._controller
        own = [entry for entry in models() if entry.torchvision is None]
        self._model_actions = choices(
            menu, [(e.name, self._model_text(e)) for e in own], do.open_model
        )
        families: dict[str, list[Entry]] = {}
        for entry in models():
            if entry.torchvision is not None:
                families.setdefault(entry.family, []).append(entry)
        vision = menu.addMenu("torchvision")
        for family, entries in families.items():
            under = vision.addMenu(family)
            self._model_actions |= choices(
                under, [(e.name, self._model_text(e)) for e in entries], do.open_model
            )
            under.aboutToShow.connect(lambda es=tuple(entries): self._refresh(es))
        menu.addSeparator()
        self._add(
            menu,
            Command(
                "randomWeights",
                tr("&Random weights"),
                do.toggle_random,
                ("Ctrl+T",),
                tr("The same network before it learned anything, and back"),
            ),
            Command(
                "compareHandmade",
                tr("&Hand-made or learned kernels"),
                do.toggle_handmade,
                ("H",),
                tr("Switch between hand-made kernels and AlexNet's first layer"),
            ),
            None,
            Command("download", tr("&Download weights…"), do.download_weights),
            Command("chooseWeights", tr("&Choose weights file…"), do.choose_weights),
        )
        self.actions["randomWeights"].setCheckable(True)

    def _model_text(self, entry: Entry) -> str:
        where = _weights_words(entry)
        return f"{entry.title}\t{where}" if where else entry.title

    def _refresh(self, entries: Sequence[Entry]) -> None:
        """Say anew where the weights are: a file may have been copied in."""
        for entry in entries:
            self._model_actions[entry.name].setText(self._model_text(entry))

    def _view(self, menu: QMenu) -> None:
        do = self._controller
        self._add(
            menu,
            Command(
                "before",
                tr("&Before the activation"),
                do.toggle_before,
                ("R",),
                tr("Show maps before ReLU instead of after it"),
            ),
            Command(
                "overlay",
                tr("Chosen map &over the picture"),
                self._window.input.overlaid.toggle,
                ("O",),
                tr("Lay the chosen map over the input picture"),
            ),
        )
        self.actions["before"].setCheckable(True)
        self.colours = menu.addMenu(tr("&Colours"))
        self._colours = choices(
            self.colours,
            [(name, name.capitalize()) for name in SEQUENTIAL],
            do.choose_colours,
        )
        self.scales = menu.addMenu(tr("&Scale"))
        self._scales = choices(
            self.scales,
            [
                ("layer", tr("One for the layer")),
                ("map", tr("One per map")),
                ("locked", tr("Locked at the present one")),
            ],
            lambda value: do.choose_scale(cast("Scale", value)),
        )
        theme = menu.addMenu(tr("&Theme"))
        self._themes = choices(
            theme,
            [
                ("system", tr("As the system")),
                ("light", tr("Light")),
                ("dark", tr("Dark")),
            ],
            lambda value: do.choose_theme(cast("Theme", value)),
        )
        menu.addSeparator()
        panels = menu.addMenu(tr("&Panels"))
        for dock in self._window.docks.docks.values():
            panels.addAction(dock.toggleViewAction())
        self._add(
            menu,
            Command("resetLayout", tr("Reset &layout"), self._window.docks.reset),
            None,
            Command("fullScreen", tr("&Full screen"), self._full_screen, ("F11",)),
        )

    def _full_screen(self) -> None:
        window = self._window
        (window.showNormal if window.isFullScreen() else window.showFullScreen)()

    def _go(self, menu: QMenu) -> None:
        do = self._controller

        def step(what: Callable[[int], object], by: int) -> Callable[[], object]:
            return lambda: what(by)

        self._add(
            menu,
            Command(
                "previousLayer", tr("Previous layer"), step(do.step_layer, -1), ("Up",)
            ),
            Command("nextLayer", tr("Next layer"), step(do.step_layer, 1), ("Down",)),
            Command(
                "previousStage",
                tr("Previous stage"),
                step(do.step_stage, -1),
                ("PgUp",),
            ),
            Command("nextStage", tr("Next stage"), step(do.step_stage, 1), ("PgDown",)),
            None,
            Command(
                "previousChannel",
                tr("Previous channel"),
                step(do.step_channel, -1),
                ("Left",),
            ),
            Command(
                "nextChannel", tr("Next channel"), step(do.step_channel, 1), ("Right",)
            ),
            Command(
                "tenBack",
                tr("Ten channels back"),
                step(do.step_channel, -10),
                ("Shift+Left",),
            ),
            Command(
                "tenOn",
                tr("Ten channels on"),
                step(do.step_channel, 10),
                ("Shift+Right",),
            ),
            Command(
                "firstChannel",
                tr("First channel"),
                lambda: do.end_channel(0),
                ("Home",),
            ),
            Command(
                "lastChannel", tr("Last channel"), lambda: do.end_channel(-1), ("End",)
            ),
            None,
            Command("noUnit", tr("Whole map"), do.clear_unit, ("Esc",)),
            Command(
                "findLayer",
                tr("&Find layer…"),
                self._window.layers.find_layer,
                ("Ctrl+F",),
            ),
        )

    def _help(self, menu: QMenu) -> None:
        do = self._controller
        self._add(
            menu,
            Command("shortcuts", tr("&Keys and mouse"), do.show_shortcuts, ("F1",)),
            Command("about", tr("&About cnnviz"), do.show_about),
        )

    # -- toolbar -------------------------------------------------------------------

    def _toolbar(self) -> None:
        bar = QToolBar(tr("Toolbar"), self._window)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.toggleViewAction().setEnabled(False)
        self._window.addToolBar(bar)
        bar.addAction(self.actions["open"])
        bar.addSeparator()
        self._model_button = self._menu_button(bar, self.model_menu)
        self._sample_button = self._menu_button(bar, self.samples)
        bar.addSeparator()
        self._colour_button = self._menu_button(bar, self.colours)
        self._scale_button = self._menu_button(bar, self.scales)
        bar.addSeparator()
        bar.addAction(self.actions["before"])
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        bar.addAction(self.actions["randomWeights"])
        self.actions["before"].setIconText(tr("Before ReLU"))
        self.actions["open"].setIconText(tr("Open…"))

    @staticmethod
    def _menu_button(bar: QToolBar, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        bar.addWidget(button)
        return button

    # -- marks ---------------------------------------------------------------------

    def show_model(self, name: str, title: str, random: bool) -> None:
        """Mark the network on show."""
        if name in self._model_actions:
            self._model_actions[name].setChecked(True)
        self._model_button.setText(tr("Model: {0}").format(title))
        self.actions["randomWeights"].setChecked(random)

    def show_source(self, title: str) -> None:
        """Name the picture on show."""
        short = title if len(title) <= 28 else title[:12] + "…" + title[-15:]
        self._sample_button.setText(tr("Picture: {0}").format(short))

    def show_look(self, look: Look, theme: str) -> None:
        """Mark the presentation on show."""
        self._colours[look.colours].setChecked(True)
        self._scales[look.scale].setChecked(True)
        self._themes[theme].setChecked(True)
        self.actions["before"].setChecked(look.before)
        words = {
            "layer": tr("layer"),
            "map": tr("per map"),
            "locked": tr("locked"),
        }
        self._colour_button.setText(tr("Colours: {0}").format(look.colours))
        self._scale_button.setText(tr("Scale: {0}").format(words[look.scale]))
