"""How much memory there is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from cnnviz.core.errors import ModelError


def free_memory() -> int | None:
    """Return the bytes a program can still take, None where the system does not say.

    On Linux what the kernel estimates (``MemAvailable`` of ``/proc/meminfo``), or
    what is left to the process' control group if that is less; elsewhere all there
    is, so only what can never fit is refused.
    """
    told = _text(Path("/proc/meminfo"))
    found = re.search(r"^MemAvailable:\s+(\d+) kB", told, re.MULTILINE)
    if found:
        return min([int(found[1]) * 1024, *_left_to_group()])
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


_GROUPS = (
    (r"^0::/(.*)$", "", "memory.max", "memory.current", "inactive_file"),
    (
        r"^\d+:memory:/(.*)$",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)
"""For both versions of control groups: which line of ``/proc/self/cgroup`` names the
group, the folder it is in, its files, and what of its use is a mere cache."""


def _left_to_group(
    own: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> Iterator[int]:
    """Yield what control groups leave to this process: its own, and those around it.

    What is cached of files counts as used there, but goes when memory is short.
    """
    for line, folder, limit, current, cache in _GROUPS:
        found = re.search(line, _text(own), re.MULTILINE)
        top = root / folder
        group = top / (found[1] if found else "")
        for place in (group, *group.parents):
            most, used = _text(place / limit).strip(), _text(place / current).strip()
            if found and most.isdecimal() and used.isdecimal():
                stat = _text(place / "memory.stat")
                cached = re.search(rf"^{cache} (\d+)$", stat, re.MULTILINE)
                yield max(int(most) - int(used) + int(cached[1] if cached else 0), 0)
            if place == top:
                break


def _text(path: Path) -> str:
    """Read a file of the system; nothing where it is not."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def check_room(path: Path, size: int) -> None:
    """Refuse a file that takes more memory than there is.

    Parameters
    ----------
    size
        Bytes it will take.

    Raises
    ------
    ModelError
        Names both numbers.
    """
    free = free_memory()
    if free is not None and size > free:
        raise ModelError(
            f"{path} was not opened: it takes {size / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free; save the state_dict alone, without the "
            "optimizer, or close other programs"
        )
