"""The body of a table, cell by cell: numbers as arrays, the rest as text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.inputs.cells import Style, to_numbers
from cnnviz.inputs.dialect import Dialect
from cnnviz.inputs.lines import NOTHING, Lines, split_cells

_CHUNK = 16_384
"""Lines read at once, so that the text of all cells is never in memory together."""


@dataclass(slots=True)
class Grid:
    """The body of a table.

    Attributes
    ----------
    rows
        ``(T,)`` int64: where each record begins in the file, from 1.
    numbers
        By column, ``(T,)`` float64; NaN where a cell is missing or no number.
    texts
        By column, T cells: the columns not read as numbers.
    bad
        By column, ``(row, cell)`` of cells that are neither number nor missing.
    grouped
        By column, the first ``(row, cell)`` like ``1.234`` whose mark is in doubt.
    skipped
        Empty lines and records that were left out.
    cut
        Row of a last record that breaks off and was left out, or None.
    """

    rows: NDArray[np.int64]
    numbers: dict[int, NDArray[np.float64]]
    texts: dict[int, list[str]]
    bad: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    grouped: dict[int, tuple[int, str]] = field(default_factory=dict)
    skipped: int = 0
    cut: int | None = None


def read_grid(
    lines: Lines,
    dialect: Dialect,
    style: Style,
    number_columns: Sequence[int],
    blanks: Sequence[str],
    title: str,
) -> Grid:
    """Read all records of a table.

    ``csv`` cuts them into cells; where lines hold no quotes and the columns of numbers
    nothing but plain numbers and known blanks, the faster ``numpy.loadtxt`` does.

    Parameters
    ----------
    lines, dialect, style
        The text and how it is written.
    number_columns
        Columns to read as numbers.
    blanks
        From ``excerpt.blank_cells``: speeds up the reading, changes nothing.
    title
        What to call the file in sentences.

    Raises
    ------
    InputError
        Records have different numbers of cells, or a quote is never closed.
    """
    reader = _Reader(lines, dialect, style, list(number_columns), blanks, title)
    for first, last, quotes in _chunks(lines, dialect.first):
        if quotes or not reader.read_plain(first, last):
            reader.read_records(first, last)
    return reader.grid()


def _chunks(lines: Lines, first: int) -> Iterator[tuple[int, int, int]]:
    """Yield ``(first, last, quotes)`` of pieces that end outside of quotes."""
    texts = lines.texts
    while first < len(texts):
        last = min(first + _CHUNK, len(texts))
        quotes = 0
        if lines.quoted:
            quotes = sum(line.count('"') for line in texts[first:last])
        while quotes % 2 and last < len(texts):
            quotes += texts[last].count('"')
            last += 1
        yield first, last, quotes
        first = last


def _with_nan(text: str, delimiter: str, blanks: Sequence[str]) -> str:
    """Write ``nan`` into the cells that mean "no value"."""
    text = f"\n{text}\n"
    edges = {delimiter, "\n"}
    for blank in blanks:
        for before in edges:
            for after in edges:
                old, new = f"{before}{blank}{after}", f"{before}nan{after}"
                # twice: neighbours share their edge
                text = text.replace(old, new).replace(old, new)
    return text[1:-1]


class _Reader:
    """Reads a table piece by piece."""

    def __init__(
        self,
        lines: Lines,
        dialect: Dialect,
        style: Style,
        columns: list[int],
        blanks: Sequence[str],
        title: str,
    ) -> None:
        self._lines = lines
        self._dialect = dialect
        self._style = style
        self._columns = columns
        self._blanks = blanks
        self._others = [j for j in range(dialect.width) if j not in set(columns)]
        self._title = title
        self._rows: list[Sequence[int]] = []
        self._numbers: list[NDArray[np.float64]] = []
        self._ragged: list[tuple[int, int]] = []
        self._grid = Grid(np.zeros(0, np.int64), {}, {j: [] for j in self._others})

    def read_plain(self, first: int, last: int) -> bool:
        """Read lines without quotes that hold nothing but plain numbers and texts."""
        delimiter, width = self._dialect.delimiter, self._dialect.width
        texts = self._lines.texts[first:last]
        if delimiter == " " or not self._columns:
            return False
        if delimiter and {line.count(delimiter) for line in texts} != {width - 1}:
            return False
        cells = {j: [t.split(delimiter, j + 1)[j] for t in texts] for j in self._others}
        joined = "\n".join(texts)
        if self._style.decimal == ",":
            if joined.count(".") != sum("".join(c).count(".") for c in cells.values()):
                return False  # a point among the numbers
            joined = joined.replace(",", ".")
        plain = _with_nan(joined, delimiter or "\n", self._blanks).split("\n")
        if "" in plain:
            return False
        try:
            numbers = np.loadtxt(
                plain,
                delimiter=delimiter or NOTHING,
                usecols=self._columns,
                comments=None,
                ndmin=2,
            )
        except ValueError:  # a cell is missing, or is no number
            return False
        for j in self._others:
            self._grid.texts[j] += cells[j]
        self._numbers.append(numbers.T)
        self._rows.append(self._lines.rows[first:last])
        return True

    def read_records(self, first: int, last: int) -> None:
        """Read lines cell by cell."""
        width, rows = self._dialect.width, self._lines.rows
        try:
            records, starts = split_cells(
                self._lines.texts[first:last], self._dialect.delimiter
            )
        except csv.Error as error:
            raise InputError(
                f"{self._title}, row {rows[first]} or below: a cell begins with a "
                "quote that is never closed"
            ) from error
        if width == 1:
            records = [record or [""] for record in records]
        if {*map(len, records)} != {width}:
            records, starts = self._shaped(records, starts, first, last)
        if not records:
            return
        where = [rows[first + start] for start in starts]
        cells = list(zip(*records, strict=True))
        numbers = np.empty((len(self._columns), len(records)))
        clear = self._dialect.delimiter == "," or bool(self._style.thousands)
        for k, j in enumerate(self._columns):
            numbers[k], left = to_numbers(cells[j], self._style, clear)
            if left.bad:
                bad = self._grid.bad.setdefault(j, [])
                bad += [(where[i], cell) for i, cell in left.bad]
            if left.grouped:
                i, cell = left.grouped
                self._grid.grouped.setdefault(j, (where[i], cell))
        for j in self._others:
            self._grid.texts[j] += cells[j]
        self._numbers.append(numbers)
        self._rows.append(where)

    def _shaped(
        self, records: list[list[str]], starts: list[int], first: int, last: int
    ) -> tuple[list[list[str]], list[int]]:
        """Leave out empty records, cut a trailing delimiter, note ragged records."""
        width, rows = self._dialect.width, self._lines.rows
        kept, kept_starts = [], []
        for record, start in zip(records, starts, strict=True):
            if len(record) == width + 1 and not record[-1].strip():
                record = record[:-1]
            if len(record) == width:
                kept.append(record)
                kept_starts.append(start)
            elif not any(cell.strip() for cell in record):
                self._grid.skipped += 1
            elif record is records[-1] and last == len(rows) and len(record) < width:
                self._grid.cut = rows[first + start]
            else:
                self._ragged.append((rows[first + start], len(record)))
        return kept, kept_starts

    def grid(self) -> Grid:
        """Put the pieces together; leave out empty records at the end.

        Raises
        ------
        InputError
            Records had different numbers of cells.
        """
        width, grid = self._dialect.width, self._grid
        if self._ragged:
            (row, n), *others = self._ragged[:4]
            several = [f"line {row} has {n} fields"]
            several += [f"line {row} has {n}" for row, n in others]
            if len(self._ragged) > 4:
                several.append(f"{len(self._ragged) - 4:,} more lines differ")
            most = "the header has" if self._dialect.header else "most lines have"
            raise InputError(
                f"{self._title}: expected equally many fields in every line; "
                f"{', '.join(several)}, {most} {width}"
            )
        rows = np.concatenate([np.asarray(r, np.int64) for r in [(), *self._rows]])
        numbers = np.concatenate(
            [np.empty((len(self._columns), 0)), *self._numbers], axis=1
        )
        end = len(rows)
        while (
            end
            and np.isnan(numbers[:, end - 1]).all()
            and not any(cells[end - 1].strip() for cells in grid.texts.values())
        ):
            end -= 1
        if width > 1 and end < len(rows):
            grid.skipped += len(rows) - end
            rows, numbers = rows[:end], numbers[:, :end]
            grid.texts = {j: cells[:end] for j, cells in grid.texts.items()}
        grid.rows = rows
        grid.numbers = dict(zip(self._columns, numbers, strict=True))
        return grid
