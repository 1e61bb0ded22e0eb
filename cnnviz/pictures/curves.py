"""Histograms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array
from cnnviz.pictures.kept import Kept

_MOST = 256
"""So many histograms are kept; one weighs about a kilobyte."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How values are spread.

    Attributes
    ----------
    edges
        ``(bins + 1,)`` float64, rising, in the data's unit.
    counts
        ``(bins,)`` int64: finite values other than zero.
    zeros, negatives
        Values that are zero, and below zero (these also lie in ``counts``).
    nan, pos_inf, neg_inf
        Values left out.
    minimum, maximum, mean, std
        Of the finite values, zeros included; NaN when there are none. ``std`` divides
        by their number.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    zeros: int
    negatives: int
    nan: int
    pos_inf: int
    neg_inf: int
    minimum: float
    maximum: float
    mean: float
    std: float


_FOUND: Kept[Histogram] = Kept(_MOST)


def spread_of(values: Array, bins: int, signed: bool | None = None) -> Histogram:
    """Return the histogram; of values that never change it is found once."""
    question = bins, signed
    return _FOUND.get(values, question, lambda: histogram(values, bins, signed))


def histogram(values: Array, bins: int = 64, signed: bool | None = None) -> Histogram:
    """Count values in equal bins; zeros apart, as they would dwarf all else after ReLU.

    Parameters
    ----------
    values
        Any shape, any real number type; may be empty.
    bins
        Number of bins, at least 2; signed data gets an even number.
    signed
        Bins from ``-m`` to ``m`` with an edge at zero, ``m`` the largest absolute
        value; else from 0 to the largest value. None: if a value is negative.
    """
    flat = np.asarray(values, np.float64).ravel()
    ends = _ends(flat)
    finite = flat
    if not all(map(math.isfinite, ends)):
        finite = flat[np.isfinite(flat)]
        ends = _ends(finite)
    counted = finite[finite != 0]
    negatives = int(np.count_nonzero(counted < 0)) if ends[0] < 0 else 0
    if signed is None:
        signed = negatives > 0
    reach = max(-ends[0] if signed else 0.0, ends[1], 0.0) or 1.0
    bins = bins + bins % 2 if signed else bins
    half = np.linspace(0, 1, (bins // 2 if signed else bins) + 1)
    edges = reach * (np.concatenate([-half[:0:-1], half]) if signed else half)
    mean = std = math.nan
    if finite.size:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = float(finite.mean()), float(finite.std())
    odd = flat[~np.isfinite(flat)] if finite is not flat else flat[:0]
    return Histogram(
        edges,
        _counts(counted if signed or not negatives else counted[counted > 0], edges),
        finite.size - counted.size,
        negatives,
        int(np.isnan(odd).sum()),
        int((odd == np.inf).sum()),
        int((odd == -np.inf).sum()),
        *(ends if finite.size else (math.nan, math.nan)),
        mean,
        std,
    )


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the least and the largest value; NaN is both; zeros if there is none."""
    if not values.size:
        return 0.0, 0.0
    with np.errstate(invalid="ignore"):
        return float(values.min()), float(values.max())


def _counts(
    values: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count values in equal bins, none of them outside; the last holds its end too."""
    bins = len(edges) - 1
    reach, zero = edges[-1], bins // 2 if edges[0] < 0 else 0
    place = (values / reach * (bins - zero) + zero).astype(np.intp)
    np.clip(place, 0, bins - 1, out=place)
    place -= values < edges[place]  # where rounding put it beyond an edge
    place += (values >= edges[place + 1]) & (place < bins - 1)
    return np.bincount(place, minlength=bins).astype(np.int64, copy=False)
