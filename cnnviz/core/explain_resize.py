"""Interpolation: nearest, linear, bilinear, trilinear.

Places as torch computes them: output ``i`` looks at ``(i + ½)·s − ½`` of the input,
``i·s`` with aligned corners and for ``nearest``; ``s`` is input over output size, or
one over the factor that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from cnnviz.core.explain_asked import Asked, Found, grid, terms_of
from cnnviz.core.explanation import Floats, Indices
from cnnviz.core.numbers import number
from cnnviz.core.rules import plain_name

_LINEAR = frozenset({"linear", "bilinear", "trilinear"})
_NEAREST = frozenset({"nearest", "nearest-exact"})


def resized(asked: Asked) -> Found | None:
    """Explain one interpolated value: ``Σ x·w`` over up to two places per axis."""
    x, mode = asked.x, str(asked.option("mode", "nearest"))
    if not plain_name(asked.layer).startswith(("interpolate", "upsample")):
        return None
    if x is None or x.ndim != len(asked.at) or asked.option("antialias", False):
        return None
    if mode not in _LINEAR | _NEAREST:
        return None
    lead = asked.at[: asked.first + 1]
    axes = list(_axes(asked, x.shape, len(lead), mode))
    index = grid([*lead, *(places for places, _ in axes)])
    w = reduce(np.multiply.outer, (weights for _, weights in axes)).ravel()
    terms = terms_of(asked, 0, index, x[tuple(index.T)], w)
    total = float(terms.product.sum())
    if mode in _NEAREST:
        words = f"copied from the nearest place = {number(total)}"
        return Found("copied from", terms, total, words)
    words = f"Σ over {len(w)} neighbours, nearer ones weigh more = {number(total)}"
    return Found("interpolated", terms, total, words)


def _axes(
    asked: Asked, given: tuple[int, ...], first: int, mode: str
) -> Iterator[tuple[Indices, Floats]]:
    """Yield the places read along each spatial axis and their weights."""
    factors = asked.option("scale_factor", None)
    if asked.option("recompute_scale_factor", None):
        factors = None
    corners = bool(asked.option("align_corners", False))
    for axis in range(first, len(given)):
        length, made, at = given[axis], asked.layer.shape[axis], asked.at[axis]
        factor = factors[axis - first] if isinstance(factors, tuple) else factors
        step = np.float32(1 / factor if factor else length / made)
        if mode in _NEAREST:
            half = np.float32(0.5 if mode == "nearest-exact" else 0)
            place = min(int((np.float32(at) + half) * step), length - 1)
            yield np.asarray([place]), np.ones(1)
            continue
        if corners:
            spot = at * (length - 1) / (made - 1) if made > 1 else 0.0
        else:
            spot = max((at + 0.5) * float(step) - 0.5, 0.0)
        low = min(int(spot), length - 1)
        high = min(low + 1, length - 1)
        part = min(spot - low, 1.0)
        if high == low:
            yield np.asarray([low]), np.ones(1)
        else:
            yield np.asarray([low, high]), np.asarray([1 - part, part])
