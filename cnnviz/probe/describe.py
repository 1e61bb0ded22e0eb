"""From one recorded call to what a layer is: kind, geometry, axes, work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor

from cnnviz.core.layers import Geometry, Kind

_GUESS = {0: "", 1: "C", 2: "CT", 3: "CHW", 4: "CDHW"}
_PLAIN = (bool, int, float, str, type(None))


def tuple_of(value: Any, n: int, default: int = 1) -> tuple[int, ...]:
    """Spread a number over ``n`` axes; an absent one becomes ``default``."""
    if value is None or value == () or value == []:
        return (default,) * n
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            return (int(value[0]),) * n
        return tuple(int(v) for v in value)
    return (int(value),) * n


def pad_pairs(padding: Any, n: int) -> tuple[tuple[int, int], ...]:
    """Turn ``F.pad``'s last-axis-first list into pairs for the last ``n`` axes."""
    pairs = [(int(padding[i]), int(padding[i + 1])) for i in range(0, len(padding), 2)]
    pairs += [(0, 0)] * (n - len(pairs))
    return tuple(reversed(pairs[:n]))


def _conv(bound: dict[str, Any], n: int, transposed: bool) -> Geometry:
    weight: Tensor = bound["weight"]
    kernel = tuple(weight.shape[2:])
    stride = tuple_of(bound.get("stride"), n)
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
        stride,
        pairs,
        dilation,
        groups=int(bound.get("groups") or 1),
        transposed=transposed,
        output_padding=tuple_of(bound.get("output_padding"), n, 0)
        if transposed
        else (),
    )


def _pool(name: str, bound: dict[str, Any], n: int) -> Geometry:
    kernel = tuple_of(bound["kernel_size"], n)
    override = bound.get("divisor_override")
    reduction = "max" if name.startswith("max") else "mean"
    if name.startswith("lp"):
        reduction = "norm"
    stride = bound.get("stride")
    return Geometry(
        kernel,
        tuple_of(stride, n) if stride not in (None, (), []) else kernel,
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
        steps = (b - a for a, b in pairwise(starts))
        stride.append(max(steps, default=1))
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
    bound: dict[str, Any],
    read: Sequence[int],
    made: Sequence[int],
) -> Geometry | None:
    """Return the window of a convolution or pool, None for other layers.

    Parameters
    ----------
    name
        Plain function name, ``"conv2d"``.
    bound
        Arguments by name.
    read, made
        Shapes of input and output.
    """
    digits = [c for c in name if c in "123"]
    n = int(digits[-1]) if digits else 0
    if kind in ("conv", "conv_transpose") and isinstance(bound.get("weight"), Tensor):
        n = bound["weight"].ndim - 2
        return _conv(bound, n, kind == "conv_transpose")
    if kind == "pool" and n:
        if name.startswith("adaptive"):
            return _adaptive(name, read[-n:], made[-n:])
        if "kernel_size" in bound and not name.startswith("fractional"):
            return _pool(name, bound, n)
    return None


def macs_of(kind: Kind, bound: dict[str, Any], made: Sequence[int]) -> int:
    """Count the multiply-adds of a convolution or dense layer for one sample.

    A convolution takes ``k · I/groups`` per output value, a transposed one
    ``k · O/groups`` per input value, a dense layer ``I`` per output value. A bias
    adds none.
    """
    weight = bound.get("weight")
    if not isinstance(weight, Tensor):
        return 0
    if kind == "conv":
        return math.prod(made) * math.prod(weight.shape[1:])
    if kind == "conv_transpose":
        return int(bound["input"].numel()) * math.prod(weight.shape[1:])
    if kind == "linear":
        return math.prod(made) * int(weight.shape[-1])
    return 0


def options_of(bound: dict[str, Any]) -> dict[str, Any]:
    """Return a call's plain settings: numbers, words, and tuples of them."""
    kept: dict[str, Any] = {}
    for key, value in bound.items():
        if isinstance(value, (tuple, list)) and all(
            isinstance(v, _PLAIN) for v in value
        ):
            kept[key] = tuple(value)
        elif isinstance(value, _PLAIN):
            kept[key] = value
    return kept


def letters(n: int) -> str:
    """Return the usual names of ``n`` axes without batch."""
    return _GUESS.get(n, "C" + "UVWXYZ"[: n - 1])


def guess_axes(shape: Sequence[int]) -> str:
    """Name the axes of a tensor by their number; a leading 1 is the batch."""
    if len(shape) > 1 and shape[0] == 1:
        return "B" + letters(len(shape) - 1)
    return letters(len(shape))


def axes_of(
    name: str,
    kind: Kind,
    bound: dict[str, Any],
    before: str,
    read: Sequence[int],
    made: Sequence[int],
) -> str:
    """Name the output's axes from those of its first input.

    Parameters
    ----------
    before, read
        Letters and shape of the first input, batch (``B``) included.
    made
        Shape of the output.
    """
    n = len(read)
    if len(before) != n:
        before = guess_axes(read)
    if name in ("transpose", "swapaxes", "swapdims", "T", "mT", "t") and len(made) == n:
        dims = list(range(n))
        a, b = int(bound.get("dim0", -2)), int(bound.get("dim1", -1))
        if n > 1:
            dims[a], dims[b] = dims[b], dims[a]
        return "".join(before[d] for d in dims)
    if name == "permute" and "dims" in bound and len(made) == n:
        return "".join(before[int(d)] for d in bound["dims"])
    if name in ("mean", "sum", "amax", "amin", "max", "min") and len(made) < n:
        gone = _reduced(bound.get("dim"), n)
        return "".join(letter for i, letter in enumerate(before) if i not in gone)
    if kind == "recurrent" and len(made) == n:
        return before
    if len(made) == n and (kind != "reshape" or tuple(read) == tuple(made)):
        return before
    if len(made) == n and name == "getitem":
        return before
    if before.startswith("B") and made and made[0] == read[0]:
        return "B" + letters(len(made) - 1)
    return guess_axes(made)


def _reduced(dim: Any, n: int) -> set[int]:
    """Return the axes a reduction runs over, counted from the front."""
    if dim is None:
        return set(range(n))
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    return {int(d) % n for d in dims}


def reduced_axes(name: str, bound: dict[str, Any], n: int) -> tuple[int, ...] | None:
    """Return the axes along which a layer mixes or joins values, batch included."""
    if name in ("mean", "sum", "amax", "amin", "max", "min"):
        if isinstance(bound.get("dim"), Tensor):
            return None
        return tuple(sorted(_reduced(bound.get("dim"), n)))
    if name in ("cat", "concat", "stack"):
        return (int(bound.get("dim", 0)) % n,)
    if name in ("softmax", "log_softmax", "softmin", "glu", "normalize"):
        dim = bound.get("dim", 1 if name == "normalize" else -1)
        return None if dim is None else (int(dim) % n,)
    return None
