"""Times in columns of text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs.clock import Clock, Columns, clock_of, nanos
from cnnviz.inputs.phrases import quoted
from cnnviz.inputs.time_numbers import HOURS, are_whole, base_name
from cnnviz.inputs.timestamps import NANO, Stamps, Whole, read_times


def from_texts(table: Columns, choices: Choices) -> Clock | None:
    """Read dates and clock times from columns of text."""
    found: dict[int, Stamps] = {}
    for j, cells in table.texts.items():
        stamps = read_times(cells, choices.time_order)
        if stamps is not None:
            found[j] = stamps
    whole = [j for j, s in found.items() if s.days is not None and s.clock is not None]
    dates = [j for j, s in found.items() if s.clock is None]
    clocks = [j for j, s in found.items() if s.days is None]
    hours = [j for j in table.numbers if base_name(table.names[j]) in HOURS]
    if whole:
        rising = [j for j in whole if _rises(nanos([found[j]]))]
        columns = (rising or whole)[:1]
    elif dates and clocks:
        columns = [dates[0], clocks[0]]
    elif dates and hours and are_whole(table.numbers[hours[0]], 0, 24):
        stamps = found[dates[0]]
        clock = np.nan_to_num(table.numbers[hours[0]]).astype(np.int64) * 3600 * NANO
        found[dates[0]] = replace(
            stamps, clock=clock, words=f"{stamps.words}, hour", resolution=3600.0
        )
        _check(table, dates[0], stamps)
        return clock_of((dates[0], hours[0]), [found[dates[0]]])
    else:
        columns = (dates or clocks)[:1]
    if not columns:
        return None
    for j in columns:
        _check(table, j, found[j])
    return clock_of(tuple(columns), [found[j] for j in columns])


def _check(table: Columns, column: int, stamps: Stamps) -> None:
    """Refuse cells that hold something, but no time that exists.

    Raises
    ------
    InputError
        There is such a cell.
    """
    for i in np.flatnonzero(~stamps.valid):
        cell = table.texts[column][i]
        if cell.strip().casefold() not in table.words:
            raise InputError(
                f"{table.title}, row {table.rows[i]}, column "
                f"{quoted(table.names[column])}: expected a time written "
                f"{stamps.words}, got {quoted(cell)}"
            )


def _rises(values: Whole) -> bool:
    return bool((np.diff(values) >= 0).all())
