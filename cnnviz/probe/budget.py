"""How much of what a run makes stays in memory, and what goes first."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from cnnviz.probe.values import Value

if TYPE_CHECKING:
    from cnnviz.probe.notes import Event

NEAR = 3
"""How many layers beside a wanted one have their inputs brought back."""

_LITTLE = 2**16
_SHARE = 1000
"""Contents of no more bytes, or of no more than this part of the limit, stay."""


class Budget:
    """Keeps the contents on record within a number of bytes, in one run.

    Those farthest from the layers that are wanted go first. The wanted ones and their
    inputs never go, even if they alone are more than the limit.

    Parameters
    ----------
    limit
        In bytes; 0 keeps everything.
    wanted
        Run-order indices of layers; none means the first.

    Attributes
    ----------
    let_go
        Called with each content that is to go.
    """

    def __init__(self, limit: int = 0, wanted: Iterable[int] = ()) -> None:
        self.limit = limit
        self.wanted: Sequence[int] = sorted({*wanted}) or (0,)
        self.let_go: Callable[[Value], None] = Value.drop
        self._far: dict[Value, int] = {}
        self._gone: dict[Value, int] = {}
        self._most = 0

    def renewed(self) -> Budget:
        """Return the same for another run."""
        return Budget(self.limit, self.wanted)

    def distance(self, index: int) -> int:
        """Return how far a layer is from the nearest wanted one."""
        return min(abs(index - each) for each in self.wanted)

    def note(self, event: Event, first: int, layers: int) -> None:
        """Count what went into an event and came out of it; drop what is too much.

        Parameters
        ----------
        first, layers
            Run-order index of the first layer it makes, and how many it makes.
        """
        if not self.limit:
            return
        near = min(map(self.distance, range(first, first + layers)))
        for origin, value in zip(event.origins, event.held, strict=True):
            if origin is not None and any(by >= 0 for by in origin.producers):
                self._count(value, near)
        for k, value in enumerate(event.results):
            self._count(value, self.distance(first + k) if layers > 1 else near)
        if self._most > self.limit:
            self._shrink()

    def _count(self, value: Value, distance: int) -> None:
        known = self._far.get(value)
        if known is None and value.kept:
            self._most += memory_of(value)[1]
        if known is None or distance < known:
            self._far[value] = distance

    def is_missed(self, value: Value, index: int, layers: int = 1) -> bool:
        """Tell whether a content that is gone is worth bringing back for layers."""
        near = range(index, index + layers)
        return not value.kept and min(map(self.distance, near)) <= NEAR

    def pin(self, value: Value) -> None:
        """Never drop a content."""
        self._count(value, 0)

    def came_back(self, value: Value) -> None:
        """Count a content that is in memory again."""
        self._gone.pop(value, None)
        self._most += memory_of(value)[1]

    def _shrink(self) -> None:
        """Drop the farthest contents until the rest is within the limit.

        Contents in the same memory go together.
        """
        groups, total = self._groups()
        if total <= self.limit:
            return
        small = little(self.limit)
        far = [
            (min(self._far[value] for value in values), size, values)
            for size, values in groups
            if size > small
        ]
        for distance, size, values in sorted(far, key=lambda each: -each[0]):
            if total <= self.limit or distance == 0:
                break
            total -= size
            for value in values:
                self._most -= memory_of(value)[1]
                self._gone[value] = size
                size = 0
                self.let_go(value)

    def _groups(self) -> tuple[list[tuple[int, list[Value]]], int]:
        """Return the contents by the memory they lie in, and the bytes of all."""
        groups: dict[int, tuple[int, list[Value]]] = {}
        for value in self._far:
            if value.kept:
                place, size = memory_of(value)
                groups.setdefault(place, (size, []))[1].append(value)
        return [*groups.values()], sum(size for size, _ in groups.values())

    def spent(self, events: Iterable[Event]) -> tuple[int, int]:
        """Return the bytes of all results in memory, and of all there were."""
        if not self.limit:
            values = [value for event in events for value in event.results]
            kept = sum(dict(map(memory_of, values)).values())
            return kept, kept
        kept = self._groups()[1]
        return kept, kept + sum(self._gone.values())


def little(limit: int) -> int:
    """Return how many bytes are too few to be worth dropping."""
    return max(_LITTLE, limit // _SHARE)


def give_back() -> None:
    """Return freed memory to the system, of which glibc keeps what is in pieces."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def memory_of(value: Value) -> tuple[int, int]:
    """Return where a content's memory begins, and how many bytes it is."""
    base: Any = value.array.base
    if isinstance(base, Tensor):
        storage = base.untyped_storage()
        return storage.data_ptr(), storage.nbytes()
    return value.array.ctypes.data, value.array.nbytes
