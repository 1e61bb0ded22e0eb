"""What a file is to be opened as: weights, code, a picture or a table."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cnnviz.app.face import TABLES
from cnnviz.inputs.signatures import picture_kind

WEIGHTS = frozenset({".pt", ".pth", ".ckpt", ".safetensors"})
"""Endings of weights files, whatever such a file holds."""
CODE = frozenset({".py"})
"""Endings of Python files."""
_NETWORKS = frozenset(
    {
        *(".bin", ".pkl", ".pickle", ".tar", ".weights", ".model"),
        *(".pt2", ".onnx", ".h5", ".hdf5", ".keras", ".tflite", ".pb", ".mlmodel"),
    }
)
"""Endings of networks that are read as weights, if only to be refused in good words."""
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


def is_code(path: Path) -> bool:
    """Tell a Python file by its name."""
    return path.suffix.lower() in CODE


def is_weights(path: Path) -> bool:
    """Tell a weights file by its name, and where that says nothing by its content."""
    ending = path.suffix.lower()
    if ending in WEIGHTS:
        return True
    if ending in CODE or ending in TABLES:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(64)
        if picture_kind(head) is not None:
            return False
        return ending in _NETWORKS or _begins_like_weights(path, head)
    except OSError:
        return ending in _NETWORKS  # whoever reads it says what is wrong


def _begins_like_weights(path: Path, head: bytes) -> bool:
    """Tell safetensors, a pickle, and the archive that torch makes around one."""
    if head[8:10] == b'{"' or head.startswith(_PICKLES):
        return True
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/data.pkl") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False
