"""A network is left as found, whatever its own code does while it runs."""

from __future__ import annotations

import operator
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, filterfalse
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnviz.probe.chance import Chance
from cnnviz.probe.contents import address, version
from cnnviz.probe.values import Value, shared, tensors_in

_MISSING = object()
_CONTAINERS = frozenset({dict, OrderedDict, defaultdict, set, list, deque})


@contextmanager
def wrapped(
    modules: Sequence[nn.Module],
    wrapper: Callable[[nn.Module, Callable[..., Any]], Callable[..., Any]],
) -> Iterator[None]:
    """Put ``wrapper(module, forward)`` in the place of every ``forward`` in the block.

    Unlike hooks, a ``forward`` replaced on the instance also sees
    ``module.forward(x)``, works on scripted modules, and sits inside the person's own
    hooks.
    """
    saved = []
    try:
        for module in modules:
            own = module.__dict__
            saved.append((own, own.get("forward", _MISSING)))
            own["forward"] = wrapper(module, module.forward)
        yield
    finally:
        for own, forward in saved:
            if forward is _MISSING:
                own.pop("forward", None)
            else:
                own["forward"] = forward


def _has_content(tensor: Tensor) -> bool:
    return not is_lazy(tensor) and tensor.layout is torch.strided


class _Contents:
    """What tensors of one type and device hold, kept as one tensor."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = tensors
        self._versions = [*map(version, tensors)]
        self._aliases = [tensor.detach() for tensor in tensors]
        self._kept = self._joined()
        self._values = shared(self._kept)
        self._starts = [0, *accumulate([alias.numel() for alias in self._aliases])]

    def _joined(self) -> Tensor:
        return torch.cat([a if a.ndim == 1 else a.reshape(-1) for a in self._aliases])

    @property
    def is_told(self) -> bool:
        """Whether their type is one that numpy has."""
        return self._values is not None

    def of(self, at: int) -> Value | None:
        """Return what one of them held, as long as it was not written."""
        tensor, alias = self._tensors[at], self._aliases[at]
        exchanged = tensor.data_ptr() != alias.data_ptr()
        if exchanged or version(tensor) != self._versions[at]:
            return None
        if self._values is None:
            return None
        kept = self._values.array[self._starts[at] : self._starts[at + 1]]
        return Value(kept.reshape(alias.shape))

    def restore(self) -> None:
        for tensor, alias in zip(self._tensors, self._aliases, strict=True):
            if tensor.data_ptr() != alias.data_ptr():
                tensor.data = alias
        if torch.equal(self._joined(), self._kept):
            return
        kept = torch.split(self._kept, [*map(Tensor.numel, self._aliases)])
        for alias, content in zip(self._aliases, kept, strict=True):
            if not torch.equal(alias.reshape(-1), content):
                alias.copy_(content.view_as(alias))


class Untouched:
    """What a network was before it ran. See ``untouched``."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self._flags: list[tuple[nn.Module, bool]] = []
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._empty: list[Any] = []
        self._filled: dict[int, tuple[Any, Any]] = {}
        self._parameters: dict[int, Tensor] = {}
        self._written: dict[int, _Contents] = {}
        buffers: dict[Any, dict[int, Tensor]] = defaultdict(dict)
        for module in modules:
            own = module.__dict__
            if "training" not in own:
                self._flags.append((module, module.training))
            if not isinstance(module, torch.jit.ScriptModule):
                self._attributes.append((own, own.copy()))
                containers = [h for h in own.values() if type(h) in _CONTAINERS]
                self._empty += filterfalse(None, containers)
                for held in filter(None, containers):
                    self._filled[id(held)] = held, held.copy()
            for buffer in module._buffers.values():
                if buffer is not None and _has_content(buffer):
                    buffers[buffer.dtype, buffer.device][id(buffer)] = buffer
        self._buffers = [_Contents([*each.values()]) for each in buffers.values()]
        self._places = {
            key: (kept, at)
            for kept, each in zip(self._buffers, buffers.values(), strict=True)
            for at, key in enumerate(each)
        }

    def tensors(self) -> Iterator[Tensor]:
        """Yield the tensors that the network held, however it held them."""
        for _, attributes in self._attributes:
            for held in attributes.values():
                content = self._filled.get(id(held), (held, held))[1]
                yield from tensors_in(
                    list(content) if isinstance(content, set) else content
                )

    def content(self, tensor: Tensor) -> Value | None:
        """Return what a buffer held before, as long as torch counted no write."""
        place = self._places.get(id(tensor))
        return place and place[0].of(place[1])

    @property
    def buffers(self) -> Collection[int]:
        """The ``id`` of every buffer of which ``content`` may be known."""
        return {key for key, (kept, _) in self._places.items() if kept.is_told}

    def about_to_write(self, tensor: Tensor) -> bool:
        """Keep what a parameter holds; tells whether the tensor belongs to one."""
        if not self._parameters:
            for _, attributes in self._attributes:
                own = attributes["_parameters"]
                for parameter in self._filled.get(id(own), (own, {}))[1].values():
                    if parameter is not None and _has_content(parameter):
                        self._parameters[address(parameter)] = parameter
        parameter = self._parameters.get(address(tensor))
        if parameter is None:
            return False
        if id(parameter) not in self._written:
            self._written[id(parameter)] = _Contents([parameter])
        return True

    def restore(self) -> None:
        """Put everything back."""
        for own, attributes in self._attributes:
            if "training" in attributes:
                own["training"] = attributes["training"]
            if not _same_objects(own, attributes):
                own.clear()
                own.update(attributes)
        if any(self._empty):
            for held in self._empty:
                held.clear()
        for held, content in self._filled.values():
            _refill(held, content)
        with torch.no_grad():
            for each in (*self._written.values(), *self._buffers):
                each.restore()
        for module, training in self._flags:
            module.training = training


def _same_objects(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return (
        len(a) == len(b)
        and all(map(operator.is_, a.values(), b.values()))
        and list(a) == list(b)
    )


def _refill(held: Any, content: Any) -> None:
    """Give a container the content it had."""
    if isinstance(held, dict):
        if not _same_objects(held, content):
            held.clear()
            held.update(content)
    elif isinstance(held, set):
        held.clear()
        held.update(content)
    else:
        held.clear()
        held.extend(content)


@contextmanager
def untouched(modules: Sequence[nn.Module]) -> Iterator[Untouched]:
    """Run a block in evaluation mode and put the network back as it was.

    Covers training flags, attributes and the lists and dicts among them, hooks,
    buffers, parameters announced with ``about_to_write``, and the random states of
    Python, numpy and torch.
    """
    before = Untouched(modules)
    chance = Chance()
    try:
        for module in modules:
            if "training" in module.__dict__:
                module.__dict__["training"] = False
            else:  # scripted and compiled modules keep it elsewhere
                module.training = False
        yield before
    finally:
        chance.restore()
        before.restore()
