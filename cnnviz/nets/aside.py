"""Running work that may never end on a thread of its own, so that it can be left."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from cnnviz.core.progress import Check

T = TypeVar("T")

_PATIENCE = 0.1
"""Seconds between two calls of ``check``."""
_TELLINGS = 20
"""How often work that swallows every exception is told to stop."""


@dataclass(frozen=True, slots=True)
class Failed:
    """How work ended that raised something."""

    error: BaseException


def run_aside(work: Callable[[], T], check: Check, what: str) -> T | Failed:
    """Run work on another thread and wait for it.

    Parameters
    ----------
    check
        Called several times a second with (0, 0, ``what``). When it raises, so does
        this function, and a ``SystemExit`` is raised inside the work: at its next step
        in Python. Work that catches it goes on, on a thread that keeps no program
        from ending.

    Returns
    -------
    T or Failed
        What the work returned, or whatever it raised.
    """
    outcome: SimpleQueue[_Box[T] | Failed] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put(_Box(work()))
        except BaseException as error:  # noqa: BLE001 - foreign code may raise any
            outcome.put(Failed(error))

    thread = Thread(target=run, name="cnnviz aside", daemon=True)
    thread.start()
    try:
        while True:
            try:
                ended = outcome.get(timeout=_PATIENCE)
                break
            except Empty:
                check(0, 0, what)
    except BaseException:
        _stop(thread)
        raise
    thread.join()
    return ended if isinstance(ended, Failed) else ended.value


@dataclass(frozen=True, slots=True)
class _Box(Generic[T]):
    value: T


def _stop(thread: Thread) -> None:
    """Raise inside a thread until it ends, for about a second at most.

    A thread that ``SystemExit`` ends says nothing about it.
    """
    for _ in range(_TELLINGS):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
        )
        thread.join(_PATIENCE / 2)
        if not thread.is_alive():
            return
