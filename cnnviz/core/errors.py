"""What may go wrong, in the person's terms.

Every message says what was wanted, what came, and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.core.series import TableFacts


class CnnvizError(Exception):
    """Base of every error whose text is meant for the person at the screen."""


class InputError(CnnvizError):
    """A picture or a series cannot be used."""


class MismatchError(InputError):
    """A series does not fit the network.

    Attributes
    ----------
    reason
        ``"channels"``: the numbers of variables differ, so a network of the right
        width could be offered; ``"layout"``: rows and columns both fit, so the person
        must say which are the variables; ``"length"``: too few steps.
    wanted, got
        Number of channels, or of steps.
    facts
        What was decided about the table, where it is known.
    """

    def __init__(self, sentence: str, reason: str, wanted: int, got: int) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.wanted = wanted
        self.got = got
        self.facts: TableFacts | None = None


class ModelError(CnnvizError):
    """A network cannot be built, loaded or run."""


class Cancelled(CnnvizError):  # noqa: N818 - the design's word
    """The person, or a newer request, stopped this work. Never shown."""
