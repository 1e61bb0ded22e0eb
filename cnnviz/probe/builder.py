"""From what was noted of a run to ``Layer`` values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from cnnviz.core.layers import Array, Kind, Layer
from cnnviz.probe import vocabulary as words
from cnnviz.probe.describe import PLAIN, facts, guess_axes, letters, settings_of
from cnnviz.probe.notes import FIRST, Event
from cnnviz.probe.replay import Call, Recipe
from cnnviz.probe.scopes import Scopes, input_name, within
from cnnviz.probe.values import Step, Value
from cnnviz.probe.windows import padded

_PRINCIPAL = ("conv", "conv_transpose", "linear", "recurrent", "attention", "norm")
_UNSEEN = Call("", len, (), {})


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
            self._add_module(event)
        elif event.calls:
            self._add_function(event)
        else:
            base = within(event.path, "outside")
            self._add(event, base, "outside", (), (), FIRST, event.results, ())

    # -- three ways a layer comes about -------------------------------------------

    def _add_module(self, event: Event) -> None:
        """Add a module that is shown as one layer."""
        module, calls = event.module, tuple(event.calls)
        kind: Any = type(module)
        op = _name_of_class(kind)
        if not op:  # scripted
            op = str(module.original_name)
        shown = calls
        if len(calls) > 1:
            kinds = [words.kind_of(call.name) for call in calls]
            main = next((i for i, k in enumerate(kinds) if k in _PRINCIPAL), len(calls))
            shown = calls[: main + 1]
        if event.step is None:
            calls = ()
            if event.results[0] in event.held:  # Identity
                calls = (Call("clone", Tensor.clone, (event.results[0],), {}),)
        step, own = event.step or FIRST, _parameters(module)
        self._add(event, event.path, op, shown, calls, step, event.results, own)

    def _add_function(self, event: Event) -> None:
        """Add a function, or all the pieces it split off."""
        (call,), module = event.calls, event.module
        own, base = event.parameters, within(event.path, call.name)
        if words.kind_of(call.name) in _PRINCIPAL or call.name == "prelu":
            owner = self._scopes.owner(own)
            if owner is None and not module._modules:
                own = _parameters(module)
                owner = self._scopes.owner(own)
            base = owner or base
        calls = (call,)
        if call.name in words.SPLITS:
            for k, piece in enumerate(event.results):
                at = Step(0, k)
                self._add(event, base, call.name, calls, calls, at, (piece,), own)
        else:
            self._add(event, base, call.name, calls, calls, FIRST, event.results, own)

    # -- what they share ----------------------------------------------------------

    def _add(
        self,
        event: Event,
        base: str,
        op: str,
        shown: Sequence[Call],
        calls: tuple[Call, ...],
        step: Step,
        values: Sequence[Value],
        parameters: Sequence[Tensor],
    ) -> None:
        """Add one layer.

        Parameters
        ----------
        base
            Its name, but for a number where it is taken.
        shown, calls
            The last of ``shown`` says what it is; ``calls`` are to be repeated.
        step
            Which of the calls' results is its output.
        values, parameters
            What came out, and the network's parameters in it.
        """
        output, name = values[0], self._scopes.unique(base)
        producers, sources, read = _inputs(event)
        known = [self._known[p] for p in producers]
        function, _, args, kwargs, _ = shown[-1] if shown else _UNSEEN
        told = facts(
            function,
            tuple([e if type(e) in PLAIN else settings_of(e) for e in args]),
            tuple([(key, settings_of(each)) for key, each in kwargs.items()])
            if kwargs
            else (),
            known[0][2],
            read.array.shape,
            output.array.shape,
        )
        geometry, options = told.geometry, told.options
        if geometry is not None and len(shown) > 1:
            for pad in shown[:-1]:
                if pad.name == "pad":
                    geometry = padded(geometry, words.bind("pad", pad.args, pad.kwargs))
        weight, bias, mean, variance = words.tensors_of(function, args, kwargs)
        if isinstance(mean, Value) and isinstance(variance, Value):
            held = {"running_mean": mean.public(), "running_var": variance.public()}
            options = MappingProxyType({**options, **held})
        array, axes = _shown(output, told.axes)
        fresh, earlier = self._scopes.count(parameters, name)
        self._known[len(self.layers)] = name, array.shape, told.axes
        self.layers.append(
            Layer(
                name=name,
                kind=told.kind,
                op=op,
                inputs=tuple([each[0] for each in known]),
                output=array,
                axes=axes,
                extras=_extras(told.kind, values) if len(values) > 1 else (),
                input_shapes=tuple([each[1] for each in known]),
                module=event.path,
                weight=weight.public() if isinstance(weight, Value) else None,
                bias=bias.public() if isinstance(bias, Value) else None,
                geometry=geometry,
                options=options,
                parameters=fresh,
                macs=told.macs or _sequence_macs(told.kind, parameters, array.shape),
                shared_with=earlier,
                replay=Recipe(calls, step, output, sources, told.kind),
                kept=_all_kept(values),
                inputs_kept=_all_kept(event.held),
            )
        )


def _all_kept(values: Sequence[Value]) -> bool:
    """Tell whether no content was dropped; the loop is quicker than ``all``."""
    for value in values:  # noqa: SIM110
        if not value.kept:
            return False
    return True


@lru_cache(maxsize=1024)
def _name_of_class(kind: Any) -> str:
    """Return what a class of modules is called; nothing for scripted ones."""
    if issubclass(kind, torch.jit.ScriptModule):
        return ""
    return str(kind.__name__).removeprefix("Parametrized")


def _parameters(module: nn.Module) -> Sequence[Tensor]:
    """Return a module's parameters; quickly, when it has no children."""
    if module._modules:
        return list(module.parameters())
    if not module._parameters:
        return ()
    return [p for p in module._parameters.values() if p is not None]


def _inputs(
    event: Event,
) -> tuple[Sequence[int], tuple[Value | None, ...], Value]:
    """Return who fed a layer, what each of these inputs held, and what the first did.

    Of an argument that several layers wrote, nobody knows which part is whose: the
    first of them stands for all. Of what came from out of sight nothing is known.
    """
    if len(event.origins) == 1 and event.origins[0] and event.calls:
        by, value = event.origins[0].producers, event.held[0]
        return by, (value, *[None] * (len(by) - 1)), value
    producers: list[int] = []
    sources: list[Value | None] = []
    first: Value | None = None
    seen = event.whole or event.calls
    for origin, value in zip(event.origins, event.held, strict=True):
        if origin is not None:
            first = first or value
            producers += origin.producers
            sources.append(value if seen else None)
            sources += [None] * (len(origin.producers) - 1)
    assert first is not None
    return producers, tuple(sources), first


def _shown(value: Value, axes: str) -> tuple[Array, str]:
    """Return a content without batch axis, read-only."""
    array = value.array
    if axes[:1] == "B" and array.ndim > 1 and array.shape[0] == 1:
        array = array[0]
        array.setflags(write=False)
        return array, axes[1:]
    return _without_batch(value.public(), axes)


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
