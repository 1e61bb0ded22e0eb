"""Where a picture lies in its panel: fitting, zooming about a point, panning."""

from __future__ import annotations

import copy
import math

from PySide6.QtCore import QPointF
from PySide6.QtGui import QTransform

_CLOSEST = 96.0
"""Screen pixels a picture pixel may take."""

_LOSS = 0.8
"""Fitting uses whole screen pixels where that keeps so much of the size."""


class Camera:
    """The way from picture pixels to screen pixels and back.

    Parameters
    ----------
    pad
        Screen pixels kept free around a fitted picture.
    whole
        Prefer whole device pixels per picture pixel when fitting, for even cells.

    Attributes
    ----------
    room
        Width and height of the panel, in screen pixels.
    picture
        Rows and columns of the picture.
    ratio
        Device pixels per screen pixel.
    stretch
        A fitted picture fills the panel, its pixels need not be square.
    scale
        Screen pixels per picture pixel, across and down.
    offset
        Where the picture's corner lies on the screen.
    fitted
        The whole picture is in view, and stays so when the panel changes.
    """

    def __init__(self, pad: int = 0, whole: bool = True) -> None:
        self._pad, self._whole = pad, whole
        self.room = (1.0, 1.0)
        self.picture = (0, 0)
        self.ratio = 1.0
        self.stretch = False
        self.scale = (1.0, 1.0)
        self.offset = QPointF()
        self.fitted = True

    @property
    def device_scale(self) -> float:
        """Device pixels per picture pixel, the lesser of the two axes."""
        return min(self.scale) * self.ratio

    def to_picture(self, at: QPointF) -> QPointF:
        """Turn a point on the screen into picture coordinates."""
        x = (at.x() - self.offset.x()) / self.scale[0]
        y = (at.y() - self.offset.y()) / self.scale[1]
        return QPointF(x, y)

    def to_screen(self, at: QPointF) -> QPointF:
        """Turn picture coordinates into a point on the screen."""
        return QPointF(
            at.x() * self.scale[0] + self.offset.x(),
            at.y() * self.scale[1] + self.offset.y(),
        )

    def transform(self) -> QTransform:
        """Return the way to the screen as Qt wants it."""
        across, down = self.scale
        return QTransform(across, 0, 0, down, self.offset.x(), self.offset.y())

    def towards(self, picture: tuple[int, int], stretch: bool) -> Camera:
        """Return the camera of another picture: one of the same size is seen alike."""
        other = copy.copy(self)
        other.picture, other.stretch = picture, stretch
        if (picture, stretch) != (self.picture, self.stretch):
            other.fit()
        return other

    def _fitting(self) -> tuple[float, float]:
        """Return the scale at which the whole picture is in view."""
        high, wide = self.picture
        x = max(self.room[0] - 2 * self._pad, 1) / max(wide, 1)
        y = max(self.room[1] - 2 * self._pad, 1) / max(high, 1)
        if self.stretch:
            return x, y
        device = min(x, y) * self.ratio
        if self._whole and math.floor(device) >= _LOSS * device:
            device = math.floor(device)
        return (device / self.ratio,) * 2

    def fit(self) -> None:
        """Show the whole picture, centred."""
        self.fitted = True
        self._place(self._fitting(), QPointF())

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zoom about a point on the screen, between fitting and very close."""
        fitting, (x, y) = self._fitting(), self.scale
        factor = min(factor, max(_CLOSEST, *fitting) / max(x, y))
        if x * factor <= fitting[0] * 1.001:
            self.fit()
            return
        under = self.to_picture(at)
        self.fitted = False
        scale = (x * factor, y * factor)
        left = at.x() - under.x() * scale[0]
        self._place(scale, QPointF(left, at.y() - under.y() * scale[1]))

    def pan(self, by: QPointF) -> None:
        """Move the picture by screen pixels; it never leaves the panel."""
        if not self.fitted:
            self._place(self.scale, self.offset + by)

    def _place(self, scale: tuple[float, float], offset: QPointF) -> None:
        """Settle on whole device pixels: centred where there is room, else no gap."""
        high, wide = self.picture

        def settle(free: float, wanted: float) -> float:
            if free >= 0:
                wanted = free / 2
            else:
                wanted = min(max(wanted, free - self._pad), float(self._pad))
            return math.floor(wanted * self.ratio + 0.5) / self.ratio

        self.scale = scale
        self.offset = QPointF(
            settle(self.room[0] - wide * scale[0], offset.x()),
            settle(self.room[1] - high * scale[1], offset.y()),
        )
