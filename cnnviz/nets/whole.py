"""Whole networks that were pickled, built anew from what the file says of them.

The pickle never makes a module: ``nets.pickles.Inert`` stands for each. What it was
to be filled with is looked through here, and a module of the same class of
``torch.nn`` gets it only when it is plain: numbers, texts, tensors, other modules. So
nothing that can be called comes from the file, but the two activations that
transformer layers keep.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.nets.pickles import ACTIVATIONS, Inert, module_class

if TYPE_CHECKING:
    from torch import Tensor, nn

_MOST_MODULES = 100_000
_TABLES = ("_parameters", "_buffers", "_modules")


def rebuilt(root: Inert) -> nn.Module:
    """Build a network from what stands for it.

    Raises
    ------
    ModelError
        It has hooks, methods of its own or anything else that is not plain.
    """
    return _Builder().module(root, "")


class _Builder:
    """Builds each module, and each tensor, once."""

    def __init__(self) -> None:
        self._modules: dict[int, nn.Module] = {}
        self._tensors: dict[int, Tensor] = {}
        self._paths: dict[int, int] = {}
        self._open: set[int] = set()

    def module(self, inert: Any, where: str) -> nn.Module:
        """Build a module and what is in it."""
        from torch import nn

        kind = module_class(inert.path) if isinstance(inert, Inert) else None
        state = inert.state if isinstance(inert, Inert) else None
        if kind is None or inert.args or not isinstance(state, Mapping):
            raise _odd(where, "no module of torch.nn")
        if id(inert) in self._open:
            raise _odd(where, "inside itself")
        if id(inert) not in self._modules:
            self._open.add(id(inert))
            if kind is nn.DataParallel:
                built = self._unwrapped(state, where)
            else:
                built = self._made(kind, state, where)
            self._open.remove(id(inert))
            self._modules[id(inert)] = built
        return self._modules[id(inert)]

    def _unwrapped(self, state: Mapping[Any, Any], where: str) -> nn.Module:
        """Return what a DataParallel holds: it has no layer of its own."""
        return self.module(self._table(state, "_modules", where).get("module"), where)

    def _made(
        self, kind: type[nn.Module], state: Mapping[Any, Any], where: str
    ) -> nn.Module:
        from torch import nn

        filled: dict[str, Any] = {}
        for name, value in state.items():
            at = f"{where}.{name}".lstrip(".")
            if not isinstance(name, str) or name.startswith("__"):
                raise _odd(at, "no name of an attribute")
            if name in _TABLES:
                continue
            if "_hooks" in name:
                if value:
                    raise _odd(at, "code that runs with the layer (hooks)")
                filled[name] = OrderedDict()
            elif callable(getattr(kind, name, None)) or _is_property(kind, name):
                raise _odd(at, "in the place of a method")
            elif name == "activation" and _is_activation(value):
                filled[name] = _activation(value)
            else:
                filled[name] = self._plain(value, at, 0)
        for name in _TABLES:
            table = self._table(state, name, where)
            filled[name] = {
                key: self._entry(name, value, f"{where}.{key}".lstrip("."))
                for key, value in table.items()
            }
        # without a limit, modules that hold one another twice make endless lists
        children = [x for x in filled["_modules"].values() if x is not None]
        paths = 1 + sum(self._paths[id(child)] for child in children)
        if paths > _MOST_MODULES:
            raise _odd(where, f"more than {_MOST_MODULES:,} modules")
        module = kind.__new__(kind)
        nn.Module.__init__(module)
        module.__setstate__(filled)  # type: ignore[no-untyped-call]
        self._paths[id(module)] = paths
        return module

    def _table(
        self, state: Mapping[Any, Any], name: str, where: str
    ) -> Mapping[str, Any]:
        table = state.get(name, {})
        if not isinstance(table, Mapping) or not all(
            isinstance(key, str) and key and "." not in key for key in table
        ):
            raise _odd(where, f"no table of {name.lstrip('_')}")
        return table

    def _entry(self, table: str, value: Any, where: str) -> Any:
        if value is None:
            return None
        if table == "_modules":
            return self.module(value, where)
        return self._tensor(value, where, table == "_parameters")

    def _tensor(self, value: Any, where: str, learned: bool = False) -> Tensor:
        """Return a tensor without anything that hung on it."""
        from torch import Tensor, nn

        if type(value) not in (Tensor, nn.Parameter):
            raise _odd(where, "no tensor")
        if id(value) not in self._tensors:
            bare = value.detach()
            learned = learned or isinstance(value, nn.Parameter)
            self._tensors[id(value)] = nn.Parameter(bare, False) if learned else bare
        return self._tensors[id(value)]

    def _plain(self, value: Any, where: str, depth: int) -> Any:
        """Return data as it is; nothing in it can be called."""
        import torch

        plain = (bool, int, float, complex, str, bytes, torch.dtype, torch.device)
        if value is None or type(value) in plain:
            return value
        if isinstance(value, torch.Tensor):
            return self._tensor(value, where)
        if depth > 4:
            raise _odd(where, "too deep")
        if type(value) in (list, tuple, set, torch.Size):
            return type(value)(self._plain(item, where, depth + 1) for item in value)
        if type(value) in (dict, OrderedDict):
            pairs = value.items()
            return {
                self._plain(key, where, depth + 1): self._plain(item, where, depth + 1)
                for key, item in pairs
            }
        path = value.path if isinstance(value, Inert) else ""
        path = path or getattr(value, "path", "") or type(value).__name__
        raise _odd(where, f"{path}, which is no plain data")


def _is_activation(value: Any) -> bool:
    """Tell whether a name, not an object, stands for one of the known functions."""
    return (
        isinstance(value, type)
        and issubclass(value, Inert)
        and (value.path in ACTIVATIONS)
    )


def _activation(stand: type[Inert]) -> Any:
    import torch.nn.functional as F

    return F.relu if stand.path.endswith("relu") else F.gelu


def _is_property(kind: type[nn.Module], name: str) -> bool:
    return isinstance(getattr(kind, name, None), property)


def _odd(where: str, what: str) -> ModelError:
    return ModelError(
        f"the network in the file was not opened: {where or 'its outermost module'} "
        f"is {what}; call torch.save(model.state_dict(), …) instead and open it with "
        "the Python file that defines the network"
    )
