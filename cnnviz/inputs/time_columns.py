"""Which columns give the time."""

from __future__ import annotations

from dataclasses import replace

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs.clock import Clock, Columns
from cnnviz.inputs.phrases import quoted
from cnnviz.inputs.time_numbers import from_dates, from_name, from_number, from_parts
from cnnviz.inputs.time_texts import from_texts


def find_clock(table: Columns, choices: Choices) -> Clock | None:
    """Find the columns that give the time.

    In this order: the person's choice; text that reads as date and clock time, in one
    column or two; columns named year, month, day …; dates in one number (20240131);
    rising numbers in a column with the name of a time.

    Raises
    ------
    InputError
        The chosen columns are no times, or a date does not exist.
    """
    if choices.time is not None:
        return _chosen(table, choices) if choices.time else None
    for search in (from_texts, from_parts, from_dates, from_name):
        if clock := search(table, choices):
            return clock
    return None


def _chosen(table: Columns, choices: Choices) -> Clock:
    """Take the time from the columns the person named."""
    assert choices.time is not None
    if unknown := [name for name in choices.time if name not in table.names]:
        raise InputError(
            f"{table.title}: expected the time in column {quoted(unknown[0])}, "
            "there is no such column"
        )
    wanted = [table.names.index(name) for name in choices.time]
    part = replace(
        table,
        numbers={j: v for j, v in table.numbers.items() if j in wanted},
        texts={j: v for j, v in table.texts.items() if j in wanted},
    )
    clock = from_texts(part, choices) or from_parts(part, choices)
    clock = clock or from_dates(part, choices)
    if clock is None and len(wanted) == 1 and part.numbers:
        clock = from_number(table, wanted[0], choices)
    if clock is None or set(clock.columns) != set(wanted):
        names = ", ".join(quoted(name) for name in choices.time)
        raise InputError(
            f"{table.title}: expected times in {names}, got something else"
        )
    return clock
