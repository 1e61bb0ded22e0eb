"""Which values mattered: the support of one value's gradient for this very input.

Sets of values are followed back layer by layer through the recorded calls, so that no
network is needed and nothing underflows on a long way. A layer that only adds up is
asked for what it reads; any other is repeated, and the gradient of its wanted outputs,
summed with random positive weights so that nothing cancels, is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnviz.core.edges import hull
from cnnviz.core.errors import InputError
from cnnviz.core.geometry import read_input, receptive_field
from cnnviz.core.layers import Array, Layer
from cnnviz.core.mattering import Asked, Mattering
from cnnviz.core.progress import Check
from cnnviz.core.reads import edges
from cnnviz.core.rules import plain_name
from cnnviz.core.shapes import shape_of, spatial_axes
from cnnviz.nets.alone import own_chance
from cnnviz.probe.replay import Recipe
from cnnviz.probe.values import Value

Mask = NDArray[np.bool_]

_ADDING = frozenset(
    {"conv", "conv_transpose", "linear", "flatten", "reshape", "concat", "pad"}
)
"""Kinds whose every output is a sum, or a copy, of what it reads."""


def mattering(asked: Asked, check: Check = lambda *_: None) -> Mattering:
    """Return what one value can see of the input, and what of it mattered.

    Of several inputs, the first that leads to the value.

    Raises
    ------
    InputError
        The layer has no such channel or unit; or a layer on the way was not kept, or
        drew random numbers.
    """
    trace, layer = asked.trace, asked.layer
    source = read_input(trace, layer)
    field = receptive_field(trace, layer, asked.unit, asked.channel, source)
    found = influence(asked, source, check)
    spatial = spatial_axes(trace, source)
    others = tuple(axis for axis in range(found.ndim) if axis not in spatial)
    mask: Mask = np.logical_or.reduce(found, axis=others)
    mask.flags.writeable = False
    return Mattering(asked, field, mask)


def influence(
    asked: Asked, target: str = "input", check: Check = lambda *_: None
) -> Mask:
    """Return where the gradient of a value is not zero.

    Parameters
    ----------
    target
        An input, or an earlier layer.
    check
        Called before each layer with (done, total, name); may raise to stop.

    Returns
    -------
    Boolean array of the target's shape.
    """
    trace, layer = asked.trace, asked.trace[asked.layer]
    wanted = np.zeros(layer.maps.shape, np.bool_)
    wanted[(asked.channel, *asked.unit)] = True
    axis = layer.axes.find("C")
    if layer.output.ndim:
        wanted = np.moveaxis(wanted, 0, axis) if axis >= 0 else wanted[0]
    masks = {layer.name: wanted.reshape(layer.shape)}
    start = trace.position(layer.name)
    stop = trace.position(target) if target in trace else -1
    for at in range(start, stop, -1):
        each = trace.layers[at]
        check(start - at, start - stop, each.name)
        mask = masks.pop(each.name, None)
        if mask is None or not mask.any():
            continue
        for source, read in _read(each, mask):
            name = each.inputs[source]
            shape = shape_of(trace, name)
            if read.size != math.prod(shape):
                read = np.ones(shape, np.bool_)  # overwritten by another shape
            read = read.reshape(shape)
            masks[name] = masks[name] | read if name in masks else read
    return masks.get(target, np.zeros(shape_of(trace, target), np.bool_))


def _read(layer: Layer, wanted: Mask) -> Iterator[tuple[int, Mask]]:
    """Yield which values of each input the wanted outputs really depend on."""
    if plain_name(layer) == "relu":
        if not layer.kept:
            raise _not_kept(layer)
        yield 0, wanted & (layer.output > 0)
        return
    if layer.kind == "linear" and wanted.ndim == 1 and layer.weight is not None:
        yield 0, _joined(layer.weight, wanted)
        return
    found = None
    if not _adds_up(layer) and isinstance(layer.replay, Recipe):
        if not layer.replay.intact:
            raise _not_kept(layer)
        found = _gradient(layer, layer.replay, wanted)
    if found is not None:
        yield from found.items()
        return
    box = hull(wanted, layer.shape)
    assert box is not None
    for source, edge in enumerate(edges(layer)):
        read = edge.pull(wanted, box).mask
        yield source, np.broadcast_to(read, layer.input_shapes[source])


def _not_kept(layer: Layer) -> InputError:
    return InputError(
        f"what mattered cannot be told: {layer.name} was too much for the memory "
        "that maps may take, and was not kept"
    )


def _adds_up(layer: Layer) -> bool:
    """Tell whether every value that is read has a factor other than zero."""
    if layer.kind == "pool":
        return layer.geometry is not None and layer.geometry.reduction == "mean"
    weight = layer.weight
    return layer.kind in _ADDING and (weight is None or bool(weight.all()))


def _joined(weight: Array, wanted: Mask) -> Mask:
    """Return which inputs a dense layer's wanted outputs are joined to, ``(I,)``."""
    read = np.zeros(weight.shape[1], np.bool_)
    for row in np.flatnonzero(wanted):
        read |= weight[row] != 0
        if read.all():
            break
    return read


def _gradient(layer: Layer, recipe: Recipe, wanted: Mask) -> dict[int, Mask] | None:
    """Return the support of the gradient per input; None where there is no recipe.

    Raises
    ------
    InputError
        The layer draws random numbers: when it is repeated, others than in the run.
    """
    if not recipe.calls:
        return None
    wide = layer.kind != "pool"  # which only chooses; else what is small would be 0
    leaves: dict[int, Tensor] = {}

    def given(value: Value, place: int | None) -> Tensor:
        tensor = value.tensor()
        if not tensor.is_floating_point():
            return tensor
        tensor = tensor.double() if wide else tensor.clone()
        if place is None:
            return tensor
        if place not in leaves:
            leaves[place] = tensor.requires_grad_()
        return leaves[place].clone()

    with torch.enable_grad(), nullcontext() if recipe.certain else own_chance():
        before = torch.get_rng_state()
        output = recipe.run(given)
        drew = not recipe.certain and not before.equal(torch.get_rng_state())
    if not leaves:
        return None
    if not output.requires_grad:
        return {at: np.zeros(leaf.shape, np.bool_) for at, leaf in leaves.items()}
    if drew:
        raise InputError(
            f"what mattered cannot be told: {layer.name} draws random numbers, and "
            "those of this run were not recorded"
        )
    chance = torch.Generator().manual_seed(1)
    weight = torch.rand(output.shape, generator=chance, dtype=torch.float64) + 0.5
    weight = weight * torch.from_numpy(wanted.copy()).reshape(output.shape)
    grads = torch.autograd.grad(
        output, list(leaves.values()), weight.to(output.dtype), allow_unused=True
    )
    return {
        at: np.zeros(leaf.shape, np.bool_) if grad is None else (grad != 0).numpy()
        for (at, leaf), grad in zip(leaves.items(), grads, strict=True)
    }
