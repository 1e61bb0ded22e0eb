"""Times written as text: dates, clock times, months, quarters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Order = Literal["day first", "month first"]
Whole = NDArray[np.int64]

NANO = 1_000_000_000

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_TIME = re.compile(
    r"(?:(?P<year>\d{4})(?P<s>[-/.])(?P<month>\d\d?)(?:(?P=s)(?P<day>\d\d?))?"
    r"|(?P<first>\d\d?)(?P<t>[-/.])(?P<second>\d\d?)(?P=t)(?P<late>\d{4}|\d\d)"
    r"|(?P<named>\d\d?)[-/ ](?P<name>[A-Za-z]{3})[-/ ](?P<nyear>\d{4})"
    r"|(?P<qyear>\d{4})[- ]?[Qq](?P<quarter>\d))?"
    r"(?P<gap>[T ] ?)?"
    r"(?:(?P<hour>\d\d?)(?:\.(?P<min2>\d\d)\.(?P<sec2>\d\d)"
    r"|:(?P<min>\d\d)(?::(?P<sec>\d\d)(?:[.,](?P<part>\d{1,9}))?)?)"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?: ?(?:Z|z|UTC|(?P<sign>[+-])(?P<zhour>\d\d):?(?P<zmin>\d\d)?))?)?"
)
_DOTTED = re.compile(r"(?P<hour>\d\d?)\.(?P<min>\d\d)\.(?P<sec>\d\d)")
_DIGITS = str.maketrans("123456789", "0" * 9)


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """A column of times.

    Attributes
    ----------
    days
        ``(T,)`` days since 1970-01-01, or None where only the clock is written.
    clock
        ``(T,)`` nanoseconds since midnight, or None where only the date is.
    valid
        ``(T,)``: whether the cell is a time that exists.
    words
        The notation, such as ``"day/month/year hour:minute"``.
    resolution
        Smallest difference the notation can tell, in seconds.
    unsure
        Day and month could be the other way round.
    """

    days: Whole | None
    clock: Whole | None
    valid: NDArray[np.bool_]
    words: str
    resolution: float
    unsure: bool


def is_time(cell: str) -> bool:
    """Tell whether a cell is written like a date, a clock time, or both."""
    return _match(cell) is not None or _DOTTED.fullmatch(cell) is not None


def read_times(cells: Sequence[str], order: Order | None = None) -> Stamps | None:
    """Read a column of times.

    Cells that differ only in their digits are read together: the notation is looked
    up once, the digits are taken from fixed places.

    Parameters
    ----------
    cells
        Of one column, T of them.
    order
        Of day and month where the year comes last. None: as the values allow it; if
        both are possible, the order in which time has even steps, or at least does not
        run back; else day first.

    Returns
    -------
    Stamps, or None if fewer than half of the cells are written like times.
    """
    cells = [cell.strip() for cell in cells]
    first = [cell for cell in cells[:1000] if cell][:50]
    if 2 * sum(map(is_time, first)) < len(first) or not first:
        return None
    shapes = "\x1f".join(cells).translate(_DIGITS).split("\x1f")
    kinds = dict.fromkeys(shapes)
    if len(kinds) > 200 + len(cells) // 100:
        return None
    stamps = _read(cells, shapes, list(kinds), _match, order)
    if all(_DOTTED.fullmatch(shape) for shape in kinds) and (
        stamps is None or not stamps.valid.all()
    ):
        return _read(cells, shapes, list(kinds), _DOTTED.fullmatch, order)
    return stamps


def _match(shape: str) -> re.Match[str] | None:
    """Match a date, a clock time, or both with a gap between them."""
    match = _TIME.fullmatch(shape)
    if match is None:
        return None
    dated = any(match[g] for g in ("year", "first", "named", "qyear"))
    if not dated and match["hour"] is None:
        return None
    both = dated and match["hour"] is not None
    return match if both == (match["gap"] is not None) else None


def _read(
    cells: list[str],
    shapes: list[str],
    kinds: list[str],
    match_shape: Callable[[str], re.Match[str] | None],
    order: Order | None,
) -> Stamps | None:
    """Read cells by the notation of their shapes."""
    found: dict[str, Whole] = {}
    written = np.zeros(len(cells), bool)
    digits = 0
    for kind in kinds:
        match = match_shape(kind)
        if match is None:
            continue
        if len(kinds) == 1:
            index = np.arange(len(cells))
        else:
            index = np.array([i for i, shape in enumerate(shapes) if shape == kind])
        written[index] = True
        group = np.array([cells[i] for i in index], f"<U{len(kind)}")
        codes = group.view(np.uint32).reshape(len(index), -1).astype(np.int64)
        for name, text in match.groupdict().items():
            if text is None:
                continue
            first, last = match.span(name)
            column = found.setdefault(name.rstrip("2"), np.zeros(len(cells), np.int64))
            if name == "name":
                column[index] = _month_numbers(group, first)
            elif text.strip("0"):
                column[index] = codes[:, first]
            else:
                powers = 10 ** np.arange(last - first - 1, -1, -1)
                column[index] = (codes[:, first:last] - 48) @ powers
            if name == "part":
                column[index] *= 10 ** (9 - len(text))
                digits = max(digits, len(text))
    if 2 * written.sum() <= len(cells):
        return None
    return _assemble(found, written, digits, order)


def _month_numbers(group: NDArray[np.str_], first: int) -> list[int]:
    """Return 1 … 12 for abbreviated English month names, 0 for other words."""
    names = [str(cell)[first : first + 3].lower() for cell in group]
    return [_MONTHS.index(n) + 1 if n in _MONTHS else 0 for n in names]


def _assemble(
    found: dict[str, Whole], valid: NDArray[np.bool_], digits: int, order: Order | None
) -> Stamps:
    """Turn fields into days and nanoseconds."""
    days: Whole | None = None
    clock: Whole | None = None
    words, resolution, unsure = [], 86_400.0, False
    if "year" in found or "nyear" in found or "qyear" in found or "late" in found:
        year, month, day, notation, unsure = _calendar(found, valid, order)
        days, exists = _days(year, month, day)
        valid = valid & exists
        words.append(notation)
    if "hour" in found:
        clock, exists = _clock(found)
        valid = valid & exists
        words.append("hour:minute" + ":second" * ("sec" in found))
        resolution = 10.0**-digits if "sec" in found else 60.0
        if days is not None and "zhour" in found:
            turn = found["zhour"] * 3600 + found.get("zmin", np.int64(0)) * 60
            clock = clock - np.where(found["sign"] == ord("-"), -turn, turn) * NANO
    return Stamps(days, clock, valid, " ".join(words), resolution, unsure)


def _calendar(
    found: dict[str, Whole], written: NDArray[np.bool_], order: Order | None
) -> tuple[Whole, Whole, Whole, str, bool]:
    """Return year, month, day, the notation in words, and whether it is unsure."""
    one = np.ones(len(written), np.int64)
    if "year" in found:
        words = "year-month-day" if "day" in found else "year-month"
        return found["year"], found["month"], found.get("day", one), words, False
    if "qyear" in found:
        quarter = found["quarter"]
        month = np.where((quarter >= 1) & (quarter <= 4), 3 * quarter - 2, 0)
        return found["qyear"], month, one, "year and quarter", False
    if "name" in found:
        words = "day-month name-year"
        return found["nyear"], found["name"], found["named"], words, False
    year = found["late"]
    year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    first, second, dot = found["first"], found["second"], ord(".")
    unsure = False
    if order is None:
        order = "day first"
        if second[written].max() > 12 >= first[written].max():
            order = "month first"
        elif first[written].max() <= 12 and not (found["t"][written] == dot).any():
            forward, _ = _days(year, second, first)
            turned, _ = _days(year, first, second)
            by_day, by_month = _order(forward[written]), _order(turned[written])
            unsure = min(by_day, by_month) > 0 or by_day == by_month
            order = "month first" if by_month > by_day else "day first"
    if order == "day first":
        return year, second, first, "day/month/year", unsure
    return year, first, second, "month/day/year", unsure


def _order(days: Whole) -> int:
    """Rank dates: 2 for even steps, 1 if time never runs back, else 0."""
    steps = np.diff(days)
    return int((steps >= 0).all()) + int((steps >= 0).all() and np.ptp(steps) == 0)


def _days(year: Whole, month: Whole, day: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Return days since 1970 and whether the date exists (years 1700 to 2200)."""
    exists = (year >= 1700) & (year <= 2200) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(exists, (year - 1970) * 12 + month - 1, 0)
    begin = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    end = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    exists &= day <= end - begin
    return np.where(exists, begin + day - 1, 0), exists


def _clock(found: dict[str, Whole]) -> tuple[Whole, NDArray[np.bool_]]:
    """Return nanoseconds since midnight and whether the clock shows such a time."""
    hour, minute = found["hour"], found["min"]
    second = found.get("sec", np.zeros_like(hour))
    exists = (hour <= 24) & (minute < 60) & (second <= 60)
    if "half" in found:
        half = found["half"]
        exists &= (half == 0) | ((hour >= 1) & (hour <= 12))
        afternoon = (half == ord("p")) | (half == ord("P"))
        hour = np.where(half == 0, hour, hour % 12 + 12 * afternoon)
    seconds = hour * 3600 + minute * 60 + second
    return seconds * NANO + found.get("part", np.zeros_like(hour)), exists


def days_of(year: Whole, month: Whole, day: Whole) -> Stamps:
    """Read dates whose parts stand in columns of their own, or in one number."""
    days, exists = _days(year, month, day)
    return Stamps(days, None, exists, "year, month, day", 86_400.0, unsure=False)
