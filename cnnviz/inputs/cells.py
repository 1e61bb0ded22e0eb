"""Single cells: which are numbers, which mean "no value", which mark is decimal."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.inputs.phrases import quoted
from cnnviz.inputs.timestamps import is_time

Kind = Literal["missing", "number", "time", "word"]

MISSING = frozenset(
    {
        *("", "na", "n/a", "n.a.", "nan", "null", "none", "nil", "nd", "n.d."),
        *("-", "--", "---", "–", "—", "?", ".", "*", "missing", "k.a.", "없음", "결측"),
        *("#n/a", "#na", "#n/a n/a", "#null!", "#value!", "#div/0!", "#num!", "#ref!"),
    }
)
"""Cells, without case and surrounding blanks, that mean "no value"."""

_INFINITE = frozenset({"inf", "infinity", "∞"})
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(rf"[+-]?(?:\d+(?:[.,]\d+)?|\d+\.|[.,]\d+){_EXPONENT}")
_GROUPED = re.compile(
    r"[+-]?\d{1,3}(?P<mark>[.,'’ \u00a0\u202f])\d{3}(?P<more>(?:(?P=mark)\d{3})*)"
    rf"(?P<tail>(?!(?P=mark))[.,]\d+)?{_EXPONENT}"
)
_FOREIGN = str.maketrans({"−": "-", "\u00a0": " ", "\u202f": " ", "’": "'"})
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are written in one table.

    Attributes
    ----------
    decimal
        ``"."`` or ``","``.
    thousands
        The mark between groups where it is known; a group that can be nothing else
        is understood anyway.
    words
        Cells that mean "no value".
    """

    decimal: str = "."
    thousands: str = ""
    words: frozenset[str] = MISSING


@dataclass(slots=True)
class Leftover:
    """What was no number among cells that should be.

    Attributes
    ----------
    bad
        ``(index, cell)`` of the cells that are neither number nor missing.
    grouped
        ``(index, cell)`` of the first like ``1.234``: thousand, or one and a bit.
    """

    bad: list[tuple[int, str]] = field(default_factory=list)
    grouped: tuple[int, str] | None = None


def plain(cell: str) -> str:
    """Return a cell without surrounding blanks and typographic signs."""
    return cell.translate(_FOREIGN).strip()


def kind(cell: str, words: frozenset[str] = MISSING) -> Kind:
    """Tell what a cell looks like, whatever its decimal mark."""
    cell = plain(cell)
    if cell.casefold() in words:
        return "missing"
    if _PLAIN.fullmatch(cell) or _GROUPED.fullmatch(cell) or _is_infinite(cell):
        return "number"
    return "time" if is_time(cell) else "word"


def _is_infinite(cell: str) -> bool:
    return cell.lstrip("+-").casefold() in _INFINITE


# The decimal mark


@dataclass(slots=True)
class _Evidence:
    """First cells that speak for a decimal mark, by how sure they are."""

    certain: dict[str, tuple[int, str]] = field(default_factory=dict)
    likely: dict[str, tuple[int, str]] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)
    thousands: str = ""

    def add(self, row: int, cell: str) -> None:
        """Note what one cell says."""
        if match := _GROUPED.fullmatch(cell):
            mark, tail = match["mark"], match["tail"]
            if mark not in ",.":
                self.thousands = mark
                if tail:
                    self.certain.setdefault(tail[0], (row, cell))
            elif tail or match["more"]:
                self.thousands = mark
                decimal = "," if mark == "." else "."
                self.certain.setdefault(decimal, (row, cell))
            elif cell.lstrip("+-").startswith("0"):  # a group never begins with 0
                self.likely.setdefault(mark, (row, cell))
            else:
                self.unclear.add(mark)
        elif _PLAIN.fullmatch(cell):
            for mark in ",.":
                if mark in cell:
                    self.likely.setdefault(mark, (row, cell))


def decide_style(
    columns: Iterable[Iterable[tuple[int, str]]],
    delimiter: str,
    title: str,
    words: frozenset[str] = MISSING,
) -> Style:
    """Decide the decimal mark and the mark between thousands.

    ``1,234.5`` and ``1.234,5`` are certain; ``0,5`` and ``12.25`` are likely; a lone
    ``1,234`` could be either, and is decimal where commas do not delimit.

    Parameters
    ----------
    columns
        For each column some ``(row, cell)``.
    delimiter
        Of the table.
    title
        What to call it in sentences.
    words
        Cells that mean "no value".

    Raises
    ------
    InputError
        Cells of the table contradict each other.
    """
    whole, votes = _Evidence(), Counter[str]()
    for cells in columns:
        column = _Evidence()
        for row, cell in cells:
            if "," in cell or "." in cell or " " in cell or "'" in cell:
                column.add(row, cell)
        for mark, place in column.certain.items():
            whole.certain.setdefault(mark, place)
        whole.unclear |= column.unclear
        whole.thousands = whole.thousands or column.thousands
        if len(column.likely) == 2:
            _refuse_both(column.likely, title)
        votes.update([*column.likely])
    if len(whole.certain) == 2:
        _refuse_both(whole.certain, title)
    if whole.certain:
        decimal = next(iter(whole.certain))
    elif votes:
        decimal = "," if votes[","] > votes["."] else "."
    else:
        decimal = "," if whole.unclear == {","} and delimiter != "," else "."
    return Style(decimal, whole.thousands, words)


def _refuse_both(places: dict[str, tuple[int, str]], title: str) -> None:
    """Refuse a table that writes decimals in both ways.

    Raises
    ------
    InputError
        Always.
    """
    (row, cell), (other_row, other) = sorted(places.values())
    raise InputError(
        f"{title}, row {row}: expected one decimal mark in the whole table, got "
        f"{quoted(cell)} beside {quoted(other)} in row {other_row}"
    )


# Numbers


def to_numbers(
    cells: Sequence[str], style: Style, clear: bool = True
) -> tuple[NDArray[np.float64], Leftover]:
    """Read the cells of one column as numbers.

    Parameters
    ----------
    cells
        Of one column.
    style
        How numbers are written.
    clear
        Whether ``1,234`` with the mark that is not decimal surely is a thousand.

    Returns
    -------
    values
        ``(len(cells),)`` float64; NaN where a cell is missing or no number.
    leftover
        What was no number.
    """
    left = Leftover()
    joined = _SEPARATOR.join(cells)
    comma = style.decimal == ","
    if "_" not in joined and not (comma and "." in joined):
        usual = joined.replace(",", ".").split(_SEPARATOR) if comma else cells
        try:
            return np.fromiter(map(float, usual), np.float64, len(cells)), left
        except ValueError:  # some cell is missing, grouped, or no number
            pass
        values = []
        for i, cell in enumerate(usual):
            try:
                values.append(float(cell))
            except ValueError:
                values.append(_number(cells[i], i, style, clear, left))
        return np.array(values, np.float64), left
    careful = [_number(cell, i, style, clear, left) for i, cell in enumerate(cells)]
    return np.array(careful, np.float64), left


def _number(cell: str, index: int, style: Style, clear: bool, left: Leftover) -> float:
    """Read one cell with care; NaN where it is no number."""
    text = plain(cell)
    if text.casefold() in style.words:
        return math.nan
    if _is_infinite(text):
        return -math.inf if text.startswith("-") else math.inf
    other = "." if style.decimal == "," else ","
    match = _GROUPED.fullmatch(text)
    if match and match["mark"] != style.decimal and match["tail"] != other:
        mark = match["mark"]
        certain = match["tail"] or match["more"] or mark not in ",."
        if not certain and not clear and style.thousands != mark:
            left.grouped = left.grouped or (index, cell)
        text = text.replace(mark, "")
    if _PLAIN.fullmatch(text) and other not in text:
        return float(text.replace(",", "."))
    left.bad.append((index, cell))
    return math.nan
