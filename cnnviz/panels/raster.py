"""A picture as an image that is no larger than the screen has pixels for it."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter

from cnnviz.pictures.colours import GAP, MIDDLE, NAN, NEG_INF, POS_INF
from cnnviz.pictures.kept import Kept

Size = tuple[int, int]
"""Rows and columns."""

_BAND = 1 << 19
"""Pixels turned into colours at a time, so that the work stays in the cache."""


_IMAGES = 48_000_000
"""Bytes of images that are kept."""

_PAINTED: Kept[QImage] = Kept(_IMAGES, lambda image: image.sizeInBytes() + 256)


def raster(
    picture: NDArray[np.uint8],
    table: NDArray[np.uint8] | None,
    size: Size,
    ground: QColor,
    *,
    extreme: bool = False,
) -> QImage:
    """Paint a picture, averaged down where it has more pixels than there is room for.

    Every pixel counts by its share of the area, none is skipped. One that holds a NaN
    or an infinity colours the pixel it falls into whole: one bad cell of a large map
    stays in sight. The image of a picture that never changes is kept for as long as
    there is room; see ``Kept``.

    Parameters
    ----------
    picture
        ``(H, W)`` codes, or ``(H, W, 3)`` colours; rows may lie apart.
    table
        ``(256, 4)`` colours of the codes; None for colours.
    size
        Rows and columns of pixels there are; a smaller picture stays as it is.
    ground
        Colour of gaps, perhaps transparent.
    extreme
        Show of the signed codes that share a pixel the one furthest from zero, instead
        of the mean colour: the mean of weights says next to nothing.

    Returns
    -------
    ``min(H, rows)`` × ``min(W, columns)``, 32 bits a pixel.
    """
    high, wide = (
        max(min(a, b), 1) for a, b in zip(picture.shape[:2], size, strict=True)
    )
    extreme = extreme and table is not None
    colours = None if table is None else table.tobytes()
    question = high, wide, colours, ground.rgba(), extreme
    return QImage(
        _PAINTED.get(
            picture,
            question,
            lambda: _raster(picture, table, (high, wide), ground, extreme=extreme),
        )
    )


def _raster(
    picture: NDArray[np.uint8],
    table: NDArray[np.uint8] | None,
    size: Size,
    ground: QColor,
    *,
    extreme: bool,
) -> QImage:
    """Paint a picture in a size that is not larger than it; see ``raster``."""
    high, wide = size
    if extreme:
        picture = furthest(picture, size)
    colours = None if table is None else _argb(table, ground)
    form = QImage.Format.Format_RGB32
    if table is not None and ground.alpha() < 255:
        form = QImage.Format.Format_ARGB32_Premultiplied
    if picture.shape[:2] == (high, wide):
        return _seen(np.ascontiguousarray(picture), colours).convertToFormat(form)
    image = QImage(wide, high, form)
    rows = max(_BAND * high // max(picture.shape[0] * picture.shape[1], 1), 1)
    for first in range(0, high, rows):
        last = min(first + rows, high)
        top, end = (y * len(picture) // high for y in (first, last))
        small = _shrunk(picture[top:end], colours, (last - first, wide), form)
        _pixels(image)[first:last] = _pixels(small)
    return image


def _seen(picture: NDArray[np.uint8], colours: NDArray[np.uint32] | None) -> QImage:
    """View codes or colours, rows one behind the other, as an image."""
    form = QImage.Format
    kind = form.Format_RGB888 if colours is None else form.Format_Indexed8
    high, wide = picture.shape[:2]
    image = QImage(picture.data, wide, high, picture.strides[0], kind)
    if colours is not None:
        image.setColorTable(colours.tolist())
    return image


def _argb(table: NDArray[np.uint8], ground: QColor) -> NDArray[np.uint32]:
    """Return the colours of the codes as Qt writes them."""
    red, green, blue, alpha = table.T.astype(np.uint32)
    colours: NDArray[np.uint32] = alpha << 24 | red << 16 | green << 8 | blue
    colours[GAP] = ground.rgba()
    return colours


@cache
def _room() -> NDArray[np.uint32]:
    """Return room for the colours of a band: memory never used before is slow."""
    return np.empty(2 * _BAND, np.uint32)


def _shrunk(
    picture: NDArray[np.uint8],
    colours: NDArray[np.uint32] | None,
    size: Size,
    form: QImage.Format,
) -> QImage:
    """Average a picture down."""
    picture = np.ascontiguousarray(picture)
    (high, wide), (rows, columns) = size, picture.shape[:2]
    room = _room()
    if room.size < rows * columns:
        room = np.empty(rows * columns, np.uint32)
    large = QImage(room.data, columns, rows, 4 * columns, form)
    painter = QPainter(large)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.drawImage(0, 0, _seen(picture, colours))
    painter.end()
    small = large.scaled(
        wide,
        high,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    if colours is not None and (picture + np.uint8(1)).max(initial=0) > NAN:
        pixels = _pixels(small)
        for code in (POS_INF, NEG_INF, NAN):
            y, x = np.nonzero(picture == code)
            pixels[y * high // rows, x * wide // columns] = colours[code]
    return small


def _pixels(image: QImage) -> NDArray[np.uint32]:
    """View an image of 32 bits a pixel as an array."""
    pixels: NDArray[np.uint32] = np.ndarray(
        (image.height(), image.width()), np.uint32, image.bits()
    )
    return pixels


def furthest(codes: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Keep, of the signed codes that share a pixel, the one furthest from zero.

    Marks count as further than any value, gaps as nearer than zero.

    Parameters
    ----------
    codes
        ``(H, W)`` codes of signed data.
    size
        Rows and columns wanted, not more than there are.

    Returns
    -------
    ``size`` codes; a gap where there is nothing but gaps.
    """
    most, least = codes + np.uint8(1), codes  # a gap is 0 in most, 255 in least
    for wanted in size:
        most, least = (
            np.ascontiguousarray(_merged(of, by, wanted).T)
            for of, by in ((most, np.maximum), (least, np.minimum))
        )
    above, below = most.astype(np.int16) - 1, least.astype(np.int16)
    upward = above - MIDDLE >= MIDDLE - below
    return np.where(upward, above, below).astype(np.uint8)


def _merged(codes: NDArray[np.uint8], by: np.ufunc, rows: int) -> NDArray[np.uint8]:
    """Merge neighbouring rows, so that so many are left."""
    starts = np.arange(rows) * len(codes) // rows
    ends = np.append(starts[1:], len(codes))
    merged = codes[starts]
    for i in range(1, int((ends - starts).max(initial=1))):
        by(merged, codes[np.minimum(starts + i, ends - 1)], out=merged)
    return merged
