"""From arrays, tensors and tables in memory to what a network is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from cnnviz.core.errors import InputError
from cnnviz.core.layers import Array
from cnnviz.core.models import ImageWant, SeriesWant
from cnnviz.core.numbers import size
from cnnviz.core.series import Series, TextSource
from cnnviz.core.trace import ArraySource, PixelSource, Sample
from cnnviz.inputs.picture import finite_range, range_notes, rescale, to_picture
from cnnviz.inputs.pixels import to_rgb

Want = ImageWant | SeriesWant | None


def source_of_value(
    value: Any,
    axes: int = 0,
    channels: int = 0,
    want: Want = None,
    title: str = "",
) -> ArraySource | PixelSource | TextSource:
    """Return what a request calls a sample that is already in memory.

    Pictures (a Pillow image, or uint8 as ``(H, W)``, ``(H, W, 3)``, ``(H, W, 4)``,
    ``(3, H, W)``) are prepared like those of files. All other numbers are fed as they
    are; a batch axis of 1 goes, a channel axis is put before a single grey picture or
    variable, and channels that come last are moved first where the network's first
    convolution leaves no doubt.

    Parameters
    ----------
    value
        A ``Sample``; a Pillow image; an array or tensor without batch axis, or with
        one of 1; a tuple of them for a network with several inputs; a table with
        ``columns`` as data frames have, one variable each.
    axes, channels
        Of the network's first convolution; 0 if there is none.
    want
        The input the network takes, where that is known.
    title
        What to call it on screen.

    Raises
    ------
    InputError
        It holds no real numbers, or more than one sample.
    """
    if isinstance(value, Sample):
        return ArraySource(value)
    if isinstance(value, Image.Image):
        return PixelSource(to_rgb(_loaded(value))[0], title or "picture")
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return _of_table(value, want, title or "table")
    if isinstance(value, tuple | list) and not _is_numbers(value):
        if not value:
            raise InputError("expected an array for each input, got none")
        parts = [_numbers(part, f"input {i}") for i, part in enumerate(value, 1)]
        return ArraySource(_of_arrays(parts, axes, channels, want, title or "arrays"))
    array = _numbers(value, title or "array")
    if array.dtype == np.uint8 and axes in (0, 2):
        pixels = _channels_last(array)
        if pixels is not None:
            title = title or "array"
            return PixelSource(to_picture(pixels, title).rgb, title)
    return ArraySource(_of_arrays([array], axes, channels, want, title or "array"))


def _loaded(image: Image.Image) -> Image.Image:
    image.load()
    return image


def _is_numbers(value: Sequence[Any]) -> bool:
    """Tell whether a list is itself an array, written as Python's numbers."""
    while isinstance(value, tuple | list) and value:
        value = value[0]
    return isinstance(value, int | float)


def _numbers(value: Any, title: str) -> Array:
    """Return an array's or a tensor's real numbers; half precision as float32."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if value.is_floating_point():
            value = value.float()  # numpy has no bfloat16
        value = value.numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{title}: expected an array, got {error}") from error
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"{title}: expected real numbers, got "
            + (f"dtype {array.dtype}" if array.ndim else f"a {type(value).__name__}")
        )
    if not array.size:
        raise InputError(f"{title}: expected at least one number, got none")
    return array


def _channels_last(array: Array) -> Array | None:
    """Return the pixels of an uint8 picture, channels last; None if it is none."""
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)):
        return array
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return np.moveaxis(array, 0, -1)
    return None


# Numbers as they are


def _of_arrays(
    arrays: Sequence[Array], axes: int, channels: int, want: Want, title: str
) -> Sample:
    """Make a sample of numbers that are fed as they are."""
    steps: list[str] = []
    values = []
    for array in arrays:
        fed, words = _arranged(array, axes, channels, title)
        fed.flags.writeable = False
        values.append(fed)
        steps += words
    first = values[0]
    shown: Array | None = None
    notes: tuple[str, ...] = ()
    series = None
    if first.ndim == 3 and (axes == 2 or (not axes and len(first) in (1, 3))):
        image = want if isinstance(want, ImageWant) else None
        shown, notes = _seen(first, image)
    elif first.ndim == 2 and axes == 1:
        series = _series(first, want if isinstance(want, SeriesWant) else None)
    return Sample(
        values=tuple(values),
        shown=shown,
        title=title,
        steps=(*dict.fromkeys(steps), "fed as they are"),
        notes=notes,
        series=series,
    )


def _arranged(
    array: Array, axes: int, channels: int, title: str
) -> tuple[Array, list[str]]:
    """Bring the axes into the network's order; say what was done."""
    words = []
    full = axes + 1 if axes else 3
    if array.ndim == full + 1 and (axes or len(array) == 1):
        if len(array) != 1:
            raise InputError(
                f"{title}: expected one sample, got a batch of {len(array)} "
                f"({size(array.shape)}); choose one of them, such as batch[0]"
            )
        array = array[0]
        words.append("batch axis removed")
    if axes and array.ndim == axes:
        array = array[None]
    if axes and array.ndim == full and channels:
        last = array.shape[-1] == channels != array.shape[0]
        if last:
            array = np.moveaxis(array, -1, 0)
            words.append("last axis moved first, as the channels")
    real = axes or array.dtype.kind == "f"
    return np.array(array, np.float32 if real else array.dtype, order="C"), words


def _seen(values: Array, want: ImageWant | None) -> tuple[Array, tuple[str, ...]]:
    """Return pixels to look at in the place of numbers ``(C, H, W)``.

    Returns
    -------
    pixels
        ``(H, W, 3)`` uint8: mean and std undone where they are known, else the range
        of the values, or the first of several channels that are no colours.
    notes
        What was done.
    """
    notes = []
    if want is not None and want.channels == len(values):
        mean, std = (np.reshape(n, (-1, 1, 1)) for n in (want.mean, want.std))
        values = values.astype(np.float64) * std + mean
        beyond = float(np.mean((values < -0.01) | (values > 1.01)))
        if beyond:
            notes.append(f"{beyond:.1%} of the values lie beyond black and white")
        values = values.clip(0, 1)
    if len(values) not in (1, 3):
        notes.append(f"channel 0 of {len(values)} is what the picture shows")
        values = values[:1]
    low, high = finite_range(values)
    if low < 0 or high > 1 or not np.isfinite(values).all():
        notes += range_notes("numbers", values, low, high)
        levels = rescale(values, low, high)
    else:
        levels = np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    rgb = np.array(np.broadcast_to(np.moveaxis(levels, 0, -1), (*levels.shape[1:], 3)))
    rgb.flags.writeable = False
    return rgb, tuple(notes)


def _series(
    values: Array, want: SeriesWant | None, names: Sequence[str] = ()
) -> Series:
    """Return the variables ``(V, T)``, mean and std undone where they are known."""
    many, steps = values.shape
    real = values.astype(np.float64)
    units: tuple[str, ...] = ("",) * many
    rate = None
    if want is not None and len(want.channels) == many:
        names, rate = names or want.channels, want.rate or None
        units = want.units or units
        if want.mean:
            mean, std = (np.reshape(n, (-1, 1)) for n in (want.mean, want.std))
            real = real * std + mean
    real.flags.writeable = False
    time = np.arange(steps, dtype=np.float64) / (rate or 1.0)
    named = tuple(names) or tuple(f"variable {i}" for i in range(1, many + 1))
    return Series(time, named, units, real, rate, 0, steps)


# Tables


def _of_table(table: Any, want: Want, title: str) -> ArraySource | TextSource:
    """Return a data frame's variables: read like a file's, or fed as they are."""
    if isinstance(want, SeriesWant) and hasattr(table, "to_csv"):
        index = getattr(table, "index", None)
        timed = getattr(getattr(index, "dtype", None), "kind", "") == "M"
        timed = timed or getattr(index, "name", None) is not None
        return TextSource(table.to_csv(index=timed), title=title)
    names = [str(name) for name in table.columns]
    columns = []
    for name, column in zip(names, np.asarray(table.to_numpy()).T, strict=True):
        try:
            columns.append(np.asarray(column, np.float32))
        except (TypeError, ValueError) as error:
            raise InputError(
                f'{title}, column "{name}": expected numbers, got {error}'
            ) from error
    if not columns or not columns[0].size:
        raise InputError(f"{title}: expected columns of numbers, got none")
    values = np.stack(columns)
    values.flags.writeable = False
    series = _series(values, None, names)
    return ArraySource(
        Sample((values,), title=title, steps=("fed as they are",), series=series)
    )
