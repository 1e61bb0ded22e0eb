"""A weights file by itself: what the window shows when no network is known."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject

from cnnviz.app.window import Window
from cnnviz.core.layers import Array, Unit
from cnnviz.core.tensors import TensorFacts, TensorList
from cnnviz.pictures.captions import exact, size
from cnnviz.pictures.tensor_words import chosen_line, weight_line
from cnnviz.session.store import State, Store

_DOCKS = ("kernelsPanel", "channelPanel", "layersPanel")
"""Docks in view."""

_SHARE = 0.58
"""Of the window's width, for the table at most."""


def tr(text: str) -> str:
    """Translate a text of this view."""
    return QCoreApplication.translate("TensorsView", text)


class TensorsView(QObject):
    """Puts the tensors in the place of the layers while the store has some.

    Parameters
    ----------
    store
        Its tensors, and which of them is selected.
    window
        Its docks and its kernelsPanel.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._store, self._window = store, window
        self._table, self._weight = window.tensors, window.weight
        store.changed.connect(self._on_changed)
        self._table.tensorPicked.connect(lambda name: store.select(layer=name))
        self._weight.valuePicked.connect(lambda at: store.select(channel=at))
        self._weight.hovered.connect(self._on_hovered)
        window.kernels.hovered.connect(self._on_hovered)

    @property
    def _chosen(self) -> TensorFacts | None:
        state = self._store.state
        if state.tensors is None or not state.tensors.tensors:
            return None
        at = state.tensors.position(state.selection.layer)
        return state.tensors.tensors[at]

    def _on_changed(self, old: State, new: State) -> None:
        found = new.tensors
        if found is None:
            if old.tensors is not None:
                self._leave()
            return
        fresh, first = found is not old.tensors, old.tensors is None
        if first:
            self._enter()
        if fresh:
            self._show_file(found)
        tensor = self._chosen
        if tensor is not None:
            self._show_tensor(tensor, old, new, fresh)
        if first:
            self._make_room()

    def _show_tensor(
        self, tensor: TensorFacts, old: State, new: State, fresh: bool
    ) -> None:
        """Tell each panel what is new to it."""
        another = fresh or new.selection.layer != old.selection.layer
        if another:
            self._table.show_tensor(tensor.name)
        if another or new.look != old.look:
            self._show_kernels(tensor, new)
        if another or (new.look, new.selection) != (old.look, old.selection):
            self._show_kernel(tensor, new)
            self._say_chosen()

    def _enter(self) -> None:
        docks, window = self._window.docks, self._window
        for panel in window.panels.values():
            panel.show_nothing(
                tr(
                    "Only weights: no network ran. Open its Python file to see maps: "
                    "File ▸ Open network…"
                )
            )
        docks.put("layersPanel", self._table)
        docks.put("channelPanel", self._weight)

    def _make_room(self) -> None:
        """Close what has nothing to show; the table gets what it needs."""
        docks, wide = self._window.docks, self._window.width()
        table = min(self._table.wanted_width, int(_SHARE * wide))
        docks.narrow(_DOCKS, {"kernelsPanel": wide - table, "layersPanel": table})
        self._table.view.setFocus()  # a line of text would keep ← and → to itself

    def _leave(self) -> None:
        docks, window = self._window.docks, self._window
        docks.put("layersPanel", window.layers)
        docks.put("channelPanel", window.channel)
        docks.widen()
        window.layers.view.setFocus()

    def _show_file(self, found: TensorList) -> None:
        name = found.request.model.name
        self._window.setWindowTitle(tr("{0} – weights only – cnnviz").format(name))
        self._table.show_tensors(found)
        if not found.tensors:
            for panel in (self._table, self._weight, self._window.kernels):
                panel.show_nothing(tr("{0} holds no tensor.").format(name))

    def _show_kernels(self, tensor: TensorFacts, state: State) -> None:
        values = _shown(tensor)
        if isinstance(values, str):
            self._window.kernels.show_nothing(values)
        else:
            self._window.kernels.show_weight(tensor.name, values, state.look)

    def _show_kernel(self, tensor: TensorFacts, state: State) -> None:
        values, channel = _shown(tensor), state.selection.channel
        if isinstance(values, str):
            self._weight.show_nothing(values)
            return
        self._window.kernels.show_channel(channel)
        if values.ndim == 1:
            self._weight.show_vector(tensor.name, values, channel)
        else:
            self._weight.show_kernel(tensor.name, values, channel or 0, state.look)

    def _say_chosen(self) -> None:
        tensor = self._chosen
        if tensor is not None:
            channel = self._store.state.selection.channel
            self._window.show_status(chosen_line(tensor, channel))

    def _on_hovered(
        self, found: tuple[int, Unit, float | tuple[float, ...]] | None
    ) -> None:
        tensor = self._chosen
        if tensor is None:
            return
        if found is None:
            self._say_chosen()
        else:
            self._window.show_status(weight_line(tensor, *found))


def _shown(tensor: TensorFacts) -> Array | str:
    """Return what can be painted of a tensor, or why nothing can."""
    values = tensor.values
    if values is None:
        return tr("{0} was not read: {1} values of type {2}.").format(
            tensor.name, size(tensor.shape), tensor.dtype
        )
    if not values.size:
        return tr("{0} is empty: {1}.").format(tensor.name, size(tensor.shape))
    if not values.ndim:
        return tr("{0} is a single number: {1}").format(
            tensor.name, exact(values.item())
        )
    return values.astype(np.uint8) if values.dtype == np.bool_ else values
