"""Picture files: decoded by content, upright, opaque, or refused in words."""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from os import PathLike
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from cnnviz.core.errors import InputError
from cnnviz.inputs.picture import Picture
from cnnviz.inputs.pixels import to_rgb, upright
from cnnviz.inputs.signatures import looks_like, picture_kind

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF"),
    *("JPEG2000", "PPM", "ICO", "PCX", "SGI", "QOI"),
)
"""Formats that are read. None of them starts another program (as EPS would)."""

PIXEL_LIMIT = 178_956_970
"""Pixels above which a file is refused unread: where Pillow's own limit raises."""

EXACT_LIMIT = 64_000_000
"""Pixels above which a picture is halved on opening, to save memory. Photos of current
cameras and phones in their usual setting stay below and are taken as they are."""

_ORIENTATION = ExifTags.Base.Orientation
_UNSOUND = (
    *(OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError),
    *(ArithmeticError, RuntimeError, AttributeError, struct.error, zlib.error),
)
"""What Pillow's decoders raise on damaged data."""


def read_image(path: str | PathLike[str]) -> Picture:
    """Read a picture file.

    The format is told by the content, not by the name. Of an animation or a document
    the first frame is taken; Exif orientation is applied; every mode becomes RGB (see
    ``cnnviz.inputs.pixels.to_rgb``). Pictures above ``EXACT_LIMIT`` pixels are halved.

    Parameters
    ----------
    path
        The file. It is closed on return and on failure.

    Returns
    -------
    Picture
        ``notes`` says whatever was done beyond decoding.

    Raises
    ------
    InputError
        No such file, a folder, not readable, empty, not a picture, damaged or cut
        short, or more than ``PIXEL_LIMIT`` pixels; one sentence that names the file.
    """
    path = Path(path)
    with _opened(path) as handle:
        head = handle.read(512)
        if not head:
            raise InputError(
                f"{path.name}: expected a picture, the file is empty (0 bytes)"
            )
        handle.seek(0)
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(handle, formats=_known_formats()) as image,
            ):
                return _decode(image, path.name)
        except Image.DecompressionBombError as error:
            pixels = re.search(r"\((\d+) pixels\)", str(error))
            count = int(pixels[1]) if pixels else None
            raise InputError(_too_large(path.name, count)) from error
        except MemoryError as error:
            raise InputError(
                f"{path.name}: there is not enough memory for this picture"
            ) from error
        except UnidentifiedImageError as error:
            raise InputError(_unidentified(path.name, head)) from error
        except _UNSOUND as error:
            raise InputError(_damaged(path.name, head, error)) from error


def _opened(path: Path) -> IO[bytes]:
    """Open a file for reading, or refuse it in words."""
    name = path.name or str(path)
    try:
        if path.is_dir():
            raise InputError(f"{name}: expected a picture file, this is a folder")
        if path.exists() and not path.is_file():
            raise InputError(f"{name}: expected a picture file, this is a device")
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file") from error
    except PermissionError as error:
        raise InputError(f"{name}: there is no permission to read it") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: it cannot be read ({error})") from error


def _known_formats() -> list[str]:
    """Return ``FORMATS`` without those this build of Pillow lacks."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _decode(image: Image.Image, name: str) -> Picture:
    """Turn an opened file into a picture.

    Raises
    ------
    InputError
        More than ``PIXEL_LIMIT`` pixels.
    """
    notes = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"frame 1 of {frames}")
        image.seek(0)

    width, height = image.size
    if width * height > PIXEL_LIMIT:
        raise InputError(_too_large(name, width * height))
    shrink = 1 if width * height <= EXACT_LIMIT else 2
    if shrink > 1:
        notes.append(f"{width} × {height} pixels, halved on opening to save memory")
        image.draft(None, (width // shrink, height // shrink))  # JPEG only
        shrink = 1 if image.size != (width, height) else shrink

    # Pillow turns TIFF files itself while it loads them
    turned = 1
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        turned = image.tag_v2.get(_ORIENTATION, 1)
    image.load()
    pending = _orientation(image)
    if pending in range(2, 9) or turned in range(2, 9):
        notes.append(f"turned upright (EXIF {max(pending, turned)})")

    rgb, rgba, more = to_rgb(image, shrink)
    if pending in (5, 6, 7, 8):
        width, height = height, width
    return Picture(
        upright(rgb, pending),
        (*notes, *more),
        name,
        (height, width),
        None if rgba is None else upright(rgba, pending),
    )


def _orientation(image: Image.Image) -> int:
    """Return the Exif orientation still to be applied; 1 when there is none."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _UNSOUND:
        return 1  # damaged Exif data say nothing about the pixels
    return value if value in range(1, 9) else 1


def _too_large(name: str, pixels: int | None) -> str:
    """Say that a picture is too large."""
    limit = f"{PIXEL_LIMIT / 1e6:.0f} megapixels"
    size = "more" if pixels is None else f"{pixels / 1e6:,.0f} megapixels"
    return f"{name}: expected a picture of at most {limit}, got {size}"


def _unidentified(name: str, head: bytes) -> str:
    """Say what a file is that Pillow does not take for a picture."""
    kind = picture_kind(head)
    if kind in ("AVIF", "WebP") and kind.upper() not in Image.OPEN:
        return f"{name}: this installation of Pillow cannot read {kind} pictures"
    if kind:
        return f"{name}: the {kind} data are damaged or cut short"
    words = looks_like(head)
    hint = "; save it as JPEG or PNG first" if words.endswith("picture") else ""
    return (
        f"{name}: expected a picture (JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP), "
        f"this looks like {words}{hint}"
    )


def _damaged(name: str, head: bytes, error: Exception) -> str:
    """Say that the data end early or make no sense."""
    kind = picture_kind(head) or "picture"
    return f"{name}: the {kind} data are damaged or cut short ({str(error)[:120]})"
