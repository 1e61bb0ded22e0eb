"""One channel in words: its kernel, and how its values are spread."""

from __future__ import annotations

import numpy as np

from cnnviz.core.layers import Array, Layer
from cnnviz.core.numbers import count, number, percent, size
from cnnviz.pictures.curves import Histogram


def bins(cells: int) -> int:
    """Return how many bins so many values fill without gaps."""
    return min(max(int(2 * cells**0.5), 12), 64)


def kernel_words(kernel: Array, head: Layer, channel: int) -> str:
    """Say how many weights a kernel has, and its bias."""
    word = "weight" if kernel.ndim == 1 else "slice"
    many = "" if len(kernel) == 1 else "s"
    taps = f" {size(kernel.shape[1:])}" if kernel.ndim > 1 else ""
    bias = "" if head.bias is None else f" · bias {number(head.bias[channel])}"
    return f"kernel: {count(len(kernel))} {word}{many}{taps}{bias}"


def counts_words(spread: Histogram, cells: int) -> str:
    """Say how many values are zero, negative or no numbers."""
    parts = [f"{percent(spread.zeros / cells)} zero"] if spread.zeros else []
    if spread.negatives:
        parts.append(f"{percent(spread.negatives / cells)} negative")
    odd = ((spread.nan, "NaN"), (spread.pos_inf, "+∞"), (spread.neg_inf, "−∞"))
    parts += [f"{count(n)} {name}" for n, name in odd if n]
    return " · ".join(parts) or "all above 0"


def stats_words(spread: Histogram) -> tuple[str, ...]:
    """Say least, mean and largest value, in ever fewer words."""
    if np.isnan(spread.minimum):
        return ("no finite value",)
    if spread.minimum == spread.maximum:
        return (f"all {number(spread.minimum)}",)
    ends = (spread.minimum, spread.mean, spread.maximum)
    low, mean, high = map(number, ends)
    short, middle, long = (number(x, 2) for x in ends)
    return (
        f"min {low} · mean {mean} · max {high}",
        f"{short} … {long} · mean {middle}",
        f"mean {middle}",
    )
