"""What a person said of a network's input, brought into what the network wants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ImageWant, InputChoices, SeriesWant
from cnnviz.core.numbers import counted

Want = ImageWant | SeriesWant
_AS_IT_IS = 512
"""Pixels of the shorter side at most where the picture shall stay as it is."""
_LARGEST = 8192


def agreed(first: InputChoices, then: InputChoices) -> InputChoices:
    """Return one choice for each question: the first that was made."""
    return InputChoices(
        first.task or then.task,
        *(
            getattr(first if getattr(first, name) is not None else then, name)
            for name in ("size", "mean", "std", "length", "rate", "labels")
        ),
    )


def cropped(size: tuple[int, ...]) -> tuple[tuple[int, int] | None, int | None]:
    """Return crop and resize for a size that was said."""
    if not size:
        return None, _AS_IT_IS
    if len(size) != 2 or not all(0 < side <= _LARGEST for side in size):
        raise ModelError(
            f"expected a height and a width of 1 to {_LARGEST} pixels, got {size}"
        )
    return (size[0], size[1]), None


def timed(want: SeriesWant, said: InputChoices) -> SeriesWant:
    """Set length and rate to what was said."""
    if said.length is not None:
        want = replace(want, length=said.length or None)
    if said.rate is not None:
        if not (math.isfinite(said.rate) and said.rate > 0):
            raise ModelError(f"expected a rate above 0 Hz, got {said.rate:g}")
        want = replace(want, rate=said.rate)
    return want


def scaled(want: Want, said: InputChoices, each: bool = False) -> Want:
    """Set mean and std to what was said.

    Parameters
    ----------
    each
        The network has several inputs: what was said holds for those whose channels
        are as many.
    """
    channels = want.channels if isinstance(want, ImageWant) else len(want.channels)
    if said.mean is None and said.std is None:
        return want
    mean = _numbers("mean", said.mean, 0.0, channels, each)
    std = _numbers("std", said.std, 1.0, channels, each)
    if mean is None or std is None:
        return want
    if min(std) <= 0:
        raise ModelError(f"expected stds above 0, got {min(std):g}")
    return replace(want, mean=mean, std=std)


def _numbers(
    what: str,
    said: Sequence[float] | None,
    otherwise: float,
    channels: int,
    each: bool,
) -> tuple[float, ...] | None:
    """Return a number for each channel; one number holds for all."""
    numbers = tuple(said) if said else (otherwise,)
    if len(numbers) == 1:
        numbers *= channels
    if len(numbers) != channels:
        if each:
            return None
        raise ModelError(
            f"expected {counted(channels, what)}, one per input channel, "
            f"got {len(numbers)}"
        )
    if not all(map(math.isfinite, numbers)):
        raise ModelError(f"expected finite {what}s, got {numbers}")
    return numbers
