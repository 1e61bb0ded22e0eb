"""The receptive field drawn over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from cnnviz.panels import theme
from cnnviz.panels.strokes import hairline
from cnnviz.panels.time_axis import TimeAxis

if TYPE_CHECKING:
    from cnnviz.core.axismaps import Interval

_FILL, _READ = 24, 32
"""How much accent lies over the span, and over the steps that are read, 0 … 255."""

_APART = 5.0
"""Screen pixels a step takes from which on each is a tick of its own."""

_TICK = 2.0
"""Screen pixels a tick is wide, at least."""


class FieldSpan:
    """A span of steps, and which of them are read.

    Attributes
    ----------
    span
        ``(first, last)`` of what is read, both included; None for nothing.
    box
        The same, not clipped: padding counts, so it may begin before step 0.
    """

    def __init__(
        self,
        span: Interval | None = None,
        mask: NDArray[np.bool_] | None = None,
        box: Interval | None = None,
        beyond: Sequence[int] = (),
    ) -> None:
        self.span, self.box = span, box
        steps = np.zeros(0, np.int64) if mask is None else np.flatnonzero(mask)
        self._read, self._beyond = _runs(steps), _runs(np.sort(np.asarray(beyond, int)))
        self._count = 0 if mask is None else len(mask)

    @property
    def reach(self) -> tuple[int, int]:
        """Steps the box runs on before the first step and after the last one."""
        if self.box is None:
            return (0, 0)
        return max(-self.box[0], 0), max(self.box[1] + 1 - self._count, 0)

    def paint_span(
        self, painter: QPainter, axis: TimeAxis, area: QRectF, shade: theme.Palette
    ) -> None:
        """Tint the span, more so the steps that are read; outline what is padding."""
        if self.span is None:
            return
        left, right = axis.across(self.span[0]), axis.across(self.span[1] + 1)
        whole = QRectF(left, area.top(), right - left, area.height())
        painter.fillRect(whole & area, shade.color("accent", _FILL))
        for start, stop in _merged(self._read, axis, 1.0):
            read = QRectF(start, area.top(), stop - start, area.height())
            painter.fillRect(read & area, shade.color("accent", _READ))
        if self.box is None or not any(self.reach):
            return
        pen = hairline(painter, shade.color("accent"))
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inner = area.adjusted(0.5, 0.5, -0.5, -0.5)
        before, after = self.reach
        for first, last in ((-before, 0), (self._count, self._count + after)):
            if first < last:
                left, right = axis.across(first), axis.across(last)
                beyond = QRectF(left, inner.top(), right - left, inner.height())
                painter.drawRect(_crisp(beyond))

    def paint_reads(
        self, painter: QPainter, axis: TimeAxis, strip: QRectF, shade: theme.Palette
    ) -> None:
        """Draw a tick for every step that is read, hollow for padding."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade.color("accent"))
        for left, right in self._ticks(self._read, axis, strip):
            painter.drawRect(QRectF(left, strip.top(), right - left, strip.height()))
        painter.setPen(hairline(painter, shade.color("accent")))
        painter.setBrush(shade.color("canvas"))
        for left, right in self._ticks(self._beyond, axis, strip):
            wide = max(right - left, 3.0)
            hollow = QRectF(left, strip.top(), wide, strip.height())
            painter.drawRect(_crisp(hollow.adjusted(0, 0, -1, -1)))

    def _ticks(
        self, runs: NDArray[np.int64], axis: TimeAxis, strip: QRectF
    ) -> list[tuple[float, float]]:
        """Return left and right end of the ticks in view."""
        if axis.scale < _APART:
            found = _merged(runs, axis, 1.0)
        else:
            low, high = axis.place(strip.left()), axis.place(strip.right())
            found = [
                (axis.across(step) + 1, axis.across(step + 1) - 1)
                for start, stop in runs.tolist()
                for step in range(
                    max(start, math.floor(low)), min(stop, math.ceil(high))
                )
            ]
        ticks = []
        for left, right in found:
            wide = max(round(right - left), _TICK)
            start = round((left + right - wide) / 2)
            if start < strip.right() and start + wide > strip.left():
                ticks.append((float(start), float(start + wide)))
        return ticks


def _runs(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``(n, 2)`` start and stop of runs of neighbouring steps."""
    if not len(steps):
        return np.zeros((0, 2), np.int64)
    cuts = np.flatnonzero(np.diff(steps) > 1) + 1
    starts, ends = np.r_[0, cuts], np.r_[cuts, len(steps)] - 1
    return np.stack([steps[starts], steps[ends] + 1], 1)


def _merged(
    runs: NDArray[np.int64], axis: TimeAxis, apart: float
) -> list[tuple[float, float]]:
    """Return runs in screen pixels; those with less than ``apart`` between are one."""
    if not len(runs):
        return []
    ends = axis.left + (runs - axis.first) * axis.scale
    cuts = np.flatnonzero(ends[1:, 0] - ends[:-1, 1] >= apart) + 1
    starts, stops = np.r_[0, cuts], np.r_[cuts, len(ends)] - 1
    return list(zip(ends[starts, 0].tolist(), ends[stops, 1].tolist(), strict=True))


def _crisp(area: QRectF) -> QRectF:
    """Move a rectangle's edges to the middles of pixels."""
    left, top = math.floor(area.left()) + 0.5, math.floor(area.top()) + 0.5
    right, bottom = math.floor(area.right()) + 0.5, math.floor(area.bottom()) + 0.5
    return QRectF(left, top, max(right - left, 1), max(bottom - top, 1))
