"""Edges of layers that move values without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.axismaps import AxisMap, Mask, Pick, Whole
from cnnviz.core.edges import Box, Edge, Reading, Separable, Shape, hull, narrowed
from cnnviz.core.layers import Layer
from cnnviz.core.windows import Slide


@dataclass(frozen=True, slots=True)
class Refolded:
    """The same values in the same order under another shape."""

    given: Shape
    made: Shape

    @property
    def maps(self) -> tuple[AxisMap, ...]:
        """Axes that pass unchanged, found as runs of equal products."""
        kept = dict(_passing(self.given, self.made))
        return tuple(
            Slide(kept[axis], size, size) if axis in kept else Whole(size)
            for axis, size in enumerate(self.given)
        )

    def pull(self, wanted: Mask, box: Box) -> Reading:
        """See ``Edge``."""
        if wanted.size == 1:
            mask = wanted.reshape((1,) * len(self.given))
        else:
            flat = np.broadcast_to(wanted, self.made).reshape(self.given)
            mask = narrowed(flat, self.given)
        inside = hull(mask, self.given)
        kept = dict(_passing(self.given, self.made))
        if inside is None:
            inside = tuple((0, size - 1) for size in self.given)
        return Reading(
            mask,
            tuple(
                box[kept[axis]] if axis in kept else span
                for axis, span in enumerate(inside)
            ),
        )


def _passing(given: Shape, made: Shape) -> list[tuple[int, int]]:
    """Pair the axes of two shapes that hold the same run of a flat order."""
    pairs = []
    before = [(axis, size) for axis, size in enumerate(given) if size > 1]
    after = [(axis, size) for axis, size in enumerate(made) if size > 1]
    i = j = 0
    while i < len(before) and j < len(after):
        if before[i][1] == after[j][1]:
            pairs.append((before[i][0], after[j][0]))
            i, j = i + 1, j + 1
            continue
        left, right = before[i][1], after[j][1]
        while left != right:
            if left < right:
                i += 1
                left *= before[i][1]
            else:
                j += 1
                right *= after[j][1]
        i, j = i + 1, j + 1
    return pairs


@dataclass(frozen=True, slots=True, eq=False)
class Routed:
    """Values moved one by one.

    Attributes
    ----------
    routes
        Of the output's shape: flat index into the input, or -1.
    guide
        The axis maps that hold wherever they stay inside the input, if there are any.
    """

    given: Shape
    routes: NDArray[np.int64]
    guide: Separable | None

    @property
    def maps(self) -> tuple[AxisMap, ...] | None:
        """See ``Edge``."""
        return None if self.guide is None else self.guide.maps

    def pull(self, wanted: Mask, box: Box) -> Reading:
        """See ``Edge``."""
        read = np.zeros(int(np.prod(self.given)), np.bool_)
        chosen = self.routes[np.broadcast_to(wanted, self.routes.shape)]
        read[chosen[chosen >= 0]] = True
        mask = narrowed(read.reshape(self.given), self.given)
        if self.guide is not None:
            return Reading(mask, self.guide.pull(wanted, box).box)
        return Reading(mask, hull(mask, self.given))


def moved(
    routes: NDArray[np.int64], given: Shape, channel: int | None = None
) -> Separable | Routed:
    """Turn routes into axis maps where the values move axis by axis.

    Parameters
    ----------
    routes
        Of the output's shape: flat index into an input of shape ``given``, or -1.
    channel
        The output's channel axis: what lies outside there is no padding.
    """
    guide = _guide(routes, given, channel)
    if guide is None:
        return Routed(given, routes, None)
    flat = np.zeros(routes.shape, np.int64)
    inside = np.ones(routes.shape, np.bool_)
    for size, each in zip(given, guide.maps, strict=True):
        flat = flat * size
        if isinstance(each, Pick):
            flat = flat + each.index
        if isinstance(each, Slide):
            at = np.arange(each.outputs) * each.stride - each.before
            shape = [1] * routes.ndim
            shape[each.out] = -1
            flat = flat + at.reshape(shape)
            inside = inside & ((at >= 0) & (at < size)).reshape(shape)
    if np.array_equal(routes, np.where(inside, flat, -1)):
        return guide
    trusted = np.array_equal(routes[inside], flat[inside])
    return Routed(given, routes, guide if trusted else None)


def padded(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a layer that adds constants around its input, or crops it."""
    pad, made = layer.options.get("pad"), layer.shape
    constant = layer.options.get("mode", "constant") == "constant"
    if not (constant and isinstance(pad, tuple) and len(layer.inputs) == 1):
        return None
    given = layer.input_shapes[0]
    before = [0] * len(made)
    if not len(pad) // 2 <= len(made) == len(given):
        return None
    for k, left in enumerate(pad[::2]):  # the last axis comes first
        before[-1 - k] = int(left)
    after = [m - g - b for m, g, b in zip(made, given, before, strict=True)]
    wanted = [0] * len(made)
    for k, right in enumerate(pad[1::2]):
        wanted[-1 - k] = int(right)
    if after != wanted:
        return None
    channel = layer.axes.find("C")
    if channel >= 0 and max(before[channel], after[channel]) <= 0:
        channel = -1
    maps = [
        Slide(axis, made[axis], size, before=before[axis], bounded=axis == channel)
        for axis, size in enumerate(given)
    ]
    return [Separable(tuple(maps), len(made))]


def stepped(
    first: int, steps: Sequence[int], given: Shape, made: Shape
) -> Separable | None:
    """Turn the steps of a view into axis maps; None where axes were joined or split.

    Parameters
    ----------
    first, steps
        See ``core.layers.Replay.steps``.
    """
    home = [int(at) for at in np.unravel_index(first, given)]
    maps: list[AxisMap] = [Pick(size, at) for size, at in zip(given, home, strict=True)]
    strides = [math.prod(given[axis + 1 :]) for axis in range(len(given))]
    longer = [(out, size) for out, size in enumerate(made) if size > 1]
    for (out, size), step in zip(longer, steps, strict=True):
        if step == 0:
            continue
        moving = (
            axis
            for axis, stride in enumerate(strides)
            if given[axis] > 1
            and step % stride == 0
            and home[axis] + (size - 1) * (step // stride) < given[axis]
        )
        axis = next(moving, None)
        if axis is None or isinstance(maps[axis], Slide):
            return None
        stride = step // strides[axis]
        maps[axis] = Slide(out, size, given[axis], stride=stride, before=-home[axis])
    return Separable(tuple(maps), len(made))


def _guide(
    routes: NDArray[np.int64], given: Shape, channel: int | None
) -> Separable | None:
    """Read off maps around an output in the middle of those that come from here."""
    valid = np.flatnonzero(routes >= 0)
    if valid.size == 0:
        return None
    padded = valid.size < routes.size
    base = np.unravel_index(int(valid[valid.size // 2]), routes.shape)
    home = np.unravel_index(int(routes[base]), given)
    maps: list[AxisMap] = [
        Pick(size, int(at)) for size, at in zip(given, home, strict=True)
    ]
    for out, size in enumerate(routes.shape):
        found = _step(routes, given, tuple(int(b) for b in base), out)
        if found is None:
            continue
        axis, stride = found
        if stride < 1 or isinstance(maps[axis], Slide):
            return None
        before = int(base[out]) * stride - int(home[axis])
        maps[axis] = Slide(
            out,
            size,
            given[axis],
            stride=stride,
            before=before,
            bounded=padded and out == channel,
        )
    return Separable(tuple(maps), routes.ndim)


def _step(
    routes: NDArray[np.int64], given: Shape, base: Sequence[int], out: int
) -> tuple[int, int] | None:
    """Return which input axis moves, and how far, with one step along ``out``."""
    home = np.unravel_index(int(routes[tuple(base)]), given)
    for step in (1, -1):
        near = list(base)
        near[out] += step
        if not 0 <= near[out] < routes.shape[out] or routes[tuple(near)] < 0:
            continue
        there = np.unravel_index(int(routes[tuple(near)]), given)
        moves = [
            (axis, (int(t) - int(h)) * step)
            for axis, (t, h) in enumerate(zip(there, home, strict=True))
            if t != h
        ]
        if len(moves) == 1:
            return moves[0]
    return None
