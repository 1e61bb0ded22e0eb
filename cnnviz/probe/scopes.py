"""Where in the network we are: module paths, run counts, parameters.

Every module's ``forward`` is wrapped on the instance for one run. Unlike hooks this
also sees ``module.forward(x)``, works on scripted modules, and sits inside the
person's own hooks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Entered = Callable[
    [nn.Module, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any
]

_STATE = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")


def children_of(module: nn.Module) -> list[nn.Module]:
    """Return a module's children, those that only compute a weight left out."""
    return [m for name, m in module.named_children() if name != "parametrizations"]


def is_leaf(module: nn.Module) -> bool:
    """Tell whether a module is shown as one layer.

    True for ``torch.nn`` modules without children, for attention (whose projection
    is used through its bare weights), and for scripted modules, which cannot be
    looked into.
    """
    if isinstance(module, torch.jit.ScriptModule):
        return True
    forward = getattr(type(module).forward, "__module__", "") or ""
    if not forward.startswith("torch.nn."):
        return False
    return isinstance(module, nn.MultiheadAttention) or not children_of(module)


class Scopes:
    """Paths of modules and names of layers during one run.

    Parameters
    ----------
    model
        The network; it is not changed.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self._paths: dict[int, str] = {}
        self._owners: dict[int, str] = {}
        self.modules = list(model.modules())
        for path, module in model.named_modules():
            self._paths.setdefault(id(module), path)
        for module in self.modules:
            for parameter in module._parameters.values():
                if parameter is not None:
                    path = self._paths[id(module)]
                    self._owners.setdefault(
                        id(parameter), path.partition(".parametrizations")[0]
                    )
        self._stack: list[tuple[nn.Module, str, Counter[int]]] = []
        self._names: Counter[str] = Counter()
        self._entered: set[int] = set()
        self._counted: set[int] = set()
        self._users: dict[int, str] = {}

    @property
    def path(self) -> str:
        """Path of the innermost running module; the root is ``""``."""
        return self._stack[-1][1] if self._stack else ""

    @property
    def module(self) -> nn.Module:
        """The innermost running module."""
        return self._stack[-1][0] if self._stack else self.model

    @contextmanager
    def inside(self, module: nn.Module) -> Iterator[str]:
        """Run a module; gives its path.

        An object that stands at several places of a ``Sequential`` is named by the
        place that is running.
        """
        path = self._paths.get(id(module), "")
        if self._stack and isinstance(self._stack[-1][0], nn.Sequential):
            parent, parent_path, seen = self._stack[-1]
            places = [name for name, m in parent._modules.items() if m is module]
            if len(places) > 1:
                name = places[seen[id(module)] % len(places)]
                path = f"{parent_path}.{name}" if parent_path else name
            seen[id(module)] += 1
        self._entered.add(id(module))
        self._stack.append((module, path, Counter()))
        try:
            yield path
        finally:
            self._stack.pop()

    def within(self, function: str) -> str:
        """Return the base name of a function's layer in the running module."""
        return f"{self.path}.{function}" if self.path else function

    def owner(self, tensors: list[Tensor]) -> str | None:
        """Return the path of the module whose parameter is among the tensors."""
        found = (self._owners.get(id(t)) for t in tensors)
        return next((path for path in found if path), None)

    def unique(self, base: str) -> str:
        """Return the base name, with ``_1``, ``_2`` … from its second use on."""
        base = base or type(self.model).__name__.lower()
        used = self._names[base]
        self._names[base] += 1
        return f"{base}_{used}" if used else base

    def count(self, parameters: list[Tensor], layer: str) -> tuple[int, str | None]:
        """Count parameters not used before; name the layer that used one before."""
        fresh, earlier = 0, None
        for parameter in parameters:
            key = id(parameter)
            if key in self._counted:
                earlier = earlier or self._users[key]
            else:
                self._counted.add(key)
                self._users[key] = layer
                fresh += parameter.numel()
        return fresh, earlier

    def is_parameter(self, tensor: Tensor) -> bool:
        """Tell whether the tensor is a parameter of the network itself."""
        return id(tensor) in self._owners

    @property
    def parameters_used(self) -> int:
        """Learned values of the layers that ran, each counted once."""
        every = self.model.parameters()
        return sum(p.numel() for p in every if id(p) in self._counted)

    def not_run(self) -> tuple[str, ...]:
        """Return the paths of modules without children that did not run."""
        idle: list[str] = []
        covered: set[int] = set()
        for module in self.modules:
            if id(module) in self._entered and is_leaf(module):
                covered.update(id(m) for m in module.modules())
        for module in self.modules:
            path = self._paths[id(module)]
            if not path or children_of(module) or "parametrizations" in path:
                continue
            used = any(id(p) in self._counted for p in module.parameters())
            if not used and id(module) not in self._entered | covered:
                idle.append(path)
        return tuple(idle)


@contextmanager
def wrapped(modules: list[nn.Module], entered: Entered) -> Iterator[None]:
    """Lead every ``forward`` through ``entered`` while the block runs."""
    missing = object()
    saved = []
    try:
        for module in modules:
            forward = module.forward
            saved.append((module, module.__dict__.get("forward", missing)))

            def led(
                *args: Any,
                __module: nn.Module = module,
                __forward: Callable[..., Any] = forward,
                **kwargs: Any,
            ) -> Any:
                return entered(__module, __forward, args, kwargs)

            module.__dict__["forward"] = led
        yield
    finally:
        for module, old in saved:
            if old is missing:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = old


@contextmanager
def untouched(modules: list[nn.Module]) -> Iterator[None]:
    """Put back training flags, attributes, buffers and random states afterwards."""
    plain = [m for m in modules if not isinstance(m, torch.jit.ScriptModule)]
    kept = []
    for module in plain:
        state = {key: module.__dict__[key].copy() for key in _STATE}
        content = [
            (buffer, buffer._version, buffer.detach().clone())
            for buffer in module._buffers.values()
            if buffer is not None
        ]
        kept.append((module, module.__dict__.copy(), state, content))
    flags = [(module, module.training) for module in modules]
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            for module in modules:
                module.training = False
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        for module, attributes, state, content in kept:
            module.__dict__.clear()
            module.__dict__.update(attributes)
            for key, value in state.items():
                held = module.__dict__[key]
                held.clear()
                held.update(value)
            with torch.no_grad():
                for buffer, version, before in content:
                    if buffer._version != version or not _equal(buffer, before):
                        buffer.copy_(before)
        for module, flag in flags:
            module.training = flag


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(((a == b) | (a.isnan() & b.isnan())).all())
