"""Sizes and centres of receptive fields, and the same place in another layer."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cnnviz.core.layers import Unit
from cnnviz.core.shapes import shape_of, spatial_axes
from cnnviz.core.trace import Trace

if TYPE_CHECKING:
    from cnnviz.core.reach import Reaches


@dataclass(frozen=True, slots=True)
class FieldSize:
    """Receptive field of a layer's interior units, one entry per input axis.

    Attributes
    ----------
    size
        Positions of the input, padding included and not clamped, of the unit that sees
        most; where ``whole``, only those that are really there.
    jump
        Mean input positions between neighbouring units; None where the axis is gone.
    start
        Centre of unit 0, in input positions (``0.0`` is the first one's centre); None
        where the place is lost.
    whole
        True where every unit depends on everything along that axis: behind a flatten,
        a global pool, or a gate fed by one.
    """

    size: tuple[int, ...]
    jump: tuple[float | None, ...]
    start: tuple[float | None, ...]
    whole: tuple[bool, ...]


def read_input(trace: Trace, layer_name: str) -> str:
    """Name the first of a network's inputs that leads to a layer, directly or not.

    ``"input"`` also where none does.

    Raises
    ------
    KeyError
        No such layer.
    """
    names = ["input", *(f"input_{i}" for i in range(1, len(trace.sample.values)))]
    if len(names) == 1:
        return "input"
    shape_of(trace, layer_name)
    before = {layer_name}
    for layer in reversed(trace.layers):
        if layer.name in before:
            before.update(layer.inputs)
    return next((name for name in names if name in before), "input")


def field_size(trace: Trace, layer_name: str, source: str = "input") -> FieldSize:
    """Return size, jump and start of the receptive fields of a layer's interior units.

    Branches count with the union of what they see. Empty where the input does not
    lead to the layer, or has no spatial axes.

    Raises
    ------
    KeyError
        No such layer or input.
    """
    from cnnviz.core.reach import reaches

    shape_of(trace, layer_name)
    reach = reaches(trace, source).get(layer_name, ())
    sizes = []
    lengths = [shape_of(trace, source)[axis] for axis in spatial_axes(trace, source)]
    for each, length in zip(reach, lengths, strict=bool(reach)):
        if each.whole is None:
            sizes.append(each.size)
            continue
        first, last = each.whole
        if each.placed:
            first, last = min(first, each.firsts[0]), max(last, each.lasts[0])
        sizes.append(min(last, length - 1) - max(first, 0) + 1)
    return FieldSize(
        tuple(sizes),
        tuple(None if each.axis is None else float(each.jump) for each in reach),
        tuple(float(each.start) if each.placed else None for each in reach),
        tuple(each.whole is not None for each in reach),
    )


_anchored: weakref.WeakKeyDictionary[Trace, dict[str, Reaches]] = (
    weakref.WeakKeyDictionary()
)


def _anchors(trace: Trace, source: str) -> Reaches:
    """Return every layer's reach, its centre being the place a unit stands for.

    That is the middle of what it sees. In a network of series that never looks ahead
    it is the last step it sees: the middle would drift into the past, layer by layer,
    and the unit at the same step is the one that answers at the same time.
    """
    found = _anchored.setdefault(trace, {})
    if source not in found:
        from cnnviz.core.reach import reaches

        known = reaches(trace, source)
        if len(spatial_axes(trace, source)) == 1 and _causal(known):
            known = {
                name: tuple(replace(each, firsts=each.lasts) for each in reach)
                for name, reach in known.items()
            }
        found[source] = known
    return found[source]


def _causal(known: Reaches) -> bool:
    """Tell whether every layer's units see nothing after their own step."""
    placed = [each for reach in known.values() for each in reach if each.placed]
    moving = [each for each in placed if each.step]
    return all(
        last < (unit + 1) * each.jump
        for each in moving
        for unit, last in enumerate(each.lasts)
    ) and any(each.size > each.jump for each in moving)


def _unit_at(
    trace: Trace, name: str, places: Sequence[Fraction | None], source: str
) -> Unit | None:
    """Return the unit whose centre is nearest; None where an axis tells no place."""
    shape = shape_of(trace, name)
    reach = _anchors(trace, source).get(name, ())
    unit = []
    for axis in spatial_axes(trace, name):
        found = [
            each.nearest(place, shape[axis])
            for place, each in zip(places, reach, strict=False)
            if each.axis == axis and place is not None and each.step
        ]
        if found:
            unit.append(found[0])
        elif shape[axis] == 1:
            unit.append(0)
        else:
            return None
    return tuple(unit)


def carry(
    trace: Trace, from_layer: str, unit: Unit, to_layer: str, source: str = "input"
) -> Unit | None:
    """Return the unit of another layer at the same place.

    That is the one whose receptive field's centre in the input is nearest to that of
    ``unit``; the lower one when two are equally near. In a network of series that never
    looks ahead, the last step seen counts instead. Either name may be an input's.

    Returns
    -------
    Unit or None
        ``()`` for vectors; None where ``from_layer`` tells no place (behind a flatten)
        and ``to_layer`` needs one.

    Raises
    ------
    KeyError
        No such layer.
    """
    if not spatial_axes(trace, to_layer):
        return ()
    axes = spatial_axes(trace, from_layer)
    places: list[Fraction | None] = []
    for each in _anchors(trace, source).get(from_layer, ()):
        if not each.placed:
            places.append(None)
        elif each.axis in axes:
            places.append(each.centre(unit[axes.index(each.axis)]))
        else:
            places.append(each.centre(0))
    found = _unit_at(trace, to_layer, places, source)
    here, there = shape_of(trace, from_layer), shape_of(trace, to_layer)
    if found is None and [here[a] for a in axes] == [
        there[a] for a in spatial_axes(trace, to_layer)
    ]:
        return unit
    return found


def locate(
    trace: Trace,
    layer_name: str,
    position: Sequence[float],
    source: str = "input",
) -> Unit | None:
    """Return the unit of a layer whose place is nearest to an input position.

    Its place is the one by which ``carry`` goes.

    Parameters
    ----------
    position
        ``(y, x)`` or ``(t,)`` in input positions; ``0.0`` is the centre of the first.

    Returns
    -------
    Unit or None
        ``()`` for vectors; None where the layer has maps but no place in the input.

    Raises
    ------
    KeyError
        No such layer.
    """
    return _unit_at(trace, layer_name, [Fraction(at) for at in position], source)
