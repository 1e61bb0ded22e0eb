"""What tensors hold, copied no sooner than somebody may write it.

The record shares the memory of the network's own tensors for as long as only
functions run that are known to leave their arguments alone. Before any other runs,
what it is given is copied. When the run is over, whatever somebody else still holds is
copied too; and where torch's count of writes tells of one that was not foreseen, the
record is known to be ``torn``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from cnnviz.probe.values import Value, capture, shared


def version(tensor: Tensor) -> int:
    """Return the count of writes into a tensor; inference tensors have none."""
    try:
        return tensor._version
    except RuntimeError:
        return 0


def address(tensor: Tensor) -> int:
    """Return a number that is the same for all tensors that share a storage."""
    try:
        place: int = tensor.untyped_storage()._cdata
    except (RuntimeError, ValueError):  # sparse, nested, batched, not yet filled in
        return -id(tensor)
    return place


@dataclass(slots=True, eq=False)
class Storage:
    """What is known of a storage.

    Attributes
    ----------
    alive
        Keeps its address from being used again.
    writers
        Indices of the layers that wrote what it holds.
    writes
        How often they did.
    constant
        It is known not to come from the input.
    exposed
        It may be written without torch's counting it.
    shared
        The contents on record that lie in it.
    version
        The version of which they are the contents.
    """

    alive: object
    writers: tuple[int, ...] = ()
    writes: int = 0
    constant: bool = False
    exposed: bool = False
    shared: list[Value] = field(default_factory=list)
    version: int = 0

    def release(self) -> None:
        """Keep the address alone, unless contents on record lie here."""
        if not self.shared and isinstance(self.alive, torch.UntypedStorage):
            self.alive = StorageWeakRef(self.alive)  # type: ignore[no-untyped-call]


class Contents:
    """The storages of one run, and what of their contents is on record.

    Parameters
    ----------
    copying
        Copy every content at once.

    Attributes
    ----------
    copying
        Whether every content is copied at once, from now on.
    torn
        Something was overwritten before it was copied.
    exposing
        Some tensor may be written without torch's counting it.
    """

    def __init__(self, *, copying: bool) -> None:
        self.copying = copying
        self.torn = False
        self.exposing = False
        self._storages: dict[int, Storage] = {}

    def storage(self, tensor: Tensor) -> Storage:
        """Return what is known of a tensor's storage."""
        place = address(tensor)
        found = self._storages.get(place)
        if found is None:
            alive: object = tensor
            if place >= 0:
                alive = tensor.untyped_storage()
                if self.copying:
                    alive = StorageWeakRef(alive)  # type: ignore[no-untyped-call]
            found = self._storages[place] = Storage(alive)
        return found

    def known(self, tensor: Tensor) -> Storage | None:
        """Return what is known of a tensor's storage, if anything is."""
        return self._storages.get(address(tensor))

    def of(self, tensor: Tensor, storage: Storage | None = None) -> Value:
        """Return what a tensor holds now, for good; ``storage`` is its own."""
        if self.copying:
            return capture(tensor)
        storage = storage or self.storage(tensor)
        value = None if storage.exposed else shared(tensor)
        if value is None:
            return capture(tensor)
        now = tensor._version
        if storage.shared:
            self.torn = self.torn or storage.version != now
        else:
            storage.version = now
        storage.shared.append(value)
        return value

    def drop(self, value: Value) -> None:
        """Let go of a content on record; nothing here keeps its memory any longer."""
        tensor: Any = value.array.base
        storage = self.known(tensor) if isinstance(tensor, Tensor) else None
        value.drop()
        if storage is not None and value in storage.shared:
            storage.shared.remove(value)
            storage.release()

    def restore(self, value: Value, tensor: Tensor) -> None:
        """Put a content on record again, of a tensor that still holds it."""
        again = self.of(tensor)
        value.restore(again)
        storage = self.known(tensor)
        if storage is not None and again in storage.shared:
            storage.shared.remove(again)
            storage.shared.append(value)

    def is_exposed(self, tensor: Tensor) -> bool:
        """Tell whether a tensor may have been written without torch's counting it."""
        known = self.known(tensor)
        return self.copying or (known is not None and known.exposed)

    def about_to_write(self, tensors: Iterable[Tensor], *, exposed: bool) -> None:
        """Copy what is shared with tensors that may be written.

        Parameters
        ----------
        exposed
            They may be written at any later time, too, and nobody will tell.
        """
        if self.copying:
            return
        self.exposing = self.exposing or exposed
        for tensor in tensors:
            if address(tensor) < 0:  # whose memory it is cannot be told
                self.copy_all()
                return
            storage = self.storage(tensor)
            storage.exposed = storage.exposed or exposed
            self._part(storage)

    def leave(self, tensor: Tensor) -> bool:
        """Leave a tensor's memory to the record, before the tensor is given another.

        False where somebody else may still look at it there.
        """
        storage = self.known(tensor)
        if self.copying or storage is None or not storage.shared or storage.exposed:
            return False
        place = address(tensor)
        owners = 2 + len(storage.shared)  # the tensor, ``alive``, and every array
        if torch._C._storage_Use_Count(place) != owners or not tensor.is_contiguous():
            return False
        self._look(storage.shared[0], storage.version)
        del self._storages[place]
        return True

    def copy_all(self) -> None:
        """Share nothing any more."""
        self.copying = True
        for storage in self._storages.values():
            self._part(storage)

    def finish(self) -> None:
        """Copy what is not the record's alone, now that the run is over."""
        for place, storage in self._storages.items():
            if not storage.shared:
                continue
            alive = isinstance(storage.alive, torch.UntypedStorage)
            ours = alive + len(storage.shared)
            if torch._C._storage_Use_Count(place) > ours:
                self._part(storage)
            else:
                self._look(storage.shared[0], storage.version)

    def _part(self, storage: Storage) -> None:
        """Copy what is shared."""
        if storage.shared:
            self._look(storage.shared[0], storage.version)
            for value in storage.shared:
                value.part()
            storage.shared.clear()
            storage.release()

    def _look(self, value: Value, version: int) -> None:
        """Notice a write that was not foreseen."""
        tensor: Any = value.array.base
        self.torn = self.torn or tensor._version != version
