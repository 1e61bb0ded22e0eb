"""What a drop or a paste brings, decided before anything is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from cnnviz.core.trace import ImageSource, PixelSource, Source
from cnnviz.inputs.picture import to_picture

WEIGHTS = frozenset({".pt", ".pth", ".ckpt", ".safetensors"})
TABLES = frozenset({".csv", ".tsv"})


@dataclass(frozen=True, slots=True)
class Brought:
    """The outcome.

    Attributes
    ----------
    source
        What to show, or None.
    weights
        A weights file that came with it, or None.
    words
        What the person should be told, or ``""``.
    """

    source: Source | None = None
    weights: Path | None = None
    words: str = ""


def may_hold_something(data: QMimeData) -> bool:
    """Tell whether a drag is worth accepting: files, addresses or a picture."""
    return bool(data.urls()) or data.hasImage()


def read_mime(data: QMimeData | None) -> Brought:
    """Decide what dropped or pasted data are; an empty clipboard has none.

    Local files come first, then a picture as pixels (a browser offers both), then an
    address, which is never fetched. Text is a file if it names one.
    """
    if data is None:
        return Brought()
    local = [Path(u.toLocalFile()) for u in data.urls() if u.isLocalFile()]
    if local:
        return read_paths(local)
    if data.hasImage():
        pixels = from_qimage(data.imageData())
        if pixels is not None:
            return Brought(pixels)
    remote = [u.toString() for u in data.urls() if not u.isLocalFile()]
    if remote:
        return Brought(
            words=f"{_short(remote[0])} is an address; only files on this computer "
            "can be opened, and nothing was fetched. Save the picture, or copy the "
            "picture itself and paste it."
        )
    text = data.text().strip() if data.hasText() else ""
    if text and "\n" not in text and len(text) < 4096 and "\0" not in text:
        path = Path(text).expanduser()
        if path.is_absolute() and path.is_file():
            return read_paths([path])
    return Brought()


def read_paths(paths: Sequence[Path]) -> Brought:
    """Decide among several files: weights first, then the first picture."""
    weights = next((p for p in paths if p.suffix.lower() in WEIGHTS), None)
    folders = [p for p in paths if p.is_dir()]
    pictures = [p for p in paths if p not in folders and p != weights]
    if not pictures:
        if weights is not None:
            return Brought(weights=weights)
        return Brought(
            words=f"{folders[0].name or folders[0]} is a folder; "
            "drop one picture from it instead."
        )
    first = pictures[0]
    if first.suffix.lower() in TABLES:
        return Brought(
            words=f"{first.name} is a table; the networks here take pictures."
        )
    words = ""
    if len(pictures) > 1:
        words = f"{len(pictures)} files came; {first.name} is shown."
    return Brought(ImageSource(first), weights, words)


def from_qimage(image: QImage) -> PixelSource | None:
    """Return a picture that came as pixels, transparency over white; None if empty."""
    if not isinstance(image, QImage) or image.isNull():
        return None
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(
        image.height(), image.bytesPerLine()
    )
    rgba = rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)
    return PixelSource(to_picture(rgba.copy(), "pasted picture").rgb)


def _short(address: str) -> str:
    return address if len(address) <= 60 else address[:59] + "…"
