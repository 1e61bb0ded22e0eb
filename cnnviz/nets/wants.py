"""What a network of the person's own wants for input, and how that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ImageWant, InputChoices, SeriesWant
from cnnviz.core.progress import Check
from cnnviz.nets.plans import Plan
from cnnviz.nets.said import Want, cropped, scaled, timed

if TYPE_CHECKING:
    from torch import nn

    from cnnviz.nets.guesses import Guess

_FREE = 224
"""Pixels of the shorter side at most, where any size will do and none was said."""
_GREY = (0.449,), (0.226,)
"""ImageNet's mean and std over its three channels, to three digits."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a network takes.

    Attributes
    ----------
    wants
        One for each of its inputs.
    taken
        The same of the first one in a person's terms, whether said or guessed.
    classes
        How many scores it gives; None if that is not known.
    notes
        What is a guess.
    """

    wants: tuple[Want, ...]
    taken: InputChoices
    classes: int | None
    notes: tuple[str, ...] = ()


def wants_of_known(plan: Plan, said: InputChoices) -> Wanted:
    """Return what a network of the catalogue wants with other channels or classes.

    Where nothing is said it is what the catalogue's own network was trained on: for
    one channel the means over the three, for others 0 … 1.

    Raises
    ------
    ModelError
        What was said cannot be.
    """
    base = plan.entry.want
    if isinstance(base, SeriesWant):
        return _known_series(plan, base, said)
    guesses = []
    crop, resize = base.crop, base.resize
    if plan.size and crop != (plan.size, plan.size):
        crop, resize = (plan.size, plan.size), None
    if said.size is not None:
        crop, resize = cropped(said.size)
    elif not plan.size:
        assert crop is not None
        guesses.append(f"the size {crop[0]}×{crop[1]}")
    mean, std = base.mean, base.std
    if plan.channels != len(mean):
        plain = (0.0,) * plan.channels, (1.0,) * plan.channels
        mean, std = _GREY if plan.channels == 1 else plain
    if said.mean is None and said.std is None:
        guesses.append(
            "values in 0 … 1 with no mean and std"
            if not any(mean)
            else f"mean and std of ImageNet{' in grey' * (plan.channels == 1)}"
        )
    want = replace(
        base,
        crop=crop,
        resize=resize,
        channels=plan.channels,
        mean=mean,
        std=std,
    )
    return _wanted((scaled(want, said),), plan.classes, guesses)


def _known_series(plan: Plan, base: SeriesWant, said: InputChoices) -> Wanted:
    guesses = []
    ours = (plan.channels, plan.classes) == (len(base.channels), plan.entry.classes)
    if ours:
        guesses.append("variables, mean and std of the bundled network")
    else:
        base = _unknown_series(plan.channels, base.length, base.minimum)
        guesses.append("mean and std of the table itself")
    want = timed(base, said)
    return _wanted((scaled(want, said),), plan.classes, guesses)


def wants_of_unknown(module: nn.Module, said: InputChoices, check: Check) -> Wanted:
    """Find out what any network wants: first what was said, then what runs.

    Parameters
    ----------
    module
        In eval mode; it is run on shapes alone and left as found.
    check
        Called before each operation; what it raises is raised.

    Raises
    ------
    ModelError
        It takes volumes or videos, or what was said cannot be.
    """
    from cnnviz.nets.guesses import guess

    _refuse_volumes(module)
    axes = {"picture": 2, "series": 1, None: 0}[said.task]
    size: tuple[int, ...] | None = None
    if said.size and axes != 1:
        size, axes = said.size, 2
    elif said.length and axes != 2:
        size, axes = (said.length,), 1
    found = guess(module, size, axes, check)
    guesses: list[str] = []
    wants = [
        _picture(found, channels, said, guesses)
        if moves == 2
        else _series(found, channels, said, guesses)
        for moves, channels in zip(found.axes, found.channels, strict=True)
    ]
    several = len(wants) > 1
    ran = found.size is not None
    classes = found.classes if ran else _last_width(module)
    return _wanted(
        tuple(scaled(want, said, several) for want in wants),
        classes,
        list(dict.fromkeys(guesses)),
    )


def _picture(
    found: Guess, channels: int, said: InputChoices, guesses: list[str]
) -> ImageWant:
    crop: tuple[int, int] | None
    resize: int | None = None
    if said.size is not None:
        crop, resize = cropped(said.size)
    elif found.size == ():
        crop, resize = None, _FREE
        guesses.append(f"any size, the shorter side at most {_FREE}")
    else:
        height, width = (
            found.size if found.size and len(found.size) == 2 else (224, 224)
        )
        crop = height, width
        guesses.append(f"the size {height}×{width}")
        if found.size is None:
            guesses.append("although it does not run at any size that was tried")
    if said.mean is None and said.std is None:
        guesses.append("values in 0 … 1 with no mean and std")
    plain = (0.0,) * channels, (1.0,) * channels
    return ImageWant(crop, resize, "bilinear", *plain, channels)


def _series(
    found: Guess, channels: int, said: InputChoices, guesses: list[str]
) -> SeriesWant:
    length = found.size[0] if found.size and len(found.size) == 1 else None
    if said.length is None:
        guesses.append("any number of steps" if length is None else f"{length} steps")
    if said.mean is None and said.std is None:
        guesses.append("mean and std of the table itself")
    return timed(_unknown_series(channels, length, found.minimum), said)


def _unknown_series(channels: int, length: int | None, minimum: int) -> SeriesWant:
    names = tuple(f"variable {i}" for i in range(1, channels + 1))
    return SeriesWant(names, length, 0.0, (), (), minimum)


def _wanted(
    wants: tuple[Want, ...], classes: int | None, guesses: Sequence[str]
) -> Wanted:
    first = wants[0]
    if isinstance(first, ImageWant):
        size = first.crop or ()
        taken = InputChoices("picture", size, first.mean, first.std)
    else:
        taken = InputChoices(
            task="series",
            mean=first.mean or None,
            std=first.std or None,
            length=first.length or 0,
            rate=first.rate or None,
        )
    notes = (f"guessed: {', '.join(guesses)}",) if guesses else ()
    return Wanted(wants, taken, classes, notes)


def _refuse_volumes(module: nn.Module) -> None:
    from torch import nn

    first = next(
        (
            layer
            for layer in module.modules()
            if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d)
        ),
        None,
    )
    if isinstance(first, nn.Conv3d):
        raise ModelError(
            "the network takes volumes or videos (Conv3d); pictures and series can be "
            "shown"
        )


def _last_width(module: nn.Module) -> int | None:
    """Return the outputs of the last dense layer, if there is one."""
    from torch import nn

    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    return layers[-1].out_features if layers else None
