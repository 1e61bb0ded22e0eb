"""Which value gets which colour: the scale of a layer's maps, and its codes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array
from cnnviz.core.look import Scale
from cnnviz.pictures.colours import MIDDLE, NAN, NEG_INF, POS_INF, TOP
from cnnviz.pictures.kept import Kept

_CHUNK = 1 << 16
"""Cells quantised at a time, so that the work stays in the processor's cache."""


_MOST = 1024
"""So many scales are kept; one weighs 33 bytes a map."""

_CODES = 24_000_000
"""Bytes of codes that are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The scale of a set of maps, and what is odd about them.

    Attributes
    ----------
    low, high
        ``(C,)`` float64: ends of each map's scale, in the data's unit; all equal
        unless ``per_map``. ``-high`` and ``high`` for signed data, 0 and the largest
        value otherwise; both 0 where there is nothing but zeros.
    signed
        Zero is in the middle of the scale.
    nan, pos_inf, neg_inf
        Counts of such cells over all maps.
    constant
        ``(C,)`` bool: every cell of the map holds the same finite value.
    per_map
        Every map has a scale of its own.
    minimum, maximum
        ``(C,)`` float64: range of each map's finite cells, NaN where it has none.
    cells
        Cells of one map.
    locked
        The scale was given, not found; cells beyond it show its end colours.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    signed: bool
    nan: int
    pos_inf: int
    neg_inf: int
    constant: NDArray[np.bool_]
    per_map: bool
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    cells: int
    locked: bool = False

    @property
    def finite_range(self) -> tuple[float, float] | None:
        """Least and largest finite cell of all maps; None if there is none."""
        known = ~np.isnan(self.minimum)
        if not known.any():
            return None
        return float(self.minimum[known].min()), float(self.maximum[known].max())


_FOUND: Kept[Levels] = Kept(_MOST)
_CODED: Kept[NDArray[np.uint8]] = Kept(_CODES, lambda codes: codes.nbytes + 256)


def _real(maps: Array) -> NDArray[np.floating[Any]]:
    """Return float32 or float64 values; complex ones by magnitude."""
    maps = np.asarray(maps)
    if maps.dtype.kind == "c":
        maps = np.abs(maps)
    if maps.dtype in (np.float32, np.float64):
        return maps
    small = maps.dtype.itemsize <= 2
    return maps.astype(np.float32 if small else np.float64)


def _rows(maps: NDArray[Any]) -> NDArray[Any]:
    """View maps ``(C, *spatial)`` as ``(C, cells)``."""
    return maps.reshape(len(maps), math.prod(maps.shape[1:]))


def levels(
    maps: Array,
    scale: Scale = "layer",
    bound: float = 1.0,
    signed: bool | None = None,
) -> Levels:
    """Find the scale of a set of maps. Only finite cells count.

    The scale of maps that never change is found once; see ``Kept``.

    Parameters
    ----------
    maps
        ``(C, *spatial)``, any number type; may be empty.
    scale
        One scale for the whole ``"layer"``, one per ``"map"``, or ``"locked"``.
    bound
        Largest absolute value of a locked scale, above 0.
    signed
        Put zero in the middle; None: if there is a negative cell.

    Raises
    ------
    ValueError
        A locked scale has no positive finite bound.
    """
    if scale == "locked" and not 0 < bound < math.inf:
        raise ValueError(f"a locked scale needs a bound above 0, got {bound}")
    maps = np.asarray(maps)
    question = scale, bound if scale == "locked" else 0, signed
    return _FOUND.get(maps, question, lambda: _levels(maps, scale, bound, signed))


def _levels(maps: Array, scale: Scale, bound: float, signed: bool | None) -> Levels:
    """Find the scale of a set of maps; see ``levels``."""
    rows = _rows(_real(maps))
    count, cells = rows.shape
    nan = pos_inf = neg_inf = 0
    if cells:
        with np.errstate(invalid="ignore"):
            least = rows.min(axis=1).astype(np.float64)
            most = rows.max(axis=1).astype(np.float64)
    else:
        least = most = np.full(count, np.nan)
    odd = ~(np.isfinite(least) & np.isfinite(most))
    constant = ~odd & (least == most)
    if cells and odd.any():
        some = rows[odd]
        finite = np.isfinite(some)
        nan = int(np.isnan(some).sum())
        pos_inf, neg_inf = int((some == np.inf).sum()), int((some == -np.inf).sum())
        none = ~finite.any(axis=1)
        least[odd] = np.where(none, np.nan, np.where(finite, some, np.inf).min(1))
        most[odd] = np.where(none, np.nan, np.where(finite, some, -np.inf).max(1))
    if signed is None:
        signed = bool((least < 0).any())
    reach = np.nan_to_num(np.maximum(np.abs(least), most) if signed else most, nan=0.0)
    reach = np.maximum(reach, 0.0)
    if scale == "locked":
        reach = np.full(count, float(bound))
    elif scale == "layer":
        reach = np.full(count, reach.max(initial=0.0))
    low = -reach if signed else np.zeros(count)
    return Levels(
        low,
        reach,
        signed,
        nan,
        pos_inf,
        neg_inf,
        constant,
        scale == "map",
        least,
        most,
        cells,
        scale == "locked",
    )


def quantise(maps: Array, levels: Levels) -> NDArray[np.uint8]:
    """Turn values into codes of the colour tables.

    Zero becomes exactly code 0, or 125 for signed data. Values beyond the scale get
    the code of its end; NaN and infinities their reserved codes.

    Parameters
    ----------
    maps
        ``(C, *spatial)``, any number type.
    levels
        The scale, for the same number of maps.

    Returns
    -------
    ``(C, *spatial)`` uint8.
    """
    maps = _real(maps)
    rows = _rows(maps)
    count, cells = rows.shape
    codes = np.empty(rows.shape, np.uint8)
    reach = np.where(levels.high > 0, levels.high, 1.0).astype(rows.dtype)
    if not (np.isfinite(reach) & (reach > 0)).all():
        rows, reach = rows.astype(np.float64), np.where(levels.high > 0, levels.high, 1)
    floor, steps, zero = (-1, MIDDLE, MIDDLE) if levels.signed else (0, TOP, 0)
    step = max(1, _CHUNK // max(cells, 1))
    buffer = np.empty((min(step, count), cells), rows.dtype)
    for first in range(0, count if cells else 0, step):
        part = rows[first : first + step]
        work = buffer[: len(part)]
        with np.errstate(over="ignore", invalid="ignore"):
            np.divide(part, reach[first : first + step, None], out=work)
            inside = work.min() >= floor and work.max() <= 1
        if not inside:
            np.clip(work, floor, 1, out=work)
            np.nan_to_num(work, copy=False, nan=0.0)
        work *= steps
        work += zero + 0.5
        target = codes[first : first + step]
        np.copyto(target, work, casting="unsafe")
        if not inside:
            target[np.isnan(part)] = NAN
            target[part == np.inf] = POS_INF
            target[part == -np.inf] = NEG_INF
    return codes.reshape(maps.shape)


def coded(maps: Array, levels: Levels) -> NDArray[np.uint8]:
    """Return the codes of maps as ``quantise`` does, read-only and once.

    Those of maps that never change are kept for as long as there is room; see ``Kept``.
    """

    def found() -> NDArray[np.uint8]:
        codes = quantise(maps, levels)
        codes.flags.writeable = False
        return codes

    high = levels.high
    reach = high.tobytes() if levels.per_map else high[:1].tobytes()
    return _CODED.get(maps, (levels.signed, reach), found)


def ramp(signed: bool) -> NDArray[np.uint8]:
    """Return every code of a scale from low to high, for the scale bar."""
    return np.arange(2 * MIDDLE + 1 if signed else TOP + 1, dtype=np.uint8)


def one_of(found: Levels, channel: int) -> Levels:
    """Return the scale of one map out of a set."""
    part = slice(channel, channel + 1)
    return replace(
        found,
        low=found.low[part],
        high=found.high[part],
        constant=found.constant[part],
        minimum=found.minimum[part],
        maximum=found.maximum[part],
    )
