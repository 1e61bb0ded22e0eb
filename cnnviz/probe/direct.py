"""Modules of torch that do nothing but call one function on their input.

Of these it is known beforehand what they call, and with what. Where nobody changed
their ``forward``, the call is made from here and need not be watched for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Called = tuple[
    Callable[..., Tensor], Sequence[Tensor | None], tuple[Any, ...], dict[str, Any]
]
"""A torch function, and what it is called with after the input: tensors of the
module's own, settings, and named settings."""

Way = Callable[[Any, Tensor], Called | None]
"""Gives what a module calls on an input in evaluation mode; None if that is more."""

_NONE: dict[str, Any] = {}


def _convolution(function: Callable[..., Tensor]) -> Way:
    def call(m: Any, _x: Tensor) -> Called | None:
        if m.padding_mode != "zeros":
            return None
        how = m.stride, m.padding, m.dilation, m.groups
        return function, (m.weight, m.bias), how, _NONE

    return call


def _linear(m: Any, _x: Tensor) -> Called:
    return F.linear, (m.weight, m.bias), (), _NONE


def _batch_norm(m: Any, x: Tensor) -> Called | None:
    mean, variance = m.running_mean, m.running_var
    if m.training or mean is None or variance is None:
        return None
    m._check_input_dim(x)
    momentum = 0.0 if m.momentum is None else m.momentum
    own = mean, variance, m.weight, m.bias
    return F.batch_norm, own, (False, momentum, m.eps), _NONE


def _relu(m: Any, _x: Tensor) -> Called:
    return F.relu, (), (), {"inplace": m.inplace}


def _dropout(m: Any, _x: Tensor) -> Called | None:
    if m.training:
        return None
    return F.dropout, (), (m.p, False), {"inplace": m.inplace}


def _max_pool(function: Callable[..., Tensor]) -> Way:
    def call(m: Any, _x: Tensor) -> Called | None:
        if m.return_indices or m.stride is None:
            return None
        how = m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode
        return function, (), how, _NONE

    return call


_WAYS: dict[type[nn.Module], Way] = {
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
_FORWARDS = {kind: kind.forward for kind in _WAYS}
_ORDINARY = frozenset({nn.Parameter, Tensor, type(None)})


def way_of(module: nn.Module) -> Way | None:
    """Return how a module calls its one function, if it is one of these, unchanged."""
    kind = type(module)
    way = _WAYS.get(kind)
    if way is None or "forward" in module.__dict__:
        return None
    own = map(type, module._parameters.values())
    unchanged = kind.forward is _FORWARDS[kind] and _ORDINARY.issuperset(own)
    return way if unchanged else None
