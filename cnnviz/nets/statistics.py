"""What can be said of one tensor without knowing what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnviz.core.tensors import TensorFacts

if TYPE_CHECKING:
    from torch import Tensor

_PART = 1 << 20
"""Values taken at a time: sums in float64 without a float64 copy of it all."""


def facts(name: str, tensor: Tensor) -> TensorFacts:
    """Return a tensor's values and what can be counted on them.

    Parameters
    ----------
    tensor
        On the CPU, of any real or complex dtype; complex values are not taken.
    """
    import torch

    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = tuple(tensor.shape)
    if tensor.is_complex():
        return TensorFacts(name, shape, dtype)
    if tensor.is_floating_point() and tensor.dtype != torch.float64:
        tensor = tensor.float()
    values = tensor.detach().contiguous().numpy().view()
    values.flags.writeable = False
    count, nans, infinities, total = 0, 0, 0, 0.0
    low, high = np.inf, -np.inf
    flat = values.reshape(-1)
    parts = [flat[i : i + _PART] for i in range(0, flat.size, _PART)]
    for part in parts:
        finite = part[np.isfinite(part)]
        nans += int(np.isnan(part).sum())
        count += finite.size
        infinities += part.size - finite.size
        if finite.size:
            total += float(finite.sum(dtype=np.float64))
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if not count:
        return TensorFacts(
            name, shape, dtype, values, nans=nans, infinities=infinities - nans
        )
    mean = total / count
    spread = 0.0
    for part in parts:
        away = part[np.isfinite(part)] - mean
        with np.errstate(over="ignore"):
            spread += float(np.square(away, dtype=np.float64).sum())
    return TensorFacts(
        name,
        shape,
        dtype,
        values,
        low,
        high,
        mean,
        float(np.sqrt(spread / count)),
        nans,
        infinities - nans,
    )
