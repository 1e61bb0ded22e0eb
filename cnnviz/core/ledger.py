"""What sharing weights saves: a layer's weights beside those of a dense layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.core.formulas import rows_lost
from cnnviz.core.layers import Layer, positions
from cnnviz.core.numbers import count, short_count

_SHARING = frozenset({"conv", "conv_transpose", "linear"})
_LINES = {"D": "plane", "H": "row", "W": "column", "T": "step"}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Weights of a layer, and of a dense layer between the same tensors.

    Attributes
    ----------
    weights
        Learned values this layer uses, biases included.
    positions
        At how many places it uses them.
    dense
        Weights and biases of a dense layer from the same input to the same output:
        one weight for every pair of values, one bias for every output.
    """

    weights: int
    positions: int
    dense: int


def ledger(layer: Layer) -> Ledger | None:
    """Count the weights of a convolution or a dense layer; None for all others."""
    if layer.kind not in _SHARING or layer.weight is None or not layer.input_shapes:
        return None
    bias = 0 if layer.bias is None else layer.bias.size
    given, made = math.prod(layer.input_shapes[0]), layer.output.size
    dense = given * made + (made if bias else 0)
    return Ledger(layer.weight.size + bias, positions(layer), dense)


def sharing_words(found: Ledger) -> str:
    """Say how often weights and biases are used, and what not sharing them would cost.

    ``23,296 parameters shared over 3,025 positions; dense: 29.1 billion``.
    """
    weights = f"{count(found.weights)} parameters"
    if found.positions == 1:
        return f"{weights}, each used once: nothing is shared"
    places = f"{count(found.positions)} positions"
    return f"{weights} shared over {places}; dense: {short_count(found.dense)}"


def lost_words(layer: Layer) -> str:
    """Say which of the input's last rows no window reaches; ``""`` if there are none.

    ``flooring loses the last 2 rows and the last column``.
    """
    lost = rows_lost(layer)
    letters = layer.axes.replace("C", "")
    parts = [
        _last(n, _LINES.get(letter, "position"))
        for n, letter in zip(lost, letters, strict=False)
        if n
    ]
    return f"flooring loses {_listed(parts)}" if parts else ""


def _last(n: int, word: str) -> str:
    return f"the last {word}" if n == 1 else f"the last {n} {word}s"


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
