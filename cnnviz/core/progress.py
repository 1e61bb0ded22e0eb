"""How long work tells of its progress and learns that nobody wants it any more."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[int, int, str], None]
"""``check(done, expected, what)``, called before each step; raises ``Cancelled``."""


def no_check(done: int, expected: int, what: str) -> None:
    """Let everything run."""
