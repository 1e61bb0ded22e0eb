"""Modules of torch that do nothing but call one function on their input.

Of these it is known beforehand what they call, and with what. Where nobody changed
their ``forward``, the call is made from here and need not be watched for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Called = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A torch function and what it is called with."""

Way = Callable[[Any, Tensor], Called | None]
"""Gives what a module calls on an input in evaluation mode; None if that is more."""


def _convolution(function: Callable[..., Tensor]) -> Way:
    def call(m: Any, x: Tensor) -> Called | None:
        if m.padding_mode != "zeros":
            return None
        how = m.stride, m.padding, m.dilation, m.groups
        return function, (x, m.weight, m.bias, *how), {}

    return call


def _linear(m: Any, x: Tensor) -> Called:
    return F.linear, (x, m.weight, m.bias), {}


def _batch_norm(m: Any, x: Tensor) -> Called | None:
    mean, variance = m.running_mean, m.running_var
    if m.training or mean is None or variance is None:
        return None
    m._check_input_dim(x)
    named = {
        "weight": m.weight,
        "bias": m.bias,
        "training": False,
        "momentum": 0.0 if m.momentum is None else m.momentum,
        "eps": m.eps,
    }
    return F.batch_norm, (x, mean, variance), named


def _relu(m: Any, x: Tensor) -> Called:
    return F.relu, (x,), {"inplace": m.inplace}


def _dropout(m: Any, x: Tensor) -> Called | None:
    if m.training:
        return None
    return F.dropout, (x,), {"p": m.p, "training": False, "inplace": m.inplace}


def _max_pool(function: Callable[..., Tensor]) -> Way:
    def call(m: Any, x: Tensor) -> Called | None:
        if m.return_indices or m.stride is None:
            return None
        how = {name: getattr(m, name) for name in ("stride", "padding", "dilation")}
        return function, (x, m.kernel_size), {**how, "ceil_mode": m.ceil_mode}

    return call


WAYS: dict[type[nn.Module], Way] = {
    nn.Conv1d: _convolution(F.conv1d),
    nn.Conv2d: _convolution(F.conv2d),
    nn.Conv3d: _convolution(F.conv3d),
    nn.Linear: _linear,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.BatchNorm3d: _batch_norm,
    nn.ReLU: _relu,
    nn.Dropout: _dropout,
    nn.MaxPool1d: _max_pool(torch.max_pool1d),
    nn.MaxPool2d: _max_pool(torch.max_pool2d),
    nn.MaxPool3d: _max_pool(torch.max_pool3d),
}
_FORWARDS = {kind: kind.forward for kind in WAYS}


def way_of(module: nn.Module) -> Way | None:
    """Return how a module calls its one function, if it is one of these, unchanged."""
    kind = type(module)
    way = WAYS.get(kind)
    if way is None or "forward" in module.__dict__:
        return None
    return way if kind.forward is _FORWARDS[kind] else None
