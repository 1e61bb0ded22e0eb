"""The places a person jumped from, so that Back returns to them."""

from __future__ import annotations

from cnnviz.core.selection import Selection
from cnnviz.core.trace import Trace

_MOST = 200
"""Places remembered."""


class History:
    """Two stacks of selections: those behind, and those one has come back from."""

    def __init__(self) -> None:
        self._behind: list[Selection] = []
        self._ahead: list[Selection] = []

    def leave(self, here: Selection) -> None:
        """Remember a place that is left by a jump; what lay ahead is forgotten."""
        self._ahead.clear()
        if not self._behind or self._behind[-1] != here:
            self._behind.append(here)
        del self._behind[:-_MOST]

    def back(self, here: Selection, trace: Trace) -> Selection | None:
        """Return the place before, None if there is none that still exists."""
        return self._move(self._behind, self._ahead, here, trace)

    def forward(self, here: Selection, trace: Trace) -> Selection | None:
        """Return the place one came back from, None if there is none."""
        return self._move(self._ahead, self._behind, here, trace)

    def _move(
        self, source: list[Selection], target: list[Selection],
        here: Selection, trace: Trace,
    ) -> Selection | None:  # fmt: skip
        while source:
            found = source.pop()
            if found.layer in trace and found != here:
                target.append(here)
                return found
        return None
