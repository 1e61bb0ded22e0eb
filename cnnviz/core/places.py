"""Sizes and centres of receptive fields, and the same place in another layer.

The interior unit ``u`` of a layer sees the input positions ``first + u·jump`` to
``last + u·jump`` of an axis. One pass over the layers finds these three numbers for
all of them, as exact fractions (Araujo, Norris and Sim, Distill 2019: size
``last − first + 1``, start ``(first + last)/2``).
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cnnviz.core.edges import Edge
from cnnviz.core.layers import Unit
from cnnviz.core.reads import edges
from cnnviz.core.shapes import shape_of, spatial_axes
from cnnviz.core.trace import Trace

Extent = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class FieldSize:
    """Receptive field of a layer's interior units, one entry per input axis.

    Attributes
    ----------
    size
        Positions of the input, padding included and not clamped; where ``whole``, the
        part of the input that is really there.
    jump
        Input positions between neighbouring units; None where the axis is gone.
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


@dataclass(frozen=True, slots=True)
class _Reach:
    """How a layer looks at one input axis.

    Attributes
    ----------
    first, last, jump
        See the module; ``jump`` is 0 where ``axis`` is None.
    axis
        The layer's axis along which the place moves, or None.
    whole
        What is seen by ways that mix all positions, or None.
    placed
        False where only such ways are left.
    """

    first: Fraction
    last: Fraction
    jump: Fraction
    axis: int | None
    whole: Extent | None = None
    placed: bool = True

    @property
    def start(self) -> Fraction:
        return (self.first + self.last) / 2


def _union(a: Extent | None, b: Extent | None) -> Extent | None:
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), max(a[1], b[1])


def _through(reach: _Reach, edge: Edge, given: Sequence[int]) -> _Reach:
    """Follow one input axis through a layer's edge."""
    if reach.axis is None:
        return reach
    length = given[reach.axis]
    each = None if edge.maps is None else edge.maps[reach.axis]
    shift = None if each is None else each.shift()
    all_seen = reach.first, reach.last + (length - 1) * reach.jump
    if each is None or shift is None:
        if length == 1:
            return replace(reach, jump=Fraction(0), axis=None)
        whole = _union(reach.whole, all_seen)
        return _Reach(*all_seen, Fraction(0), None, whole, placed=False)
    return _Reach(
        reach.first + shift[0] * reach.jump,
        reach.last + shift[1] * reach.jump,
        reach.jump * shift[2],
        each.out,
        _union(reach.whole, all_seen) if each.gathers and length > 1 else reach.whole,
    )


def _merged(ways: Sequence[_Reach]) -> _Reach:
    """Unite the ways that lead to a layer; those that keep the place tell it."""
    whole = None
    for way in ways:
        whole = _union(whole, way.whole)
    local = [way for way in ways if way.placed] or list(ways)
    moving = [way for way in local if way.axis is not None] or local
    widest = max(moving, key=lambda way: way.last - way.first)
    return _Reach(
        min(way.first for way in moving),
        max(way.last for way in moving),
        widest.jump,
        widest.axis,
        whole,
        widest.placed,
    )


Reaches = dict[str, tuple[_Reach, ...]]
_known: weakref.WeakKeyDictionary[Trace, dict[str, Reaches]] = (
    weakref.WeakKeyDictionary()
)


def _reaches(trace: Trace, source: str) -> Reaches:
    """Return every layer's reach into an input's spatial axes. Found once per trace."""
    found = _known.setdefault(trace, {})
    if source in found:
        return found[source]
    reach: Reaches = {
        source: tuple(
            _Reach(Fraction(0), Fraction(0), Fraction(1), axis)
            for axis in spatial_axes(trace, source)
        )
    }
    for layer in trace.layers:
        ways = [
            tuple(_through(axis, edge, given) for axis in reach[name])
            for name, given, edge in zip(
                layer.inputs, layer.input_shapes, edges(layer), strict=True
            )
            if name in reach and given == shape_of(trace, name)
        ]
        if ways:
            reach[layer.name] = tuple(map(_merged, zip(*ways, strict=True)))
    found[source] = reach
    return reach


def field_size(trace: Trace, layer_name: str, source: str = "input") -> FieldSize:
    """Return size, jump and start of the receptive fields of a layer's interior units.

    Branches count with the union of what they see. Empty where the input does not
    lead to the layer, or has no spatial axes.

    Raises
    ------
    KeyError
        No such layer or input.
    """
    shape_of(trace, layer_name)
    reach = _reaches(trace, source).get(layer_name, ())
    sizes = []
    lengths = [shape_of(trace, source)[axis] for axis in spatial_axes(trace, source)]
    for each, length in zip(reach, lengths, strict=bool(reach)):
        if each.whole is None:
            sizes.append(math.ceil(each.last - each.first + 1))
        else:
            extent = _union(each.whole, (each.first, each.last))
            assert extent is not None
            first, last = (
                max(extent[0], Fraction(0)),
                min(extent[1], Fraction(length - 1)),
            )
            sizes.append(math.floor(last) - math.ceil(first) + 1)
    return FieldSize(
        tuple(sizes),
        tuple(None if each.axis is None else float(each.jump) for each in reach),
        tuple(float(each.start) if each.placed else None for each in reach),
        tuple(each.whole is not None for each in reach),
    )


def _nearest(at: Fraction, size: int) -> int:
    """Round to a unit, the lower one when two are equally near, and clamp."""
    return min(max(math.ceil(at - Fraction(1, 2)), 0), size - 1)


def _unit_at(
    trace: Trace, name: str, places: Sequence[Fraction | None], source: str
) -> Unit | None:
    """Return the unit whose centre is nearest; None where an axis tells no place."""
    shape = shape_of(trace, name)
    reach = _reaches(trace, source).get(name, ())
    unit = []
    for axis in spatial_axes(trace, name):
        found = [
            (place - each.start) / each.jump
            for place, each in zip(places, reach, strict=False)
            if each.axis == axis and place is not None and each.jump
        ]
        if found:
            unit.append(_nearest(found[0], shape[axis]))
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
    ``unit``; the lower one when two are equally near. Either name may be an input's.

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
    for each in _reaches(trace, source).get(from_layer, ()):
        if not each.placed:
            places.append(None)
        elif each.axis in axes:
            places.append(each.start + each.jump * unit[axes.index(each.axis)])
        else:
            places.append(each.start)
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
    """Return the unit of a layer whose centre is nearest to an input position.

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
