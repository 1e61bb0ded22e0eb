"""What is noted of a run while it lasts; layers are made of it afterwards.

Between two kernels of a network the processor's caches are cold and every step of
ours is dear. So only what would be lost is kept there and then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from cnnviz.probe.flow import Origin, version
from cnnviz.probe.replay import Call
from cnnviz.probe.values import Step, Value, capture, mapped


class Noted(NamedTuple):
    """A torch function that ran on data derived from the input.

    Attributes
    ----------
    name
        Plain name, ``"conv2d"``.
    parameters
        The network's own parameters among its arguments.
    """

    name: str
    call: Call
    parameters: Sequence[Tensor]


class Argument(NamedTuple):
    """A tensor that went into a layer: who made it, and what it held."""

    producers: tuple[int, ...]
    value: Value


class Event(NamedTuple):
    """Something that becomes a layer.

    Attributes
    ----------
    module, path
        The innermost module that was running.
    whole
        The module is shown as one layer; otherwise the event is a function in it.
    notes
        What ran, in order; nothing when that was out of sight.
    before
        What went in.
    results
        What came out: one layer with further outputs, or pieces that are a layer each.
    step
        Which call made the first result; None if none that was seen.
    """

    module: nn.Module
    path: str
    whole: bool
    notes: Sequence[Noted]
    before: Sequence[Argument]
    results: Sequence[Value]
    step: Step | None


class Journal:
    """The events of one run, and how many layers they will make."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.layers = 0

    def add(self, event: Event, layers: int = 1) -> int:
        """Add an event; gives the index of its first layer."""
        self.events.append(event)
        self.layers += layers
        return self.layers - layers


class Leaf:
    """The calls inside a running module that is shown as one layer.

    Parameters
    ----------
    before
        What went into the module.
    """

    def __init__(self, before: Sequence[Argument]) -> None:
        self.before = before
        self.notes: list[Noted] = []
        self.written: set[int] = set()
        self._made: dict[int, tuple[Tensor, int, Origin]] = {}

    def origin(self, tensor: Tensor) -> Origin | None:
        """Return the step that made a tensor, unless it was written since."""
        held = self._made.get(id(tensor))
        return held[2] if held and held[1] == version(tensor) else None

    def step(self, tensor: Tensor) -> Step | None:
        """Return the call that made a tensor, if one that was seen did."""
        origin = self.origin(tensor)
        return origin.value if origin and isinstance(origin.value, Step) else None

    def put(self, tensor: Tensor, origin: Origin) -> None:
        """Note the step that made a tensor."""
        self._made[id(tensor)] = (tensor, version(tensor), origin)

    def add(self, note: Noted, results: Sequence[Tensor], written: set[int]) -> None:
        """Note a call, what it made, and the ids of what it wrote into."""
        for k, tensor in enumerate(results):
            step = Step(len(self.notes), k, tuple(tensor.shape))
            self.put(tensor, Origin((), step))
        self.notes.append(note)
        self.written |= written


def call_of(
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    held: Sequence[Value | Step],
    written: Sequence[int] = (),
) -> Call:
    """Return a call with what its tensors held in their place."""
    parts = iter(held)
    outer = [*args, *kwargs.values()] if kwargs else args
    if len(held) == sum([isinstance(each, Tensor) for each in outer]):  # none inside
        args = tuple([next(parts) if isinstance(a, Tensor) else a for a in args])
        kwargs = {
            key: next(parts) if isinstance(each, Tensor) else each
            for key, each in kwargs.items()
        }
    else:
        args, kwargs = mapped((args, kwargs), Tensor, lambda _: next(parts))
    return Call(func, args, kwargs, tuple(written))


def arguments(
    origins: Sequence[Origin | None], held: Sequence[Value | Step]
) -> list[Argument]:
    """Return what went into a layer; no step is among it, because leaves hold them."""
    return [
        Argument(origin.producers if origin else (), value)
        for origin, value in zip(origins, held, strict=True)
        if isinstance(value, Value)
    ]


def captured(
    results: Sequence[Tensor],
    given: Sequence[Tensor],
    before: Sequence[Argument],
    wrote: Collection[int],
) -> list[Value]:
    """Copy results, but for those that are arguments left as they were."""
    values = []
    for result in results:
        at = None if id(result) in wrote else _place(result, given)
        values.append(capture(result) if at is None else before[at].value)
    return values


def apart(result: Any, given: Sequence[Tensor], wrote: Collection[int]) -> Any:
    """Return a view when a layer handed back the very tensor that came in.

    Dropout and identity do; the view tells the two apart for whoever reads one.
    """
    if not isinstance(result, Tensor) or id(result) in wrote:
        return result
    return result if _place(result, given) is None else result.view_as(result)


def _place(tensor: Tensor, among: Sequence[Tensor]) -> int | None:
    for at, other in enumerate(among):
        if other is tensor:
            return at
    return None
