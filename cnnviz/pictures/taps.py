"""Kernels over time, their taps as far apart as they really are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array


def spread(kernels: Array, dilation: int, fill: float, margin: int = 0) -> Array:
    """Draw kernels with their taps ``dilation`` steps apart.

    Parameters
    ----------
    kernels
        ``(…, k)`` weights or their codes, earliest tap first.
    dilation
        Steps from one tap to the next, at least 1.
    fill
        What the steps that are skipped hold.
    margin
        Steps to add at either end, also filled.

    Returns
    -------
    ``(…, (k - 1) * dilation + 1 + 2 * margin)`` of the kernels' dtype, one entry per
    step of time.

    Raises
    ------
    ValueError
        ``dilation`` is below 1, or the kernels have no tap.
    """
    taps = kernels.shape[-1]
    if dilation < 1 or taps < 1:
        raise ValueError(f"wanted taps and a dilation from 1, got {taps}, {dilation}")
    wide = (taps - 1) * dilation + 1
    steps = np.full((*kernels.shape[:-1], wide + 2 * margin), fill, kernels.dtype)
    steps[..., margin : margin + wide : dilation] = kernels
    return steps


def tap_at(step: int, taps: int, dilation: int, margin: int = 0) -> int | None:
    """Return the tap that reads a step of a spread kernel; None if none does."""
    tap, between = divmod(step - margin, dilation)
    return tap if not between and 0 <= tap < taps else None


def offsets(taps: int, dilation: int, ahead: int | None = 0) -> NDArray[np.int64]:
    """Return which steps a kernel reads, counted from the step it computes.

    Parameters
    ----------
    ahead
        Steps by which the last tap lies after that step; 0 for a causal convolution.
        None if that is not known: the taps are numbered from 0.

    Returns
    -------
    ``(taps,)`` rising; ``[-2d, -d, 0]`` for three causal taps.
    """
    if ahead is None:
        return np.arange(taps, dtype=np.int64)
    return dilation * np.arange(1 - taps, 1, dtype=np.int64) + ahead
