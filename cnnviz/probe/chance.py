"""The random states of Python, numpy and torch, kept and put back."""

from __future__ import annotations

import ctypes
import random
from typing import Any

import numpy as np
import torch

_MT19937_BYTES = 624 * 4 + 4


class Chance:
    """What the generators that networks draw from were like when this was made."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._numpy = _Legacy()
        self._torch = torch.get_rng_state()
        self._devices: list[torch.Tensor] | None = None
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            self._devices = torch.cuda.get_rng_state_all()

    def restore(self) -> None:
        """Put every generator back."""
        random.setstate(self._python)
        self._numpy.restore()
        torch.set_rng_state(self._torch)
        if self._devices is not None:
            torch.cuda.set_rng_state_all(self._devices)


class _Legacy:
    """The state of ``numpy.random``'s own functions.

    numpy takes 0.06 ms to read it and as long to set it, so its memory is looked at
    first: as long as that is the same, and no second half of a pair of normal values
    was waiting, nothing was drawn.
    """

    _latest: tuple[bytes, dict[str, Any]] | None = None

    def __init__(self) -> None:
        self._memory = _memory()
        latest = _Legacy._latest
        if latest is not None and latest[0] == self._memory:
            self._state = latest[1]
            return
        self._state = np.random.get_state(legacy=False)  # noqa: NPY002
        if self._memory is not None and not self._state["has_gauss"]:
            _Legacy._latest = self._memory, self._state

    def restore(self) -> None:
        if self._memory is None or self._state["has_gauss"] or self._drawn():
            np.random.set_state(self._state)  # noqa: NPY002

    def _drawn(self) -> bool:
        return _memory() != self._memory


def _memory() -> bytes | None:
    """Return the memory of numpy's Mersenne twister; None if it uses another kind."""
    generator: Any = np.random.mtrand.get_bit_generator()
    if type(generator) is not np.random.MT19937:
        return None
    return ctypes.string_at(generator.ctypes.state_address, _MT19937_BYTES)
