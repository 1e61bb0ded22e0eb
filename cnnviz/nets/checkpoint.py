"""Weights files, read as data and never as code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.core.progress import Check, no_check
from cnnviz.core.tensors import TensorFacts
from cnnviz.nets.beside import class_names, facts
from cnnviz.nets.containers import DAMAGE
from cnnviz.nets.contents import Found, find_network
from cnnviz.nets.pickles import Inert
from cnnviz.nets.prefixes import wrapping
from cnnviz.nets.soundness import not_finite, sound
from cnnviz.nets.unpack import unpack

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What a weights file holds.

    Attributes
    ----------
    path
        The file.
    state
        The network's tensors, on the CPU, under their names in the file and in its
        order; ``nets.prefixes.readings`` gives them shorter names.
    prefix
        Wrapping words before all names (``"module.model."``), which a list of the
        tensors may leave out.
    notes
        What else the file says, in words: ``"epoch 7"``.
    labels
        Names of the classes when the file has them.
    module
        The network itself where the file holds all of it, in eval mode, float32,
        without gradients; ``state`` are its tensors as they were saved.
    """

    path: Path
    state: Mapping[str, Tensor]
    prefix: str = ""
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None
    module: nn.Module | None = None


def read_checkpoint(path: Path, check: Check = no_check) -> Checkpoint:
    """Read a file written by ``torch.save`` or safetensors.

    Only data is read: ``torch.load`` with ``weights_only=True``, and only when all
    that the file names is on a list, see ``nets.pickles``.

    Parameters
    ----------
    check
        Called before each block of numbers is read; may raise ``Cancelled``.

    Raises
    ------
    ModelError
        It is no such file, is damaged, wants to run code, or takes more memory than
        there is; the message says what to do instead.
    Cancelled
        Raised by ``check``.
    """
    check(0, 1, f"reading {path.name}")
    tree = unpack(path, check)
    found = find_network(tree)
    if found is None:
        raise ModelError(
            f"{path} holds no list of named weights (a state_dict), which was wanted, "
            f"but {_what(tree)}"
        )
    module = None
    if isinstance(found.network, Inert):
        module, state = _module(found.network, path)
    else:
        state = sound(_tensors(found.network), path)
    beside = [*found.beside, *_without_tensors(found)]
    notes = (*facts(beside), *_not_used(found), *not_finite(state))
    return Checkpoint(path, state, wrapping(state), notes, class_names(beside), module)


def tensors_of(
    checkpoint: Checkpoint, check: Check = no_check
) -> tuple[TensorFacts, ...]:
    """Return every tensor of a file with its statistics, in the file's order.

    Parameters
    ----------
    check
        Called before each tensor; may raise ``Cancelled``.
    """
    from cnnviz.nets.statistics import facts as tensor_facts

    found = []
    for i, (name, value) in enumerate(checkpoint.state.items()):
        check(i, len(checkpoint.state), name)
        found.append(tensor_facts(name.removeprefix(checkpoint.prefix), value))
    return tuple(found)


def _module(inert: Inert, path: Path) -> tuple[nn.Module, dict[str, Tensor]]:
    """Build the network a file holds, and return its numbers as they were saved."""
    from cnnviz.nets.whole import rebuilt

    try:
        module = rebuilt(inert).eval().requires_grad_(False)
        state = module.state_dict()
    except DAMAGE as error:
        raise ModelError(f"{path}: the network in it is damaged: {error}") from error
    # those that are not saved in a state dict as well
    sound(dict(module.named_buffers()), path)
    state = sound(state, path)
    return module.float(), state


def _tensors(network: Mapping[Any, Any]) -> dict[str, Tensor]:
    from torch import Tensor

    return {
        key: value
        for key, value in network.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }


def _without_tensors(found: Found) -> list[Mapping[Any, Any]]:
    """Return what stands among the tensors and is none."""
    if isinstance(found.network, Inert):
        return []
    kept = _tensors(found.network)
    return [{key: x for key, x in found.network.items() if key not in kept}]


def _not_used(found: Found) -> list[str]:
    """Say which weights were taken when there is a choice, and what was left."""
    notes = ["averaged weights (ema)"] if found.averaged else []
    notes += [f"“{key}” is in the file too and was not used" for key in found.left]
    return notes


def _what(tree: Any) -> str:
    """Say what a file holds instead of weights."""
    if isinstance(tree, Mapping):
        keys = ", ".join(
            key[:40] if isinstance(key, str) else type(key).__name__
            for key in list(tree)[:4]
        )
        more = ", …" if len(tree) > 4 else ""
        return f"a table of {keys}{more}" if tree else "an empty table"
    if isinstance(tree, Inert):
        return f"an object of class {tree.path}"
    return f"one {type(tree).__name__}"
