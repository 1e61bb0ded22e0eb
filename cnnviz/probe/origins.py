"""Where tensors come from, also when they left torch's sight for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from cnnviz.probe.contents import Contents, address
from cnnviz.probe.flow import Flow, Origin
from cnnviz.probe.guard import Untouched
from cnnviz.probe.notes import Event, Journal, Leaf
from cnnviz.probe.scopes import Scopes
from cnnviz.probe.values import Step, Value, capture, largest_difference
from cnnviz.probe.weights import weight


class Origins:
    """Tells data of the input from the network's own, and what they hold, in one run.

    Parameters
    ----------
    scopes, before
        The network's parameters, and what it was before the run.
    journal
        Where layers are added for tensors that came from out of sight.
    contents, flow
        Know what tensors hold, and which layers made them.
    copy_weights
        Copy weights instead of sharing the network's memory.
    distrust
        Take tensors of unknown origin for data from the input.
    """

    def __init__(
        self,
        scopes: Scopes,
        before: Untouched,
        journal: Journal,
        contents: Contents,
        flow: Flow,
        *,
        copy_weights: bool,
        distrust: bool,
    ) -> None:
        self.flow = flow
        self.leaf: Leaf | None = None
        self._scopes = scopes
        self._contents = contents
        self._before = before
        self._buffers = before.buffers
        self._parameters = scopes.structure.parameters
        self._unwritten: Mapping[int, Tensor] = self._parameters
        self._weights: dict[int, tuple[int, Value]] = {}
        self._copy = copy_weights
        self._journal = journal
        self._distrust = distrust
        self._escaped: tuple[int, ...] = ()
        self._exposed: set[int] = set()
        self._own: set[int] | None = None

    def of(self, tensor: Tensor) -> Origin | None:
        """Return where a tensor comes from, or None when not from the input."""
        if id(tensor) in self._unwritten:
            return None
        made = None if self.leaf is None else self.leaf.origin(tensor)
        origin = made or self.flow.origin(tensor)
        if self._escaped or self._distrust:
            return self._examined(tensor, origin)
        return origin

    def _examined(self, tensor: Tensor, origin: Origin | None) -> Origin | None:
        """Look again, after data were out of sight."""
        if origin is None:
            batched = torch._C._functorch.is_functorch_wrapped_tensor(tensor)
            if batched or self.is_constant(tensor):
                return None
            return self._from_outside(tensor, self._escaped)
        held = origin.value if address(tensor) in self._exposed else None
        if isinstance(held, Value) and held.kept and not _holds(tensor, held):
            return self._from_outside(tensor, origin.producers)
        return origin

    def _from_outside(self, tensor: Tensor, producers: tuple[int, ...]) -> Origin:
        value = self._contents.of(tensor)
        module, path = self._scopes.module, self._scopes.path
        made = Origin(producers or (self._journal.layers - 1,), value)
        event = Event(module, path, False, (), [made], [value], [value], None)
        origin = Origin((self._journal.add(event),), value)
        self.flow.learn(tensor, origin, wrote=True)
        return origin

    def escape(self, tensor: Tensor) -> None:
        """Note that code outside torch may now read and write a tensor."""
        self._contents.copy_all()
        origin = self.flow.origin(tensor)
        found = self._escaped + (origin.producers if origin else ())
        self._escaped = tuple(dict.fromkeys(found))
        self._exposed.add(address(tensor))

    @property
    def escaped(self) -> bool:
        """Whether data were handed to code outside torch."""
        return bool(self._escaped)

    def is_constant(self, tensor: Tensor) -> bool:
        """Tell whether a tensor is the network's own, or made of such."""
        if self._own is None:
            self._own = {address(own) for own in self._before.tensors()}
        return address(tensor) in self._own or self.flow.is_constant(tensor)

    def held(self, tensor: Tensor, origin: Origin | None) -> Value | Step:
        """Return a tensor's content now, without a copy where it is on record."""
        if origin is None:
            return self.constant(tensor)
        if origin.value is not None:
            return origin.value
        value = self._contents.of(tensor)
        self.flow.learn(tensor, Origin(origin.producers, value), wrote=False)
        return value

    def constant(self, tensor: Tensor) -> Value:
        """Return the content of a tensor that is no data."""
        return self.own_content(tensor) or self._contents.of(tensor)

    def are_own(self, tensors: Iterable[Tensor | None]) -> bool:
        """Tell whether tensors are the network's, and their contents known later.

        A write into one of them that is not announced is noticed then.
        """
        parameters = self._unwritten
        buffers = () if self._contents.exposing else self._buffers
        for tensor in tensors:  # the loop is quicker than ``all``
            key = id(tensor)
            if tensor is not None and key not in parameters and key not in buffers:
                return False
        return True

    def own_content(self, tensor: Tensor) -> Value | None:
        """Return the content of a parameter, or of a buffer that nobody wrote."""
        if id(tensor) in self._parameters:
            found = None if self._copy else weight(tensor)
            return found or self._copied(tensor)
        kept = self._before.content(tensor)
        return None if kept is None or self._contents.is_exposed(tensor) else kept

    def _copied(self, parameter: Tensor) -> Value:
        """Return a parameter's content, copied once unless it is exchanged."""
        place = parameter.data_ptr()
        known = self._weights.get(id(parameter))
        if known is None or known[0] != place:
            known = place, capture(parameter)
            self._weights[id(parameter)] = known
        return known[1]

    def protect(self, tensor: Tensor) -> None:
        """Keep a parameter's content before the network's own code changes it."""
        if self._before.about_to_write(tensor):
            self._unwritten = {}
            self._copy = True
            self._weights.clear()


def changed(
    given: Sequence[Tensor], held: Sequence[Value | Step], results: Sequence[Tensor]
) -> list[int]:
    """Return which arguments a call wrote into, where torch does not count writes."""
    return [
        i
        for i, (tensor, before) in enumerate(zip(given, held, strict=True))
        if isinstance(before, Value)
        and any(tensor is result for result in results)
        and not _holds(tensor, before)
    ]


def _holds(tensor: Tensor, value: Value) -> bool:
    """Tell whether a tensor still holds what it held."""
    return largest_difference(capture(tensor, copy=False).array, value.array) == 0
