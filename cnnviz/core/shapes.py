"""Shapes and axes of layers and inputs alike, by name."""

from __future__ import annotations

from cnnviz.core.layers import Array
from cnnviz.core.trace import Trace

INPUT_AXES = {0: "", 1: "C", 2: "CT", 3: "CHW", 4: "CDHW"}


def _input_index(name: str) -> int | None:
    """Return which of the sample's tensors a name means; None for a layer's name."""
    head, _, tail = name.partition("_")
    if head != "input" or (tail and not tail.isdigit()):
        return None
    return int(tail or 0)


def shape_of(trace: Trace, name: str) -> tuple[int, ...]:
    """Return the shape of a layer's output or of an input, without batch axis.

    Raises
    ------
    KeyError
        Neither a layer nor an input has that name.
    """
    return tuple(values_of(trace, name).shape)


def values_of(trace: Trace, name: str) -> Array:
    """Return a layer's output or an input, without batch axis.

    Raises
    ------
    KeyError
        Neither a layer nor an input has that name.
    """
    index = None if name in trace else _input_index(name)
    if index is not None and index < len(trace.sample.values):
        return trace.sample.values[index]
    return trace[name].output


def axes_of(trace: Trace, name: str) -> str:
    """Return one letter per axis; an input's follow from its rank."""
    if name in trace:
        return trace[name].axes
    return INPUT_AXES.get(len(shape_of(trace, name)), "")


def channel_axis(trace: Trace, name: str) -> int | None:
    """Return the channel axis, or None where there is none."""
    at = axes_of(trace, name).find("C")
    return None if at < 0 else at


def spatial_axes(trace: Trace, name: str) -> tuple[int, ...]:
    """Return the axes of one map, in order: all but the channels."""
    channels = channel_axis(trace, name)
    return tuple(axis for axis in range(len(shape_of(trace, name))) if axis != channels)
