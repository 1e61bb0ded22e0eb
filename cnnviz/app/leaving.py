"""The end of the process: soon, whatever still runs in it."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from typing import NoReturn

_PATIENCE = 0.15
"""Seconds for what the workers are just about to end."""
_LONG = 60.0
"""Seconds for one step of any network."""


def workers_ended(seconds: float, names: str = "") -> bool:
    """Wait for the threads that keep no program from ending.

    Parameters
    ----------
    names
        How the names of those begin that are meant.

    Returns
    -------
    bool
        False when one of them still runs after this time.
    """
    end = time.monotonic() + seconds
    here = threading.current_thread()
    threads = [
        thread
        for thread in threading.enumerate()
        if type(thread) is threading.Thread and thread.daemon and thread is not here
        if thread.name.startswith(names)
    ]
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


@cache
def wait_at_exit() -> None:
    """Let a program that is not ours end after the workers, if they end at all."""
    atexit.register(workers_ended, _LONG, "cnnviz ")


def leave(code: int) -> NoReturn:
    """End the process, which nobody sees any more.

    Objects that are still there are not searched for cycles: torch has so many that
    it would take a second. A step that still runs, such as one convolution of a large
    picture, is cut off with the process: it would return into an interpreter that is
    gone, and crash.

    Parameters
    ----------
    code
        What the shell is told.
    """
    gc.freeze()
    if workers_ended(_PATIENCE):
        sys.exit(code)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or none at all
            stream.flush()
    os._exit(code)
