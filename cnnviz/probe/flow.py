"""Which layer made the tensor that lies before us.

torch tensors share storage, are written in place, and die early. The table below
knows a tensor by the object, and in the last resort by its storage alone, whose last
writers are then its sources. Whether anybody has written since is told by torch's
``_version`` and by a count of our own, because ``x.data`` has a version apart.
"""

from __future__ import annotations

import weakref
from typing import NamedTuple

import torch
from torch import Tensor

from cnnviz.probe.contents import Contents, Storage, version
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


_Entry = tuple[weakref.ref[Tensor], Storage, int, int, Origin]
"""A tensor, its storage, its version and its storage's count of writes, its origin."""


class Flow:
    """The tensors of one run that carry data derived from the input.

    Parameters
    ----------
    contents
        Knows their storages.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._objects: dict[int, _Entry] = {}

    def origin(self, tensor: Tensor) -> Origin | None:
        """Return where the tensor comes from, or None when not from the input."""
        entry = self._objects.get(id(tensor))
        if entry is not None:
            reference, storage, seen, writes, origin = entry
            known = reference() is tensor and writes == storage.writes
            if known and seen == version(tensor):
                return origin
        found = self._contents.known(tensor)
        if found is None or not found.writers:
            return None
        return Origin(found.writers, None)

    def learn(
        self,
        tensor: Tensor,
        origin: Origin,
        *,
        wrote: bool,
        storage: Storage | None = None,
    ) -> None:
        """Note that the tensor now holds ``origin``'s values.

        Parameters
        ----------
        wrote
            The values were just written, as opposed to a new view of old ones.
        storage
            The tensor's own.
        """
        storage = storage or self._contents.storage(tensor)
        old = storage.writers
        if wrote or not (old or tensor._is_view()):  # a view of a constant borrows
            storage.writes += 1
            new = origin.producers
            if old and not _fills(tensor):
                new = (*(p for p in old if p not in new), *new)
            storage.writers = new
        self._objects[id(tensor)] = (
            weakref.ref(tensor),
            storage,
            version(tensor),
            storage.writes,
            origin,
        )

    def constant(self, tensor: Tensor) -> None:
        """Note a tensor that is known not to come from the input."""
        self._contents.storage(tensor).constant = True

    def is_constant(self, tensor: Tensor) -> bool:
        """Tell whether the tensor was noted as a constant."""
        return self._contents.storage(tensor).constant


def _fills(tensor: Tensor) -> bool:
    """Tell whether a tensor covers its whole storage."""
    if tensor.layout is not torch.strided:
        return True
    size = tensor.numel() * tensor.element_size()
    return size >= tensor.untyped_storage().nbytes()
