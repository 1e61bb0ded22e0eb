"""Modules of the running program, so that a frozen request can speak of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from functools import partial
from itertools import count
from types import MethodType
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, is_lazy

from cnnviz.core.errors import InputError, ModelError
from cnnviz.core.layers import Array
from cnnviz.core.models import ImageWant, InputChoices, LiveSpec, SeriesWant
from cnnviz.core.numbers import counted, size
from cnnviz.core.progress import no_check
from cnnviz.nets.class_names import class_names
from cnnviz.nets.dry_run import attempt, copied
from cnnviz.nets.network import Network
from cnnviz.nets.own import alike
from cnnviz.nets.readied import readied, unwrapped
from cnnviz.nets.wants import wants_of_known, wants_of_unknown

_kept: dict[int, Network] = {}
_keys = count(1)

_COPIED = (nn.Module, Tensor, list, tuple, dict, set, MethodType, partial)
"""What of a module's attributes is copied; all else is shared with the copy."""

_UNCOPIED = (
    *(TypeError, ValueError, RuntimeError, AttributeError, LookupError, OSError),
    *(copy.Error, pickle.PicklingError),
)
"""What copying somebody else's objects raises."""


def keep(network: Network) -> LiveSpec:
    """Keep a network until ``forget``, and return what a request calls it."""
    spec = LiveSpec(network.name, next(_keys), network.want)
    _kept[spec.key] = network
    return spec


def living(spec: LiveSpec) -> Network:
    """Return a network that was kept.

    Raises
    ------
    ModelError
        It was forgotten.
    """
    try:
        return _kept[spec.key]
    except KeyError as error:
        raise ModelError(f"{spec.name} is no longer kept by the program") from error


def forget(spec: LiveSpec) -> None:
    """Keep a network no longer."""
    _kept.pop(spec.key, None)


def live_network(
    module: nn.Module,
    name: str = "",
    want: ImageWant | SeriesWant | InputChoices | None = None,
    labels: Sequence[str] | None = None,
) -> Network:
    """Make a network of a module as it is now; training it further changes nothing.

    Parameters
    ----------
    module
        Left as found.
    name
        What to call it; by default its class.
    want
        The input it takes, or what is known of that: the rest is found out or guessed.
        None leaves it unknown.
    labels
        Name of each class.

    Raises
    ------
    ModelError
        It cannot be copied, or it takes neither pictures nor series.
    """
    module = unwrapped(module)
    name = name or type(module).__name__
    copied, changes = readied(snapshot(module))
    given = None if labels is None else tuple(labels)
    if not isinstance(want, InputChoices):
        words = "as they were when it was shown"
        return Network(copied, name, want, given, words, True, notes=changes)
    plan = alike(copied)
    found = (
        wants_of_known(plan, want) if plan else wants_of_unknown(copied, want, no_check)
    )
    guessing = plan is not None and plan.perhaps_imagenet and given is None
    named, sources = class_names(found.classes, want.labels, (), (), imagenet=guessing)
    return Network(
        copied,
        name,
        found.wants[0],
        given or named,
        "as they were when it was shown",
        True,
        notes=(*changes, *found.notes, *(sources if given is None else ())),
        more=found.wants[1:],
        taken=found.taken,
    )


def snapshot(module: nn.Module) -> nn.Module:
    """Copy a network with its tensors as they are now.

    Modules, tensors and containers are copied, functions and whatever else hangs on
    the modules (a trainer, a lock, an open log) are shared. Gradients are not copied.

    Raises
    ------
    ModelError
        A part cannot be copied.
    """
    memo: dict[int, Any] = {}
    for part in module.modules():
        for name, value in vars(part).items():
            if name.endswith("_hooks"):
                memo |= {id(hook): hook for hook in value.values() if _foreign(hook)}
            elif isinstance(value, Tensor):
                memo[id(value)] = value.detach().clone()
            elif not isinstance(value, _COPIED):
                memo[id(value)] = value
    for buffer in module.buffers():
        lazy = is_lazy(buffer)  # torch's own copying of those fails
        memo[id(buffer)] = UninitializedBuffer() if lazy else buffer.detach().clone()
    try:
        return copy.deepcopy(module, memo)
    except _UNCOPIED as error:
        raise ModelError(
            f"{type(module).__name__} cannot be copied ({error}); cnnviz.trace runs a "
            "network without copying it"
        ) from error


def _foreign(hook: object) -> bool:
    """Tell whether a hook belongs to no module."""
    owner = hook.__self__ if isinstance(hook, MethodType) else None
    return not isinstance(owner, nn.Module)


def first_convolution(module: nn.Module) -> tuple[int, int]:
    """Return along how many axes the first kernels move, and over how many channels.

    ``(0, 0)`` when there is no convolution.
    """
    for part in module.modules():
        for axes, kind in enumerate((nn.Conv1d, nn.Conv2d, nn.Conv3d), 1):
            if isinstance(part, kind):
                return axes, part.in_channels
    return 0, 0


def require_channels(module: nn.Module, values: Sequence[Array]) -> None:
    """Refuse arrays that the convolution which reads them cannot be applied to.

    Parameters
    ----------
    module
        In eval mode. Only if its first convolution wants other channels, a copy of it
        is run on shapes alone to see which inputs are read.
    values
        Its inputs, without batch axis, channels first.

    Raises
    ------
    InputError
        One has other channels than are wanted.
    """
    wants = first_convolution(module)[1]
    if all(value.shape[:1] == (wants,) for value in values):
        return
    twin = copied(module)
    if not wants or twin is None:
        return
    found = attempt(twin, [value.shape for value in values], no_check)
    for place, (axes, channels) in sorted(found.read.items()):
        shape = values[place].shape
        if axes and len(shape) == axes + 1 and shape[0] != channels:
            raise InputError(
                f"the network wants {counted(channels, 'channel')}; "
                f"{size(shape)} arrived"
            )
