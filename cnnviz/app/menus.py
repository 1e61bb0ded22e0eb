"""The menu bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from cnnviz.app.actions import Command, choices, fill
from cnnviz.app.moves import moves
from cnnviz.app.network_commands import network_commands
from cnnviz.app.networks import NetworkMenu
from cnnviz.app.recent import RecentMenu
from cnnviz.app.settings import Theme
from cnnviz.core.look import Look, Scale
from cnnviz.core.models import FileSpec, Model, ModelSpec
from cnnviz.pictures.colours import SEQUENTIAL

if TYPE_CHECKING:
    from cnnviz.app.controller import Controller
    from cnnviz.app.window import Window


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("Menus", text)


def memory_choices() -> list[tuple[str, str, str]]:
    """Return the amounts of memory that maps may take, in gigabytes."""
    part = tr("A quarter of what is free; layers beyond are computed when looked at")
    many = tr("For the maps on show and the next ones; layers beyond are computed")
    amounts = ("0.5", "1", "2", "4", "8", "16", "32")
    return [
        ("0", tr("Automatic"), part),
        *((amount, tr("{0} GB").format(amount), many) for amount in amounts),
    ]


class Menus:
    """Builds the menus and keeps their marks right.

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
        self.networks = NetworkMenu(
            tr("&Model"), controller.open_model, controller.own.again, bar
        )
        bar.addMenu(self.networks)
        self._add(self.networks, *network_commands(controller))
        self.actions["randomWeights"].setCheckable(True)
        self._view(bar.addMenu(tr("&View")))
        self._add(bar.addMenu(tr("&Go")), *moves(window, controller))
        self._help(bar.addMenu(tr("&Help")))

    # -- menus ---------------------------------------------------------------------

    def _add(self, menu: QMenu, *commands: Command | None) -> None:
        self.actions |= fill(menu, commands)

    def _file(self, menu: QMenu) -> None:
        do = self._controller
        self._add(
            menu,
            Command(
                "open",
                tr("&Open…"),
                do.opening.ask_path,
                ("Ctrl+O",),
                tr("Show a picture, a series from a CSV, or a network"),
            ),
            Command(
                "openNetwork",
                tr("Open &network…"),
                do.own.ask_path,
                ("Ctrl+Shift+O",),
                tr("Show a network of your own: weights, Python code, or both"),
            ),
        )
        settings = self._window.settings
        menu.addMenu(RecentMenu(settings, do.open_path, do.own.again, menu))
        self.samples = menu.addMenu(tr("&Samples"))
        had_series = False
        for path in do.samples():
            title = path.stem.replace("_", " ").capitalize()
            series = path.suffix == ".csv"
            if series and not had_series:
                self.samples.addSeparator()
            had_series = series
            action = self.samples.addAction(f"{title} (series)" if series else title)
            action.setStatusTip(tr("Show a sample that comes with the program"))
            action.triggered.connect(lambda _c=False, p=path: do.open_path(p))
        self._add(
            menu,
            None,
            Command(
                "paste",
                tr("&Paste"),
                do.opening.paste,
                ("Ctrl+V",),
                tr("Show the picture, the table or the file on the clipboard"),
            ),
            Command(
                "reload",
                tr("Re&load"),
                do.reload,
                ("F5", "Ctrl+R"),
                tr("Read the files again and run the network again"),
            ),
            None,
            Command(
                "trustedFiles",
                tr("&Trusted files…"),
                do.own.show_trusted,
                tip=tr("See whose code may run, and take it back"),
            ),
            Command(
                "savePicture",
                tr("&Save picture of the window…"),
                do.save_window,
                ("Ctrl+Shift+E",),
            ),
            None,
            Command("quit", tr("&Quit"), self._window.close, ("Ctrl+Q",)),
        )

    def _view(self, menu: QMenu) -> None:
        do = self._controller
        self._add(
            menu,
            Command(
                "before",
                tr("&Before the activation"),
                do.appearance.toggle_before,
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
            Command(
                "mattered",
                tr("&What mattered here"),
                do.spotlight.toggle,
                ("G",),
                tr("Fade what the unit sees but what did not change its value"),
            ),
        )
        self._add(
            menu,
            Command(
                "causality",
                tr("Prove &causality"),
                do.causality.prove,
                ("C",),
                tr("Change a series after the cursor; see whether the past changes"),
            ),
        )
        for name in ("before", "mattered"):
            self.actions[name].setCheckable(True)
        overlay, button = self.actions["overlay"], self._window.input.overlaid
        overlay.setCheckable(True)
        button.toggled.connect(overlay.setChecked)
        self.colours = menu.addMenu(tr("&Colours"))
        self._colours = choices(
            self.colours,
            [
                (
                    name,
                    name.capitalize(),
                    tr("Colours of values from 0 up"),
                )
                for name in SEQUENTIAL
            ],
            do.appearance.choose_colours,
        )
        self.scales = menu.addMenu(tr("&Scale"))
        self._scales = choices(
            self.scales,
            [
                (
                    "layer",
                    tr("One for the layer"),
                    tr("The same colour means the same value in every map of a layer"),
                ),
                (
                    "map",
                    tr("One per map"),
                    tr("Weak maps can be read; colours of two maps do not compare"),
                ),
                (
                    "locked",
                    tr("Locked at the present one"),
                    tr("The same colour means the same value across layers and inputs"),
                ),
            ],
            lambda value: do.appearance.choose_scale(cast("Scale", value)),
        )
        theme = menu.addMenu(tr("&Theme"))
        self._themes = choices(
            theme,
            [
                (
                    "system",
                    tr("As the system"),
                    tr("As the desktop says"),
                ),
                ("light", tr("Light"), tr("Dark on light, for a projector")),
                ("dark", tr("Dark"), tr("Light on dark")),
            ],
            lambda value: do.appearance.choose_theme(cast("Theme", value)),
        )
        self._memory = choices(
            menu.addMenu(tr("&Memory for maps")),
            memory_choices(),
            do.memory.choose,
        )
        chosen = f"{self._window.settings.memory:g}"
        if chosen in self._memory:
            self._memory[chosen].setChecked(True)
        menu.addSeparator()
        panels = menu.addMenu(tr("&Panels"))
        for dock in self._window.docks.docks.values():
            toggle = dock.toggleViewAction()
            toggle.setStatusTip(tr("Show or close this panel"))
            panels.addAction(toggle)
        self._add(
            menu,
            Command("resetLayout", tr("Reset &layout"), self._window.docks.reset),
            None,
            Command("fullScreen", tr("&Full screen"), self._full_screen, ("F11",)),
        )

    def _full_screen(self) -> None:
        window = self._window
        (window.showNormal if window.isFullScreen() else window.showFullScreen)()

    def _help(self, menu: QMenu) -> None:
        do = self._controller
        self._add(
            menu,
            Command("shortcuts", tr("&Keys and mouse"), do.show_shortcuts, ("F1",)),
            Command("about", tr("&About cnnviz"), do.show_about),
        )

    # -- marks ---------------------------------------------------------------------

    def show_model(self, model: Model) -> None:
        """Mark the network on show."""
        self.networks.show_chosen(model)
        random = isinstance(model, ModelSpec) and model.weights == "random"
        self.actions["randomWeights"].setChecked(random)
        for name in ("networkInput", "labels"):
            self.actions[name].setEnabled(isinstance(model, FileSpec))

    def show_running(self, runs: bool) -> None:
        """Offer what needs maps only where a network runs, not for weights alone."""
        for name in ("before", "overlay", "mattered", "causality", "randomWeights"):
            self.actions[name].setEnabled(runs)

    def show_look(self, look: Look, theme: str) -> None:
        """Mark the presentation on show."""
        self._colours[look.colours].setChecked(True)
        self._scales[look.scale].setChecked(True)
        self._themes[theme].setChecked(True)
        self.actions["before"].setChecked(look.before)
