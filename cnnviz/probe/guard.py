"""A network is left as found, whatever its own code does while it runs."""

from __future__ import annotations

import operator
import random
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnviz.probe.contents import address
from cnnviz.probe.values import tensors_in

_MISSING = object()
_CONTAINERS = frozenset({dict, OrderedDict, defaultdict, set, list, deque})


@contextmanager
def wrapped(
    modules: Sequence[nn.Module], entered: Callable[..., Any]
) -> Iterator[None]:
    """Lead every ``forward`` through ``entered(module, forward, …)`` in the block.

    Unlike hooks, a ``forward`` replaced on the instance also sees
    ``module.forward(x)``, works on scripted modules, and sits inside the person's own
    hooks.
    """
    saved = []
    try:
        for module in modules:
            own = module.__dict__
            saved.append((own, own.get("forward", _MISSING)))
            own["forward"] = partial(entered, module, module.forward)
        yield
    finally:
        for own, forward in saved:
            if forward is _MISSING:
                own.pop("forward", None)
            else:
                own["forward"] = forward


def _has_content(tensor: Tensor) -> bool:
    return not is_lazy(tensor) and tensor.layout is torch.strided


class _Content:
    """What a parameter or buffer holds."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self._alias = tensor.detach()
        self._kept = self._alias.clone()

    def restore(self) -> None:
        if address(self._tensor) != address(self._alias):
            self._tensor.data = self._alias
        if not torch.equal(self._alias, self._kept):
            self._alias.copy_(self._kept)


class Untouched:
    """What a network was before it ran. See ``untouched``."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self._flags: list[tuple[nn.Module, bool]] = []
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._filled: dict[int, Any] = {}
        self._contents: dict[int, _Content] = {}
        self._parameters: dict[int, Tensor] = {}
        for module in modules:
            own = module.__dict__
            if "training" not in own:
                self._flags.append((module, module.training))
            if not isinstance(module, torch.jit.ScriptModule):
                self._attributes.append((own, own.copy()))
                for held in own.values():
                    if type(held) in _CONTAINERS and held:
                        self._filled[id(held)] = held.copy()
            for buffer in module._buffers.values():
                if buffer is not None and _has_content(buffer):
                    self._contents[id(buffer)] = _Content(buffer)

    def tensors(self) -> Iterator[Tensor]:
        """Yield the tensors that the network held, however it held them."""
        for _, attributes in self._attributes:
            for held in attributes.values():
                content = self._filled.get(id(held), held)
                yield from tensors_in(
                    list(content) if isinstance(content, set) else content
                )

    def about_to_write(self, tensor: Tensor) -> bool:
        """Keep what a parameter holds; tells whether the tensor belongs to one."""
        if not self._parameters:
            for _, attributes in self._attributes:
                own = self._filled.get(id(attributes["_parameters"]), {})
                for parameter in own.values():
                    if parameter is not None and _has_content(parameter):
                        self._parameters[address(parameter)] = parameter
        parameter = self._parameters.get(address(tensor))
        if parameter is None:
            return False
        if id(parameter) not in self._contents:
            self._contents[id(parameter)] = _Content(parameter)
        return True

    def restore(self) -> None:
        """Put everything back."""
        for own, attributes in self._attributes:
            if "training" in attributes:
                own["training"] = attributes["training"]
            if not _same_objects(own, attributes):
                own.clear()
                own.update(attributes)
            for held in attributes.values():
                if type(held) in _CONTAINERS and (held or id(held) in self._filled):
                    _refill(held, self._filled.get(id(held)))
        with torch.no_grad():
            for each in self._contents.values():
                each.restore()
        for module, training in self._flags:
            module.training = training


def _same_objects(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return list(a) == list(b) and all(map(operator.is_, a.values(), b.values()))


def _refill(held: Any, content: Any) -> None:
    """Give a container the content it had; None stands for none."""
    if isinstance(held, dict) and content and _same_objects(held, content):
        return
    held.clear()
    if content and isinstance(content, (list, deque)):
        held.extend(content)
    elif content:
        held.update(content)


@contextmanager
def untouched(modules: Sequence[nn.Module]) -> Iterator[Untouched]:
    """Run a block in evaluation mode and put the network back as it was.

    Covers training flags, attributes and the lists and dicts among them, hooks,
    buffers, parameters announced with ``about_to_write``, and the random states of
    Python, numpy and torch.
    """
    before = Untouched(modules)
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = range(torch.cuda.device_count())
    try:
        with torch.random.fork_rng(devices=devices):
            for module in modules:
                if "training" in module.__dict__:
                    module.__dict__["training"] = False
                else:  # scripted and compiled modules keep it elsewhere
                    module.training = False
            yield before
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        before.restore()
