"""What every panel speaks of: one layer, one channel, one unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnnviz.core.layers import Layer, Unit
from cnnviz.core.tensors import TensorList
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen place.

    Attributes
    ----------
    layer
        Name of a layer; None before the first trace.
    channel
        Index of a map of that layer; None for all.
    unit
        ``(y, x)``, ``(t,)`` or ``()``; None for the whole map.
    """

    layer: str | None = None
    channel: int | None = None
    unit: Unit | None = None


def fit_channel(channel: int | None, layer: Layer) -> int | None:
    """Clamp a channel to the layer; None stays None."""
    if channel is None or layer.channels == 0:
        return None
    return min(max(channel, 0), layer.channels - 1)


def fit_unit(unit: Unit | None, layer: Layer) -> Unit | None:
    """Clamp a unit to the layer's maps; None if it has another number of axes."""
    if unit is None or len(unit) != len(layer.spatial) or 0 in layer.spatial:
        return None
    return tuple(
        min(max(at, 0), size - 1) for at, size in zip(unit, layer.spatial, strict=True)
    )


def resolve(wish: Selection, trace: Trace) -> Selection:
    """Return the selection nearest to the wish that exists in the trace. Pure.

    A layer that did not run gives way to the first layer with weights, its channel
    and unit to nothing; channel and unit are clamped.
    """
    if not trace.layers:
        return Selection()
    if wish.layer is None or wish.layer not in trace:
        stages = trace.stages
        first = stages[0].head if stages else trace.layers[0].name
        wish = replace(wish, layer=first)
        if wish.channel is None:
            wish = replace(wish, channel=0)
    assert wish.layer is not None
    layer = trace[wish.layer]
    return Selection(
        layer.name, fit_channel(wish.channel, layer), fit_unit(wish.unit, layer)
    )


def resolve_tensor(wish: Selection, found: TensorList) -> Selection:
    """Return the selection nearest to the wish that exists in a list of tensors. Pure.

    The layer is a tensor's name, the channel one of its kernels. A name that is none
    gives way to the first tensor with kernels.
    """
    if not found.tensors:
        return Selection()
    at = found.position(wish.layer)
    tensor = found.tensors[found.first() if at < 0 else at]
    last = tensor.channels - 1
    channel = min(max(wish.channel or 0, 0), last) if last >= 0 else None
    return Selection(tensor.name, channel)
