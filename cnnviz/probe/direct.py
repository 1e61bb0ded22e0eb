"""Modules of torch that do nothing but call one function on their input.

Of these it is known beforehand what they call, and with what. Where nobody changed
their ``forward``, the call is made from here and need not be watched for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
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

_NO_NAMES: dict[str, Any] = {}


def _own(
    m: nn.Module, held: Mapping[str, Tensor | None], a: str, b: str
) -> tuple[Tensor | None, Tensor | None]:
    """Return two tensors of a module's own from where they are registered.

    Where they are not, they may still be attributes: old weight norm leaves them so.
    """
    try:
        return held[a], held[b]
    except KeyError:
        return getattr(m, a), getattr(m, b)


def _settings(
    function: Callable[..., Tensor], *names: str, inplace: bool = False
) -> Way:
    """Return the way of a module whose settings follow the input."""
    get = attrgetter(*names) if names else None
    many = len(names) > 1

    def call(m: Any, _x: Tensor) -> Called:
        found = () if get is None else get(m) if many else (get(m),)
        return function, (), found, {"inplace": m.inplace} if inplace else _NO_NAMES

    return call


def _convolution(kind: Any, function: Callable[..., Tensor]) -> Way:
    inner = kind._conv_forward

    def call(m: Any, _x: Tensor) -> Called | None:
        if m.padding_mode != "zeros" or type(m)._conv_forward is not inner:
            return None
        how = m.stride, m.padding, m.dilation, m.groups
        return function, _own(m, m._parameters, "weight", "bias"), how, _NO_NAMES

    return call


def _linear(m: Any, _x: Tensor) -> Called:
    own = _own(m, m._parameters, "weight", "bias")
    return F.linear, own, (), _NO_NAMES


def _batch_norm(m: Any, x: Tensor) -> Called | None:
    mean, variance = _own(m, m._buffers, "running_mean", "running_var")
    if m.training or mean is None or variance is None:
        return None
    m._check_input_dim(x)
    momentum = 0.0 if m.momentum is None else m.momentum
    own = mean, variance, *_own(m, m._parameters, "weight", "bias")
    return F.batch_norm, own, (False, momentum, m.eps), _NO_NAMES


def _pad(m: Any, _x: Tensor) -> Called:
    return F.pad, (), (m.padding, "constant", m.value), _NO_NAMES


def _dropout(m: Any, _x: Tensor) -> Called | None:
    if m.training:
        return None
    return F.dropout, (), (m.p, False), {"inplace": m.inplace}


def _max_pool(function: Callable[..., Tensor]) -> Way:
    def call(m: Any, _x: Tensor) -> Called | None:
        if m.return_indices or m.stride is None:
            return None
        how = m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode
        return function, (), how, _NO_NAMES

    return call


_WAYS: dict[Any, Way] = {
    nn.Conv1d.forward: _convolution(nn.Conv1d, F.conv1d),
    nn.Conv2d.forward: _convolution(nn.Conv2d, F.conv2d),
    nn.Conv3d.forward: _convolution(nn.Conv3d, F.conv3d),
    nn.Linear.forward: _linear,
    nn.BatchNorm2d.forward: _batch_norm,
    nn.ConstantPad1d.forward: _pad,
    nn.Dropout.forward: _dropout,
    nn.MaxPool1d.forward: _max_pool(torch.max_pool1d),
    nn.MaxPool2d.forward: _max_pool(torch.max_pool2d),
    nn.MaxPool3d.forward: _max_pool(torch.max_pool3d),
    nn.AdaptiveAvgPool1d.forward: _settings(F.adaptive_avg_pool1d, "output_size"),
    nn.AdaptiveAvgPool2d.forward: _settings(F.adaptive_avg_pool2d, "output_size"),
    nn.Flatten.forward: _settings(Tensor.flatten, "start_dim", "end_dim"),
    nn.ReLU.forward: _settings(F.relu, inplace=True),
    nn.Hardtanh.forward: _settings(F.hardtanh, "min_val", "max_val", inplace=True),
    nn.SiLU.forward: _settings(F.silu, inplace=True),
    nn.Hardswish.forward: _settings(F.hardswish, inplace=True),
    nn.Hardsigmoid.forward: _settings(F.hardsigmoid, inplace=True),
    nn.Sigmoid.forward: _settings(torch.sigmoid),
}
"""By ``forward``: whatever class of module inherits it, it is this code that runs."""

_TENSORS = frozenset({"weight", "bias", "running_mean", "running_var"})
_ORDINARY = frozenset({nn.Parameter, Tensor, type(None)})


@lru_cache(maxsize=1024)
def _way_of_class(kind: Any) -> Way | None:
    if issubclass(kind, torch.jit.ScriptModule):
        return None
    if kind.__getattr__ is not nn.Module.__getattr__:
        return None
    if any(hasattr(kind, name) for name in _TENSORS):  # which would go before its own
        return None
    return _WAYS.get(kind.forward)


def way_of(module: nn.Module) -> Way | None:
    """Return how a module calls its one function, if it is one of these, unchanged.

    None where a tensor of its own is computed by a child, or is no ordinary tensor.
    """
    kind: Any = type(module)
    way = _way_of_class(kind)
    own = module.__dict__
    if way is None or module._modules or "forward" in own:
        return None
    if not _TENSORS.isdisjoint(own) and not _TENSORS.isdisjoint(
        (*module._parameters, *module._buffers)
    ):
        return None
    if module._parameters:
        kinds = map(type, module._parameters.values())
        return way if _ORDINARY.issuperset(kinds) else None
    return way
