"""From one recorded call to what a layer is: kind, axes, work.

Everything here follows from names, settings and shapes alone, and is worked out once
for every different call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from cnnviz.core.layers import Geometry, Kind
from cnnviz.probe import vocabulary as words
from cnnviz.probe.values import Step, Value
from cnnviz.probe.windows import geometry_of

_GUESS = {0: "", 1: "C", 2: "CT", 3: "CHW", 4: "CDHW"}
_PLAIN = (bool, int, float, str, type(None))
PLAIN = frozenset({*_PLAIN, torch.dtype})
"""Types of arguments that can be looked up as they are."""

_CHANNELS_SECOND = (
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose",
    "max_pool",
    "avg_pool",
    "adaptive_",
    "batch_norm",
    "instance_norm",
    "native_batch_norm",
    "native_instance_norm",
    "group_norm",
)
"""Functions that take the second axis for the channels, whatever it was before."""

_CHANNELS_LAST = ("linear", "recurrent", "attention")
"""Kinds that take the last axis for them."""

_SPATIAL = frozenset("DHWT")


class Shape(tuple[int, ...]):
    """The shape of a tensor, where the tensor stood among a call's arguments."""

    __slots__ = ()


class Facts(NamedTuple):
    """What a call's name, settings and shapes say about its layer.

    Attributes
    ----------
    axes
        Letters of the output's axes, batch (``B``) included.
    options
        Plain settings by name; ``axis`` counts without batch.
    """

    kind: Kind
    axes: str
    geometry: Geometry | None
    options: Mapping[str, Any]
    macs: int


def settings_of(value: Any) -> Any:
    """Return an argument as something that can be looked up: tensors as ``Shape``."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is Value:
        return Shape(value.array.shape)
    if kind is tuple and PLAIN.issuperset(map(type, value)):
        return value
    if kind is Step:
        return Shape(value.shape)
    if isinstance(value, (tuple, list)):
        return tuple([p if type(p) in PLAIN else settings_of(p) for p in value])
    if kind is slice:
        return (slice, *map(settings_of, (value.start, value.stop, value.step)))
    return kind


@lru_cache(maxsize=4096)
def facts(
    name: str,
    args: tuple[Any, ...],
    kwargs: tuple[tuple[str, Any], ...],
    before: str,
    read: tuple[int, ...],
    made: tuple[int, ...],
) -> Facts:
    """Describe one call.

    Parameters
    ----------
    name
        Plain function name, ``"conv2d"``.
    args, kwargs
        The call's arguments after ``settings_of``.
    before, read
        Letters and shape of the first input that carries data, batch included.
    made
        Shape of the output.
    """
    bound = words.bind(name, args, dict(kwargs))
    kind = words.kind_of(name)
    axes = axes_of(name, kind, bound, before, read, made)
    options = {key: value for key, value in bound.items() if _is_setting(value)}
    along = reduced_axes(name, bound, len(before) + (name == "stack"))
    if along is not None:
        batch = before.find("B")
        options["axis"] = tuple(
            a - (0 <= batch < a) for a in along if a != batch or name == "stack"
        )
    return Facts(
        _refined(kind, name, bound, before, axes, len(read)),
        axes,
        geometry_of(name, kind, bound, read, made),
        MappingProxyType(options),
        macs_of(kind, bound, made),
    )


def _is_setting(value: Any) -> bool:
    """Tell a number, a word or a tuple of them from everything else."""
    if type(value) is tuple:
        return all(isinstance(part, _PLAIN) for part in value)
    return isinstance(value, _PLAIN)


def _refined(
    kind: Kind, name: str, bound: Mapping[str, Any], before: str, after: str, n: int
) -> Kind:
    """Tell apart what a function's name alone does not."""
    if name in ("mean", "amax") and n == len(before):
        along = reduced_axes(name, bound, n) or ()
        gone = {before[a] for a in along} - {"B"}
        return "pool" if gone and gone <= _SPATIAL else kind
    folded = after in ("BC", "C") and len(before) > len(after)
    return "flatten" if folded and name in ("view", "reshape") else kind


def macs_of(kind: Kind, bound: Mapping[str, Any], made: Sequence[int]) -> int:
    """Count the multiply-adds of a convolution or dense layer for one sample.

    A convolution takes ``k · I/groups`` per output value, a transposed one
    ``k · O/groups`` per input value, a dense layer ``I`` per output value. A bias
    adds none.
    """
    weight = bound.get("weight")
    if not isinstance(weight, Shape):
        return 0
    if kind == "conv":
        return math.prod(made) * math.prod(weight[1:])
    if kind == "conv_transpose":
        given: Shape = bound["input"]
        return math.prod(given) * math.prod(weight[1:])
    return math.prod(made) * int(weight[-1]) if kind == "linear" else 0


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
    bound: Mapping[str, Any],
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
    if name.startswith(_CHANNELS_SECOND) and 2 < n == len(made):
        return "B" + letters(n - 1)
    if kind in _CHANNELS_LAST and len(made) == n:
        return (before.replace("C", "") if "C" in before else before[:-1]) + "C"
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
    dims = dim if isinstance(dim, tuple) else (dim,)
    return {int(d) % n for d in dims}


def reduced_axes(name: str, bound: Mapping[str, Any], n: int) -> tuple[int, ...] | None:
    """Return the axes along which a layer mixes or joins values, batch included."""
    if name in ("mean", "sum", "amax", "amin", "max", "min"):
        if isinstance(bound.get("dim"), Shape):
            return None
        return tuple(sorted(_reduced(bound.get("dim"), n)))
    if name in ("cat", "concat", "stack"):
        return (int(bound.get("dim", 0)) % n,)
    if name in ("softmax", "log_softmax", "softmin", "glu", "normalize"):
        dim = bound.get("dim", 1 if name == "normalize" else -1)
        return None if dim is None else (int(dim) % n,)
    return None
