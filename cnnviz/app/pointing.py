"""What a place sees and says: the selected one, or the one under the pointer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QObject

from cnnviz.app.between import Between
from cnnviz.app.scene import Scene, channel_names, input_names
from cnnviz.app.steps import input_times, reads_beyond, times_of
from cnnviz.app.window import Window
from cnnviz.core.geometry import ReceptiveField, read_input, receptive_field
from cnnviz.core.layers import Layer, Unit
from cnnviz.core.selection import Selection
from cnnviz.core.shapes import shape_of, spatial_axes, values_of
from cnnviz.core.trace import Trace
from cnnviz.pictures.status import (
    Colour,
    Weight,
    input_line,
    kernel_line,
    pixel_line,
    sees_words,
    status_line,
)
from cnnviz.pictures.steps import reads_words, series_line

Place = tuple[str, int, Unit]


class Pointing(QObject):
    """Keeps the box on the input and the status line.

    Parameters
    ----------
    window
        Its panels say where the pointer is.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._trace: Trace | None = None
        self._scene: Scene | None = None
        self._selection = Selection()
        self._pinned: Place | None = None
        self._field = lru_cache(maxsize=64)(receptive_field)
        self._between = Between(window, self._field)
        window.maps.hovered.connect(self._on_maps)
        window.pooled.hovered.connect(self._on_pooled)
        window.channel.hovered.connect(self._on_channel)
        window.channel.kernelHovered.connect(self._on_kernel)
        window.kernels.hovered.connect(self._on_kernel)
        window.input.hovered.connect(self._on_input)
        window.input.series.view.hovered.connect(self._on_series)
        window.unit.termHovered.connect(self._on_term)

    def show_selection(
        self, trace: Trace, now: Scene, selection: Selection
    ) -> ReceptiveField | None:
        """Show the selected place, until the pointer is over another.

        Returns
        -------
        ReceptiveField or None
            Of the selected unit.
        """
        if trace is not self._trace:
            self._field.cache_clear()  # its keys would keep traces that are gone
        self._trace, self._scene, self._selection = trace, now, selection
        self._pinned = None
        return self._show(trace, selection)

    def ready(self, trace: Trace, now: Scene, place: Selection) -> Iterator[None]:
        """Find out in steps what ``show_selection`` would show."""
        if place.layer is None or place.unit is None:
            return
        if len(place.unit) == len(trace[place.layer].spatial):
            self._input_field(trace, place.layer, place.unit)
            yield
        self._between.ready(trace, now, place)
        yield

    def show_nothing(self) -> None:
        """Forget what was on show; the pointer says nothing."""
        self._field.cache_clear()
        self._trace = self._scene = self._pinned = None

    def _show(self, trace: Trace, place: Selection) -> ReceptiveField | None:
        assert place.layer is not None
        layer = trace[place.layer]
        field = None
        if place.unit is not None and len(place.unit) == len(layer.spatial):
            field = self._input_field(trace, layer.name, place.unit)
        drawn = field
        if field is not None and field.mask.shape != trace.sample.values[0].shape[1:]:
            drawn = None  # another input, of another size
        self._window.input.show_field(drawn, self._beyond(trace, layer, place, drawn))
        if self._scene is not None:
            self._between.show(trace, self._scene, place)
        text = status_line(
            layer,
            place.channel,
            place.unit,
            self._sees(trace, field),
            trace.seconds,
            channel_names(trace, layer),
            times_of(trace, layer),
        )
        self._window.show_status(text)
        return field

    @staticmethod
    def _beyond(
        trace: Trace, layer: Layer, place: Selection, field: ReceptiveField | None
    ) -> tuple[int, ...]:
        """Return which steps outside a series are padding that a unit reads."""
        if field is None or place.unit is None or trace.sample.series is None:
            return ()
        return reads_beyond(trace, layer, place.unit, field)

    @staticmethod
    def _sees(trace: Trace, field: ReceptiveField | None) -> str:
        """Say what a unit reads of the input."""
        if field is None:
            return ""
        if trace.sample.series is not None and field.target == "input":
            return reads_words(field.mask, input_times(trace))
        return sees_words(field.span, field.mask.shape, which=field.target)

    def _input_field(self, trace: Trace, name: str, unit: Unit) -> ReceptiveField:
        """Return what a unit sees of the first input that leads to it."""
        source = read_input(trace, name)
        return self._field(trace, name, unit, None, source)

    def pin_input(self, name: str, channel: int, unit: Unit) -> None:
        """Mark a place of the input itself until something else is selected."""
        self._pinned = (name, channel, unit)
        self._show_input(*self._pinned)

    def _show_input(self, name: str, channel: int, unit: Unit) -> None:
        """Mark a place of the input itself."""
        trace = self._trace
        if trace is None:
            return
        shape, axes = shape_of(trace, name), spatial_axes(trace, name)
        mask = np.zeros([shape[axis] for axis in axes], np.bool_)
        mask[unit] = True
        box = tuple((at, at) for at in unit)
        self._window.input.show_field(ReceptiveField(box, box, mask))
        value = float(values_of(trace, name)[(channel, *unit)])
        names = input_names(trace) if name == "input" else ()
        self._window.show_status(input_line(name, channel, unit, value, names))

    # -- the pointer -------------------------------------------------------------------

    def _on_maps(self, found: tuple[int, Unit, float] | None) -> None:
        self._point(self._scene.maps if self._scene else None, found)

    def _on_channel(self, found: tuple[int, Unit, float] | None) -> None:
        self._point(self._scene.chosen if self._scene else None, found)

    def _on_pooled(self, found: tuple[str, int, Unit, float] | None) -> None:
        if found is None or self._trace is None:
            self._point(None, None)
        else:
            self._point(self._trace[found[0]], found[1:])

    def _on_kernel(self, found: tuple[int, Unit, Weight] | None) -> None:
        head = self._scene.kernels if self._scene else None
        if head is None or found is None:
            self._point(None, None)
        else:
            self._window.show_status(kernel_line(head, *found))

    def _on_input(self, found: tuple[int, int, Colour] | None) -> None:
        if found is None:
            self._point(None, None)
        else:
            self._window.show_status(pixel_line(*found))

    def _on_series(self, found: tuple[int, tuple[float, ...]] | None) -> None:
        """Say what the variables were at a step of the input."""
        series = self._trace.sample.series if self._trace else None
        if self._trace is None or series is None or found is None:
            self._point(None, None)
            return
        step, values = found
        words = series_line(step, input_times(self._trace), series.names, values)
        self._window.show_status(words)

    def _on_term(self, found: tuple[str, Place | None] | None) -> None:
        """Show what a term of the selected unit sees, and say what it is."""
        if self._trace is None or found is None:
            self._point(None, None)
            return
        words, place = found
        if place is not None and place[0] in self._trace:
            self._show(self._trace, Selection(*place))
        elif place is not None:
            self._show_input(*place)
        self._window.show_status(words)

    def _point(
        self, layer: Layer | None, found: tuple[int, Unit, float] | None
    ) -> None:
        """Let box and line follow the pointer; back to the selection when it leaves."""
        if self._trace is None:
            return
        if (layer is None or found is None) and self._pinned is not None:
            self._show_input(*self._pinned)
        elif layer is None or found is None:
            self._show(self._trace, self._selection)
        else:
            channel, unit, _value = found
            self._show(self._trace, Selection(layer.name, channel, unit))
