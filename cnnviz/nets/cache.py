"""Where weights files lie: torch.hub's folder, found without importing torch.

The folder and the file names are torch.hub's, so files are shared both ways and can
be copied in by hand.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from cnnviz.core.errors import ModelError
from cnnviz.nets.catalog import Entry


def hub_folder() -> Path:
    """Return the folder torch.hub keeps weights in.

    ``$TORCH_HOME/hub/checkpoints``, where ``TORCH_HOME`` defaults to
    ``$XDG_CACHE_HOME/torch`` and that to ``~/.cache/torch`` (documentation of
    ``torch.hub.get_dir``).
    """
    above = os.getenv("XDG_CACHE_HOME", "~/.cache")
    home = os.getenv("TORCH_HOME", str(Path(above) / "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def own_name(entry: Entry) -> str:
    """Return what a file chosen by hand is called when it is not the official one."""
    return f"cnnviz-{entry.name.rpartition('/')[2]}.weights"


def weights_file(entry: Entry, folder: Path | None = None) -> Path | None:
    """Return the file a network's weights are in, or None when there is none yet.

    A file chosen by hand comes before the official one.
    """
    if entry.file is None:
        return None
    folder = folder or hub_folder()
    for name in (own_name(entry), entry.file):
        if (folder / name).is_file():
            return folder / name
    return None


@cache
def _digest(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(path: Path) -> str:
    """Return a file's SHA-256; computed again only when its size or time changed."""
    facts = path.stat()
    return _digest(path.resolve(), facts.st_size, facts.st_mtime_ns)


def check_digest(path: Path, expected: str) -> None:
    """Check the first digits of a file's SHA-256.

    Raises
    ------
    ModelError
        They differ.
    """
    found = digest(path)[: len(expected)]
    if found != expected:
        raise ModelError(
            f"{path} is damaged or another file: its SHA-256 should begin with "
            f"{expected[:16]}, it begins with {found[:16]}; delete it and try again"
        )


def in_words(size: int) -> str:
    """Return a size in bytes as ``"244 MB"``, 1 MB being a million bytes."""
    for unit, word in ((10**12, "TB"), (10**9, "GB")):
        if size >= unit:
            return f"{size / unit:.3g} {word}"
    if size < 10**5:
        return f"{size:,} bytes"
    megabytes = size / 1e6
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"
