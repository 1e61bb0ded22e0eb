"""The terms of a sum laid out as the window they were read through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.explanation import Explanation, Indices
from cnnviz.core.numbers import number

PRODUCTS = frozenset({"weighted sum", "average", "interpolated"})
"""Rules whose terms are shown as value, factor and product."""

WINDOWED = PRODUCTS | {"largest of", "smallest of", "sum", "root of powers"}
"""Rules whose terms are shown as a picture of the window."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The terms of one map, cell by cell. Arrays of one shape ``(h, w)``.

    Attributes
    ----------
    x, w, product
        float64; NaN where there is no term.
    index
        Which term; -1 where there is none.
    padding, winner
        The value is padding; it was chosen.
    """

    x: NDArray[np.float64]
    w: NDArray[np.float64]
    product: NDArray[np.float64]
    index: Indices
    padding: NDArray[np.bool_]
    winner: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        high, wide = self.index.shape
        return high, wide


def window_of(found: Explanation, group: int) -> Window:
    """Lay the terms of one map out as the window.

    Parameters
    ----------
    group
        Which of ``found.subtotals``.

    Returns
    -------
    Window
        One row for a window over time, or where there is none; the planes of a 3-D
        window one below the other.
    """
    members = found.members(group)
    extent = found.window
    if len(extent) != found.terms.offset.shape[1] or not extent:
        extent, flat = (len(members),), np.arange(len(members))
    else:
        flat = np.ravel_multi_index(tuple(found.terms.offset[members].T), extent)
    shape = (math.prod(extent[:-1]), extent[-1])
    index = np.full(math.prod(extent), -1, np.intp)
    index[flat] = members
    index = index.reshape(shape)
    there = index >= 0

    def laid(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(there, values[index], np.nan)

    terms = found.terms
    return Window(
        laid(terms.x),
        laid(terms.w),
        laid(terms.product),
        index,
        there & terms.is_padding[index],
        there & terms.is_winner[index],
    )


def map_words(found: Explanation, group: int, names: Sequence[str] = ()) -> str:
    """Name the map a subtotal belongs to: ``features.2 channel 5``.

    Parameters
    ----------
    names
        Names of the input's channels, where they have any.
    """
    sums = found.subtotals
    source, channel = int(sums.source[group]), int(sums.channel[group])
    if source < 0:
        return "constant"
    name = found.grouped or found.inputs[source]
    extent = None if found.grouped else found.extents[source]
    called = f" ({names[channel]})" if name == "input" and channel < len(names) else ""
    return f"{name} {'neuron' if extent == () else 'channel'} {channel}{called}"


def of_neurons(found: Explanation) -> bool:
    """Tell whether every subtotal belongs to a value without a place."""
    sources = set(found.subtotals.source.tolist())
    return not found.grouped and all(
        source >= 0 and found.extents[source] == () for source in sources
    )


def term_words(found: Explanation, term: int) -> str:
    """Say what one term is: ``0.5 × −2 = −1 · features.2 · channel 5 · (3, 4)``."""
    terms = found.terms
    x, w, product = (float(each[term]) for each in (terms.x, terms.w, terms.product))
    said = number(x)
    if found.rule in PRODUCTS:
        said = f"{number(x)} × {number(w)} = {number(product)}"
    place = found.place(term)
    if terms.is_padding[term] and place is None:
        return f"{said} · padding"
    if place is None:
        return said
    name, channel, unit = place
    parts = [said, name, f"{'channel' if unit else 'neuron'} {channel}"]
    if unit:
        parts.append(f"({', '.join(map(str, unit))})")
    if terms.is_padding[term]:
        parts.append("repeated as padding")
    return " · ".join(parts)


def strongest(found: Explanation, group: int | None = None) -> int | None:
    """Return the term that says most: the winner, else the largest product.

    None where there are no terms.
    """
    terms = found.terms
    members = np.arange(len(terms)) if group is None else found.members(group)
    if not len(members):
        return None
    winners = members[terms.is_winner[members]]
    if len(winners):
        return int(winners[0])
    sizes = np.nan_to_num(np.abs(terms.product[members]), nan=np.inf)
    return int(members[sizes.argmax()])


def way_words(words: str, way: Sequence[tuple[str, float]]) -> str:
    """Write an equation and what became of its value: ``… = −0.5 → ReLU → 0``."""
    return words + "".join(f" → {name} → {number(value)}" for name, value in way)
