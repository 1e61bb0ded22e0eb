"""Which layer made the tensor that lies before us.

torch tensors share storage, are written in place, and die early. The table below
knows a tensor by the object, and in the last resort by its storage alone, whose last
writers are then its sources. Whether anybody has written since is told by torch's
``_version`` and by a count of our own, because ``x.data`` has a version apart.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from cnnviz.probe.values import Step, Value

Producer = int
"""Index of a layer in run order; ``-1 - k`` is the k-th input tensor."""


class Origin(NamedTuple):
    """Where a tensor's values come from.

    ``producers`` has several entries only when parts were overwritten in place, and
    none for what was made within the running leaf module. ``value`` is the content on
    record, or None when it must be captured anew.
    """

    producers: tuple[Producer, ...]
    value: Value | Step | None


@dataclass(slots=True)
class _Storage:
    """What is known of a storage; ``alive`` keeps its address from being reused."""

    alive: object
    writers: tuple[Producer, ...] = ()
    writes: int = 0
    constant: bool = False


class _Entry(NamedTuple):
    tensor: weakref.ref[Tensor]
    storage: _Storage
    version: int
    writes: int
    origin: Origin


def version(tensor: Tensor) -> int:
    """Return the count of writes into a tensor; inference tensors have none."""
    try:
        return tensor._version
    except RuntimeError:
        return 0


def address(tensor: Tensor) -> int:
    """Return a number that is the same for all tensors that share a storage."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, ValueError):  # sparse, nested, batched, not yet filled in
        return -id(tensor)


class Flow:
    """The tensors of one run that carry data derived from the input."""

    def __init__(self) -> None:
        self._objects: dict[int, _Entry] = {}
        self._storages: dict[int, _Storage] = {}

    def _storage(self, tensor: Tensor) -> _Storage:
        place = address(tensor)
        found = self._storages.get(place)
        if found is None:
            shared = place >= 0
            alive = StorageWeakRef(tensor.untyped_storage()) if shared else tensor  # type: ignore[no-untyped-call]
            found = self._storages[place] = _Storage(alive)
        return found

    def origin(self, tensor: Tensor) -> Origin | None:
        """Return where the tensor comes from, or None when not from the input."""
        entry = self._objects.get(id(tensor))
        if entry is not None and entry.tensor() is tensor:
            same = entry.version == version(tensor)
            if same and entry.writes == entry.storage.writes:
                return entry.origin
        storage = self._storages.get(address(tensor))
        if storage is None or not storage.writers:
            return None
        return Origin(storage.writers, None)

    def learn(self, tensor: Tensor, origin: Origin, *, wrote: bool) -> None:
        """Note that the tensor now holds ``origin``'s values.

        Parameters
        ----------
        wrote
            The values were just written, as opposed to a new view of old ones.
        """
        storage = self._storage(tensor)
        borrowed = not storage.writers and tensor._is_view()  # of a constant
        if wrote or not (storage.writers or borrowed):
            storage.writes += 1
            new = origin.producers
            whole = not storage.writers or _fills(tensor)
            kept = () if whole else (p for p in storage.writers if p not in new)
            storage.writers = (*kept, *new)
        self._objects[id(tensor)] = _Entry(
            weakref.ref(tensor), storage, version(tensor), storage.writes, origin
        )

    def constant(self, tensor: Tensor) -> None:
        """Note a tensor that is known not to come from the input."""
        self._storage(tensor).constant = True

    def is_constant(self, tensor: Tensor) -> bool:
        """Tell whether the tensor was noted as a constant."""
        return self._storage(tensor).constant


def _fills(tensor: Tensor) -> bool:
    """Tell whether a tensor covers its whole storage."""
    if tensor.layout is not torch.strided:
        return True
    size = tensor.numel() * tensor.element_size()
    return size >= tensor.untyped_storage().nbytes()
