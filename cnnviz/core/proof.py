"""A trial that shows whether a network of series sees the future."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.core.numbers import count, number
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is tried: everything after a step of the input is changed.

    Attributes
    ----------
    trace
        What is on show.
    step
        The last step that stays as it is, 0-based.
    """

    trace: Trace
    step: int


@dataclass(frozen=True, slots=True)
class Leak:
    """A layer that changed before the change.

    Attributes
    ----------
    layer
        Its name.
    step
        The earliest step of the input at which it changed.
    most
        Its largest change at or before the trial's step, in its own unit.
    """

    layer: str
    step: int
    most: float


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """What came of a trial.

    Attributes
    ----------
    trial
        What was tried.
    layers
        How many layers run along time.
    changed
        How many of them changed at all.
    leaks
        Those that changed at or before the trial's step, in run order.
    unclear
        Names of those with values at or before the trial's step that cannot be
        compared: infinity and NaN.
    """

    trial: Trial
    layers: int
    changed: int
    leaks: tuple[Leak, ...]
    unclear: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Say it in two sentences."""
        step = count(self.trial.step)
        layers = f"{count(self.layers)} layers along time"
        tried = f"The input was changed after step {step} and the network run again: "
        if self.unclear and not self.leaks:
            return (
                f"{tried}{count(len(self.unclear))} of the {layers} have values up to "
                f"step {step} that are not finite, {self.unclear[0]} is the first, and "
                "nothing else changed there. Whether this network sees the future "
                "cannot be told."
            )
        if not self.leaks:
            return (
                f"{tried}nothing up to step {step} changed in any of the {layers}; "
                f"after it, {count(self.changed)} of them did. This network does not "
                "see the future."
            )
        first = self.leaks[0]
        early = min(self.leaks, key=lambda leak: leak.step)
        further = f", {early.layer} from step {count(early.step)} on"
        return (
            f"{tried}{count(len(self.leaks))} of the {layers} changed before it: "
            f"{first.layer} from step {count(first.step)} on by up to "
            f"{number(first.most, 3)}{'' if early == first else further}. "
            "This network sees the future."
        )
