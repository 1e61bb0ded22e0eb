"""How much memory there is, and how much of it this process holds."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")
CAN_TELL = (_PROC / "self" / "status").exists()
"""Whether this system says what a process holds: Linux does."""


def held() -> int:
    """Return the bytes of memory this process holds now."""
    return _field(_PROC / "self" / "status", "VmRSS")


def peak() -> int:
    """Return the most bytes this process has held."""
    return _field(_PROC / "self" / "status", "VmHWM")


def available() -> int:
    """Return the bytes that could be taken without swapping; 2 GB where unknown."""
    return _field(_PROC / "meminfo", "MemAvailable") if CAN_TELL else 2 << 30


def _field(file: Path, name: str) -> int:
    """Return one of the kernel's numbers, which it gives in units of 1024 bytes."""
    for line in file.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    raise LookupError(f"{file} has no {name}")
