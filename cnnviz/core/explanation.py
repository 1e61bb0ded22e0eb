"""What is known about one value: its terms, where each came from, and their sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Unit

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NO_DETAILS: Mapping[str, float] = MappingProxyType({})


def _frozen(arrays: Terms | Subtotals) -> None:
    for each in fields(arrays):
        getattr(arrays, each.name).flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The ``N`` values that one value was computed from. Parallel, read-only arrays.

    Attributes
    ----------
    source
        ``(N,)``: which of the layer's inputs; -1 for a constant.
    channel
        ``(N,)``: the map of that input.
    position
        ``(N, S)``: the place in that map, one column per spatial axis; none for
        vectors, whose ``channel`` is the index. Outside the map where padding holds
        nothing; where it repeats the input, the place it repeats. An input with fewer
        axes than another fills up with -1.
    offset
        ``(N, k)``: the place in the window, in taps; in the map before flattening for
        a dense layer. No columns where there is no window.
    x, w, product
        ``(N,)`` float64: value, factor, and what the term adds to the sum that the
        rule speaks of.
    is_padding
        ``(N,)``: the value is padding.
    is_winner
        ``(N,)``: the value was chosen (max pooling), or is the one that was
        normalised or shared.
    group
        ``(N,)``: which of the subtotals it belongs to.
    """

    source: Indices
    channel: Indices
    position: Indices
    offset: Indices
    x: Floats
    w: Floats
    product: Floats
    is_padding: Flags
    is_winner: Flags
    group: Indices

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        _frozen(self)

    def __len__(self) -> int:
        """Return the number of terms."""
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class Subtotals:
    """What each map contributes. Parallel, read-only arrays of length ``G``.

    Attributes
    ----------
    source
        Which of the layer's inputs; -1 for constants.
    channel
        The map: of that input, or of ``Explanation.grouped``.
    count
        Number of terms.
    total
        Sum of their products, float64.
    absolute
        Sum of the absolute products, float64.
    """

    source: Indices
    channel: Indices
    count: Indices
    total: Floats
    absolute: Floats

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        _frozen(self)

    def __len__(self) -> int:
        """Return the number of maps."""
        return len(self.total)

    @property
    def order(self) -> Indices:
        """``(G,)``: largest contribution first, by the size of ``total``."""
        return np.argsort(-np.abs(self.total), kind="stable")


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where one value of a layer came from.

    Attributes
    ----------
    layer, channel, unit
        Which value.
    rule
        ``"weighted sum"``, ``"average"``, ``"sum"``, ``"sum of inputs"``,
        ``"interpolated"``: products and bias add up to ``total``. ``"largest of"``,
        ``"smallest of"``: the winner is ``total``. ``"copied from"``: the one term is.
        ``"product of inputs"``: the products of the terms multiply. ``"function"``:
        ``product`` is the function's value. ``"root of powers"``, ``"normalised"``,
        ``"share"``: products add up to the statistic that ``words`` writes out, and the
        winner is the value it is applied to. ``"not taken apart"``: no terms.
    terms, subtotals
        The values, and what each map contributes.
    bias
        Added to the products; 0.0 where there is none. Constants of an addition too.
    total
        The value computed here in float64; None when not taken apart.
    shown
        The recorded value.
    residual
        ``|total - shown|``; 0 for equal infinities or two NaN; None when not taken
        apart.
    words
        The equation on one line.
    inputs
        Names of the layer's inputs, which ``terms.source`` counts.
    extents
        Per input, the spatial size of one map; None where the values read are not
        laid out as that layer's output.
    window
        Extent of the window in taps, ``()`` where there is none.
    grouped
        Name of the layer whose maps the subtotals speak of when it is not an input of
        this one: the layer before a flatten.
    details
        Statistics and parameters by name (``mean``, ``variance``, ``eps`` …).
    why_zero
        Why ``shown`` is zero; None when it is not.
    why_strange
        Why ``shown`` is NaN or infinite; None when it is a number.
    note
        What else one must know to follow the terms back; None in most cases.
    """

    layer: str
    channel: int
    unit: Unit
    rule: str
    terms: Terms
    subtotals: Subtotals
    bias: float
    total: float | None
    shown: float
    residual: float | None
    words: str
    inputs: tuple[str, ...]
    extents: tuple[tuple[int, ...] | None, ...]
    window: tuple[int, ...] = ()
    grouped: str | None = None
    details: Mapping[str, float] = field(default_factory=lambda: NO_DETAILS)
    why_zero: str | None = None
    why_strange: str | None = None
    note: str | None = None

    def place(self, term: int) -> tuple[str, int, Unit] | None:
        """Return the layer (or input), channel and unit a term came from.

        None for constants, for padding that holds nothing, and where the values read
        are not laid out as the input's output.
        """
        source = int(self.terms.source[term])
        extent = self.extents[source] if source >= 0 else None
        if extent is None:
            return None
        unit = tuple(int(at) for at in self.terms.position[term][: len(extent)])
        if not all(0 <= at < size for at, size in zip(unit, extent, strict=True)):
            return None
        return self.inputs[source], int(self.terms.channel[term]), unit

    def members(self, group: int) -> Indices:
        """Return the indices of the terms of one subtotal."""
        return np.flatnonzero(self.terms.group == group)
