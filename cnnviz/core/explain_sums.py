"""Weighted sums: convolutions, transposed convolutions, dense layers.

Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.edges import Shape
from cnnviz.core.explain_asked import Asked, Found, grid, terms_of, with_bias
from cnnviz.core.explanation import Flags, Floats, Indices
from cnnviz.core.formulas import output_size
from cnnviz.core.layers import Array, Geometry, Unit
from cnnviz.core.moves import Refolded
from cnnviz.core.numbers import counted, number, size
from cnnviz.core.reads import edges
from cnnviz.core.shapes import axes_of
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The positions one output reads, axis by axis.

    Attributes
    ----------
    places
        Per axis, the input position of every tap; outside the input where padding
        holds nothing.
    inside
        Per axis, whether the tap lies on the input itself.
    """

    places: tuple[Indices, ...]
    inside: tuple[Flags, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of taps per axis."""
        return tuple(len(each) for each in self.places)

    @property
    def is_padding(self) -> Flags:
        """Array of ``shape``: which taps read padding."""
        mesh = np.meshgrid(*self.inside, indexing="ij")
        padding: Flags = ~np.logical_and.reduce(mesh)
        return padding

    def read(self, values: Array, fill: float) -> Floats:
        """Return ``values``, whose last axes are the window's, at every tap."""
        extent = values.shape[values.ndim - len(self.places) :]
        if 0 in extent:
            return np.full((*values.shape[: -len(extent)], *self.shape), fill)
        clipped = [
            np.clip(at, 0, length - 1)
            for at, length in zip(self.places, extent, strict=True)
        ]
        taps: tuple[Any, ...] = np.ix_(*clipped)
        found: Floats = values[(..., *taps)].astype(np.float64)
        there = [
            (at >= 0) & (at < length)
            for at, length in zip(self.places, extent, strict=True)
        ]
        empty = ~np.logical_and.reduce(np.meshgrid(*there, indexing="ij"))
        found[..., empty] = fill
        return found


def window_at(geometry: Geometry, unit: Unit, extent: Sequence[int]) -> Window:
    """Return what a convolution's or pool's window reads for one output."""
    places, inside = [], []
    for axis, (at, length) in enumerate(zip(unit, extent, strict=True)):
        taps = np.arange(geometry.kernel[axis], dtype=np.intp)
        start = at * geometry.stride[axis] - geometry.padding[axis][0]
        place = start + taps * geometry.dilation[axis]
        inside.append((place >= 0) & (place < length))
        if geometry.padding_mode == "circular":
            place = place % length
        elif geometry.padding_mode == "replicate":
            place = np.clip(place, 0, length - 1)
        elif geometry.padding_mode == "reflect":
            place = np.abs(place)
            place = np.where(place < length, place, 2 * (length - 1) - place)
        places.append(place)
    return Window(tuple(places), tuple(inside))


def conv(asked: Asked) -> Found | None:
    """Explain a convolution: ``Σ x·w + bias`` over its group of input channels."""
    layer, x = asked.layer, asked.x
    geometry, weight = layer.geometry, layer.weight
    if not _fits(asked) or geometry is None or weight is None or x is None:
        return None
    n = len(geometry.kernel)
    lead, out, unit = asked.at[: -n - 1], asked.at[-n - 1], asked.at[-n:]
    read = weight.shape[1]
    first = out // (weight.shape[0] // geometry.groups) * read
    window = window_at(geometry, unit, x.shape[-n:])
    values = window.read(x[lead][first : first + read], 0.0)
    taps = [np.arange(k) for k in window.shape]
    terms = terms_of(
        asked,
        0,
        grid([*lead, np.arange(first, first + read), *window.places]),
        values,
        weight[out],
        offset=np.tile(grid(taps), (read, 1)),
        is_padding=np.broadcast_to(window.is_padding, values.shape),
    )
    bias = 0.0 if layer.bias is None else float(layer.bias[out])
    total = float(terms.product.sum()) + bias
    words = f"Σ over {counted(read, 'channel')} and {_cells(window.shape)}"
    words += f"{with_bias(bias, layer.bias is not None)} = {number(total)}"
    return Found("weighted sum", terms, total, words, bias, window.shape)


def conv_transpose(asked: Asked) -> Found | None:
    """Explain a transposed convolution: the taps whose stride lands on an input.

    Input ``q`` adds to output ``q·stride − before + t·dilation`` through tap ``t``.
    """
    layer, x = asked.layer, asked.x
    geometry, weight = layer.geometry, layer.weight
    if not _fits(asked) or geometry is None or weight is None or x is None:
        return None
    n = len(geometry.kernel)
    lead, out, unit = asked.at[: -n - 1], asked.at[-n - 1], asked.at[-n:]
    made, read = weight.shape[1], weight.shape[0] // geometry.groups
    first = out // made * read
    taps, places = [], []
    for axis, (at, length) in enumerate(zip(unit, x.shape[-n:], strict=True)):
        tap = np.arange(geometry.kernel[axis])
        reach = at + geometry.padding[axis][0] - tap * geometry.dilation[axis]
        place = reach // geometry.stride[axis]
        hits = (reach % geometry.stride[axis] == 0) & (place >= 0) & (place < length)
        taps.append(tap[hits])
        places.append(place[hits])
    block = weight[first : first + read, out % made]
    terms = terms_of(
        asked,
        0,
        grid([*lead, np.arange(first, first + read), *places]),
        x[lead][first : first + read][(..., *np.ix_(*places))],
        block[(..., *np.ix_(*taps))],
        offset=np.tile(grid(taps), (read, 1)),
    )
    bias = 0.0 if layer.bias is None else float(layer.bias[out])
    total = float(terms.product.sum()) + bias
    words = f"Σ over {counted(read, 'channel')} and {_cells([len(t) for t in taps])}"
    words += f"{with_bias(bias, layer.bias is not None)} = {number(total)}"
    return Found("weighted sum", terms, total, words, bias, geometry.kernel)


def _fits(asked: Asked) -> bool:
    """Tell whether weights, input and output have the sizes of a convolution."""
    layer, x = asked.layer, asked.x
    geometry, weight = layer.geometry, layer.weight
    if geometry is None or weight is None or x is None:
        return False
    n = len(geometry.kernel)
    if weight.ndim != n + 2 or x.ndim != len(layer.shape) or x.ndim < n + 1:
        return False
    sides = [weight.shape[0], weight.shape[1] * geometry.groups]
    made, given = sides[::-1] if geometry.transposed else sides
    return (
        (x.shape[-n - 1], layer.shape[-n - 1]) == (given, made)
        and x.shape[: -n - 1] == layer.shape[: -n - 1]
        and all(
            output_size(length, geometry, axis) == layer.shape[axis - n]
            for axis, length in enumerate(x.shape[-n:])
        )
    )


def _cells(taps: Sequence[int]) -> str:
    """Write ``11×11 cells``, or ``3 steps`` in time."""
    word = "step" if len(taps) == 1 else "cell"
    return f"{size(taps)} {word}{'' if math.prod(taps) == 1 else 's'}"


def linear(asked: Asked) -> Found | None:
    """Explain a dense layer: ``Σ x·w + bias`` over the last axis."""
    layer, x, weight = asked.layer, asked.x, asked.layer.weight
    if x is None or weight is None or weight.ndim != 2 or not x.ndim:
        return None
    if x.shape[:-1] != layer.shape[:-1]:
        return None
    if (layer.shape[-1], x.shape[-1]) != weight.shape:
        return None
    lead, out, n = asked.at[:-1], asked.at[-1], x.shape[-1]
    where = None if x.ndim > 1 else _before_flatten(asked.trace, layer.inputs[0])
    groups = offset = None
    window: tuple[int, ...] = ()
    over = counted(n, "input")
    if where is not None:
        extent = where[1][1:]
        flat: NDArray[np.intp] = np.arange(n, dtype=np.intp)
        groups, inner = np.divmod(flat, math.prod(extent))
        offset = np.stack(np.unravel_index(inner, extent), 1)
        window = extent
        over = f"{counted(where[1][0], 'map')} of {size(extent)}"
    index = grid([*lead, np.arange(n)])
    terms = terms_of(asked, 0, index, x[lead], weight[out], offset=offset)
    bias = 0.0 if layer.bias is None else float(layer.bias[out])
    total = float(terms.product.sum()) + bias
    words = f"Σ over {over}"
    words += f"{with_bias(bias, layer.bias is not None)} = {number(total)}"
    grouped = None if where is None else where[0]
    return Found(
        "weighted sum",
        terms,
        total,
        words,
        bias,
        window,
        grouped=grouped,
        groups=groups,
    )


def _before_flatten(trace: Trace, name: str) -> tuple[str, Shape] | None:
    """Return the layer whose maps a vector lists one after the other, and its shape.

    Dropout, activations and normalisation between the two keep every value's place.
    """
    while name in trace:
        layer = trace[name]
        if len(layer.inputs) != 1 or len(layer.shape) != 1:
            return None
        given = layer.input_shapes[0]
        if layer.kind in ("flatten", "reshape") and len(given) > 1:
            maps = axes_of(trace, layer.inputs[0]).startswith("C")
            refolded = isinstance(edges(layer)[0], Refolded)
            return (layer.inputs[0], given) if maps and refolded else None
        if layer.kind not in ("dropout", "activation", "norm") or given != layer.shape:
            return None
        name = layer.inputs[0]
    return None
