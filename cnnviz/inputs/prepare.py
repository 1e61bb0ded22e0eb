"""From a picture to what the network is fed."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cnnviz.core.errors import InputError
from cnnviz.core.models import ImageWant
from cnnviz.core.numbers import counted
from cnnviz.core.trace import Sample
from cnnviz.inputs.picture import Picture, Pixels, over_white, to_picture

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}

_WHOLE_LIMIT = 48_000_000
"""Pixels up to which the whole resized picture is made before the crop is cut."""

_LONGEST = 4
"""Of a network of any size: the longer side at most, where 1 is the shorter one's."""


def prepare_image(
    picture: Picture | Pixels, want: ImageWant, title: str | None = None
) -> Sample:
    """Resize, crop and normalise a picture as torchvision's classification preset does.

    The arithmetic is that of ``torchvision.transforms._presets.ImageClassification``
    on a Pillow image: antialiased Pillow resizing with the longer side rounded down;
    a centre crop whose offset is rounded half to even, black borders where the picture
    is smaller; ÷ 255, − mean, ÷ std in float32.

    Parameters
    ----------
    picture
        A picture, or ``(H, W, 3)`` uint8.
    want
        What the network wants. For one channel the picture is turned grey first
        (Pillow's ``"L"``: ITU-R 601 luma); for four the last one says how opaque a
        pixel is, 255 everywhere when the file does not say.
    title
        What to call it on screen; the picture's own title by default.

    Returns
    -------
    Sample
        ``values`` holds one ``(C, h, w)`` float32 array and ``shown`` the same picture
        as ``(h, w, 3)`` uint8, over white; both are read-only.

    Raises
    ------
    InputError
        The network wants another number of channels than 1, 3 or 4, mean and std do
        not fit the channels, or the interpolation is unknown.
    """
    if not isinstance(picture, Picture):
        picture = to_picture(picture, title or "array")
    _check(want, title or picture.title)
    image, note = _channels(picture, want)

    height, width = picture.rgb.shape[:2]
    size = _size((height, width), want)
    crop = want.crop or size
    steps = []
    if size != (height, width):
        steps.append(_resize_words((height, width), size, want))
    image, crop_words = _resize_and_crop(image, size, crop, want)

    levels = np.asarray(image).reshape(*crop, want.channels)
    shown = over_white(levels)[0] if want.channels == 4 else _colours(image)
    mean = np.array(want.mean, np.float32)
    std = np.array(want.std, np.float32)
    scaled = levels.astype(np.float32) / np.float32(255)
    values = np.ascontiguousarray(((scaled - mean) / std).transpose(2, 0, 1))
    values.flags.writeable = False
    shown.flags.writeable = False
    return Sample(
        values=(values,),
        shown=shown,
        title=title or picture.title,
        original=picture.original,
        steps=(*steps, *crop_words, _normalise_words(want)),
        notes=(*picture.notes, *note),
    )


def _check(want: ImageWant, title: str) -> None:
    """Refuse wishes that no picture can fulfil."""
    if want.channels not in (1, 3, 4):
        raise InputError(
            f"the network wants {want.channels} input channels; {title} is a picture "
            "of 3 (RGB), which also gives 1 (grey) or 4 (with alpha); from Python any "
            "array can be shown: cnnviz.trace(net, array)"
        )
    for what, numbers in (("mean", want.mean), ("std", want.std)):
        if len(numbers) != want.channels:
            raise InputError(
                f"expected {counted(want.channels, what)}, one per channel, "
                f"got {len(numbers)}"
            )
    if want.interpolation not in _FILTERS:
        known = ", ".join(_FILTERS)
        raise InputError(
            f"expected one of {known} as interpolation, got {want.interpolation!r}"
        )


def _channels(picture: Picture, want: ImageWant) -> tuple[Image.Image, list[str]]:
    """Return the picture in as many channels as are wanted; say what that took."""
    if want.channels == 1:
        grey = Image.fromarray(picture.rgb).convert("L")
        return grey, ["colours turned to grey, as the network takes one channel"]
    if want.channels == 3:
        return Image.fromarray(picture.rgb), []
    if picture.rgba is not None:
        return Image.fromarray(picture.rgba), ["alpha taken as the fourth channel"]
    opaque = Image.fromarray(picture.rgb).convert("RGBA")
    return opaque, ["no alpha in the picture: the fourth channel is 255 everywhere"]


def _colours(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def _size(size: tuple[int, int], want: ImageWant) -> tuple[int, int]:
    """Return ``(height, width)`` after resizing, before the crop."""
    if want.crop is None:
        return _bounded(size, want.resize)
    if want.resize is not None:
        return resized_size(size, want.resize)
    (height, width), (rows, columns) = size, want.crop
    if rows * width >= columns * height:
        return rows, max(rows * width // height, columns)
    return max(columns * height // width, rows), columns


def _bounded(
    size: tuple[int, int], most: int | tuple[int, int] | None
) -> tuple[int, int]:
    """Return the size of a whole picture: as it is, or smaller in proportion."""
    if not isinstance(most, int):
        return most or size
    longest = _LONGEST * most
    if max(size) * min(most, min(size)) > longest * min(size):
        height, width = (max(side * longest // max(size), 1) for side in size)
        return height, width
    return resized_size(size, most) if min(size) > most else size


def resized_size(
    size: tuple[int, int], resize: int | tuple[int, int]
) -> tuple[int, int]:
    """Return ``(height, width)`` after resizing, before the crop.

    Parameters
    ----------
    size
        ``(height, width)`` of the picture.
    resize
        The new shorter side, the longer one in proportion and rounded down; or
        exactly ``(height, width)``.
    """
    if not isinstance(resize, int):
        return resize
    height, width = size
    longer = int(resize * max(size) / min(size))
    return (longer, resize) if height >= width else (resize, longer)


def _resize_and_crop(
    image: Image.Image,
    size: tuple[int, int],
    crop: tuple[int, int],
    want: ImageWant,
) -> tuple[Image.Image, list[str]]:
    """Resize to ``size`` and cut ``crop`` from the centre; say the latter."""
    (height, width), (rows, columns) = size, crop
    left, right = _borders(columns - width)
    above, below = _borders(rows - height)
    top = round((height + above + below - rows) / 2) - above
    start = round((width + left + right - columns) / 2) - left

    if height * width <= _WHOLE_LIMIT:
        if image.size != (width, height):
            image = image.resize((width, height), _FILTERS[want.interpolation])
        cut = image.crop((start, top, start + columns, top + rows))
    else:
        cut = _resized_part(image, size, crop, want, (top, start))

    words = []
    if left or above:
        words.append(f"black borders around {height}×{width}")
    if (rows, columns) != size:
        words.append(f"centre crop {rows}×{columns}")
    return cut, words


def _borders(lack: int) -> tuple[int, int]:
    """Split missing rows or columns in two; an odd one goes to the end."""
    return (lack // 2, (lack + 1) // 2) if lack > 0 else (0, 0)


def _resized_part(
    image: Image.Image,
    size: tuple[int, int],
    crop: tuple[int, int],
    want: ImageWant,
    corner: tuple[int, int],
) -> Image.Image:
    """Resize only what the crop keeps, for strips whose whole would fill the memory.

    Equal to cutting it from the whole, up to one level where the filter's positions
    round differently.
    """
    (height, width), (top, left) = size, corner
    first_row, first_column = max(top, 0), max(left, 0)
    last_row = min(top + crop[0], height)
    last_column = min(left + crop[1], width)
    x, y = image.width / width, image.height / height
    box = (first_column * x, first_row * y, last_column * x, last_row * y)
    part = image.resize(
        (last_column - first_column, last_row - first_row),
        _FILTERS[want.interpolation],
        box,
    )
    cut = Image.new(image.mode, crop[::-1])
    cut.paste(part, (first_column - left, first_row - top))
    return cut


def _resize_words(
    before: tuple[int, int], after: tuple[int, int], want: ImageWant
) -> str:
    """Say the resizing in words."""
    if min(after) == want.resize:
        change = f"shorter side {min(before)} → {want.resize}"
    else:
        change = f"{before[0]}×{before[1]} → {after[0]}×{after[1]}"
    return f"{change}, {want.interpolation}"


def _normalise_words(want: ImageWant) -> str:
    """Say the arithmetic on the values in words."""

    def numbers(values: tuple[float, ...]) -> str:
        text = ", ".join(f"{value:g}" for value in values)
        return f"({text})" if len(values) > 1 else text

    words = "÷ 255"
    if any(want.mean):
        words += f", − mean {numbers(want.mean)}"
    if any(value != 1 for value in want.std):
        words += f", ÷ std {numbers(want.std)}"
    return words
