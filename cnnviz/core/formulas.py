"""How large a layer's output is, and why, with the numbers in the formula.

Formulas as in Dumoulin and Visin, "A guide to convolution arithmetic for deep learning"
(2016), extended by dilation and by torch's rule for ``ceil_mode``: a last window must
start inside the input or the padding before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cnnviz.core.layers import Geometry, Layer

_COUNTED = {"C": "channels", "D": "planes", "H": "rows", "W": "columns", "T": "steps"}
_FEW = 4
"""Adaptive windows listed one by one up to this number."""


def adaptive_window(output: int, length: int, outputs: int) -> tuple[int, int]:
    """Return the first and last input position one adaptive window reads.

    Output ``i`` of ``n`` reads ``⌊iL/n⌋ … ⌈(i+1)L/n⌉ − 1``.
    """
    first = output * length // outputs
    return first, -(-(output + 1) * length // outputs) - 1


def output_size(length: int, geometry: Geometry, axis: int) -> int:
    """Return how many positions a window has along one axis.

    Parameters
    ----------
    length
        Input positions along that axis.
    axis
        Spatial axis, 0 for the first.

    Returns
    -------
    int
        May be zero or less where the window does not fit.

    Raises
    ------
    ValueError
        The window is adaptive: its output size is a setting, not a result.
    """
    if geometry.adaptive:
        raise ValueError("an adaptive window's output size is given, not computed")
    kernel, stride = geometry.kernel[axis], geometry.stride[axis]
    before, after = geometry.padding[axis]
    reach = geometry.dilation[axis] * (kernel - 1)
    if geometry.transposed:
        extra = geometry.output_padding[axis] if geometry.output_padding else 0
        return (length - 1) * stride - before - after + reach + extra + 1
    room = length + before + after - reach - 1
    if not geometry.ceil_mode:
        return room // stride + 1
    return -(-room // stride) + 1 - _overhangs(length, geometry, axis)


def _overhangs(length: int, geometry: Geometry, axis: int) -> bool:
    """Tell whether rounding up adds a window that would start behind the input."""
    stride, (before, after) = geometry.stride[axis], geometry.padding[axis]
    reach = geometry.dilation[axis] * (geometry.kernel[axis] - 1)
    steps = -(-(length + before + after - reach - 1) // stride)
    return steps * stride >= length + before


def rows_lost(layer: Layer) -> tuple[int, ...]:
    """Return how many of the input's last positions no window reaches, per axis.

    Flooring drops them: 224 rows under a window of 11 with stride 4 and no padding
    leave one row over. Zeros for layers without sliding windows.
    """
    geometry = layer.geometry
    if geometry is None or geometry.adaptive or geometry.transposed:
        return (0,) * len(layer.spatial)
    given, made = _extents(layer)
    lost = []
    for axis, (length, size) in enumerate(zip(given, made, strict=True)):
        before, after = geometry.padding[axis]
        reach = geometry.dilation[axis] * (geometry.kernel[axis] - 1)
        last = (size - 1) * geometry.stride[axis] - before + reach
        lost.append(max(0, length - 1 + min(after, 0) - last))
    return tuple(lost)


def _extents(layer: Layer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the axes a window slides over, in input and output."""
    assert layer.geometry is not None
    rank = len(layer.geometry.kernel)
    return layer.input_shapes[0][-rank:], layer.shape[-rank:]


def _signed(number: int, text: str) -> str:
    return f" {'−' if number < 0 else '+'} {text}"


def _padding(before: int, after: int, sign: int = 1) -> str:
    """Write ``+ 2·1``, ``+ 1 + 2`` or nothing."""
    if before == after:
        if before == 0:
            return ""
        return _signed(sign * before, f"2·{abs(before)}")
    ends = (each for each in (before, after) if each)
    return "".join(_signed(sign * each, str(abs(each))) for each in ends)


def _taps(kernel: int, dilation: int) -> str:
    return f"{dilation}·({kernel} − 1)"


def _slid(length: int, size: int, geometry: Geometry, axis: int) -> str:
    """Write the formula of a convolution or pool."""
    kernel, stride = geometry.kernel[axis], geometry.stride[axis]
    dilation, pads = geometry.dilation[axis], geometry.padding[axis]
    taps = str(kernel) if dilation == 1 else f"{_taps(kernel, dilation)} − 1"
    opened, closed = "⌈⌉" if geometry.ceil_mode else "⌊⌋"
    text = f"{opened}({length}{_padding(*pads)} − {taps})/{stride}{closed} + 1"
    if geometry.ceil_mode and _overhangs(length, geometry, axis):
        return f"{text} − 1 = {size} (one more would start behind the input)"
    return f"{text} = {size}"


def _transposed(length: int, size: int, geometry: Geometry, axis: int) -> str:
    """Write the formula of a transposed convolution."""
    kernel, dilation = geometry.kernel[axis], geometry.dilation[axis]
    extra = geometry.output_padding[axis] if geometry.output_padding else 0
    taps = str(kernel) if dilation == 1 else f"{_taps(kernel, dilation)} + 1"
    text = f"({length} − 1)·{geometry.stride[axis]}"
    text += f"{_padding(*geometry.padding[axis], sign=-1)} + {taps}"
    return f"{text}{f' + {extra}' if extra else ''} = {size}"


def _adaptive(length: int, outputs: int) -> str:
    """Write an adaptive pool's windows, half-open, abbreviated when there are many."""
    head = f"{length} → {outputs}: "
    if outputs == length:
        return f"{head}each position by itself"
    if outputs == 1:
        return f"{head}all {length}"
    windows = [adaptive_window(i, length, outputs) for i in range(outputs)]
    listed = [f"[{first},{last + 1})" for first, last in windows]
    if outputs > _FEW:
        listed = [*listed[:2], "…", listed[-1]]
    return f"{head}windows {' '.join(listed)}"


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "1"


def _per_axis(layer: Layer) -> Iterator[str]:
    """Write a window's formula for each spatial axis."""
    geometry = layer.geometry
    assert geometry is not None
    for axis, (length, size) in enumerate(zip(*_extents(layer), strict=True)):
        if geometry.adaptive:
            yield _adaptive(length, size)
        elif geometry.transposed:
            yield _transposed(length, size, geometry, axis)
        else:
            yield _slid(length, size, geometry, axis)


def _joined(layer: Layer) -> str | None:
    """Write ``64 + 128 = 192 channels`` for a concatenation."""
    shapes, made = layer.input_shapes, layer.shape
    if any(len(shape) != len(made) for shape in shapes):
        return None
    grown = [axis for axis, size in enumerate(made) if size != shapes[0][axis]]
    if len(grown) != 1:
        return None
    axis = grown[0]
    letter = layer.axes[axis : axis + 1]
    terms = " + ".join(str(shape[axis]) for shape in shapes)
    return f"{terms} = {made[axis]} {_COUNTED.get(letter, 'positions')}"


def size_formulas(layer: Layer) -> tuple[str, ...]:
    """Return how the output's size follows from the input's, numbers filled in.

    One text per spatial axis of a window, or a single one when all axes agree, such
    as ``⌊(224 + 2·2 − 11)/4⌋ + 1 = 55``. Other layers have one text:
    ``9216 → 4096``, ``256·6·6 = 9216``, ``64 + 128 = 192 channels``.
    """
    shapes, made = layer.input_shapes, layer.shape
    if not shapes:
        return (_size(made),)
    if layer.geometry is not None:
        texts = tuple(_per_axis(layer))
        same = all(a == b for a, b in pairwise(texts))
        return texts[:1] if same else texts
    if layer.kind == "linear" and shapes[0]:
        where = f" at each of {_size(made[:-1])} places" if made[:-1] else ""
        return (f"{shapes[0][-1]} → {made[-1]}{where}",)
    if layer.kind == "flatten" and len(made) == 1 and len(shapes[0]) > 1:
        return (f"{'·'.join(map(str, shapes[0]))} = {made[0]}",)
    if layer.kind == "concat" and (text := _joined(layer)):
        return (text,)
    sign = {"add": " + ", "mul": " · "}.get(layer.kind)
    if sign and len(shapes) > 1:
        return (f"{sign.join(map(_size, shapes))} = {_size(made)}",)
    return (f"{_size(shapes[0])} → {_size(made)}",)
