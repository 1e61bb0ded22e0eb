"""What a Python file declares about its network's input, in constants it may hold.

``INPUT_SIZE``, ``MEAN``, ``STD``, ``LABELS`` or ``CLASSES``, ``LENGTH``, ``RATE`` and
``TASK``, all of them optional.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnviz.core.models import InputChoices, Task

NAMES = frozenset(
    {"INPUT_SIZE", "MEAN", "STD", "LABELS", "CLASSES", "LENGTH", "RATE", "TASK"}
)
"""Names of the constants that are read."""

_TASKS: dict[str, Task] = {
    **dict.fromkeys(("picture", "pictures", "image", "images", "2d"), "picture"),
    **dict.fromkeys(("series", "time series", "timeseries", "1d"), "series"),
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What the constants say.

    Attributes
    ----------
    choices
        The input; None for what is not declared.
    labels
        Names of the classes that stand in the file itself.
    notes
        A sentence for each constant that says nothing usable.
    """

    choices: InputChoices = field(default_factory=InputChoices)
    labels: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def declared(values: Mapping[str, object], folder: Path) -> Declared:
    """Read the constants of a file.

    Parameters
    ----------
    values
        By name, as the file has them; other names are left alone.
    folder
        Where a file of labels is looked for that is given by its name.
    """
    found: dict[str, Any] = {}
    notes = []
    for name, (choice, wanted, read) in _READERS.items():
        if name not in values:
            continue
        value = _plain(values[name])
        answer = read(value)
        if answer is None:
            notes.append(f"{name} is not used: expected {wanted}, got {_short(value)}")
        else:
            found[choice] = answer
    labels = found.pop("labels", None)
    if isinstance(labels, str):
        found["labels"], labels = folder / labels, None
    return Declared(InputChoices(**found), labels, tuple(notes))


def _plain(value: object) -> object:
    """Return an array's or a tensor's numbers as lists."""
    if type(value).__module__ in ("numpy", "torch") and hasattr(value, "tolist"):
        return value.tolist()
    return value


def _short(value: object) -> str:
    if type(value) in (int, float, str, list, tuple, dict, bool):
        words = repr(value)
        return words if len(words) <= 60 else f"{words[:59]}…"
    return f"a {type(value).__name__}"


def _numbers(value: object) -> tuple[float, ...] | None:
    """Return one or more finite numbers."""
    several = value if isinstance(value, list | tuple) else (value,)
    if not several or not all(type(v) in (int, float) for v in several):
        return None
    numbers = tuple(float(v) for v in several)
    return numbers if all(map(math.isfinite, numbers)) else None


def _size(value: object) -> tuple[int, int] | None:
    """Return ``(height, width)`` of n, (h, w), (c, h, w) or (h, w, c)."""
    several = value if isinstance(value, list | tuple) else (value, value)
    if len(several) not in (2, 3) or not all(type(v) is int and v > 0 for v in several):
        return None
    last = len(several) == 3 and several[2] <= 4 < several[0]
    height, width = several[:2] if last else several[-2:]
    return height, width


def _std(value: object) -> tuple[float, ...] | None:
    numbers = _numbers(value)
    return numbers if numbers is not None and min(numbers) > 0 else None


def _labels(value: object) -> tuple[str, ...] | str | None:
    """Return names in the order of the classes, or the name of a file of them."""
    if isinstance(value, dict) and sorted(value, key=str) == sorted(
        range(len(value)), key=str
    ):
        value = [value[i] for i in range(len(value))]
    if isinstance(value, str):
        return value or None
    if isinstance(value, list | tuple) and value:
        return tuple(value) if all(isinstance(v, str) for v in value) else None
    return None


def _length(value: object) -> int | None:
    if value is None:
        return 0
    return value if type(value) is int and value >= 0 else None


def _rate(value: object) -> float | None:
    numbers = _numbers(value) or ()
    return numbers[0] if len(numbers) == 1 and numbers[0] > 0 else None


def _task(value: object) -> Task | None:
    return _TASKS.get(value.lower()) if isinstance(value, str) else None


_LABELS = "labels", "names of classes, or the name of a file", _labels
_READERS = {
    "TASK": ("task", '"picture" or "series"', _task),
    "INPUT_SIZE": ("size", "(height, width) in pixels", _size),
    "MEAN": ("mean", "numbers, one for each channel", _numbers),
    "STD": ("std", "numbers above 0, one for each channel", _std),
    "CLASSES": _LABELS,
    "LABELS": _LABELS,
    "LENGTH": ("length", "a number of steps, or None for any", _length),
    "RATE": ("rate", "steps a second", _rate),
}
