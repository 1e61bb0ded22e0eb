"""Series: what a table holds, where it comes from, and what the person chose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Layout = Literal["columns", "rows"]

Policy = Literal["interpolate", "hold", "refuse"]
"""For missing values: straight lines between neighbours; the value before; an error."""


@dataclass(frozen=True, slots=True)
class Choices:
    r"""What the person decided about a table; None leaves it to the program.

    Columns are meant by the names in ``Table.columns``.

    Attributes
    ----------
    encoding
        A codec of Python's, such as ``"utf-8"``, ``"cp949"`` or ``"latin-1"``.
    delimiter
        ``","``, ``";"``, ``"\t"``, ``"|"``, ``" "``, or ``""`` for a single column.
    decimal
        ``"."`` or ``","``.
    thousands
        The mark between groups of three digits, or ``""`` for none.
    header
        Row of the file, from 1, that holds the names; 0 for none.
    layout
        ``"columns"``: one variable a column; ``"rows"``: one variable a row. None:
        columns, unless only rows fit the network.
    time
        Columns that together give the time; ``()`` for none: steps are then counted.
    time_order
        Whether the day or the month comes first in dates like ``03/04/2024``.
    time_unit
        Of a numeric time column: ``"s"``, ``"ms"``, ``"us"``, ``"ns"``, ``"min"``,
        ``"h"`` or ``"d"``.
    rate
        In Hz; counts where the table has no time.
    kept
        The variables, in this order.
    missing
        What ``fill_missing`` does.
    missing_words
        Cells that mean "no value", beside those always taken so (``NA``, ``-``, …).
    missing_numbers
        Numbers that mean "no value", such as -999; ``()`` for none.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: str | None = None
    header: int | None = None
    layout: Layout | None = None
    time: tuple[str, ...] | None = None
    time_order: Literal["day first", "month first"] | None = None
    time_unit: str | None = None
    rate: float | None = None
    kept: tuple[str, ...] | None = None
    missing: Policy = "interpolate"
    missing_words: tuple[str, ...] = ()
    missing_numbers: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class TableSource:
    """A file with a series.

    Attributes
    ----------
    path
        The file.
    choices
        How to read it.
    mapping
        For each channel of the network the variable it is fed, or None to decide.
    start
        Step of the table, from 0, at which a network of fixed length begins.
    """

    path: Path
    choices: Choices = Choices()
    mapping: tuple[str, ...] | None = None
    start: int = 0

    @property
    def title(self) -> str:
        """What to call it on screen."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class TextSource:
    """A series that came as text, such as cells pasted from a spreadsheet.

    The other attributes are those of ``TableSource``.
    """

    text: str
    choices: Choices = Choices()
    mapping: tuple[str, ...] | None = None
    start: int = 0
    title: str = "pasted table"


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What was found in a table, and decided about it.

    Attributes
    ----------
    columns
        ``(name, role)`` of every column in the order of the file; the role is
        ``"variable"``, ``"time"``, ``"label"`` or ``"left out"``.
    usable
        Columns that could be kept as variables.
    variables
        Names of the variables.
    channels, mapping
        Names of the network's channels, and for each the variable it is fed.
    choices
        What was decided, whoever did: no field that was decided is None.
    pairs
        Question and answer of each decision.
    """

    columns: tuple[tuple[str, str], ...]
    usable: tuple[str, ...]
    variables: tuple[str, ...]
    channels: tuple[str, ...]
    mapping: tuple[str, ...]
    choices: Choices
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The variables a network was fed, as they were before normalising.

    Attributes
    ----------
    time
        ``(T,)`` float64, in seconds since the first step of the table, or in steps
        where the time is unknown; negative where values were put before the table.
    names, units
        Of the V variables in the order of the network's channels; ``""`` where a unit
        is unknown.
    values
        ``(V, T)`` float64 in those units; NaN where there is no value.
    rate
        Steps a second, in Hz; None if unknown.
    start, total
        Step of the table at which the window begins, and the steps of the table.
        ``start`` is negative where values were put before the table.
    fed
        ``(V, T)`` like ``values``, with what was put in the place of missing values;
        None where none were missing.
    whole
        ``(V, total)``: the same variables over the whole table; None where the window
        is all of it.
    facts
        What was decided about the table, or None.
    """

    time: NDArray[np.float64]
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64]
    rate: float | None = None
    start: int = 0
    total: int = 0
    fed: NDArray[np.float64] | None = None
    whole: NDArray[np.float64] | None = None
    facts: TableFacts | None = None
