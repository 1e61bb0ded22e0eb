"""From what was noted of a run to ``Layer`` values."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cnnviz.core.layers import Array, Kind, Layer
from cnnviz.probe import vocabulary as words
from cnnviz.probe.describe import facts, guess_axes, letters, settings_of
from cnnviz.probe.notes import Event, Noted
from cnnviz.probe.replay import Call, Recipe
from cnnviz.probe.scopes import Scopes, input_name, within
from cnnviz.probe.values import Step, Value
from cnnviz.probe.windows import padded

_PRINCIPAL = ("conv", "conv_transpose", "linear", "recurrent", "attention", "norm")
_FIRST = Step(0, 0)
_NOTHING: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})


class _Part(NamedTuple):
    """What tells one layer of an event from another."""

    base: str
    op: str
    notes: Sequence[Noted]
    calls: tuple[Call, ...]
    result: Step
    values: Sequence[Value]
    parameters: Sequence[Tensor]


class Builder:
    """Makes the layers of one run, in order.

    Parameters
    ----------
    scopes
        Supplies names and counts parameters.
    input_shapes
        Shapes of the input tensors, without batch axis.
    """

    def __init__(self, scopes: Scopes, input_shapes: Sequence[tuple[int, ...]]) -> None:
        self.layers: list[Layer] = []
        self._scopes = scopes
        self._input_shapes = input_shapes
        self._axes = {~k: "B" + letters(len(s)) for k, s in enumerate(input_shapes)}

    def name_of(self, producer: int) -> str:
        """Return the name of a layer or of an input."""
        return self.layers[producer].name if producer >= 0 else input_name(~producer)

    def shape_of(self, producer: int) -> tuple[int, ...]:
        """Return a producer's shape without batch axis."""
        if producer >= 0:
            return self.layers[producer].shape
        return self._input_shapes[~producer]

    def add(self, event: Event) -> None:
        """Add the layer of an event, or one for every piece it split off."""
        if event.whole:
            self._add(event, self._module(event))
        elif event.notes:
            for piece in self._function(event):
                self._add(event, piece)
        else:
            base = within(event.path, "outside")
            self._add(event, _Part(base, "outside", (), (), _FIRST, event.results, ()))

    # -- three ways a layer comes about -------------------------------------------

    def _module(self, event: Event) -> _Part:
        """Describe a module that is shown as one layer."""
        module, notes = event.module, event.notes
        scripted = isinstance(module, torch.jit.ScriptModule)
        op = str(module.original_name if scripted else type(module).__name__)
        kinds = [words.kind_of(note.name) for note in notes]
        main = next((i for i, k in enumerate(kinds) if k in _PRINCIPAL), len(notes) - 1)
        same = [v for v in event.held if v is event.results[0]]
        calls: tuple[Call, ...] = ()
        if event.step is not None:
            calls = tuple([note.call() for note in notes])
        elif same:  # Identity
            calls = (Call(Tensor.clone, (same[0],), {}),)
        return _Part(
            event.path,
            op.removeprefix("Parametrized"),
            notes[: main + 1],
            calls,
            event.step or _FIRST,
            event.results,
            _parameters(module),
        )

    def _function(self, event: Event) -> list[_Part]:
        """Describe a function's layer, or all the pieces it split off."""
        note, module = event.notes[0], event.module
        own, base = note.parameters, within(event.path, note.name)
        if words.kind_of(note.name) in _PRINCIPAL or note.name == "prelu":
            owner = self._scopes.owner(own)
            if owner is None and not module._modules:
                own = _parameters(module)
                owner = self._scopes.owner(own)
            base = owner or base
        calls, results = (note.call(),), event.results
        if note.name in words.SPLITS:
            return [
                _Part(base, note.name, event.notes, calls, Step(0, k), (piece,), own)
                for k, piece in enumerate(results)
            ]
        return [_Part(base, note.name, event.notes, calls, _FIRST, results, own)]

    # -- what they share ----------------------------------------------------------

    def _add(self, event: Event, part: _Part) -> None:
        """Add one layer; the last of its notes says what it is."""
        values, notes = part.values, part.notes
        function = notes[-1].name if notes else ""
        args, kwargs = (notes[-1].args, notes[-1].kwargs) if notes else _NOTHING
        bound = words.bind(function, args, kwargs)
        came = [
            (origin.producers, value)
            for origin, value in zip(event.origins, event.held, strict=True)
            if origin
        ]
        by, read = came[0]
        told = facts(
            function,
            settings_of(args),
            tuple([(key, settings_of(value)) for key, value in kwargs.items()]),
            self._axes[by[0]],
            read.array.shape,
            values[0].array.shape,
        )
        geometry = told.geometry
        for pad in notes[:-1]:
            if geometry is not None and pad.name == "pad":
                geometry = padded(geometry, words.bind("pad", pad.args, pad.kwargs))
        options = told.options
        if isinstance(bound.get("running_mean"), Value):
            statistics = {k: bound[k].public() for k in ("running_mean", "running_var")}
            options = options | statistics
        name = self._scopes.unique(part.base)
        output, axes = _without_batch(values[0].public(), told.axes)
        producers = [p for producers, _ in came for p in producers]
        fresh, earlier = self._scopes.count(part.parameters, name)
        work = told.macs or _sequence_macs(told.kind, part.parameters, output.shape)
        sources = _sources(event)
        recipe = Recipe(part.calls, part.result, values[0], sources, told.kind)
        self._axes[len(self.layers)] = told.axes
        self.layers.append(
            Layer(
                name=name,
                kind=told.kind,
                op=part.op,
                inputs=tuple([self.name_of(p) for p in producers]),
                output=output,
                axes=axes,
                extras=_extras(told.kind, values) if len(values) > 1 else (),
                input_shapes=tuple([self.shape_of(p) for p in producers]),
                module=event.path,
                weight=_content(bound.get("weight")),
                bias=_content(bound.get("bias")),
                geometry=geometry,
                options=MappingProxyType(options),
                parameters=fresh,
                macs=work,
                shared_with=earlier,
                replay=recipe,
            )
        )


def _parameters(module: nn.Module) -> list[Tensor]:
    """Return a module's parameters; quickly, when it has no children."""
    if module._modules:
        return list(module.parameters())
    return [p for p in module._parameters.values() if p is not None]


def _sources(event: Event) -> tuple[Value | None, ...]:
    """Return what each input of a layer held, where that is known.

    Of an argument that several layers wrote, nobody knows which part is whose: the
    first of them stands for all. Of what came from out of sight nothing is known.
    """
    seen = event.whole or event.notes
    return tuple(
        [
            value if seen and k == 0 else None
            for origin, value in zip(event.origins, event.held, strict=True)
            for k in range(len(origin.producers) if origin else 0)
        ]
    )


def _content(part: object) -> Array | None:
    return part.public() if isinstance(part, Value) else None


def _without_batch(array: Array, axes: str) -> tuple[Array, str]:
    at = axes.find("B")
    if at < 0 or array.shape[at] != 1:
        return array, axes
    return array[(slice(None),) * at + (0,)], axes[:at] + axes[at + 1 :]


def _extras(kind: Kind, values: Sequence[Value]) -> tuple[tuple[str, Array], ...]:
    """Return a layer's further outputs by name, without batch axis."""
    if kind == "recurrent":
        return tuple(
            (name, value.public()[:, 0] if value.array.ndim == 3 else value.public())
            for name, value in zip(("h_n", "c_n"), values[1:], strict=False)
        )
    return tuple(
        (str(k), _without_batch(v.public(), guess_axes(v.array.shape))[0])
        for k, v in enumerate(values[1:], 1)
    )


def _sequence_macs(
    kind: Kind, parameters: Sequence[Tensor], shape: Sequence[int]
) -> int:
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
