"""Maps that hold nothing, one value only, or no numbers at all."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass

import numpy as np

from cnnviz.core.layers import Layer, Unit
from cnnviz.core.numbers import count
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True)
class Strange:
    """What is odd about a layer's maps for this input.

    Attributes
    ----------
    dead
        Channels whose every value is zero.
    constant
        Channels whose every value is the same, finite and not zero.
    odd
        Channels that hold NaN or infinities.
    nan, infinite
        Numbers of such values.
    """

    dead: tuple[int, ...] = ()
    constant: tuple[int, ...] = ()
    odd: tuple[int, ...] = ()
    nan: int = 0
    infinite: int = 0

    @property
    def channels(self) -> tuple[int, ...]:
        """All of them, in order."""
        return tuple(sorted({*self.dead, *self.constant, *self.odd}))


_known: weakref.WeakKeyDictionary[Layer, Strange] = weakref.WeakKeyDictionary()


def strange(layer: Layer) -> Strange:
    """Look a layer's maps through. Done once per layer.

    Maps of a single value, such as those of a vector, are never dead or constant; of
    maps that were not kept nothing is said.
    """
    found = _known.get(layer)
    if found is None:
        found = _known[layer] = _found(layer)
    return found


def _found(layer: Layer) -> Strange:
    maps = layer.maps
    cells = math.prod(maps.shape[1:])
    if not maps.size or not layer.kept:
        return Strange()
    rows = maps.reshape(len(maps), cells)
    if rows.dtype.kind == "c":
        rows = np.abs(rows)
    with np.errstate(invalid="ignore"):
        low, high = rows.min(axis=1), rows.max(axis=1)
    finite = np.isfinite(low) & np.isfinite(high)
    same = finite & (low == high) & (cells > 1)
    odd = np.flatnonzero(~finite)
    values = rows[odd]
    return Strange(
        _listed(same & (low == 0)),
        _listed(same & (low != 0)),
        tuple(odd.tolist()),
        int(np.isnan(values).sum()),
        int(np.isinf(values).sum()),
    )


def _listed(which: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(which).tolist())


def strange_words(layer: Layer) -> str:
    """Count what is odd: ``2 dead channels · 5 NaN``; ``""`` if nothing is."""
    found, parts = strange(layer), []
    if found.dead:
        word = "channel" if len(found.dead) == 1 else "channels"
        parts.append(f"{count(len(found.dead))} dead {word}")
    if found.constant:
        word = "map" if len(found.constant) == 1 else "maps"
        parts.append(f"{count(len(found.constant))} constant {word}")
    parts += [
        f"{count(n)} {word}"
        for n, word in ((found.nan, "NaN"), (found.infinite, "infinite"))
        if n
    ]
    return " · ".join(parts)


def next_strange(
    trace: Trace, layer: str, channel: int | None
) -> tuple[str, int, Unit] | None:
    """Return the next odd map behind a place, in run order, starting over at the end.

    Parameters
    ----------
    layer, channel
        Where to start; the channel itself is only returned when there is no other.

    Returns
    -------
    ``(layer, channel, unit)``
        The unit is the first value that is no number, the middle of other maps.
    None
        Nothing is odd.
    """
    here = trace.position(layer)
    after = -1 if channel is None else channel
    there = trace.layers[here]
    around = (*trace.layers[here + 1 :], *trace.layers[:here])
    places = [(there, after, there.channels)]
    places += [(each, -1, each.channels) for each in around]
    places.append((there, -1, after))
    for each, first, last in places:
        for found in strange(each).channels:
            if first < found <= last:
                return each.name, found, _worth_a_look(each, found)
    return None


def _worth_a_look(layer: Layer, channel: int) -> Unit:
    values = layer.maps[channel]
    odd = np.argwhere(~np.isfinite(values))
    if len(odd):
        return tuple(odd[0].tolist())
    return tuple(n // 2 for n in values.shape)
