"""Tensors in, arrays out: the only crossing between torch and the rest.

A ``Value`` is a tensor's content as plain numpy data, so that a recorded call can
leave the worker and still be repeated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from torch import Tensor

_WIDER = {torch.complex32: torch.complex64} | {
    kind: torch.float32
    for kind in vars(torch).values()
    if isinstance(kind, torch.dtype) and kind.is_floating_point and kind.itemsize < 4
}
"""Types that numpy lacks, or that are no fun to look at, and one that holds them."""


@dataclass(slots=True, eq=False)
class Value:
    """One tensor argument or result of a recorded call.

    Attributes
    ----------
    array
        The content, batch axis included, in the tensor's order of axes in memory.
        Private to the recording: never written. While a network runs, it may be the
        network's own memory; a copy takes its place before that is written. Half
        precision is held, exactly, as float32.
    narrow
        The tensor's own type where the array's is wider, else None.
    faithful
        False for sparse, nested and quantised tensors, whose form is lost.
    kept
        False when the content was dropped: the array has its shape and type, and next
        to no memory.
    """

    array: NDArray[Any]
    narrow: torch.dtype | None = None
    faithful: bool = True
    kept: bool = True
    _shown: NDArray[Any] | None = field(default=None, init=False, repr=False)

    def tensor(self) -> Tensor:
        """Return the content as a tensor; it may share the array's memory."""
        tensor = torch.from_numpy(self.array)
        return tensor if self.narrow is None else tensor.to(self.narrow)

    def public(self) -> NDArray[Any]:
        """Return a read-only array, half precision widened to float32."""
        if self._shown is None:
            self._shown = self.array.view()
            self._shown.flags.writeable = False
        return self._shown

    def drop(self) -> None:
        """Let go of the content; shape and type stay."""
        self.array = stand_in(self.array)
        self.kept, self._shown = False, None

    def restore(self, again: Value) -> None:
        """Take over the content of another, which holds the same."""
        self.array, self.kept, self._shown = again.array, True, None

    def part(self) -> None:
        """Keep a copy of the content from now on."""
        tensor = torch.from_numpy(self.array)
        self.array = _copied(tensor).numpy()
        self._shown = None


def stand_in(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of the same shape and type that takes no memory."""
    nothing = np.full((), np.nan if array.dtype.kind in "fc" else 0, array.dtype)
    return as_strided(nothing, array.shape, (0,) * array.ndim)


@dataclass(frozen=True, slots=True)
class Step:
    """The place of a value that an earlier call of the same layer produced."""

    call: int
    result: int
    shape: tuple[int, ...] = ()


def capture(tensor: Tensor, *, copy: bool = True) -> Value:
    """Return a tensor's content; with ``copy`` nothing later changes it.

    A repetition (``expand``) stays one in memory, however large it looks.
    """
    with torch._C.DisableTorchFunction():
        plain = tensor.detach()
        if plain.layout is not torch.strided or plain.is_quantized or plain.is_nested:
            return Value(_dense(plain).cpu().numpy(), faithful=False)
        if plain.is_conj() or plain.is_neg():
            plain, copy = plain.resolve_conj().resolve_neg(), False
        wider = _WIDER.get(plain.dtype)
        if wider is not None or not plain.is_cpu:
            narrow = None if wider is None else plain.dtype
            return Value(plain.to("cpu", wider or plain.dtype).numpy(), narrow)
        return Value((_copied(plain) if copy else plain).numpy())


SHARED = frozenset(
    {torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32}
    | {torch.int64, torch.bool}
)
"""Types that numpy has too."""


def shared(tensor: Tensor) -> Value | None:
    """Return a tensor's content in the tensor's own memory.

    None for all but dense tensors of the processor whose writes are counted, and
    whose type numpy has too. Not to be called where torch functions are overridden.
    """
    if tensor.dtype not in SHARED or tensor.is_inference():
        return None
    try:
        return Value((tensor.detach() if tensor.requires_grad else tensor).numpy())
    except (RuntimeError, TypeError):  # sparse, nested, batched, elsewhere
        return None


def _dense(tensor: Tensor) -> Tensor:
    if tensor.is_nested:
        return tensor.to_padded_tensor(0.0)
    return tensor.dequantize() if tensor.is_quantized else tensor.to_dense()


def _copied(tensor: Tensor) -> Tensor:
    """Copy a tensor; what is repeated once, to repeat it again."""
    if 0 not in tensor.stride():
        return tensor.clone()
    once = tensor
    for axis, step in enumerate(tensor.stride()):
        if step == 0 and tensor.shape[axis] > 1:
            once = once.narrow(axis, 0, 1)
    return once.clone().expand(tensor.shape)


_PLAIN = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors in nested containers, in the order of ``mapped``."""
    if isinstance(value, Tensor):
        return [value]
    found: list[Tensor] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Tensor]) -> None:
    """Append the tensors in one container."""
    if isinstance(value, (tuple, list)):
        parts: Iterable[Any] = value
    elif isinstance(value, slice):
        parts = value.start, value.stop, value.step
    elif isinstance(value, Mapping):
        parts = value.values()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, each.name) for each in dataclasses.fields(value)]
    else:
        return
    for part in parts:
        if isinstance(part, Tensor):
            found.append(part)
        elif type(part) not in _PLAIN:
            _collect(part, found)


def mapped(
    value: Any, kind: type | tuple[type, ...], change: Callable[[Any], Any]
) -> Any:
    """Rebuild nested containers with every ``kind`` in them changed.

    Tuples of every kind become plain ones, mappings dicts, data classes tuples of
    their fields: all that torch's own functions take.
    """
    if isinstance(value, kind):
        return change(value)
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (tuple, list)):
        parts = [mapped(part, kind, change) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, Mapping):
        return {key: mapped(part, kind, change) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(*mapped((value.start, value.stop, value.step), kind, change))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (getattr(value, each.name) for each in dataclasses.fields(value))
        return tuple(mapped(part, kind, change) for part in fields)
    return value


_CHUNK = 1 << 16
"""Values compared at a time, so that the work stays in the processor's cache."""


def largest_difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return max |a - b|; equal NaN and infinities count 0, unequal ones infinity."""
    if a.shape != b.shape:
        return float("inf")
    parts = np.nditer(
        (a, b),
        ["external_loop", "buffered", "zerosize_ok"],
        [["readonly"], ["readonly"]],
        order="K",
        buffersize=_CHUNK,
    )
    return max((_gap(x, y) for x, y in parts), default=0.0)


def _gap(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the largest difference of a few values; none is quickly told."""
    same = a == b
    if same.all():
        return 0.0
    wide = np.complex128 if a.dtype.kind == "c" or b.dtype.kind == "c" else np.float64
    x, y = a.astype(wide), b.astype(wide)
    same |= (x == y) | (np.isnan(x) & np.isnan(y))
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(x - y))
    return float(np.nan_to_num(gap, nan=np.inf, posinf=np.inf).max(initial=0.0))
