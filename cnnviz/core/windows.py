"""Axis maps of windows: sliding, transposed and adaptive."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from cnnviz.core.axismaps import Interval, Mask, Pace, along, empty, widened
from cnnviz.core.formulas import adaptive_window


@dataclass(frozen=True, slots=True)
class Slide:
    """A window that steps along: output ``i`` reads ``i·stride − before + t·dilation``.

    Also a plain copy (one tap, stride 1), a crop, a pad and a part of a concatenation.

    Attributes
    ----------
    outputs, length
        Sizes of the output and the input axis.
    before, after
        Padding, negative where cropped.
    mode
        What padding holds; ``"reflect"``, ``"replicate"`` and ``"circular"`` read
        positions of the input, all others nothing.
    bounded
        What lies outside the input belongs to something else, such as the other
        parts of a concatenation.
    """

    gathers: ClassVar[bool] = False

    out: int
    outputs: int
    length: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    mode: str = "zeros"
    bounded: bool = False

    @property
    def copies(self) -> bool:
        """Whether output ``i`` reads input ``i`` and nothing else."""
        return (
            self.kernel == self.stride == 1
            and self.before == 0
            and self.outputs == self.length
        )

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        one_to_one = self.kernel == self.stride == 1
        inside = 0 <= self.before <= self.outputs - self.length
        if self.copies or (one_to_one and inside and wanted.shape[axis] == 1):
            return wanted
        wanted = widened(wanted, axis, self.outputs)
        if self.mode not in ("reflect", "replicate", "circular"):
            return self._spread(wanted, axis, self.before, self.length)
        end = self.before + self.length
        padded = self._spread(wanted, axis, 0, end + self.after)
        read: Mask = padded[along(axis, slice(self.before, end))].copy()
        for place in (*range(self.before), *range(end, end + self.after)):
            source = along(axis, self._source(place - self.before))
            read[source] |= padded[along(axis, place)]
        return read

    def _spread(self, wanted: Mask, axis: int, before: int, length: int) -> Mask:
        """Let every tap mark what it reads inside ``length``."""
        read = empty(wanted, axis, length)
        for tap in range(self.kernel):
            offset = tap * self.dilation - before
            first = max(0, -(offset // self.stride))
            last = min(self.outputs - 1, (length - 1 - offset) // self.stride)
            if first > last:
                continue
            start = first * self.stride + offset
            stop = last * self.stride + offset + 1
            read[along(axis, slice(start, stop, self.stride))] |= wanted[
                along(axis, slice(first, last + 1))
            ]
        return read

    def _source(self, at: int) -> int:
        """Return the input position whose value padding shows at ``at``."""
        if self.mode == "circular":
            return at % self.length
        if self.mode == "replicate":
            return min(max(at, 0), self.length - 1)
        return -at if at < 0 else 2 * (self.length - 1) - at

    def interval(self, wanted: Interval) -> Interval | None:
        """See ``AxisMap``."""
        reach = self.dilation * (self.kernel - 1)
        first = wanted[0] * self.stride - self.before
        last = wanted[1] * self.stride - self.before + reach
        if self.bounded:
            first, last = max(first, 0), min(last, self.length - 1)
        return (first, last) if first <= last else None

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        return 1, self.stride


@dataclass(frozen=True, slots=True)
class Scatter:
    """A transposed window: input ``i`` adds to ``i·stride − before + t·dilation``."""

    gathers: ClassVar[bool] = False

    out: int
    outputs: int
    length: int
    kernel: int
    stride: int
    dilation: int = 1
    before: int = 0

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        wanted = widened(wanted, axis, self.outputs)
        read = empty(wanted, axis, self.length)
        for tap in range(self.kernel):
            offset = tap * self.dilation - self.before
            first = max(0, -(offset // self.stride))
            last = min(self.length - 1, (self.outputs - 1 - offset) // self.stride)
            if first > last:
                continue
            start = first * self.stride + offset
            stop = last * self.stride + offset + 1
            read[along(axis, slice(first, last + 1))] |= wanted[
                along(axis, slice(start, stop, self.stride))
            ]
        return read

    def _hits(self, output: int) -> list[int]:
        """Return the inputs, inside or outside, that add to an output."""
        places = (
            output + self.before - tap * self.dilation for tap in range(self.kernel)
        )
        return [at // self.stride for at in places if at % self.stride == 0]

    def interval(self, wanted: Interval) -> Interval | None:
        """See ``AxisMap``. The hull over one period of the stride at either end."""
        first, last = wanted
        near_first = range(first, min(first + self.stride, last + 1))
        near_last = range(max(last - self.stride + 1, first), last + 1)
        lows = [at for output in near_first for at in self._hits(output)]
        highs = [at for output in near_last for at in self._hits(output)]
        return (min(lows), max(highs)) if lows and highs else None

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        return self.stride, 1


@dataclass(frozen=True, slots=True)
class Adapt:
    """Adaptive pooling: output ``i`` reads ``⌊iL/n⌋ … ⌈(i+1)L/n⌉ − 1``."""

    gathers: ClassVar[bool] = False

    out: int
    outputs: int
    length: int

    def _window(self, output: int) -> Interval:
        return adaptive_window(output, self.length, self.outputs)

    def pull(self, wanted: Mask, axis: int) -> Mask:
        """See ``AxisMap``."""
        if self.outputs in (1, self.length):
            return wanted
        wanted = widened(wanted, axis, self.outputs)
        read = empty(wanted, axis, self.length)
        for output in range(self.outputs):
            first, last = self._window(output)
            read[along(axis, slice(first, last + 1))] |= wanted[
                along(axis, slice(output, output + 1))
            ]
        return read

    def interval(self, wanted: Interval) -> Interval | None:
        """See ``AxisMap``."""
        return self._window(wanted[0])[0], self._window(wanted[1])[1]

    def pace(self) -> Pace | None:
        """See ``AxisMap``."""
        if self.outputs == 1 < self.length:
            return None
        common = math.gcd(self.outputs, self.length)
        return self.outputs // common, self.length // common
