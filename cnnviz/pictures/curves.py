"""Histograms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array


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
    finite = flat[np.isfinite(flat)]
    negatives = int((finite < 0).sum())
    if signed is None:
        signed = negatives > 0
    reach = float(np.abs(finite if signed else finite.clip(0)).max(initial=0.0)) or 1.0
    bins = bins + bins % 2 if signed else bins
    half = np.linspace(0, 1, (bins // 2 if signed else bins) + 1)
    edges = reach * (np.concatenate([-half[:0:-1], half]) if signed else half)
    counts, _ = np.histogram(finite[finite != 0], edges)
    summary = [np.nan] * 4
    if finite.size:
        with np.errstate(over="ignore", invalid="ignore"):
            summary = [finite.min(), finite.max(), finite.mean(), finite.std()]
    return Histogram(
        edges,
        counts.astype(np.int64),
        int((finite == 0).sum()),
        negatives,
        int(np.isnan(flat).sum()),
        int((flat == np.inf).sum()),
        int((flat == -np.inf).sum()),
        *map(float, summary),
    )
