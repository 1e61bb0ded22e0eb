"""Brushes: masks, noise, blur and mixing, in linear light.

A picture is ``(H, W, 3)`` float64 in linear light; a mask is ``(H, W)`` in 0 … 1.
Lengths are in pixels of the finished picture; ``SCALE`` of them are drawn per pixel
and averaged at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

SCALE = 2
"""Drawn pixels per finished pixel and axis."""

_EDGE = 3
"""Further subdivision of outlines."""


def linear(colour: str) -> np.ndarray:
    """Return ``"#rrggbb"`` as three linear-light values (IEC 61966-2-1)."""
    code = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``x`` and ``y`` of every drawn pixel's centre."""
    y, x = np.mgrid[0 : height * SCALE, 0 : width * SCALE]
    return (x + 0.5) / SCALE, (y + 0.5) / SCALE


def finish(picture: np.ndarray, grain: float = 0.0, seed: int = 0) -> Image.Image:
    """Average down, add film grain, encode as sRGB."""
    height, width = picture.shape[0] // SCALE, picture.shape[1] // SCALE
    small = picture.reshape(height, SCALE, width, SCALE, 3).mean((1, 3)).clip(0, 1)
    code = np.where(
        small <= 0.0031308, small * 12.92, 1.055 * small ** (1 / 2.4) - 0.055
    )
    rng = np.random.default_rng(seed)
    code += rng.normal(0, grain, code.shape[:2])[..., None]
    return Image.fromarray(np.rint(code.clip(0, 1) * 255).astype(np.uint8))


def mix(under: np.ndarray, over: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lay a colour or picture over another through a mask."""
    return under + (over - under) * mask[..., None]


def step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = ((value - low) / (high - low)).clip(0, 1)
    return t * t * (3 - 2 * t)


def ramp(value: np.ndarray, stops: list[tuple[float, str]]) -> np.ndarray:
    """Return colours interpolated between stops along a value."""
    at = [place for place, _ in stops]
    colours = np.array([linear(colour) for _, colour in stops])
    channels = [np.interp(value, at, colours[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1)


@dataclass(frozen=True, slots=True)
class Patch:
    """A mask on a part of the picture.

    ``box`` are the drawn rows and columns, ``mask`` the cover in 0 … 1 there.
    """

    box: tuple[slice, slice]
    mask: np.ndarray

    def __mul__(self, strength: float | np.ndarray) -> Patch:
        """Return the patch thinned out."""
        return Patch(self.box, self.mask * strength)

    def full(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the mask on the whole picture."""
        whole = np.zeros(shape[:2])
        whole[self.box] = self.mask
        return whole


def lay(picture: np.ndarray, over: np.ndarray, patch: Patch) -> None:
    """Paint a colour, or pixels of the patch's size, into the picture itself."""
    picture[patch.box] = mix(picture[patch.box], over, patch.mask)


def outline(
    shape: tuple[int, ...],
    points: np.ndarray | list[tuple[float, float]],
    width: float | None = None,
) -> Patch:
    """Return a filled polygon, or a line of some width along its points."""
    points = np.asarray(points, float)
    margin = (width or 0) + 2
    limit = np.array((shape[1], shape[0]))
    low = (np.floor(points.min(0) - margin) * SCALE).clip(0, limit).astype(int)
    high = (np.ceil(points.max(0) + margin) * SCALE).clip(0, limit).astype(int)
    box = slice(low[1], high[1]), slice(low[0], high[0])
    size = (high - low) * _EDGE
    if not size.all():
        return Patch(box, np.zeros((high - low)[::-1]))
    image = Image.new("L", (int(size[0]), int(size[1])))
    corners = [tuple(p) for p in points * SCALE * _EDGE - low * _EDGE - 0.5]
    draw = ImageDraw.Draw(image)
    if width is None:
        draw.polygon(corners, fill=255)
    else:
        draw.line(corners, 255, max(round(width * SCALE * _EDGE), 1), joint="curve")
    return Patch(box, np.asarray(image.reduce(_EDGE)) / 255)


def soften(patch: Patch, sigma: float, shape: tuple[int, ...]) -> Patch:
    """Return the patch blurred, its box grown to hold the softness."""
    reach = int(3 * sigma * SCALE) + 1
    rows, columns = patch.box
    wide = np.pad(patch.mask, reach)
    mask = blur(wide, sigma)
    top, left = max(rows.start - reach, 0), max(columns.start - reach, 0)
    bottom = min(rows.stop + reach, shape[0])
    right = min(columns.stop + reach, shape[1])
    y0, x0 = top - rows.start + reach, left - columns.start + reach
    return Patch(
        (slice(top, bottom), slice(left, right)),
        mask[y0 : y0 + bottom - top, x0 : x0 + right - left],
    )


def bezier(*points: tuple[float, float], count: int = 40) -> np.ndarray:
    """Return points along the Bézier curve of any degree (de Casteljau)."""
    t = np.linspace(0, 1, count)[:, None]
    levels = [np.array(p, float)[None] for p in points]
    while len(levels) > 1:
        levels = [a + (b - a) * t for a, b in pairwise(levels)]
    return np.broadcast_to(levels[0], (count, 2))


def moved(points: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Return points shifted, as for a shadow."""
    return np.asarray(points) + np.array((dx, dy))


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian of ``sigma`` finished pixels; edges are mirrored."""
    sigma *= SCALE
    reach = int(3 * sigma) + 1
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    for axis in (0, 1):
        pad = [(0, 0)] * image.ndim
        pad[axis] = (reach, reach)
        wide = np.pad(image, pad, mode="symmetric")
        length = wide.shape[axis]
        kernel = np.fft.rfft(taps / taps.sum(), length)
        shape = [1] * image.ndim
        shape[axis] = -1
        spectrum = np.fft.rfft(wide, axis=axis) * kernel.reshape(shape)
        whole = np.fft.irfft(spectrum, length, axis=axis)
        keep = [slice(None)] * image.ndim
        keep[axis] = slice(2 * reach, 2 * reach + image.shape[axis])
        image = whole[tuple(keep)]
    return image


def noise(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Return gradient noise in about −1 … 1, one feature per unit length.

    Perlin, "Improving noise", SIGGRAPH 2002.
    """
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, 65536)
    across, down = np.cos(angle), np.sin(angle)
    x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - x0, y - y0

    def corner(dx: int, dy: int) -> np.ndarray:
        at = ((y0 + dy) & 255) * 256 + ((x0 + dx) & 255)
        return across[at] * (fx - dx) + down[at] * (fy - dy)

    u = fx**3 * (fx * (fx * 6 - 15) + 10)
    v = fy**3 * (fy * (fy * 6 - 15) + 10)
    top = corner(0, 0) * (1 - u) + corner(1, 0) * u
    bottom = corner(0, 1) * (1 - u) + corner(1, 1) * u
    return (top * (1 - v) + bottom * v) * 1.5


def clouds(x: np.ndarray, y: np.ndarray, seed: int, octaves: int = 6) -> np.ndarray:
    """Return fractal noise: octaves of ``noise`` at halved size and strength."""
    return sum(
        noise(x * 2**i + 17.3 * i, y * 2**i + 5.7 * i, seed + i) / 2**i
        for i in range(octaves)
    )
