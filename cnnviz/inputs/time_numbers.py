"""Times in columns of numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile

import numpy as np

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs.clock import Clock, Columns, Numbers, clock_of
from cnnviz.inputs.phrases import quoted
from cnnviz.inputs.timestamps import NANO, days_of
from cnnviz.inputs.units import SECONDS, bare

_NAMES = frozenset(
    {
        *("time", "timestamp", "timestamps", "datetime", "date", "elapsed", "epoch"),
        *("elapsed time", "elapsedtime", "unix time", "unixtime", "unix", "clock"),
        *("zeit", "uhrzeit", "datum", "zeitstempel", "temps", "heure", "tiempo"),
        *("시간", "시각", "날짜", "일시", "seconds", "sec", "secs", "second"),
        *("millis", "milliseconds", "msec", "ms", "micros", "microseconds", "us"),
    }
)
_PARTS = {
    "year": frozenset({"year", "yr", "yyyy", "jahr", "annee", "année", "년", "연도"}),
    "month": frozenset({"month", "mon", "mm", "monat", "mois", "월"}),
    "day": frozenset({"day", "dd", "tag", "jour", "일"}),
    "hour": frozenset({"hour", "hr", "hh", "stunde", "heure", "시"}),
    "minute": frozenset({"minute", "min", "분"}),
    "second": frozenset({"second", "sec", "초"}),
}
HOURS = _PARTS["hour"]
_SUFFIX = re.compile(r"^(.*?)[ _](\w+)$")


def base_name(name: str) -> str:
    """Return a name without unit, brackets and case."""
    return bare(name).casefold().strip()


def are_whole(values: Numbers, low: float, high: float) -> bool:
    """Tell whether all values are whole numbers in a range."""
    fits = (values >= low) & (values <= high) & (values == np.floor(values))
    return bool(fits.all()) and len(values) > 0


def from_parts(table: Columns, _choices: Choices) -> Clock | None:
    """Read year, month, day, hour … from columns of their own."""
    where: dict[str, int] = {}
    for part, names in _PARTS.items():
        for j, values in table.numbers.items():
            whole = part == "second" or are_whole(values, 0, 9999)
            if base_name(table.names[j]) in names and whole and part not in where:
                where[part] = j
    if "year" not in where or "month" not in where:
        return None
    steps = list(takewhile(where.__contains__, _PARTS))
    fields = {part: table.numbers[where[part]] for part in steps}
    one = np.ones(len(table.rows), np.int64)
    year, month = (fields[part].astype(np.int64) for part in ("year", "month"))
    day = fields["day"].astype(np.int64) if "day" in fields else one
    stamps = days_of(year, month, day)
    if not stamps.valid.all():
        return None
    clock = sum(
        (
            np.rint(np.nan_to_num(fields[part]) * size * NANO).astype(np.int64)
            for part, size in (("hour", 3600), ("minute", 60), ("second", 1))
            if part in fields
        ),
        np.zeros(len(one), np.int64),
    )
    finest = {"hour": 3600.0, "minute": 60.0, "second": 1e-3}.get(steps[-1], 86_400.0)
    stamps = replace(stamps, clock=clock, words=", ".join(steps), resolution=finest)
    return clock_of(tuple(where[part] for part in steps), [stamps])


def from_dates(table: Columns, _choices: Choices) -> Clock | None:
    """Read dates written as one number: 20240131, 202401311530, 20240131153000."""
    for j, values in table.numbers.items():
        if len(values) < 2 or not are_whole(values, 1.7e7, 3e13):
            continue
        digits = len(str(int(values[0])))
        if digits not in (8, 12, 14):
            continue
        whole = values.astype(np.int64)
        date, clock = np.divmod(whole, 10 ** (digits - 8))
        if digits == 12:
            clock = clock * 100
        stamps = days_of(date // 10_000, date // 100 % 100, date % 100)
        hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
        exists = stamps.valid & (hour < 24) & (minute < 60) & (second < 60)
        if not exists.all() or np.ptp(whole) == 0:
            continue
        stamps = replace(
            stamps,
            clock=(hour * 3600 + minute * 60 + second) * NANO,
            words="yyyymmddhhmmss"[:digits],
            resolution={8: 86_400.0, 12: 60.0, 14: 1.0}[digits],
        )
        return clock_of((j,), [stamps])
    return None


def from_name(table: Columns, choices: Choices) -> Clock | None:
    """Take numbers that rise in a column that is called like a time."""
    for j, values in table.numbers.items():
        base, unit = _named(table.names[j], table.units[j])
        strong = base in _NAMES or (base == "t" and bool(unit))
        if (strong or table.names[j].strip() == "t") and _mostly_rises(values, strong):
            return from_number(table, j, choices)
    return None


def _named(name: str, unit: str) -> tuple[str, str]:
    """Return a column's name without unit, and the unit of time it is in."""
    base = base_name(name)
    if unit in SECONDS:
        return base, unit
    if base in SECONDS and base in _NAMES:
        return base, base
    match = _SUFFIX.match(base)
    return (match[1], match[2]) if match and match[2] in SECONDS else (base, "")


def _mostly_rises(values: Numbers, strong: bool) -> bool:
    """Tell whether values rise, but for one step in ten where the name is clear."""
    steps = np.diff(values[np.isfinite(values)])
    falls = int((steps < 0).sum())
    return bool((steps > 0).any()) and falls <= (len(steps) // 10 if strong else 0)


def from_number(table: Columns, column: int, choices: Choices) -> Clock | None:
    """Make a clock of a column of numbers."""
    values = table.numbers[column]
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return None
    name, notes = table.names[column], list[str]()
    unit = choices.time_unit or _named(name, table.units[column])[1]
    if unit and unit not in SECONDS:
        raise InputError(
            f"{table.title}: expected a unit of time such as s or ms, got {unit!r}"
        )
    begin, words = None, unit
    scale = next((s for s in (1.0, 1e-3, 1e-6, 1e-9) if _is_epoch(finite[0] * s)), 0.0)
    if scale and (not unit or SECONDS[unit] == scale):
        unit = {1.0: "s", 1e-3: "ms", 1e-6: "µs", 1e-9: "ns"}[scale]
        words = f"{unit} since 1970"
        begin = np.datetime64(0, "ns") + np.timedelta64(
            int(finite[0]) * round(scale * NANO), "ns"
        )
    elif not unit:
        unit, words, note = _guessed_unit(finite, name)
        notes.append(note)
    size = SECONDS[unit]
    return Clock(
        (column,),
        words,
        (values - finite[0]) * size,
        begin,
        _resolution(finite) * size,
        tuple(notes),
    )


def _is_epoch(seconds: float) -> bool:
    """Tell seconds since 1970 by their size: the years 2001 to 2096."""
    return 1e9 <= seconds < 4e9


def _guessed_unit(values: Numbers, name: str) -> tuple[str, str, str]:
    """Guess the unit of a time without one; return it, words and a note."""
    steps = np.diff(values)
    jitter = np.ptp(steps[steps > 0]) if (steps > 0).any() else 0.0
    whole = bool((values == np.floor(values)).all())
    if whole and 0 < jitter <= 2 and 5 <= np.median(steps) <= 500:
        words = "milliseconds, guessed from steps that vary by one"
        return "ms", words, f"The unit of {quoted(name)} is not named: taken as ms."
    return (
        "s",
        "seconds, assumed",
        f"The unit of {quoted(name)} is not named: taken as s.",
    )


def _resolution(values: Numbers) -> float:
    """Return the last decimal place in which the values are written."""
    few = values[:2000] - np.floor(values[0])
    for digits in range(10):
        scaled = few * 10.0**digits
        if np.abs(scaled - np.rint(scaled)).max() < 1e-3:
            return float(10.0**-digits)
    return 0.0
