"""Whether tensors that were read can be used at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.core.errors import ModelError
from cnnviz.nets.cache import in_words

if TYPE_CHECKING:
    from torch import Tensor, dtype

_ROOM_FOR_VIEWS = 64 << 20
"""Bytes that tensors may claim beyond what there is, in small files too."""


def sound(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return plain tensors of a state dict, in its order.

    A tensor may claim more values than the file has, by reading the same ones again
    and again; small ones are then written out. What hung on tensors (gradients,
    attributes) is left behind.

    Raises
    ------
    ModelError
        Together they claim several times what the file has, or one is sparse,
        quantized, of bits that are no numbers, or without values.
    """
    import torch

    for name, value in state.items():
        if value.layout != torch.strided or value.is_nested or value.is_quantized:
            raise ModelError(f"{path} was not opened: {name} is no plain tensor")
        if value.is_meta:
            raise ModelError(f"{path} was not opened: {name} has no values")
        if not is_read(value.dtype):
            raise ModelError(
                f"{path} was not opened: {name} is of {value.dtype}, which cannot be "
                "computed with; save it as float32"
            )
    claimed = sum(value.nbytes for value in state.values())
    blocks = {x.untyped_storage().data_ptr(): _held(x) for x in state.values()}
    there = sum(blocks.values())
    if claimed > 4 * there + _ROOM_FOR_VIEWS:
        name, worst = max(state.items(), key=lambda item: item[1].nbytes)
        raise ModelError(
            f"{path} was not opened: its tensors claim {in_words(claimed)} and "
            f"{in_words(there)} are there; the largest, {name}, "
            f"claims to be {'×'.join(map(str, worst.shape))} of {_held(worst):,} bytes"
        )
    return {
        name: value.detach().contiguous()
        if value.nbytes > _held(value)
        else value.detach()
        for name, value in state.items()
    }


def is_read(kind: dtype) -> bool:
    """Tell whether torch can turn values of a dtype into others: not of packed bits."""
    import torch

    if kind.is_complex:
        return True
    try:
        torch.zeros(1).to(kind).float()
    except RuntimeError:
        return False
    return True


def not_finite(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Say how many tensors hold NaN or infinity: ``"3 of 60 tensors hold NaN"``."""
    nans = infinities = 0
    for value in state.values():
        if not value.is_floating_point() or not value.numel():
            continue
        wide = value.float() if value.itemsize == 1 else value
        # NaN is the least and the largest of all; nothing else is as fast to see
        if not all(end.isfinite() for end in wide.aminmax()):
            nans += bool(wide.isnan().any())
            infinities += bool(wide.isinf().any())
    said = [
        f"{count:,} of {len(state):,} tensors hold{'s' * (count == 1)} {what}"
        for count, what in ((nans, "NaN"), (infinities, "infinity"))
        if count
    ]
    return tuple(said)


def _held(value: Tensor) -> int:
    """Return the bytes of the block of numbers a tensor reads from."""
    return value.untyped_storage().nbytes()
