"""Tensors of a weights file, made by hand."""

from pathlib import Path

import numpy as np

from cnnviz.core.models import FileSpec
from cnnviz.core.tensors import TensorFacts, TensorList
from cnnviz.core.trace import ImageSource, Request


def facts(name, values, dtype=None):
    """A tensor with its numbers, counted by numpy."""
    values = np.asarray(values)
    dtype = dtype or str(values.dtype)
    wide = values.astype(np.float64)
    nans, infinities = int(np.isnan(wide).sum()), int(np.isinf(wide).sum())
    known = wide[np.isfinite(wide)]
    numbers = (np.nan,) * 4
    if known.size:
        numbers = tuple(
            map(float, (known.min(), known.max(), known.mean(), known.std()))
        )
    return TensorFacts(name, values.shape, dtype, values, *numbers, nans, infinities)


def weights_file(source=None, seed=0):
    """A scalar, an RGB convolution, a deep one, one over time, a matrix, vectors."""
    dice = np.random.default_rng(seed)

    def some(*shape):
        return dice.normal(size=shape).astype(np.float32)

    deep = some(5, 4, 3, 3)
    deep[1, 2, 0, 1], deep[4, 0, 2, 2] = np.nan, np.inf
    tensors = (
        facts("steps", np.array(1200)),
        facts("stem.weight", some(4, 3, 5, 5)),
        facts("stem.bias", some(4)),
        facts("deep.weight", deep),
        facts("time.weight", some(6, 2, 3)),
        facts("head.weight", some(7, 20)),
        facts("norm.running_var", np.abs(some(9))),
        facts("gone", np.zeros((0, 4), np.float32)),
    )
    path = Path("weights.pth")
    request = Request(FileSpec(path), source or ImageSource(Path("a.png")))
    return TensorList(request, f"{path}: no known network", tensors)
