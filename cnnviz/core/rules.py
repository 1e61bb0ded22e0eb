"""Rules: what layers that compute something read of each of their inputs.

A rule returns one edge per input, or None where the layer is not of the rule's form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.core.axismaps import AxisMap, Grouped, Past, Whole
from cnnviz.core.edges import Edge, Measured, Separable, all_of, loose, same, spread
from cnnviz.core.layers import Layer
from cnnviz.core.windows import Adapt, Scatter, Slide

_REDUCING = frozenset(
    "mean sum amax amin max min prod std var norm logsumexp any all median argmax"
    " argmin".split()
)


def plain_name(layer: Layer) -> str:
    """Return the operation's name without case, underscores and rank."""
    return layer.op.replace("_", "").lower()


def mixed_axes(layer: Layer, rank: int) -> tuple[int, ...] | None:
    """Return ``options["axis"]``, counted from the front, or None if not recorded."""
    given = layer.options.get("axis")
    if given is None:
        return None
    axes = given if isinstance(given, tuple) else (given,)
    return tuple(int(axis) % rank for axis in axes)


def _channels_first(layer: Layer) -> bool:
    """Tell whether channels lead and windows run over all axes behind them."""
    geometry = layer.geometry
    if geometry is None or not layer.input_shapes:
        return False
    rank = len(geometry.kernel) + 1
    return len(layer.shape) == rank == len(layer.input_shapes[0])


def window(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of a convolution or pool.

    Further inputs are parts of an overwritten first one, or data used as weights.
    """
    geometry = layer.geometry
    if geometry is None or not _channels_first(layer):
        return None
    given, made = layer.input_shapes[0], layer.shape
    maps: list[AxisMap] = []
    if layer.kind == "pool":
        maps.append(Slide(0, made[0], given[0]))
    elif geometry.groups == 1:
        maps.append(Whole(given[0]))
    else:
        maps.append(Grouped(0, made[0], given[0], geometry.groups))
    for axis, (before, after) in enumerate(geometry.padding):
        kernel, stride = geometry.kernel[axis], geometry.stride[axis]
        dilation = geometry.dilation[axis]
        out, size, length = axis + 1, made[axis + 1], given[axis + 1]
        if geometry.adaptive:
            maps.append(Adapt(out, size, length))
        elif geometry.transposed:
            maps.append(Scatter(out, size, length, kernel, stride, dilation, before))
        else:
            mode = geometry.padding_mode
            maps.append(
                Slide(out, size, length, kernel, stride, dilation, before, after, mode)
            )
    found: list[Edge] = [Separable(tuple(maps), len(made))]
    for index, shape in enumerate(layer.input_shapes[1:], 1):
        if shape[1:] == given[1:]:
            part = (Whole(shape[0]), *maps[1:])
            found.append(Separable(part, len(made), exact=False))
        else:
            found.append(Measured(None, index, shape, made))
    return found


def reduction(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a sum, mean or maximum over axes."""
    if len(layer.inputs) != 1 or layer.geometry is not None:
        return None
    if layer.kind != "pool" and plain_name(layer) not in _REDUCING:
        return None
    given, made = layer.input_shapes[0], layer.shape
    axes = mixed_axes(layer, len(given)) if given else None
    if axes is None:
        return [all_of(given, made)] if layer.output.size == 1 else None
    keeps = len(given) == len(made)
    maps: list[AxisMap] = []
    at = 0
    for axis, size in enumerate(given):
        if axis in axes:
            maps.append(Whole(size))
            at += keeps
        else:
            maps.append(Slide(at, size, size))
            at += 1
    return [Separable(tuple(maps), len(made))] if at == len(made) else None


def dense(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a dense layer, which mixes the last axis only."""
    if not layer.input_shapes or not layer.input_shapes[0]:
        return None
    made, given = layer.shape, layer.input_shapes[0]
    if len(layer.inputs) > 1 or given[:-1] != made[:-1]:
        return None
    return [Separable((*same(given[:-1]).maps, Whole(given[-1])), len(made))]


def _mixing(layer: Layer, axes: Sequence[int]) -> Sequence[Edge]:
    """Return the edge of a layer that mixes all values along ``axes``."""
    shape = layer.shape
    return [
        Separable(
            tuple(
                Whole(size, axis) if axis in axes else Slide(axis, size, size)
                for axis, size in enumerate(shape)
            ),
            len(shape),
        )
    ]


def norm(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a normalisation: what its statistics are taken over."""
    name, shape = plain_name(layer), layer.shape
    rank = len(shape)
    if layer.input_shapes != (shape,):
        return None
    stored = layer.options.get("running_mean") is not None
    if name.startswith(("batchnorm", "syncbatchnorm", "instancenorm")):
        if stored and not layer.options.get("training", False):
            return [same(shape)]
        return _mixing(layer, range(1, rank))
    if name.startswith(("layernorm", "rmsnorm")):
        over = layer.options.get("normalized_shape")
        if over is None:
            return None
        count = len(over) if isinstance(over, tuple) else 1
        return _mixing(layer, range(rank - count, rank))
    if name.startswith("groupnorm") and "num_groups" in layer.options:
        groups = int(layer.options["num_groups"])
        channel = Grouped(0, shape[0], shape[0], groups)
        rest = [Whole(size, axis) for axis, size in enumerate(shape) if axis]
        return [Separable((channel, *rest), rank)]
    if name.startswith("localresponsenorm") and "size" in layer.options:
        size = int(layer.options["size"])
        near = Slide(0, shape[0], shape[0], size, before=size // 2, bounded=True)
        return [Separable((near, *same(shape).maps[1:]), rank)]
    axes = mixed_axes(layer, rank)
    return None if axes is None else _mixing(layer, axes)


def softmax(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a softmax."""
    axes = mixed_axes(layer, len(layer.shape)) if layer.shape else None
    if axes is None or layer.input_shapes != (layer.shape,):
        return None
    return _mixing(layer, axes)


def elementwise(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of operands that are read at the same place, broadcast."""
    made, shapes = layer.shape, layer.input_shapes
    try:
        fits = np.broadcast_shapes(*shapes, made) == made
    except ValueError:
        fits = False
    if fits:
        return [spread(shape, made) for shape in shapes]
    if made in shapes and len(shapes) > 1:
        return [loose(shape, made) for shape in shapes]
    return None


def gated(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a gated linear unit: ``i`` and ``i + n`` of ``2n``."""
    made, given = layer.shape, layer.input_shapes[:1]
    axes = mixed_axes(layer, len(made)) if made else None
    if plain_name(layer) != "glu" or axes is None or len(layer.inputs) != 1:
        return None
    maps: list[AxisMap] = list(same(made).maps)
    size = made[axes[0]]
    if given[0][axes[0]] != 2 * size:
        return None
    maps[axes[0]] = Slide(axes[0], size, 2 * size, kernel=2, dilation=size)
    return [Separable(tuple(maps), len(made))]


def recurrent(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of a recurrent layer; an initial state feeds every step."""
    made, time = layer.shape, layer.axes.find("T")
    if not layer.input_shapes or "bidirectional" not in layer.options:
        return None
    first = layer.input_shapes[0]
    rest = [all_of(shape, made) for shape in layer.input_shapes[1:]]
    one_way = not layer.options["bidirectional"]
    if not (one_way and 0 <= time < len(first) == len(made)):
        return [all_of(first, made), *rest]
    maps: list[AxisMap] = [Whole(size) for size in first]
    maps[time] = Past(first[time], time)
    return [Separable(tuple(maps), len(made)), *rest]


def product(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of a matrix product: rows of one, columns of the other."""
    rank = len(layer.shape)
    if plain_name(layer) not in ("matmul", "bmm", "mm") or len(layer.inputs) != 2:
        return None
    a, b = layer.input_shapes
    if not (len(a) == len(b) == rank >= 2):
        return None
    rows = [*spread(a, layer.shape).maps[:-1], Whole(a[-1])]
    columns = list(spread(b, layer.shape).maps)
    columns[-2] = Whole(b[-2])
    return [Separable(tuple(rows), rank), Separable(tuple(columns), rank)]


def resized(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of interpolation by a whole factor: a transposed window."""
    mode = str(layer.options.get("mode", "nearest"))
    wanted = plain_name(layer).startswith(("interpolate", "upsample"))
    linear = mode in ("linear", "bilinear", "trilinear")
    if not wanted or len(layer.inputs) != 1 or layer.options.get("align_corners"):
        return None
    given, made = layer.input_shapes[0], layer.shape
    if len(given) != len(made) or not (linear or mode == "nearest"):
        return None
    maps: list[AxisMap] = [Slide(0, made[0], given[0])]
    for axis in range(1, len(made)):
        factor, left = divmod(made[axis], given[axis])
        if left or layer.options.get("antialias"):
            return None
        taps = factor if not linear else 2 * factor - factor % 2
        before = factor // 2 if linear else 0
        maps.append(Scatter(axis, made[axis], given[axis], taps, factor, before=before))
    return [Separable(tuple(maps), len(made))]


def attention(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of attention: every position may attend to every other."""
    return [all_of(shape, layer.shape) for shape in layer.input_shapes]
