"""Steps from layer to layer and from channel to channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnnviz.session.store import Store


class Walk:
    """Moves the selection of a store.

    Parameters
    ----------
    store
        Before its first trace every step is void.
    listed
        Gives the names of a weights file's tensors in the order of their table.
    """

    def __init__(self, store: Store, listed: Callable[[], Sequence[str]]) -> None:
        self._store, self._listed = store, listed

    def step_layer(self, by: int) -> None:
        """Go to a layer before or after in run order, to a tensor in the table's."""
        self._step(self._names(), by)

    def step_stage(self, by: int) -> None:
        """Go to the head of a stage before or after, or to a tensor with kernels."""
        state = self._store.state
        if state.tensors is not None:
            heads = {t.name for t in state.tensors.tensors if len(t.shape) > 2}
        else:
            heads = {s.head for s in state.trace.stages} if state.trace else set()
        here = state.selection.layer
        self._step([name for name in self._names() if name in heads | {here}], by)

    def _names(self) -> Sequence[str]:
        """Return everything ↑ and ↓ go through."""
        state = self._store.state
        if state.tensors is not None:
            return self._listed()
        return [layer.name for layer in state.trace.layers] if state.trace else ()

    def _step(self, names: Sequence[str], by: int) -> None:
        """Go from the chosen one of some names to another."""
        here = self._store.state.selection.layer
        if here is not None and here in names:
            at = names.index(here) + by
            if 0 <= at < len(names):
                self._store.select(layer=names[at])

    def step_channel(self, by: int) -> None:
        """Go to another channel of the layer, or to another kernel."""
        selection = self._store.state.selection
        if selection.layer is not None:
            self._store.select(channel=max(0, (selection.channel or 0) + by))

    def end_channel(self, which: int) -> None:
        """Go to the first (0) or the last (-1) channel."""
        state = self._store.state
        name = state.selection.layer
        if name is None:
            return
        if state.tensors is not None:
            many = state.tensors.tensors[state.tensors.position(name)].channels
        else:
            many = state.trace[name].channels if state.trace else 0
        self._store.select(channel=0 if which == 0 else many - 1)

    def clear_unit(self) -> None:
        """Let go of the chosen unit."""
        self._store.select(unit=None)
