"""Round numbers along an axis of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnnviz.core.numbers import MINUS

_YEAR = 365.25 * 86400.0

_ROUND = tuple(
    (many * size, size, name)
    for size, name, manies in (
        (1.0, "s", (1, 2, 5, 10, 15, 30)),
        (60.0, "min", (1, 2, 5, 10, 15, 30)),
        (3600.0, "hours", (1, 2, 3, 6, 12)),
        (86400.0, "days", (1, 2, 5, 10, 20, 50, 100, 200)),
    )
    for many in manies
)
"""Round distances in seconds, rising; the unit each is written in, and its name."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Round numbers on an axis.

    Attributes
    ----------
    at
        Where they lie, rising, in the axis's own number.
    labels
        The same in words, in ``unit``.
    unit
        ``"s"``, ``"min"``, ``"hours"``, ``"days"``, ``"years"`` or ``"step"``.
    """

    at: tuple[float, ...]
    labels: tuple[str, ...]
    unit: str


def _decimal(least: float) -> float:
    """Return the least of 1, 2, 5 and 10 times a power of ten that is not below."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= least * (1 - 1e-9))


def _distance(least: float, seconds: bool) -> tuple[float, float, str]:
    """Return a round distance not below ``least``, its unit and the unit's name."""
    if not seconds:
        return max(_decimal(least), 1.0), 1.0, "step"
    if least <= 0.5:
        return _decimal(least), 1.0, "s"
    for found in _ROUND:
        if found[0] >= least * (1 - 1e-9):
            return found
    return max(_decimal(least / _YEAR), 1.0) * _YEAR, _YEAR, "years"


def ticks(low: float, high: float, most: int, seconds: bool = True) -> Ticks:
    """Choose round numbers between two ends.

    Parameters
    ----------
    low, high
        Ends of the axis, finite; seconds, or steps.
    most
        About how many numbers there is room for, at least 1.
    seconds
        Write long times in minutes, hours, days or years; else count steps.
    """
    if not high > low:
        return Ticks((), (), "s" if seconds else "step")
    step, size, unit = _distance((high - low) / most, seconds)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step / size) + 1e-9))
    at = tuple(k * step for k in range(first, last + 1))
    labels = tuple(fixed(x / size, decimals) for x in at)
    return Ticks(at, labels, unit)


def fixed(x: float, decimals: int) -> str:
    """Write a number with so many decimals: ``1,200.5``."""
    return f"{round(x, decimals) + 0.0:,.{decimals}f}".replace("-", MINUS)


def clock(seconds: float, decimals: int = 0) -> str:
    """Write a time as a clock does: ``2:05.3``, ``1:02:05``, ``12 d 1:02:05``."""
    sign = MINUS if seconds < 0 else ""
    whole, part = divmod(round(abs(seconds) * 10**decimals), 10**decimals)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    tail = f".{part:0{decimals}d}" if decimals else ""
    if days:
        return f"{sign}{days:,} d {hour}:{minute:02d}:{second:02d}{tail}"
    if hour:
        return f"{sign}{hour}:{minute:02d}:{second:02d}{tail}"
    return f"{sign}{minute}:{second:02d}{tail}"
