"""Where in the network we are: module paths, run counts, parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def children_of(module: nn.Module) -> list[nn.Module]:
    """Return a module's children, those that only compute a weight left out."""
    children = module._modules.items()
    return [m for name, m in children if m is not None and name != "parametrizations"]


def is_leaf(module: nn.Module) -> bool:
    """Tell whether a module is shown as one layer.

    True for ``torch.nn`` modules without children, for attention (whose projection
    is used through its bare weights), and for scripted modules, which cannot be
    looked into. An empty ``Sequential`` does nothing and is no layer.
    """
    if isinstance(module, torch.jit.ScriptModule):
        return True
    forward = getattr(type(module).forward, "__module__", "") or ""
    if not forward.startswith("torch.nn.") or isinstance(module, nn.Sequential):
        return False
    return isinstance(module, nn.MultiheadAttention) or not children_of(module)


_Frame = tuple[nn.Module, str, dict[int, int]]
"""A running module, its path, and how often each of its children that stand at
several places has run."""


class Scopes:
    """Paths of modules and names of layers during one run.

    Parameters
    ----------
    model
        The network; it is not changed.
    inputs
        Number of its input tensors; their names are taken.
    """

    def __init__(self, model: nn.Module, inputs: int) -> None:
        self._paths: dict[int, str] = {}
        self._owners: dict[int, str] = {}
        self._parameters: dict[int, Tensor] = {}
        self._places: dict[tuple[int, int], list[str]] = {}
        self.modules: list[nn.Module] = []
        self.leaves: set[int] = set()
        for dotted, module in model.named_modules():
            path = dotted.replace("._orig_mod", "")  # torch.compile's wrapper
            self.modules.append(module)
            self._paths[id(module)] = path
            if is_leaf(module):
                self.leaves.add(id(module))
            owner = path.partition(".parametrizations")[0]
            for parameter in module._parameters.values():
                if parameter is not None:
                    self._owners.setdefault(id(parameter), owner)
                    self._parameters[id(parameter)] = parameter
            if isinstance(module, nn.Sequential):
                self._note_repeated(module)
        self._model = model
        self._stack: list[_Frame] = [(model, "", {})]
        self._names = Counter(input_name(k) for k in range(inputs))
        self._entered: set[int] = set()
        self._counted: dict[int, str] = {}
        self._touched: set[int] = set()

    def _note_repeated(self, parent: nn.Sequential) -> None:
        """Remember the places of an object that stands at several."""
        places: dict[int, list[str]] = {}
        for name, child in parent._modules.items():
            places.setdefault(id(child), []).append(name)
        for child_id, names in places.items():
            if len(names) > 1:
                self._places[id(parent), child_id] = names

    @property
    def path(self) -> str:
        """Path of the innermost running module; the root is ``""``."""
        return self._stack[-1][1]

    @property
    def module(self) -> nn.Module:
        """The innermost running module."""
        return self._stack[-1][0]

    def push(self, module: nn.Module) -> str:
        """Enter a module; gives its path.

        An object that stands at several places of a ``Sequential`` is named by the
        place that is running.
        """
        path = self._paths.get(id(module), "")
        parent, outer, calls = self._stack[-1]
        places = self._places and self._places.get((id(parent), id(module)))
        if places:
            ran = calls.get(id(module), 0)
            calls[id(module)] = ran + 1
            name = places[ran % len(places)]
            path = f"{outer}.{name}" if outer else name
        self._entered.add(id(module))
        self._stack.append((module, path, {}))
        return path

    def pop(self) -> _Frame:
        """Leave the innermost module."""
        return self._stack.pop()

    def enter(self, frame: _Frame) -> None:
        """Enter a module that was left just now."""
        self._stack.append(frame)

    def owner(self, tensors: Iterable[Tensor]) -> str | None:
        """Return the path of the module whose parameter is among the tensors."""
        found = (self._owners.get(id(t)) for t in tensors)
        return next((path for path in found if path), None)

    def unique(self, base: str) -> str:
        """Return the base name, with ``_1``, ``_2`` … from its second use on."""
        base = base or type(self._model).__name__.lower()
        name = base
        while name in self._names:
            name = f"{base}_{self._names[base]}"
            self._names[base] += 1
        self._names[name] += 1
        return name

    def count(self, parameters: Iterable[Tensor], layer: str) -> tuple[int, str | None]:
        """Count parameters not used before; name the layer that used one before."""
        fresh, earlier = 0, None
        for parameter in dict.fromkeys(parameters):
            user = self._counted.setdefault(id(parameter), layer)
            if user == layer:
                fresh += parameter.numel()
            else:
                earlier = earlier or user
        return fresh, earlier

    def touch(self, tensors: Iterable[Tensor]) -> None:
        """Note parameters that something was computed from, outside of any layer."""
        self._touched.update(id(t) for t in tensors if id(t) in self._owners)

    def _used(self, parameter: Tensor) -> bool:
        return id(parameter) in self._counted or id(parameter) in self._touched

    @property
    def parameter_ids(self) -> frozenset[int]:
        """The ``id`` of every parameter."""
        return frozenset(self._parameters)

    @property
    def parameters(self) -> int:
        """Learned values of the whole network, each counted once."""
        return sum(p.numel() for p in self._parameters.values())

    @property
    def parameters_used(self) -> int:
        """Learned values of the layers that ran, each counted once."""
        return sum(p.numel() for p in self._parameters.values() if self._used(p))

    def not_run(self) -> tuple[str, ...]:
        """Return the paths of modules without children that did not run."""
        covered = set(self._entered)
        for module in self.modules:
            if module._modules and id(module) in self._entered & self.leaves:
                covered.update(id(m) for m in module.modules())
        return tuple(
            path
            for module in self.modules
            if id(module) not in covered
            and (path := self._paths[id(module)])
            and "parametrizations" not in path
            and not children_of(module)
            and not any(map(self._used, module.parameters()))
        )


def within(path: str, function: str) -> str:
    """Return the base name of a function's layer in the module at ``path``."""
    return f"{path}.{function}" if path else function


def input_name(index: int) -> str:
    """Return what the k-th input tensor is called."""
    return f"input_{index}" if index else "input"
