"""Where in the network we are: module paths, run counts, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from cnnviz.probe.direct import Way, way_of


def children_of(module: nn.Module) -> list[nn.Module]:
    """Return a module's children, those that only compute a weight left out."""
    children = module._modules.items()
    return [m for name, m in children if m is not None and name != "parametrizations"]


@lru_cache(maxsize=1024)
def _is_leaf_class(kind: Any) -> bool | None:
    """Tell whether modules of a class are shown as one layer; None if by children.

    Shown as one are ``torch.nn`` modules without children, attention (whose projection
    is used through its bare weights), and scripted modules, which cannot be looked
    into. An empty ``Sequential`` does nothing and is no layer.
    """
    if issubclass(kind, torch.jit.ScriptModule):
        return True
    forward = getattr(kind.forward, "__module__", "") or ""
    if not forward.startswith("torch.nn.") or issubclass(kind, nn.Sequential):
        return False
    return True if issubclass(kind, nn.MultiheadAttention) else None


_Frame = tuple[nn.Module, str, dict[int, int]]
"""A running module, its path, and how often each of its children that stand at
several places has run."""


class Structure:
    """The modules of a network, where they stand, and what they own.

    Attributes
    ----------
    model
        The network.
    modules
        All of them, each once, parents first.
    paths
        Their dotted paths, by ``id``; of an object at several places the first.
    leaves
        The ``id`` of those shown as one layer.
    ways
        How those of them that are one function call it, by ``id``.
    parameters, owners
        Every parameter, and the path of the module that has it, by ``id``.
    repeated
        Names of the places of an object that stands at several of a ``Sequential``,
        by the ``id`` of both.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.modules: list[nn.Module] = []
        self.paths: dict[int, str] = {}
        self.leaves: set[int] = set()
        self.ways: dict[int, Way] = {}
        self.parameters: dict[int, Tensor] = {}
        self.owners: dict[int, str] = {}
        self.repeated: dict[tuple[int, int], list[str]] = {}
        waiting = [(model, "")]
        while waiting:
            module, path = waiting.pop()
            key = id(module)
            if key in self.paths:
                continue
            self.paths[key] = path
            self.modules.append(module)
            if module._parameters:
                self._own(module, path)
            children = module._modules
            kind: Any = type(module)
            leaf = _is_leaf_class(kind)
            if leaf or (leaf is None and not (children and children_of(module))):
                self.leaves.add(key)
                way = way_of(module)
                if way is not None:
                    self.ways[key] = way
            if not children:
                continue
            for name, child in reversed([*children.items()]):
                if child is not None:
                    waiting.append((child, _joined(path, name)))
            if isinstance(module, nn.Sequential):
                self._note_repeated(module)

    def _own(self, module: nn.Module, path: str) -> None:
        """Note a module's own parameters."""
        owner = path.partition(".parametrizations")[0]
        for parameter in module._parameters.values():
            if parameter is not None:
                self.parameters[id(parameter)] = parameter
                self.owners.setdefault(id(parameter), owner)

    def _note_repeated(self, parent: nn.Sequential) -> None:
        """Remember the places of an object that stands at several."""
        children = parent._modules
        if len({*map(id, children.values())}) == len(children):
            return
        places: dict[int, list[str]] = {}
        for name, child in children.items():
            places.setdefault(id(child), []).append(name)
        for child_id, names in places.items():
            if len(names) > 1:
                self.repeated[id(parent), child_id] = names


def _joined(path: str, name: str) -> str:
    """Return the path of a child; a compiled module's wrapper has no name."""
    if name == "_orig_mod":
        return path
    return f"{path}.{name}" if path else name


class Scopes:
    """Paths of modules and names of layers during one run.

    Parameters
    ----------
    structure
        The network.
    inputs
        Number of its input tensors; their names are taken.
    """

    def __init__(self, structure: Structure, inputs: int) -> None:
        self.structure = structure
        self._paths = structure.paths
        self._owners = structure.owners
        self._parameters = structure.parameters
        self._places = structure.repeated
        self._stack: list[_Frame] = [(structure.model, "", {})]
        self._names = {input_name(k): 1 for k in range(inputs)}
        self._entered: set[int] = set()
        self._counted: dict[int, str] = {}
        self._touched: set[int] = set()

    @property
    def frame(self) -> _Frame:
        """The innermost running module, its path, and runs of its children."""
        return self._stack[-1]

    @property
    def path(self) -> str:
        """Path of the innermost running module; the root is ``""``."""
        return self._stack[-1][1]

    @property
    def module(self) -> nn.Module:
        """The innermost running module."""
        return self._stack[-1][0]

    def push(self, module: nn.Module) -> str:
        """Enter a module; gives its path."""
        path = self.visit(module)
        self._stack.append((module, path, {}))
        return path

    def visit(self, module: nn.Module) -> str:
        """Return the path of a module that is about to run.

        An object that stands at several places of a ``Sequential`` is named by the
        place that is running.
        """
        path = self._paths.get(id(module), "")
        if self._places:
            parent, outer, calls = self._stack[-1]
            places = self._places.get((id(parent), id(module)))
            if places:
                ran = calls.get(id(module), 0)
                calls[id(module)] = ran + 1
                name = places[ran % len(places)]
                path = f"{outer}.{name}" if outer else name
        self._entered.add(id(module))
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
        base = base or type(self.structure.model).__name__.lower()
        name = base
        while name in self._names:
            name = f"{base}_{self._names[base]}"
            self._names[base] += 1
        self._names[name] = 1
        return name

    def count(self, parameters: Sequence[Tensor], layer: str) -> tuple[int, str | None]:
        """Count parameters not used before; name the layer that used one before."""
        fresh, earlier = 0, None
        for parameter in dict.fromkeys(parameters) if parameters else ():
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
    def parameters(self) -> int:
        """Learned values of the whole network, each counted once."""
        return sum(p.numel() for p in self._parameters.values())

    @property
    def parameters_used(self) -> int:
        """Learned values of the layers that ran, each counted once."""
        return sum(p.numel() for p in self._parameters.values() if self._used(p))

    def not_run(self) -> tuple[str, ...]:
        """Return the paths of modules without children that did not run."""
        modules, leaves = self.structure.modules, self.structure.leaves
        covered = set(self._entered)
        for module in modules:
            if module._modules and id(module) in leaves and id(module) in covered:
                covered.update(map(id, module.modules()))
        return tuple(
            path
            for module in modules
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
