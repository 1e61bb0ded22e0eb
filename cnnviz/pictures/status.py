"""The line at the foot of the window."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.core.layers import Layer, Unit
from cnnviz.core.numbers import number
from cnnviz.pictures.steps import Times, step_words
from cnnviz.pictures.wording import kind_name

Colour = tuple[int, int, int]
"""Red, green and blue, 0 … 255."""
Weight = float | tuple[float, float, float]
"""One weight, or those for red, green and blue."""

_ORDINALS = ("", "second", "third", "fourth", "fifth")
_AXES = {"H": "rows", "W": "columns", "T": "steps", "D": "slices"}


def span_words(span: Sequence[tuple[int, int]] | None, axes: str = "") -> str:
    """Say which part of the input is read: ``"rows 46–56, columns 118–128"``.

    Parameters
    ----------
    span
        ``(first, last)`` per axis, both included; None or empty gives ``""``.
    axes
        One letter per axis; by default rows and columns, or steps.
    """
    if not span:
        return ""
    letters = axes or {1: "T", 2: "HW", 3: "DHW"}.get(len(span), "")
    words = []
    for letter, (first, last) in zip(letters, span, strict=False):
        name = _AXES.get(letter, letter)
        one = name.removesuffix("s")
        words.append(f"{one} {first}" if first == last else f"{name} {first}–{last}")
    return ", ".join(words)


def sees_words(
    span: Sequence[tuple[int, int]] | None,
    extent: Sequence[int],
    axes: str = "",
    which: str = "input",
) -> str:
    """Say what a unit sees: ``"sees input rows 46–56, columns 118–128"``.

    Parameters
    ----------
    span
        What it reads, as for ``span_words``.
    extent
        Size of the input along the same axes.
    which
        The input, as layers name it.
    """
    if not span:
        return ""
    if all(s == (0, n - 1) for s, n in zip(span, extent, strict=False)):
        return f"sees the whole {input_words(which)}"
    return f"sees {input_words(which)} {span_words(span, axes)}"


def input_words(name: str) -> str:
    """Name an input in words: ``"input"``, ``"second input"`` for ``"input_1"``."""
    place = int(name.removeprefix("input").lstrip("_") or 0)
    if place < len(_ORDINALS):
        return f"{_ORDINALS[place]} input".lstrip()
    return f"input no. {place + 1}"


def channel_words(layer: Layer, channel: int, names: Sequence[str] = ()) -> str:
    """Name a channel, a neuron where the layer is a vector: ``"channel 3 (Sobel x)"``.

    Parameters
    ----------
    names
        Names of the layer's channels, where they have any.
    """
    name = f" ({names[channel]})" if channel < len(names) else ""
    return f"{'channel' if layer.spatial else 'neuron'} {channel}{name}"


def status_line(
    layer: Layer,
    channel: int | None,
    unit: Unit | None,
    sees: str,
    seconds: float,
    names: Sequence[str] = (),
    time: Times | None = None,
) -> str:
    """Say what is selected or pointed at.

    Parameters
    ----------
    sees
        What the unit sees of the input, in words.
    seconds
        Time of the run.
    names
        Names of the channels, where they have any.
    time
        When each step of the layer was, in seconds, where it runs along time.
    """
    parts = [f"{kind_name(layer)} {layer.name}"]
    if channel is not None and channel < layer.channels:
        parts.append(channel_words(layer, channel, names))
        if unit is not None and len(unit) == len(layer.spatial):
            if len(unit) == 1:
                parts.append(step_words(unit[0], time))
            elif unit:
                parts.append(f"({', '.join(map(str, unit))})")
            if layer.kept:
                parts.append(number(layer.value(channel, unit)))
    if sees:
        parts.append(sees)
    parts.append(f"run in {1000 * seconds:.0f} ms")
    return " · ".join(parts)


def kernel_line(layer: Layer, channel: int, place: Unit, weight: Weight) -> str:
    """Say which weight is pointed at.

    Parameters
    ----------
    place
        ``(input channel, *tap)``; only the tap where the weight is one of each colour.
    """
    what = "neuron" if layer.kind == "linear" else "kernel"
    parts = [f"{what} {channel} of {layer.name}"]
    if isinstance(weight, tuple):
        tap, said = place, f"red, green, blue {', '.join(map(number, weight))}"
    else:
        tap, said = place[1:], number(weight)
        parts.append(f"input channel {place[0]}" if tap else f"input {place[0]}")
    if tap:
        parts.append(f"({', '.join(map(str, tap))})")
    return " · ".join([*parts, said])


def pixel_line(row: int, column: int, colour: Colour) -> str:
    """Say which pixel of the input is pointed at, and its colour."""
    levels = ", ".join(map(str, colour))
    return f"input · ({row}, {column}) · red, green, blue {levels}"


def input_line(
    name: str, channel: int, place: Unit, value: float, names: Sequence[str] = ()
) -> str:
    """Say which number of the input itself is meant.

    Parameters
    ----------
    names
        Names of its channels, where they have any.
    """
    called = f" ({names[channel]})" if channel < len(names) else ""
    where = f" · ({', '.join(map(str, place))})" if place else ""
    return f"{name} · channel {channel}{called}{where} · {number(value)}"
