"""Which steps of time are in view, where they lie on the screen, and when they were."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnnviz.pictures.ticks import Ticks, clock, fixed, ticks

_CLOSEST = 96.0
"""Screen pixels a step may take."""

_FINEST = 6
"""Decimals of a time in words, at most."""


class TimeAxis:
    """Steps across a strip of the screen; step ``t`` covers ``t … t + 1``.

    Steps lie evenly, as a network reads them, whatever the times between them.

    Attributes
    ----------
    count
        Number of steps.
    first, last
        What lies at ``left`` and ``right``; ``0 … count`` when all is in view.
    left, right
        Screen pixels.
    seconds
        The times are seconds; else they count steps.
    counted
        What is counted; steps, where the values do run along time.
    beyond
        ``(before, after)`` steps outside the data that zooming out may reach.
    """

    def __init__(self) -> None:
        self._time: NDArray[np.float64] = np.zeros(0)
        self._middles: NDArray[np.float64] = np.zeros(0)
        self.first, self.last = 0.0, 1.0
        self.left, self.right = 0.0, 1.0
        self.seconds, self.counted = False, "step"
        self.beyond = (0, 0)

    def set_steps(self, time: NDArray[np.float64], seconds: bool) -> None:
        """Set other steps; the view stays if they are equally many.

        Parameters
        ----------
        time
            ``(T,)``: when each step was.
        seconds
            What ``time`` is in, seconds or steps.
        """
        changed = len(time) != self.count
        self._time, self.seconds = time, seconds
        self._middles = np.arange(len(time), dtype=np.float64) + 0.5
        if not (np.diff(time) >= 0).all():
            self._time, self.seconds = self._middles - 0.5, False
        if changed:
            self.beyond = (0, 0)
            self.fit()

    @property
    def count(self) -> int:
        """Number of steps."""
        return len(self._time)

    @property
    def scale(self) -> float:
        """Screen pixels a step takes."""
        return (self.right - self.left) / (self.last - self.first)

    @property
    def fitted(self) -> bool:
        """Whether all steps are in view and nothing else."""
        return (self.first, self.last) == (0.0, float(max(self.count, 1)))

    def fit(self) -> None:
        """Show all steps."""
        self.first, self.last = 0.0, float(max(self.count, 1))

    def across(self, step: float) -> float:
        """Return where a place of the axis lies on the screen."""
        return self.left + (step - self.first) * self.scale

    def place(self, x: float) -> float:
        """Return the place of the axis at a point of the screen."""
        return self.first + (x - self.left) / self.scale

    def step(self, x: float) -> int | None:
        """Return the step at a point of the screen, or None where there is none."""
        found = math.floor(self.place(x))
        return found if 0 <= found < self.count else None

    def middle(self, step: int) -> float:
        """Return where the middle of a step lies on the screen."""
        return self.across(step + 0.5)

    def zoom(self, factor: float, x: float) -> None:
        """Zoom about a point of the screen, between everything and very close."""
        low, high = self._limits()
        under, share = self.place(x), (x - self.left) / (self.right - self.left)
        closest = min((self.right - self.left) / _CLOSEST, high - low)
        wide = min(max((self.last - self.first) / factor, closest), high - low)
        if factor < 1 and wide >= self.count > self.last - self.first:
            self.fit()
            return
        self.show(under - share * wide, under + (1 - share) * wide)

    def pan(self, by: float) -> None:
        """Move what is shown by screen pixels."""
        steps = by / self.scale
        self.show(self.first - steps, self.last - steps)

    def show(self, first: float, last: float) -> None:
        """Show a range, moved so that it does not leave what there is."""
        low, high = self._limits()
        wide = min(last - first, high - low)
        self.first = min(max(first, low), high - wide)
        self.last = self.first + wide

    def _limits(self) -> tuple[float, float]:
        before, after = self.beyond
        return float(-before), float(max(self.count, 1) + after)

    def ticks(self, apart: float) -> tuple[Ticks, tuple[float, ...]]:
        """Return round times in view, and where they lie on the screen.

        Parameters
        ----------
        apart
            Screen pixels a label takes, space included.
        """
        if not self.count:
            return Ticks((), (), self.counted), ()
        ends = (self.first, self.last)
        low, high = np.interp(ends, self._middles, self._time).tolist()
        wide = (min(self.last, self.count) - max(self.first, 0.0)) * self.scale
        found = ticks(low, high, max(int(wide / apart), 1), self.seconds)
        if not self.seconds:
            found = replace(found, unit=self.counted)
        places = np.interp(found.at, self._time, self._middles)
        return found, tuple(self.across(place) for place in places.tolist())

    def words(self, step: int, unit: str = "s") -> str:
        """Say when a step was: ``"2.54 s"``, ``"1:02:40.5"``, ``"step 127"``.

        Parameters
        ----------
        unit
            What round times are written in now: seconds alone, or more.
        """
        when = float(self._time[step])
        if not self.seconds:
            return f"{self.counted} {fixed(when, 0)}"
        apart = float(self._time[-1] - self._time[0]) / max(self.count - 1, 1)
        decimals = math.ceil(-math.log10(apart) - 1e-9) if apart > 0 else 0
        decimals = min(max(decimals, 0), _FINEST)
        if unit == "s":
            return f"{fixed(when, decimals)} s"
        return clock(when, decimals)
