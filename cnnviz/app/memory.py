"""How much memory maps may take, and layers that are computed again when looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from cnnviz.app.families import undated
from cnnviz.app.scene import in_view, missing, scene
from cnnviz.app.window import Window
from cnnviz.app.wiring import Wiring
from cnnviz.core.trace import Request, Trace
from cnnviz.nets.cache import in_words
from cnnviz.nets.memory import free_memory
from cnnviz.session.runner import Runner
from cnnviz.session.store import State, Store

_SHARE = 4
"""Maps take a quarter of the free memory, if nothing else is said."""
_PAUSE = 120
"""Milliseconds a layer is in view before it is computed: keys may be held down."""


@dataclass(frozen=True, slots=True)
class Bounded(Request):
    """A request, and how much of its answer may stay in memory.

    Attributes
    ----------
    limit
        In bytes; 0 for everything.
    wanted
        Run-order indices of the layers that are kept before others.
    """

    limit: int = 0
    wanted: tuple[int, ...] = ()

    @property
    def plain(self) -> Request:
        """What is asked for."""
        return Request(self.model, self.source)


@dataclass(frozen=True, slots=True, eq=False)
class Refocus:
    """Other layers of a trace are wanted: its network is to run again.

    Attributes
    ----------
    limit, wanted
        As in ``Bounded``.
    name
        The first layer that is missing.
    """

    trace: Trace
    limit: int
    wanted: tuple[int, ...]
    name: str


class Memory(QObject):
    """Hands requests to the worker, and asks again for layers that were not kept.

    Parameters
    ----------
    store
        Its trace and selection say what is in view.
    window
        Its settings say how much memory there is.
    wiring
        Says in the panels that a layer is on its way.
    runner
        The worker.
    may_run
        Asked before it is given anything.

    Signals
    -------
    askedAgain()
        The worker is about to run the network again.
    """

    askedAgain = Signal()

    def __init__(
        self,
        store: Store,
        window: Window,
        wiring: Wiring,
        runner: Runner,
        may_run: Callable[[Request], bool],
    ) -> None:
        super().__init__(window)
        self._may_run = may_run
        self._store, self._window = store, window
        self._wiring, self._runner = wiring, runner
        self._wanted: tuple[int, ...] = ()
        self._running: Refocus | None = None
        self._soon = QTimer(self, singleShot=True, interval=_PAUSE)
        self._soon.timeout.connect(self._ask)
        store.requestChanged.connect(self._run)
        store.changed.connect(self._on_changed)
        window.closing.connect(self._soon.stop)

    def limit(self) -> int:
        """Return the bytes that one trace may take; 0 when nobody can tell.

        Of a number that was chosen it is half: while the next trace is made, the one
        before is still on show.
        """
        chosen = self._window.settings.memory
        if chosen:
            return int(chosen * 1e9 / 2)
        free = free_memory()
        return 0 if free is None else max(free // _SHARE, 1)

    def choose(self, gigabytes: str) -> None:
        """Allow another amount, 0 for a part of what is free."""
        self._window.settings.memory = float(gigabytes)
        trace = self._store.state.trace
        if trace is not None:
            limit = self.limit()
            if trace.bytes_kept < trace.bytes_whole or 0 < limit < trace.bytes_whole:
                self._store.reload()

    def _run(self, request: Request) -> None:
        """Hand a request to the worker; layers in view are kept before others."""
        self._soon.stop()
        self._running, self._wanted = None, ()
        if not self._may_run(request):
            self._store.withdraw()
            return
        state, wanted = self._store.state, tuple[int, ...]()
        shown = state.trace.request if state.trace is not None else None
        if shown is not None and undated(shown.model) == undated(request.model):
            assert state.trace is not None
            wanted = _positions(state.trace, state)
        self._runner.submit(
            Bounded(request.model, request.source, self.limit(), wanted)
        )

    # -- layers that were not kept -----------------------------------------------------

    def _on_changed(self, _old: State, new: State) -> None:
        trace = new.trace
        if trace is None or not trace.layers or new.status == "busy":
            self._soon.stop()
            return
        lacking = None
        if trace.bytes_kept < trace.bytes_whole:
            lacking = missing(trace, scene(trace, new.selection, new.look))
        wanted = () if lacking is None else _positions(trace, new)
        if wanted != self._wanted:
            self._stop()
            self._wanted = wanted
            if lacking is not None:
                self._wiring.show_missing(self.tr("it is being computed again."))
                self._soon.start()

    def _stop(self) -> None:
        """Let go of what is asked or about to be."""
        self._soon.stop()
        if self._running is not None:
            self._running = None
            self._runner.cancel()
            self._window.busy.stop()

    def _ask(self) -> None:
        """Have the network run again."""
        state = self._store.state
        assert state.trace is not None
        lacking = missing(state.trace, scene(state.trace, state.selection, state.look))
        assert lacking is not None
        request = state.trace.request
        if request is not None and not self._may_run(request):
            self.give_up()
            return
        self.askedAgain.emit()
        job = Refocus(state.trace, self.limit(), self._wanted, lacking.name)
        self._running = job
        self._runner.submit(job)

    def answered(self, trace: Trace) -> bool:
        """Show the answer if it is one to what was asked again."""
        if self._running is None:
            return False
        wanted, self._running = self._running.wanted, None
        self._store.set_trace(trace)
        if self._wanted == wanted:  # and still missing, in a network that changes
            self.give_up()
        return True

    def give_up(self) -> None:
        """Say that a layer will not come, until the person looks elsewhere."""
        self._soon.stop()
        self._running = None
        if self._wanted:
            self._wiring.show_missing(self.tr("F5 computes it again."))

    # -- in words ----------------------------------------------------------------------

    def words(self, trace: Trace) -> str:
        """Say how much of a trace is in memory; ``""`` for all of it."""
        if trace.bytes_kept >= trace.bytes_whole:
            return ""
        chosen = self._window.settings.memory
        room = int(chosen * 1e9) if chosen else self.limit()
        return self.tr(
            "{0} of maps, {1} of memory for them: layers in view and near are kept, "
            "the others are computed again when looked at."
        ).format(in_words(trace.bytes_whole), in_words(room))


def _positions(trace: Trace, state: State) -> tuple[int, ...]:
    """Return the run-order indices of the layers in view."""
    now = scene(trace, state.selection, state.look)
    return tuple(sorted(trace.position(each.name) for each in in_view(trace, now)))
