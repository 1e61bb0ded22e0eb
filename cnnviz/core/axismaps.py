"""How one axis of a layer's input is read along one axis of its output.

A layer that reads its input axis by axis (a convolution, a pool, a crop, a sum over an
axis …) is a tuple of such maps, one per input axis. Each map answers three questions:

``pull``
    which input positions a boolean set of output positions reads;
``interval``
    the same for an interval, not clipped to the input: padding counts as read;
``pace``
    after how many outputs the same pattern is read again, and how far on.

Sets are boolean arrays that may have size 1 along an axis on which they do not vary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Interval = tuple[int, int]
"""``(first, last)``, both read."""

Pace = tuple[int, int]
"""``(outputs, inputs)``: so many outputs on, the place read is so many inputs on."""


class AxisMap(Protocol):
    """What every map offers. ``out`` is the output axis it follows, if any."""

    gathers: ClassVar[bool]
    """True where any output may read far beyond its own place."""

    @property
    def out(self) -> int | None:
        """The output axis this input axis is read along, or None."""
        ...

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """Turn ``axis`` of a set of outputs into the inputs they read."""
        ...

    def interval(self, wanted: Interval) -> Interval | None:
        """Return the inputs read by an interval of outputs; None if there are none."""
        ...

    def pace(self) -> Pace | None:
        """Return the period of outputs and its step; None if the place is lost."""
        ...


def any_over(wanted: Mask, axes: tuple[int, ...]) -> Mask:
    """Return where anything is wanted along ``axes``, which shrink to 1."""
    found: Mask = np.logical_or.reduce(wanted, axis=axes, keepdims=True)
    return found


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """Return the index that takes ``part`` of one axis."""
    return (slice(None),) * axis + (part,)


def widened(wanted: Mask, axis: int, size: int) -> Mask:
    """Spell out an axis on which the set does not vary."""
    if wanted.shape[axis] == size:
        return wanted
    shape = (*wanted.shape[:axis], size, *wanted.shape[axis + 1 :])
    return np.broadcast_to(wanted, shape)


def empty(wanted: Mask, axis: int, size: int) -> Mask:
    """Return an empty set whose ``axis`` has ``size`` positions."""
    return np.zeros((*wanted.shape[:axis], size, *wanted.shape[axis + 1 :]), np.bool_)


@dataclass(frozen=True, slots=True)
class Whole:
    """Every output reads the whole axis; ``out`` where the axis is still there."""

    gathers: ClassVar[bool] = True

    length: int
    out: int | None = None

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        return any_over(wanted, (axis,))

    def interval(self, wanted: Interval) -> Interval | None:  # noqa: ARG002
        """See ``AxisMap``."""
        return 0, self.length - 1

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        return (1, 1) if self.out is not None else None


@dataclass(frozen=True, slots=True)
class Past:
    """Every output reads all positions up to its own (a recurrent layer's time)."""

    gathers: ClassVar[bool] = True

    length: int
    out: int

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        wanted = widened(wanted, axis, self.length)
        backwards = np.flip(wanted, axis)
        later: Mask = np.logical_or.accumulate(backwards, axis)
        return np.flip(later, axis)

    def interval(self, wanted: Interval) -> Interval | None:
        """See ``AxisMap``."""
        return 0, wanted[1]

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        return 1, 1


@dataclass(frozen=True, slots=True)
class Pick:
    """One position is read, whatever the output."""

    gathers: ClassVar[bool] = False
    out: ClassVar[None] = None

    length: int
    index: int

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        read = empty(wanted, axis, self.length)
        read[along(axis, slice(self.index, self.index + 1))] = any_over(wanted, (axis,))
        return read

    def interval(self, wanted: Interval) -> Interval | None:  # noqa: ARG002
        """See ``AxisMap``."""
        return self.index, self.index

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        return 1, 0


@dataclass(frozen=True, slots=True)
class Grouped:
    """Channels in ``groups`` blocks: each output reads its own block of inputs."""

    gathers: ClassVar[bool] = True

    out: int
    outputs: int
    length: int
    groups: int

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        if wanted.shape[axis] == 1:
            return wanted
        before, after = wanted.shape[:axis], wanted.shape[axis + 1 :]
        blocks = wanted.reshape(*before, self.groups, -1, *after)
        each = any_over(blocks, (axis + 1,)).squeeze(axis + 1)
        return np.repeat(each, self.length // self.groups, axis=axis)

    def interval(self, wanted: Interval) -> Interval | None:
        """See ``AxisMap``."""
        made, read = self.outputs // self.groups, self.length // self.groups
        return wanted[0] // made * read, (wanted[1] // made + 1) * read - 1

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        return None
