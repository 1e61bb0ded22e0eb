"""From a table to what a network of series is fed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError, MismatchError
from cnnviz.core.models import SeriesWant
from cnnviz.core.numbers import counted
from cnnviz.core.series import Series
from cnnviz.core.trace import Sample
from cnnviz.inputs.clock import Numbers
from cnnviz.inputs.phrases import frequency, listed, quoted
from cnnviz.inputs.table import Table, turn
from cnnviz.inputs.units import bare

_SAME_RATE = 0.02
"""Largest difference of two sampling rates that counts as none."""

_FAR = 6.0
"""Standard deviations from the training mean beyond which values look foreign."""

_SENSORS = (
    (re.compile(r"(?:linear)?(?:a|acc|accel|acceleration|accelerometer)([xyz])"), "a"),
    (re.compile(r"(?:w|g|gyr|gyro|gyroscope|omega|rotation|rotationrate)([xyz])"), "w"),
)
"""Names of the axes of motion sensors, and the letter they share."""


def fit_table(
    table: Table,
    want: SeriesWant,
    mapping: Sequence[str] | None = None,
    start: int = 0,
) -> Sample:
    """Map variables to channels, cut or pad to length, and normalise.

    Parameters
    ----------
    table
        Read, and with its missing values filled; NaN that is left stays NaN.
    want
        What the network wants.
    mapping
        For each channel the name of a variable. None: see ``match_channels``.
    start
        First step of a window of ``want.length``; moved so that the window fits.

    Returns
    -------
    Sample
        ``values`` holds one ``(C, T)`` float32 array: ``(x − mean) / std`` in float64,
        then rounded. Where the table is too short, zeros (the mean) come first.
        ``series`` holds the variables as they were, NaN where padded.

    Raises
    ------
    MismatchError
        Another number of variables; rows and columns both fit; too few steps.
    InputError
        The mapping names no variable, or a value is beyond float32.
    """
    table = upright(table, want)
    chosen, words = _chosen(table, want, mapping)
    total = len(table.values)
    if total < want.minimum:
        raise MismatchError(
            f"{table.title}: this network needs at least {want.minimum:,} rows, "
            f"the file has {total:,}",
            "length",
            want.minimum,
            total,
        )
    length = want.length or total
    before = max(length - total, 0)
    start = min(max(start, 0), total - length) if not before else -before
    raw = table.values[max(start, 0) : start + length, chosen].T
    values = _normalised(table, raw, want, chosen, max(start, 0))
    if before:
        values = np.pad(values, ((0, 0), (before, 0)))
        raw = np.pad(raw, ((0, 0), (before, 0)), constant_values=np.nan)
    raw = np.ascontiguousarray(raw)
    for array in (values, raw):
        array.flags.writeable = False
    series = Series(
        time=_time(table, start, length),
        names=tuple(table.names[j] for j in chosen),
        units=tuple(table.units[j] for j in chosen),
        values=raw,
        rate=table.rate,
        start=start,
        total=total,
    )
    notes, scale = table.notes, "− mean, ÷ std of this table"
    if want.mean:
        notes = (*notes, *_rate_notes(table, want), *_foreign(series, want))
        scale = "− mean, ÷ std of the training"
    return Sample(
        values=(values,),
        title=table.title,
        steps=(words, *_window_words(start, length, total), scale),
        notes=notes,
        series=series,
    )


# Variables to channels


def match_channels(
    names: Sequence[str], channels: Sequence[str]
) -> tuple[str, ...] | None:
    """Find for each channel the variable it is fed.

    By name, if all channels are found: case, blanks, underscores and units count for
    nothing, and the usual names of motion sensors are understood (``acc_x`` is
    ``ax``, ``gyr_x`` is ``wx``). Else, if there are as many variables as channels,
    those found stay and the others follow in order.

    Returns
    -------
    One name per channel, or None if it cannot be told.
    """
    keys: dict[str, str] = {}
    for name in names:
        keys.setdefault(_key(name), name)
    exact = {name: name for name in names}
    found = [exact.get(channel) or keys.get(_key(channel)) for channel in channels]
    known = [name for name in found if name is not None]
    if len(set(known)) < len(known):
        found = [None] * len(found)
    if len(known) < len(found) and len(names) == len(channels):
        others = iter([name for name in names if name not in found])
        found = [name or next(others) for name in found]
    return tuple(name for name in found if name) if all(found) else None


def _key(name: str) -> str:
    """Return what of a name counts when names are compared."""
    key = re.sub(r"[\W_]+", "", bare(name).casefold()) or name
    for pattern, letter in _SENSORS:
        if match := pattern.fullmatch(key):
            return letter + match[1]
    return key


def _chosen(
    table: Table, want: SeriesWant, mapping: Sequence[str] | None
) -> tuple[list[int], str]:
    """Return the variable of each channel, and say which."""
    if mapping is None:
        mapping = match_channels(table.names, want.channels)
        if mapping is None:
            raise MismatchError(
                f"{table.title}: the network wants "
                f"{counted(len(want.channels), 'variable')} "
                f"({listed(want.channels)}), the table has {len(table.names)} "
                f"({listed(table.names)})",
                "channels",
                len(want.channels),
                len(table.names),
            )
    if len(mapping) != len(want.channels):
        raise InputError(
            f"{table.title}: expected a variable for each of "
            f"{counted(len(want.channels), 'channel')}, got {len(mapping)}"
        )
    for name in mapping:
        if name not in table.names:
            raise InputError(
                f"{table.title}: expected a variable {quoted(name)}, the table has "
                f"{listed(table.names)}"
            )
    pairs = [
        channel if channel == name else f"{channel} ← {name}"
        for channel, name in zip(want.channels, mapping, strict=True)
    ]
    return [
        table.names.index(name) for name in mapping
    ], f"variables {listed(pairs, 9)}"


def upright(table: Table, want: SeriesWant) -> Table:
    """Take the rows as variables where only they are as many as the channels.

    Raises
    ------
    MismatchError
        Nameless rows and columns are both as many as the channels.
    """
    steps, variables = table.values.shape
    wanted = len(want.channels)
    nameless = table.dialect.header is None and table.clock is None
    if table.layout is not None or table.clock is not None or steps != wanted:
        return table
    if variables == wanted and nameless and wanted > 1:
        raise MismatchError(
            f"{table.title}: the table has {steps} rows and {variables} columns, and "
            f"the network wants {wanted} variables; say whether these are the columns "
            "or the rows",
            "layout",
            wanted,
            variables,
        )
    return turn(table) if variables > wanted else table


# Steps


def _normalised(
    table: Table, raw: Numbers, want: SeriesWant, chosen: list[int], start: int
) -> NDArray[np.float32]:
    """Normalise ``(C, T)`` values.

    Raises
    ------
    InputError
        A value is beyond float32.
    """
    if want.mean:
        mean, std = np.array(want.mean), np.array(want.std)
    else:
        mean, std = _own_scale(table.values[:, chosen])
    scaled = (raw - mean[:, None]) / std[:, None]
    beyond = np.abs(scaled) > np.finfo(np.float32).max
    if beyond.any():
        k, i = np.argwhere(beyond)[0]
        raise InputError(
            f"{table.title}, row {table.rows[start + i]}, column "
            f"{quoted(table.names[chosen[k]])}: expected a number that fits the "
            f"network's arithmetic (float32), got {raw[k, i]:g}"
        )
    return np.asarray(scaled, np.float32)


def _own_scale(values: Numbers) -> tuple[Numbers, Numbers]:
    """Return mean and standard deviation per variable; 1 for a constant."""
    count = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    mean = np.nansum(values, axis=0) / count
    std = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / count)
    return mean, np.where(std > 0, std, 1.0)


def _time(table: Table, start: int, length: int) -> Numbers:
    """Return the time of a window; before the table it goes back in even steps."""
    step = 1 / table.rate if table.rate else 1.0
    if table.time is None:
        return np.arange(start, start + length, dtype=np.float64) * step
    if start >= 0:
        return table.time[start : start + length]
    return np.concatenate([np.arange(start, 0) * step, table.time])


def _window_words(start: int, length: int, total: int) -> list[str]:
    """Say which steps were taken."""
    if start < 0:
        put = counted(-start, "step")
        return [f"{put} of the mean put before {total:,}, to make {length:,}"]
    if length < total:
        return [f"steps {start + 1:,} to {start + length:,} of {total:,}"]
    return []


def _rate_notes(table: Table, want: SeriesWant) -> list[str]:
    """Compare the sampling with that of the training, where that is known."""
    if not want.rate:
        return []
    taken = frequency(want.rate)
    if table.rate is None:
        return [f"The sampling rate is not known; it is taken to be {taken}."]
    if abs(table.rate / want.rate - 1) <= _SAME_RATE:
        return []
    return [f"Sampled at {frequency(table.rate)}; the network was trained at {taken}."]


def _foreign(series: Series, want: SeriesWant) -> list[str]:
    """Say which variables lie far from what the network was trained on."""
    notes = []
    for k, channel in enumerate(want.channels):
        known = series.values[k][np.isfinite(series.values[k])]
        mean, std = want.mean[k], want.std[k]
        if len(known) and np.median(np.abs(known - mean)) > _FAR * std:
            unit = f" {want.units[k]}" if want.units else ""
            notes.append(
                f"{quoted(series.names[k])} lies around {np.median(known):.4g}, while "
                f"{channel} was {mean:.3g} ± {std:.3g}{unit} in training: another unit?"
            )
    return notes
