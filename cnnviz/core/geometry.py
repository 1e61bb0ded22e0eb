"""Where a unit looks, how large maps become, and the same place in another layer.

``receptive_field`` is exact: sets of positions are followed back through the graph of
layers. ``field_size``, ``carry`` and ``locate`` go forward and keep only intervals
(``core.reach``). Formulas of output sizes are in ``core.formulas``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.core.formulas import (
    adaptive_window,
    output_size,
    rows_lost,
    size_formulas,
)
from cnnviz.core.layers import Unit
from cnnviz.core.places import FieldSize, carry, field_size, locate, read_input
from cnnviz.core.shapes import channel_axis, shape_of, spatial_axes
from cnnviz.core.trace import Trace

if TYPE_CHECKING:
    from cnnviz.core.axismaps import Interval, Mask
    from cnnviz.core.edges import Box

__all__ = [
    "FieldSize",
    "ReceptiveField",
    "adaptive_window",
    "carry",
    "field_size",
    "locate",
    "output_size",
    "read_input",
    "receptive_field",
    "rows_lost",
    "size_formulas",
]


@dataclass(frozen=True, slots=True, eq=False)
class ReceptiveField:
    """What a unit can see.

    Attributes
    ----------
    box
        ``(first, last)`` per spatial axis of the target, both included and not
        clipped: padding counts, so they may be negative or beyond the end. ``()``
        when nothing of the target leads to the unit, or the target is a vector.
    span
        The extent of ``mask``: what is really read. None when nothing is.
    mask
        Boolean array over the target's positions, any channel: the exact set, holes
        included.
    exact
        False when some operation on the way had no rule and everything was assumed.
    target
        What is seen: ``"input"``, ``"input_1"`` … or the name of a layer.
    """

    box: tuple[Interval, ...]
    span: tuple[Interval, ...] | None
    mask: NDArray[np.bool_]
    exact: bool = True
    target: str = "input"

    @property
    def size(self) -> tuple[int, ...]:
        """Extent of ``box`` per axis, in positions."""
        return tuple(last - first + 1 for first, last in self.box)


def _wanted(
    trace: Trace, name: str, unit: Unit, channel: int | None
) -> tuple[Mask, Box]:
    """Return the unit as a set of values of its layer, and as intervals.

    Raises
    ------
    InputError
        The layer has no such unit or channel.
    """
    shape, spatial = shape_of(trace, name), spatial_axes(trace, name)
    extent = tuple(shape[axis] for axis in spatial)
    inside = len(unit) == len(extent) and all(
        0 <= at < size for at, size in zip(unit, extent, strict=True)
    )
    if not inside:
        size = "×".join(map(str, extent)) or "one value"
        raise InputError(f"{name} has no unit {unit}: its maps are {size}")
    place: list[int | None] = [None] * len(shape)
    for axis, at in zip(spatial, unit, strict=True):
        place[axis] = at
    channels = channel_axis(trace, name)
    if channel is not None and channels is not None:
        if not 0 <= channel < shape[channels]:
            raise InputError(
                f"{name} has no channel {channel}: it has {shape[channels]}"
            )
        place[channels] = channel
    mask = np.zeros(
        [1 if at is None else n for at, n in zip(place, shape, strict=True)], np.bool_
    )
    mask[tuple(0 if at is None else at for at in place)] = True
    box = tuple(
        (0, size - 1) if at is None else (at, at)
        for at, size in zip(place, shape, strict=True)
    )
    return mask, box


def receptive_field(
    trace: Trace,
    layer_name: str,
    unit: Unit,
    channel: int | None = None,
    target: str = "input",
) -> ReceptiveField:
    """Return what a unit can see of the input, or of an earlier layer.

    Sets of values go back through the layers in reverse run order; a layer read by
    several collects the union.

    Parameters
    ----------
    unit
        ``(y, x)``, ``(t,)`` or ``()``, 0-based.
    channel
        One map of the layer; None means any of them.
    target
        ``"input"``, ``"input_1"`` … or the name of a layer.

    Raises
    ------
    KeyError
        No such layer or target.
    InputError
        The layer has no such unit or channel.
    """
    from cnnviz.core.axismaps import any_over
    from cnnviz.core.edges import hull, narrowed
    from cnnviz.core.reads import edges

    shape, spatial = shape_of(trace, target), spatial_axes(trace, target)
    masks: dict[str, Mask] = {}
    boxes: dict[str, Box] = {}
    masks[layer_name], boxes[layer_name] = _wanted(trace, layer_name, unit, channel)
    exact = True
    start = trace.position(layer_name) if layer_name in trace else -1
    stop = trace.position(target) if target in trace else -1
    for layer in reversed(trace.layers[stop + 1 : start + 1]):
        if layer.name not in boxes:
            continue
        mask, box = masks.pop(layer.name), boxes.pop(layer.name)
        for name, given, edge in zip(
            layer.inputs, layer.input_shapes, edges(layer), strict=True
        ):
            found = edge.pull(mask, box)
            if found.box is None:
                continue
            read, span, exact = found.mask, found.box, exact and found.exact
            there = shape_of(trace, name)
            if given != there:
                read = np.ones((1,) * len(there), np.bool_)
                span, exact = tuple((0, n - 1) for n in there), False
            if name in masks:
                read = masks[name] | read
                span = tuple(
                    (min(a[0], b[0]), max(a[1], b[1]))
                    for a, b in zip(boxes[name], span, strict=True)
                )
            masks[name], boxes[name] = narrowed(read, there), span
    extent = tuple(shape[axis] for axis in spatial)
    if target not in masks:
        return ReceptiveField((), None, np.zeros(extent, np.bool_), exact, target)
    others = tuple(axis for axis in range(len(shape)) if axis not in spatial)
    seen = masks[target]
    seen = any_over(seen, others).squeeze(others)
    seen = np.broadcast_to(seen, extent)
    seen.flags.writeable = False
    return ReceptiveField(
        tuple(boxes[target][axis] for axis in spatial),
        hull(seen, extent),
        seen,
        exact,
        target,
    )
