"""What panels are told about maps and kernels over time. Pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cnnviz.app.scene import Scene
from cnnviz.core.geometry import ReceptiveField, field_size, receptive_field
from cnnviz.core.layers import Layer, Unit
from cnnviz.core.trace import Trace
from cnnviz.panels.channel_panel import Along

Times = NDArray[np.float64]


def input_times(trace: Trace) -> Times | None:
    """Return when each step of the input was, in seconds; None if that is unknown."""
    series = trace.sample.series
    return series.time if series is not None and series.rate is not None else None


def times_of(trace: Trace, layer: Layer) -> Times | None:
    """Return when each step of a layer's maps was, in seconds; None if unknown.

    A step of maps that make one value of every ``j`` steps is at the middle of those.
    """
    given = input_times(trace)
    if given is None or len(layer.spatial) != 1 or not len(given) > 1:
        return None
    steps, count = layer.spatial[0], len(given)
    jump = field_size(trace, layer.name).jump[:1]
    if steps < 2 or not jump or jump[0] is None:
        return None
    if steps == count and jump[0] == 1:
        return given
    at = (np.arange(steps) + 0.5) * jump[0] - 0.5
    mean = (given[-1] - given[0]) / (count - 1)
    inside = np.interp(at, np.arange(count), given)
    after = np.maximum(at - (count - 1), 0) * mean
    found: Times = inside + after
    return found


def source_of(trace: Trace, layer: Layer) -> str:
    """Name what a layer reads, padding and dropout aside."""
    name = layer.inputs[0] if layer.inputs else "input"
    while name in trace and trace[name].kind in ("pad", "dropout"):
        name = trace[name].inputs[0]
    return name


def variable_names(trace: Trace, layer: Layer) -> tuple[str, ...]:
    """Return the variables a layer's kernels read, ``()`` if they read other maps."""
    series = trace.sample.series
    if series is None or layer.weight is None or source_of(trace, layer) != "input":
        return ()
    return series.names if layer.weight.shape[1] == len(series.names) else ()


def kernel_ahead(trace: Trace, layer: Layer) -> int:
    """Return the steps by which a kernel's last tap lies after its own step."""
    if len(layer.spatial) != 1 or not layer.spatial[0]:
        return 0
    field = receptive_field(trace, layer.name, (0,), target=source_of(trace, layer))
    return field.box[0][1] if field.box else 0


def along(trace: Trace, now: Scene, channel: int) -> Along:
    """Gather what channelPanel is told about a channel over time."""
    shown = now.chosen
    before = None
    if now.stage is not None and shown.name == now.stage.activation:
        before = trace[now.stage.before].maps
        same = before.shape == shown.maps.shape and trace[now.stage.before].kept
        before = before[channel] if same and channel < len(before) else None
    names: tuple[str, ...] = ()
    ahead, head = 0, now.kernels
    if head is not None and head.weight is not None and head.weight.ndim == 3:
        names, ahead = variable_names(trace, head), kernel_ahead(trace, head)
    return Along(times_of(trace, shown), before, names, ahead)


def reads_beyond(
    trace: Trace, layer: Layer, unit: Unit, field: ReceptiveField
) -> tuple[int, ...]:
    """Return the steps outside a series that a unit would read if there were any.

    Found from a unit far enough inside, whose field is the same some steps on.
    """
    if len(field.box) != 1 or len(unit) != 1:
        return ()
    first, last = field.box[0]
    count = len(field.mask)
    jump = field_size(trace, layer.name, field.target).jump[0]
    if (first >= 0 and last < count) or jump is None or jump != int(jump):
        return ()
    on = (
        math.ceil(-first / jump) if first < 0 else -math.ceil((last - count + 1) / jump)
    )
    other = unit[0] + on
    if not 0 <= other < layer.spatial[0]:
        return ()
    inside = receptive_field(trace, layer.name, (other,), target=field.target)
    if inside.box[0][0] < 0 or inside.box[0][1] >= count:
        return ()
    steps = np.flatnonzero(inside.mask) - on * int(jump)
    return tuple(steps[(steps < 0) | (steps >= count)].tolist())
