"""A second Python process that takes part in an alternation.

What would change this process, such as a library that wraps all of torch, is measured
in one of its own. It sleeps while others are measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Child:
    """Runs ``python -m MODULE ARGUMENTS``, which calls ``serve``."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = self._read()
        """What it said when it was ready."""

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the child ended with code {self._process.wait()}")
        return line.strip()

    def __call__(self) -> float:
        """Let it do its thing once; return the seconds it took."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._read())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.communicate()


def serve(side: Callable[[], float], said: str = "ready") -> None:
    """Do the thing once for every line that comes in."""
    print(said, flush=True)
    for _line in sys.stdin:
        print(side(), flush=True)
