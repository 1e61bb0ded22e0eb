"""Which layer made the tensor that lies before us.

torch tensors share storage, are written in place, and die early. The table below
knows a tensor by the object first, then by its place in its storage, and in the last
resort by the storage alone, whose last writers are then its sources. ``_version``
tells whether anybody has written since.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from cnnviz.probe.values import Value

Producer = int
"""Index of a layer in run order; ``-1 - k`` is the k-th input tensor."""


class Origin(NamedTuple):
    """Where a tensor's values come from.

    ``producers`` has several entries only when parts were overwritten in place;
    ``value`` is the content on record, or None when it must be captured anew.
    """

    producers: tuple[Producer, ...]
    value: Value | None


@dataclass(slots=True)
class _Entry:
    tensor: weakref.ref[Tensor]
    version: int
    origin: Origin


Place = tuple[int, int, tuple[int, ...], tuple[int, ...]]


class Flow:
    """The tensors of one run that carry data derived from the input."""

    def __init__(self) -> None:
        self._objects: dict[int, _Entry] = {}
        self._places: dict[Place, tuple[int, Origin]] = {}
        self._writers: dict[int, tuple[Producer, ...]] = {}
        self._constants: set[int] = set()
        self._alive: dict[int, StorageWeakRef] = {}

    def _storage(self, tensor: Tensor) -> int:
        """Return the storage's address, kept from being reused while we run."""
        try:
            storage = tensor.untyped_storage()
        except NotImplementedError:  # sparse and nested tensors have none
            return -id(tensor)
        address = int(storage._cdata)
        if address not in self._alive:
            self._alive[address] = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
        return address

    @staticmethod
    def _place(tensor: Tensor, storage: int) -> Place:
        if storage < 0:
            return storage, 0, tuple(tensor.shape), ()
        return (
            storage,
            int(tensor.storage_offset()),
            tuple(tensor.shape),
            tensor.stride(),
        )

    def origin(self, tensor: Tensor, version: int | None = None) -> Origin | None:
        """Return where the tensor comes from, or None when not from the input.

        ``version`` asks about the time before a write that was just made.
        """
        version = tensor._version if version is None else version
        entry = self._objects.get(id(tensor))
        if entry and entry.version == version and entry.tensor() is tensor:
            return entry.origin
        storage = self._storage(tensor)
        writers = self._writers.get(storage)
        if writers is None:
            return None
        found = self._places.get(self._place(tensor, storage))
        if found and found[0] == version:
            return found[1]
        return Origin(writers, None)

    def learn(self, tensor: Tensor, origin: Origin, *, wrote: bool) -> None:
        """Note that the tensor now holds ``origin``'s values.

        Parameters
        ----------
        wrote
            The values were just written, as opposed to a new view of old ones.
        """
        version = tensor._version
        storage = self._storage(tensor)
        self._objects[id(tensor)] = _Entry(weakref.ref(tensor), version, origin)
        self._places[self._place(tensor, storage)] = (version, origin)
        old = self._writers.get(storage)
        if old is None:
            self._writers[storage] = origin.producers
        elif wrote:
            whole = storage < 0 or (
                tensor.numel() * tensor.element_size()
                >= tensor.untyped_storage().nbytes()
            )
            kept = () if whole else tuple(p for p in old if p not in origin.producers)
            self._writers[storage] = kept + origin.producers

    def constant(self, tensor: Tensor) -> None:
        """Note a tensor that is known not to come from the input."""
        self._constants.add(self._storage(tensor))

    def is_constant(self, tensor: Tensor) -> bool:
        """Tell whether the tensor was noted as a constant."""
        return self._storage(tensor) in self._constants
