"""What a file is, told from its first bytes, its last and its name."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cnnviz.core.errors import ModelError

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


def check_archive(path: Path) -> None:
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
