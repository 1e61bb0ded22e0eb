"""Paths as people give them."""

from __future__ import annotations

import os
from pathlib import Path


def is_there(path: Path) -> bool:
    """Tell whether there is such a file; some names the system cannot even have."""
    return os.path.isfile(path)  # noqa: PTH113 - Path raises for those
