"""The watch's own measure, its steel and its lettering."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scenes.paint import SCALE, Patch, lay, linear, outline, ramp

SIDE = 640
CENTRE = np.array([318.0, 320.0])
TILT = np.deg2rad(-14)
CASE, BEZEL, DIAL = 158.0, 136.0, 118.0
ZOOM = 1.24
"""Picture pixels per unit of the watch's own measure."""


def place(p: float | np.ndarray, q: float | np.ndarray) -> np.ndarray:
    """Return picture coordinates of watch coordinates."""
    across = p * np.cos(TILT) - q * np.sin(TILT)
    down = p * np.sin(TILT) + q * np.cos(TILT)
    return CENTRE + np.stack([across, down], axis=-1) * ZOOM


def polar(radius: float | np.ndarray, turn: float | np.ndarray) -> np.ndarray:
    """Return picture coordinates of a place on the dial, ``turn`` in hours / 12."""
    angle = 2 * np.pi * np.asarray(turn)
    return place(radius * np.sin(angle), -radius * np.cos(angle))


def line(
    picture: np.ndarray, ends: list[np.ndarray], width: float, colour: str
) -> None:
    """Paint a line, its width in the watch's measure."""
    lay(picture, linear(colour), outline(picture.shape, ends, width * ZOOM))


def steel(value: np.ndarray) -> np.ndarray:
    """Return the colour of polished steel that mirrors a bright or dark place."""
    return ramp(
        value,
        [
            (0, "#1b1e24"),
            (0.3, "#5b616b"),
            (0.55, "#a9afb8"),
            (0.8, "#e3e6ea"),
            (1, "#ffffff"),
        ],
    )


def text(words: str, size: float, centre: np.ndarray, turn: float) -> Patch:
    """Return words around a place, upright to the watch and turned with the dial."""
    fine = 4
    font = ImageFont.load_default(size * ZOOM * fine * SCALE)
    left, top, right, bottom = font.getbbox(words)
    pad = 8
    image = Image.new("L", (int(right - left) + 2 * pad, int(bottom - top) + 2 * pad))
    ImageDraw.Draw(image).text((pad - left, pad - top), words, 255, font)
    degrees = -np.rad2deg(TILT) - 360 * turn
    image = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    height, width = (image.height // fine) * fine, (image.width // fine) * fine
    mask = np.asarray(image.crop((0, 0, width, height)).reduce(fine)) / 255
    row, column = (centre[::-1] * SCALE - np.array(mask.shape) / 2).round().astype(int)
    box = slice(row, row + mask.shape[0]), slice(column, column + mask.shape[1])
    return Patch(box, mask)
