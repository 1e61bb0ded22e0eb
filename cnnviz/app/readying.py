"""What the person may look at next is made ready while nobody waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from cnnviz.app.explaining import Account
from cnnviz.app.pointing import Pointing
from cnnviz.app.scene import Scene, kernel_look, missing, scene, signed_scale
from cnnviz.app.window import Window
from cnnviz.core.layers import Layer
from cnnviz.core.look import Look
from cnnviz.core.selection import Selection
from cnnviz.core.strange import strange
from cnnviz.core.trace import Trace
from cnnviz.pictures.levels import levels
from cnnviz.session.store import State, Store, choose

_PAUSE = 2
"""Milliseconds after a change, and again after it is painted."""

_TURN = 0.004
"""Seconds after which events have their turn; one step is seldom longer."""

_LARGEST = 4_000_000
"""Values of maps or weights above which a step might be felt."""

Accounts = Callable[[Trace, Scene, Selection], Account | None]


class Readying(QObject):
    """Prepares the layers before and behind the chosen one, then all colour scales.

    In small steps between events, on the thread of the window: nothing has to be
    locked, a key that is pressed waits for one step at most, and nothing is left when
    the window is closed. What is made lies in the answers that ``pictures.kept``
    keeps within bounds, and is thrown away with the arrays it was made from.

    Parameters
    ----------
    store
        Says what is on show.
    window
        Its panels make what they would show.
    pointing
        Knows what a place sees.
    accounts
        ``account``, or one that remembers its answers.
    """

    def __init__(
        self, store: Store, window: Window, pointing: Pointing, accounts: Accounts
    ) -> None:
        super().__init__(window)
        self._window, self._pointing, self._accounts = window, pointing, accounts
        self._rested = False
        self._near: Iterator[None] = iter(())
        self._all: Iterator[None] = iter(())
        self.clock = QTimer(self)
        self.clock.timeout.connect(self._advance)
        store.changed.connect(self._on_changed)
        window.closing.connect(self._stop)

    def _stop(self) -> None:
        self.clock.stop()
        self._near = self._all = iter(())

    def _on_changed(self, old: State, new: State) -> None:
        trace = new.trace
        if trace is None or new.status == "busy" or not trace.layers:
            self._stop()
            return
        if trace is not old.trace or new.look != old.look:
            self._all = _scales(trace, new.look)
        before, here = old.selection.layer, new.selection.layer
        assert here is not None
        at = trace.position(here)
        back = before is not None and before in trace and trace.position(before) > at
        self._near = self._neighbours(trace, at, new, back=back)
        self._rested = False
        self.clock.start(_PAUSE)

    def _advance(self) -> None:
        """Take some steps; the clock goes on as long as there are more."""
        if not self._rested:  # what was due with the change came before this
            self._rested = True
            return
        self.clock.setInterval(0)
        end = time.perf_counter() + _TURN
        for steps in (self._near, self._all):
            for _ in steps:
                if time.perf_counter() > end:
                    return
        self.clock.stop()

    def _neighbours(
        self, trace: Trace, here: int, new: State, *, back: bool
    ) -> Iterator[None]:
        """Prepare the next layer in the direction the person goes, then the other."""
        for at in (here - 1, here + 1) if back else (here + 1, here - 1):
            if 0 <= at < len(trace.layers):
                there = choose(new, layer=trace.layers[at].name).selection
                yield from self._layer(trace, there, new.look)

    def _layer(self, trace: Trace, there: Selection, look: Look) -> Iterator[None]:
        """Prepare what the panels would show of another layer, as ``Wiring`` would."""
        now, window = scene(trace, there, look), self._window
        if missing(trace, now) is not None:
            return
        window.layers.ready(now.chosen.name)
        yield
        yield from self._pointing.ready(trace, now, there)
        self._accounts(trace, now, there)
        yield
        head = now.kernels
        if head is not None and not _small(head):
            head = None
        if there.channel is not None and _small(now.chosen):
            signed = signed_scale(now, now.chosen)
            same = head is not None and head.channels == now.chosen.channels
            yield from window.channel.ready(
                head if same else None, now.chosen, there.channel, look, signed
            )
        if head is not None:
            yield from window.kernels.ready(head, kernel_look(trace, head, look))
        if _small(now.maps):
            yield from window.maps.ready(now.maps, look, signed_scale(now, now.maps))
        if all(map(_small, now.pooled)):
            yield from window.pooled.ready(now.pooled, look)


def _scales(trace: Trace, look: Look) -> Iterator[None]:
    """Find the colour scale of every layer, and what is odd about it."""
    for layer in trace.layers:
        if layer.kept and layer.output.size and _small(layer):
            strange(layer)
            yield
            now = scene(trace, Selection(layer.name), look)
            levels(layer.maps, look.scale, look.bound, signed_scale(now, layer))
            yield


def _small(layer: Layer) -> bool:
    """Tell whether a layer is done in steps that nobody feels."""
    weight = 0 if layer.weight is None or layer.weight.ndim < 4 else layer.weight.size
    return max(layer.output.size, weight) <= _LARGEST
