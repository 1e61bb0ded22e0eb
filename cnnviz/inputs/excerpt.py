"""Cells from all over a table, by which its columns are judged before it is read."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np

from cnnviz.inputs.cells import kind
from cnnviz.inputs.dialect import Dialect
from cnnviz.inputs.lines import Lines, split_cells

Excerpt = list[list[tuple[int, str]]]
"""For each column some ``(row, cell)``."""

_LINES = 200
"""Lines taken from the top of a table, and again from all over the rest."""


def take_excerpt(lines: Lines, dialect: Dialect) -> Excerpt:
    """Return cells from all over a table, column by column."""
    first, last = dialect.first, len(lines.texts)
    top = min(last, first + _LINES)
    spread = np.linspace(min(top, last - 1), last - 1, _LINES).astype(int)
    columns: Excerpt = [[] for _ in range(dialect.width)]
    for i in dict.fromkeys([*range(first, top), *map(int, spread)]):
        try:
            records, _ = split_cells([lines.texts[i]], dialect.delimiter)
        except csv.Error:
            continue
        if len(records[0]) in (dialect.width, dialect.width + 1):
            for column, cell in zip(columns, records[0], strict=False):
                column.append((lines.rows[i], cell))
    return columns


def columns_of_numbers(excerpt: Excerpt, words: frozenset[str]) -> list[int]:
    """Return the columns of which at least half the cells with a value are numbers."""
    found = []
    for j, column in enumerate(excerpt):
        kinds = [kind(cell, words) for _, cell in column]
        if 2 * kinds.count("number") >= len(kinds) - kinds.count("missing"):
            found.append(j)
    return found


def blank_cells(
    excerpt: Excerpt, columns: Sequence[int], words: frozenset[str]
) -> list[str]:
    """Return the cells that mean "no value" in columns of numbers, as written."""
    cells = {cell for j in columns for _, cell in excerpt[j]}
    return [cell for cell in cells if cell.strip().casefold() in words]
