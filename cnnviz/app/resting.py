"""What the program does while nobody wants anything of it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from cnnviz.app.window import Window
from cnnviz.core.progress import Check
from cnnviz.session.runner import Runner
from cnnviz.session.store import State, Store

_PAUSE = 10_000
"""Milliseconds after a new trace: to ask for memory anew delays the next one."""


def run_rest(_asked: None, _check: Check) -> None:
    """Give freed memory back to the system; runs on a worker."""
    from cnnviz.probe.budget import give_back

    give_back()


class Resting(QObject):
    """Gives back, after a while without a new trace, what former ones have left.

    The allocator keeps freed maps for the next ones, which is fast, but they fit ever
    worse into its holes: after some ten pictures in VGG-16 it keeps a quarter more than
    is in use.

    Parameters
    ----------
    store
        Says when there is a new trace.
    window
        Ends it.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self.clock = QTimer(self, singleShot=True, interval=_PAUSE)
        self.runner = Runner(run_rest, self)
        self.clock.timeout.connect(lambda: self.runner.submit(None))
        store.requestChanged.connect(self.clock.stop)
        store.changed.connect(self._on_changed)
        window.closing.connect(self.clock.stop)
        window.closing.connect(self.runner.shutdown)

    def _on_changed(self, old: State, new: State) -> None:
        if new.trace is not old.trace:
            self.clock.start()
