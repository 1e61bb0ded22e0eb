"""What delimits the cells of a table."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass

from cnnviz.core.errors import InputError
from cnnviz.core.numbers import counted
from cnnviz.core.series import Choices
from cnnviz.inputs.cells import kind
from cnnviz.inputs.lines import Lines, split_cells
from cnnviz.inputs.phrases import listed, quoted

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
class Guess:
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
        Share of the records that are from there on and have this width.
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
        """How well this delimiter explains the lines, 0 … 1.

        Less for a single column, which is never ragged.
        """
        return round(self.fitting * self.numeric * (1 if self.delimiter else 0.8), 3)


def guess_delimiter(
    lines: Lines, choices: Choices, words: frozenset[str], title: str
) -> Guess:
    """Decide what delimits the cells of a table.

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
        The text is no table of numbers, or the chosen delimiter is none.
    """
    candidates: tuple[str, ...] = DELIMITERS
    if choices.delimiter is not None:
        if len(choices.delimiter) > 1 or choices.delimiter in ('"', "\n", "\r"):
            raise InputError(
                f"{title}: expected one character that divides columns, "
                f"got {choices.delimiter!r}"
            )
        candidates = (choices.delimiter,)
    elif lines.delimiter is not None:
        candidates = (lines.delimiter,)
    guesses = [_tried(lines, delimiter, words) for delimiter in candidates]
    best = max(guesses, key=lambda guess: guess.score)
    if _is_decimal_column(best, guesses[-1]):
        best = guesses[-1]
    if best.score == 0 or max(best.fitting, best.numeric) < 0.5:
        raise InputError(_no_numbers(guesses, title))
    return best


def _tried(lines: Lines, delimiter: str, words: frozenset[str]) -> Guess:
    """Cut the first lines by one delimiter and judge the outcome."""
    try:
        records, starts = split_cells(lines.texts[:_HEAD], delimiter)
    except csv.Error:
        return Guess(delimiter, [], [])
    full = [i for i, r in enumerate(records) if any(cell.strip() for cell in r)]
    records, starts = [records[i] for i in full], [starts[i] for i in full]
    lengths = Counter(map(len, records[-8:]))
    width = max(lengths, key=lambda n: (lengths[n], n), default=0)
    guess = Guess(delimiter, records, starts, width)
    torn = not delimiter and any('"' in r[0] for r in records)
    if width == 0 or (width == 1 and delimiter) or torn:
        return guess

    half = records[-max(len(records) // 2, 8) :]
    body = [record for record in half if len(record) == width][-50:]
    kinds = [[kind(record[j], words) for record in body] for j in range(width)]
    telling = [[k for k in column if k != "missing"] for column in kinds]
    good = [sum(k != "word" for k in column) for column in telling]
    columns = [j for j in range(width) if 2 * good[j] >= len(telling[j]) > 0]
    if not any("number" in telling[j] for j in columns):
        return guess
    begin = _begin(records, width, columns, words)
    fitting = [r for r in records[begin:] if len(r) in (width, width + 1)]
    cells = Counter(kind(cell, words) for r in fitting[-50:] for cell in r)
    held = cells.total() - cells["missing"]
    return Guess(
        delimiter,
        records,
        starts,
        width,
        begin,
        len(fitting) / len(records),
        1 - cells["word"] / held if held else 0.0,
    )


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


def _is_decimal_column(best: Guess, single: Guess) -> bool:
    """Tell one column of decimal commas from two columns: its name is one cell."""
    return (
        (best.delimiter, best.width, single.delimiter) == (",", 2, "")
        and best.begin == single.begin > 0
        and single.numeric > 0.9
        and len(best.records[best.begin - 1]) == 1
    )


def _no_numbers(guesses: list[Guess], title: str) -> str:
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
