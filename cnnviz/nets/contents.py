"""Where in an unpacked checkpoint the network is, and what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnviz.nets.pickles import Inert, module_class

_WRAPPERS = (
    *("state_dict", "model_state_dict", "model_state", "model", "net_state_dict"),
    *("net", "network", "weights", "params", "module"),
)
"""Keys a network is found under, the first before the others."""
_AVERAGED = (
    *("ema", "ema_state_dict", "state_dict_ema", "model_ema", "ema_model"),
    *("params_ema", "averaged_model", "swa_state_dict"),
)
"""Keys of averaged weights, taken only when there are no others."""
_NO_NETWORK = re.compile(r"optim|sched|scaler|callback|loops|rng|hyper|hparams|args")
_DEEPEST = 4


@dataclass(slots=True)
class Found:
    """A network in a checkpoint.

    Attributes
    ----------
    network
        A mapping with tensors in it, or what stands for a pickled module.
    trail
        Keys that led to it.
    beside
        The mappings that were opened on the way, the outermost first.
    left
        Other networks in the file that were not taken, each by its key.
    """

    network: Mapping[Any, Any] | Inert
    trail: tuple[str, ...] = ()
    beside: tuple[Mapping[Any, Any], ...] = ()
    left: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many values it holds; of a module more than any state dict can."""
        if isinstance(self.network, Inert):
            return 1 << 62
        return sum(value.numel() for value in _tensors(self.network))

    @property
    def averaged(self) -> bool:
        """Whether it is a running average over training."""
        return any(key in _AVERAGED for key in self.trail)


def find_network(tree: Any) -> Found | None:
    """Find the network in what a file holds.

    A module is one, and so is a mapping with tensors in it. In any other mapping it is
    looked for under the usual keys in their order (``state_dict``, ``model``, …), then
    under any key that is not the optimizer's or the like, the largest first, and last
    under keys of averaged weights (``ema``). Rows of things count as mappings.

    Parameters
    ----------
    tree
        Mappings, lists, tensors, numbers and ``Inert``.
    """
    return _find(tree, 0, set())


def _find(tree: Any, depth: int, seen: set[int]) -> Found | None:
    if isinstance(tree, Inert):
        return Found(tree) if module_class(tree.path) else None
    if id(tree) in seen or depth > _DEEPEST:
        return None
    seen.add(id(tree))
    if isinstance(tree, list | tuple):
        tree = {f"item {i}": value for i, value in enumerate(tree, 1)}
    if not isinstance(tree, Mapping):
        return None
    inner = sorted(_inside(tree, depth, seen), key=_rank)
    itself = Found(tree)
    if itself.size and (not inner or _rank(itself) < _rank(inner[0])):
        return itself
    if not inner:
        return None
    best = inner[0]
    best.left += [found.trail[0] for found in inner[1:]]
    best.beside = (tree, *best.beside)
    return best


def _rank(found: Found) -> tuple[int, int]:
    """Return what orders networks, the best first."""
    key = found.trail[0] if found.trail else ""
    if key in _WRAPPERS:
        return 0, _WRAPPERS.index(key)
    if key in _AVERAGED:
        return 2, _AVERAGED.index(key)
    return 1, -found.size


def _inside(tree: Mapping[Any, Any], depth: int, seen: set[int]) -> Iterator[Found]:
    for key, value in tree.items():
        if isinstance(key, str) and not _NO_NETWORK.search(key.lower()):
            found = _find(value, depth + 1, seen)
            if found is not None:
                found.trail = (key, *found.trail)
                yield found


def _tensors(tree: Mapping[Any, Any]) -> Iterator[Any]:
    """Return the tensors in a mapping that names of a network stand for."""
    from torch import Tensor

    for key, value in tree.items():
        if isinstance(key, str) and isinstance(value, Tensor):
            yield value
