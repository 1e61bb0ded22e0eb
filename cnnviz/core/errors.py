"""What may go wrong, in the person's terms.

Every message says what was wanted, what came, and where.
"""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.core.models import Task
    from cnnviz.core.series import TableFacts
    from cnnviz.core.tensors import Misfit, TensorFacts


class CnnvizError(Exception):
    """Base of every error whose text is meant for the person at the screen."""


class InputError(CnnvizError):
    """A picture or a series cannot be used."""


class TaskError(InputError):
    """A picture came to a network of series, or a series to one of pictures.

    Attributes
    ----------
    wanted
        What the network takes.
    """

    def __init__(self, sentence: str, wanted: Task) -> None:
        super().__init__(sentence)
        self.wanted: Task = wanted


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


class MisfitError(ModelError):
    """A weights file does not fit the network it was meant for.

    Attributes
    ----------
    misfit
        How they differ. What fits could be loaded by itself.
    """

    def __init__(self, sentence: str, misfit: Misfit) -> None:
        super().__init__(sentence)
        self.misfit = misfit


class UnknownNetworkError(ModelError):
    """A weights file was read, but no network is known that it belongs to.

    Attributes
    ----------
    tensors
        What the file holds.
    nearest
        How it differs from the network that came closest; None when none does.
    notes
        What else the file says.
    """

    def __init__(
        self,
        sentence: str,
        tensors: tuple[TensorFacts, ...],
        nearest: Misfit | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(sentence)
        self.tensors = tensors
        self.nearest = nearest
        self.notes = notes


class Cancelled(CnnvizError):  # noqa: N818 - the design's word
    """The person, or a newer request, stopped this work. Never shown."""


_ASKED = re.compile(
    r"(?:tried to|unable to) allocate ([\d.]*\d)\.? ?(bytes|[KMGTPE]i?B)", re.IGNORECASE
)
"""How torch and numpy say what they could not get."""


def memory_sentence(error: BaseException) -> str | None:
    """Say that memory did not suffice, and what was asked for, if that is the matter.

    torch and C++ have no exception of their own for that; Python's often says nothing.
    """
    said = "".join(traceback.format_exception_only(error))  # str() may fail
    found = _ASKED.search(said)
    if found is None:
        short = isinstance(error, MemoryError) or "std::bad_alloc" in said
        return "There is not enough memory." if short else None
    amount, unit = found.groups()
    if unit == "bytes":
        amount, unit = f"{float(amount) / 1e6:,.0f}", "MB"
    return f"There is not enough memory: {amount} {unit} more were asked for at once."
