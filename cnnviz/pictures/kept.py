"""Answers about arrays that never change, kept as long as the arrays live."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import numpy as np

from cnnviz.core.layers import Array

T = TypeVar("T")


class Kept(Generic[T]):
    """Answers by array and question; the least recently asked for are given up first.

    Only of read-only arrays anything is kept. A layer's maps are a new view each time
    they are asked for: what counts is the memory, not the view. May be asked from
    several threads.

    Parameters
    ----------
    most
        What all answers may weigh together; a heavier one is not kept at all.
    weigh
        What one answer weighs; without, each weighs 1.
    """

    def __init__(self, most: int, weigh: Callable[[T], int] | None = None) -> None:
        self._most, self._weigh = most, weigh
        self._weight = 0
        self._lock = threading.RLock()  # a collected array may call from anywhere
        self._answers: OrderedDict[Hashable, tuple[T, int, weakref.ref[Array]]] = (
            OrderedDict()
        )

    def get(self, array: Array, question: Hashable, answer: Callable[[], T]) -> T:
        """Return the answer to a question about an array, found anew if need be."""
        if array.flags.writeable:
            return answer()
        owner = _owner(array)
        place = array.__array_interface__
        key = (
            id(owner),
            place["data"][0],
            array.shape,
            array.strides,
            place["typestr"],
            question,
        )
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key][0]
        found = answer()
        weight = 1 if self._weigh is None else self._weigh(found)
        if weight > self._most:
            return found
        with self._lock:
            self._forget(key)
            gone = weakref.ref(owner, lambda _owner: self._forget(key))
            self._answers[key] = found, weight, gone
            self._weight += weight
            while self._weight > self._most:
                self._forget(next(iter(self._answers)))
        return found

    def __len__(self) -> int:
        """Count the answers."""
        return len(self._answers)

    def _forget(self, key: Hashable) -> None:
        with self._lock:
            entry = self._answers.pop(key, None)
            if entry is not None:
                self._weight -= entry[1]


def _owner(array: Array) -> Array:
    """Return the array whose memory is seen."""
    base: Any = array.base
    while isinstance(base, np.ndarray):
        array, base = base, base.base
    return array
