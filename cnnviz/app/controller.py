"""What the commands of the window do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from cnnviz.app import dialogs
from cnnviz.app.causality import Causality
from cnnviz.app.checking import Checking, Spotlight
from cnnviz.app.face import bundled_samples, bundled_series, first_source
from cnnviz.app.families import FIRST_MODEL, Mismatch, WrongTask, task_of
from cnnviz.app.fetching import Fetching
from cnnviz.app.following import Following
from cnnviz.app.menus import Menus
from cnnviz.app.opening import Opening
from cnnviz.app.settings import Theme
from cnnviz.app.toolbar import Toolbar
from cnnviz.app.walk import Walk
from cnnviz.app.window import Window
from cnnviz.app.wiring import Wiring
from cnnviz.core.look import Look, Scale
from cnnviz.core.models import Model, ModelSpec
from cnnviz.core.series import TableSource
from cnnviz.core.tensors import TensorList
from cnnviz.core.trace import ImageSource, Request, Trace
from cnnviz.nets.catalog import find
from cnnviz.panels import theme as themes
from cnnviz.session.runner import Runner
from cnnviz.session.store import State, Store

DEFAULT_MODEL = FIRST_MODEL["picture"]


class Controller(QObject):
    """Joins window, store and worker.

    Parameters
    ----------
    window
        The window; the controller is its child.
    runner
        The worker.
    request
        What to show first.
    """

    def __init__(self, window: Window, runner: Runner, request: Request) -> None:
        super().__init__(window)
        self.window, self.runner = window, runner
        self.settings = settings = window.settings
        self.store = Store(request, self)
        self._learned: Model = ModelSpec(DEFAULT_MODEL)
        self.wiring = Wiring(self.store, window)
        self.fetching = Fetching(window)
        self.opening = Opening(self.store, window, self.fetching)
        self.walk = Walk(self.store)
        self.following = Following(self.store, window, self.wiring.pointing)
        self.checking = Checking(self.store, window)
        self.spotlight = Spotlight(self.store, window)
        self.causality = Causality(self.store, window)
        self.menus = Menus(window, self)
        self.toolbar = Toolbar(self.menus, window)
        window.addToolBar(self.toolbar)
        self.store.requestChanged.connect(runner.submit)
        self.store.changed.connect(self._on_changed)
        runner.started.connect(self._on_started)
        runner.progressed.connect(window.busy.advance)
        runner.finished.connect(self._on_finished)
        runner.refused.connect(self._on_refused)
        runner.crashed.connect(self._on_crashed)
        window.busy.cancelled.connect(self._cancel)
        self.fetching.fetched.connect(self._on_fetched)
        window.closing.connect(runner.shutdown)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._dress)
        self._look(settings.look())
        self._dress()
        self.store.reload()

    # -- the worker --------------------------------------------------------------------

    def _on_started(self, request: Request) -> None:
        self.window.notice.dismiss()
        self.window.busy.start(f"{request.model.name} · {request.source.title}")

    def _on_finished(self, trace: Trace | Mismatch | WrongTask | TensorList) -> None:
        self.window.busy.stop()
        if isinstance(trace, Mismatch):
            self.store.withdraw()
            self.opening.offer(trace)
            self._say_if_empty(trace.sentence)
            return
        if isinstance(trace, WrongTask):
            self.opening.wrong_task(trace)
            return
        if isinstance(trace, TensorList):
            self.store.withdraw()
            self.opening.unknown(trace)
            return
        if not trace.layers:
            self.store.withdraw()
            self.window.tell(trace.error or "The network ran no layer.", warning=True)
            return
        first = self.store.state.trace is None
        self.store.set_trace(trace)
        self.opening.shown(trace.request, trace.sample)
        if first:
            self._open_with_a_place(trace)
        if trace.error is not None:
            self.window.tell(trace.error, warning=True)
        elif not self.window.notice.text():
            self.fetching.offer(trace)
        source = trace.request.source if trace.request else None
        path = source.path if isinstance(source, ImageSource | TableSource) else None
        if path is not None and path not in self.samples():
            self.settings.opened(path)

    def _open_with_a_place(self, trace: Trace) -> None:
        """Begin at the first stage's strongest answer, so that all panels speak."""
        if not trace.stages:
            return
        maps = trace[trace.stages[0].head].maps
        if maps.ndim > 1 and maps.size:
            strongest = np.unravel_index(int(np.argmax(maps)), maps.shape)
            channel, *unit = map(int, strongest)
            self.store.select(channel=channel, unit=tuple(unit))

    def _on_refused(self, request: Request, sentence: str) -> None:
        self.window.busy.stop()
        self.store.withdraw()
        self._fall_back(request, sentence)
        self.opening.refused(request, sentence)

    def _fall_back(self, request: Request, sentence: str) -> None:
        """Show a bundled sample when the very first source was refused."""
        sample = first_source(self.opening.task(request.model) or "picture")
        if self.store.state.trace is None and request.source != sample:
            self.store.set_request(Request(request.model, sample))
        self._say_if_empty(sentence)

    def _on_crashed(self, _request: Request, text: str) -> None:
        self.window.busy.stop()
        self.store.withdraw()
        self.window.tell_fault(text)
        self._say_if_empty("Nothing to show yet.")

    def _say_if_empty(self, sentence: str) -> None:
        if self.store.state.trace is None:
            for panel in self.window.panels.values():
                panel.show_nothing(sentence)

    def _cancel(self) -> None:
        self.runner.cancel()
        self.window.busy.stop()
        self.store.withdraw()

    # -- sources -----------------------------------------------------------------------

    @staticmethod
    def samples() -> tuple[Path, ...]:
        """Return the bundled pictures and tables."""
        return (*bundled_samples(), *bundled_series())

    def open_path(self, path: Path) -> None:
        """Show a picture or a table."""
        self.opening.path(path)

    def reload(self) -> None:
        """Run the present request again."""
        self.store.reload()

    # -- networks ----------------------------------------------------------------------

    def open_model(self, name: str) -> None:
        """Show another network, trained where its weights are at hand."""
        self.opening.model(ModelSpec(name))

    def toggle_random(self) -> None:
        """Show the same network with random weights, or with its own again."""
        model = self.store.state.request.model
        if not isinstance(model, ModelSpec):
            self.window.tell("Only networks of the catalogue have random weights.")
        elif model.weights == "random":
            self.store.set_model(replace(model, weights="best", channels=None))
        else:
            self.store.set_model(replace(model, weights="random"))

    def toggle_handmade(self) -> None:
        """Show the hand-made kernels, or the learned network shown before them."""
        model = self.store.state.request.model
        if model.name == "handmade":
            self.opening.model(self._learned)
        else:
            if self.opening.task(model) == "picture":
                self._learned = model
            self.opening.model(ModelSpec("handmade"))

    def download_weights(self) -> None:
        """Fetch the present network's weights."""
        self.fetching.download(self.store.state.request.model.name)

    def choose_weights(self) -> None:
        """Ask for a weights file for the present network."""
        self.fetching.choose(self.store.state.request.model.name)

    def _on_fetched(self, name: str) -> None:
        """Show the network that has its trained weights now."""
        model = ModelSpec(name)
        if self.store.state.request.model == model:
            self.store.reload()
        else:
            self.store.set_model(model)

    # -- presentation ------------------------------------------------------------------

    def _look(self, look: Look) -> None:
        self.store.set_look(look)
        self.settings.keep_look(look)

    def toggle_before(self) -> None:
        """Show maps before the activation, or after it again."""
        look = self.store.state.look
        self._look(replace(look, before=not look.before))

    def choose_colours(self, name: str) -> None:
        """Paint non-negative data with another colour map."""
        self._look(replace(self.store.state.look, colours=name))

    def choose_scale(self, scale: Scale) -> None:
        """Choose one colour scale for the layer, per map, or locked as it is now."""
        look = self.store.state.look
        bound = look.bound
        if scale == "locked":
            bound = self.window.maps.bound() or bound
        self._look(replace(look, scale=scale, bound=bound))

    def choose_theme(self, theme: Theme) -> None:
        """Choose light, dark, or the desktop's choice."""
        self.settings.theme = theme
        self._dress()

    def _dress(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        wish = self.settings.theme
        dark = themes.is_dark(app) if wish == "system" else wish == "dark"
        themes.apply(app, dark)
        self._look(replace(self.store.state.look, dark=dark))
        self._show_marks(self.store.state)

    # -- the rest ----------------------------------------------------------------------

    def save_window(self) -> None:
        """Save a picture of the window."""
        trouble = dialogs.save_window(self.window)
        if trouble:
            self.window.tell(trouble, warning=True)

    def show_shortcuts(self) -> None:
        """Show every key."""
        dialogs.shortcuts(self.window, self.menus.actions.values())

    def show_about(self) -> None:
        """Show versions and licences."""
        dialogs.about(self.window)

    def _on_changed(self, old: State, new: State) -> None:
        if new.request != old.request or new.look != old.look:
            self._show_marks(new)
        if new.trace is not old.trace and new.trace is not None:
            title = new.trace.sample.title
            self.window.setWindowTitle(f"{title} – {new.trace.title} – cnnviz")

    def _show_marks(self, state: State) -> None:
        model = state.request.model
        random = isinstance(model, ModelSpec) and model.weights == "random"
        self.menus.show_model(model.name, random)
        self.menus.show_look(state.look, self.settings.theme)
        source = state.request.source
        series = task_of(source) == "series"
        self.toolbar.show_request(_name_of(model), source.title, series)
        self.toolbar.show_look(state.look)


def _name_of(model: Model) -> str:
    """Write a network's name; torchvision's AlexNet is not the bundled one."""
    if not isinstance(model, ModelSpec):
        return model.title
    entry = find(model.name)
    return f"{entry.title} (torchvision)" if entry.torchvision else entry.title
