"""Tensors in, arrays out: the only crossing between torch and the rest.

A ``Value`` is a tensor's content as plain numpy data, so that a recorded call can
leave the worker and still be repeated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_DTYPES = {str(d).removeprefix("torch."): d for d in (torch.bfloat16, torch.float16)}


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One tensor argument or result of a recorded call.

    Attributes
    ----------
    array
        The content, batch axis included. Private to the recording: never written.
        bfloat16 is kept as its 16 bits.
    dtype
        torch's name for the type, ``"float32"``.
    source
        Index into the layer's ``inputs``, or None for weights and constants.
    """

    array: NDArray[Any]
    dtype: str
    source: int | None = None

    def tensor(self) -> Tensor:
        """Return the content as a tensor that shares the array's memory."""
        tensor = torch.from_numpy(self.array)
        return tensor.view(torch.bfloat16) if self.dtype == "bfloat16" else tensor

    def public(self) -> NDArray[Any]:
        """Return a read-only array, half precision widened to float32."""
        if self.dtype in _DTYPES:
            shown = self.tensor().float().numpy()
        else:
            shown = self.array.view()
        shown.flags.writeable = False
        return shown


@dataclass(frozen=True, slots=True)
class Step:
    """The place of a value that an earlier call of the same layer produced."""

    call: int
    result: int


def capture(tensor: Tensor, *, copy: bool = True, source: int | None = None) -> Value:
    """Return a tensor's content, row-major; with ``copy`` nothing later changes it."""
    plain = tensor.detach()
    if plain.layout is not torch.strided:
        plain = plain.to_dense()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if plain.device.type != "cpu":
        plain = plain.cpu()
    elif copy:
        plain = plain.clone(memory_format=torch.contiguous_format)
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype == "bfloat16":
        plain = plain.view(torch.int16)
    return Value(plain.numpy(), dtype, source)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists, mappings, data classes, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            yield from tensors_in(getattr(value, each.name))


def mapped(
    value: Any, kind: type | tuple[type, ...], change: Callable[[Any], Any]
) -> Any:
    """Rebuild nested tuples, lists and dicts with every ``kind`` changed."""
    if isinstance(value, kind):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(mapped(part, kind, change) for part in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(part, kind, change) for part in value))
    if type(value) is dict:
        return {key: mapped(part, kind, change) for key, part in value.items()}
    return value


def largest_difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return max |a - b|; equal NaN and infinities count 0, unequal ones infinity."""
    if a.shape != b.shape:
        return float("inf")
    if a.size == 0:
        return 0.0
    wide = np.complex128 if np.iscomplexobj(a) or np.iscomplexobj(b) else np.float64
    x, y = a.astype(wide), b.astype(wide)
    same = (x == y) | (np.isnan(x) & np.isnan(y))
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(x - y))
    return float(np.nan_to_num(gap, nan=np.inf, posinf=np.inf).max())
