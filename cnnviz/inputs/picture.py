"""Pictures as arrays: 8-bit RGB, whatever the numbers were before."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError
from cnnviz.core.layers import Array

Pixels = NDArray[np.uint8]

OVER_WHITE = "transparent pixels shown over white"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture, upright and opaque.

    Attributes
    ----------
    rgb
        ``(H, W, 3)`` uint8, read-only.
    notes
        What was done to the file's own pixels ("frame 1 of 3"), one phrase each.
    title
        File name or the like.
    original
        ``(H0, W0)`` as it came, upright; differs from ``rgb``'s only where a very
        large picture was shrunk on opening.
    """

    rgb: Pixels
    notes: tuple[str, ...] = ()
    title: str = "picture"
    original: tuple[int, int] = field(default=(0, 0))
    rgba: Pixels | None = None

    def __post_init__(self) -> None:
        """Freeze the pixels."""
        self.rgb.flags.writeable = False
        if self.rgba is not None:
            self.rgba.flags.writeable = False
        if self.original == (0, 0):
            object.__setattr__(self, "original", self.rgb.shape[:2])


def finite_range(values: Array) -> tuple[float, float]:
    """Return the least and largest finite value; ``(0, 0)`` if there is none."""
    if values.dtype.kind != "f":
        return float(values.min()), float(values.max())
    finite = np.isfinite(values)
    if not finite.any():
        return 0.0, 0.0
    low = values.min(where=finite, initial=np.inf)
    high = values.max(where=finite, initial=-np.inf)
    return float(low), float(high)


def rescale(values: Array, low: float, high: float) -> Pixels:
    """Map ``low`` … ``high`` evenly to 0 … 255.

    Parameters
    ----------
    values
        Real numbers of any shape.
    low, high
        Finite. When they are equal every finite value becomes 0.

    Returns
    -------
    uint8 array of the same shape; NaN becomes 0, ``-inf`` 0 and ``+inf`` 255.
    """
    wide = values.astype(np.float64)
    half = high / 2 - low / 2  # halves, so that the widest range does not overflow
    if half == 0:
        return np.where(wide == np.inf, 255, 0).astype(np.uint8)
    scaled = (wide / 2 - low / 2) / half * 255
    return np.rint(np.clip(np.nan_to_num(scaled, nan=0), 0, 255)).astype(np.uint8)


def range_notes(what: str, values: Array, low: float, high: float) -> list[str]:
    """Say in words what ``rescale`` did.

    Parameters
    ----------
    what
        The kind of number, such as ``"16-bit"``.
    values
        As given to ``rescale``.
    low, high
        As given to ``rescale``.
    """
    if low == high:
        notes = [f"{what}, every value is {low:.6g}, shown as black"]
    else:
        notes = [f"{what}, rescaled from {low:.6g} … {high:.6g}"]
    if values.dtype.kind == "f":
        if missing := int(np.isnan(values).sum()):
            notes.append(f"{missing} NaN shown as black")
        if endless := int(np.isinf(values).sum()):
            notes.append(f"{endless} infinities shown as black (−) or white (+)")
    return notes


def to_picture(array: Array, title: str = "array") -> Picture:
    """Make a picture of an array.

    Parameters
    ----------
    array
        ``(H, W)`` or ``(H, W, 1)`` grey, ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA with
        alpha not premultiplied, shown over white. Channels last; strides of any sign.
        Values become 0 … 255 by the first rule that fits:

        1. uint8: as they are. bool: False 0, True 255.
        2. Floating point, all within 0 … 1: times 255, rounded.
        3. All within 0 … 255: rounded.
        4. Anything else: rescaled from the least … largest finite value, and noted.
    title
        What to call it on screen.

    Raises
    ------
    InputError
        Another shape, no pixel, values that are not real numbers, or four channels
        that rule 4 would have to rescale, alpha included.
    """
    shape = "×".join(map(str, array.shape)) or "a single value"
    if array.ndim not in (2, 3) or (
        array.ndim == 3 and array.shape[2] not in (1, 3, 4)
    ):
        hint = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            hint = "; move the channels to the end: np.moveaxis(array, 0, -1)"
        raise InputError(
            f"{title}: expected an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), "
            f"got {shape}{hint}"
        )
    if array.size == 0:
        raise InputError(f"{title}: expected at least one pixel, got {shape}")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{title}: expected real numbers, got dtype {array.dtype}")

    levels, notes = _levels(array, title)
    if levels.ndim == 2:
        levels = levels[..., None]
    rgba = None
    if levels.shape[2] == 4:
        rgba = np.array(levels, order="C")
        levels, seen_through = over_white(levels)
        notes += [OVER_WHITE] * seen_through
    rgb = np.array(np.broadcast_to(levels, (*levels.shape[:2], 3)), order="C")
    return Picture(rgb, tuple(notes), title, rgba=rgba)


def _levels(array: Array, title: str) -> tuple[Pixels, list[str]]:
    """Apply the rules of ``to_picture`` for values; return levels and notes."""
    if array.dtype == np.uint8:
        return array, []
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), []
    if array.dtype.kind == "f" and np.all((array >= 0) & (array <= 1)):
        return np.rint(array.astype(np.float64) * 255).astype(np.uint8), []
    if np.all((array >= 0) & (array <= 255)):
        return np.rint(array).astype(np.uint8), []
    low, high = finite_range(array)
    if array.ndim == 3 and array.shape[2] == 4:
        raise InputError(
            f"{title}: expected RGBA values in 0 … 1 or 0 … 255, "
            f"got {low:.6g} … {high:.6g} or values that are not finite"
        )
    return rescale(array, low, high), range_notes(str(array.dtype), array, low, high)


def over_white(rgba: Pixels) -> tuple[Pixels, bool]:
    """Lay a picture over white.

    Parameters
    ----------
    rgba
        ``(H, W, 4)`` uint8, alpha not premultiplied.

    Returns
    -------
    rgb
        ``(H, W, 3)`` uint8, as Pillow's ``alpha_composite`` over opaque white.
    seen_through
        Whether any pixel was not opaque.
    """
    from PIL import Image

    front = Image.fromarray(np.ascontiguousarray(rgba))
    white = Image.new("RGBA", front.size, (255, 255, 255, 255))
    merged = Image.alpha_composite(white, front).convert("RGB")
    return np.asarray(merged), bool(rgba[..., 3].min() < 255)
