"""Words for headers, captions and the status line.

The one place to import them from; how numbers are written lies in ``core.numbers``,
what a layer does in ``wording``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.core.layers import Array
from cnnviz.core.numbers import (
    MINUS,
    count,
    exact,
    number,
    percent,
    short_count,
    size,
)
from cnnviz.pictures.levels import Levels
from cnnviz.pictures.wording import activation_name, layer_caption

__all__ = [
    "MINUS",
    "activation_name",
    "count",
    "counts_caption",
    "exact",
    "layer_caption",
    "nothing_finite",
    "number",
    "odd_counts",
    "percent",
    "short_count",
    "size",
    "top_classes",
]


def top_classes(
    scores: Array, labels: Sequence[str] | None, k: int = 5
) -> tuple[tuple[int, str, float], ...]:
    """Return the best classes, best first, as ``(index, label, score)``.

    The score is the bar's length, full width being 1: bars are never stretched.

    Parameters
    ----------
    scores
        ``(K,)`` probabilities. NaN comes last; equal scores in order of index.
    labels
        Class names; a class without one is called ``class 281``.
    k
        How many, at most.
    """
    values = np.asarray(scores, np.float64).ravel()
    order = np.argsort(-values, kind="stable")
    names = labels or ()
    return tuple(
        (i, names[i] if i < len(names) else f"class {i}", float(values[i]))
        for i in order[:k].tolist()
    )


def counts_caption(levels: Levels) -> str:
    """Say what is odd about a set of maps: ``2 NaN · 1 +∞ · 14 maps all 0``.

    Empty when nothing is. Maps of a single cell are units: only zeros are counted.
    """
    maps = len(levels.constant)
    if maps == 0 or levels.cells == 0:
        return "empty map" if maps == 1 else "empty maps" if maps else "no maps"
    parts = odd_counts(levels)
    zero = int((levels.constant & (levels.minimum == 0)).sum())
    other = int(levels.constant.sum()) - zero
    if levels.cells == 1:
        if zero:
            parts.append(f"{count(zero)} of {count(maps)} are 0")
    elif maps == 1:
        if zero or other:
            parts.append(f"all {number(levels.minimum[0])}")
    else:
        if zero:
            parts.append(f"{count(zero)} {'map' if zero == 1 else 'maps'} all 0")
        if other:
            parts.append(f"{count(other)} {'map' if other == 1 else 'maps'} constant")
    return " · ".join(parts)


def odd_counts(levels: Levels) -> list[str]:
    """Say how many values are not numbers or not finite: ``["2 NaN", "1 +∞"]``."""
    return [f"{count(n)} {name}" for n, name in _odd(levels) if n]


def nothing_finite(levels: Levels, channel: int = 0) -> str:
    """Say that a scale has no ends, as no value is finite: ``all NaN``; else ``""``.

    Parameters
    ----------
    channel
        With one scale per map, whose scale it is.
    """
    of = slice(channel, channel + 1) if levels.per_map else slice(None)
    if (
        not levels.cells
        or levels.high[of].any()
        or not np.isnan(levels.minimum[of]).all()
    ):
        return ""
    names = [name for n, name in _odd(levels) if n]
    return f"all {names[0]}" if len(names) == 1 else "no finite value"


def _odd(levels: Levels) -> tuple[tuple[int, str], ...]:
    names = "NaN", "+∞", f"{MINUS}∞"
    return tuple(zip((levels.nan, levels.pos_inf, levels.neg_inf), names, strict=True))
