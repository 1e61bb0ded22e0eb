"""What each column of a table is: a variable, the time, a label, or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cnnviz.core.errors import InputError
from cnnviz.core.numbers import counted
from cnnviz.core.series import Choices
from cnnviz.inputs.clock import Clock, Columns, Numbers
from cnnviz.inputs.dialect import Dialect
from cnnviz.inputs.grid import Grid
from cnnviz.inputs.phrases import listed, quoted
from cnnviz.inputs.time_numbers import base_name, from_name
from cnnviz.inputs.timestamps import read_times
from cnnviz.inputs.units import unit_of

Role = Literal["variable", "time", "label", "left out"]

UNNAMED = "(unnamed)"
EMPTY = "no value in any row"

_FEW = 0.05
"""Part of a column's cells that may be other words; they then count as missing."""

_COUNTERS = frozenset(
    {
        *("", "index", "idx", "no", "no.", "nr", "nr.", "#", "id", "row", "n", "num"),
        *("number", "record", "unnamed: 0", "번호", "순번", UNNAMED),
    }
)
_LABELS = frozenset(
    {
        *("label", "labels", "class", "target", "activity", "category", "ground truth"),
        *("ground_truth", "subject", "subject_id", "person", "user", "라벨", "클래스"),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """What was made of one column.

    Attributes
    ----------
    name
        As in the file, but told apart where names repeat.
    unit
        From the name or a row of units, or ``""``.
    role
        ``"label"`` and ``"left out"`` are not fed to a network.
    why
        The reason in words; the notation for a time.
    numeric
        Whether the person could keep it as a variable.
    """

    name: str
    unit: str
    role: Role
    why: str = ""
    numeric: bool = True


def name_columns(dialect: Dialect) -> tuple[list[str], list[str], list[str]]:
    """Give each column a name of its own.

    Returns
    -------
    names
        Of all columns; ``"column 1"`` … without header, ``"x (2)"`` for a repeat.
    units
        ``""`` where unknown.
    notes
        What was renamed, in sentences.
    """
    width = dialect.width
    if not dialect.names:
        return [f"column {j + 1}" for j in range(width)], [""] * width, []
    names: list[str] = []
    for name in (name or UNNAMED for name in dialect.names):
        number, unique = 1, name
        while unique in names:
            number += 1
            unique = f"{name} ({number})"
        names.append(unique)
    notes = []
    if twice := [n for n, count in Counter(dialect.names).items() if count > 1 and n]:
        notes.append(
            f"The name {listed([quoted(name) for name in twice])} stands above several "
            "columns; the later ones are numbered."
        )
    units = [unit.strip("[]() ") for unit in dialect.units] or [""] * width
    units = [u or unit_of(name) for u, name in zip(units, names, strict=True)]
    return names, units, notes


def assign_roles(
    table: Columns, grid: Grid, clock: Clock | None, choices: Choices
) -> list[Column]:
    """Decide what each column is.

    Raises
    ------
    InputError
        A chosen variable is not in the table, or is no column of numbers.
    """
    roles = [_role(table, grid, clock, j) for j in range(len(table.names))]
    if choices.kept is not None:
        roles = _chosen(table, roles, choices.kept)
    return [
        Column(name, unit, role, why, j in table.numbers)
        for j, (name, unit, (role, why)) in enumerate(
            zip(table.names, table.units, roles, strict=True)
        )
    ]


def _role(table: Columns, grid: Grid, clock: Clock | None, j: int) -> tuple[Role, str]:
    """Decide what one column is, and why."""
    if clock is not None and j in clock.columns:
        return "time", clock.words
    if j in table.texts:
        return _role_of_text(table.texts[j])
    values = table.numbers[j]
    held = int(np.isfinite(values).sum() + np.isinf(values).sum())
    bad = grid.bad.get(j, [])
    if bad and len(bad) > _FEW * (held + len(bad)):
        row, cell = bad[0]
        return "left out", (
            f"{counted(len(bad), 'cell')} without a number, first {quoted(cell)} in "
            f"row {row}"
        )
    if held == 0:
        return "left out", EMPTY
    if _counts_rows(table, values, j):
        return "left out", "row numbers"
    base = base_name(table.names[j])
    if base in _LABELS and bool((values == np.floor(values)).all()):
        kinds = len(np.unique(values))
        if kinds <= 50:
            return "label", f"{counted(kinds, 'number')} under the name of a label"
    if clock is not None and _is_another_time(table, j):
        return "left out", "another time"
    return "variable", ""


def _role_of_text(cells: list[str]) -> tuple[Role, str]:
    kinds = Counter(cell.strip() for cell in cells)
    if read_times(cells) is not None:
        return "left out", "another time"
    if len(kinds) <= max(20, len(cells) // 20) and len(kinds) < len(cells):
        words = [quoted(word, 20) for word, _ in kinds.most_common()]
        return "label", f"{counted(len(kinds), 'word')}: {listed(words, 5)}"
    return "left out", f"text, such as {quoted(cells[0])}"


def _counts_rows(table: Columns, values: Numbers, j: int) -> bool:
    """Tell a column of row numbers by its name, or by its place if it has none."""
    named = not table.names[j].startswith("column ")
    if named and base_name(table.names[j]) not in _COUNTERS:
        return False
    if not named and (j > 0 or len(values) < 8 or values[0] not in (0, 1)):
        return False
    return bool((np.diff(values) == 1).all()) and bool(values[0] == np.floor(values[0]))


def _is_another_time(table: Columns, j: int) -> bool:
    alone = replace(table, numbers={j: table.numbers[j]}, texts={})
    return table.names[j] != "t" and from_name(alone, Choices()) is not None


def _chosen(
    table: Columns, roles: list[tuple[Role, str]], kept: Sequence[str]
) -> list[tuple[Role, str]]:
    """Keep exactly the variables the person chose."""
    for name in kept:
        if name not in table.names:
            raise InputError(
                f"{table.title}: expected a variable {quoted(name)}, "
                "there is no such column"
            )
        j = table.names.index(name)
        if j not in table.numbers:
            raise InputError(
                f"{table.title}: expected numbers in column {quoted(name)}, "
                f"got {roles[j][1]}"
            )
        roles[j] = ("variable", "")
    return [
        ("left out", "not chosen")
        if role == "variable" and name not in kept
        else (role, why)
        for name, (role, why) in zip(table.names, roles, strict=True)
    ]


def check_variables(table: Columns, grid: Grid, columns: Sequence[Column]) -> list[str]:
    """Look at the cells of the variables that are no plain numbers.

    Words without digits count as missing.

    Returns
    -------
    notes
        Which words were taken so, in sentences.

    Raises
    ------
    InputError
        A cell is a number that cannot be read with certainty, or is infinite.
    """
    notes = []
    for j, column in enumerate(columns):
        if column.role != "variable":
            continue
        bad = grid.bad.get(j, [])
        where = f"{table.title}, row {{}}, column {quoted(column.name)}"
        for row, cell in bad:
            if any(letter.isdigit() for letter in cell):
                raise InputError(
                    f"{where.format(row)}: expected a number, got {quoted(cell)}"
                )
        if bad:
            words = listed([quoted(w) for w in dict.fromkeys(c for _, c in bad)], 3)
            notes.append(
                f"{counted(len(bad), 'cell')} of {quoted(column.name)} with words "
                f"({words}, first in row {bad[0][0]}): taken as missing."
            )
        if j in grid.grouped:
            row, cell = grid.grouped[j]
            raise InputError(
                f"{where.format(row)}: expected a number, got {quoted(cell)}, which "
                "may be a thousand or a fraction; choose the decimal mark"
            )
        infinite = np.isinf(table.numbers[j])
        if infinite.any():
            i = int(np.argmax(infinite))
            word = "∞" if table.numbers[j][i] > 0 else "−∞"
            raise InputError(
                f"{where.format(table.rows[i])}: expected a finite number, got {word}"
                f" ({counted(int(infinite.sum()), 'infinite value')} in this column)"
            )
    return notes
