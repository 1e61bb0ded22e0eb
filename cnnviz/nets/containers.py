"""What a file is, told from its first bytes, from its name and from its parts."""

from __future__ import annotations

import pickletools
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from cnnviz.core.errors import ModelError
from cnnviz.nets.cache import in_words

Kind = Literal["zip", "legacy", "safetensors"]
"""How tensors are packed: by today's ``torch.save``, by that before 1.6, or so."""

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged file may raise."""

_PICTURE = "a picture"
_STATE_DICT = "call torch.save(model.state_dict(), …) where it was made"
_FOREIGN = (
    (b"<", "a web page, perhaps an error or login page"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it points to"),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"RIFF", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"]\0\0", "an LZMA archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x89HDF", "an HDF5 file, perhaps of Keras; export it to torch first"),
    (b"GGUF", "a GGUF file of a language model"),
    (b"\x93NUMPY", "a single NumPy array without a name"),
)
_BY_NAME = {
    ".onnx": f"an ONNX graph, whose layers are not torch's; {_STATE_DICT}",
    ".pb": f"a TensorFlow graph; {_STATE_DICT}",
    ".index": "part of a TensorFlow checkpoint; export it to torch first",
    ".tflite": "a TensorFlow Lite model; export it to torch first",
    ".msgpack": "Flax weights; export them to torch or safetensors first",
    ".mlmodel": f"a Core ML model; {_STATE_DICT}",
    ".engine": f"a TensorRT engine for one graphics card; {_STATE_DICT}",
    ".pkl": "a Python pickle that torch.save did not write; save it with torch.save",
    ".pickle": "a Python pickle that torch.save did not write; save it with torch.save",
    ".json": "a text file with settings; open the weights file beside it",
    ".py": "a Python program; open it as the code of a network",
    ".bin": "no file of torch.save; save it as safetensors where it was made",
}
"""What files are that have no sure first bytes."""
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LONGEST_HEADER = 100_000_000
"""Bytes, as safetensors itself has it."""
_ROOM_FOR_TEXT = 64 << 20
"""Bytes an archive may unpack to beyond four times its own size."""
_READ_BY_TORCH = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PARTS_OF_OLDEST = 16
"""A file of torch 0.1.9 has four."""
_PICKLE = b"\x80"
_WANTED = "weights saved by torch or safetensors were wanted"


@dataclass(frozen=True, slots=True)
class Container:
    """How a weights file is packed.

    Attributes
    ----------
    kind
        Which of the three ways.
    size
        Bytes it takes in memory, about.
    storages
        How many blocks of numbers it says it has; 0 when it does not say.
    pickle
        The part that names its content, of a zip archive; ``b""`` of others.
    """

    kind: Kind
    size: int
    storages: int = 0
    pickle: bytes = b""


def foreign(beginning: bytes) -> str | None:
    """Tell from a file's first bytes what it is when it cannot be weights.

    Returns
    -------
    str or None
        ``"a web page"`` and the like; None when it may be weights.
    """
    if _is_safetensors(beginning):
        return None
    for mark, what in _FOREIGN:
        if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(mark):
            return what
    return "a TensorFlow Lite model" if beginning[4:8] == b"TFL3" else None


def check_kind(path: Path) -> bytes:
    """Return the first bytes of a file that may be weights.

    Raises
    ------
    ModelError
        It is empty, unreadable, or plainly something else.
    """
    if path.is_dir():
        raise ModelError(f"cannot read {path}: it is a folder{_in_folder(path)}")
    if path.exists() and not path.is_file():
        raise ModelError(f"{path} is no ordinary file; {_WANTED}")  # a pipe would wait
    try:
        with path.open("rb") as stream:
            beginning = stream.read(512)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    if not beginning:
        raise ModelError(f"{path} is empty (0 bytes); {_WANTED}")
    what = foreign(beginning)
    if what is not None:
        wanted = "" if ";" in what else f"; {_WANTED}"
        raise ModelError(f"{path} is {what}{wanted}")
    return beginning


def container(path: Path) -> Container:
    """Tell how a file of weights is packed, without unpacking it.

    Raises
    ------
    ModelError
        It is something else, or cut short; the message says what it is and what to
        do instead.
    """
    beginning = check_kind(path)
    size = path.stat().st_size
    if _is_safetensors(beginning):
        return Container("safetensors", size)
    if beginning.startswith(b"PK"):
        return _archive(path, size)
    if beginning.startswith(_PICKLE) and _is_legacy(beginning):
        return Container("legacy", size)
    if (parts := _in_tar(path)) is not None:
        raise ModelError(f"{path} is {_tar(parts)}")
    what = _BY_NAME.get(path.suffix.lower())
    if what is None and ".data-0" in path.name:
        what = _BY_NAME[".index"]
    if what is None and beginning.startswith(_PICKLE):
        what = _BY_NAME[".pkl"]
    if what is not None:
        raise ModelError(f"{path} is {what}")
    raise ModelError(
        f"{path} is damaged, or a kind of file that is not known here; {_WANTED}"
    )


def _is_safetensors(beginning: bytes) -> bool:
    """Tell whether a plausible length and the header's first bracket come first."""
    length = int.from_bytes(beginning[:8], "little")
    return beginning[8:9] == b"{" and length <= _LONGEST_HEADER


def _in_folder(path: Path) -> str:
    """Say which of the files in a folder to open."""
    if (path / "saved_model.pb").is_file():
        return " with a TensorFlow model; export it to torch first"
    ends = (".pt", ".pth", ".ckpt", ".safetensors", ".bin")
    try:
        inside = sorted(x.name for x in path.iterdir() if x.suffix in ends)
    except OSError:
        inside = []
    return f"; open a file in it: {', '.join(inside[:3])}" if inside else ""


def _is_legacy(beginning: bytes) -> bool:
    """Tell whether the first of a row of pickles is the mark of ``torch.save``."""
    try:
        return any(
            argument == _LEGACY_MAGIC
            for _, argument, _ in pickletools.genops(beginning[:20])
        )
    except ValueError:
        return False


def _in_tar(path: Path) -> set[str] | None:
    """Return the names of a tar archive's first parts; None when it is none.

    One that is compressed is none: unpacking it to tell might never end.
    """
    names: set[str] = set()
    try:
        with tarfile.open(path, "r:") as archive:
            for part in islice(archive, _PARTS_OF_OLDEST):
                names.add(part.name.removeprefix("./"))
    except (tarfile.TarError, *DAMAGE):
        return names or None
    return names


def _tar(names: set[str]) -> str:
    """Say what a tar archive is: torch used them until 2017."""
    if {"storages", "tensors", "pickle"} <= names:
        return (
            "a file of torch 0.1.9 or older, which cannot be read without running "
            "code from it; load it there and save its state_dict anew"
        )
    return f"a tar archive; unpack it and open the weights in it; {_WANTED}"


def _archive(path: Path, size: int) -> Container:
    """Look into a zip archive.

    Raises
    ------
    ModelError
        It is cut short, packed so that a small file becomes a large one, or not of
        ``torch.save``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            what = _other_archive([part.filename for part in parts])
            if what is not None:
                raise ModelError(f"{path} is {what}")
            if any(part.compress_type not in _READ_BY_TORCH for part in parts):
                raise ModelError(
                    f"{path} is packed in a way that torch does not read, or damaged; "
                    "unpack it and pack it anew without compression"
                )
            unpacked = sum(part.file_size for part in parts)
            if unpacked > 4 * size + _ROOM_FOR_TEXT:
                raise ModelError(
                    f"{path} was not opened: its {in_words(size)} would unpack "
                    f"to {in_words(unpacked)}"
                )
            named = next(x for x in parts if _within(x.filename) == "data.pkl")
            pickle = archive.read(named)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ModelError(
            f"{path} is incomplete: the end of the file is missing, or it is damaged; "
            "fetch it again"
        ) from error
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged: {error}") from error
    storages = sum(_within(part.filename).startswith("data/") for part in parts)
    return Container("zip", unpacked, storages, pickle)


def _within(name: str) -> str:
    """Return a name without the archive's own folder."""
    return name.partition("/")[2]


def _other_archive(names: list[str]) -> str | None:
    """Say what a zip archive is when ``torch.save`` did not write it."""
    inside = {_within(name) for name in names} | set(names)
    if "constants.pkl" in inside:
        return f"a TorchScript program, not weights; {_STATE_DICT}"
    if inside & {"archive_format", "serialized_exported_program.json", "models"}:
        return (
            "a program of torch.export (.pt2), which runs code when it is opened; "
            f"{_STATE_DICT}"
        )
    if "data.pkl" in inside:
        return None
    if "model.weights.h5" in names:
        return "a Keras model; export it to torch first"
    if names and all(name.endswith(".npy") for name in names):
        return "an archive of NumPy arrays; save them as safetensors"
    first = ", ".join(names[:2])
    holds = f"with {first}{', …' if names[2:] else ''}" if names else "with nothing"
    return f"a zip archive {holds}, not weights; unpack it and open the weights in it"
