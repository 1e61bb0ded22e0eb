"""How evenly a series was sampled: rate, gaps, repeated and falling times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.core.numbers import counted
from cnnviz.inputs.clock import Clock, Numbers
from cnnviz.inputs.phrases import duration, frequency, listed

_TOLERANCE = 0.02
"""Largest deviation of a step from the usual one that still counts as even."""

_GAP = 1.5
"""A step of more than so many usual ones is a gap."""


_GAPS = 0.1
"""Largest part of gaps among steps that are not even themselves."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where rows are missing.

    Attributes
    ----------
    row, next_row
        Of the file, before and after it.
    seconds
        Time between the two.
    steps
        How many rows would fit in between.
    """

    row: int
    next_row: int
    seconds: float
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """The time of each row and how even it is.

    Attributes
    ----------
    time
        ``(T,)`` float64 seconds since the first row, never falling.
    rate
        Usual steps a second in Hz, gaps left out; None if all times are equal.
    even
        No gaps, no repeats, and no step deviates more than 2 % or than the notation
        can tell. Calendar months count as even.
    deviation
        Largest deviation of a step that is no gap from the usual one, as a part of it.
    gaps
        In order.
    duplicates
        Rows with the time of the row before.
    notes
        What the person should know, in sentences.
    """

    time: Numbers
    rate: float | None
    even: bool
    deviation: float
    gaps: tuple[Gap, ...]
    duplicates: int
    notes: tuple[str, ...]


def runs_backwards(clock: Clock) -> bool:
    """Tell a table that begins with the newest row."""
    steps = np.diff(clock.seconds[np.isfinite(clock.seconds)])
    return bool(len(steps) and (steps <= 0).all() and (steps < 0).any())


def judge(
    clock: Clock,
    rows: NDArray[np.int64],
    place: Callable[[int], str],
    title: str,
) -> Sampling:
    """Judge the times of a table.

    Parameters
    ----------
    clock
        Of T rows.
    rows
        ``(T,)`` rows of the file.
    place
        Writes the time of the row of an index as it is in the file.
    title
        Of the file.

    Raises
    ------
    InputError
        A time comes before that of the row above.
    """
    seconds, notes = _filled(clock.seconds)
    steps = np.diff(seconds)
    if (steps < 0).any():
        i = int(np.argmax(steps < 0))
        raise InputError(
            f"{title}, row {rows[i + 1]}: expected times that rise, got "
            f"{place(i + 1)} after {place(i)} in row {rows[i]}; sort the rows by time, "
            "or read the table without a time column"
        )
    repeats = int((steps == 0).sum())
    if repeats > 0.3 * len(steps) and seconds[-1] > 0:
        seconds = _spread(seconds, clock.resolution)
        steps = np.diff(seconds)
        notes.append(
            f"Times are coarser than the sampling (repeated in "
            f"{counted(repeats, 'row')}): rows are spread evenly between them."
        )
        repeats = 0
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    if usual == 0:
        return Sampling(seconds, None, False, 0.0, (), repeats, tuple(notes))

    wide = steps > _GAP * usual
    step, off, tolerance = _spread_of(steps, wide, clock.resolution)
    if wide.sum() > _GAPS * len(steps) and (off[~wide] > tolerance).any():
        wide[:] = False  # no gaps between even steps, but uneven ones
        step, off, tolerance = _spread_of(steps, wide, clock.resolution)
    monthly = _is_monthly(clock)
    even = monthly or (not repeats and bool((off <= tolerance).all()))
    gaps = () if even else _gaps(seconds, rows, np.flatnonzero(wide), step)
    if monthly:
        notes.append("One row a month or quarter: taken as even steps.")
    elif not even:
        notes += _uneven(off[~wide], step, tolerance, gaps)
    if repeats:
        first = rows[int(np.argmax(steps == 0)) + 1]
        notes.append(
            f"The time of the row before is repeated in {counted(repeats, 'row')}, "
            f"first in row {first}."
        )
    deviation = float(off[~wide].max() / step)
    return Sampling(seconds, 1 / step, even, deviation, gaps, repeats, tuple(notes))


def _spread_of(
    steps: Numbers, wide: NDArray[np.bool_], resolution: float
) -> tuple[float, Numbers, float]:
    """Return the mean step, how far each is off, and how far it may be."""
    step = float(steps[(steps > 0) & ~wide].mean())
    tolerance = max(_TOLERANCE * step, 1.01 * resolution)
    return step, np.abs(steps - step), tolerance


def _filled(seconds: Numbers) -> tuple[Numbers, list[str]]:
    """Put times between their neighbours where cells are empty."""
    missing = ~np.isfinite(seconds)
    if not missing.any():
        return seconds - seconds[0], []
    index = np.arange(len(seconds))
    filled = np.interp(index, index[~missing], seconds[~missing])
    count = int(missing.sum())
    note = (
        f"{counted(count, 'row')} without time: taken evenly between their neighbours."
    )
    return filled - filled[0], [note]


def _spread(seconds: Numbers, resolution: float) -> Numbers:
    """Spread rows that share a time evenly up to the next one."""
    starts = np.flatnonzero(np.diff(seconds, prepend=-1.0) != 0)
    sizes = np.diff(starts, append=len(seconds))
    begins = seconds[starts]
    steps = np.diff(begins)
    usual = max(float(np.median(steps)) if len(steps) else 0.0, resolution)
    most = np.median(sizes[1:-1]) if len(sizes) > 2 else sizes.max()
    place = np.arange(len(seconds)) - np.repeat(starts, sizes)
    # the first group may have begun before the recording, the last may break off
    size = np.maximum(sizes, most)
    place[: sizes[0]] += int(size[0] - sizes[0])
    spread = np.repeat(begins, sizes) + place * usual / np.repeat(size, sizes)
    result: Numbers = spread - spread[0]
    return result


def _is_monthly(clock: Clock) -> bool:
    """Tell one row per calendar month, quarter or year on the same day."""
    if clock.begin is None or not np.isfinite(clock.seconds).all():
        return False
    whole = np.rint(clock.seconds).astype("m8[s]")
    moments = clock.begin.astype("M8[s]") + whole
    months = moments.astype("M8[M]")
    steps = np.diff(months.astype(np.int64))
    within = moments - months.astype("M8[s]")
    same = len(steps) > 0 and steps[0] > 0 and bool((steps == steps[0]).all())
    return same and bool((within == within[0]).all())


def _gaps(
    seconds: Numbers, rows: NDArray[np.int64], where: NDArray[np.intp], step: float
) -> tuple[Gap, ...]:
    spans = seconds[where + 1] - seconds[where]
    return tuple(
        Gap(int(rows[i]), int(rows[i + 1]), float(span), round(span / step) - 1)
        for i, span in zip(where, spans, strict=True)
    )


def _uneven(
    off: Numbers, step: float, tolerance: float, gaps: tuple[Gap, ...]
) -> list[str]:
    """Say what is uneven about the times."""
    notes = []
    if (off > tolerance).any():
        notes.append(
            f"Unevenly sampled: steps differ from {duration(step)} by up to "
            f"{duration(float(off.max()))} ({off.max() / step:.0%}); a network takes "
            "them as even."
        )
    if gaps:
        places = [f"{duration(g.seconds)} after row {g.row}" for g in gaps]
        notes.append(
            f"{counted(len(gaps), 'gap')} in the time at {frequency(1 / step)}: "
            f"{listed(places, 3)}; a network does not see them."
        )
    return notes
