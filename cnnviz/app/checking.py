"""What goes on behind a shown trace: it is checked, and asked what mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel

from cnnviz.app.window import Window
from cnnviz.core.mattering import Asked
from cnnviz.core.progress import Check
from cnnviz.core.trace import Trace
from cnnviz.panels import theme
from cnnviz.session.runner import Runner
from cnnviz.session.store import State, Store

if TYPE_CHECKING:
    from cnnviz.core.mattering import Mattering
    from cnnviz.core.selfcheck import Checked


def run_check(trace: Trace, check: Check) -> Checked:
    """Recompute every layer; runs on a worker.

    At full priority: a thread that is scheduled rarely would keep Python's lock from
    the window's thread.
    """
    from cnnviz.core.selfcheck import selfcheck

    return selfcheck(trace, check)


def run_mattering(asked: Asked, check: Check) -> Mattering:
    """Find what mattered to a value; runs on a worker."""
    from cnnviz.probe.influence import mattering

    return mattering(asked, check)


class Checking(QObject):
    """Recomputes every layer of a fresh trace in the background.

    A new request stops it at once: it must not delay what the person waits for.

    Parameters
    ----------
    store
        Says when there is something new.
    window
        Its status line shows the worst difference, its layersPanel who disagrees.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._window, self._trace = window, store.state.trace
        self.runner = Runner(run_check, self)
        self.label = QLabel()
        self.label.setObjectName("checkText")
        self.label.setFont(theme.caption_font())
        self.label.setToolTip(
            self.tr("Every layer computed again from its recorded inputs")
        )
        window.statusBar().addPermanentWidget(self.label)
        self.label.hide()
        store.requestChanged.connect(lambda _request: self.runner.cancel())
        store.changed.connect(self._on_changed)
        self.runner.finished.connect(self._on_checked)
        self.runner.refused.connect(lambda _trace, text: window.tell(text))
        self.runner.crashed.connect(lambda _trace, text: window.tell_fault(text))
        window.closing.connect(self.runner.shutdown)

    def _on_changed(self, _old: State, new: State) -> None:
        if new.trace is not self._trace:
            self._trace = new.trace
            self.label.hide()
            if new.trace is not None:
                self.runner.submit(new.trace)

    def _on_checked(self, found: Checked) -> None:
        from cnnviz.core.selfcheck import checked_words

        if found.trace is self._trace:
            self.label.setText(checked_words(found))
            self.label.show()
            self._window.layers.show_faults(found.faults)


class Spotlight(QObject):
    """Shows what mattered to the selected value, while the person wants it.

    Parameters
    ----------
    store
        Its selection is asked about.
    window
        Its inputPanel and unitPanel show the answer.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._store, self._window = store, window
        self.wanted = False
        self.runner = Runner(run_mattering, self)
        store.requestChanged.connect(lambda _request: self.runner.cancel())
        store.changed.connect(self._on_changed)
        self.runner.finished.connect(self._on_found)
        self.runner.refused.connect(self._on_refused)
        self.runner.crashed.connect(lambda _asked, text: window.tell_fault(text))
        window.closing.connect(self.runner.shutdown)

    def toggle(self) -> None:
        """Begin to show what mattered, or end it."""
        self.wanted = not self.wanted
        self._ask()

    def _on_changed(self, old: State, new: State) -> None:
        moved = new.trace is not old.trace or new.selection != old.selection
        if self.wanted and moved:
            self._ask()

    def _ask(self) -> None:
        self.runner.cancel()
        self._window.input.show_mattered(None)
        state = self._store.state
        trace, here = state.trace, state.selection
        if trace is None or here.layer is None:
            return
        unit = here.unit if trace[here.layer].spatial else ()
        if self.wanted and unit is not None and here.channel is not None:
            self._window.unit.show_mattered(self.tr("finding what mattered …"))
            self.runner.submit(Asked(trace, here.layer, here.channel, unit))
        else:
            self._window.unit.show_mattered("")

    def _on_refused(self, _asked: Asked, sentence: str) -> None:
        self._window.unit.show_mattered("")
        self._window.tell(sentence)

    def _on_found(self, found: Mattering) -> None:
        pictured = found.asked.trace.sample.values[0].shape[1:]
        if found.mask.shape == pictured:  # else it is another input, of another size
            self._window.input.show_mattered(found)
        self._window.unit.show_mattered(found.words)
