"""What a unit can see of the input, in words."""

from __future__ import annotations

import numpy as np

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.numbers import count, number, percent, size
from cnnviz.pictures.status import input_words

_AXES = {1: ("steps",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


def sees(field: ReceptiveField) -> str:
    """Say what a unit can see: ``sees input rows 46–56, columns 118–128``.

    Positions are those of the unclipped box: padding may make them negative or carry
    them beyond the input's end.
    """
    if not field.box:
        which = input_words(field.target)
        return f"sees {'nothing' if field.span is None else 'all'} of the {which}"
    whole = tuple((0, extent - 1) for extent in field.mask.shape)
    if field.exact and field.span == whole and field.mask.all():
        return f"sees the whole {input_words(field.target)}"
    names = _AXES.get(len(field.box), tuple(f"axis {i}" for i in range(9)))
    parts = [
        f"{name} {_range(first, last)}"
        for name, (first, last) in zip(names, field.box, strict=False)
    ]
    least = "" if field.exact else " at most"
    return f"sees{least} {input_words(field.target)} {', '.join(parts)}"


def _range(first: int, last: int) -> str:
    """Write an interval; a true minus keeps ``−2 to 8`` apart from a dash."""
    if first < 0:
        return f"{number(first)} to {number(last)}"
    return f"{first}–{last}"


def coverage(field: ReceptiveField) -> str:
    """Say how large the field is, what lies in the padding, and what is left out."""
    if not field.box:
        return ""
    parts = [size(field.size)]
    inside, whole = _inside(field), int(np.prod(field.size))
    if inside < whole:
        parts.append(f"{count(whole - inside)} of {count(whole)} in the padding")
    read = int(field.mask.sum())
    if read < inside:
        parts.append(f"reads {count(read)} of {count(inside)} positions")
    return " · ".join(parts)


def seen(field: ReceptiveField) -> tuple[str, ...]:
    """Say both, and in shorter ways for where there is less room, longest first."""
    where, covered = sees(field), coverage(field)
    if not covered:
        return (where,)
    ways = [f"{where} · {covered}"]
    share = 1 - _inside(field) / int(np.prod(field.size))
    if share:
        most = "" if field.exact else "at most "
        whole = f"{most}{size(field.size)} of the {input_words(field.target)}"
        ways += [
            f"{way} · {percent(share)} padding" for way in (where, f"sees {whole}")
        ]
    return tuple(ways)


def _inside(field: ReceptiveField) -> int:
    """Count the positions of the box that lie on the target."""
    inside = 1
    for (first, last), extent in zip(field.box, field.mask.shape, strict=True):
        inside *= max(min(last, extent - 1) - max(first, 0) + 1, 0)
    return inside
