"""How a table is written: its delimiter, and where its names and numbers begin."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs.cells import kind, plain
from cnnviz.inputs.delimiter import Guess, guess_delimiter
from cnnviz.inputs.lines import Lines, split_cells
from cnnviz.inputs.units import is_unit


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


def sniff(lines: Lines, choices: Choices, words: frozenset[str], title: str) -> Dialect:
    """Decide how a table is written.

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
    guess = guess_delimiter(lines, choices, words, title)
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
    guess: Guess, lines: Lines, first: int, width: int
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
