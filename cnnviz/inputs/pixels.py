"""A decoded picture of any Pillow mode as opaque, upright 8-bit RGB."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from cnnviz.inputs.picture import (
    OVER_WHITE,
    Pixels,
    finite_range,
    over_white,
    range_notes,
    rescale,
)

_DEEP = {"I": "32-bit integers", "F": "floating point"}
_UNPREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
_PIECE = 1 << 22
"""Pixels converted at a time, so that the copies stay small beside the picture."""

Convert = Callable[[Image.Image], Pixels]


def to_rgb(
    image: Image.Image, shrink: int = 1
) -> tuple[Pixels, Pixels | None, list[str]]:
    """Convert a picture to RGB.

    Deep modes (``I;16``, ``I``, ``F``) are rescaled from their finite range, never
    clipped; transparency is laid over white; CMYK and Lab go through the file's colour
    profile where it has one. Any other mode is what Pillow's ``convert("RGB")`` gives.

    Parameters
    ----------
    image
        Loaded, of any mode.
    shrink
        Average blocks of ``shrink`` × ``shrink`` pixels.

    Returns
    -------
    rgb
        ``(⌈H / shrink⌉, ⌈W / shrink⌉, 3)`` uint8.
    rgba
        The same with its transparency, not laid over white; None when it has none.
    notes
        What the person should know, one phrase each.
    """
    convert, notes = _conversion(image)
    width, height = image.size
    rows = max(_PIECE // width // shrink, 1) * shrink
    rgb = np.empty((-(-height // shrink), -(-width // shrink), 3), np.uint8)
    rgba = np.empty((*rgb.shape[:2], 4), np.uint8)  # its pages stay unused without one
    transparent = seen_through = False
    for top in range(0, height, rows):
        part = convert(image.crop((0, top, width, min(top + rows, height))))
        first = top // shrink
        last = first - (-len(part) // shrink)
        if part.shape[2] == 4:
            rgba[first:last] = _shrunk(part, shrink)
            part, holes = over_white(part)
            transparent, seen_through = True, seen_through | holes
        rgb[first:last] = _shrunk(part, shrink)
    notes += [OVER_WHITE] * seen_through
    return rgb, rgba if transparent else None, notes


def _shrunk(pixels: Pixels, shrink: int) -> Pixels:
    """Average blocks of ``shrink`` × ``shrink`` pixels."""
    if shrink == 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).reduce(shrink))


def _conversion(image: Image.Image) -> tuple[Convert, list[str]]:
    """Choose how pieces of this picture become RGB or RGBA; say it in words."""
    if image.mode.startswith("I;16") or image.mode in _DEEP:
        values = np.asarray(image)
        low, high = finite_range(values)
        what = _DEEP.get(image.mode, "16-bit")

        def deep(piece: Image.Image) -> Pixels:
            grey = rescale(np.asarray(piece), low, high)
            return np.repeat(grey[..., None], 3, axis=2)

        return deep, range_notes(what, values, low, high)

    if image.mode in ("CMYK", "LAB"):
        transform = _profile_transform(image)
        how = "its colour profile" if image.info.get("icc_profile") else "CIE Lab"
        if transform is not None:
            return (
                lambda piece: np.asarray(transform.apply(piece)),
                [f"{image.mode} converted through {how}"],
            )
        return _through("RGB"), [f"{image.mode} converted without a colour profile"]

    if image.mode in _UNPREMULTIPLIED:
        between = _UNPREMULTIPLIED[image.mode]
        return lambda piece: np.asarray(piece.convert(between).convert("RGBA")), []
    return _through("RGBA" if image.has_transparency_data else "RGB"), []


def _through(mode: str) -> Convert:
    """Return Pillow's own conversion to a mode."""
    return lambda piece: np.asarray(piece.convert(mode))


def _profile_transform(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """Return the way from the picture's colours to sRGB; None if there is none."""
    embedded = image.info.get("icc_profile")
    try:
        if embedded:
            source = ImageCms.ImageCmsProfile(BytesIO(embedded))
        elif image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            return None
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.buildTransform(source, target, image.mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a profile that is damaged or of another kind of colours


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror stored pixels as the Exif orientation says.

    Parameters
    ----------
    pixels
        ``(H, W, 3)``.
    orientation
        1 … 8, Exif 2.32 tag 274: where row 0 and column 0 of the stored pixels are
        in the scene. Any other number leaves the pixels as they are.

    Returns
    -------
    ``(H, W, 3)``, or ``(W, H, 3)`` for 5 … 8.
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
