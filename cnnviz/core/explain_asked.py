"""One value that is asked about, and how rules of ``core.explain`` answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnviz.core.errors import InputError
from cnnviz.core.explanation import NO_DETAILS, Indices, Terms
from cnnviz.core.layers import Array, Layer, Unit
from cnnviz.core.numbers import number
from cnnviz.core.shapes import INPUT_AXES, axes_of, shape_of, values_of
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One value of a layer, with what the layer was given.

    Attributes
    ----------
    at
        Index into ``layer.output``.
    inputs
        What each input really held when the layer ran, without batch axis; None
        where that is not known.
    first
        Axis of the channels in torch's sense, the one behind the batch: 0, or 1 when
        the first axis is a batch of several.
    """

    trace: Trace
    layer: Layer
    channel: int
    unit: Unit
    at: tuple[int, ...]
    inputs: tuple[Array | None, ...]
    first: int

    @property
    def x(self) -> Array | None:
        """The first input."""
        return self.inputs[0] if self.inputs else None

    @property
    def shown(self) -> float:
        """The recorded value, of complex ones the real part."""
        return float(self.layer.output[self.at].real)

    def option(self, name: str, default: Any) -> Any:
        """Return one of the call's settings, or torch's default."""
        return self.layer.options.get(name, default)

    def laid_out(self, source: int) -> bool:
        """Tell whether an input was read in the shape of that layer's output."""
        held = self.inputs[source]
        shape = shape_of(self.trace, self.layer.inputs[source])
        return held is not None and held.shape == shape

    def axes(self, source: int) -> str:
        """Return one letter per axis of an input as it was read."""
        held = self.inputs[source]
        rank = 0 if held is None else held.ndim
        axes = axes_of(self.trace, self.layer.inputs[source])
        return axes if len(axes) == rank else INPUT_AXES.get(rank, "")

    def extent(self, source: int) -> tuple[int, ...] | None:
        """Return the spatial size of one map of an input; see ``Explanation``."""
        held = self.inputs[source]
        if held is None or not self.laid_out(source):
            return None
        channels = self.axes(source).find("C")
        return tuple(n for axis, n in enumerate(held.shape) if axis != channels)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A rule's answer. See ``Explanation``, which it becomes.

    Attributes
    ----------
    groups
        ``(N,)``: the map of ``grouped`` each term belongs to; None: its own channel.
    """

    rule: str
    terms: Terms
    total: float
    words: str
    bias: float = 0.0
    window: tuple[int, ...] = ()
    details: Mapping[str, float] = field(default_factory=lambda: NO_DETAILS)
    grouped: str | None = None
    groups: Indices | None = None


Rule = Callable[[Asked], Found | None]
"""Answers, or returns None where the layer is not of the rule's form."""


def ask(trace: Trace, name: str, channel: int, unit: Unit) -> Asked:
    """Find the value and what its layer was given.

    Raises
    ------
    KeyError
        No such layer ran.
    InputError
        The layer has no such channel or unit; or it was not kept in memory, or what it
        was given.
    """
    layer = trace[name]
    if not layer.kept or not layer.inputs_kept:
        what = name if not layer.kept else f"what {name} was given"
        raise InputError(
            f"{what} was not kept: it was too much for the memory that maps may take"
        )
    if not 0 <= channel < layer.channels:
        raise InputError(f"{name} has no channel {channel}: it has {layer.channels}")
    extent = layer.spatial
    if len(unit) != len(extent) or not all(
        0 <= at < size for at, size in zip(unit, extent, strict=True)
    ):
        size = "×".join(map(str, extent)) or "one value"
        raise InputError(f"{name} has no unit {unit}: its maps are {size}")
    axis = layer.axes.find("C")
    at = tuple(unit)
    if layer.output.ndim and axis >= 0:
        at = (*at[:axis], channel, *at[axis:])
    held, batched = _contents(trace, layer)
    return Asked(trace, layer, channel, tuple(unit), at, held, int(not batched))


def _contents(trace: Trace, layer: Layer) -> tuple[tuple[Array | None, ...], bool]:
    """Return what the inputs held, and whether the first lost a batch axis."""
    kept = () if layer.replay is None else layer.replay.arguments()
    if all(each is None for each in kept):
        return tuple(values_of(trace, name) for name in layer.inputs), True
    found: dict[str, Array] = {}
    held: list[Array | None] = []
    for name, shape, raw in zip(layer.inputs, layer.input_shapes, kept, strict=True):
        if raw is None:
            held.append(found.get(name))
            continue
        if raw.size == math.prod(shape):
            found[name] = raw.reshape(shape)
        else:
            found[name] = raw[0] if raw.shape[:1] == (1,) else raw
        held.append(found[name])
    first = next(i for i, each in enumerate(kept) if each is not None)
    raw, used = kept[first], held[first]
    assert raw is not None
    assert used is not None
    return tuple(held), raw.ndim > used.ndim


def grid(axes: Sequence[ArrayLike]) -> Indices:
    """Return all combinations of positions, ``(N, len(axes))``, the last fastest."""
    mesh = np.meshgrid(*(np.atleast_1d(axis) for axis in axes), indexing="ij")
    if not mesh:
        return np.zeros((1, 0), np.intp)
    return np.stack([each.ravel() for each in mesh], 1).astype(np.intp)


def terms_of(
    asked: Asked,
    source: int,
    index: Indices,
    x: ArrayLike,
    w: ArrayLike = 1.0,
    *,
    product: ArrayLike | None = None,
    offset: Indices | None = None,
    is_padding: ArrayLike = False,
    is_winner: ArrayLike = False,
) -> Terms:
    """Return terms that come from one input.

    Parameters
    ----------
    source
        Which input; -1 for a constant.
    index
        ``(N, rank)``: the place in the input, outside it where padding is.
    x, w, product
        See ``Terms``; the product is ``x·w`` unless given.
    """
    n = len(index)
    axis = asked.axes(source).find("C") if source >= 0 else -1
    channel = index[:, axis] if axis >= 0 else np.zeros(n, np.intp)
    position = np.delete(index, axis, 1) if axis >= 0 else index

    def filled(values: ArrayLike, dtype: type) -> NDArray[Any]:
        return np.broadcast_to(np.asarray(values, dtype).ravel(), (n,)).copy()

    values, factors = filled(x, np.float64), filled(w, np.float64)
    return Terms(
        filled(source, np.intp),
        channel.copy(),
        position.copy(),
        np.zeros((n, 0), np.intp) if offset is None else offset,
        values,
        factors,
        values * factors if product is None else filled(product, np.float64),
        filled(is_padding, np.bool_),
        filled(is_winner, np.bool_),
        np.zeros(n, np.intp),
    )


def joined(parts: Sequence[Terms]) -> Terms:
    """Put the terms of several inputs into one list."""

    def table(name: str) -> Indices:
        tables = [getattr(part, name) for part in parts]
        width = max(each.shape[1] for each in tables)
        return np.concatenate(
            [
                np.pad(each, ((0, 0), (0, width - each.shape[1])), constant_values=-1)
                for each in tables
            ]
        )

    flat = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Terms.__slots__
        if name not in ("position", "offset")
    }
    return Terms(position=table("position"), offset=table("offset"), **flat)


def no_terms(asked: Asked) -> Terms:
    """Return an empty list of terms."""
    return terms_of(asked, -1, np.zeros((0, 0), np.intp), 0.0)


def bracketed(x: float) -> str:
    """Write a number as an operand: negative ones in brackets."""
    return f"({number(x)})" if x < 0 else number(x)


def with_bias(bias: float, present: bool) -> str:
    """Write ``+ bias 0.13``, or nothing."""
    return f" + bias {number(bias)}" if present else ""
