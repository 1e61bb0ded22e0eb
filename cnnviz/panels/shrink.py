"""A picture made smaller than its pixels, for looking at from afar."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.pictures.colours import GAP, MIDDLE, NAN, NEG_INF, POS_INF


def _block_sums(plane: NDArray[Any], factor: int) -> NDArray[np.uint32]:
    """Add up blocks of ``(H, W)``, both multiples of ``factor``."""
    small = np.uint16 if factor < 256 else np.uint32
    tall = np.zeros((len(plane) // factor, plane.shape[1]), small)
    for i in range(factor):
        np.add(tall, plane[i::factor], out=tall)
    sums = np.zeros((len(tall), tall.shape[1] // factor), np.uint32)
    for i in range(factor):
        np.add(sums, tall[:, i::factor], out=sums)
    return sums


def shrink(
    picture: NDArray[np.uint8],
    table: NDArray[np.uint8] | None,
    factor: int,
    ground: tuple[int, int, int],
) -> NDArray[np.uint8]:
    """Average blocks of pixels, so that no part of a map is skipped.

    A block that holds a NaN or an infinity takes that mark's colour whole: one bad
    cell of a large map stays in sight.

    Parameters
    ----------
    picture
        ``(H, W)`` codes, or ``(H, W, 3)`` colours.
    table
        ``(256, 4)`` colours of the codes; None for colours.
    factor
        Rows and columns of a block, at least 1; the last ones are filled up with
        ground.
    ground
        Colour of gaps.

    Returns
    -------
    ``(⌈H/factor⌉, ⌈W/factor⌉, 3)`` uint8.
    """
    high, wide = picture.shape[:2]
    fill = ((0, -high % factor), (0, -wide % factor))
    planes = []
    if table is None:
        for band in range(3):
            plane = picture[..., band]
            planes.append(np.pad(plane, fill, constant_values=ground[band]))
        codes = None
    else:
        codes = np.pad(picture, fill, constant_values=GAP)
        for band in range(3):
            colours = table[:, band].copy()
            colours[GAP] = ground[band]
            planes.append(colours[codes])
    sums = np.stack([_block_sums(plane, factor) for plane in planes], -1)
    small = (sums // factor**2).astype(np.uint8)
    if codes is not None and table is not None:
        odd = (codes >= NAN) & (codes < GAP)
        for code in (POS_INF, NEG_INF, NAN) if odd.any() else ():
            small[_block_sums(codes == code, factor) > 0] = table[code, :3]
    return small


def extremes(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Keep of each block of signed codes the one furthest from zero.

    For weights, whose mean over a block says next to nothing. Marks win.

    Parameters
    ----------
    picture
        ``(H, W)`` codes of signed data.
    factor
        Rows and columns of a block.

    Returns
    -------
    ``(⌈H/factor⌉, ⌈W/factor⌉)`` codes; a block of nothing but gaps is a gap.
    """
    high, wide = picture.shape
    codes = np.pad(
        picture, ((0, -high % factor), (0, -wide % factor)), constant_values=GAP
    )
    for axis in (0, 1):
        parts = [
            codes[(slice(None),) * axis + (slice(i, None, factor),)]
            for i in range(factor)
        ]
        codes = parts[0].copy()
        for part in parts[1:]:
            np.copyto(codes, part, where=_far(part) > _far(codes))
    return codes


def _far(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return how far codes are from zero; gaps not at all."""
    return _DISTANCE[codes]


_DISTANCE = np.abs(np.arange(256) - MIDDLE).astype(np.uint8)
_DISTANCE[GAP] = 0
