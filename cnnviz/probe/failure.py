"""Why a network stopped, in one sentence: which layer, what was wanted, what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cnnviz.core.errors import memory_sentence
from cnnviz.core.layers import Geometry, Kind
from cnnviz.core.numbers import counted
from cnnviz.probe import vocabulary as words
from cnnviz.probe.builder import Builder
from cnnviz.probe.describe import Shape, settings_of
from cnnviz.probe.flow import Origin
from cnnviz.probe.replay import Call
from cnnviz.probe.values import Step, Value, mapped
from cnnviz.probe.windows import geometry_of

_LARGEST = 8192
"""Largest side tried when looking for the smallest picture a network can take."""


class Failed(NamedTuple):
    """Where a failure was seen first.

    Attributes
    ----------
    path
        The module it came from, or the layer it would have been.
    call
        The torch function that raised it, if one did.
    origins
        Where what went into the layer came from.
    """

    failure: Exception
    path: str
    call: Call | None
    origins: Sequence[Origin | None]

    @property
    def producers(self) -> tuple[int, ...]:
        """Who made what went in."""
        return next((o.producers for o in self.origins if o and o.producers), ())

    def explains(self, failure: BaseException) -> bool:
        """Tell whether a failure is this one, or was raised because of it."""
        seen: list[BaseException] = []
        at: BaseException | None = failure
        while at is not None and at not in seen:
            if at is self.failure:
                return True
            seen.append(at)
            at = at.__cause__ or at.__context__
        return False


class Reason(NamedTuple):
    """Why a network stopped.

    Attributes
    ----------
    text
        The sentence, but for its end where a larger input would help.
    smallest
        Spatial size of the smallest input with which every window on the way to this
        layer fits, or None where size is not the matter.
    """

    text: str
    smallest: tuple[int, ...] | None = None

    def sentence(self) -> str:
        """Return the whole sentence."""
        if self.smallest is None:
            return self.text
        unit = "pixels" if len(self.smallest) > 1 else "steps"
        size = " × ".join(map(str, self.smallest))
        return f"{self.text}: this network needs at least {size} {unit}."


def _size(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "a single value"


def _wanted(kind: Kind, bound: Mapping[str, Any], given: Sequence[int]) -> str | None:
    """Return what a layer with weights wanted and what came, or None if that fits."""
    weight = bound.get("weight")
    if not isinstance(weight, Shape):
        return None
    if kind == "linear" and tuple(given[-1:]) != weight[-1:]:
        return f"wants {counted(weight[-1], 'feature')}; {given[-1]} arrived"
    if kind in ("conv", "conv_transpose") and len(given) > 1:
        groups = int(bound.get("groups") or 1)
        wants = weight[0] if kind == "conv_transpose" else weight[1] * groups
        if len(given) != len(weight):
            axes = "1 axis" if len(weight) == 3 else f"{len(weight) - 2} axes"
            return f"wants maps with {axes}; {_size(given[1:])} arrived"
        if given[1] != wants:
            return f"wants {counted(wants, 'channel')}; {given[1]} arrived"
    if kind == "norm" and len(given) > 1 and given[1] != weight[0]:
        return f"wants {counted(weight[0], 'channel')}; {given[1]} arrived"
    return None


def _out(length: int, window: Geometry, axis: int) -> int:
    """Return a window's number of outputs over ``length`` positions (may be < 1)."""
    span = window.dilation[axis] * (window.kernel[axis] - 1) + 1
    room = length + sum(window.padding[axis]) - span
    if window.transposed:
        return (length - 1) * window.stride[axis] - sum(window.padding[axis]) + span
    step = window.stride[axis]
    return (-(-room // step) if window.ceil_mode else room // step) + 1


def _fits(window: Geometry, given: Sequence[int]) -> bool:
    """Tell whether a window finds room on every axis."""
    axes = range(len(window.kernel))
    return all(_out(given[axis - len(axes)], window, axis) > 0 for axis in axes)


def _smallest(
    builder: Builder, failed: Failed, last: Geometry
) -> tuple[int, ...] | None:
    """Return the smallest input with which every window on the way still fits."""
    chain: list[Geometry | None] = [last]
    by_name = {layer.name: layer for layer in builder.layers}
    at = builder.name_of(failed.producers[0]) if failed.producers else ""
    while at in by_name:
        chain.append(by_name[at].geometry)
        at = next(iter(by_name[at].inputs), "")
    windows = [geometry for geometry in reversed(chain) if geometry is not None]
    axes = len(last.kernel)
    if any(len(g.kernel) != axes or g.adaptive for g in windows):
        return None

    def fits(length: int, axis: int) -> bool:
        for geometry in windows:
            length = _out(length, geometry, axis)
            if length < 1:
                return False
        return True

    found = [
        next((n for n in range(1, _LARGEST) if fits(n, axis)), None)
        for axis in range(axes)
    ]
    return None if None in found else tuple(n for n in found if n is not None)


def explain_failure(
    failure: Exception, failed: Failed | None, builder: Builder
) -> Reason:
    """Return why a run stopped.

    Parameters
    ----------
    failure
        What the network raised.
    failed
        Where a failure was last seen; it may be one that the network had caught.
    """
    first = memory_sentence(failure)
    if first is None:
        first = (str(failure).strip() or type(failure).__name__).splitlines()[0]
    if failed is None or not failed.explains(failure):
        failed = Failed(failure, "", None, ())
    call = failed.call
    if call is None:
        last = builder.layers[-1].name if builder.layers else None
        where = f'in "{failed.path}" ' if failed.path else ""
        where += f'after layer "{last}"' if last else "before its first layer"
        what = type(failure).__name__
        return Reason(f"The network's own code stopped {where}: {what}: {first}")
    kind = words.kind_of(call.name)
    bound = words.bind(call.name, call.args, call.kwargs)
    bound = {key: settings_of(value) for key, value in bound.items()}
    shapes: list[tuple[int, ...]] = []
    mapped(call.arguments, (Value, Step), lambda v: shapes.append(settings_of(v)))
    given = shapes[0]
    came = _size(given[1:])
    source = (
        f", from {builder.name_of(failed.producers[0])}" if failed.producers else ""
    )
    layer = f'Layer "{failed.path}" ({call.name})' if failed.path else call.name
    wanted = _wanted(kind, bound, given)
    if wanted:
        return Reason(f"{layer} {wanted} ({came}{source}).")
    geometry = geometry_of(call.name, kind, bound, given, given)
    if geometry is not None and not geometry.adaptive and not _fits(geometry, given):
        smallest = _smallest(builder, failed, geometry)
        if smallest:
            return Reason(f"{layer} cannot be applied to {came}{source}", smallest)
    return Reason(f"{layer} stopped on {came}{source}: {first}")
