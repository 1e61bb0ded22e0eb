"""Normalisations and shares: values set against statistics of others.

Batch norm: Ioffe and Szegedy (2015); layer norm: Ba et al. (2016); instance norm:
Ulyanov et al. (2016); group norm: Wu and He (2018); RMS norm: Zhang and Sennrich
(2019); local response: Krizhevsky et al. (2012), with torch's ``alpha/size``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnnviz.core.explain_asked import Asked, Found, bracketed, grid, terms_of
from cnnviz.core.explanation import Flags, Floats, Indices
from cnnviz.core.layers import Array
from cnnviz.core.numbers import count, number
from cnnviz.core.rules import mixed_axes, plain_name


def norm(asked: Asked) -> Found | None:
    """Explain a normalised value."""
    name, x = plain_name(asked.layer), asked.x
    if x is None or x.shape != asked.layer.shape or not x.ndim:
        return None
    if name.startswith(("batchnorm", "syncbatchnorm", "instancenorm")):
        return _by_channel(asked, x, name)
    if name.startswith(("layernorm", "rmsnorm")):
        return _by_shape(asked, x, rms=name.startswith("rms"))
    if name.startswith("groupnorm"):
        return _by_group(asked, x)
    if name.startswith("localresponsenorm"):
        return _by_neighbours(asked, x)
    if name == "normalize":
        return _to_length(asked, x)
    return None


def _scale(asked: Asked, at: tuple[int, ...]) -> tuple[float, float]:
    """Return the learned factor and shift of a value."""
    weight, bias = asked.layer.weight, asked.layer.bias
    return (
        1.0 if weight is None else float(weight[at]),
        0.0 if bias is None else float(bias[at]),
    )


def _around(asked: Asked, axes: Sequence[int]) -> list[ArrayLike]:
    """Return the places over which statistics are taken: all along ``axes``."""
    shape = asked.layer.shape
    return [np.arange(n) if a in axes else asked.at[a] for a, n in enumerate(shape)]


def _read(
    asked: Asked, x: Array, places: Sequence[ArrayLike]
) -> tuple[Indices, Floats, Flags]:
    """Return the places, their values, and which of them is the value itself."""
    index = grid(places)
    values = x[np.ix_(*(np.atleast_1d(each) for each in places))]
    own: Flags = (index == np.asarray(asked.at)).all(1)
    return index, values.astype(np.float64).ravel(), own


def _by_channel(asked: Asked, x: Array, name: str) -> Found | None:
    """Batch norm and instance norm; running statistics make it a plain ``x·w + b``."""
    channel = asked.first
    if x.ndim <= channel:
        return None
    batch = not name.startswith("instance")
    own = asked.option("training" if batch else "use_input_stats", not batch)
    scale = _scale(asked, (asked.at[channel],))
    eps = float(asked.option("eps", 1e-5))
    if own:
        kept = range(channel, channel + 1) if batch else range(channel + 1)
        axes = [axis for axis in range(x.ndim) if axis not in kept]
        return _standardised(asked, x, _around(asked, axes), eps, scale)
    means, variances = (asked.option(f"running_{s}", None) for s in ("mean", "var"))
    if means is None or variances is None:
        return None
    mean, variance = (float(each[asked.at[channel]]) for each in (means, variances))
    w = scale[0] / math.sqrt(variance + eps) if variance + eps > 0 else math.nan
    bias = scale[1] - mean * w
    value = float(x[asked.at])
    terms = terms_of(asked, 0, grid(asked.at), value, w, is_winner=True)
    total = (value - mean) * w + scale[1]
    details = _details(mean, variance, eps, scale)
    words = _equation(value, details, total)
    return Found("normalised", terms, total, words, bias, details=details)


def _details(
    mean: float, variance: float, eps: float, scale: tuple[float, float]
) -> dict[str, float]:
    return {
        "mean": mean,
        "variance": variance,
        "eps": eps,
        "scale": scale[0],
        "shift": scale[1],
    }


def _equation(x: float, details: dict[str, float], total: float) -> str:
    """Write ``(1.2 − 0.5)/√(0.3 + 1e-05) · 1.1 + 0.2 = 1.6``."""
    top = f"({number(x)} − {bracketed(details['mean'])})" if "mean" in details else ""
    spread = details.get("variance", details.get("mean square", 0.0))
    text = f"{top or bracketed(x)}/√({number(spread)} + {number(details['eps'])})"
    text += f" · {bracketed(details['scale'])}"
    if "shift" in details:
        text += f" + {bracketed(details['shift'])}"
    return f"{text} = {number(total)}"


def _standardised(
    asked: Asked,
    x: Array,
    places: Sequence[ArrayLike],
    eps: float,
    scale: tuple[float, float],
) -> Found:
    """Explain by the mean and variance of the layer's own values.

    The products add up to the mean.
    """
    index, values, own = _read(asked, x, places)
    mean, variance = float(values.mean()), float(values.var())
    terms = terms_of(asked, 0, index, values, 1 / len(values), is_winner=own)
    value = float(x[asked.at])
    spread = math.sqrt(variance + eps) if variance + eps > 0 else math.nan
    total = (value - mean) / spread * scale[0] + scale[1]
    details = _details(mean, variance, eps, scale)
    words = f"{_equation(value, details, total)}, over {count(len(values))} values"
    return Found("normalised", terms, total, words, details=details)


def _by_shape(asked: Asked, x: Array, *, rms: bool) -> Found | None:
    """Layer norm and RMS norm: over the last axes."""
    over = asked.option("normalized_shape", None)
    if over is None:
        return None
    axes = range(x.ndim - (len(over) if isinstance(over, tuple) else 1), x.ndim)
    places, scale = _around(asked, axes), _scale(asked, asked.at[axes.start :])
    eps = asked.option("eps", None if rms else 1e-5)
    if not rms:
        return _standardised(asked, x, places, float(eps), scale)
    eps = float(np.finfo(x.dtype).eps if eps is None else eps)
    index, values, own = _read(asked, x, places)
    w = 1 / len(values)
    terms = terms_of(asked, 0, index, values, w, product=w * values**2, is_winner=own)
    square = float(terms.product.sum())
    value = float(x[asked.at])
    total = value / math.sqrt(square + eps) * scale[0]
    details = {"mean square": square, "eps": eps, "scale": scale[0]}
    words = f"{_equation(value, details, total)}, over {count(len(values))} values"
    return Found("normalised", terms, total, words, details=details)


def _by_group(asked: Asked, x: Array) -> Found | None:
    """Group norm: over a group's channels and all places."""
    groups, channel = asked.option("num_groups", None), asked.first
    if groups is None or x.ndim <= channel:
        return None
    each = x.shape[channel] // groups
    first = asked.at[channel] // each * each
    places = _around(asked, range(channel + 1, x.ndim))
    places[channel] = np.arange(first, first + each)
    eps = float(asked.option("eps", 1e-5))
    return _standardised(asked, x, places, eps, _scale(asked, (asked.at[channel],)))


def _by_neighbours(asked: Asked, x: Array) -> Found | None:
    """Local response norm: ``x / (k + alpha/size·Σ x²)^beta`` over near channels."""
    size, channel = int(asked.option("size", 0)), asked.first
    if size < 1 or x.ndim <= channel:
        return None
    first = asked.at[channel] - size // 2
    near = np.arange(max(first, 0), min(first + size, x.shape[channel]))
    places: list[ArrayLike] = list(asked.at)
    places[channel] = near
    index, values, own = _read(asked, x, places)
    alpha, beta, k = (
        float(asked.option(name, default))
        for name, default in (("alpha", 1e-4), ("beta", 0.75), ("k", 1.0))
    )
    w = alpha / size
    terms = terms_of(asked, 0, index, values, w, product=w * values**2, is_winner=own)
    summed = float(terms.product.sum())
    value = float(x[asked.at])
    total = float(value / np.float64(k + summed) ** beta)
    words = f"{bracketed(value)}/({number(k)} + {number(alpha)}/{size}"
    words += f"·Σx² over {len(near)} channels)^{number(beta)} = {number(total)}"
    details = {"alpha": alpha, "beta": beta, "k": k, "size": float(size)}
    return Found("normalised", terms, total, words, details=details)


def _to_length(asked: Asked, x: Array) -> Found | None:
    """Explain a value divided by the length of its vector, at least ``eps``."""
    axes = mixed_axes(asked.layer, x.ndim)
    power, eps = float(asked.option("p", 2.0)), float(asked.option("eps", 1e-12))
    if axes is None or not 0 < power < math.inf:
        return None
    index, values, own = _read(asked, x, _around(asked, axes))
    terms = terms_of(
        asked, 0, index, values, product=np.abs(values) ** power, is_winner=own
    )
    length = max(float(terms.product.sum() ** (1 / power)), eps)
    value = float(x[asked.at])
    total = value / length
    words = f"{bracketed(value)}/length {number(length)} of {count(len(values))} values"
    details = {"length": length, "power": power}
    words += f" = {number(total)}"
    return Found("normalised", terms, total, words, details=details)


def softmax(asked: Asked) -> Found | None:
    """Explain a softmax, its logarithm, or a softmin: ``exp(x − max)/Σ``."""
    x, name = asked.x, plain_name(asked.layer)
    if x is None or x.shape != asked.layer.shape or not x.ndim:
        return None
    axes = mixed_axes(asked.layer, x.ndim)
    if axes is None:
        return None
    index, values, own = _read(asked, x, _around(asked, axes))
    w = -1.0 if name.startswith("softmin") else 1.0
    top = float((w * values).max())
    shares = np.exp(w * values - top)
    terms = terms_of(asked, 0, index, values, w, product=shares, is_winner=own)
    summed, value = float(shares.sum()), w * float(x[asked.at])
    part = f"{number(value)} − {bracketed(top)}"
    if name.startswith("log"):
        total = value - top - math.log(summed)
        words = f"{part} − ln({number(summed)}) = {number(total)}"
    else:
        total = float(shares[own][0] / summed)
        words = f"exp({part}) / {number(summed)} = {number(total)}"
    words += f", Σ over {count(len(values))} values"
    details = {"max": top, "sum": summed}
    return Found("share", terms, total, words, details=details)
