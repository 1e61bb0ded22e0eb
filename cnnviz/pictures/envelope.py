"""A line of any length as the pixels of a screen show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array

_CROWDED = 2
"""From so many samples in a pixel on, a pixel column is drawn as one bar."""


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """What to draw of a line; sample ``i`` covers ``i … i + 1`` of the axis.

    Attributes
    ----------
    x, y
        ``(n,)`` float64: places on the axis, values in the data's unit.
    bars
        True: each two points are a bar of their own, least and largest value of a
        pixel column, and as far as the last value of the column before. False: a
        line through the samples, NaN where it breaks.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bars: bool


class Envelope:
    """A line whose least and largest value under any pixel are found quickly.

    Missing samples break the line and are never bridged.

    Parameters
    ----------
    values
        ``(T,)``, any real number type; NaN or infinite where missing.
    """

    def __init__(self, values: Array) -> None:
        y = np.asarray(values, np.float64)
        known = np.isfinite(y)
        self._values = np.where(known, y, np.nan)
        self._known, self._gaps = known, not known.all()
        self._low, self._high = y, y
        if self._gaps:
            self._low = np.where(known, y, np.inf)
            self._high = np.where(known, y, -np.inf)
        self.count = len(y)
        self.minimum = float(self._low.min(initial=np.inf)) if known.any() else np.nan
        self.maximum = float(self._high.max(initial=-np.inf)) if known.any() else np.nan

    @classmethod
    def where(cls, values: Array, chosen: NDArray[np.bool_]) -> Envelope:
        """Return the chosen pieces of a line, each with its neighbours on both sides.

        Parameters
        ----------
        values, chosen
            ``(T,)``.
        """
        near = chosen.copy()
        near[1:] |= chosen[:-1]
        near[:-1] |= chosen[1:]
        return cls(np.where(near, values, np.nan))

    def strokes(self, first: float, last: float, pixels: int) -> Strokes:
        """Return what shows between two places of the axis.

        Parameters
        ----------
        first, last
            Ends of the view; ``0 … T`` is the whole line.
        pixels
            Columns of the screen between them, at least 1.
        """
        wide = (last - first) / pixels
        if wide >= _CROWDED:
            return self._bars(first, wide, pixels)
        start = max(math.floor(first - 0.5), 0)
        stop = min(math.ceil(last + 0.5), self.count)
        x = np.arange(start, stop, dtype=np.float64) + 0.5
        y = self._values[start:stop]
        if not self._gaps:
            return Strokes(x, y, False)
        known = np.pad(self._known[start:stop], 1)
        alone = known[1:-1] & ~known[:-2] & ~known[2:]
        times = np.where(alone, 2, 1)
        x, y = np.repeat(x, times), np.repeat(y, times)
        second = np.cumsum(times)[alone] - 1
        x[second - 1] -= wide / 2
        x[second] += wide / 2
        return Strokes(x, y, False)

    def _bars(self, first: float, wide: float, pixels: int) -> Strokes:
        """Return a bar for every pixel column that holds a sample."""
        edges = first + wide * np.arange(pixels + 1)
        at = np.ceil(edges - 0.5).clip(0, self.count).astype(np.int64)
        full = np.flatnonzero(np.diff(at))
        if not len(full):
            return Strokes(np.empty(0), np.empty(0), True)
        starts, stop = at[full], at[full[-1] + 1]
        low = np.minimum.reduceat(self._low[:stop], starts)
        high = np.maximum.reduceat(self._high[:stop], starts)
        before = self._values[starts[1:] - 1]  # NaN where the line is broken there
        joined = ~np.isnan(before) & ~np.isnan(self._values[starts[1:]])
        low[1:][joined] = np.minimum(low[1:], before)[joined]
        high[1:][joined] = np.maximum(high[1:], before)[joined]
        there = np.isfinite(low) & np.isfinite(high)
        x = np.repeat((edges[full] + wide / 2)[there], 2)
        return Strokes(x, np.stack([low[there], high[there]], 1).ravel(), True)
