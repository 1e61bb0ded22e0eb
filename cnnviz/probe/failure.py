"""Why a network stopped, in one sentence: which layer, what was wanted, what came."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from cnnviz.core.layers import Geometry, Kind
from cnnviz.probe import vocabulary as words
from cnnviz.probe.builder import Builder, Noted
from cnnviz.probe.describe import geometry_of

_LARGEST = 8192
"""Largest side tried when looking for the smallest picture a network can take."""


def _size(shape: Any) -> str:
    return "×".join(map(str, shape)) or "a single value"


def _wanted(note: Noted, kind: str) -> str | None:
    """Return what a layer with weights wanted and what came, or None if that fits."""
    bound = words.bind(note.name, note.args, note.kwargs)
    weight, given = bound.get("weight"), bound.get("input")
    if not isinstance(weight, Tensor) or not isinstance(given, Tensor):
        return None
    if kind == "linear" and given.shape[-1:] != weight.shape[-1:]:
        return f"wants {weight.shape[-1]} features; {given.shape[-1]} arrived"
    if kind in ("conv", "conv_transpose") and given.ndim > 1:
        groups = int(bound.get("groups") or 1)
        transposed = kind == "conv_transpose"
        wants = weight.shape[0] if transposed else weight.shape[1] * groups
        if given.ndim != weight.ndim:
            axes = weight.ndim - 2
            return f"wants maps with {axes} axes; {_size(given.shape[1:])} arrived"
        if given.shape[1] != wants:
            return f"wants {wants} channels; {given.shape[1]} arrived"
    if kind == "norm" and given.ndim > 1 and given.shape[1] != weight.shape[0]:
        return f"wants {weight.shape[0]} channels; {given.shape[1]} arrived"
    return None


def _out(length: int, window: Geometry, axis: int) -> int:
    """Return a window's number of outputs over ``length`` positions (may be < 1)."""
    span = window.dilation[axis] * (window.kernel[axis] - 1) + 1
    room = length + sum(window.padding[axis]) - span
    if window.transposed:
        return (length - 1) * window.stride[axis] - sum(window.padding[axis]) + span
    step = window.stride[axis]
    return (-(-room // step) if window.ceil_mode else room // step) + 1


def _smallest(builder: Builder, note: Noted, kind: Kind) -> tuple[int, ...] | None:
    """Return the smallest input with which every window on the way still fits."""
    if kind not in ("conv", "pool") or note.name.startswith("adaptive"):
        return None
    read = tuple(note.given[0].shape)
    bound = words.bind(note.name, note.args, note.kwargs)
    chain = [geometry_of(note.name, kind, bound, read, read)]
    by_name = {layer.name: layer for layer in builder.layers}
    at = builder.name_of(note.producers[0]) if note.producers else ""
    while at in by_name:
        chain.append(by_name[at].geometry)
        at = next(iter(by_name[at].inputs), "")
    windows = [g for g in reversed(chain) if g is not None]
    axes = len(windows[-1].kernel) if windows else 0
    if not axes or any(len(g.kernel) != axes or g.adaptive for g in windows):
        return None

    def fits(length: int, axis: int) -> bool:
        for geometry in windows:
            length = _out(length, geometry, axis)
            if length < 1:
                return False
        return True

    found = [
        next((n for n in range(1, _LARGEST) if fits(n, axis)), None)
        for axis in range(axes)
    ]
    return None if None in found else tuple(n for n in found if n is not None)


def explain_failure(failure: Exception, note: Noted | None, builder: Builder) -> str:
    """Return the sentence for a run that stopped.

    Parameters
    ----------
    failure
        What the network raised.
    note
        The torch function that raised it, if one did.
    """
    first = (str(failure).strip() or type(failure).__name__).splitlines()[0]
    last = builder.layers[-1].name if builder.layers else None
    where = f'after layer "{last}"' if last else "before its first layer"
    if note is None:
        return (
            f"The network's own code stopped {where}: {type(failure).__name__}: {first}"
        )
    kind = words.kind_of(note.name)
    came = _size(note.given[0].shape[1:])
    source = f", from {builder.name_of(note.producers[0])}" if note.producers else ""
    layer = f'Layer "{note.path}" ({note.name})'
    wanted = _wanted(note, kind)
    if wanted:
        return f"{layer} {wanted} ({came}{source})."
    smallest = _smallest(builder, note, kind)
    if smallest:
        unit = "pixels" if len(smallest) > 1 else "steps"
        return (
            f"{layer} cannot be applied to {came}{source}: this network needs at "
            f"least {' × '.join(map(str, smallest))} {unit}."
        )
    return f"{layer} stopped on {came}{source}: {first}"
