"""What a right click offers on every panel: copy it, save it, save its numbers."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping
from csv import writer
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QObject, QPoint, QRect, QSize, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from cnnviz.core.layers import Array

IMAGES = "PNG picture (*.png);;SVG drawing (*.svg)"
NUMBERS = "CSV table (*.csv);;NumPy archive (*.npz)"


def ask_path(owner: QWidget, title: str, suggestion: str, kinds: str) -> str:
    """Ask where to save; an existing file is only replaced after a question."""
    path, kind = QFileDialog.getSaveFileName(owner, title, suggestion, kinds)
    if path and not Path(path).suffix:
        path += "." + kind.partition("*.")[2].rstrip(")")
    return path


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OSError
        The folder cannot be written to; an older file is then untouched.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def png(image: QImage) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def svg(draw: Callable[[QPainter], None], size: QSize) -> bytes:
    """Return what a function paints as the bytes of an SVG file."""
    from PySide6.QtSvg import QSvgGenerator

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(), size))
    painter = QPainter(generator)
    draw(painter)
    painter.end()
    return bytes(buffer.data().data())


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """An array to save, and what its axes are called.

    Attributes
    ----------
    values
        One axis or more, any number type, or text.
    axes
        A word for each axis but the last.
    columns
        A word for each entry of the last axis; else they are counted.
    """

    values: Array
    axes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def csv(numbers: Numbers) -> bytes:
    """Return an array as a table: the last axis across, the others as first columns.

    Every number can be read back exactly: whole ones have all their digits, others as
    many as their type holds, complex ones are written ``1+2j``. Truth is 1 or 0.
    """
    values, axes = numbers.values, numbers.axes
    rows = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    text = io.StringIO()
    columns = numbers.columns or tuple(map(str, range(values.shape[-1])))
    table = writer(text, lineterminator="\n")
    table.writerow([*axes, *columns])
    cell = _cell(values.dtype)
    if values.dtype.kind == "c":  # a pair of real numbers fills one cell
        rows = np.ascontiguousarray(rows).view(values.real.dtype)
    line = ",".join(["%d"] * len(axes) + [cell] * values.shape[-1]) + "\n"
    for at, row in zip(np.ndindex(values.shape[:-1]), rows, strict=True):
        if cell:
            text.write(line % (*at, *row.tolist()))
        else:
            table.writerow((*at, *row.tolist()))
    return text.getvalue().encode()


def _cell(dtype: np.dtype[Any]) -> str:
    """Return how a number is written; ``""`` for text."""
    if dtype.kind == "U":
        return ""
    if dtype.kind in "iub":
        return "%d"
    parts = 2 if dtype.kind == "c" else 1
    digits = {4: 9, 2: 5}.get(dtype.itemsize // parts, 17)
    return f"%.{digits}g%+.{digits}gj" if parts == 2 else f"%.{digits}g"


def npz(arrays: Mapping[str, Numbers]) -> bytes:
    """Return arrays as the bytes of an NPZ file."""
    buffer = io.BytesIO()
    plain = {name: numbers.values for name, numbers in arrays.items()}
    np.savez_compressed(buffer, **plain)  # type: ignore[arg-type]
    return buffer.getvalue()


class Exporter(QObject):
    """Copies and saves what a widget shows.

    Parameters
    ----------
    owner
        The widget; it keeps this object alive.
    name
        Returns a name for files, such as ``"features.0 after relu"``.
    image
        Returns the picture to copy and save.
    arrays
        Returns the numbers by name, the main ones first.

    Signals
    -------
    said(str)
        A sentence for the status line: what was saved where, or why it was not.
    """

    said = Signal(str)

    def __init__(
        self,
        owner: QWidget,
        name: Callable[[], str],
        image: Callable[[], QImage],
        arrays: Callable[[], Mapping[str, Numbers]],
    ) -> None:
        super().__init__(owner)
        self._owner, self._name = owner, name
        self._image, self._arrays = image, arrays
        self.ask: Callable[[QWidget, str, str, str], str] = ask_path

    def menu(self) -> QMenu:
        """Return the menu of a right click, owned by the widget."""
        menu = QMenu(self._owner)
        menu.addAction("Copy image", self.copy_image)
        menu.addAction("Save image…", self.save_image)
        numbers = menu.addAction("Save numbers…", self.save_numbers)
        numbers.setEnabled(bool(self._arrays()))
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def open_menu(self, at: QPoint) -> None:
        """Open the menu at a global position."""
        self.menu().popup(at)

    def copy_image(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self._image())
        self.said.emit("image copied")

    def save_image(self) -> None:
        """Ask where, and save the picture as PNG or SVG."""
        image = self._image()
        self._save(
            "Save image",
            "png",
            IMAGES,
            {
                ".png": lambda: png(image),
                ".svg": lambda: svg(
                    lambda painter: painter.drawImage(0, 0, image), image.size()
                ),
            },
        )

    def save_numbers(self) -> None:
        """Ask where, and save the numbers as CSV (the main ones) or NPZ (all)."""
        arrays = self._arrays()
        first = next(iter(arrays.values()))
        self._save(
            "Save numbers",
            "csv",
            NUMBERS,
            {
                ".csv": lambda: csv(first),
                ".npz": lambda: npz(arrays),
            },
        )

    def _save(
        self,
        title: str,
        ending: str,
        kinds: str,
        makers: Mapping[str, Callable[[], bytes]],
    ) -> None:
        safe = re.sub(r"[^\w.+-]+", "_", self._name()).strip("_") or "cnnviz"
        chosen = self.ask(self._owner, title, f"{safe}.{ending}", kinds)
        if not chosen:
            return
        path = Path(chosen)
        make = makers.get(path.suffix.lower())
        if make is None:
            wanted = " or ".join(makers)
            self.said.emit(f"{path.name}: expected a name ending in {wanted}")
            return
        try:
            write(path, make())
        except OSError as error:
            self.said.emit(f"{path.name} was not saved: {error.strerror or error}")
        else:
            self.said.emit(f"saved {path}")
