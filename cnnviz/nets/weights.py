"""Weights files: read as data, never as code, and fitted to a network."""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.core.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

_FOREIGN = (
    (b"<", "a web page, perhaps an error or login page"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it points to"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"RIFF", "a picture"),
    (b"GIF8", "a picture"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"\x89HDF", "an HDF5 file, not weights saved by torch"),
)


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


def foreign(beginning: bytes) -> str | None:
    """Tell from a file's first bytes what it is when it cannot be weights.

    Returns
    -------
    str or None
        ``"a web page"`` and the like; None when it may be weights.
    """
    for mark, what in _FOREIGN:
        if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(mark):
            return what
    return None


def check_kind(path: Path) -> bytes:
    """Return the first bytes of a file that may be weights.

    Raises
    ------
    ModelError
        It is empty, unreadable, or plainly something else.
    """
    try:
        with path.open("rb") as stream:
            beginning = stream.read(512)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    if not beginning:
        raise ModelError(f"{path} is empty; weights saved by torch were wanted")
    what = foreign(beginning)
    if what is not None:
        raise ModelError(f"{path} is {what}; weights saved by torch were wanted")
    return beginning


def _check_archive(path: Path) -> None:
    """Refuse a zip archive that is cut short or holds TorchScript."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise ModelError(
            f"{path} is incomplete: the end of the file is missing; fetch it again"
        ) from error
    if any(name.endswith("/constants.pkl") for name in names):
        raise ModelError(
            f"{path} is a TorchScript program, not weights; save the network's "
            "state_dict instead"
        )


def read_state(path: Path) -> MutableMapping[str, Tensor]:
    """Read the tensors of a file written by ``torch.save`` or safetensors.

    Only data is read: ``torch.load`` with ``weights_only=True``.

    Raises
    ------
    ModelError
        It is no such file, is damaged, or wants to run code.
    """
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
        _check_archive(path)
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        said = str(error)
        why = next((x for x in said.splitlines() if "GLOBAL" in x), "no such data")
        raise ModelError(
            f"{path} holds more than weights, or is damaged, and was not opened: {why}"
        ) from error
    except _DAMAGE as error:
        raise ModelError(f"{path} is damaged: {str(error)[:120]}") from error
    if not (
        isinstance(state, MutableMapping)
        and state
        and all(isinstance(value, torch.Tensor) for value in state.values())
    ):
        raise ModelError(
            f"{path} holds no plain list of named weights (a state_dict), which was "
            f"wanted, but {type(state).__name__}"
        )
    return state


def fit(module: nn.Module, state: Mapping[str, Tensor], path: Path, name: str) -> None:
    """Give a network the weights of a file, all of them and no others.

    Half precision is widened to float32.

    Parameters
    ----------
    module
        The network, usually built without memory (``nets.drawing.unmade``).
    state
        From ``read_state``; its tensors are used as they are, without a copy.
    path, name
        What to call file and network in an error.

    Raises
    ------
    ModelError
        Weights are missing, left over, or of another shape; the message counts and
        names them.
    """
    wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    try:
        module.load_state_dict(state, assign=True)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{path} does not fit {name}: {_misfit(wanted, state)}") from (
            error
        )
    module.float()


def _misfit(wanted: Mapping[str, tuple[int, ...]], state: Mapping[str, Tensor]) -> str:
    """Count and name what is missing, left over, or of another shape."""
    counters = ".num_batches_tracked"
    missing = [k for k in wanted if k not in state and not k.endswith(counters)]
    extra = [key for key in state if key not in wanted]
    other = [
        f"{key} is {_size(tuple(state[key].shape))}, wanted {_size(wanted[key])}"
        for key in wanted
        if key in state and tuple(state[key].shape) != wanted[key]
    ]
    groups = (("missing", missing), ("unexpected", extra), ("of another shape", other))
    said = [
        f"{len(keys)} {what} ({', '.join(keys[:2])}{', …' if len(keys) > 2 else ''})"
        for what, keys in groups
        if keys
    ]
    return "; ".join(said) or "it is of another version"


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"
