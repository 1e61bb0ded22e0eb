"""Turns of phrase that the sentences about tables share."""

from __future__ import annotations

from collections.abc import Sequence


def listed(things: Sequence[str], limit: int = 6) -> str:
    """Join things with commas; those beyond ``limit`` are only counted."""
    if len(things) <= limit:
        return ", ".join(things)
    return f"{', '.join(things[:limit])} and {len(things) - limit:,} more"


def quoted(cell: str, limit: int = 40) -> str:
    """Put a cell in quotes, on one line and cut to a readable length."""
    cell = " ".join(cell.split())
    return f'"{cell if len(cell) <= limit else cell[: limit - 1] + "…"}"'


def duration(seconds: float) -> str:
    """Write a span of time in the unit that suits it: ``0.02 s``, ``3 days``."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.4g} {unit}"
    if 0 < abs(seconds) < 1e-3:
        return f"{seconds * 1e6:.4g} µs"
    if 0 < abs(seconds) < 1:
        return f"{seconds * 1e3:.4g} ms"
    return f"{seconds:.4g} s"


def frequency(hertz: float) -> str:
    """Write a sampling rate: ``50 Hz``, or ``one step every 7 days`` below 1 Hz."""
    if hertz >= 1:
        return f"{hertz:.6g} Hz"
    return f"one step every {duration(1 / hertz)}"
