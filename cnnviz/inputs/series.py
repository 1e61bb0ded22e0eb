"""Tables of series: from a file or pasted text to named variables over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from os import PathLike
from pathlib import Path

import numpy as np

from cnnviz.core.errors import InputError
from cnnviz.core.numbers import counted
from cnnviz.core.series import Choices
from cnnviz.inputs.cells import MISSING, Style, decide_style
from cnnviz.inputs.clock import Clock, Columns, Numbers
from cnnviz.inputs.columns import (
    EMPTY,
    Column,
    assign_roles,
    check_variables,
    name_columns,
)
from cnnviz.inputs.dialect import Dialect, sniff
from cnnviz.inputs.encoding import decode, read_bytes
from cnnviz.inputs.excerpt import (
    Excerpt,
    blank_cells,
    columns_of_numbers,
    take_excerpt,
)
from cnnviz.inputs.grid import Grid, read_grid
from cnnviz.inputs.lines import Lines, split_lines
from cnnviz.inputs.missing import count_missing, find_codes, missing_words
from cnnviz.inputs.phrases import listed, quoted
from cnnviz.inputs.sampling import Sampling, judge, runs_backwards
from cnnviz.inputs.table import Table, turn
from cnnviz.inputs.time_columns import find_clock

CHOICES = Choices()


def read_table(
    source: str | PathLike[str], choices: Choices = CHOICES, title: str | None = None
) -> Table:
    r"""Read a table of numbers, one variable per column and one step per row.

    Decided here, and told in the result, unless the person chose: encoding, delimiter,
    decimal mark, row of names, columns of time, variables, numbers that mean "no
    value". ``csv`` and ``numpy.loadtxt`` cut and convert the cells.

    Parameters
    ----------
    source
        A path; or the text itself, if it holds a line break, as pasted text does.
    choices
        What the person decided.
    title
        What to call it on screen; the file's name by default.

    Raises
    ------
    InputError
        The file cannot be read or is no table of numbers, or a value would have to be
        guessed; one sentence with file, row and column.
    """
    if isinstance(source, str) and ("\n" in source or "\r" in source):
        title = title or "pasted table"
        text, encoding = source.removeprefix("\ufeff"), "text"
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    else:
        path = Path(source)
        title = title or path.name
        text, encoding = decode(read_bytes(path), title, choices.encoding)
    try:
        return _table(text, encoding, choices, title)
    except MemoryError as error:
        raise InputError(
            f"{title}: there is not enough memory for this table"
        ) from error


def _table(text: str, encoding: str, choices: Choices, title: str) -> Table:
    """Read a decoded text."""
    words = MISSING | {w.strip().casefold() for w in choices.missing_words}
    lines = split_lines(text)
    dialect = sniff(lines, choices, words, title)
    names, units, notes = name_columns(dialect)
    excerpt = take_excerpt(lines, dialect)
    numeric = columns_of_numbers(excerpt, words)
    numbers = [excerpt[j] for j in numeric]
    style = _style(numbers, dialect, choices, words, title)
    blanks = blank_cells(excerpt, numeric, words)
    grid = read_grid(lines, dialect, style, numeric, blanks, title)
    _check_size(grid, choices, title)
    columns = Columns(names, units, grid.rows, grid.numbers, grid.texts, words, title)
    clock = find_clock(columns, choices) if choices.layout != "rows" else None
    if clock is not None and runs_backwards(clock):
        notes.append("The newest row comes first in the file; the order was turned.")
        grid = _reversed(grid)
        columns = replace(
            columns, rows=grid.rows, numbers=grid.numbers, texts=grid.texts
        )
        clock = replace(
            clock,
            seconds=clock.seconds[::-1] - np.nanmin(clock.seconds),
            begin=_earlier(clock),
        )
    sampling = _sampling(columns, clock)
    roles = assign_roles(columns, grid, clock, choices)
    notes += _notes(lines, grid, dialect, clock, sampling)
    notes += check_variables(columns, grid, roles)
    kept = _kept(roles, choices, title)
    values = np.stack([grid.numbers[j] for j in kept], axis=1)
    kept_names = tuple(names[j] for j in kept)
    codes, code_notes = _blank_codes(values, kept_names, choices)
    if choices.layout != "rows":  # whose columns are steps
        held = np.logical_or.reduce(~np.isnan(values), axis=0)
        for j in compress(kept, ~held):
            roles[j] = replace(roles[j], role="left out", why=EMPTY)
        kept, values = _kept(roles, choices, title), values[:, held]
        kept_names = tuple(names[j] for j in kept)
    table = Table(
        title=title,
        encoding=encoding,
        dialect=dialect,
        style=style,
        comments=len(lines.comments),
        columns=tuple(roles),
        names=kept_names,
        units=tuple(roles[j].unit for j in kept),
        values=values,
        rows=grid.rows,
        clock=clock,
        sampling=sampling,
        missing=count_missing(values, kept_names, grid.rows),
        missing_numbers=codes,
        row_names=_row_names(grid),
        layout=choices.layout,
        stated_rate=choices.rate,
        notes=(*notes, *code_notes),
    )
    if table.missing:
        table = replace(table, notes=(*table.notes, f"{missing_words(table.missing)}."))
    return turn(table) if choices.layout == "rows" else table


def _style(
    numbers: Excerpt,
    dialect: Dialect,
    choices: Choices,
    words: frozenset[str],
    title: str,
) -> Style:
    """Decide how numbers are written."""
    if choices.decimal is not None:
        return Style(choices.decimal, choices.thousands or "", words)
    style = decide_style(numbers, dialect.delimiter, title, words)
    if choices.thousands is not None:
        style = replace(style, thousands=choices.thousands)
    return style


def _check_size(grid: Grid, choices: Choices, title: str) -> None:
    """Refuse tables of less than two rows.

    Raises
    ------
    InputError
        There is one row, or none.
    """
    if len(grid.rows) >= 2 or (len(grid.rows) == 1 and choices.layout == "rows"):
        return
    hint = ""
    if len(grid.rows) == 1 and len(grid.numbers) > 2:
        hint = "; if the row itself is the series, choose variables in rows"
    raise InputError(
        f"{title}: expected at least two rows of numbers, "
        f"got {counted(len(grid.rows), 'row')}{hint}"
    )


def _reversed(grid: Grid) -> Grid:
    return replace(
        grid,
        rows=grid.rows[::-1],
        numbers={j: values[::-1] for j, values in grid.numbers.items()},
        texts={j: cells[::-1] for j, cells in grid.texts.items()},
    )


def _earlier(clock: Clock) -> np.datetime64 | None:
    """Return the begin of a clock that ran backwards."""
    if clock.begin is None:
        return None
    back = np.timedelta64(round(float(np.nanmin(clock.seconds)) * 1e9), "ns")
    earlier: np.datetime64 = clock.begin + back
    return earlier


def _sampling(columns: Columns, clock: Clock | None) -> Sampling | None:
    """Judge the times; name them in sentences as they stand in the file."""
    if clock is None:
        return None

    def place(i: int) -> str:
        cells = [
            columns.texts[j][i].strip()
            if j in columns.texts
            else f"{columns.numbers[j][i]:.12g}"
            for j in clock.columns
        ]
        return " ".join(cells)

    return judge(clock, columns.rows, place, columns.title)


def _kept(roles: Sequence[Column], choices: Choices, title: str) -> list[int]:
    """Return the columns of the variables, in the person's order.

    Raises
    ------
    InputError
        There is none.
    """
    kept = [j for j, column in enumerate(roles) if column.role == "variable"]
    if choices.kept is not None:
        kept.sort(key=lambda j: choices.kept.index(roles[j].name))  # type: ignore[union-attr]
    if not kept:
        what = listed([f"{quoted(c.name)}: {c.why or c.role}" for c in roles], 4)
        raise InputError(
            f"{title}: expected at least one column of numbers beside the time, "
            f"got none ({what})"
        )
    return kept


def _notes(
    lines: Lines,
    grid: Grid,
    dialect: Dialect,
    clock: Clock | None,
    sampling: Sampling | None,
) -> list[str]:
    """Say what was left out, and what is odd about the time."""
    notes = []
    if dialect.preamble:
        notes.append(f"{counted(dialect.preamble, 'line')} above the table left out.")
    if comments := len([row for row, _ in lines.comments if row != dialect.header]):
        notes.append(f"{counted(comments, 'comment line')} left out.")
    if grid.skipped:
        notes.append(f"{counted(grid.skipped, 'empty row')} left out.")
    if grid.cut is not None:
        notes.append(f"The last row ({grid.cut}) breaks off and is left out.")
    if clock is not None and sampling is not None:
        notes += [*clock.notes, *sampling.notes]
    return notes


def _blank_codes(
    values: Numbers, names: Sequence[str], choices: Choices
) -> tuple[tuple[float, ...], list[str]]:
    """Blank numbers that mean "no value" in place; return them and notes."""
    found: dict[float, list[str]] = {}
    for name, column in zip(names, values.T, strict=True):
        codes = choices.missing_numbers
        for code in find_codes(column) if codes is None else codes:
            where = column == code
            if where.any():
                column[where] = np.nan
                found.setdefault(code, []).append(
                    f"{int(where.sum()):,} in {quoted(name)}"
                )
    notes = [
        f"{code:g} stands for a missing value: {listed(places, 4)}."
        for code, places in found.items()
    ]
    return tuple(found), notes


def _row_names(grid: Grid) -> tuple[str, ...]:
    """Return names of rows from a column of text; for tables with few rows."""
    if len(grid.rows) <= 64:
        for cells in grid.texts.values():
            names = tuple(cell.strip() for cell in cells)
            if len(set(names)) == len(names) and all(names):
                return names
    return ()
