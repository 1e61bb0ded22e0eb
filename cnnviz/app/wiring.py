"""When this changes, that panel is told; when a panel is used, the store is told."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QObject

from cnnviz.app.explaining import account
from cnnviz.app.pointing import Pointing
from cnnviz.app.readying import Readying
from cnnviz.app.scene import (
    Scene,
    channel_in,
    channel_names,
    chosen_class,
    class_layer,
    flattened_shape,
    input_names,
    kernel_look,
    maps_title,
    missing,
    place_in,
    scene,
    signed_scale,
)
from cnnviz.app.steps import along, kernel_ahead, times_of, variable_names
from cnnviz.app.window import Window
from cnnviz.core.ahead import ahead_words
from cnnviz.core.geometry import ReceptiveField, carry, locate
from cnnviz.core.layers import Unit
from cnnviz.core.look import Look
from cnnviz.core.selection import Selection
from cnnviz.core.trace import Trace
from cnnviz.session.store import State, Store


class Wiring(QObject):
    """Keeps the panels in step with the store.

    Parameters
    ----------
    store
        The one state.
    window
        Its panels.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._store, self._window = store, window
        self._scene: Scene | None = None
        self.pointing = Pointing(window)
        self._account = lru_cache(maxsize=8)(account)
        store.changed.connect(self.on_changed)
        self.readying = Readying(store, window, self.pointing, self._account)
        window.layers.layerPicked.connect(self._pick_layer)
        window.kernels.channelPicked.connect(lambda c: store.select(channel=c))
        window.maps.picked.connect(self._pick_in_maps)
        window.pooled.picked.connect(self._pick_pooled)
        window.input.positionPicked.connect(lambda y, x: self._pick_position((y, x)))
        window.input.series.view.timePicked.connect(lambda t: self._pick_position((t,)))
        window.channel.unitPicked.connect(self._pick_unit)
        window.prediction.classPicked.connect(self._pick_class)

    # -- from the store to the panels ------------------------------------------------

    def on_changed(self, old: State, new: State) -> None:
        """Tell each panel what is new to it, and no other."""
        trace = new.trace
        if trace is not old.trace:
            self._account.cache_clear()  # its keys would keep traces that are gone
        if trace is None or not trace.layers:
            self._scene = None
            self.pointing.show_nothing()
            return
        fresh = trace is not old.trace
        before, now = self._scene, scene(trace, new.selection, new.look)
        self._scene = now
        anew = fresh or new.look != old.look or before is None
        if fresh:
            self._show_trace(trace)
        if anew or before is None or now.kernels is not before.kernels:
            self._show_kernels(trace, now, new.look)
        if now.maps.kept and (anew or before is None or now.maps is not before.maps):
            self._window.maps.show_maps(
                now.maps,
                new.look,
                maps_title(now),
                signed_scale(now, now.maps),
                times_of(trace, now.maps),
            )
        if anew or before is None or now.pooled != before.pooled:
            self._show_pooled(trace, now, new.look)
        moved = new.selection != old.selection
        chosen = chosen_class(trace, new.selection)
        if fresh or chosen != chosen_class(trace, old.selection):
            self._show_prediction(trace, chosen)
        if anew or (new.selection.layer, new.selection.channel) != (
            old.selection.layer,
            old.selection.channel,
        ):
            self._show_channel(trace, now, new)
        if anew or moved:
            self._show_selection(trace, now, new)

    def show_missing(self, ending: str) -> None:
        """Say, where layers in view were not kept in memory, what becomes of them."""
        trace, now, window = self._store.state.trace, self._scene, self._window
        if trace is None or now is None or (lacking := missing(trace, now)) is None:
            return
        told = "{0} was not kept: {1}".format

        if not now.maps.kept:
            window.maps.show_nothing(told(now.maps.name, ending))
        gone = next((pool for pool in now.pooled if not pool.kept), None)
        if gone is not None:
            window.pooled.show_nothing(told(gone.name, ending))
        if not now.chosen.kept:
            window.channel.show_nothing(told(now.chosen.name, ending))
            window.input.show_overlay(None, self._store.state.look)
        what = lacking.name if not lacking.kept else f"the input of {lacking.name}"
        window.unit.show_nothing(told(what, ending))

    def _show_trace(self, trace: Trace) -> None:
        window = self._window
        window.input.show_sample(trace.sample)
        window.input.series.show_ahead(ahead_words(trace))
        window.layers.show_trace(trace)

    def _show_prediction(self, trace: Trace, chosen: int | None) -> None:
        panel = self._window.prediction
        if trace.scores is None:
            panel.show_nothing(trace.error or "This network gives no class scores.")
        else:
            note = "" if trace.trained else trace.weights
            panel.show_scores(trace.scores, trace.labels, note, chosen)

    def _show_kernels(self, trace: Trace, now: Scene, look: Look) -> None:
        panel = self._window.kernels
        if now.kernels is None:
            panel.show_nothing(
                f"{now.chosen.name} ({now.chosen.op}) has no kernels: "
                "nothing is learned here."
            )
        else:
            panel.show_kernels(
                now.kernels,
                kernel_look(trace, now.kernels, look),
                flattened_shape(trace, now.kernels),
                variable_names(trace, now.kernels),
                kernel_ahead(trace, now.kernels),
            )

    def _show_pooled(self, trace: Trace, now: Scene, look: Look) -> None:
        if not all(pool.kept for pool in now.pooled):
            return  # see ``show_missing``
        if now.pooled:
            times = [times_of(trace, pool) for pool in now.pooled]
            self._window.pooled.show_pools(now.pooled, look, times)
        else:
            self._window.pooled.show_nothing("No pooling in this stage.")

    def _show_selection(self, trace: Trace, now: Scene, new: State) -> None:
        window, selection = self._window, new.selection
        window.layers.show_layer(now.chosen.name)
        if now.kernels is not None:
            window.kernels.show_channel(channel_in(selection, now.chosen, now.kernels))
        if now.maps.kept:
            window.maps.show_place(
                channel_in(selection, now.chosen, now.maps),
                place_in(trace, selection, now.maps),
            )
        for pool in now.pooled if all(pool.kept for pool in now.pooled) else ():
            window.pooled.show_place(
                pool.name,
                channel_in(selection, now.chosen, pool),
                place_in(trace, selection, pool),
            )
        if now.chosen.kept:
            window.channel.show_place(selection.unit)
        self._show_cursor(trace, selection)
        field = self.pointing.show_selection(trace, now, selection)
        self._show_unit(trace, now, new, field)

    def _show_cursor(self, trace: Trace, selection: Selection) -> None:
        """Mark the selected unit's step in the series that the network was fed."""
        if trace.sample.series is not None and selection.layer is not None:
            unit = selection.unit
            found = carry(trace, selection.layer, unit, "input") if unit else None
            self._window.input.series.view.show_cursor(found[0] if found else None)

    def _show_channel(self, trace: Trace, now: Scene, new: State) -> None:
        window, channel = self._window, new.selection.channel
        signed = signed_scale(now, now.chosen)
        if not now.chosen.kept:
            return  # see ``show_missing``
        if channel is None:
            window.channel.show_nothing("Choose a map to see it large.")
            window.input.show_overlay(None, new.look)
            return
        head = now.kernels
        if head is not None and head.channels != now.chosen.channels:
            head = None
        fold = None if head is None else flattened_shape(trace, head)
        window.channel.show_channel(
            head,
            now.chosen,
            channel,
            new.look,
            signed,
            fold,
            along(trace, now, channel),
            dict(enumerate(channel_names(trace, now.chosen))).get(channel, ""),
        )
        window.input.show_overlay(now.chosen.maps[channel], new.look, signed)

    def _show_unit(
        self, trace: Trace, now: Scene, new: State, field: ReceptiveField | None
    ) -> None:
        if missing(trace, now) is not None:
            return  # see ``show_missing``
        panel, found = self._window.unit, self._account(trace, now, new.selection)
        if found is None:
            panel.show_nothing("Click a place in a map to follow one value.")
            return
        panel.show_unit(
            now.chosen,
            found.found,
            found.way,
            field,
            new.look,
            found.pooled,
            found.note,
            input_names(trace),
        )

    # -- from the panels to the store ------------------------------------------------

    def _pick_layer(self, name: str) -> None:
        self._store.select(layer=name)

    def _pick_in_maps(self, channel: int, unit: Unit) -> None:
        now = self._scene
        if now is None:
            return
        same = (
            now.maps.spatial == now.chosen.spatial
            and now.maps.channels == now.chosen.channels
        )
        layer = now.chosen if same else now.maps
        self._store.select(layer=layer.name, channel=channel, unit=unit)

    def _pick_pooled(self, name: str, channel: int, unit: Unit) -> None:
        self._store.select(layer=name, channel=channel, unit=unit)

    def _pick_unit(self, unit: Unit) -> None:
        self._store.select(unit=unit)

    def _pick_position(self, position: tuple[int, ...]) -> None:
        state = self._store.state
        if state.trace is not None and self._scene is not None:
            unit = locate(state.trace, self._scene.chosen.name, position)
            self._store.select(unit=unit)

    def _pick_class(self, index: int) -> None:
        trace = self._store.state.trace
        layer = None if trace is None else class_layer(trace)
        if layer is not None:
            self._store.select(layer=layer, channel=index, unit=())
