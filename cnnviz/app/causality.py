"""Proves on demand whether the network on show can see the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from cnnviz.app.window import Window
from cnnviz.core.geometry import carry
from cnnviz.core.progress import Check
from cnnviz.session.runner import Runner
from cnnviz.session.store import Store

if TYPE_CHECKING:
    from cnnviz.core.proof import Proof, Trial


def run_trial(trial: Trial, check: Check) -> Proof:
    """Change the future and run the network again; runs on a worker."""
    check(0, 0, "changing the future")
    from cnnviz.probe.causality import prove

    return prove(trial, check)


class Causality(QObject):
    """Tries it at the time cursor, on a worker of its own.

    Parameters
    ----------
    store
        What is on show, and where the cursor is.
    window
        Says what came of it.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._store, self._window = store, window
        self.runner = Runner(run_trial, self)
        store.requestChanged.connect(lambda _request: self.runner.cancel())
        self.runner.finished.connect(self._on_proved)
        self.runner.refused.connect(lambda _trial, text: window.tell(f"{text}."))
        self.runner.crashed.connect(lambda _trial, text: window.tell_fault(text))
        window.closing.connect(self.runner.shutdown)

    def prove(self) -> None:
        """Change the input after the cursor, or after its middle, and compare."""
        from cnnviz.core.ahead import time_layers
        from cnnviz.core.proof import Trial

        state = self._store.state
        trace, here = state.trace, state.selection
        if trace is None or not time_layers(trace):
            self._window.tell(
                self.tr("Only a network of series has a past and a future.")
            )
            return
        steps = trace.sample.values[0].shape[1]
        unit = None
        if here.layer is not None and here.unit:
            unit = carry(trace, here.layer, here.unit, "input")
        step = unit[0] if unit else steps // 2
        self.runner.submit(Trial(trace, min(step, steps - 2)))

    def _on_proved(self, found: Proof) -> None:
        if found.trial.trace is self._store.state.trace:
            self._window.tell(found.words, warning=bool(found.leaks))
