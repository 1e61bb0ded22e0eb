"""What every layer's units see of an input axis, in one pass over the layers.

The interval a unit sees, padding included, moves on steadily from unit to unit, or,
behind transposed windows and adaptive pools, in a pattern that repeats after some units
(for the steady case: Araujo, Norris and Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill 2019).
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cnnviz.core.axismaps import AxisMap, Interval
from cnnviz.core.edges import Edge
from cnnviz.core.reads import edges
from cnnviz.core.shapes import shape_of, spatial_axes
from cnnviz.core.trace import Trace
from cnnviz.core.windows import Slide


@dataclass(frozen=True, slots=True)
class Reach:
    """How a layer looks at one input axis.

    Attributes
    ----------
    firsts, lasts
        First and last input position seen by units 0, 1, … of one period.
    step
        Input positions from one period to the next; 0 where ``axis`` is None.
    axis
        The layer's axis along which the place moves, or None.
    whole
        What is seen by ways that mix all positions, or None.
    placed
        False where only such ways are left.
    """

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    step: int
    axis: int | None
    whole: Interval | None = None
    placed: bool = True

    def sees(self, first: int, last: int | None = None) -> Interval:
        """Return the interval seen by one unit, or by those from first to last."""
        period, last = len(self.firsts), first if last is None else last
        early = range(first, min(first + period, last + 1))
        late = range(max(last - period + 1, first), last + 1)
        return (
            min(self.firsts[u % period] + u // period * self.step for u in early),
            max(self.lasts[u % period] + u // period * self.step for u in late),
        )

    def centre(self, unit: int) -> Fraction:
        """Return the middle of what a unit sees."""
        return Fraction(sum(self.sees(unit)), 2)

    @property
    def jump(self) -> Fraction:
        """Mean input positions from one unit to the next."""
        return Fraction(self.step, len(self.firsts))

    @property
    def start(self) -> Fraction:
        """Centre of unit 0 on the straight line through all centres."""
        period = len(self.firsts)
        total = sum(
            (self.centre(u) - u * self.jump for u in range(period)), Fraction(0)
        )
        return total / period

    @property
    def size(self) -> int:
        """Length of the longest interval."""
        return max(b - a for a, b in zip(self.firsts, self.lasts, strict=True)) + 1

    def nearest(self, place: Fraction, units: int) -> int:
        """Return the unit whose centre is nearest, the lower of two equally near."""
        about = (place - self.start) / self.jump
        period = len(self.firsts)
        low, high = math.floor(about) - period, math.ceil(about) + period
        near = range(max(low, 0), min(high, units - 1) + 1)
        if not near:
            return 0 if about < 0 else units - 1
        return min(near, key=lambda unit: (abs(self.centre(unit) - place), unit))


def union(a: Interval | None, b: Interval | None) -> Interval | None:
    """Return the interval that covers both; None counts as empty."""
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), max(a[1], b[1])


def _through(reach: Reach, edge: Edge, given: Sequence[int]) -> Reach:
    """Follow one input axis through a layer's edge."""
    if reach.axis is None:
        return reach
    length = given[reach.axis]
    each = None if edge.maps is None else edge.maps[reach.axis]
    if isinstance(each, Slide) and each.copies:
        return reach if each.out == reach.axis else replace(reach, axis=each.out)
    pace = None if each is None else each.pace()
    first, last = reach.sees(0, length - 1)
    whole = union(reach.whole, (first, last))
    if each is None or pace is None:
        if length == 1:
            return replace(reach, axis=None)
        return Reach((first,), (last,), 0, None, whole, placed=False)
    if each.gathers:
        return replace(reach, axis=each.out, whole=whole if length > 1 else reach.whole)
    outputs, inputs = pace
    rounds = len(reach.firsts) // math.gcd(len(reach.firsts), inputs)
    seen = [reach.sees(*_read(each, unit, outputs)) for unit in range(outputs * rounds)]
    return Reach(
        tuple(first for first, _ in seen),
        tuple(last for _, last in seen),
        reach.step * rounds * inputs // len(reach.firsts),
        each.out,
        reach.whole,
    )


def _read(each: AxisMap, unit: int, period: int) -> Interval:
    """Return what a unit reads; one that reads nothing stands where others read."""
    if isinstance(each, Slide) and each.bounded:
        each = replace(each, bounded=False)
    found = each.interval((unit, unit))
    if found is None:
        found = each.interval((unit - period, unit))
        assert found is not None
        found = found[0], found[0]
    return found


def _merged(ways: Sequence[Reach]) -> Reach:
    """Unite the ways that lead to a layer; those that keep the place tell it."""
    if all(way == ways[0] for way in ways[1:]):
        return ways[0]
    whole = None
    for way in ways:
        whole = union(whole, way.whole)
    local = [way for way in ways if way.placed] or list(ways)
    moving = [way for way in local if way.axis is not None] or local
    widest = max(moving, key=lambda way: way.size)
    same = (widest.jump, widest.axis)
    alike = [way for way in moving if (way.jump, way.axis) == same]
    period = math.lcm(*(len(way.firsts) for way in alike))
    seen = [[way.sees(unit) for way in alike] for unit in range(period)]
    return Reach(
        tuple(min(first for first, _ in each) for each in seen),
        tuple(max(last for _, last in each) for each in seen),
        int(widest.jump * period),
        widest.axis,
        whole,
        widest.placed,
    )


Reaches = dict[str, tuple[Reach, ...]]
_known: weakref.WeakKeyDictionary[Trace, dict[str, Reaches]] = (
    weakref.WeakKeyDictionary()
)


def reaches(trace: Trace, source: str) -> Reaches:
    """Return every layer's reach into an input's spatial axes. Found once per trace."""
    found = _known.setdefault(trace, {})
    if source in found:
        return found[source]
    reach: Reaches = {
        source: tuple(
            Reach((0,), (0,), 1, axis) for axis in spatial_axes(trace, source)
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
