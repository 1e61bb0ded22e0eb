"""The line at the foot of the window."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.core.layers import Layer, Unit
from cnnviz.pictures.numbers import number

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


def status_line(
    layer: Layer,
    channel: int | None,
    unit: Unit | None,
    span: Sequence[tuple[int, int]] | None,
    seconds: float,
    names: Sequence[str] = (),
) -> str:
    """Say what is selected or pointed at.

    Parameters
    ----------
    span
        What the unit reads of the input, see ``span_words``.
    seconds
        Time of the run.
    names
        Names of the channels, where they have any.
    """
    parts = [f"{layer.kind} {layer.name}"]
    if channel is not None and channel < layer.channels:
        name = f" ({names[channel]})" if channel < len(names) else ""
        what = "channel" if layer.spatial else "unit"
        parts.append(f"{what} {channel}{name}")
        if unit is not None and len(unit) == len(layer.spatial):
            if unit:
                parts.append(f"({', '.join(map(str, unit))})")
            parts.append(number(layer.value(channel, unit)))
    reads = span_words(span)
    if reads:
        parts.append(f"sees input {reads}")
    parts.append(f"run in {1000 * seconds:.0f} ms")
    return " · ".join(parts)
