"""An edge: what a layer reads of one of its inputs.

Sets of values are boolean arrays of the rank of the array they speak of, with size 1
along axes on which they do not vary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from cnnviz.core.axismaps import AxisMap, Interval, Mask, Whole, any_over
from cnnviz.core.layers import Replay
from cnnviz.core.windows import Slide

Shape = tuple[int, ...]
Box = tuple[Interval, ...]
"""One interval per axis, channels included."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a set of outputs reads of one input.

    Attributes
    ----------
    mask
        The exact set.
    box
        The same as unclipped intervals; None when this input is not read at all.
    exact
        False when everything was assumed for want of a rule.
    """

    mask: Mask
    box: Box | None
    exact: bool = True


class Edge(Protocol):
    """What every kind of edge offers."""

    @property
    def maps(self) -> tuple[AxisMap, ...] | None:
        """One map per input axis, for following a place; None where none is kept."""
        ...

    def pull(self, wanted: Mask, box: Box) -> Reading:
        """Return what a set of outputs with its box reads."""
        ...


def hull(mask: Mask, shape: Shape) -> Box | None:
    """Return the first and last true position per axis, or None for an empty set."""
    if not mask.any():
        return None
    spans = []
    for axis, size in enumerate(shape):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        line = any_over(mask, others).ravel()
        if line.size == 1:
            spans.append((0, size - 1))
        else:
            spans.append((int(line.argmax()), line.size - 1 - int(line[::-1].argmax())))
    return tuple(spans)


def narrowed(mask: Mask, shape: Shape) -> Mask:
    """Drop axes' sizes to 1 where the set does not vary along the first axis."""
    if mask.ndim and 1 < shape[0] == mask.shape[0] and (mask == mask[:1]).all():
        return mask[:1]
    return mask


@dataclass(frozen=True, slots=True)
class Separable:
    """An input read axis by axis.

    Attributes
    ----------
    maps
        One per input axis.
    rank
        Number of the output's axes.
    exact
        False where the maps are a guess.
    """

    maps: tuple[AxisMap, ...]
    rank: int
    exact: bool = True
    _active: tuple[AxisMap, ...] = field(init=False, repr=False)
    """Maps that change the set, those that shrink it first."""
    _order: tuple[int, ...] = field(init=False, repr=False)
    """Output axes in the order of the input's; then those that are not followed."""
    _dropped: tuple[int, ...] = field(init=False, repr=False)
    _bounded: bool = field(init=False, repr=False)
    _copies: bool = field(init=False, repr=False)
    """Every output reads the input at its own place and nothing else."""

    def __post_init__(self) -> None:
        """Note what ``pull`` needs each time."""
        followed = [each.out for each in self.maps if each.out is not None]
        dropped = tuple(axis for axis in range(self.rank) if axis not in followed)
        slides = [each for each in self.maps if isinstance(each, Slide)]
        active = [
            each
            for each in self.maps
            if each.out is not None and not (isinstance(each, Slide) and each.copies)
        ]
        active.sort(key=lambda each: not each.gathers)
        object.__setattr__(self, "_active", tuple(active))
        object.__setattr__(self, "_order", (*followed, *dropped))
        object.__setattr__(self, "_dropped", dropped)
        bounded = any(each.bounded for each in slides)
        copies = (
            len(self.maps) == self.rank == len(slides)
            and all(each.copies for each in slides)
            and [each.out for each in slides] == [*range(self.rank)]
        )
        object.__setattr__(self, "_bounded", bounded)
        object.__setattr__(self, "_copies", copies and not bounded)

    def pull(self, wanted: Mask, box: Box) -> Reading:
        """See ``Edge``."""
        if self._copies:
            return Reading(wanted, box, self.exact)
        mask = self._set(wanted)
        if self._bounded and not mask.any():
            return Reading(mask, None, self.exact)
        spans = []
        for each in self.maps:
            span = each.interval((0, 0) if each.out is None else box[each.out])
            if span is None:
                return Reading(mask, None, self.exact)
            spans.append(span)
        return Reading(mask, tuple(spans), self.exact)

    def _set(self, wanted: Mask) -> Mask:
        if self._dropped:
            wanted = any_over(wanted, self._dropped)
        for each in self._active:
            assert each.out is not None
            wanted = each.pull(wanted, each.out)
        if self._order != tuple(range(self.rank)):
            wanted = wanted.transpose(self._order)
        if self._dropped:
            wanted = wanted.reshape(wanted.shape[: self.rank - len(self._dropped)])
        for axis, each in enumerate(self.maps):
            if each.out is None:
                wanted = each.pull(np.expand_dims(wanted, axis), axis)
        return wanted


def same(shape: Shape) -> Separable:
    """Return the edge of an elementwise layer."""
    return Separable(
        tuple(Slide(axis, size, size) for axis, size in enumerate(shape)), len(shape)
    )


def spread(given: Shape, made: Shape) -> Separable:
    """Return the edge of an operand that is broadcast against others."""
    lead = len(made) - len(given)
    return Separable(
        tuple(
            Slide(axis + lead, size, size) if size == made[axis + lead] else Whole(size)
            for axis, size in enumerate(given)
        ),
        len(made),
    )


def loose(given: Shape, made: Shape) -> Separable:
    """Return the edge of an input that is only a part of what the layer was given.

    A tensor whose parts were overwritten in place has several producers, and nobody
    knows which part is whose: along axes of equal length the place is taken as kept.
    """
    edge = all_of(given, made)
    maps = tuple(
        each if each.out is None else Slide(each.out, each.length, each.length)
        for each in edge.maps
        if isinstance(each, Whole)
    )
    return Separable(maps, len(made), exact=False)


def all_of(given: Shape, made: Shape) -> Separable:
    """Return the edge of a layer whose every output reads everything.

    An axis that is as long after as before still tells the place.
    """
    keeps = len(given) == len(made)
    return Separable(
        tuple(
            Whole(size, axis if keeps and made[axis] == size else None)
            for axis, size in enumerate(given)
        ),
        len(made),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Found by asking the recorded operation itself, or else everything.

    Attributes
    ----------
    index
        Which of the layer's inputs.
    """

    replay: Replay | None
    index: int
    given: Shape
    made: Shape

    @property
    def maps(self) -> tuple[AxisMap, ...]:
        """See ``Edge``."""
        return all_of(self.given, self.made).maps

    def pull(self, wanted: Mask, box: Box) -> Reading:  # noqa: ARG002
        """See ``Edge``."""
        found = None
        if self.replay is not None:
            found = self.replay.reads(np.broadcast_to(wanted, self.made))
        if found is None:
            some = np.full((1,) * len(self.given), bool(wanted.any()))
            return Reading(some, hull(some, self.given), exact=False)
        mask = narrowed(found[self.index].reshape(self.given), self.given)
        return Reading(mask, hull(mask, self.given))
