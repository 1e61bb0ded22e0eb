"""Layers that were not kept, computed again from the nearest ones that were.

A network that was too large for its memory need not run as a whole when another of its
layers is looked at: what lies between that layer and what is in memory is enough. So
that this is never far, some values stay wherever one looks: those through which
everything later must pass, at even distances (gradient checkpointing keeps the same
ones: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cnnviz.core.layers import Array, Layer
from cnnviz.core.progress import Check
from cnnviz.probe.budget import Budget, little, memory_of
from cnnviz.probe.replay import Recipe
from cnnviz.probe.values import Value, capture, stand_in

_MOVED = 10
"""Multiply-adds that take as long as writing one value."""


class _UnknownError(Exception):
    """A value is gone and nothing on record makes it again."""


@dataclass(frozen=True, slots=True, eq=False)
class Refocused:
    """Layers of which others are kept than before, and the bytes of all that is."""

    layers: tuple[Layer, ...]
    bytes_kept: int


def refocused(
    layers: Sequence[Layer], limit: int, wanted: Iterable[int], check: Check
) -> Refocused | None:
    """Keep other layers of a run, without its network.

    Parameters
    ----------
    layers
        All of the run, some of them not kept. They are left as they are.
    limit
        In bytes; what is wanted is kept even if that alone is more.
    wanted
        Run-order indices of the layers to be kept together with their inputs.
    check
        Called before each layer that is computed.

    Returns
    -------
    Refocused
        None if something on the way cannot be computed again, such as what was
        written out of sight.

    Raises
    ------
    Cancelled
        Raised by ``check``.
    """
    wanted = [*wanted]
    graph = _Graph(layers)
    needed = graph.around(wanted)
    if any(layers[at].extras and not layers[at].kept for at in wanted):
        return None
    try:
        todo = graph.missing(needed)
    except _UnknownError:
        return None
    keep = graph.chosen(needed, todo, limit, Budget(limit, wanted))
    return graph.rebuilt(keep, graph.computed(todo, keep, check))


class _Graph:
    """The values of a run: what makes each of them, and what takes it."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._recipes = [
            each.replay if isinstance(each.replay, Recipe) else None for each in layers
        ]
        self._makers: dict[Value, int] = {}
        self._taken: list[list[Value]] = []
        names = {layer.name for layer in layers}
        for at, (layer, recipe) in enumerate(zip(layers, self._recipes, strict=True)):
            taken = (
                [] if recipe is None else zip(layer.inputs, recipe.sources, strict=True)
            )
            given = [value for name, value in taken if value and name in names]
            self._taken.append([*dict.fromkeys(given)])
            if recipe is not None:
                self._makers.setdefault(recipe.recorded, at)
        self._data = {*self._makers}.union(*self._taken)

    def around(self, wanted: Iterable[int]) -> set[Value]:
        """Return the results of some layers, and all they were given."""
        found: set[Value] = set()
        for at in wanted:
            recipe = self._recipes[at]
            if recipe is not None:
                found |= {recipe.recorded, *self._taken[at]}
        return found

    def missing(self, values: Iterable[Value]) -> list[int]:
        """Return the layers that must run for values to be there, in their order.

        Raises
        ------
        _UnknownError
            One of them cannot.
        """
        todo: set[int] = set()
        waiting = [value for value in values if not value.kept]
        while waiting:
            at = self._makers.get(waiting.pop(), -1)
            recipe = self._recipes[at] if at >= 0 else None
            if recipe is None or not recipe.certain:
                raise _UnknownError
            if at not in todo:
                todo.add(at)
                waiting += [value for value in recipe.stored() if not value.kept]
        return sorted(todo)

    # -- what is to be kept ------------------------------------------------------------

    def chosen(
        self, needed: set[Value], todo: Sequence[int], limit: int, budget: Budget
    ) -> set[Value]:
        """Return what stays in memory: what is needed, checkpoints, what is near."""
        there = {value: math.inf for value in self._data if value.kept}
        for at in todo:
            layer, recipe = self._layers[at], self._recipes[at]
            if recipe is not None and (layer.kept or not layer.extras):
                there[recipe.recorded] = math.inf
        for at, taken in enumerate(self._taken):
            recipe, far = self._recipes[at], budget.distance(at)
            for value in (*taken, *([recipe.recorded] if recipe else ())):
                if value in there:
                    there[value] = min(there[value], far)
        marks = [value for value in self._checkpoints(limit // 2) if value in there]
        keep = {*needed, *(each for each in there if _size(each) <= little(limit))}
        room = limit - sum(map(_size, keep))
        for value in (*marks, *sorted(there, key=there.__getitem__)):
            if value not in keep and _size(value) <= room:
                keep.add(value)
                room -= _size(value)
        return keep

    def _checkpoints(self, limit: int) -> list[Value]:
        """Return values of so many bytes that divide the work most evenly."""
        work = [each.macs + _MOVED * math.prod(each.shape) for each in self._layers]
        cuts = [*self._cuts()]
        low, high = 0, sum(work)
        best: list[Value] = []
        while low + max(1, high // 64) < high:
            most = (low + high) // 2
            found = self._divided(work, cuts, most)
            if found is not None and sum(map(_size, found)) <= limit:
                best, high = found, most
            else:
                low = most
        return best

    def _divided(
        self, work: Sequence[int], cuts: Sequence[int], most: int
    ) -> list[Value] | None:
        """Return the values between parts of no more than so much work, if any do."""
        found: list[Value] = []
        done, last, at_last = 0, -1, 0
        total, ends = 0, {*cuts}
        for at, each in enumerate(work):
            total += each
            if total - done > most:
                if last < 0 or total - at_last > most:
                    return None
                recipe = self._recipes[last]
                assert recipe is not None
                found.append(recipe.recorded)
                done, last = at_last, -1
            if at in ends:
                last, at_last = at, total
        return found

    def _cuts(self) -> Iterator[int]:
        """Yield the layers through whose result everything later must pass."""
        last: dict[int, int] = {}
        for at, taken in enumerate(self._taken):
            for value in taken:
                if value in self._makers:
                    last[self._makers[value]] = at
        reach = -1
        for at, layer in enumerate(self._layers):
            recipe = self._recipes[at]
            alone = reach <= at and not layer.extras
            if alone and recipe and self._makers[recipe.recorded] == at:
                yield at
            reach = max(reach, last.get(at, -1))

    # -- doing it ----------------------------------------------------------------------

    def computed(
        self, todo: Sequence[int], keep: set[Value], check: Check
    ) -> dict[Value, Value]:
        """Run layers in order; return what was made of what is to be kept."""
        recipes = [recipe for at in todo if (recipe := self._recipes[at])]
        last = {
            value: at for at, recipe in enumerate(recipes) for value in recipe.stored()
        }
        live: dict[Value, Tensor] = {}

        def content(value: Value, _place: int | None) -> Tensor:
            return live[value] if value in live or not value.kept else value.tensor()

        for at, recipe in enumerate(recipes):
            check(at, len(todo), self._layers[todo[at]].name)
            with torch.no_grad():
                live[recipe.recorded] = recipe.run(content)
            for value in (*recipe.stored(), recipe.recorded):
                if last.get(value, -1) <= at and value not in keep:
                    live.pop(value, None)
        return {value: capture(tensor, copy=False) for value, tensor in live.items()}

    def rebuilt(self, keep: set[Value], made: dict[Value, Value]) -> Refocused:
        """Return the layers with what was made, and without what is not to be kept."""
        new = dict(made)
        for value in self._data:
            if value.kept and value not in keep:
                new[value] = gone = Value(value.array, value.narrow, value.faithful)
                gone.drop()
        layers = tuple(self._layer(at, new) for at in range(len(self._layers)))
        kept = [new.get(value, value) for value in self._data]
        held = dict(memory_of(value) for value in kept if value.kept)
        return Refocused(layers, sum(held.values()))

    def _layer(self, at: int, new: dict[Value, Value]) -> Layer:
        layer, recipe = self._layers[at], self._recipes[at]
        if recipe is None:
            return layer
        held = {recipe.recorded, *self._taken[at]}
        if held.isdisjoint(new):
            return layer
        again = recipe.exchanged(new)
        kept = again.recorded.kept
        return replace(
            layer,
            output=_shaped(again.recorded.public(), layer.shape),
            extras=layer.extras if kept else _blank(layer.extras),
            replay=again,
            kept=kept,
            inputs_kept=all(new.get(value, value).kept for value in self._taken[at]),
        )


def _size(value: Value) -> int:
    return value.array.size * value.array.itemsize


def _shaped(array: Array, shape: tuple[int, ...]) -> Array:
    """Return an array without its batch axis, as its layer shows it."""
    if array.shape == shape:
        return array
    for axis in range(array.ndim):
        if (
            array.shape[axis] == 1
            and array.shape[:axis] + array.shape[axis + 1 :] == shape
        ):
            return array[(slice(None),) * axis + (0,)]
    raise ValueError(f"{array.shape} is no batch of one {shape}")


def _blank(extras: tuple[tuple[str, Array], ...]) -> tuple[tuple[str, Array], ...]:
    """Return a layer's further outputs without their content."""
    return tuple((name, stand_in(array)) for name, array in extras)
