"""Numbers in words, as they stand on screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MINUS = "\u2212"
"""The minus sign of every number on screen."""


def number(x: float, digits: int = 4) -> str:
    """Write a value with at most so many significant digits.

    Zero has no sign; a tiny negative keeps its own, so that what ReLU does to it can
    be seen.
    """
    x = float(x)
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else f"{MINUS}∞"
    return f"{x + 0.0:.{digits}g}".replace("-", MINUS)


def exact(x: float | np.floating) -> str:
    """Write a value with as many digits as tell it from its neighbours of its type.

    For hover and copy: an ASCII minus, so that other programs can read it.
    """
    return str(x)


def count(n: int) -> str:
    """Write a count in full: ``23,296``."""
    return f"{n:,}".replace("-", MINUS)


def counted(n: int, noun: str) -> str:
    """Write a count with its noun: ``1 row``, ``2,400 rows``."""
    return f"{count(n)} {noun}" + "s" * (n != 1)


def short_count(n: int) -> str:
    """Write a count briefly: ``61.1 million``; in full below a million."""
    if n < 1_000_000:
        return count(n)
    for unit, word in ((10**6, "million"), (10**9, "billion"), (10**12, "trillion")):
        x = n / unit
        if x < 999.5:
            decimals = 2 if x < 9.995 else 1 if x < 99.95 else 0
            return f"{x:.{decimals}f} {word}"
    return f"{n / 10**12:,.0f} trillion"


def size(shape: Sequence[int]) -> str:
    """Write a shape: ``64×55×55``."""
    return "×".join(map(str, shape)) or "scalar"


def percent(p: float) -> str:
    """Write a share of 1 without claiming more than is true.

    Exactly 0 and 1 read ``0 %`` and ``100 %``; what would only round to them reads
    ``< 0.01 %`` or ``> 99.99 %``.
    """
    p = float(p)
    if not math.isfinite(p):
        return number(p)
    if 0 < p < 1e-4:
        return "< 0.01 %"
    if 1 - 1e-4 < p < 1:
        return "> 99.99 %"
    if p in (0.0, 1.0):
        return f"{p * 100:.0f} %"
    decimals = 2 if abs(p) < 0.1 or p > 0.999 else 1
    return f"{p * 100:.{decimals}f} %".replace("-", MINUS)
