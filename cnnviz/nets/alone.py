"""One thread at a time runs a network under watch, builds one, or draws numbers.

All that changes what belongs to the whole process: torch's random state, settings, and
the modules themselves, which two windows may share.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cnnviz.core.progress import Check, no_check

_LOCK = threading.RLock()
_PATIENCE = 0.05
"""Seconds between two questions whether it is still worth waiting."""


@contextmanager
def alone(check: Check = no_check) -> Iterator[None]:
    """Wait until no other thread does such a thing, and keep them waiting meanwhile.

    Parameters
    ----------
    check
        Called while it waits; may raise ``Cancelled``.
    """
    while not _LOCK.acquire(timeout=_PATIENCE):
        check(0, 0, "waiting for another network")
    try:
        yield
    finally:
        _LOCK.release()


@contextmanager
def own_chance(check: Check = no_check) -> Iterator[None]:
    """Put torch's random state back afterwards; no other thread draws meanwhile."""
    import torch

    with alone(check), torch.random.fork_rng(devices=()):
        yield
