"""What the commands of the window do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from cnnviz.app.appearance import Appearance
from cnnviz.app.causality import Causality
from cnnviz.app.checking import Checking, Spotlight
from cnnviz.app.face import bundled_samples, bundled_series, first_source
from cnnviz.app.families import FIRST_MODEL, Mismatch, WrongTask, task_of
from cnnviz.app.fetching import Fetching
from cnnviz.app.following import Following
from cnnviz.app.leaving import wait_at_exit
from cnnviz.app.memory import Bounded, Memory, Refocus
from cnnviz.app.menus import Menus
from cnnviz.app.misfits import Unopened
from cnnviz.app.naming import name_of
from cnnviz.app.opening import Opening
from cnnviz.app.resting import Resting
from cnnviz.app.tensors_view import TensorsView
from cnnviz.app.toolbar import Toolbar
from cnnviz.app.walk import Walk
from cnnviz.app.watching import Watching
from cnnviz.app.window import Window
from cnnviz.app.wiring import Wiring
from cnnviz.core.models import FileSpec, Model, ModelSpec
from cnnviz.core.series import TableSource
from cnnviz.core.tensors import TensorList
from cnnviz.core.trace import ImageSource, Request, Trace
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
        wait_at_exit()  # of whoever made the window
        self.window, self.runner = window, runner
        self.settings = window.settings
        self.store = Store(request, self)
        self._learned: Model = ModelSpec(DEFAULT_MODEL)
        self.wiring = Wiring(self.store, window)
        self.fetching = Fetching(window)
        self.opening = Opening(self.store, window)
        self.own = self.opening.own
        self.watching = Watching(self.store, window, self.own)
        self.appearance = Appearance(self.store, window)
        self.tensors = TensorsView(self.store, window)
        self.walk = Walk(self.store, window.tensors.names)
        self.following = Following(self.store, window, self.wiring.pointing)
        self.checking = Checking(self.store, window)
        self.spotlight = Spotlight(self.store, window)
        self.causality = Causality(self.store, window)
        self.resting = Resting(self.store, window)
        self.memory = Memory(self.store, window, self.wiring, runner, self.own.may_run)
        self.memory.askedAgain.connect(self.checking.runner.cancel)
        self.menus = Menus(window, self)
        self.toolbar = Toolbar(self.menus, window)
        window.addToolBar(self.toolbar)
        self.store.changed.connect(self._on_changed)
        runner.started.connect(self._on_started)
        runner.progressed.connect(window.busy.advance)
        runner.finished.connect(self._on_finished)
        runner.refused.connect(self._on_refused)
        runner.crashed.connect(self._on_crashed)
        window.busy.cancelled.connect(self._cancel)
        self.fetching.fetched.connect(self._on_fetched)
        window.closing.connect(runner.shutdown)
        self._show_marks(self.store.state)
        self.store.reload()

    # -- the worker --------------------------------------------------------------------

    def _on_started(self, request: Request | Refocus) -> None:
        if isinstance(request, Refocus):
            words = self.tr("computing {0} again").format(request.name)
            self.window.busy.start(words)
            return
        self.window.notice.dismiss()
        self.window.busy.start(f"{request.model.name} · {request.source.title}")

    def _on_finished(
        self, found: Trace | Mismatch | WrongTask | TensorList | Unopened
    ) -> None:
        self.window.busy.stop()
        match found:
            case Mismatch():
                self.store.withdraw()
                self._fall_back(found.request, found.sentence)
                self.opening.offer(found)
            case WrongTask():
                self.opening.wrong_task(found)
            case TensorList():
                self.opening.answers.unknown(found)
            case Unopened():
                self.store.withdraw()
                self._fall_back(found.request, found.sentence)
                self.opening.answers.refused(found)
            case _:
                if not self.memory.answered(found):
                    self._show(found)

    def _show(self, trace: Trace) -> None:
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
        self.opening.answers.shown(trace)
        source = trace.request.source if trace.request else None
        path = source.path if isinstance(source, ImageSource | TableSource) else None
        if path is not None and path not in self.samples():
            self.settings.opened(path)
        if words := self.memory.words(trace):
            (self.window.say if self.window.notice.text() else self.window.tell)(words)

    def _open_with_a_place(self, trace: Trace) -> None:
        """Begin at the first stage's strongest answer, so that all panels speak."""
        if not trace.stages or not trace[trace.stages[0].head].kept:
            return
        maps = trace[trace.stages[0].head].maps
        if maps.ndim > 1 and maps.size:
            strongest = np.unravel_index(int(np.argmax(maps)), maps.shape)
            channel, *unit = map(int, strongest)
            self.store.select(channel=channel, unit=tuple(unit))

    def _on_refused(self, request: Request | Refocus, sentence: str) -> None:
        self.window.busy.stop()
        self.memory.give_up()
        self.store.withdraw()
        if isinstance(request, Refocus):
            self.window.tell(sentence, warning=True)
            return
        if isinstance(request, Bounded):
            request = request.plain
        self._fall_back(request, sentence)
        self.opening.refused(request, sentence)

    def _fall_back(self, request: Request, sentence: str) -> None:
        """Show a bundled network and sample when the very first request was refused."""
        state = self.store.state
        if state.trace is not None or state.tensors is not None:
            return
        model = request.model
        if isinstance(model, FileSpec):
            model = ModelSpec(FIRST_MODEL[self.opening.task(model) or "picture"])
        sample = first_source(self.opening.task(model) or "picture")
        if request != Request(model, sample):
            self.store.set_request(Request(model, sample))
        self._say_if_empty(sentence)

    def _on_crashed(self, _request: object, text: str) -> None:
        self.window.busy.stop()
        self.memory.give_up()
        self.store.withdraw()
        self.window.tell_fault(text)
        self._say_if_empty("Nothing to show yet.")

    def _say_if_empty(self, sentence: str) -> None:
        state = self.store.state
        if state.trace is None and state.tensors is None:
            for panel in self.window.panels.values():
                panel.show_nothing(sentence)

    def _cancel(self) -> None:
        self.runner.cancel()
        self.window.busy.stop()
        self.memory.give_up()
        self.store.withdraw()

    # -- sources -----------------------------------------------------------------------

    @staticmethod
    def samples() -> tuple[Path, ...]:
        """Return the bundled pictures and tables."""
        return (*bundled_samples(), *bundled_series())

    def open_path(self, path: Path) -> None:
        """Show a picture, a table or a network."""
        self.opening.path(path)

    def reload(self) -> None:
        """Run the present request again, with its files as they are now."""
        self.watching.again()

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
        model = self.store.state.request.model
        if isinstance(model, ModelSpec):
            self.fetching.download(model.name)
        else:
            self.window.tell(f"{model.title} is your own: there is nothing to fetch.")

    def choose_weights(self) -> None:
        """Ask for a weights file for the present network."""
        model = self.store.state.request.model
        if isinstance(model, ModelSpec):
            self.fetching.choose(model.name)
        elif isinstance(model, FileSpec) and model.code_file is not None:
            self.own.ask_weights(model)
        else:
            self.own.ask_path()

    def _on_fetched(self, name: str) -> None:
        """Show the network that has its trained weights now."""
        model = ModelSpec(name)
        if self.store.state.request.model == model:
            self.store.reload()
        else:
            self.store.set_model(model)

    # -- the rest ----------------------------------------------------------------------

    def save_window(self) -> None:
        """Save a picture of the window."""
        from cnnviz.app import dialogs

        trouble = dialogs.save_window(self.window)
        if trouble:
            self.window.tell(trouble, warning=True)

    def show_shortcuts(self) -> None:
        """Show every key."""
        from cnnviz.app import dialogs

        dialogs.shortcuts(self.window, self.menus.actions.values())

    def show_about(self) -> None:
        """Show versions and licences."""
        from cnnviz.app import dialogs

        dialogs.about(self.window)

    def _on_changed(self, old: State, new: State) -> None:
        fresh = new.trace is not old.trace
        if fresh or new.request != old.request or new.look != old.look:
            self._show_marks(new)
        if fresh and new.trace is not None:
            title, name = new.trace.sample.title, name_of(new)
            if isinstance(new.request.model, ModelSpec):
                name = new.trace.title
            self.window.setWindowTitle(f"{title} – {name} – cnnviz")

    def _show_marks(self, state: State) -> None:
        alone = state.tensors is not None
        self.menus.show_model(state.request.model)
        self.menus.show_running(not alone)
        self.menus.show_look(state.look, self.settings.theme)
        source = state.request.source
        series = task_of(source) == "series"
        shown = "" if alone else source.title
        self.toolbar.show_request(name_of(state), shown, series)
        self.toolbar.show_look(state.look)
