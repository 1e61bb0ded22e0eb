"""What is noted of a run while it lasts; layers are made of it afterwards.

Between two kernels of a network the processor's caches are cold and every step of
ours is dear. So only what would be lost is kept there and then.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cnnviz.probe.budget import Budget
from cnnviz.probe.contents import version
from cnnviz.probe.flow import Origin
from cnnviz.probe.replay import Call
from cnnviz.probe.values import Step, Value, mapped, tensors_in

_PLAIN = frozenset(
    {int, float, bool, str, type(None), torch.dtype, torch.device, torch.memory_format}
)
FIRST = Step(0, 0)


class Event(NamedTuple):
    """Something that becomes a layer.

    Attributes
    ----------
    module, path
        The innermost module that was running.
    whole
        The module is shown as one layer; otherwise the event is a function in it.
    calls
        What ran, in order; nothing when that was out of sight.
    origins, held
        For every tensor that went in, where it came from and what it held.
    results
        What came out: one layer with further outputs, or pieces that are a layer each.
    step
        Which call made the first result; None if none that was seen.
    parameters
        The network's own among the arguments of a function.
    """

    module: nn.Module
    path: str
    whole: bool
    calls: Sequence[Call]
    origins: Sequence[Origin | None]
    held: Sequence[Value]
    results: Sequence[Value]
    step: Step | None
    parameters: Sequence[Tensor] = ()


class Journal:
    """The events of one run, and how many layers they will make.

    Parameters
    ----------
    budget
        Told of each event.
    """

    def __init__(self, budget: Budget) -> None:
        self.events: list[Event] = []
        self.layers = 0
        self._budget = budget

    def add(self, event: Event, layers: int = 1) -> int:
        """Add an event; gives the index of its first layer."""
        first = self.layers
        self.events.append(event)
        self.layers += layers
        self._budget.note(event, first, layers)
        return first


class Leaf:
    """The calls inside a running module that is shown as one layer.

    It is opened by the first function that runs in it, or when it ends.

    Parameters
    ----------
    args, kwargs
        What the module was called with.

    Attributes
    ----------
    given, origins, held
        The tensors among that, once it is opened; and others that turn out to be data.
    calls
        What ran, in order.
    written
        The ids of tensors that were written.
    """

    __slots__ = (
        "_made",
        "args",
        "calls",
        "given",
        "held",
        "kwargs",
        "opened",
        "origins",
        "written",
    )

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.opened = False
        self.given: list[Tensor] = []
        self.origins: list[Origin | None] = []
        self.held: list[Value] = []
        self.calls: list[Call] = []
        self.written: set[int] = set()
        self._made: dict[int, tuple[Tensor, int, int, int]] = {}

    def origin(self, tensor: Tensor) -> Origin | None:
        """Return the step that made a tensor, unless it was written since."""
        made = self._made.get(id(tensor))
        if made is None or made[1] != version(tensor):
            return None
        return Origin((), Step(made[2], made[3], tuple(tensor.shape)))

    def step(self, tensor: Tensor) -> Step | None:
        """Return the call that made a tensor, if one that was seen did."""
        made = self._made.get(id(tensor))
        if made is None or made[1] != version(tensor):
            return None
        return Step(made[2], made[3]) if made[2] or made[3] else FIRST

    def join(
        self,
        given: Sequence[Tensor],
        origins: Sequence[Origin | None],
        held: Sequence[Value | Step],
    ) -> None:
        """Note data that go into a call, as weights, without having come as arguments.

        What comes from the same layers as an argument is taken for a view of that.
        """
        known = {by for origin in self.origins if origin for by in origin.producers}
        for tensor, origin, value in zip(given, origins, held, strict=True):
            if origin and isinstance(value, Value) and known.isdisjoint(origin[0]):
                self.given.append(tensor)
                self.origins.append(origin)
                self.held.append(value)

    def same(self, tensor: Tensor, step: Step) -> None:
        """Note that a tensor holds what a step made."""
        self._made[id(tensor)] = tensor, version(tensor), step.call, step.result

    def add(self, call: Call, results: Sequence[Tensor], wrote: Set[int]) -> None:
        """Note a call, what it made, and the ids of what it wrote."""
        at = len(self.calls)
        for k, tensor in enumerate(results):
            self._made[id(tensor)] = tensor, version(tensor), at, k
        self.calls.append(call)
        self.written |= wrote


def tensors_among(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[Tensor], list[int | str] | None]:
    """Return the tensors among a call's arguments.

    Returns
    -------
    tensors, places
        ``places`` tells, for each, which positional or named argument it is; None
        where tensors may be within containers.
    """
    given: list[Tensor] = []
    places: list[int | str] = []
    for at, part in enumerate(args):
        if isinstance(part, Tensor):
            given.append(part)
            places.append(at)
        elif type(part) not in _PLAIN and not (
            type(part) is tuple and _PLAIN.issuperset(map(type, part))
        ):
            return tensors_in((args, kwargs) if kwargs else args), None
    for name, part in kwargs.items():
        if isinstance(part, Tensor):
            given.append(part)
            places.append(name)
        elif type(part) not in _PLAIN:
            return tensors_in((args, kwargs)), None
    return given, places


def filled(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    places: Sequence[int | str] | None,
    held: Sequence[Value | Step],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments with what their tensors held in their place.

    Parameters
    ----------
    places
        As given by ``tensors_among``.
    """
    if places is None:
        parts = iter(held)
        args, kwargs = mapped((args, kwargs), Tensor, lambda _: next(parts))
        return args, kwargs
    new, named = [*args], {**kwargs}
    for at, value in zip(places, held, strict=True):
        if isinstance(at, int):
            new[at] = value
        else:
            named[at] = value
    return tuple(new), named
