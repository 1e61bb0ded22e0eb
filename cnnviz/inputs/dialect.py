"""How a table is written: its delimiter, and where its numbers begin."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs.cells import kind, plain
from cnnviz.inputs.lines import Lines, split_cells
from cnnviz.inputs.phrases import counted, listed, quoted
from cnnviz.inputs.units import is_unit

DELIMITERS = ("\t", ";", "|", ",", " ", "")
"""Candidates; where two explain a table equally well the earlier one is taken."""

DELIMITER_WORDS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    " ": "blanks",
    "": "nothing (a single column)",
}

_HEAD = 200
"""Lines from which the delimiter and the beginning of the numbers are told."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Attributes
    ----------
    delimiter
        One of ``DELIMITERS``, or the person's.
    width
        Number of columns.
    header
        Row of the file that holds the names, from 1, or None.
    names
        As in the file, one per column; ``()`` without header.
    units
        From a row of units below the names, or ``()``.
    first
        Index into ``Lines.texts`` at which the numbers begin.
    preamble
        Lines above the table, apart from comments and empty ones.
    """

    delimiter: str
    width: int
    header: int | None
    names: tuple[str, ...]
    units: tuple[str, ...]
    first: int
    preamble: int


@dataclass(frozen=True, slots=True)
class _Guess:
    """One delimiter tried on the first lines.

    Attributes
    ----------
    records, starts
        See ``split_cells``; empty ones left out.
    width
        Cells of most of the last records.
    begin
        Index of the first record that looks like data.
    fitting
        Share of the records from there on that have this width.
    numeric
        Share of their cells that are numbers or times; 0 if no column holds numbers.
    """

    delimiter: str
    records: list[list[str]]
    starts: list[int]
    width: int = 0
    begin: int = 0
    fitting: float = 0.0
    numeric: float = 0.0

    @property
    def score(self) -> float:
        """How well this delimiter explains the lines, 0 … 1."""
        return round(self.fitting * self.numeric, 3)


def sniff(lines: Lines, choices: Choices, words: frozenset[str], title: str) -> Dialect:
    """Decide how a table is written.

    Each delimiter is tried on the first lines; the one wins under which most lines
    have equally many cells and most cells are numbers or times.

    Parameters
    ----------
    lines
        Of the file.
    choices
        What the person decided is taken as it is.
    words
        Cells that mean "no value".
    title
        What to call the file in sentences.

    Raises
    ------
    InputError
        The text is no table of numbers, or the chosen header is not in it.
    """
    candidates: tuple[str, ...] = DELIMITERS
    if choices.delimiter is not None:
        candidates = (choices.delimiter,)
    elif lines.delimiter is not None:
        candidates = (lines.delimiter,)
    guesses = [_tried(lines, delimiter, words) for delimiter in candidates]
    best = max(guesses, key=lambda guess: guess.score)
    if _is_decimal_column(best, guesses[-1]):
        best = guesses[-1]
    if best.score == 0 or max(best.fitting, best.numeric) < 0.5:
        raise InputError(_no_numbers(guesses, title))
    return _located(best, lines, choices, title)


def _tried(lines: Lines, delimiter: str, words: frozenset[str]) -> _Guess:
    """Cut the first lines by one delimiter and judge the outcome."""
    try:
        records, starts = split_cells(lines.texts[:_HEAD], delimiter)
    except csv.Error:
        return _Guess(delimiter, [], [])
    full = [i for i, r in enumerate(records) if any(cell.strip() for cell in r)]
    records, starts = [records[i] for i in full], [starts[i] for i in full]
    lengths = Counter(map(len, records[-8:]))
    width = max(lengths, key=lambda n: (lengths[n], n), default=0)
    guess = _Guess(delimiter, records, starts, width)
    if width == 0 or (width == 1 and delimiter):
        return guess

    half = records[-max(len(records) // 2, 8) :]
    body = [record for record in half if len(record) == width][-50:]
    kinds = [[kind(record[j], words) for record in body] for j in range(width)]
    telling = [[k for k in column if k != "missing"] for column in kinds]
    good = [sum(k != "word" for k in column) for column in telling]
    columns = [j for j in range(width) if 2 * good[j] >= len(telling[j]) > 0]
    begin = _begin(records, width, columns, words)
    fitting = sum(len(r) in (width, width + 1) for r in records[begin:])
    has_numbers = any("number" in telling[j] for j in columns)
    numeric = sum(good) / sum(map(len, telling)) if has_numbers else 0.0
    share = fitting / (len(records) - begin)
    return _Guess(delimiter, records, starts, width, begin, share, numeric)


def _begin(
    records: list[list[str]], width: int, columns: list[int], words: frozenset[str]
) -> int:
    """Return the first record that holds data, if the next one does so too."""

    def is_data(record: list[str]) -> bool:
        if abs(len(record) - width) > (width > 1):
            return False
        kinds = [kind(record[j], words) for j in columns if j < len(record)]
        return 2 * kinds.count("word") < max(len(kinds), 1)

    fits = [is_data(record) for record in records] + [True]
    return next((i for i in range(len(records)) if fits[i] and fits[i + 1]), 0)


def _is_decimal_column(best: _Guess, single: _Guess) -> bool:
    """Tell one column of decimal commas from two columns: its name is one cell."""
    return (
        (best.delimiter, best.width, single.delimiter) == (",", 2, "")
        and best.begin == single.begin > 0
        and single.numeric > 0.9
        and len(best.records[best.begin - 1]) == 1
    )


def _no_numbers(guesses: list[_Guess], title: str) -> str:
    """Say that there is no number where one was expected."""
    guess = max(guesses, key=lambda g: (len({*map(len, g.records)}) == 1, g.width))
    if not guess.records:
        return f"{title}: expected a table of numbers, there are only empty lines"
    if guess.width > 1 and len({*map(len, guess.records)}) == 1:
        names = listed([quoted(cell) for cell in guess.records[0]])
        return (
            f"{title}: expected at least one column of numbers, there is none among "
            f"{counted(guess.width, 'column')} ({names})"
        )
    return (
        f"{title}: expected a table of numbers, one column per variable, "
        f"this looks like text ({quoted(guesses[-1].records[0][0])})"
    )


# Where the names are


def _located(guess: _Guess, lines: Lines, choices: Choices, title: str) -> Dialect:
    """Find the names and the first row of numbers."""
    records, begin, width = guess.records, guess.begin, guess.width
    rows = [lines.rows[start] for start in guess.starts]
    above = records[begin - 1] if begin else []
    if _ends_in_delimiter(records[begin:], width) and len(above) == width - 1:
        width -= 1
    if guess.delimiter == "," and 2 * len(above) == width and len(above) > 1:
        raise InputError(
            f"{title}, row {rows[begin]}: expected {len(above)} cells as in the row of "
            f"names, got {width}; decimal commas need semicolons or quotes around them"
        )

    at: int | None = None
    if choices.header is None:
        at, begin = _header(records, begin, width)
    elif choices.header > 0:
        if choices.header not in rows[:-1]:
            raise InputError(
                f"{title}: expected names in row {choices.header}, "
                "there is no such row above the numbers"
            )
        at = rows.index(choices.header)
        begin = max(begin, at + 1)
    else:
        begin = next(i for i, r in enumerate(records) if len(r) == width)

    header, names, units = None, list[str](), list[str]()
    preamble = begin if at is None else at
    if at is not None:
        header, names = rows[at], records[at]
        if begin - at == 1 and at > 0 and _are_units(records[at - 1], names, width):
            header, names, units = rows[at - 1], records[at - 1], names
            preamble -= 1
    elif choices.header is None:
        header, names = _names_in_comment(guess, lines, rows[begin], width)
    first = guess.starts[begin]
    if width == 1 and at is not None:
        first = guess.starts[at] + 1  # an empty line below the name is a missing value
    return Dialect(
        guess.delimiter,
        width,
        header,
        _fitted(names, width) if header else (),
        _fitted(units, width) if units else (),
        first,
        preamble,
    )


def _fitted(cells: list[str], width: int) -> tuple[str, ...]:
    """Return as many names as there are columns, on one line each."""
    names = [" ".join(cell.split()) for cell in cells[:width]]
    return tuple(names + [""] * (width - len(names)))


def _ends_in_delimiter(records: list[list[str]], width: int) -> bool:
    return width > 1 and all(r[-1] == "" for r in records if len(r) == width)


def _header(records: list[list[str]], begin: int, width: int) -> tuple[int | None, int]:
    """Return the record of names, if there is one, and the first record of data.

    Names stand right above the data, or are the columns' numbers 0, 1, 2 … above
    fractions.
    """
    if begin and len(records[begin - 1]) in (width, width + 1):
        return begin - 1, begin
    numbers = [plain(cell) for cell in records[begin]]
    if width > 2 and numbers == [str(j) for j in range(width)]:
        following = records[begin + 1] if len(records) > begin + 1 else []
        if any("." in cell for cell in following):
            return begin, begin + 1
    return None, begin


def _are_units(names: list[str], units: list[str], width: int) -> bool:
    """Tell a row of units below a row of names."""
    if len(names) != width or len(units) != width:
        return False
    known = sum(is_unit(cell) for cell in units if cell.strip())
    written = sum(bool(cell.strip()) for cell in units)
    return 2 * known > written and all(kind(cell) != "number" for cell in names)


def _names_in_comment(
    guess: _Guess, lines: Lines, first: int, width: int
) -> tuple[int | None, list[str]]:
    """Take names from the last comment above row ``first``, if it has their width."""
    above = [(row, text) for row, text in lines.comments if row < first]
    if not above or width == 1:
        return None, []
    row, text = above[-1]
    names = split_cells([text], guess.delimiter)[0][0]
    if len(names) == width and all(kind(name) in ("word", "missing") for name in names):
        return row, names
    return None, []
