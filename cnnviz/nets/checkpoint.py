"""Weights files, read as data and never as code."""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.core.progress import Check, no_check
from cnnviz.core.tensors import TensorFacts
from cnnviz.nets.containers import check_archive, check_kind
from cnnviz.nets.prefixes import wrapping

if TYPE_CHECKING:
    from torch import Tensor, nn

_DAMAGE = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading a damaged file may raise."""


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

    Only data is read: ``torch.load`` with ``weights_only=True``.

    Raises
    ------
    ModelError
        It is no such file, is damaged, or wants to run code.
    Cancelled
        Raised by ``check``.
    """
    import torch

    check(0, 1, f"reading {path.name}")
    tree = _tree(path)
    notes: list[str] = []
    while isinstance(tree, Mapping):
        for key in ("state_dict", "model_state_dict", "model", "net"):
            if isinstance(tree.get(key), Mapping):
                notes += [
                    f"{k} {v}"
                    for k, v in tree.items()
                    if isinstance(v, int | float) and not isinstance(v, bool)
                ]
                tree = tree[key]
                break
        else:
            break
    if not (
        isinstance(tree, Mapping)
        and tree
        and all(isinstance(value, torch.Tensor) for value in tree.values())
    ):
        raise ModelError(
            f"{path} holds no plain list of named weights (a state_dict), which was "
            f"wanted, but {type(tree).__name__}"
        )
    return Checkpoint(path, dict(tree), wrapping(tree), tuple(notes))


def _tree(path: Path) -> Any:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    beginning = check_kind(path)
    if beginning[8:9] == b"{":
        try:
            # copies: the file's own pages would go with it when it is written anew
            return {name: value.clone() for name, value in load_file(path).items()}
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} is damaged: {error}") from error
    if beginning.startswith(b"PK"):
        check_archive(path)
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        said = str(error)
        why = next((x for x in said.splitlines() if "GLOBAL" in x), "no such data")
        raise ModelError(
            f"{path} holds more than weights, or is damaged, and was not opened: {why}"
        ) from error
    except _DAMAGE as error:
        raise ModelError(f"{path} is damaged: {str(error)[:120]}") from error


def tensors_of(
    checkpoint: Checkpoint, check: Check = no_check
) -> tuple[TensorFacts, ...]:
    """Return every tensor of a file with its statistics, in the file's order."""
    from cnnviz.nets.statistics import facts

    found = []
    for i, (name, value) in enumerate(checkpoint.state.items()):
        check(i, len(checkpoint.state), name)
        found.append(facts(name.removeprefix(checkpoint.prefix), value))
    return tuple(found)
