"""What a person types, in the dialog about a network's input or as an option."""

from __future__ import annotations

import math
import re
from pathlib import Path

from cnnviz.core.errors import InputError

_LARGEST = 8192
"""Pixels of a side of the picture a network gets."""
_LONGEST = 10_000_000
"""Steps of a series."""


def size(text: str) -> tuple[int, ...]:
    """Read ``224``, ``224x224`` or ``224 × 180``: height, then width, in pixels.

    Returns
    -------
    tuple
        ``(height, width)``; ``()`` for an empty text: as the picture is.

    Raises
    ------
    InputError
        It is no size, or a side is 0 or more than 8192.
    """
    if not text.strip():
        return ()
    parts = re.split(r"\s*[x×X*,]\s*|\s+", text.strip())
    if len(parts) not in (1, 2) or not all(re.fullmatch(r"\d{1,9}", p) for p in parts):
        raise InputError(f"Size: expected height × width in pixels, got “{text}”")
    height, width = int(parts[0]), int(parts[-1])
    if not (1 <= height <= _LARGEST and 1 <= width <= _LARGEST):
        raise InputError(f"Size: expected 1 to {_LARGEST} pixels a side, got “{text}”")
    return height, width


def mean(text: str) -> tuple[float, ...]:
    """Read one number for each channel: ``0.485, 0.456, 0.406``.

    Raises
    ------
    InputError
        They are no finite numbers.
    """
    return _numbers(text, "Mean")


def std(text: str) -> tuple[float, ...]:
    """Read one number above 0 for each channel.

    Raises
    ------
    InputError
        They are no finite numbers, or divide by 0.
    """
    numbers = _numbers(text, "Standard deviation")
    if min(numbers) <= 0:
        raise InputError(
            f"Standard deviation: expected numbers above 0, got {min(numbers):g}"
        )
    return numbers


def same_count(means: tuple[float, ...] | None, stds: tuple[float, ...] | None) -> None:
    """Refuse means and deviations of different numbers of channels.

    Raises
    ------
    InputError
        Both are given, and differ in number; one number stands for all channels.
    """
    counts = {len(numbers) for numbers in (means, stds) if numbers is not None} - {1}
    if len(counts) > 1:
        assert means is not None
        assert stds is not None
        raise InputError(
            f"Mean and standard deviation: expected as many of one as of the other, "
            f"got {len(means)} and {len(stds)}"
        )


def length(text: str) -> int:
    """Read a number of steps; an empty text is 0: any number.

    Raises
    ------
    InputError
        It is no whole number, or more than ten million.
    """
    text = text.strip()
    if not text:
        return 0
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= _LONGEST:
        raise InputError(f"Length: expected a number of steps, got “{text}”")
    return int(text)


def rate(text: str) -> float:
    """Read steps a second.

    Raises
    ------
    InputError
        It is no number above 0.
    """
    numbers = _numbers(re.sub(r"\s*Hz\s*$", "", text), "Rate")
    if len(numbers) != 1 or numbers[0] <= 0:
        raise InputError(f"Rate: expected steps a second, above 0, got “{text}”")
    return numbers[0]


def labels(text: str) -> Path:
    """Read the name of a file of labels.

    Raises
    ------
    InputError
        There is no such file.
    """
    path = Path(text.strip()).expanduser()
    if not path.is_file():
        raise InputError(f"Labels: there is no file {path}")
    return path.absolute()


def window_size(text: str) -> tuple[int, int]:
    """Read ``1280x800``: width, then height, of a window in pixels.

    Raises
    ------
    InputError
        It is no size, or too small or large for the window.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise InputError(f"expected WIDTHxHEIGHT, got {text!r}")
    if not (640 <= int(width) <= _LARGEST and 480 <= int(height) <= _LARGEST):
        raise InputError(f"expected 640x480 to 8192x8192 pixels, got {text}")
    return int(width), int(height)


def png(text: str) -> Path:
    """Read the name of a picture to write.

    Raises
    ------
    InputError
        Its ending is that of another kind of file.
    """
    path = Path(text)
    if path.suffix.lower() not in ("", ".png"):
        raise InputError(f"expected a name that ends in .png, got {text}")
    return path


def _numbers(text: str, what: str) -> tuple[float, ...]:
    parts = re.split(r"[\s,;]+", text.strip().strip("()[]").strip())
    try:
        numbers = tuple(map(float, parts))
    except ValueError:
        numbers = ()
    if not numbers or not all(map(math.isfinite, numbers)):
        raise InputError(
            f"{what}: expected numbers such as 0.5, 0.5, 0.5, got “{text}”"
        )
    return numbers
