"""The window of a convolution or a pool, from a call's settings and shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from cnnviz.core.layers import Geometry, Kind


def tuple_of(value: Any, n: int, default: int = 1) -> tuple[int, ...]:
    """Spread a number over ``n`` axes; an absent one becomes ``default``."""
    if value is None or value == ():
        return (default,) * n
    if isinstance(value, tuple):
        if len(value) == 1:
            return (int(value[0]),) * n
        return tuple(int(v) for v in value)
    return (int(value),) * n


def _conv(bound: Mapping[str, Any], transposed: bool) -> Geometry:
    kernel = tuple(bound["weight"][2:])
    n = len(kernel)
    dilation = tuple_of(bound.get("dilation"), n)
    padding = bound.get("padding", 0)
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        pairs = tuple((t // 2, t - t // 2) for t in total)
    elif padding == "valid":
        pairs = ((0, 0),) * n
    else:
        pairs = tuple((p, p) for p in tuple_of(padding, n, 0))
    return Geometry(
        kernel,
        tuple_of(bound.get("stride"), n),
        pairs,
        dilation,
        groups=int(bound.get("groups") or 1),
        transposed=transposed,
        output_padding=tuple_of(bound.get("output_padding"), n, 0)
        if transposed
        else (),
    )


def _pool(name: str, bound: Mapping[str, Any], n: int) -> Geometry:
    kernel = tuple_of(bound["kernel_size"], n)
    stride = bound.get("stride")
    override = bound.get("divisor_override")
    reduction = "max" if name.startswith("max") else "mean"
    if name.startswith("lp"):
        reduction = "norm"
    return Geometry(
        kernel,
        kernel if stride in (None, ()) else tuple_of(stride, n),
        tuple((p, p) for p in tuple_of(bound.get("padding"), n, 0)),
        tuple_of(bound.get("dilation"), n),
        ceil_mode=bool(bound.get("ceil_mode", False)),
        count_include_pad=bool(bound.get("count_include_pad", True)),
        divisor_override=None if override is None else int(override),
        padding_mode="-inf" if reduction == "max" else "zeros",
        reduction=reduction,
    )


def _adaptive(name: str, read: Sequence[int], made: Sequence[int]) -> Geometry:
    kernel, stride = [], []
    for length, outputs in zip(read, made, strict=True):
        starts = [i * length // outputs for i in range(outputs)]
        ends = [-(-(i + 1) * length // outputs) for i in range(outputs)]
        kernel.append(
            max((b - a for a, b in zip(starts, ends, strict=True)), default=0)
        )
        stride.append(max((b - a for a, b in pairwise(starts)), default=1))
    n = len(kernel)
    return Geometry(
        tuple(kernel),
        tuple(stride),
        ((0, 0),) * n,
        (1,) * n,
        adaptive=True,
        reduction="max" if "max" in name else "mean",
    )


def geometry_of(
    name: str,
    kind: Kind,
    bound: Mapping[str, Any],
    read: Sequence[int],
    made: Sequence[int],
) -> Geometry | None:
    """Return the window of a convolution or pool, None for other layers.

    Parameters
    ----------
    name
        Plain function name, ``"conv2d"``.
    bound
        Arguments by name; the weight is given by its shape.
    read, made
        Shapes of input and output.
    """
    if kind in ("conv", "conv_transpose") and isinstance(bound.get("weight"), tuple):
        return _conv(bound, kind == "conv_transpose")
    digits = [c for c in name if c in "123"]
    if kind == "pool" and digits:
        n = int(digits[-1])
        if name.startswith("adaptive"):
            return _adaptive(name, read[-n:], made[-n:])
        if "kernel_size" in bound and not name.startswith("fractional"):
            return _pool(name, bound, n)
    return None


def padded(geometry: Geometry, pad: Mapping[str, Any]) -> Geometry:
    """Give a convolution the padding that its module did beforehand.

    Parameters
    ----------
    pad
        Arguments of ``F.pad``, whose list runs from the last axis to the first.
    """
    amounts, n = pad["pad"], len(geometry.kernel)
    pairs = [(int(amounts[i]), int(amounts[i + 1])) for i in range(0, len(amounts), 2)]
    pairs += [(0, 0)] * (n - len(pairs))
    mode = pad.get("mode", "constant")
    return replace(
        geometry,
        padding=tuple(reversed(pairs[:n])),
        padding_mode="zeros" if mode == "constant" else mode,
    )
