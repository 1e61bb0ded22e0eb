"""From a weights file to what it holds, as data."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.core.progress import Check
from cnnviz.nets.containers import DAMAGE, Container, container
from cnnviz.nets.memory import check_room
from cnnviz.nets.pickles import (
    bare,
    blocked,
    module_class,
    names_in,
    standing_in,
    why_blocked,
)

if TYPE_CHECKING:
    from torch.types import Storage

INSTEAD = (
    "where it was made, call torch.save(model.state_dict(), …) and open that, with the "
    "Python file that defines the network if it is not a known one"
)
"""What to do with a file that is more than weights."""

_MOST_NAMES = 12
_LEGACY_PICKLES = 5
"""Mark, version, machine, content and list of blocks, before the numbers."""
_MOST_STEPS = 20_000_000
"""Of one pickle; a tensor takes about thirty, and a second sees two million of them."""
_STEPS_BEYOND_SIZE = 200_000
"""A step is a byte at least, so that only what was compressed has more than bytes."""


def unpack(path: Path, check: Check) -> Any:
    """Return what a file holds: mappings, lists, tensors, numbers and ``Inert``.

    The tensors of safetensors come under the key ``state_dict``, beside the texts
    of its header.

    Parameters
    ----------
    check
        Called before each block of numbers is read, and while the list of them is
        looked through; may raise ``Cancelled``.

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
        raise ModelError(f"{path} is damaged{_why(error)}") from error


def _in_order(path: Path, names: Iterable[str]) -> list[str]:
    """Return names in the order of the file's header, which safetensors sorts."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    places = {name: i for i, name in enumerate(header)}
    return sorted(names, key=lambda name: places[name])


def _pickled(path: Path, packed: Container, check: Check) -> Any:
    import torch

    names = _names(path, packed, check)
    _refuse(path, blocked(names))
    if packed.kind == "legacy" and any(map(module_class, names)):
        raise ModelError(
            f"{path} was not opened: it is a whole network as torch saved it before "
            f"1.6, with its source code; {INSTEAD}"
        )
    done = 0

    def here(storage: Storage, _: str) -> Storage:
        """Leave a block of numbers where it was read, in the main memory."""
        nonlocal done
        check(done, max(packed.storages, done + 1), f"reading {path.name}")
        done += 1
        return storage

    try:
        with (
            path.open("rb") as stream,
            warnings.catch_warnings(action="ignore"),
            standing_in(names),
        ):
            return bare(torch.load(stream, here, weights_only=True, mmap=False))
    except pickle.UnpicklingError as error:
        said = str(error).rpartition("WeightsUnpickler error: ")[2].strip()
        if said.startswith("Unsupported operand"):
            said = "it was perhaps written with another pickle_protocol than torch's"
        raise ModelError(
            f"{path} is damaged, or not read because that could run code: "
            f"{said.splitlines()[0].partition('. ')[0][:160]}"
        ) from error
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged{_why(error)}") from error


def _names(path: Path, packed: Container, check: Check) -> frozenset[str]:
    """Return all a file's pickles name.

    Raises
    ------
    ModelError
        They cannot be read to their end, or are longer than any list of tensors.
    Cancelled
        Raised by ``check``.
    """
    most = min(_MOST_STEPS, path.stat().st_size + _STEPS_BEYOND_SIZE)

    def passed(steps: int) -> None:
        check(0, max(packed.storages, 1), f"reading {path.name}")
        if steps >= most:
            raise ModelError(
                f"{path} was not opened: the list of what it holds has more than "
                f"{most:,} entries; save the network's state_dict alone"
            )

    try:
        if packed.kind == "zip":
            return names_in(BytesIO(packed.pickle), 1, passed)
        with path.open("rb") as stream:
            return names_in(stream, _LEGACY_PICKLES, passed)
    except DAMAGE as error:
        raise ModelError(
            f"{path} is incomplete or damaged: the list of what it holds has no end; "
            "fetch it again"
        ) from error


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
            f"{more}, which may run code; {INSTEAD}"
        )


def _why(error: BaseException) -> str:
    """Say what torch or safetensors say; Python's own errors tell nobody anything."""
    if isinstance(error, LookupError | TypeError | AttributeError | ValueError):
        return "; fetch it again"
    return f": {str(error).splitlines()[0][:160]}" if str(error) else ""
