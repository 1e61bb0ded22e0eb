"""Steps from layer to layer and from channel to channel."""

from __future__ import annotations

from cnnviz.session.store import Store


class Walk:
    """Moves the selection of a store.

    Parameters
    ----------
    store
        Before its first trace every step is void.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def step_layer(self, by: int) -> None:
        """Go to a layer before or after in run order."""
        state = self._store.state
        if state.trace is None or state.selection.layer is None:
            return
        at = state.trace.position(state.selection.layer) + by
        if 0 <= at < len(state.trace.layers):
            self._store.select(layer=state.trace.layers[at].name)

    def step_stage(self, by: int) -> None:
        """Go to the head of a stage before or after."""
        state = self._store.state
        if state.trace is None or state.selection.layer is None:
            return
        here = state.trace.position(state.selection.layer)
        heads = [state.trace.position(s.head) for s in state.trace.stages]
        there = [h for h in heads if (h < here if by < 0 else h > here)]
        if there:
            at = there[-1] if by < 0 else there[0]
            self._store.select(layer=state.trace.layers[at].name)

    def step_channel(self, by: int) -> None:
        """Go to another channel of the layer."""
        selection = self._store.state.selection
        if selection.layer is not None:
            self._store.select(channel=max(0, (selection.channel or 0) + by))

    def end_channel(self, which: int) -> None:
        """Go to the first (0) or the last (-1) channel."""
        state = self._store.state
        if state.trace is not None and state.selection.layer is not None:
            last = state.trace[state.selection.layer].channels - 1
            self._store.select(channel=0 if which == 0 else last)

    def clear_unit(self) -> None:
        """Let go of the chosen unit."""
        self._store.select(unit=None)
