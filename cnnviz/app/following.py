"""From a value back to those it came from, and to maps that are odd."""

from __future__ import annotations

from PySide6.QtCore import QObject

from cnnviz.app.pointing import Pointing
from cnnviz.app.window import Window
from cnnviz.core.layers import Unit
from cnnviz.core.selection import Selection
from cnnviz.core.strange import next_strange
from cnnviz.session.history import History
from cnnviz.session.store import Store


class Following(QObject):
    """Jumps of the selection, each of which Back takes back.

    Parameters
    ----------
    store
        Its selection is moved.
    window
        Its unitPanel says which term to follow.
    pointing
        Marks places of the input.
    """

    def __init__(self, store: Store, window: Window, pointing: Pointing) -> None:
        super().__init__(window)
        self._store, self._window, self._pointing = store, window, pointing
        self._history = History()
        window.unit.followed.connect(self.follow)
        window.layers.strangeWanted.connect(self.next_strange)

    def follow(self, name: str, channel: int, unit: Unit) -> None:
        """Go to the unit a term came from, or mark the place of the input."""
        trace = self._store.state.trace
        if trace is None:
            return
        if name in trace:
            self._jump(Selection(name, channel, unit))
        else:
            self._pointing.pin_input(name, channel, unit)

    def next_strange(self) -> None:
        """Go to the next map that is dead, constant or holds no numbers."""
        trace, here = self._store.state.trace, self._store.state.selection
        if trace is None or here.layer is None:
            return
        found = next_strange(trace, here.layer, here.channel)
        if found is None:
            words = self.tr("No map is dead, constant, NaN or infinite")
            kept = sum(layer.kept for layer in trace.layers)
            if kept < len(trace.layers):
                words += self.tr(" in the {0} layers kept in memory").format(kept)
            words += "."
            self._window.tell(words)
        else:
            self._jump(Selection(*found))

    def back(self) -> None:
        """Return to where the last jump came from."""
        trace = self._store.state.trace
        if trace is not None:
            self._go(self._history.back(self._store.state.selection, trace))

    def forward(self) -> None:
        """Take back the last step back."""
        trace = self._store.state.trace
        if trace is not None:
            self._go(self._history.forward(self._store.state.selection, trace))

    def _jump(self, place: Selection) -> None:
        here = self._store.state.selection
        if place != here:
            self._history.leave(here)
            self._go(place)

    def _go(self, place: Selection | None) -> None:
        if place is not None and place.layer is not None:
            self._store.select(place.layer, place.channel, place.unit)
