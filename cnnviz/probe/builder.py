"""From noted calls to ``Layer`` values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from cnnviz.core.layers import Array, Geometry, Kind, Layer
from cnnviz.probe import vocabulary as words
from cnnviz.probe.describe import (
    axes_of,
    geometry_of,
    guess_axes,
    letters,
    macs_of,
    options_of,
    pad_pairs,
    reduced_axes,
)
from cnnviz.probe.replay import Call, Recipe
from cnnviz.probe.scopes import Scopes
from cnnviz.probe.values import Step, Value, capture, mapped

_PRINCIPAL = ("conv", "conv_transpose", "linear", "recurrent", "attention", "norm")
_SPATIAL = frozenset("DHWT")


@dataclass(slots=True)
class Noted:
    """A torch function that ran on data derived from the input."""

    function: Any
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    given: list[Tensor]
    call: Call | None = None
    results: list[Tensor] = field(default_factory=list)
    path: str = ""
    producers: tuple[int, ...] = ()


class Argument(NamedTuple):
    """A tensor that went into a layer: who made it, and what it held."""

    tensor: Tensor
    version: int
    producers: tuple[int, ...]
    value: Value | Step


def stored_values(call: Call) -> list[Value | Step]:
    """Return the stored tensors of a call, in argument order."""
    found: list[Value | Step] = []
    mapped((call.args, call.kwargs), (Value, Step), found.append)
    return found


class Builder:
    """Collects the layers of one run.

    Parameters
    ----------
    scopes
        Supplies names and counts parameters.
    copy_weights
        Copy weights instead of sharing the network's memory.
    """

    def __init__(self, scopes: Scopes, copy_weights: bool) -> None:
        self.layers: list[Layer] = []
        self._scopes = scopes
        self._copy = copy_weights
        self._axes: dict[int, str] = {}
        self._input_shapes: list[tuple[int, ...]] = []
        self._weights: dict[int, Value] = {}

    def add_input(self, tensor: Tensor) -> Value:
        """Note the next input tensor, batch axis included."""
        self._axes[-1 - len(self._input_shapes)] = "B" + letters(tensor.ndim - 1)
        self._input_shapes.append(tuple(tensor.shape[1:]))
        return capture(tensor)

    def weight(self, parameter: Tensor) -> Value:
        """Return a parameter's content, once a run."""
        found = self._weights.get(id(parameter))
        if found is None:
            found = capture(parameter, copy=self._copy)
            self._weights[id(parameter)] = found
        return found

    def name_of(self, producer: int) -> str:
        """Return the name of a layer or of an input."""
        if producer >= 0:
            return self.layers[producer].name
        return "input" if producer == -1 else f"input_{-1 - producer}"

    def shape_of(self, producer: int) -> tuple[int, ...]:
        """Return a producer's shape without batch axis."""
        if producer >= 0:
            return self.layers[producer].shape
        return self._input_shapes[-1 - producer]

    # -- three ways a layer comes about -------------------------------------------

    def module_layer(
        self,
        module: nn.Module,
        path: str,
        notes: list[Noted],
        step: Step | None,
        before: Sequence[Argument],
        results: Sequence[Tensor],
    ) -> tuple[int, list[Value]]:
        """Add a module that is shown as one layer; gives its index and contents."""
        op = getattr(module, "original_name", type(module).__name__)
        op = op.removeprefix("Parametrized")
        kinds = [words.kind_of(note.name) for note in notes]
        main = next((i for i, k in enumerate(kinds) if k in _PRINCIPAL), len(notes) - 1)
        principal = notes[main] if notes else None
        calls = tuple(note.call for note in notes if note.call is not None)
        if not notes and any(results[0] is a.tensor for a in before):
            same = next(a.value for a in before if a.tensor is results[0])
            calls, step = (Call(torch.clone, (same,), {}),), Step(0, 0)
        geometry_pads = [note for note in notes[:main] if note.name == "pad"]
        values = [capture(t) for t in results]
        index = self._add(
            self._scopes.unique(path),
            kinds[main] if notes else "other",
            op,
            principal,
            before,
            values,
            calls if step is not None else (),
            step or Step(0, 0),
            list(module.parameters()),
            geometry_pads,
        )
        return index, values

    def function_layers(
        self, note: Noted, before: Sequence[Argument]
    ) -> Iterator[tuple[int, Value, Tensor]]:
        """Add a function's layer, or one for every piece it splits off."""
        scopes, kind = self._scopes, words.kind_of(note.name)
        own = [t for t in note.given if scopes.is_parameter(t)]
        owner = scopes.owner(own)
        alone = not any(True for _ in scopes.module.children())
        base = scopes.within(note.name)
        if kind in _PRINCIPAL or note.name == "prelu":
            if owner is None and alone and list(scopes.module.parameters()):
                owner, own = scopes.path, list(scopes.module.parameters())
            base = owner or base
        values = [capture(t) for t in note.results]
        assert note.call is not None
        pieces = len(values) if note.name in words.SPLITS else 1
        for piece in range(pieces):
            held = values[piece : piece + 1] if pieces > 1 else values
            index = self._add(
                scopes.unique(base),
                kind,
                note.name,
                note,
                before,
                held,
                (note.call,),
                Step(0, piece),
                own,
            )
            tensors = note.results[piece : piece + 1] if pieces > 1 else note.results
            for value, tensor in zip(held, tensors, strict=True):
                yield index, value, tensor

    def outside_layer(
        self, tensor: Tensor, producers: tuple[int, ...]
    ) -> tuple[int, Value]:
        """Add a layer for data that left torch and came back."""
        value = capture(tensor)
        before = [Argument(tensor, 0, tuple(dict.fromkeys(producers)), value)]
        name = self._scopes.unique(self._scopes.within("outside"))
        none = Step(0, 0)
        index = self._add(name, "other", "outside", None, before, [value], (), none, [])
        return index, value

    # -- what they share ----------------------------------------------------------

    def _add(
        self,
        name: str,
        kind: Kind,
        op: str,
        note: Noted | None,
        before: Sequence[Argument],
        values: list[Value],
        calls: tuple[Call, ...],
        result: Step,
        parameters: list[Tensor],
        pads: Sequence[Noted] = (),
    ) -> int:
        producers = [p for a in before for p in a.producers]
        places: dict[int, int] = {}
        at = 0
        for argument in before:
            if argument.producers:
                places.setdefault(id(argument.value), at)
                at += len(argument.producers)
        bound: dict[str, Any] = {}
        stored: dict[str, Any] = {}
        function = note.name if note else ""
        if note is not None and note.call is not None:
            bound = words.bind(function, note.args, note.kwargs)
            stored = words.bind(function, note.call.args, note.call.kwargs)
        first = next((a for a in before if a.producers), before[0])
        before_axes = self._axes.get(first.producers[0], "") if first.producers else ""
        raw = values[0].array
        read = tuple(first.tensor.shape)
        axes = axes_of(function, kind, bound, before_axes, read, raw.shape)
        kind = _refined(kind, function, bound, before_axes, axes, len(read))
        output, shown = _without_batch(values[0].public(), axes)
        geometry = geometry_of(function, kind, bound, read, raw.shape)
        if geometry is not None and pads:
            geometry = _padded(geometry, pads[-1])
        options = options_of(bound)
        along = reduced_axes(function, bound, len(before_axes) + (function == "stack"))
        if along is not None:
            batch = before_axes.find("B")
            options["axis"] = tuple(
                a - (0 <= batch < a) for a in along if a != batch or function == "stack"
            )
        for key in ("running_mean", "running_var"):
            if isinstance(stored.get(key), Value):
                options[key] = stored[key].public()
        fresh, earlier = self._scopes.count(parameters, name)
        single = all(len(a.producers) < 2 for a in before)
        layer = Layer(
            name=name,
            kind=kind,
            op=op,
            inputs=tuple(self.name_of(p) for p in producers),
            output=output,
            axes=shown,
            extras=_extras(kind, values),
            input_shapes=tuple(self.shape_of(p) for p in producers),
            module=self._scopes.path,
            weight=_content(bound, stored, "weight"),
            bias=_content(bound, stored, "bias"),
            geometry=geometry,
            options=MappingProxyType(options),
            parameters=fresh,
            macs=macs_of(kind, bound, raw.shape)
            or _sequence_macs(kind, parameters, output.shape),
            shared_with=earlier,
            replay=Recipe(
                tuple(_sourced(call, places) for call in calls),
                result,
                values[0],
                kind if single else "other",
                len(producers),
            ),
        )
        self.layers.append(layer)
        self._axes[len(self.layers) - 1] = axes
        return len(self.layers) - 1


def _sourced(call: Call, places: dict[int, int]) -> Call:
    """Mark the stored values that are the layer's inputs."""

    def mark(value: Value) -> Value:
        place = places.get(id(value))
        return value if place is None else replace(value, source=place)

    args, kwargs = mapped((call.args, call.kwargs), Value, mark)
    return replace(call, args=args, kwargs=kwargs)


def _content(bound: dict[str, Any], stored: dict[str, Any], key: str) -> Array | None:
    """Return a weight as it was in this call."""
    kept = stored.get(key)
    if isinstance(kept, Value):
        return kept.public()
    tensor = bound.get(key)
    return capture(tensor).public() if isinstance(tensor, Tensor) else None


def _without_batch(array: Array, axes: str) -> tuple[Array, str]:
    at = axes.find("B")
    if at < 0 or array.shape[at] != 1:
        return array, axes
    return np.take(array, 0, at) if at else array[0], axes[:at] + axes[at + 1 :]


def _extras(kind: Kind, values: list[Value]) -> tuple[tuple[str, Array], ...]:
    """Return a layer's further outputs by name, without batch axis."""
    if kind == "recurrent":
        names = ["h_n", "c_n"]
        return tuple(
            (name, value.public()[:, 0] if value.array.ndim == 3 else value.public())
            for name, value in zip(names, values[1:], strict=False)
        )
    return tuple(
        (str(k), _without_batch(v.public(), guess_axes(v.array.shape))[0])
        for k, v in enumerate(values[1:], 1)
    )


def _refined(
    kind: Kind, name: str, bound: dict[str, Any], before: str, after: str, n: int
) -> Kind:
    """Tell apart what a function's name alone does not."""
    if name in ("mean", "amax") and n == len(before):
        along = reduced_axes(name, bound, n) or ()
        gone = {before[a] for a in along} - {"B"}
        return "pool" if gone and gone <= _SPATIAL else kind
    if (
        name in ("view", "reshape")
        and after in ("BC", "C")
        and len(before) > len(after)
    ):
        return "flatten"
    return kind


def _padded(geometry: Geometry, pad: Noted) -> Geometry:
    """Give a convolution the padding that its module did beforehand."""
    bound = words.bind("pad", pad.args, pad.kwargs)
    n = len(geometry.kernel)
    mode = {"constant": "zeros"}.get(bound.get("mode", ""), bound.get("mode", "zeros"))
    return replace(geometry, padding=pad_pairs(bound["pad"], n), padding_mode=mode)


def _sequence_macs(kind: Kind, parameters: list[Tensor], shape: Sequence[int]) -> int:
    """Count multiply-adds of recurrent and attention layers.

    Every matrix is applied at each of ``T`` steps; attention adds ``2·T²·C`` for
    scores and their use.
    """
    if kind not in ("recurrent", "attention") or not shape:
        return 0
    steps = int(shape[0]) if len(shape) > 1 else 1
    work = steps * sum(p.numel() for p in parameters if p.ndim == 2)
    if kind == "attention":
        work += 2 * steps * steps * int(shape[-1])
    return work
