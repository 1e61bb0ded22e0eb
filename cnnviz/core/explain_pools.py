"""Pools and reductions over axes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnviz.core.explain_asked import Asked, Found, ask, grid, terms_of
from cnnviz.core.explain_sums import Window, window_at
from cnnviz.core.explanation import Explanation, Flags, Floats, Indices
from cnnviz.core.formulas import adaptive_window
from cnnviz.core.layers import Array, Geometry, Unit
from cnnviz.core.numbers import count, number, size
from cnnviz.core.rules import mixed_axes, plain_name
from cnnviz.core.trace import Trace


class Cells(NamedTuple):
    """What one output of a pool or reduction reads, ``N`` cells.

    Attributes
    ----------
    places
        ``(N, rank)``: in the input.
    offset
        ``(N, k)``: places in the window.
    x
        ``(N,)`` float64.
    is_padding, counts
        ``(N,)``: padding; part of what an average divides by.
    extent
        Size of the window.
    """

    places: Indices
    offset: Indices
    x: Floats
    is_padding: Flags
    counts: Flags
    extent: tuple[int, ...]


def pool(asked: Asked) -> Found | None:
    """Explain a sliding or adaptive pool."""
    geometry, x = asked.layer.geometry, asked.x
    if geometry is None or x is None or x.ndim != len(asked.at):
        return None
    n = len(geometry.kernel)
    if x.shape[:-n] != asked.layer.shape[:-n]:
        return None
    unit, extent = asked.at[-n:], x.shape[-n:]
    if geometry.adaptive:
        window = _adaptive(unit, extent, asked.layer.shape[-n:])
    else:
        window = window_at(geometry, unit, extent)
    lead = asked.at[:-n]
    padding = window.is_padding.ravel()
    there = ~_beyond(geometry, unit, extent, window).ravel()
    free = not geometry.count_include_pad and geometry.divisor_override is None
    cells = Cells(
        grid([*lead, *window.places]),
        grid([np.arange(k) for k in window.shape]),
        window.read(x[lead], -np.inf if geometry.reduction == "max" else 0.0).ravel(),
        padding,
        ~padding if free else there,
        window.shape,
    )
    if geometry.reduction == "max":
        return _extreme(asked, cells, "largest of")
    cells = Cells(
        cells.places[there],
        cells.offset[there],
        cells.x[there],
        cells.is_padding[there],
        cells.counts[there],
        window.shape,
    )
    if geometry.reduction == "norm":
        return _root(asked, cells)
    divisor = geometry.divisor_override or int(cells.counts.sum())
    return _average(asked, cells, divisor)


def _adaptive(unit: Unit, extent: Unit, outputs: Unit) -> Window:
    """Return the window ``⌊iL/n⌋ … ⌈(i+1)L/n⌉ − 1`` per axis."""
    spans = map(adaptive_window, unit, extent, outputs)
    places = tuple(np.arange(a, b + 1, dtype=np.intp) for a, b in spans)
    return Window(places, tuple(np.ones(len(each), np.bool_) for each in places))


def _beyond(geometry: Geometry, unit: Unit, extent: Unit, window: Window) -> Flags:
    """Return which taps lie behind the input and its padding, by rounding up."""
    beyond = []
    for axis, (at, length) in enumerate(zip(unit, extent, strict=True)):
        before, after = geometry.padding[axis]
        taps = np.arange(window.shape[axis])
        start = at * geometry.stride[axis] - before
        beyond.append((start + taps >= length + after) & (not geometry.adaptive))
    found: Flags = np.logical_or.reduce(np.meshgrid(*beyond, indexing="ij"))
    return found


def _extreme(asked: Asked, cells: Cells, rule: str) -> Found:
    """Explain by the largest, or smallest, of the cells; the first of equal ones."""
    smallest = rule.startswith("smallest")
    best = int(np.argmin(cells.x) if smallest else np.argmax(cells.x))
    terms = terms_of(
        asked,
        0,
        cells.places,
        cells.x,
        offset=cells.offset,
        is_padding=cells.is_padding,
        is_winner=np.arange(len(cells.x)) == best,
    )
    total = float(cells.x[best])
    words = f"{rule} {_many(cells)} = {number(total)}"
    return Found(rule, terms, total, words, window=cells.extent)


def _average(asked: Asked, cells: Cells, divisor: float) -> Found:
    terms = terms_of(
        asked,
        0,
        cells.places,
        cells.x,
        np.where(cells.counts, 1.0 / divisor, 0.0),
        offset=cells.offset,
        is_padding=cells.is_padding,
    )
    total = float(cells.x[cells.counts].sum()) / divisor
    words = f"Σ over {_many(cells)} / {number(divisor)} = {number(total)}"
    return Found(
        "average",
        terms,
        total,
        words,
        window=cells.extent,
        details={"divisor": float(divisor)},
    )


def _root(asked: Asked, cells: Cells) -> Found | None:
    """Explain an Lp pool: ``(Σ x^p)^(1/p)``, where an overhanging window is scaled up.

    torch averages the powers over the cells that exist and multiplies by the whole
    window's size.
    """
    power = float(asked.option("norm_type", 2))
    if not math.isfinite(power):
        return None
    w = math.prod(cells.extent) / len(cells.x)
    terms = terms_of(
        asked,
        0,
        cells.places,
        cells.x,
        w,
        product=w * cells.x**power,
        offset=cells.offset,
    )
    summed = terms.product.sum()
    total = float(summed ** (1 / power))
    words = f"(Σ over {_many(cells)} of x^{number(power)} = {number(summed)})"
    words += f"^(1/{number(power)}) = {number(total)}"
    details = {"power": power, "sum": float(summed)}
    return Found(
        "root of powers", terms, total, words, window=cells.extent, details=details
    )


def _many(cells: Cells) -> str:
    """Write ``3×3 cells``, or how many of them there are at a border."""
    whole, there = math.prod(cells.extent), len(cells.x)
    word = "cell" if whole == 1 else "cells"
    part = "" if there == whole else f"{count(there)} of "
    return f"{part}{size(cells.extent)} {word}"


def reduction(asked: Asked) -> Found | None:
    """Explain a mean, sum, maximum or minimum over whole axes."""
    layer, x = asked.layer, asked.x
    name = plain_name(layer)
    if x is None or layer.geometry is not None or len(layer.inputs) != 1:
        return None
    axes = mixed_axes(layer, x.ndim) if x.ndim else None
    if axes is None or len(layer.shape) not in (x.ndim, x.ndim - len(axes)):
        return None
    kept = iter(asked.at)
    places: list[Indices] = []
    for axis, length in enumerate(x.shape):
        stays = axis not in axes or len(layer.shape) == x.ndim
        at = next(kept) if stays else 0
        places.append(np.arange(length) if axis in axes else np.asarray([at]))
    extent = tuple(x.shape[axis] for axis in axes)
    values = x[np.ix_(*places)].astype(np.float64).ravel()
    index = grid(places)
    there = np.ones(len(values), np.bool_)
    cells = Cells(index, index[:, list(axes)], values, ~there, there, extent)
    if name == "mean":
        return _average(asked, cells, len(values))
    if name in ("amax", "max", "amin", "min"):
        rule = "largest of" if name.endswith("max") else "smallest of"
        return _extreme(asked, cells, rule)
    if name != "sum":
        return None
    terms = terms_of(asked, 0, index, values, offset=cells.offset)
    total = float(values.sum())
    words = f"Σ over {_many(cells)} = {number(total)}"
    return Found("sum", terms, total, words, window=extent)


def average_as_convolution(trace: Trace, explanation: Explanation) -> float | None:
    """Compare an average pool with the strided convolution it is.

    The convolution's every weight is ``1/k²`` (one over the divisor where that was
    set), it runs over the whole map of the explained channel, and padding is zeros.

    Returns
    -------
    float
        The largest difference to the recorded map: rounding where the two are the
        same, more where border windows are divided by fewer cells. None when the
        layer is no average or its windows differ, so that no such convolution exists.
    """
    if explanation.rule != "average":
        return None
    asked = ask(trace, explanation.layer, explanation.channel, explanation.unit)
    layer, x = asked.layer, asked.x
    assert x is not None
    n = len(explanation.window)
    if layer.geometry is None:
        axes = mixed_axes(layer, x.ndim)
        return None if axes is None else _as_whole(asked, x, axes)
    steps = _steps(layer.geometry, x.shape[-n:], layer.shape[-n:])
    if steps is None:
        return None
    kernel, stride, before = steps
    reached = [
        (made - 1) * step + k
        for made, step, k in zip(layer.shape[-n:], stride, kernel, strict=True)
    ]
    after = [
        max(0, end - pad - length)
        for end, pad, length in zip(reached, before, x.shape[-n:], strict=True)
    ]
    source = x[asked.at[:-n]].astype(np.float64)
    padded = np.pad(source, list(zip(before, after, strict=True)))
    windows = sliding_window_view(padded, kernel)[
        tuple(
            slice(0, end - k + 1, step)
            for end, k, step in zip(reached, kernel, stride, strict=True)
        )
    ]
    divisor = layer.geometry.divisor_override or math.prod(kernel)
    weights = np.full(kernel, 1.0 / divisor)
    convolved = np.tensordot(windows, weights, n)
    return float(np.abs(convolved - layer.output[asked.at[:-n]]).max())


def _as_whole(asked: Asked, x: Array, axes: tuple[int, ...]) -> float:
    """Compare a mean over axes with a kernel as large as the map."""
    weight = 1.0 / math.prod(x.shape[axis] for axis in axes)
    convolved = (x.astype(np.float64) * weight).sum(axes).ravel()
    return float(np.abs(convolved - asked.layer.output.ravel()).max())


def _steps(
    geometry: Geometry, extent: Unit, made: Unit
) -> tuple[Unit, Unit, Unit] | None:
    """Return kernel, stride and padding before; None where windows differ."""
    if not geometry.adaptive:
        before = tuple(pad for pad, _ in geometry.padding)
        return geometry.kernel, geometry.stride, before
    if any(length % outputs for length, outputs in zip(extent, made, strict=True)):
        return None
    kernel = tuple(a // b for a, b in zip(extent, made, strict=True))
    return kernel, kernel, (0,) * len(kernel)
