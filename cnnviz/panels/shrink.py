"""A picture made smaller than its pixels, for looking at from afar."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.pictures.colours import GAP, MIDDLE, NAN, NEG_INF, POS_INF

Block = tuple[int, int]
"""Rows and columns averaged into one."""


def _block_sums(plane: NDArray[Any], block: Block) -> NDArray[np.uint32]:
    """Add up blocks of ``(H, W)``, both multiples of the block's."""
    down, across = block
    small = np.uint16 if down < 256 else np.uint32
    tall = np.zeros((len(plane) // down, plane.shape[1]), small)
    for i in range(down):
        np.add(tall, plane[i::down], out=tall)
    sums = np.zeros((len(tall), tall.shape[1] // across), np.uint32)
    for i in range(across):
        np.add(sums, tall[:, i::across], out=sums)
    return sums


def shrink(
    picture: NDArray[np.uint8],
    table: NDArray[np.uint8] | None,
    block: Block,
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
    block
        Rows and columns of a block, at least 1; the last ones are filled up with
        ground.
    ground
        Colour of gaps.

    Returns
    -------
    ``(⌈H/rows⌉, ⌈W/columns⌉, 3)`` uint8.
    """
    high, wide = picture.shape[:2]
    fill = ((0, -high % block[0]), (0, -wide % block[1]))
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
    sums = np.stack([_block_sums(plane, block) for plane in planes], -1)
    small = (sums // (block[0] * block[1])).astype(np.uint8)
    if codes is not None and table is not None:
        odd = (codes >= NAN) & (codes < GAP)
        for code in (POS_INF, NEG_INF, NAN) if odd.any() else ():
            small[_block_sums(codes == code, block) > 0] = table[code, :3]
    return small


def extremes(picture: NDArray[np.uint8], block: Block) -> NDArray[np.uint8]:
    """Keep of each block of signed codes the one furthest from zero.

    For weights, whose mean over a block says next to nothing. Marks win.

    Parameters
    ----------
    picture
        ``(H, W)`` codes of signed data.
    block
        Rows and columns of a block.

    Returns
    -------
    ``(⌈H/rows⌉, ⌈W/columns⌉)`` codes; a block of nothing but gaps is a gap.
    """
    high, wide = picture.shape
    fill = ((0, -high % block[0]), (0, -wide % block[1]))
    codes = np.pad(picture, fill, constant_values=GAP)
    for axis, many in enumerate(block):
        best, *others = (
            codes.take(range(i, codes.shape[axis], many), axis) for i in range(many)
        )
        for other in others:
            np.copyto(best, other, where=_far(other) > _far(best))
        codes = best
    return codes


def _far(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return how far codes are from zero; gaps not at all."""
    return _DISTANCE[codes]


_DISTANCE = np.abs(np.arange(256) - MIDDLE).astype(np.uint8)
_DISTANCE[GAP] = 0
