"""Calls that ran just now, put on a list until there is time to look at them.

Between two kernels the processor's caches are cold, and what takes one microsecond in
a loop takes three there. A call of which it is known that it writes into nothing is
only listed; ``settle`` makes events of the list, in order, before anything else runs
that may write, or that asks what tensors hold or where they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cnnviz.probe.contents import Contents, address, version
from cnnviz.probe.flow import Flow, Origin
from cnnviz.probe.notes import FIRST, Event, Journal, filled
from cnnviz.probe.origins import Origins
from cnnviz.probe.replay import Call
from cnnviz.probe.values import SHARED, Value

_is_batched = torch._C._functorch.is_functorch_wrapped_tensor
_use_count = torch._C._storage_Use_Count
_ALONE = 2  # the tensor, and what Python has of its storage once it was asked for
_FIRST_ONE = (0,)


class Listed(NamedTuple):
    """A call that ran, and made a tensor.

    Attributes
    ----------
    module, path
        The innermost module that was running.
    name, function, args, kwargs
        What was called, and with what.
    nodes
        Where its data came from: indices of ``Pending``'s tensors.
    wrote
        It was asked to write what it made into its input.
    own
        None for a function; for a module that is shown as one layer, tensors of its
        own: they, and the data before them, are not among ``args``.
    places
        For a function, where its data are among the arguments, see
        ``notes.tensors_among``.
    """

    module: nn.Module
    path: str
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    nodes: Sequence[int]
    wrote: bool
    own: Sequence[Tensor | None] | None = None
    places: Sequence[int | str] | None = None


class Pending:
    """The calls of one run that are listed, and the tensors in them.

    Parameters
    ----------
    journal
        Where they become events.
    origins
        Tells where tensors come from.
    contents, flow
        Know what tensors hold, and which layers made them.
    at_once
        Settle after every call.
    """

    def __init__(
        self,
        journal: Journal,
        origins: Origins,
        contents: Contents,
        flow: Flow,
        *,
        at_once: bool,
    ) -> None:
        self._journal = journal
        self._origins = origins
        self._contents = contents
        self._flow = flow
        self._at_once = at_once
        self._places: dict[int, tuple[Tensor, int, int]] = {}
        self._known: list[Origin | None] = []
        self._made: list[tuple[Tensor, int] | None] = []  # None: came from outside
        self.calls: list[Listed] = []

    def find(self, tensor: Tensor) -> int | None:
        """Return the index of a tensor; None if it holds no data.

        None also where torch does not count writes.
        """
        if tensor.is_inference():
            return None
        known = self._places.get(id(tensor))
        if known is not None:
            return known[2] if known[1] == tensor._version else None
        origin = self._origins.of(tensor)
        if origin is None:
            return None
        value = origin.value
        if type(value) is not Value:
            value = self._origins.held(tensor, origin)
            if type(value) is not Value:
                return None
            origin = Origin(origin.producers, value)
        at = len(self._known)
        self._known.append(origin)
        self._made.append(None)
        self._places[id(tensor)] = tensor, tensor._version, at
        return at

    def find_all(self, tensors: Sequence[Tensor]) -> list[int] | None:
        """Return the indices of tensors; None unless all of them hold data."""
        found: list[int] = []
        for tensor in tensors:
            at = self.find(tensor)
            if at is None:
                return None
            found.append(at)
        return found or None

    def value(self, at: int) -> Value | None:
        """Return what a tensor that came into the list held."""
        origin = self._known[at]
        return origin and origin.value  # type: ignore[return-value]

    def add(self, call: Listed, result: Tensor) -> None:
        """List a call that made a new tensor, or gave one other content."""
        seen = version(result)
        self._places[id(result)] = result, seen, len(self._known)
        self._known.append(None)
        self._made.append((result, seen))
        self.calls.append(call)
        if self._at_once or _is_odd(result):
            self.settle()

    def leave(self, x: Tensor, at: int, *, copied: bool = False) -> bool:
        """Leave a tensor's memory to the list, before the tensor is given another.

        False where somebody else may still look at it there.

        Parameters
        ----------
        x, at
            The tensor, and its index.
        copied
            Leave a copy to the list, before the tensor is written.
        """
        made = self._made[at]
        if made is None or made[0] is not x or x.requires_grad:
            return False
        place = address(x)
        if place < 0 or _use_count(place) != _ALONE or not x.is_contiguous():
            return False
        self._made[at] = x.clone() if copied else x.data, 0  # its writes count apart
        return True

    def come_back(self, x: Tensor, at: int) -> None:
        """Take back that a tensor's memory was left: nothing was done."""
        made = self._made[at]
        if made is not None and made[0] is not x:
            self._made[at] = x, version(x)

    def settle(self) -> None:
        """Make events of what is listed, in order."""
        known = self._known
        if not known:
            return
        calls, self.calls = iter(self.calls), []
        for at, made in enumerate(self._made):
            if made is not None:
                known[at] = self._keep(next(calls), *made)
        self._places.clear()
        self._made.clear()
        known.clear()

    def _keep(self, call: Listed, tensor: Tensor, seen: int) -> Origin:
        """Make an event of one call; gives where what it made comes from."""
        contents, journal, known = self._contents, self._journal, self._known
        if version(tensor) != seen:
            contents.torn = True
        args, kwargs, own = call.args, call.kwargs, call.own
        origins: Any = [known[at] for at in call.nodes]
        held = [origin.value for origin in origins]
        if own is None:
            args, kwargs = filled(args, kwargs, call.places, held)
        else:
            args = (*held, *(self._own(own) if own else own), *args)
        told = Call(
            call.name, call.function, args, kwargs, _FIRST_ONE if call.wrote else ()
        )
        storage = contents.storage(tensor)
        value = contents.of(tensor, storage)
        made = Origin((journal.layers,), value)
        self._flow.learn(tensor, made, wrote=call.wrote, storage=storage)
        whole = own is not None
        journal.add(
            Event(
                call.module,
                call.path,
                whole,
                (told,),
                origins,
                held,
                (value,),
                FIRST if whole else None,
            )
        )
        return made

    def _own(self, tensors: Sequence[Tensor | None]) -> list[Value | None]:
        """Return what a module's own tensors held; they have not been written since."""
        found: list[Value | None] = []
        for tensor in tensors:
            value = None if tensor is None else self._origins.own_content(tensor)
            if value is None and tensor is not None:
                self._contents.torn = True
                value = self._contents.of(tensor)
            found.append(value)
        return found


def _is_odd(tensor: Tensor) -> bool:
    """Tell whether what a tensor holds is better copied at once."""
    return (
        tensor.dtype not in SHARED
        or not tensor.is_cpu
        or tensor.is_inference()
        or _is_batched(tensor)
    )
