"""Why a value is zero, and why it is not a number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cnnviz.core.explain_asked import Asked, Found
from cnnviz.core.numbers import count, number
from cnnviz.core.rules import plain_name

_ADDING = frozenset({"weighted sum", "average", "sum", "sum of inputs", "interpolated"})
_NONNEGATIVE = frozenset({"relu", "relu6"})
_CANCELLED = 1e-12
"""A sum this small beside its terms is rounding."""


def why_zero(asked: Asked, found: Found) -> str | None:
    """Return why the recorded value is zero; None when it is not, or nobody knows."""
    if asked.shown != 0:
        return None
    if found.rule in _ADDING:
        return _sum_zero(asked, found)
    if found.rule in ("largest of", "smallest of"):
        return _extreme_zero(found)
    if found.rule == "function":
        return _function_zero(asked, found)
    if found.rule == "product of inputs":
        return _factor_zero(asked, found)
    if found.rule == "copied from":
        return _copy_zero(asked, found)
    if found.rule == "normalised":
        return _norm_zero(found)
    if found.rule == "root of powers":
        return _all(found, "values", "are zero")
    if found.rule == "share":
        return "its share is too small for this precision"
    return None


def _all(found: Found, things: str, what: str) -> str:
    """Write ``all 243 inputs are zero``, or ``its only input is zero``."""
    n = len(found.terms)
    if n == 1:
        return f"its only {things[:-1]} {what.replace('are', 'is')}"
    return f"{'both' if n == 2 else f'all {count(n)}'} {things} {what}"


def _sum_zero(asked: Asked, found: Found) -> str:
    terms, bias = found.terms, found.bias
    weighted = found.rule == "weighted sum"
    things = "inputs" if weighted or found.rule == "sum of inputs" else "values"
    rest = ""
    if weighted:
        rest = ", there is no bias" if asked.layer.bias is None else ", the bias is 0"
    if not len(terms):
        return f"no input reaches this place{rest}"
    if bias == 0 and not terms.product.any():
        if terms.is_padding.all():
            return f"{_all(found, things, 'are padding')}{rest}"
        if not terms.x.any():
            return f"{_all(found, things, 'are zero')}{rest}"
        if not terms.w.any():
            return f"{_all(found, 'weights', 'are zero')}{rest}"
        return f"every term has a zero in it{rest}"
    size = float(np.abs(terms.product).sum()) + abs(bias)
    if abs(found.total) > _CANCELLED * size:
        return f"its sum {number(found.total)} is too small for this precision"
    if bias:
        rest = number(float(terms.product.sum()))
        return f"the terms add up to {rest}, which {number(bias)} cancels"
    return "terms cancel: positive and negative ones are equally large"


def _extreme_zero(found: Found) -> str:
    real = found.terms.x[~found.terms.is_padding]
    if not real.any():
        n = len(real)
        return "its only value is zero" if n == 1 else f"all {count(n)} values are zero"
    word = found.rule.split()[0]
    return f"the {word} of its {count(len(real))} values is zero"


def _function_zero(asked: Asked, found: Found) -> str:
    x = float(found.terms.x[0])
    if x == 0:
        return "its input is zero"
    if x < 0 and plain_name(asked.layer) in _NONNEGATIVE:
        return f"its input {number(x)} is negative"
    if found.total == 0:
        return f"the function is zero at its input {number(x)}"
    return f"its value {number(found.total)} is too small for this precision"


def _names(asked: Asked, sources: Sequence[int]) -> str:
    names = [
        "the constant" if each < 0 else asked.layer.inputs[each] for each in sources
    ]
    return " and ".join(dict.fromkeys(names))


def _factor_zero(asked: Asked, found: Found) -> str:
    terms = found.terms
    zero = np.flatnonzero(terms.product == 0)
    if not len(zero):
        return f"the product {number(found.total)} is too small for this precision"
    return f"the factor from {_names(asked, terms.source[zero].tolist())} is zero"


def _copy_zero(asked: Asked, found: Found) -> str:
    if found.terms.is_padding.any():
        return "it is padding"
    return f"the value in {_names(asked, found.terms.source.tolist())} is zero"


def _norm_zero(found: Found) -> str:
    value = float(found.terms.x[found.terms.is_winner][0])
    shift, scale = found.details.get("shift", 0.0), found.details.get("scale", 1.0)
    if scale == 0 and shift == 0:
        return "its scale and its shift are zero"
    if shift:
        return f"the normalised value and the shift {number(shift)} cancel"
    if value == found.details.get("mean", 0.0):
        return "its value equals the mean" if "mean" in found.details else "it is zero"
    return "the normalised value is too small for this precision"


def why_strange(asked: Asked, found: Found) -> str | None:
    """Return why the recorded value is NaN or infinite; None when it is a number."""
    if math.isfinite(asked.shown):
        return None
    terms = found.terms
    real = ~terms.is_padding
    odd = int((~np.isfinite(terms.x) & real).sum())
    if odd:
        if len(terms) == 1:
            return f"its input is {number(float(terms.x[0]))} already"
        verb = "is" if odd == 1 else "are"
        inputs = f"{count(odd)} of its {count(int(real.sum()))} inputs"
        return f"{inputs} {verb} NaN or infinite already"
    if not np.isfinite(terms.w).all() or not math.isfinite(found.bias):
        return "its weights or its bias hold NaN or infinities"
    if found.total is not None and math.isfinite(found.total):
        return f"{number(found.total)} is too large for this precision"
    if found.rule == "function":
        return f"the function has no finite value at {number(float(terms.x[0]))}"
    return "the operation has no finite value here" if len(terms) else None
