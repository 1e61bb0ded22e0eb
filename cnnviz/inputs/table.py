"""A table of numbers over time, with everything that was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.core.numbers import counted
from cnnviz.core.series import Layout, Policy
from cnnviz.inputs.cells import Style
from cnnviz.inputs.clock import Clock, Numbers
from cnnviz.inputs.columns import Column
from cnnviz.inputs.delimiter import DELIMITER_WORDS
from cnnviz.inputs.dialect import Dialect
from cnnviz.inputs.missing import Missing, filled, missing_words
from cnnviz.inputs.phrases import frequency, listed, quoted
from cnnviz.inputs.sampling import Gap, Sampling


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Variables over time, as read from a file.

    Attributes
    ----------
    title
        File name or the like.
    encoding
        Name of a codec of Python's.
    dialect
        Delimiter, row of names, lines above the table.
    style
        Decimal mark and mark between thousands.
    comments
        Comment lines that were left out.
    columns
        All columns in the order of the file, with what was made of each.
    names, units
        Of the V variables.
    values
        ``(T, V)`` float64, read-only; NaN where missing.
    rows
        ``(T,)`` int64: row of the file, from 1, in which each step stands; the column,
        from 1, where variables stand in rows.
    clock
        Where the time came from, or None.
    sampling
        The time of each step and how even it is, or None without a time.
    missing
        Variables with missing values.
    missing_numbers
        Numbers that were taken for missing values.
    row_names
        First column of text, if it names every row differently; else ``()``.
    layout
        Where the variables stand, if the person said so or they were taken from rows.
    stated_rate
        In Hz, as the person said it, or None.
    notes
        What the person should know, in sentences.
    """

    title: str
    encoding: str
    dialect: Dialect
    style: Style
    comments: int
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Numbers
    rows: NDArray[np.int64]
    clock: Clock | None = None
    sampling: Sampling | None = None
    missing: tuple[Missing, ...] = ()
    missing_numbers: tuple[float, ...] = ()
    row_names: tuple[str, ...] = ()
    layout: Layout | None = None
    stated_rate: float | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the values."""
        self.values.flags.writeable = False

    @property
    def time(self) -> Numbers | None:
        """``(T,)`` float64 seconds since the first step, or None."""
        return self.sampling.time if self.sampling else None

    @property
    def rate(self) -> float | None:
        """Steps a second, in Hz; None if unknown."""
        measured = self.sampling.rate if self.sampling else None
        return measured or self.stated_rate

    @property
    def even(self) -> bool:
        """Whether the steps are evenly spaced, as far as the table says."""
        return self.sampling is None or self.sampling.even

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Places where rows are missing."""
        return self.sampling.gaps if self.sampling else ()

    @property
    def dropped(self) -> tuple[Column, ...]:
        """Columns that are neither variables nor the time."""
        return tuple(c for c in self.columns if c.role in ("label", "left out"))


def fill_missing(table: Table, policy: Policy) -> Table:
    """Put values in the place of missing ones; see ``inputs.missing.filled``.

    Parameters
    ----------
    table
        From ``read_table``.
    policy
        See ``core.series.Policy``.

    Returns
    -------
    A table without NaN, whose last note says what was done; the same table if nothing
    was missing.

    Raises
    ------
    InputError
        Values are missing and the policy is to refuse them.
    """
    values, words = filled(table.values, table.time, policy, table.missing, table.title)
    if not words:
        return table
    return replace(table, values=values, notes=(*table.notes, words))


def turn(table: Table) -> Table:
    """Read the rows of a table as its variables; rows without a number are left out.

    Raises
    ------
    InputError
        The table has a time column, so each row is a moment; or fewer than two
        columns of numbers; or no row has a number.
    """
    if table.clock is not None:
        raise InputError(
            f"{table.title}: expected one variable per row, but the table has the time "
            "in a column; choose no time column first"
        )
    steps = table.values.shape[1]
    if steps < 2:
        raise InputError(
            f"{table.title}: expected at least two columns, one per step, got {steps}"
        )
    numeric = [j for j, c in enumerate(table.columns) if c.role == "variable"]
    every = table.row_names or tuple(f"row {row}" for row in table.rows)
    held = np.logical_or.reduce(~np.isnan(table.values), axis=1)
    names = tuple(compress(every, held))
    if not names:
        raise InputError(f"{table.title}: expected numbers in the rows, got none")
    notes = [f"Variables are taken from the rows: {counted(len(names), 'row')}."]
    if empty := [quoted(name) for name in compress(every, ~held)]:
        notes.append(f"Left out, no value in any column: {listed(empty, 4)}.")
    values = table.values[held]
    gone = np.isnan(values)
    return replace(
        table,
        names=names,
        units=("",) * len(names),
        values=np.ascontiguousarray(values.T),
        rows=np.array(numeric, np.int64) + 1,
        missing=tuple(
            Missing(name, int(row.sum()), tuple(np.flatnonzero(row)[:5] + 1), 0)
            for name, row in zip(names, gone, strict=True)
            if row.any()
        ),
        row_names=(),
        layout="rows",
        notes=(*table.notes, *notes),
    )


def decisions(table: Table) -> tuple[tuple[str, str], ...]:
    """List what was decided about a table, as pairs of question and answer."""
    dialect, sampling = table.dialect, table.sampling
    delimiter = DELIMITER_WORDS.get(dialect.delimiter, repr(dialect.delimiter))
    pairs = [
        ("characters", table.encoding),
        ("columns divided by", delimiter),
        ("decimal mark", {".": "point", ",": "comma"}[table.style.decimal]),
    ]
    if table.style.thousands:
        pairs.append(("thousands grouped by", repr(table.style.thousands)))
    pairs.append(("names", f"row {dialect.header}" if dialect.header else "none"))
    if table.comments:
        pairs.append(("left out", counted(table.comments, "comment line")))
    if table.clock is not None:
        names = listed([quoted(table.columns[j].name) for j in table.clock.columns])
        pairs.append(("time", f"{names}, {table.clock.words}"))
        if table.clock.begin is not None:
            begin = str(table.clock.begin.astype("M8[ms]")).replace("T", " ")
            pairs.append(("begins", begin.removesuffix(".000")))
    else:
        pairs.append(("time", "no column; steps are counted"))
    if table.rate is not None:
        how = " (stated)"
        if sampling is not None:
            even = "evenly" if sampling.even or sampling.gaps else "not evenly"
            but = f" but for {counted(len(sampling.gaps), 'gap')}"
            even += but if sampling.gaps else ""
            how = f" ({even}, steps up to {sampling.deviation:.1%} off)"
        pairs.append(("sampled at", frequency(table.rate) + how))
    pairs.append(("steps", f"{len(table.values):,}"))
    pairs.append(("variables", listed(table.names, 20)))
    pairs += [(f'"{c.name}"', f"{c.role}: {c.why}") for c in table.dropped]
    if table.missing:
        pairs.append(("missing", missing_words(table.missing)))
    if table.missing_numbers:
        numbers = ", ".join(f"{number:g}" for number in table.missing_numbers)
        pairs.append(("taken for missing", numbers))
    return tuple(pairs)
