"""A map laid over the picture it belongs to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array
from cnnviz.pictures.colours import TOP
from cnnviz.pictures.levels import levels, quantise


def _places(size: int, cells: int, centres: Array | None) -> NDArray[np.float64]:
    """Return, for each pixel of an axis, where it falls between the map's cells."""
    pixels = np.arange(size)
    if centres is None:
        return np.clip((pixels + 0.5) * cells / size - 0.5, 0, cells - 1)
    return np.interp(pixels, centres, np.arange(cells))


def _blend(values: Array, at: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Interpolate linearly along one axis."""
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    weight = np.expand_dims(at - low, 1 - axis)
    first, second = values.take(low, axis), values.take(high, axis)
    return np.asarray(first + weight * (second - first))


def overlay(
    rgb: NDArray[np.uint8],
    values: Array,
    table: NDArray[np.uint8],
    strength: float = 0.7,
    *,
    signed: bool | None = None,
    smooth: bool = False,
    centres: tuple[Array, Array] | None = None,
) -> NDArray[np.uint8]:
    """Stretch a map over a picture; the further from zero, the more colour.

    Where the map is zero the picture is untouched; so a map without positive values
    on a scale that starts at zero leaves the picture as it is.

    Parameters
    ----------
    rgb
        ``(H, W, 3)`` uint8.
    values
        ``(h, w)`` map, rows first like the picture.
    table
        ``(256, 4)`` colours, see ``colours.table``.
    strength
        Share of the colour at the end of the scale, 0 … 1.
    signed
        As for ``levels``; must agree with the table. None: if a value is negative.
    smooth
        Blend between cells instead of showing them as blocks.
    centres
        Picture rows ``(h,)`` and columns ``(w,)`` at which the cells' receptive
        fields are centred, rising. None: the map covers the picture evenly.

    Returns
    -------
    ``(H, W, 3)`` uint8.
    """
    if values.size == 0:
        return rgb.copy()
    high, wide = rgb.shape[:2]
    down, across = centres if centres is not None else (None, None)
    y = _places(high, values.shape[0], down)
    x = _places(wide, values.shape[1], across)
    near = np.ix_(np.rint(y).astype(np.intp), np.rint(x).astype(np.intp))
    scale = levels(values[None], signed=signed)
    large = values[near]
    if smooth:
        known = np.where(np.isfinite(values), values, 0).astype(np.float64)
        blended = _blend(_blend(known, y, 0), x, 1)
        large = np.where(np.isfinite(large), blended, large)
    codes = quantise(large[None], scale)[0]
    reach = float(scale.high[0]) or 1.0
    share = np.abs(large) if scale.signed else large
    share = np.where(codes > TOP, 1.0, (np.nan_to_num(share) / reach).clip(0, 1))
    weight = (share * strength)[..., None]
    return np.rint(rgb + weight * (table[codes, :3].astype(float) - rgb)).astype(
        np.uint8
    )
