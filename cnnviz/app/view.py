"""Windows that a program or a notebook opened on what lives in it."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QThread

from cnnviz.app.application import application, caught, icon, interrupted_by_ctrl_c
from cnnviz.app.controller import Controller
from cnnviz.app.main import run_request
from cnnviz.app.settings import Settings
from cnnviz.app.window import Window
from cnnviz.core.models import LiveSpec
from cnnviz.core.trace import Request, Source, Trace
from cnnviz.nets.live import forget, keep
from cnnviz.nets.network import Network
from cnnviz.session.runner import Runner
from cnnviz.session.store import State

_open: dict[str, View] = {}


def open_view(network: Network, source: Source, title: str, beside: bool) -> View:
    """Show a network in the window of a title, and wait if nobody else runs Qt.

    Parameters
    ----------
    beside
        Something else runs Qt's loop from time to time; this returns as soon as the
        network is on show. Without, and within no loop, when the window is closed.

    Raises
    ------
    KeyboardInterrupt
        Ctrl+C was pressed while this waited.
    """
    application()
    view = _open.get(title)
    if view is None:
        _open[title] = view = View(network, source, title)
    else:
        view.update(network, source)
    if not QThread.currentThread().loopLevel():
        view.wait(closed=not beside)
    return view


class View:
    """A window that ``cnnviz.show`` opened.

    Attributes
    ----------
    title
        By which ``show`` finds it again.
    """

    def __init__(self, network: Network, source: Source, title: str) -> None:
        self.title = title
        self._spec = keep(network)
        self._kept = [self._spec]
        self._last: Trace | None = None
        self._told: tuple[str, ...] = ()
        window = Window(Settings())
        window.setWindowIcon(icon())
        self._window: Window | None = window
        runner = Runner(run_request)
        self._controller = Controller(window, runner, Request(self._spec, source))
        self._controller.store.changed.connect(self._on_changed)
        window.closing.connect(self._on_closing)
        window.show()

    @property
    def trace(self) -> Trace | None:
        """What the window shows, or showed last; None before the first run."""
        return self._last

    @property
    def is_open(self) -> bool:
        """Whether the window is still there."""
        return self._window is not None

    def update(self, network: Network, source: Source) -> None:
        """Show the network as it is now; layer, channel and place stay."""
        self._spec = keep(network)
        self._kept.append(self._spec)
        self._controller.store.set_request(Request(self._spec, source))

    def close(self) -> None:
        """Close the window."""
        if self._window is not None:
            self._window.close()

    def wait(self, closed: bool) -> None:
        """Return when the window is closed, or else has shown what was asked for.

        Raises
        ------
        KeyboardInterrupt
            Ctrl+C was pressed meanwhile; it closes a window that is waited for.
        """
        window, store = self._window, self._controller.store
        if window is None or (not closed and store.state.status == "idle"):
            return
        loop = QEventLoop()
        window.closing.connect(loop.quit)

        def answered(_old: State, new: State) -> None:
            if new.status == "idle":
                loop.quit()

        if not closed:
            store.changed.connect(answered)
        end = window.close if closed else loop.quit
        with caught(window), interrupted_by_ctrl_c(window, end):
            loop.exec()
        if self.is_open:
            store.changed.disconnect(answered)
            window.closing.disconnect(loop.quit)

    def _on_changed(self, old: State, new: State) -> None:
        trace = new.trace
        if trace is None or trace is old.trace:
            return
        self._last = trace
        model = trace.request.model if trace.request is not None else None
        if isinstance(model, LiveSpec) and model in self._kept:
            self._let_go(before=self._kept.index(model))
            self._say_guesses(model, trace)

    def _say_guesses(self, model: LiveSpec, trace: Trace) -> None:
        """Say once what is guessed about the network's input."""
        about = tuple(line for line in trace.about if line.startswith("guessed"))
        if about and about != self._told and self._window is not None:
            self._told = about
            say = "say more with want=cnnviz.InputChoices(…)"
            self._window.tell(f"{model.name}: {' · '.join(about)}; {say}")

    def _let_go(self, before: int) -> None:
        """Forget networks that were shown earlier than one that is on show."""
        for spec in self._kept[:before]:
            forget(spec)
        del self._kept[:before]

    def _on_closing(self) -> None:
        window, self._window = self._window, None
        if window is None:
            return
        _open.pop(self.title, None)
        self._let_go(before=len(self._kept))
        window.deleteLater()

    def __repr__(self) -> str:
        """Say what is shown, and whether the window is there."""
        state = "open" if self.is_open else "closed"
        shown = "nothing yet"
        if self._last is not None:
            shown = f"{self._last.title} on {self._last.sample.title}"
        return f"<cnnviz window: {shown}, {state}>"
