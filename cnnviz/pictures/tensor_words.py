"""A tensor of a weights file in words."""

from __future__ import annotations

import math

from cnnviz.core.layers import Unit
from cnnviz.core.numbers import count, number, size
from cnnviz.core.tensors import Misfit, TensorFacts, TensorList

_LISTED = 500
"""Names of a list that is copied; more are counted."""


def module_of(name: str) -> str:
    """Return the path of the module a tensor belongs to."""
    return name.rpartition(".")[0]


def kilobytes(nbytes: int) -> str:
    """Write a number of bytes in units of 1,000: three digits, or a whole number."""
    if nbytes < 100_000:
        return number(nbytes / 1000, 3)
    return count(round(nbytes / 1000))


def file_size(nbytes: int) -> str:
    """Write a number of bytes: ``"233 MB"``."""
    for unit, word in ((10**9, "GB"), (10**6, "MB")):
        if nbytes >= unit:
            return f"{number(nbytes / unit, 3)} {word}"
    return f"{kilobytes(nbytes)} kB"


def odd_words(tensor: TensorFacts) -> str:
    """Say how many values are no numbers; ``""`` if all are."""
    odd = ((tensor.nans, "NaN"), (tensor.infinities, "infinite"))
    return " · ".join(f"{count(n)} {word}" for n, word in odd if n)


def shape_words(shape: tuple[int, ...]) -> str:
    """Say what a shape could be: kernels, rows of weights, values."""
    if not shape:
        return "a single number"
    if 0 in shape:
        return f"empty ({size(shape)})"
    first, rest = count(shape[0]), shape[1:]
    many = "" if shape[0] == 1 else "s"
    if not rest:
        return f"{first} value{many}"
    if len(rest) == 1:
        return f"{first} row{many} of {count(rest[0])} weights"
    return f"{first} kernel{many} of {size(rest)}"


def tensor_lines(tensor: TensorFacts, nearest: Misfit | None) -> str:
    """Say in a few lines what a tensor is, and how the nearest network has it."""
    parts = [shape_words(tensor.shape)]
    if len(tensor.shape) > 1 and tensor.size:
        parts.append(f"{count(tensor.size)} values in all")
    parts.append(f"{kilobytes(tensor.nbytes)} kB as {tensor.dtype}")
    lines = [tensor.name, " · ".join(parts)]
    odd = odd_words(tensor)
    if odd:
        lines.append(odd)
    if nearest is not None and _near(nearest):
        lines.append(_difference(tensor.name, nearest))
    return "\n".join(lines)


def _near(nearest: Misfit) -> bool:
    """Tell whether at least half of a file's tensors fit a network."""
    return nearest.fitting >= len(nearest.unexpected) + len(nearest.reshaped)


def _difference(name: str, nearest: Misfit) -> str:
    """Say how another network has a tensor."""
    if name in nearest.unexpected:
        return f"{nearest.network} has no tensor of this name"
    for other in nearest.reshaped:
        if other.name == name:
            return f"{nearest.network} has it as {size(other.wanted) or 'one number'}"
    return f"fits {nearest.network}"


def list_words(found: TensorList) -> str:
    """Say how much a weights file holds."""
    many, values = len(found.tensors), sum(t.size for t in found.tensors)
    nbytes = sum(t.nbytes for t in found.tensors)
    tensors = f"{count(many)} tensor{'' if many == 1 else 's'}"
    return f"{tensors} · {count(values)} values · {file_size(nbytes)}"


def misfit_lines(nearest: Misfit | None) -> str:
    """List every difference to the network that came closest, for copying."""
    if nearest is None:
        return ""
    reshaped = [
        f"{r.name}: {size(r.found)} in the file, {size(r.wanted)} in the network"
        for r in nearest.reshaped
    ]
    groups = (
        ("of another shape", reshaped),
        ("missing in the file", list(nearest.missing)),
        ("in the file only", list(nearest.unexpected)),
    )
    lines = [f"{nearest.network}: {count(nearest.fitting)} tensors fit"]
    for title, names in groups:
        if names:
            lines += ["", f"{count(len(names))} {title}", *names[:_LISTED]]
            if len(names) > _LISTED:
                lines.append(f"and {count(len(names) - _LISTED)} more")
    return "\n".join(lines)


def chosen_line(tensor: TensorFacts, channel: int | None) -> str:
    """Say which tensor, and which of its kernels, is chosen."""
    parts = [tensor.name, f"{size(tensor.shape)} {tensor.dtype}"]
    if channel is not None:
        parts.insert(1, _part_words(tensor, channel))
    if not math.isnan(tensor.minimum):
        parts.append(f"{number(tensor.minimum)} … {number(tensor.maximum)}")
    return " · ".join(parts)


def _part_words(tensor: TensorFacts, channel: int) -> str:
    what = {1: "value", 2: "row"}.get(len(tensor.shape), "kernel")
    return f"{what} {channel}"


def weight_line(
    tensor: TensorFacts, channel: int, place: Unit, value: float | tuple[float, ...]
) -> str:
    """Say which value of a tensor is pointed at.

    Parameters
    ----------
    place
        The further indices; without the input channel where ``value`` is one of each
        colour.
    value
        One number, or one for each of three input channels.
    """
    parts = [f"{_part_words(tensor, channel)} of {tensor.name}"]
    if isinstance(value, tuple):
        said = f"red, green, blue {', '.join(map(number, value))}"
    else:
        said = number(value)
        if place:
            parts.append(f"input {place[0]}")
            place = place[1:]
    if place:
        parts.append(f"({', '.join(map(str, place))})")
    return " · ".join([*parts, said])
