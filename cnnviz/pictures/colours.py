"""Colour tables for 8-bit pictures, built in OKLab.

A picture is a map of codes. Codes 0 … 251 are values, the last four are marks:

=========  ====================================================================
0 … 251    non-negative data: 0 is zero (dark end), 251 the top of the scale
0 … 250    signed data: 125 is zero (neutral middle), 0 and 250 the two ends
252 … 255  NaN, −∞, +∞, gap between tiles (transparent)
=========  ====================================================================

OKLab and its matrices: Björn Ottosson, "A perceptual color space for image
processing" (2020), https://bottosson.github.io/posts/oklab/. sRGB transfer curve:
IEC 61966-2-1.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

NAN, NEG_INF, POS_INF, GAP = 252, 253, 254, 255
"""Reserved codes."""

TOP = 251
"""Code of the top of a non-negative scale."""

MIDDLE = 125
"""Code of zero on a signed scale, which runs from 0 to ``2 * MIDDLE``."""

MARKS: dict[int, tuple[int, int, int, int]] = {
    NAN: (0, 255, 60, 255),
    NEG_INF: (0, 255, 255, 255),
    POS_INF: (255, 0, 255, 255),
    GAP: (0, 0, 0, 0),
}
"""RGBA of the reserved codes: corners of the sRGB cube, which no table goes near."""

_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

# Control points of the sequential tables: OKLCH lightness, chroma, hue in degrees.
_CONTROLS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "ember": (
        (0.12, 0.045, 278.0),
        (0.24, 0.120, 292.0),
        (0.40, 0.215, 328.0),
        (0.58, 0.235, 372.0),
        (0.74, 0.190, 420.0),
        (0.87, 0.130, 464.0),
        (0.97, 0.075, 466.0),
    ),
    "grey": ((0.11, 0.0, 0.0), (0.98, 0.0, 0.0)),
    "sea": (
        (0.12, 0.040, 285.0),
        (0.28, 0.095, 278.0),
        (0.46, 0.105, 250.0),
        (0.64, 0.085, 205.0),
        (0.82, 0.110, 155.0),
        (0.97, 0.050, 120.0),
    ),
}
SEQUENTIAL: tuple[str, ...] = tuple(_CONTROLS)
"""Names of the sequential tables."""

# Neutral middle, a shade off the canvas so that a tile of zeros keeps its outline;
# lightness of the ends; their chroma and hue, negative first.
_DIVERGING = {
    True: ((0x1F, 0x22, 0x28), 0.84, ((0.110, 236.0), (0.140, 64.0))),
    False: ((0xEC, 0xEE, 0xF1), 0.45, ((0.190, 262.0), (0.160, 34.0))),
}


def oklab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Convert sRGB ``(…, 3)`` uint8 to OKLab ``(…, 3)``: L 0 … 1, a, b."""
    s = np.asarray(rgb, np.float64) / 255
    linear = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _LMS.T) @ _LAB.T)


def _linear(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert OKLab to linear sRGB, unclipped."""
    cones = lab @ np.linalg.inv(_LAB).T
    return np.asarray(cones**3 @ np.linalg.inv(_LMS).T)


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Convert OKLab to sRGB uint8."""
    x = _linear(lab).clip(0, 1)
    s = np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055)
    levels: NDArray[np.uint8] = np.rint(s * 255).astype(np.uint8)
    return levels


def _into_gamut(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrink chroma, keeping lightness and hue, until sRGB can show the colour."""
    low, high = np.zeros(len(lab)), np.ones(len(lab))
    for _ in range(24):
        keep = (low + high) / 2
        tried = _linear(lab * np.stack([np.ones_like(keep), keep, keep], 1))
        inside = ((tried >= 0) & (tried <= 1)).all(axis=1)
        low, high = np.where(inside, keep, low), np.where(inside, high, keep)
    keep = np.where((_linear(lab) >= 0).all(1) & (_linear(lab) <= 1).all(1), 1.0, low)
    return np.asarray(lab * np.stack([np.ones_like(keep), keep, keep], 1))


def _polar(
    light: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Convert OKLCH, hue in degrees, to OKLab ``(n, 3)``."""
    angle = np.radians(hue)
    return np.stack([light, chroma * np.cos(angle), chroma * np.sin(angle)], 1)


def _bezier(controls: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return points of a Bézier curve; it rises wherever its controls rise."""
    degree = len(controls) - 1
    t = np.linspace(0, 1, count)[:, None]
    i = np.arange(degree + 1)
    ways = np.array([math.comb(degree, int(k)) for k in i])
    return np.asarray((ways * t**i * (1 - t) ** (degree - i)) @ controls)


def _even(path: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Resample a path through OKLab at equal distances along it."""
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)])
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along, path[:, i]) for i in range(3)], 1)


@cache
def sequential(name: str = "ember") -> NDArray[np.uint8]:
    """Return a table for non-negative data, dark (zero) to light.

    Lightness only rises, and neighbouring colours are equally far apart in OKLab.

    Parameters
    ----------
    name
        One of ``SEQUENTIAL``.

    Returns
    -------
    ``(252, 3)`` uint8 sRGB, read-only.

    Raises
    ------
    ValueError
        There is no table of that name.
    """
    if name not in _CONTROLS:
        raise ValueError(f"colours {name!r}: wanted one of {', '.join(SEQUENTIAL)}")
    light, chroma, hue = _bezier(np.array(_CONTROLS[name]), 2001).T
    lab = _polar(light, chroma, hue)
    colours = _srgb(_even(_into_gamut(lab), TOP + 1))
    colours.flags.writeable = False
    return colours


@cache
def diverging(dark: bool) -> NDArray[np.uint8]:
    """Return a table for signed data: blue below zero, orange above.

    Both arms leave the neutral middle (code 125) with the same lightness at the same
    distance from zero. Row 251 repeats row 250, so that the table has a row for
    every code.

    Parameters
    ----------
    dark
        The canvas is dark: the middle is dark and the ends are light.

    Returns
    -------
    ``(252, 3)`` uint8 sRGB, read-only.
    """
    neutral, end, hues = _DIVERGING[dark]
    start, _, _ = oklab(np.array(neutral, np.uint8))
    t = np.linspace(0, 1, MIDDLE + 1)
    light = start + t * (end - start)
    arms = [
        _srgb(
            _into_gamut(
                _polar(light, chroma * (1 - (1 - t) ** 2), np.full_like(t, hue))
            )
        )
        for chroma, hue in hues
    ]
    for arm in arms:
        arm[0] = neutral
    colours = np.concatenate([arms[0][:0:-1], arms[1], arms[1][-1:]])
    colours.flags.writeable = False
    return colours


@cache
def table(look_colours: str, signed: bool, dark: bool) -> NDArray[np.uint8]:
    """Return the colour of every code.

    Parameters
    ----------
    look_colours
        Name of the table for non-negative data; not used for signed data.
    signed
        Zero is in the middle.
    dark
        The canvas is dark.

    Returns
    -------
    ``(256, 4)`` uint8 RGBA, read-only; the gap is transparent.

    Raises
    ------
    ValueError
        There is no table of that name.
    """
    chosen = sequential(look_colours)
    if signed:
        chosen = diverging(dark)
    colours = np.full((256, 4), 255, np.uint8)
    colours[: TOP + 1, :3] = chosen
    for code, mark in MARKS.items():
        colours[code] = mark
    colours.flags.writeable = False
    return colours
