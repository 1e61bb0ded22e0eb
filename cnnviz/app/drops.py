"""What a drop or a paste brings, decided before anything is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from cnnviz.app.face import source_of
from cnnviz.app.kinds import is_code, is_weights
from cnnviz.core.paths import is_there
from cnnviz.core.series import TextSource
from cnnviz.core.trace import PixelSource, Source
from cnnviz.inputs.picture import to_picture

_NUMBER = re.compile(r"[-+]?[\d.]*\d[\d.]*(?:[eE][-+]?\d+)?%?")


@dataclass(frozen=True, slots=True)
class Brought:
    """The outcome.

    Attributes
    ----------
    source
        A picture or a table to show, or None.
    weights, code
        A weights file, and a Python file, of a network to show; or None.
    words
        What the person should be told, or ``""``.
    """

    source: Source | None = None
    weights: Path | None = None
    code: Path | None = None
    words: str = ""

    @property
    def something(self) -> bool:
        """Whether there is anything to show."""
        return (self.source, self.weights, self.code) != (None, None, None)


def may_hold_something(data: QMimeData) -> bool:
    """Tell whether a drag is worth accepting: files, addresses, a picture, cells."""
    return bool(data.urls()) or data.hasImage() or is_table(_text(data))


def read_mime(data: QMimeData | None) -> Brought:
    """Decide what dropped or pasted data are; an empty clipboard has none.

    Local files come first, then cells of a spreadsheet (which offers a picture of them
    too), then a picture as pixels (a browser offers its address too), then an address,
    which is never fetched. Other text is a file if it names one.
    """
    if data is None:
        return Brought()
    local = [Path(u.toLocalFile()) for u in data.urls() if u.isLocalFile()]
    if local:
        return read_paths(local)
    text = _text(data)
    if is_table(text):
        return Brought(TextSource(text))
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
    text = text.strip()
    if text and "\n" not in text and len(text) < 4096 and "\0" not in text:
        path = Path(os.path.expanduser(text))  # noqa: PTH111
        if path.is_absolute() and is_there(path):
            return read_paths([path])
    return Brought()


def _text(data: QMimeData) -> str:
    return data.text() if data.hasText() and not data.urls() else ""


def is_table(text: str) -> bool:
    """Tell rows of cells, half of the last one numbers, from prose."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    cells = re.split(r"[\s;|,]+", lines[-1].strip())
    return 2 * sum(bool(_NUMBER.fullmatch(cell)) for cell in cells) >= len(cells)


def read_paths(paths: Sequence[Path]) -> Brought:
    """Take the first of each kind: code, weights, a picture or table."""
    files = [p for p in paths if is_there(p) or not os.path.exists(p)]  # noqa: PTH110
    if not files:
        first = paths[0]
        words = f"{first.name or first} is no ordinary file."
        if first.is_dir():
            words = (
                f"{first.name or first} is a folder; "
                "drop one picture, table or network from it instead."
            )
        return Brought(words=words)
    code = next(filter(is_code, files), None)
    weights = next(filter(is_weights, files), None)
    source = next((p for p in files if not is_code(p) and not is_weights(p)), None)
    taken = [path.name for path in (code, weights, source) if path is not None]
    words = ""
    if len(files) > len(taken):
        are = "is" if len(taken) == 1 else "are"
        words = f"{len(files)} files came; {' and '.join(taken)} {are} shown."
    return Brought(source_of(source) if source else None, weights, code, words)


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
