"""One forward pass, every tensor operation kept as a layer.

A ``TorchFunctionMode`` sees each outermost torch function, operator and method;
wrapped ``forward`` methods keep the module path; every result is copied the moment it
exists, so that nothing later, in place or not, changes it.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.overrides import TorchFunctionMode

from cnnviz.core.errors import Cancelled
from cnnviz.core.layers import Layer
from cnnviz.probe import vocabulary as words
from cnnviz.probe.builder import Argument, Builder, Noted, stored_values
from cnnviz.probe.failure import explain_failure
from cnnviz.probe.flow import Flow, Origin
from cnnviz.probe.replay import Call
from cnnviz.probe.scopes import Scopes, is_leaf, untouched, wrapped
from cnnviz.probe.values import Step, Value, capture, mapped, tensors_in

Check = Callable[[int, int, str], None]
"""Called before each layer with (done, expected, name); may raise ``Cancelled``."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What one run left.

    Attributes
    ----------
    layers
        In run order.
    outputs
        Names of the layers whose values the network returned.
    error
        None, or where and why the run stopped, in one sentence.
    parameters, parameters_used, not_run
        As in ``core.trace.Trace``.
    seconds
        Duration of the run, recording included.
    """

    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    error: str | None
    parameters: int
    parameters_used: int
    not_run: tuple[str, ...]
    seconds: float


class _Leaf:
    """The calls inside a module that is shown as one layer."""

    def __init__(self) -> None:
        self.notes: list[Noted] = []
        self.steps: dict[int, tuple[Tensor, int, Step]] = {}

    def find(self, tensor: Tensor) -> Step | None:
        held = self.steps.get(id(tensor))
        return held[2] if held and held[1] == tensor._version else None


class _Recorder(TorchFunctionMode):
    """The mode and the wrapper around every ``forward``, for one run."""

    def __init__(
        self, scopes: Scopes, inputs: Sequence[Tensor], check: Check, copy_weights: bool
    ) -> None:
        super().__init__()
        self.scopes = scopes
        self.flow = Flow()
        self.builder = Builder(scopes, copy_weights)
        self.check = check
        self.expected = sum(is_leaf(m) for m in scopes.modules)
        self.leaf: _Leaf | None = None
        self.failed: Noted | None = None
        self._escaped: tuple[int, ...] = ()
        for module in scopes.modules:
            for value in (*vars(module).values(), *module._buffers.values()):
                for tensor in tensors_in(value) if value is not None else ():
                    self.flow.constant(tensor)
            for parameter in module._parameters.values():
                if parameter is not None:
                    self.flow.constant(parameter)
        for k, tensor in enumerate(inputs):
            value = self.builder.add_input(tensor)
            self.flow.learn(tensor, Origin((-1 - k,), value), wrote=True)

    # -- modules ---------------------------------------------------------------

    def entered(
        self,
        module: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Run a module's ``forward``; a leaf becomes one layer."""
        with self.scopes.inside(module) as path:
            if self.leaf is not None or not is_leaf(module):
                return forward(*args, **kwargs)
            with torch._C.DisableTorchFunction():
                given = list(tensors_in((args, kwargs)))
                tracked = any(self._origin(t) for t in given)
                before = [self._before(t) for t in given] if tracked else []
            if not tracked:
                return forward(*args, **kwargs)
            self.check(len(self.builder.layers), self.expected, path)
            self.leaf = leaf = _Leaf()
            try:
                result = forward(*args, **kwargs)
            finally:
                self.leaf = None
            return self._finish_leaf(module, path, leaf, before, result)

    def _before(self, tensor: Tensor) -> Argument:
        """Return a module's argument as it came, and remember its content."""
        origin = self._origin(tensor)
        value = self._freeze(tensor)
        if origin is None or isinstance(value, Step):
            return Argument(tensor, tensor._version, (), value)
        if origin.value is None:
            self.flow.learn(tensor, Origin(origin.producers, value), wrote=False)
        return Argument(tensor, tensor._version, origin.producers, value)

    def _finish_leaf(
        self,
        module: nn.Module,
        path: str,
        leaf: _Leaf,
        before: list[Argument],
        result: Any,
    ) -> Any:
        """Turn what ran inside a leaf module into one layer."""
        with torch._C.DisableTorchFunction():
            results = list(tensors_in(result))
            if not results:
                return result
            step = leaf.find(results[0])
            index, values = self.builder.module_layer(
                module, path, leaf.notes, step, before, results
            )
            result = self._apart(result, before)
            results = list(tensors_in(result))
            changed = {id(a.tensor) for a in before if a.tensor._version != a.version}
            for tensor, value in zip(results, values, strict=True):
                wrote = id(tensor) in changed
                self.flow.learn(tensor, Origin((index,), value), wrote=wrote)
        return result

    @staticmethod
    def _apart(result: Any, before: list[Argument]) -> Any:
        """Return a view when a layer handed back the very tensor that came in.

        Dropout and identity do; the view tells the two apart for whoever reads one.
        """
        if isinstance(result, Tensor) and any(
            result is a.tensor and result._version == a.version for a in before
        ):
            return result.view_as(result)
        return result

    # -- functions -------------------------------------------------------------

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one torch function and note what it did."""
        kwargs = kwargs or {}
        getter = getattr(func, "__name__", "") == "__get__"
        if getter and func.__self__.__name__ not in words.VIEWS_BY_PROPERTY:  # type: ignore[attr-defined]
            return func(*args, **kwargs)
        name = words.base_name(func)
        given = list(tensors_in((args, kwargs)))
        origins = [self._origin(t) for t in given]
        if not any(origins) or name in words.SHAPE_ONLY:
            return self._untracked(name, func, args, kwargs)
        versions = [t._version for t in given]
        frozen = None
        if name not in words.MOVES and name not in words.QUESTIONS:
            frozen = mapped((args, kwargs), Tensor, self._freeze)
            if self.leaf is None:
                label = self.scopes.within(name)
                self.check(len(self.builder.layers), self.expected, label)
        note = Noted(func, name, args, kwargs, given)
        try:
            result = func(*args, **kwargs)
        except Exception:
            if self.failed is None:
                note.path = (
                    self.scopes.path
                    if self.leaf
                    else self.scopes.owner(given) or self.scopes.within(name)
                )
                note.producers = self._producers(given[0])
                self.failed = note
            raise
        written = tuple(i for i, t in enumerate(given) if t._version != versions[i])
        results = list(tensors_in(result))
        if name == "setitem" and written:
            results = [given[written[0]]]
        if not results:
            if name in words.ESCAPES:
                self._escaped += self._producers(given[0])
            return result
        if name in words.MOVES and not written and self._moved(given[0], results[0]):
            return result
        if frozen is None:
            frozen = mapped((args, kwargs), Tensor, self._freeze)
        note.call = Call(func, frozen[0], frozen[1], written)
        note.results = results
        if self.leaf is not None:
            return self._note_step(note, self.leaf, result)
        return self._note_layer(note, versions, result)

    def _untracked(
        self, name: str, func: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """Run a function on constants; after numpy was used they may carry data."""
        result = func(*args, **kwargs)
        carries = self._escaped and name in ("tensor", "as_tensor", "from_numpy")
        if not (carries and any(isinstance(a, np.ndarray) for a in args)):
            for tensor in tensors_in(result):
                self.flow.constant(tensor)
        return result

    def _moved(self, given: Tensor, result: Tensor) -> bool:
        """Follow a move without effect; False when type or shape changed."""
        if given.dtype != result.dtype or given.shape != result.shape:
            return False
        step = self.leaf.find(given) if self.leaf is not None else None
        if self.leaf is not None and step is not None:
            self.leaf.steps[id(result)] = (result, result._version, step)
        elif result is not given:
            origin = self._origin(given)
            assert origin is not None
            self.flow.learn(result, origin, wrote=False)
        return True

    def _note_step(self, note: Noted, leaf: _Leaf, result: Any) -> Any:
        """Keep a call as a step of the running leaf."""
        assert note.call is not None
        at = len(leaf.notes)
        leaf.notes.append(note)
        for k, tensor in enumerate(note.results):
            leaf.steps[id(tensor)] = (tensor, tensor._version, Step(at, k))
        return result

    def _note_layer(self, note: Noted, versions: list[int], result: Any) -> Any:
        """Keep a call as a layer."""
        assert note.call is not None
        values = stored_values(note.call)
        before = [
            Argument(t, version, self._producers_at(t, version), value)
            for t, version, value in zip(note.given, versions, values, strict=True)
        ]
        result = self._apart(result, before)
        if isinstance(result, Tensor):
            note.results = [result]
        changed = {id(note.given[i]) for i in note.call.written}
        last = -1
        for index, value, tensor in self.builder.function_layers(note, before):
            wrote = id(tensor) in changed
            changed.discard(id(tensor))
            self.flow.learn(tensor, Origin((index,), value), wrote=wrote)
            last = index
        for i in note.call.written:
            if id(note.given[i]) in changed:
                self.flow.learn(note.given[i], Origin((last,), None), wrote=True)
        return result

    # -- tensors ---------------------------------------------------------------

    def _origin(self, tensor: Tensor) -> Origin | None:
        """Return where a tensor comes from; outside data become a layer first."""
        if self.leaf is not None:
            step = self.leaf.find(tensor)
            if step is not None:
                return Origin((), None)
        origin = self.flow.origin(tensor)
        if origin is None and self._escaped and not self.flow.is_constant(tensor):
            index, value = self.builder.outside_layer(tensor, self._escaped)
            origin = Origin((index,), value)
            self.flow.learn(tensor, origin, wrote=True)
        return origin

    def _producers(self, tensor: Tensor) -> tuple[int, ...]:
        origin = self._origin(tensor)
        return origin.producers if origin else ()

    def _producers_at(self, tensor: Tensor, version: int) -> tuple[int, ...]:
        """Return who made the tensor as it was before it was written."""
        origin = self.flow.origin(tensor, version)
        return origin.producers if origin else ()

    def _freeze(self, tensor: Tensor) -> Value | Step:
        """Return a tensor's content now, without a copy where it is on record."""
        with torch._C.DisableTorchFunction():
            if self.leaf is not None:
                step = self.leaf.find(tensor)
                if step is not None:
                    return step
            origin = self._origin(tensor)
            if origin is not None and origin.value is not None:
                return origin.value
            if origin is None and self.scopes.is_parameter(tensor):
                return self.builder.weight(tensor)
            return capture(tensor)


def _no_check(done: int, expected: int, name: str) -> None:
    """Let every layer run."""


def record(
    model: nn.Module,
    inputs: Sequence[NDArray[Any] | Tensor],
    check: Check = _no_check,
    *,
    copy_weights: bool = False,
) -> Recording:
    """Run a network once in evaluation mode and keep every operation.

    Parameters
    ----------
    model
        Any module. It is left as found: no wrappers, same flags, buffers, attributes
        and random states.
    inputs
        The network's positional inputs, each *without* batch axis; floating point
        arrays are cast to the type and device of the first parameter.
    check
        Called before each layer; may raise ``Cancelled``.
    copy_weights
        False lets the layers' weights share the memory of the network, which must
        then not be trained further; True copies them.

    Returns
    -------
    Recording
        If the network fails, what ran before with ``error`` set.

    Raises
    ------
    Cancelled
        Raised by ``check``.
    """
    model = getattr(model, "_orig_mod", model)
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        model = copy.deepcopy(model)
    scopes = Scopes(model)
    tensors = [_to_tensor(values, model) for values in inputs]
    started = time.perf_counter()
    error: str | None = None
    result: Any = None
    recorder = _Recorder(scopes, tensors, check, copy_weights)
    with (
        torch.no_grad(),
        untouched(scopes.modules),
        wrapped(scopes.modules, recorder.entered),
    ):
        try:
            with recorder:
                result = model(*tensors)
        except Exception as failure:  # the network's code is not ours
            if isinstance(failure, Cancelled):
                raise
            error = explain_failure(failure, recorder.failed, recorder.builder)
    names = [layer.name for layer in recorder.builder.layers]
    outputs: list[str] = []
    for tensor in tensors_in(result):
        origin = recorder.flow.origin(tensor)
        outputs += [names[i] for i in (origin.producers if origin else ()) if i >= 0]
    return Recording(
        tuple(recorder.builder.layers),
        tuple(dict.fromkeys(outputs)),
        error,
        sum(p.numel() for p in model.parameters()),
        scopes.parameters_used,
        scopes.not_run(),
        time.perf_counter() - started,
    )


def _to_tensor(values: NDArray[Any] | Tensor, model: nn.Module) -> Tensor:
    """Return a batch of one on the network's device and in its precision."""
    if isinstance(values, Tensor):
        tensor = values.detach().clone()
    else:
        tensor = torch.from_numpy(np.array(values, copy=True, order="C"))
    first = next(model.parameters(), None)
    if first is not None and tensor.is_floating_point() and first.is_floating_point():
        tensor = tensor.to(first.device, first.dtype)
    return tensor[None]
