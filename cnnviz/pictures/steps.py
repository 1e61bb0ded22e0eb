"""Steps of a series in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.numbers import MINUS, count, number

Times = NDArray[np.float64]


_UNITS = (
    ("day", "days", 86_400),
    ("hour", "h", 3_600),
    ("minute", "min", 60),
    ("second", "s", 1),
)
"""One of each, several, and how many seconds."""


def rate(hertz: float) -> str:
    """Write a sampling rate: ``50 Hz``, ``every 10 min``."""
    if hertz >= 0.1:
        return f"{number(hertz)} Hz"
    apart = 1 / hertz
    for one, many, size in _UNITS:
        if apart >= size:
            times = number(apart / size)
            return f"every {one}" if times == "1" else f"every {times} {many}"
    return f"{number(hertz)} Hz"


def seconds(when: float) -> str:
    """Write a time in the unit that suits it: ``1.14 s``, ``2.5 h``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(when) >= 2 * size:
            return f"{number(when / size)} {unit}"
    return f"{when:.3g} s".replace("-", MINUS)


def step_words(step: int, time: Times | None) -> str:
    """Say which step, and when it was: ``"step 57 (1.14 s)"``.

    Parameters
    ----------
    time
        ``(T,)`` seconds; None where they are not known.
    """
    words = f"step {count(step)}"
    if time is None or not 0 <= step < len(time):
        return words
    return f"{words} ({seconds(float(time[step]))})"


def reads_words(mask: NDArray[np.bool_], time: Times | None) -> str:
    """Say which steps of the input a unit reads, and when they were.

    Parameters
    ----------
    mask
        ``(T,)``: the exact set.
    """
    read = np.flatnonzero(mask)
    if not len(read):
        return "reads no step of the input"
    first, last = int(read[0]), int(read[-1])
    if first == last:
        return f"reads input {step_words(first, time)}"
    if len(read) == len(mask):
        return "reads the whole input"
    span = last - first + 1
    every = len(read) == span
    many = f"steps {first}–{last}" if every else f"{len(read)} of steps {first}–{last}"
    if time is not None:
        many += f" ({seconds(float(time[first]))} … {seconds(float(time[last]))})"
    return f"reads input {many}"


def series_line(
    step: int, time: Times | None, names: Sequence[str], values: Sequence[float]
) -> str:
    """Say what the variables were at a step: ``"input · step 3 (0.06 s) · ax 0.5"``.

    Parameters
    ----------
    values
        One per variable, NaN where there is none.
    """
    parts = ["input", step_words(step, time)]
    for name, value in zip(names, values, strict=True):
        parts.append(f"{name} {'missing' if np.isnan(value) else number(value)}")
    return " · ".join(parts)
