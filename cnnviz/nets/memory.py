"""How much memory there is for reading a file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cnnviz.core.errors import ModelError


def free_memory() -> int | None:
    """Return the bytes a program can still take, None where the system does not say.

    On Linux what the kernel estimates (``MemAvailable`` of ``/proc/meminfo``);
    elsewhere all there is, so only what can never fit is refused.
    """
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        told = ""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", told, re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


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
