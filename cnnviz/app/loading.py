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


def load_torch() -> None:
    """Load torch and what uses it, for a worker; the first time takes a second."""
    if "torch" in sys.modules:
        return
    with uncollected():
        import cnnviz.probe.execute  # noqa: F401

        gc.freeze()  # so many objects that each search would take a moment
