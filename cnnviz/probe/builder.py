"""From what was noted of a run to ``Layer`` values."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cnnviz.core.layers import Array, Kind, Layer
from cnnviz.probe import vocabulary as words
from cnnviz.probe.describe import facts, guess_axes, letters, settings_of
from cnnviz.probe.notes import FIRST, Event, Noted
from cnnviz.probe.replay import Call, Recipe
from cnnviz.probe.scopes import Scopes, input_name, within
from cnnviz.probe.values import Step, Value
from cnnviz.probe.windows import padded

_PRINCIPAL = ("conv", "conv_transpose", "linear", "recurrent", "attention", "norm")
_NOTHING = Noted("", len, (), {}, (), ())


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
        self._known = {
            ~k: (input_name(k), shape, "B" + letters(len(shape)))
            for k, shape in enumerate(input_shapes)
        }

    def name_of(self, producer: int) -> str:
        """Return the name of a layer or of an input."""
        return self._known[producer][0]

    def add(self, event: Event) -> None:
        """Add the layer of an event, or one for every piece it split off."""
        if event.whole:
            self._add(event, self._module(event))
        elif event.notes:
            for piece in self._function(event):
                self._add(event, piece)
        else:
            base = within(event.path, "outside")
            self._add(event, _Part(base, "outside", (), (), FIRST, event.results, ()))

    # -- three ways a layer comes about -------------------------------------------

    def _module(self, event: Event) -> _Part:
        """Describe a module that is shown as one layer."""
        module, notes = event.module, event.notes
        scripted = isinstance(module, torch.jit.ScriptModule)
        op = str(module.original_name if scripted else type(module).__name__)
        calls: tuple[Call, ...] = ()
        if event.step is not None:
            calls = tuple([note.call() for note in notes])
        elif event.results[0] in event.held:  # Identity
            calls = (Call(Tensor.clone, (event.results[0],), {}),)
        if len(notes) > 1:
            kinds = [words.kind_of(note.name) for note in notes]
            main = next((i for i, k in enumerate(kinds) if k in _PRINCIPAL), len(notes))
            notes = notes[: main + 1]
        return _Part(
            event.path,
            op.removeprefix("Parametrized"),
            notes,
            calls,
            event.step or FIRST,
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
        return [_Part(base, note.name, event.notes, calls, FIRST, results, own)]

    # -- what they share ----------------------------------------------------------

    def _add(self, event: Event, part: _Part) -> None:
        """Add one layer; the last of its notes says what it is."""
        output, notes = part.values[0], part.notes
        name = self._scopes.unique(part.base)
        producers, sources, read = _inputs(event)
        known = [self._known[p] for p in producers]
        note = notes[-1] if notes else _NOTHING
        function, _, args, kwargs, _, _ = note
        told = facts(
            function,
            tuple([settings_of(each) for each in args]),
            tuple([(key, settings_of(each)) for key, each in kwargs.items()]),
            known[0][2],
            read.array.shape,
            output.array.shape,
        )
        geometry = told.geometry
        if geometry is not None and len(notes) > 1:
            for pad in notes[:-1]:
                if pad.name == "pad":
                    geometry = padded(geometry, words.bind("pad", pad.args, pad.kwargs))
        weight, bias, mean, variance = words.tensors_of(function, args, kwargs)
        options = told.options
        if isinstance(mean, Value) and isinstance(variance, Value):
            statistics = {
                "running_mean": mean.public(),
                "running_var": variance.public(),
            }
            options = MappingProxyType({**options, **statistics})
        array, axes = _without_batch(output.public(), told.axes)
        fresh, earlier = self._scopes.count(part.parameters, name)
        work = told.macs or _sequence_macs(told.kind, part.parameters, array.shape)
        self._known[len(self.layers)] = name, array.shape, told.axes
        self.layers.append(
            Layer(
                name=name,
                kind=told.kind,
                op=part.op,
                inputs=tuple([each[0] for each in known]),
                output=array,
                axes=axes,
                extras=_extras(told.kind, part.values) if len(part.values) > 1 else (),
                input_shapes=tuple([each[1] for each in known]),
                module=event.path,
                weight=weight.public() if isinstance(weight, Value) else None,
                bias=bias.public() if isinstance(bias, Value) else None,
                geometry=geometry,
                options=options,
                parameters=fresh,
                macs=work,
                shared_with=earlier,
                replay=Recipe(part.calls, part.result, output, sources, told.kind),
            )
        )


def _parameters(module: nn.Module) -> list[Tensor]:
    """Return a module's parameters; quickly, when it has no children."""
    if module._modules:
        return list(module.parameters())
    return [p for p in module._parameters.values() if p is not None]


def _inputs(
    event: Event,
) -> tuple[list[int], tuple[Value | None, ...], Value]:
    """Return who fed a layer, what each of these inputs held, and what the first did.

    Of an argument that several layers wrote, nobody knows which part is whose: the
    first of them stands for all. Of what came from out of sight nothing is known.
    """
    producers: list[int] = []
    sources: list[Value | None] = []
    first: Value | None = None
    seen = event.whole or event.notes
    for origin, value in zip(event.origins, event.held, strict=True):
        if origin is not None:
            first = first or value
            producers += origin.producers
            sources.append(value if seen else None)
            sources += [None] * (len(origin.producers) - 1)
    assert first is not None
    return producers, tuple(sources), first


def _without_batch(array: Array, axes: str) -> tuple[Array, str]:
    at = axes.find("B")
    if at == 0 and array.shape[0] == 1:
        return array[0], axes[1:]
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
