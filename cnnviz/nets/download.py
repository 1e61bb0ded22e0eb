"""Weights from the internet into torch.hub's folder, and files chosen by hand."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from cnnviz.core.errors import ModelError
from cnnviz.nets.cache import digest, hub_folder, in_words, own_name
from cnnviz.nets.catalog import Entry
from cnnviz.nets.server import ask, cause

Progress = Callable[[int, int | None], None]
"""Told bytes there and bytes in all (None when the server does not say)."""
Check = Callable[[], None]
"""Called between blocks; raises ``Cancelled`` to stop."""


def _ignore(_done: int, _total: int | None) -> None:
    """Show no progress."""


def _go_on() -> None:
    """Never cancel."""


def offer(entry: Entry, folder: Path | None = None) -> str:
    """Say what a download would fetch, how large it is, and where it would go.

    Parameters
    ----------
    entry
        A network with a file to be downloaded.
    folder
        Default: torch.hub's.
    """
    file, size, url = _wanted(entry)
    folder = folder or hub_folder()
    part = folder / f"{file}.part"
    there = part.stat().st_size if part.is_file() else 0
    rest = f"; {in_words(there)} of it are there already" if there else ""
    return (
        f"{file}, {in_words(size)}, from {urlsplit(url).hostname} into {folder}{rest}"
    )


def _wanted(entry: Entry) -> tuple[str, int, str]:
    """Return file name, size and address of an entry that has them."""
    if entry.file is None or entry.url is None or entry.size is None:
        raise ModelError(f"{entry.name} has no weights to download")
    return entry.file, entry.size, entry.url


def _by_hand(entry: Entry, folder: Path) -> str:
    """Say how to do without the download."""
    file, size, _ = _wanted(entry)
    return (
        f"{file} ({in_words(size)}) belongs in {folder}; with a copy from elsewhere, "
        "use “Choose file…”"
    )


def download(
    entry: Entry,
    folder: Path | None = None,
    progress: Progress = _ignore,
    check: Check = _go_on,
) -> Path:
    """Fetch a network's weights, resuming where an earlier attempt ended.

    The file grows as ``NAME.part`` and gets its name only when its SHA-256 fits. A
    cancelled or cut download keeps the part; a wrong checksum removes it.

    Parameters
    ----------
    entry
        A network with a file to be downloaded.
    folder
        Default: torch.hub's. Made when missing.
    progress
        Told bytes done and bytes in all.
    check
        Raises ``Cancelled`` to stop.

    Returns
    -------
    Path
        The file, named as torch.hub names it.

    Raises
    ------
    ModelError
        No connection, no space, no permission, a wrong file. The message names the
        file, its size and the folder.
    Cancelled
        ``check`` said so.
    """
    file, size, url = _wanted(entry)
    folder = folder or hub_folder()
    hint = _by_hand(entry, folder)
    target, part = folder / file, folder / f"{file}.part"
    if target.is_file() and digest(target).startswith(entry.sha256):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("ab") as stream:
                progress(part.stat().st_size, size)
                _fetch(url, part, stream, hint, progress, check)
            _check_part(part, entry, hint)
            part.replace(target)
        finally:
            _tidy(part)
    except OSError as error:
        raise ModelError(f"cannot write {part}: {cause(error)}. {hint}") from error
    (folder / own_name(entry)).unlink(missing_ok=True)
    return target


def _tag(part: Path) -> Path:
    """Return where the server's mark of a part's version (its ETag) is kept."""
    return part.with_name(f"{part.name}.etag")


def _tidy(part: Path) -> None:
    """Leave nothing beside a finished file, and no empty part."""
    if part.is_file() and part.stat().st_size == 0:
        part.unlink()
    if not part.exists():
        _tag(part).unlink(missing_ok=True)


def _fetch(
    url: str,
    part: Path,
    stream: BinaryIO,
    hint: str,
    progress: Progress,
    check: Check,
) -> None:
    """Append to a part what is missing of it, or write it anew."""
    check()
    start = part.stat().st_size
    kept = _tag(part)
    known = kept.read_text(encoding="latin-1") if start and kept.is_file() else ""
    answer = ask(url, start, known, hint)
    if answer is None:
        return
    with answer.response:
        if answer.start == 0:
            if start:
                stream.truncate(0)
            kept.write_text(answer.etag, encoding="latin-1")
        done, free = answer.start, shutil.disk_usage(part.parent).free
        if answer.total is not None and answer.total - done > free:
            raise OSError(
                errno.ENOSPC,
                f"{in_words(answer.total - done)} to come, {in_words(free)} free",
            )
        for block in answer.blocks(hint):
            stream.write(block)
            done += len(block)
            progress(done, answer.total)
            check()


def _check_part(part: Path, entry: Entry, hint: str) -> None:
    """Remove a part whose SHA-256 does not fit.

    Raises
    ------
    ModelError
        It did not fit.
    """
    found = digest(part)
    if not found.startswith(entry.sha256):
        part.unlink()
        raise ModelError(
            f"what came is not {entry.file}: its SHA-256 should begin with "
            f"{entry.sha256}, it begins with {found[:8]}; it was removed. {hint}"
        )


def adopt(entry: Entry, path: Path, folder: Path | None = None) -> Path:
    """Copy a weights file chosen by hand to where this network looks for it.

    The official file, known by its SHA-256, gets its official name. Any other file
    must fit the network, every weight of it, and gets a name of this program's own,
    because torch.hub trusts the names in its folder.

    Parameters
    ----------
    entry
        A network with a file to be downloaded.
    path
        Written by ``torch.save`` or safetensors.
    folder
        Default: torch.hub's. Made when missing.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    ModelError
        The file is unreadable, no weights file, or of another network; or it cannot
        be copied.
    """
    from cnnviz.nets.containers import check_kind
    from cnnviz.nets.known import load

    file, _, _ = _wanted(entry)
    folder = folder or hub_folder()
    own = folder / own_name(entry)
    check_kind(path)
    official = digest(path).startswith(entry.sha256)
    if not official:
        load(entry, path)
    target = folder / file if official else own
    if target.exists() and target.samefile(path):
        return target
    fresh = folder / f"{target.name}.copy"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, fresh)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"cannot copy {path} into {folder}: {cause(error)}") from error
    if official:
        own.unlink(missing_ok=True)
    return target
