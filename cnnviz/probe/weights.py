"""What parameters hold, looked up once for all runs of a network."""

from __future__ import annotations

import weakref
from typing import NamedTuple

from torch import Tensor

from cnnviz.probe.values import Value, shared


class _Known(NamedTuple):
    parameter: weakref.ref[Tensor]
    place: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    value: Value


_known: dict[int, _Known] = {}


def weight(parameter: Tensor) -> Value | None:
    """Return what a parameter holds, in its own memory; None where numpy cannot.

    It is the same object for as long as the parameter lies where it does.
    """
    key = id(parameter)
    found = _known.get(key)
    if found is not None:
        reference, place, shape, stride, value = found
        if (
            place == parameter.data_ptr()
            and reference() is parameter
            and shape == parameter.shape
            and stride == parameter.stride()
        ):
            return value
    new = shared(parameter)
    if new is None:
        return None
    reference = weakref.ref(parameter, lambda _: _known.pop(key, None))
    _known[key] = _Known(
        reference, parameter.data_ptr(), parameter.shape, parameter.stride(), new
    )
    return new
