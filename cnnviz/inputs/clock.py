"""When each row of a table was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.inputs.timestamps import NANO, Stamps, Whole

Numbers = NDArray[np.float64]

_DAY = 86_400 * NANO


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """When each row was taken.

    Attributes
    ----------
    columns
        Where the time stands.
    words
        Its notation and unit: ``"day/month/year hour:minute"``, ``"milliseconds"``.
    seconds
        ``(T,)`` since the first row; NaN where the cell is empty.
    begin
        Date and time of the first row, or None if only time passed is known.
    resolution
        Smallest difference the notation can tell, in seconds.
    notes
        What the person should know.
    """

    columns: tuple[int, ...]
    words: str
    seconds: Numbers
    begin: np.datetime64 | None = None
    resolution: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table, as far as the search for the time needs them.

    Attributes
    ----------
    names, units
        Of all columns; ``""`` where a unit is unknown.
    rows
        ``(T,)`` rows of the file.
    numbers, texts
        By column; see ``Grid``.
    words
        Cells that mean "no value".
    title
        Of the file, for sentences.
    """

    names: Sequence[str]
    units: Sequence[str]
    rows: NDArray[np.int64]
    numbers: Mapping[int, Numbers]
    texts: Mapping[int, list[str]]
    words: frozenset[str]
    title: str


def nanos(parts: Sequence[Stamps]) -> Whole:
    """Add dates and clock times; a clock alone goes on past midnight."""
    total = np.zeros(len(parts[0].valid), np.int64)
    for stamps in parts:
        if stamps.days is not None:
            total += stamps.days * _DAY
        if stamps.clock is not None:
            total += stamps.clock
    if all(stamps.days is None for stamps in parts):
        total += _DAY * np.cumsum(np.diff(total, prepend=total[:1]) < -_DAY // 2)
    return total


def clock_of(columns: tuple[int, ...], parts: Sequence[Stamps]) -> Clock:
    """Make a clock of dates, clock times, or both."""
    valid = np.logical_and.reduce([stamps.valid for stamps in parts])
    total = nanos(parts)
    first = int(total[np.argmax(valid)])
    dated = any(stamps.days is not None for stamps in parts)
    notes = []
    if any(stamps.unsure for stamps in parts):
        notes.append(
            f"Day and month could be the other way round; read as {parts[0].words}."
        )
    return Clock(
        columns,
        " ".join(stamps.words for stamps in parts),
        np.where(valid, (total - first) / NANO, np.nan),
        np.datetime64(first, "ns") if dated else None,
        min(stamps.resolution for stamps in parts),
        tuple(notes),
    )
