"""From a weights file to what it holds, as data."""

from __future__ import annotations

import json
import pickle
import struct
import warnings
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.core.progress import Check
from cnnviz.nets.containers import Container, container
from cnnviz.nets.memory import check_room
from cnnviz.nets.pickles import blocked, names_in, standing_in, why_blocked

if TYPE_CHECKING:
    from torch.types import Storage

DAMAGE = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading a damaged file may raise."""

_MOST_NAMES = 12
_LEGACY_PICKLES = 5
"""Mark, version, machine, content and list of blocks, before the numbers."""


def unpack(path: Path, check: Check) -> Any:
    """Return what a file holds: mappings, lists, tensors, numbers and ``Inert``.

    The tensors of safetensors come under the key ``state_dict``, beside the texts
    of its header.

    Parameters
    ----------
    check
        Called before each block of numbers is read; may raise ``Cancelled``.

    Raises
    ------
    ModelError
        It is no weights file, is damaged, wants to run code, or takes more memory
        than there is.
    Cancelled
        Raised by ``check``.
    """
    packed = container(path)
    check_room(path, packed.size)
    if packed.kind == "safetensors":
        return _safetensors(path, check)
    return _pickled(path, packed, check)


def _safetensors(path: Path, check: Check) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            names = _in_order(path, file.keys())
            tensors = {}
            for i, name in enumerate(names):
                check(i, len(names), f"reading {path.name}")
                # a copy: the file's own pages would go with it when it is written anew
                tensors[name] = file.get_tensor(name).clone()
            return {**(file.metadata() or {}), "state_dict": tensors}
    except (SafetensorError, *DAMAGE) as error:
        raise ModelError(f"{path} is damaged: {_short(error)}") from error


def _in_order(path: Path, names: Iterable[str]) -> list[str]:
    """Return names in the order of the file's header, which safetensors sorts."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    places = {name: i for i, name in enumerate(header)}
    return sorted(names, key=lambda name: places[name])


def _pickled(path: Path, packed: Container, check: Check) -> Any:
    import torch

    names = _names(path, packed)
    _refuse(path, blocked(names))
    done = 0

    def here(storage: Storage, _: str) -> Storage:
        """Leave a block of numbers where it was read, in the main memory."""
        nonlocal done
        check(done, max(packed.storages, done + 1), f"reading {path.name}")
        done += 1
        return storage

    try:
        with warnings.catch_warnings(action="ignore"), standing_in(names):
            return torch.load(path, map_location=here, weights_only=True)
    except pickle.UnpicklingError as error:
        said = str(error)
        if "Unsupported operand" in said:
            raise ModelError(
                f"{path} is damaged, or was written with a pickle_protocol that is "
                "not read safely; save it with torch.save's own"
            ) from error
        raise ModelError(f"{path} was not opened: {_why(said)}") from error
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged: {_short(error)}") from error


def _names(path: Path, packed: Container) -> frozenset[str]:
    """Return all a file's pickles name.

    Raises
    ------
    ModelError
        They cannot be read to their end.
    """
    try:
        if packed.kind == "zip":
            return names_in(BytesIO(packed.pickle))
        with path.open("rb") as stream:
            return names_in(stream, _LEGACY_PICKLES)
    except DAMAGE as error:
        raise ModelError(f"{path} is incomplete or damaged: {_short(error)}") from error


def _refuse(path: Path, names: tuple[str, ...]) -> None:
    """Say that a file names what is not taken, if it does.

    Raises
    ------
    ModelError
        There are such names; it lists them.
    """
    tensors = [words for words in map(why_blocked, names) if words]
    if tensors:
        raise ModelError(f"{path} was not opened: it holds {'; '.join(tensors)}")
    if names:
        listed = ", ".join(names[:_MOST_NAMES])
        more = f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else ""
        raise ModelError(
            f"{path} was not opened: it holds more than weights and wants {listed}"
            f"{more}, which may run code; where it was made, save "
            "torch.save(model.state_dict(), …) and open that, with the Python file "
            "that defines the network if it is not a known one"
        )


def _why(said: str) -> str:
    """Return the line of torch's explanation that says what it refused."""
    lines = [line.strip() for line in said.splitlines()]
    telling = next((x for x in lines if x.startswith("WeightsUnpickler error")), "")
    return telling.partition(": ")[2][:200] or lines[0][:200]


def _short(error: BaseException) -> str:
    lines = str(error).splitlines()
    return (lines[0] if lines else type(error).__name__)[:160]
