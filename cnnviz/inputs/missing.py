"""Missing values: where they are, and what is put in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.core.numbers import counted
from cnnviz.core.series import Policy
from cnnviz.inputs.phrases import listed, quoted

Values = NDArray[np.float64]

_CODES = (
    *(-32768.0, -9999.0, -999.0, -200.0, -99.0, -99999.0, -999.9, -99.9, -9999.9),
    *(999.0, 9999.0, 99999.0, 999.9, 9999.9),
)
"""Numbers that loggers write where they have none."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Missing values of one variable.

    Attributes
    ----------
    name
        Of the variable.
    count
        How many.
    rows
        The first few, as rows of the file.
    longest
        Length of the longest unbroken run, in steps.
    """

    name: str
    count: int
    rows: tuple[int, ...]
    longest: int


def find_codes(values: Values) -> list[float]:
    """Return numbers that most likely mean "no value".

    Such a number is a usual one for this (-999 …), is the least or largest of the
    column, stands there more than once, and lies farther from the others than they
    from each other, or is negative where no other is.

    Parameters
    ----------
    values
        ``(T,)`` of one variable.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return []
    for extreme in (finite.min(), finite.max()):
        others = finite[finite != extreme]
        if extreme not in _CODES or len(finite) - len(others) < 2:
            continue
        if len(np.unique(others[:10_000])) < 10:
            continue
        low, high = others.min(), others.max()
        apart = max(low - extreme, extreme - high) > high - low
        if apart or (extreme < 0 <= low):
            return [float(extreme)]
    return []


def count_missing(
    values: Values, names: Sequence[str], rows: NDArray[np.int64]
) -> tuple[Missing, ...]:
    """Count missing values.

    Parameters
    ----------
    values
        ``(T, V)``; NaN where missing.
    names
        Of the V variables.
    rows
        ``(T,)`` rows of the file.

    Returns
    -------
    One entry for each variable with missing values.
    """
    found = []
    for name, column in zip(names, values.T, strict=True):
        where = np.flatnonzero(np.isnan(column))
        if not len(where):
            continue
        ends = np.flatnonzero(np.diff(where) != 1)
        runs = np.diff([-1, *ends, len(where) - 1])
        first = tuple(int(row) for row in rows[where[:5]])
        found.append(Missing(name, len(where), first, int(runs.max())))
    return tuple(found)


def missing_words(missing: Sequence[Missing]) -> str:
    """Say how many values are missing and where."""
    parts = []
    for entry in missing:
        more = ", …" if entry.count > len(entry.rows) else ""
        rows = ", ".join(map(str, entry.rows)) + more
        parts.append(
            f"{entry.count:,} in {quoted(entry.name)} "
            f"({'row' if entry.count == 1 else 'rows'} {rows})"
        )
    total = sum(entry.count for entry in missing)
    return f"{counted(total, 'missing value')}: {listed(parts, 4)}"


def filled(
    values: Values,
    time: Values | None,
    policy: Policy,
    missing: Sequence[Missing],
    title: str,
) -> tuple[Values, str]:
    """Put values in the place of missing ones.

    Parameters
    ----------
    values
        ``(T, V)``; NaN where missing, in no variable throughout.
    time
        ``(T,)`` rising, or None for even steps.
    policy
        See ``core.series.Policy``. Before the first value the first one is taken, after
        the last one the last.
    missing
        From ``count_missing``.
    title
        Of the file.

    Returns
    -------
    values
        A copy without NaN.
    words
        What was done, or ``""``.

    Raises
    ------
    InputError
        Values are missing and the policy is to refuse them.
    """
    if not missing:
        return values, ""
    if policy == "refuse":
        first = min(missing, key=lambda entry: entry.rows[0])
        raise InputError(
            f"{title}, row {first.rows[0]}, column {quoted(first.name)}: expected a "
            f"number, the value is missing ({missing_words(missing)})"
        )
    result = values.copy()
    steps = np.arange(len(values), dtype=np.float64)
    for j in range(values.shape[1]):
        gone = np.isnan(values[:, j])
        if not gone.any():
            continue
        known = np.flatnonzero(~gone)
        if policy == "hold":
            before = np.searchsorted(known, np.flatnonzero(gone)) - 1
            result[gone, j] = values[known[np.maximum(before, 0)], j]
        else:
            axis = steps if time is None else time
            result[gone, j] = np.interp(axis[gone], axis[known], values[known, j])
    how = {
        "interpolate": "filled by straight lines between neighbours",
        "hold": "filled with the value before",
    }[policy]
    return result, f"{missing_words(missing)}; {how}."
