"""Functions of one number, in float64, with torch's definitions and defaults.

Formulas as in the reference of ``torch.nn``; GELU: Hendrycks and Gimpel (2016); SELU:
Klambauer et al. (2017); SiLU: Elfwing et al. (2017); Mish: Misra (2019); hard swish:
Howard et al. (2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Setting = float | str | None

_SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
"""Scale and alpha that make zero mean and unit variance a fixed point."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one value.

    Attributes
    ----------
    formula
        Written out: ``{x}`` is the value, ``{b}`` the same in brackets if negative,
        and other names are settings of the call.
    value
        Takes the value and the settings in the order of ``defaults``.
    defaults
        The settings by name, as torch assumes them; NaN where it wants them given.
    """

    formula: str
    value: Callable[..., Any]
    defaults: Mapping[str, Setting]


def _f(formula: str, value: Callable[..., Any], /, **defaults: Setting) -> Function:
    return Function(formula, value, defaults)


def _log1pexp(x: Any) -> Any:
    return np.logaddexp(0.0, x)


def _sigmoid(x: np.float64) -> Any:
    return 1 / (1 + np.exp(-x))


def _sloped(x: np.float64, slope: float) -> Any:
    return np.where(x > 0, x, slope * x)


def _bent(x: np.float64, alpha: float) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(x))


def _gelu(x: np.float64, approximate: str) -> Any:
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def _softshrink(x: np.float64, size: float) -> Any:
    return np.where(np.abs(x) > size, x - np.sign(x) * size, x * 0)


def _softplus(x: np.float64, beta: float, threshold: float) -> Any:
    return x if x * beta > threshold else _log1pexp(x * beta) / beta


def _clamp(x: np.float64, low: float | None, high: float | None) -> Any:
    low = -np.inf if low is None else low
    high = np.inf if high is None else high
    return np.minimum(np.maximum(x, low), high)


FUNCTIONS: dict[str, Function] = {
    "relu": _f("max(0, {x})", lambda x: np.maximum(x, 0)),
    "relu6": _f("min(max(0, {x}), 6)", lambda x: np.clip(x, 0, 6)),
    "leakyrelu": _f(
        "{x} if positive, else {negative_slope}·{b}", _sloped, negative_slope=0.01
    ),
    "prelu": _f("{x} if positive, else {slope}·{b}", _sloped, slope=math.nan),
    "rrelu": _f(
        "{x} if positive, else ({lower} + {upper})/2·{b}",
        lambda x, lower, upper: _sloped(x, (lower + upper) / 2),
        lower=1 / 8,
        upper=1 / 3,
    ),
    "elu": _f("{x} if positive, else {alpha}·(exp({x}) − 1)", _bent, alpha=1.0),
    "celu": _f(
        "{x} if positive, else {alpha}·(exp({b}/{alpha}) − 1)",
        lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)),
        alpha=1.0,
    ),
    "selu": _f(
        "1.0507·({x} if positive, else 1.6733·(exp({x}) − 1))",
        lambda x: _SELU[0] * _bent(x, _SELU[1]),
    ),
    "gelu": _f("{b}·Φ({x})", _gelu, approximate="none"),
    "silu": _f("{b}·σ({x})", lambda x: x * _sigmoid(x)),
    "mish": _f("{b}·tanh(ln(1 + exp({x})))", lambda x: x * np.tanh(_log1pexp(x))),
    "hardtanh": _f(
        "{x} held between {min_val} and {max_val}", _clamp, min_val=-1.0, max_val=1.0
    ),
    "hardswish": _f(
        "{b}·min(max(0, {x} + 3), 6)/6", lambda x: x * np.clip(x + 3, 0, 6) / 6
    ),
    "hardsigmoid": _f("min(max(0, {x} + 3), 6)/6", lambda x: np.clip(x + 3, 0, 6) / 6),
    "sigmoid": _f("1/(1 + exp(−{b}))", _sigmoid),
    "logsigmoid": _f("−ln(1 + exp(−{b}))", lambda x: -_log1pexp(-x)),
    "tanh": _f("tanh({x})", np.tanh),
    "softplus": _f(
        "ln(1 + exp({beta}·{b}))/{beta}", _softplus, beta=1.0, threshold=20.0
    ),
    "softsign": _f("{b}/(1 + |{x}|)", lambda x: x / (1 + np.abs(x))),
    "tanhshrink": _f("{x} − tanh({x})", lambda x: x - np.tanh(x)),
    "softshrink": _f("{x} moved {lambd} towards 0", _softshrink, lambd=0.5),
    "hardshrink": _f(
        "{x} if beyond ±{lambd}, else 0",
        lambda x, size: np.where(np.abs(x) <= size, 0, x),
        lambd=0.5,
    ),
    "threshold": _f(
        "{x} if above {threshold}, else {value}",
        lambda x, threshold, value: np.where(x <= threshold, value, x),
        threshold=math.nan,
        value=math.nan,
    ),
    "clamp": _f("{x} held between {min} and {max}", _clamp, min=None, max=None),
    "clampmin": _f("max({min}, {x})", np.maximum, min=math.nan),
    "clampmax": _f("min({max}, {x})", np.minimum, max=math.nan),
    "neg": _f("−{b}", np.negative),
    "abs": _f("|{x}|", np.abs),
    "exp": _f("exp({x})", np.exp),
    "log": _f("ln({x})", np.log),
    "log1p": _f("ln(1 + {b})", np.log1p),
    "sqrt": _f("√{b}", np.sqrt),
    "rsqrt": _f("1/√{b}", lambda x: 1 / np.sqrt(x)),
    "square": _f("{b}²", np.square),
    "reciprocal": _f("1/{b}", lambda x: 1 / x),
    "sin": _f("sin({x})", np.sin),
    "cos": _f("cos({x})", np.cos),
    "erf": _f("erf({x})", math.erf),
}
"""By plain name."""
FUNCTIONS["clip"] = FUNCTIONS["clamp"]
FUNCTIONS["negative"] = FUNCTIONS["neg"]
FUNCTIONS["absolute"] = FUNCTIONS["abs"]
