"""Loading what stays, quickly."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: what is only just made is none."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def load() -> None:
    """Load what is needed to show a network, for a worker; it takes a second."""
    fresh = "torch" not in sys.modules
    with uncollected():
        import cnnviz.core.explain
        import cnnviz.probe.execute  # noqa: F401

        if fresh:
            gc.freeze()  # so many objects that each search would take a moment
