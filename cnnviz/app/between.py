"""What a unit sees of the maps that lie between it and the input."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnnviz.app.scene import Scene, stages_in
from cnnviz.app.window import Window
from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.layers import Layer
from cnnviz.core.selection import Selection
from cnnviz.core.stages import stage_of
from cnnviz.core.trace import Trace
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.tile_field import TileField

Field = Callable[..., ReceptiveField]


class Between:
    """Draws on every map in view what a unit further on can see of it.

    Parameters
    ----------
    window
        Its mapsPanel, pooledPanel and channelPanel.
    field
        ``receptive_field``, or one that remembers its answers.
    """

    def __init__(self, window: Window, field: Field) -> None:
        self._window, self._field = window, field
        self._drawn: dict[MosaicView, TileField] = {}

    def _views(self, now: Scene) -> Iterator[tuple[MosaicView, Layer, int]]:
        """Yield each mosaic with the layer it shows and its first channel."""
        window = self._window
        yield window.maps.mosaic, now.maps, 0
        for part, layer in zip(window.pooled.parts, now.pooled, strict=False):
            yield part.mosaic, layer, 0
        yield window.channel.map, now.chosen, window.channel.channel

    def show(self, trace: Trace, now: Scene, place: Selection) -> None:
        """Draw what a place sees of the maps before it; nothing where it is None."""
        for mosaic, layer, first in self._views(now):
            if not layer.kept:
                continue
            if mosaic not in self._drawn:
                self._drawn[mosaic] = TileField(mosaic)
            found, channel = self._seen(trace, place, layer)
            if channel is not None:
                channel -= first
            elif first:
                channel = 0  # the one map of channelPanel stands for all
            self._drawn[mosaic].show_field(found, channel)

    def ready(self, trace: Trace, now: Scene, place: Selection) -> None:
        """Find out what a place sees of the maps that would be in view with it."""
        for layer in (now.maps, *now.pooled, now.chosen):
            if layer.kept:
                self._seen(trace, place, layer)

    def _seen(
        self, trace: Trace, place: Selection, layer: Layer
    ) -> tuple[ReceptiveField | None, int | None]:
        """Return what a place sees of a layer, and which of its maps."""
        name, unit = place.layer, place.unit
        if name is None or unit is None or not layer.spatial:
            return None, None
        source = trace[name]
        if len(unit) != len(source.spatial):
            return None, None
        if trace.position(layer.name) >= trace.position(name):
            return None, None
        stages = stages_in(trace)
        stage = stage_of(name, stages)
        alike = stage is not None and stage == stage_of(layer.name, stages)
        field = self._field(trace, name, unit, None, layer.name)
        if alike and source.channels == layer.channels:
            return field, place.channel
        return field, None
