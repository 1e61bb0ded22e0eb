"""A text cut into lines and cells; comments apart."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_COMMENT = re.compile(
    r"\s*(?:%|//|#(?!N/A|NA\b|DIV/0|VALUE|REF|NUM|NULL|NAME\?))", re.IGNORECASE
)
_SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
NOTHING = "\x1f"
"""Stands for no delimiter: it occurs in no text."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file that are no comments.

    Attributes
    ----------
    texts
        The lines, without their ends.
    rows
        For each its row in the file, from 1.
    comments
        ``(row, text without mark)`` of those left out.
    quoted
        Whether there is any quote.
    delimiter
        From a line ``sep=;`` as spreadsheets write it, or None.
    """

    texts: list[str]
    rows: Sequence[int]
    comments: list[tuple[int, str]]
    quoted: bool
    delimiter: str | None = None


def split_lines(text: str) -> Lines:
    """Cut a text into lines; leave out comments, and empty lines at its end.

    Comments begin with ``#``, ``%`` or ``//``.
    """
    texts = text.rstrip("\n").split("\n")
    rows: Sequence[int] = range(1, len(texts) + 1)
    comments: list[tuple[int, str]] = []
    delimiter = None
    if match := _SEP_LINE.fullmatch(texts[0].strip()):
        delimiter = match[1]
        texts, rows = texts[1:], rows[1:]
    if "#" in text or "%" in text or "//" in text:
        left = {i: mark for i, t in enumerate(texts) if (mark := _COMMENT.match(t))}
        comments = [(rows[i], texts[i][mark.end() :]) for i, mark in left.items()]
        rows = [row for i, row in enumerate(rows) if i not in left]
        texts = [line for i, line in enumerate(texts) if i not in left]
    return Lines(texts, rows, comments, '"' in text, delimiter)


def split_cells(
    lines: Iterable[str], delimiter: str
) -> tuple[list[list[str]], list[int]]:
    """Cut lines into cells.

    Parameters
    ----------
    lines
        Without their ends. A quoted cell may go over several.
    delimiter
        One character; ``" "`` for any number of blanks; ``""`` for a single column.

    Returns
    -------
    records
        Cells without quotes; an empty line is a record without cells.
    starts
        For each record the index of its first line.

    Raises
    ------
    csv.Error
        A cell has more than 131,072 characters: its quote is never closed.
    """
    if delimiter == " ":
        lines = (line.strip() for line in lines)
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=delimiter or NOTHING,
        skipinitialspace=True,
    )
    records, starts, begin = [], [], 0
    for record in reader:
        records.append(record)
        starts.append(begin)
        begin = reader.line_num
    return records, starts
