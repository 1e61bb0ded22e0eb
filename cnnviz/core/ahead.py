"""Whether the units of a network of series can see the future."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from cnnviz.core.geometry import receptive_field
from cnnviz.core.layers import Layer
from cnnviz.core.numbers import count
from cnnviz.core.shapes import spatial_axes
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far the units of a layer see beyond their own step.

    Attributes
    ----------
    layer
        Its name.
    steps
        Steps of the input after the unit's own that it can read; 0 or less for none.
    exact
        False when some operation on the way had no rule and everything was assumed.
    """

    layer: str
    steps: int
    exact: bool = True


def own_step(unit: int, jump: Fraction | int) -> int:
    """Return the last step of the input that a unit stands for.

    Unit ``t`` of maps that make one value of every ``j`` steps stands for the steps
    ``t·j`` to ``(t + 1)·j − 1``: it can be known when the last of them is.
    """
    return math.ceil((unit + 1) * jump) - 1


def time_layers(trace: Trace) -> tuple[tuple[Layer, Fraction], ...]:
    """Return the layers whose maps still run along time, with their jump in steps.

    None for a network of pictures. A layer behind a mean over the whole series, a
    flatten or the like is not among them: it has no step of its own.
    """
    if not trace.sample.values or len(spatial_axes(trace, "input")) != 1:
        return ()
    from cnnviz.core.reach import reaches

    found, known = [], reaches(trace, "input")
    for layer in trace.layers:
        reach = known.get(layer.name, ())
        along = len(layer.spatial) == 1 and layer.spatial[0] > 1
        if along and len(reach) == 1 and reach[0].placed and reach[0].step:
            found.append((layer, reach[0].jump))
    return tuple(found)


def looks_ahead(trace: Trace) -> tuple[Ahead, ...]:
    """Return for each layer along time how far its units see ahead.

    From the exact receptive field of a unit in the middle, padding counted as seen.
    """
    found = []
    for layer, jump in time_layers(trace):
        unit = layer.spatial[0] // 2
        field = receptive_field(trace, layer.name, (unit,))
        if field.box:
            steps = field.box[0][1] - own_step(unit, jump)
            found.append(Ahead(layer.name, steps, field.exact))
    return tuple(found)


def ahead_words(trace: Trace) -> str:
    """Say whether a unit can see the future; ``""`` for a network of pictures."""
    found = looks_ahead(trace)
    if not found:
        return ""
    layers = f"{count(len(found))} layers along time"
    if not all(each.exact for each in found):
        return f"it is not known whether a unit of the {layers} sees the future"
    looking = [each for each in found if each.steps > 0]
    if not looking:
        return f"causal: no unit of the {layers} sees a step after its own"
    first, most = looking[0], max(looking, key=lambda each: each.steps)
    words = f"not causal: from {first.layer} on units see up to {_steps(first)} ahead"
    return words if most == first else f"{words}, {_steps(most)} at {most.layer}"


def _steps(each: Ahead) -> str:
    return f"{count(each.steps)} step{'' if each.steps == 1 else 's'}"
