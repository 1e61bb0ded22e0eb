"""Values read at the same place: functions, sums, products, copies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cnnviz.core.explain_asked import (
    Asked,
    Found,
    bracketed,
    joined,
    terms_of,
)
from cnnviz.core.explain_functions import FUNCTIONS, Setting
from cnnviz.core.explanation import Indices, Terms
from cnnviz.core.layers import Array
from cnnviz.core.numbers import number
from cnnviz.core.reads import edges
from cnnviz.core.rules import mixed_axes, plain_name

_COPYING = frozenset(
    "identity clone contiguous to float double half bfloat16 type alias setitem"
    " stochasticdepth".split()
)
"""Functions of kind "other" that hand values on, by plain name."""


class Side(NamedTuple):
    """One operand at the place that is asked about.

    Attributes
    ----------
    source
        Which of the layer's inputs; None for a constant.
    place
        Its index there.
    """

    source: int | None
    place: tuple[int, ...]
    x: float


def _spot(array: Array, at: Sequence[int]) -> tuple[int, ...] | None:
    """Return the place of a broadcast operand; None where it does not fit."""
    extra = array.ndim - len(at)
    if any(length != 1 for length in array.shape[: max(extra, 0)]):
        return None
    behind = at[max(-extra, 0) :]
    index = [0] * max(extra, 0)
    for length, place in zip(array.shape[max(extra, 0) :], behind, strict=True):
        if length != 1 and place >= length:
            return None
        index.append(place if length > 1 else 0)
    return tuple(index)


def _sides(asked: Asked) -> list[Side] | None:
    """Return both operands in the order of the formula."""
    replay = asked.layer.replay
    parts = () if replay is None else replay.operands()
    if not parts:
        held = [each for each in asked.inputs if each is not None]
        parts = tuple(enumerate(held))
    found = []
    for source, raw in parts:
        array = raw if source is None else asked.inputs[source]
        spot = None if array is None else _spot(array, asked.at)
        if array is None or spot is None:
            return None
        found.append(Side(source, spot, float(array[spot])))
    return found if len(found) == 2 else None


def _side_terms(
    asked: Asked, sides: Sequence[Side], w: Sequence[float], product: Sequence[float]
) -> Terms:
    return joined(
        [
            terms_of(
                asked,
                -1 if side.source is None else side.source,
                _row(() if side.source is None else side.place),
                side.x,
                factor,
                product=each,
            )
            for side, factor, each in zip(sides, w, product, strict=True)
        ]
    )


def _row(index: Sequence[int]) -> Indices:
    """Return one place as a table of one row."""
    return np.asarray(index, np.intp).reshape(1, -1)


def added(asked: Asked) -> Found | None:
    """Explain ``a + alpha·b`` or ``a − alpha·b``; a constant is a bias."""
    name = plain_name(asked.layer)
    sides = _sides(asked)
    if sides is None or name not in ("add", "sub"):
        return None
    alpha = float(asked.option("alpha", 1))
    w = [1.0, -alpha if name == "sub" else alpha]
    added = [side.x * each for side, each in zip(sides, w, strict=True)]
    total = sum(added)
    inputs = [i for i, side in enumerate(sides) if side.source is not None]
    bias = sum(each for i, each in enumerate(added) if i not in inputs)
    terms = _side_terms(
        asked,
        [sides[i] for i in inputs],
        [w[i] for i in inputs],
        [added[i] for i in inputs],
    )
    second = bracketed(sides[1].x)
    if alpha != 1:
        second = f"{number(alpha)}·{second}"
    sign = "−" if name == "sub" else "+"
    words = f"{number(sides[0].x)} {sign} {second} = {number(total)}"
    return Found("sum of inputs", terms, total, words, bias)


def multiplied(asked: Asked) -> Found | None:
    """Explain ``a·b`` or ``a/b``; a constant is a term without a source."""
    name = plain_name(asked.layer)
    sides = _sides(asked)
    if sides is None or name not in ("mul", "div"):
        return None
    if asked.option("rounding_mode", None) is not None:
        return None
    a, b = sides[0].x, sides[1].x
    second = float(np.float64(1) / b) if name == "div" else b
    total = float(np.float64(a) / b) if name == "div" else a * b
    terms = _side_terms(asked, sides, [1.0, 1.0], [a, second])
    sign = "/" if name == "div" else "·"
    words = f"{bracketed(a)} {sign} {bracketed(b)} = {number(total)}"
    return Found("product of inputs", terms, total, words)


def chosen(asked: Asked) -> Found | None:
    """Explain the larger or smaller of two operands."""
    name = plain_name(asked.layer)
    if name not in ("maximum", "minimum", "fmax", "fmin", "max", "min"):
        return None
    sides = _sides(asked)
    if sides is None:
        return None
    larger = name in ("maximum", "fmax", "max")
    pair = np.asarray([side.x for side in sides])
    best = int(np.argmax(pair) if larger else np.argmin(pair))
    parts = [
        terms_of(
            asked,
            -1 if side.source is None else side.source,
            _row(() if side.source is None else side.place),
            side.x,
            is_winner=i == best,
        )
        for i, side in enumerate(sides)
    ]
    total = float(pair[best])
    rule = "largest of" if larger else "smallest of"
    words = f"{rule} {number(pair[0])} and {number(pair[1])} = {number(total)}"
    return Found(rule, joined(parts), total, words)


def function(asked: Asked) -> Found | None:
    """Explain a function of one value, such as an activation."""
    known, x = FUNCTIONS.get(plain_name(asked.layer)), asked.x
    if known is None or x is None or x.shape != asked.layer.shape:
        return None
    if asked.option("training", False):
        return None
    value, settings = float(x[asked.at]), dict(known.defaults)
    settings |= {k: asked.layer.options.get(k, v) for k, v in settings.items()}
    if "slope" in settings:
        settings["slope"] = _slope(asked)
    if _unknown(settings):
        return None
    total = float(known.value(np.float64(value), *settings.values()))
    written = _written(settings)
    formula = known.formula.format(x=number(value), b=bracketed(value), **written)
    terms = terms_of(asked, 0, _row(asked.at), value, product=total)
    return Found("function", terms, total, f"{formula} = {number(total)}")


def _unknown(settings: Mapping[str, Setting]) -> bool:
    """Tell whether a setting was given as a tensor, so that it is not on record."""
    values = list(settings.values())
    missing = any(isinstance(each, float) and math.isnan(each) for each in values)
    return missing or (bool(values) and all(each is None for each in values))


def _slope(asked: Asked) -> float:
    """Return the learned slope of a PReLU: one for all, or one per channel."""
    weight = asked.layer.weight
    slopes = np.full(1, math.nan) if weight is None else weight.ravel()
    channel = asked.at[asked.first] if len(asked.at) > asked.first else 0
    return float(slopes[channel if slopes.size > 1 else 0])


def _written(settings: Mapping[str, Setting]) -> dict[str, str]:
    """Write settings out; the open end of a clamp is infinite."""
    ends = {"min": -math.inf, "max": math.inf}
    plain = {key: ends.get(key) if v is None else v for key, v in settings.items()}
    return {
        key: number(value)
        for key, value in plain.items()
        if isinstance(value, (int, float))
    }


def gated(asked: Asked) -> Found | None:
    """Explain a gated linear unit: ``a·σ(b)``, ``b`` half the axis behind ``a``."""
    axes, x = mixed_axes(asked.layer, len(asked.at)), asked.x
    if plain_name(asked.layer) != "glu" or axes is None or x is None:
        return None
    axis = axes[0]
    there = list(asked.at)
    there[axis] += asked.layer.shape[axis]
    if x.ndim != len(there) or there[axis] >= x.shape[axis]:
        return None
    a, b = float(x[asked.at]), float(x[tuple(there)])
    gate = float(1 / (1 + np.exp(-np.float64(b))))
    sides = [Side(0, asked.at, a), Side(0, tuple(there), b)]
    terms = _side_terms(asked, sides, [1.0, 1.0], [a, gate])
    words = f"{bracketed(a)} · σ({number(b)}) = {number(a * gate)}"
    return Found("product of inputs", terms, a * gate, words)


def copied(asked: Asked) -> Found | None:
    """Explain a value that was only moved: which one it is, or that it is padding."""
    layer = asked.layer
    if layer.kind == "other" and plain_name(layer) not in _COPYING:
        return None
    if layer.kind == "dropout":
        drops = asked.option("training", "alpha" not in layer.op)
        if drops and asked.option("p", 0.5):
            return None
    wanted = np.zeros(layer.shape, np.bool_)
    wanted[asked.at] = True
    box = tuple((place, place) for place in asked.at)
    origins: list[tuple[int, Indices]] = []
    for source, edge in enumerate(edges(layer)):
        reading = edge.pull(wanted, box)
        held = asked.inputs[source]
        if held is None or not reading.exact:
            return None
        found = np.argwhere(np.broadcast_to(reading.mask, held.shape))
        origins += [(source, place[None]) for place in found]
    if len(origins) > 1:
        return None
    if not origins:
        return _filled(asked)
    source, index = origins[0]
    held = asked.inputs[source]
    assert held is not None
    total = float(held[tuple(index[0])])
    terms = terms_of(asked, source, index, total, is_winner=True)
    words = f"copied from {layer.inputs[source]} = {number(total)}"
    return Found("copied from", terms, total, words)


def _filled(asked: Asked) -> Found | None:
    """Explain padding that holds a constant."""
    if asked.layer.kind != "pad":
        return None
    value = float(asked.option("value", 0) or 0)
    terms = terms_of(asked, -1, _row(()), value, is_padding=True, is_winner=True)
    return Found("copied from", terms, value, f"padding = {number(value)}")
