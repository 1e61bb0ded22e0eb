"""What unitPanel is told about a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from cnnviz.app.scene import Scene, channel_in, place_in
from cnnviz.core.explanation import Explanation
from cnnviz.core.geometry import carry
from cnnviz.core.layers import Layer, Unit
from cnnviz.core.numbers import number
from cnnviz.core.selection import Selection
from cnnviz.core.trace import Trace
from cnnviz.panels.layer_model import kind_words


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """A value, the sum behind it, and what becomes of it in its stage.

    Attributes
    ----------
    found
        The sum behind it.
    way
        What becomes of it: a word and the value after it.
    pooled
        Of the pool's unit that reads it, the one it wins if there is one.
    note
        What else is worth knowing.
    """

    found: Explanation
    way: tuple[tuple[str, float], ...] = ()
    pooled: Explanation | None = None
    note: str = ""


def account(trace: Trace, now: Scene, selection: Selection) -> Account | None:
    """Take the selected value apart; None where none is selected."""
    layer, channel = now.chosen, selection.channel
    unit = () if not layer.spatial else selection.unit
    if channel is None or unit is None or not layer.output.size:
        return None
    from cnnviz.core.explain import explain

    found = explain(trace, layer.name, channel, unit)
    way, pooled = [], None
    if now.stage is not None:
        here = trace.position(layer.name)
        for name in (now.stage.before, now.stage.activation):
            if name is not None and trace.position(name) > here:
                value = _value_in(trace, now, selection, trace[name])
                if value is not None:
                    way.append((kind_words(trace[name]), value))
        if layer.name not in now.stage.pools and now.stage.pools:
            pooled = pool_of(trace, now, selection, now.stage.pools[0])
    if pooled is not None:
        way.append((kind_words(trace[pooled.layer]), pooled.shown))
    return Account(found, tuple(way), pooled, as_convolution(trace, found))


def _value_in(
    trace: Trace, now: Scene, selection: Selection, layer: Layer
) -> float | None:
    """Return the value at the selected place of a later layer of the stage."""
    place = place_in(trace, selection, layer) if layer.spatial else ()
    inside = channel_in(selection, now.chosen, layer)
    if inside is None or place is None or len(place) != len(layer.spatial):
        return None
    return layer.value(inside, place)


def pool_of(
    trace: Trace, now: Scene, selection: Selection, name: str
) -> Explanation | None:
    """Explain the pool's unit whose window holds the selected place.

    Windows may overlap: one in which the place wins is preferred, then the nearest.
    None where no window holds it.
    """
    from cnnviz.core.explain import explain

    assert now.stage is not None
    source, pool = trace[now.stage.after], trace[name]
    unit = place_in(trace, selection, source)
    channel = channel_in(selection, now.chosen, pool)
    if not unit or channel is None or source.channels != pool.channels:
        return None
    middle = carry(trace, source.name, unit, name)
    if not middle or len(middle) != len(pool.spatial):
        return None
    near = product(
        *(
            [at for at in (here, here - 1, here + 1) if _within(pool, axis, at, place)]
            for axis, (here, place) in enumerate(zip(middle, unit, strict=True))
        )
    )
    best = None
    for each in near:
        found = explain(trace, name, channel, each)
        held = _holds(found, (source.name, channel, unit))
        if held == "wins":
            return found
        if held and best is None:
            best = found
    return best


def _within(pool: Layer, axis: int, at: int, place: int) -> bool:
    """Tell whether a pool's window may hold a place, along one axis."""
    geometry, outputs = pool.geometry, pool.spatial
    if not 0 <= at < outputs[axis]:
        return False
    if geometry is None or len(geometry.kernel) != len(outputs) or geometry.adaptive:
        return True
    start = at * geometry.stride[axis] - geometry.padding[axis][0]
    taps, between = divmod(place - start, geometry.dilation[axis])
    return between == 0 and 0 <= taps < geometry.kernel[axis]


def _holds(found: Explanation, place: tuple[str, int, Unit]) -> str:
    """Tell whether a place is among the terms, and whether it was chosen."""
    for term in range(len(found.terms)):
        if found.place(term) == place:
            return "wins" if found.terms.is_winner[term] else "read"
    return ""


def as_convolution(trace: Trace, found: Explanation) -> str:
    """Say which convolution an average pool is; ``""`` for other layers."""
    from cnnviz.core.explain import average_as_convolution

    gap = average_as_convolution(trace, found)
    if gap is None:
        return ""
    cells = number(found.details["divisor"])
    return (
        f"a strided convolution whose every weight is 1/{cells}: "
        f"largest difference {number(gap, 2)}"
    )
