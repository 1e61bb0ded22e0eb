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

# Stops of the sequential tables: OKLCH lightness, chroma, hue in degrees.
_STOPS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "ember": (
        (0.12, 0.045, 280.0),
        (0.27, 0.120, 298.0),
        (0.44, 0.190, 342.0),
        (0.60, 0.200, 382.0),
        (0.75, 0.165, 415.0),
        (0.88, 0.140, 448.0),
        (0.97, 0.070, 465.0),
    ),
    "grey": ((0.10, 0.0, 0.0), (0.98, 0.0, 0.0)),
    "sea": (
        (0.12, 0.040, 285.0),
        (0.30, 0.100, 268.0),
        (0.48, 0.105, 238.0),
        (0.66, 0.105, 200.0),
        (0.82, 0.110, 165.0),
        (0.97, 0.050, 125.0),
    ),
}
SEQUENTIAL: tuple[str, ...] = tuple(_STOPS)
"""Names of the sequential tables."""

# Neutral middle, then lightness, chroma and hue of the two ends, negative first.
_DIVERGING = {
    True: ((0x16, 0x18, 0x1D), 0.82, ((0.115, 238.0), (0.150, 62.0))),
    False: ((0xF6, 0xF7, 0xF9), 0.42, ((0.180, 262.0), (0.140, 40.0))),
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
    return np.rint(s * 255).astype(np.uint8)


def _into_gamut(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shrink chroma, keeping lightness and hue, until sRGB can show the colour."""
    low, high = np.zeros(len(lab)), np.ones(len(lab))
    for _ in range(24):
        keep = (low + high) / 2
        tried = _linear(lab * np.stack([np.ones_like(keep), keep, keep], 1))
        inside = ((tried >= 0) & (tried <= 1)).all(axis=1)
        low, high = np.where(inside, keep, low), np.where(inside, high, keep)
    keep = np.where((_linear(lab) >= 0).all(1) & (_linear(lab) <= 1).all(1), 1.0, low)
    return lab * np.stack([np.ones_like(keep), keep, keep], 1)


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
    if name not in _STOPS:
        raise ValueError(f"colours {name!r}: wanted one of {', '.join(SEQUENTIAL)}")
    stops = np.array(_STOPS[name])
    at = np.linspace(0, len(stops) - 1, 2001)
    light, chroma, hue = (
        np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)
    )
    hue = np.radians(hue)
    lab = np.stack([light, chroma * np.cos(hue), chroma * np.sin(hue)], 1)
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
    neutral, light, ends = _DIVERGING[dark]
    middle = oklab(np.array(neutral, np.uint8))
    t = np.linspace(0, 1, MIDDLE + 1)[:, None]
    arms = []
    for chroma, hue in ends:
        a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
        end = np.array([light, a, b])
        arms.append(_srgb(_into_gamut(middle + t * (end - middle))))
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
