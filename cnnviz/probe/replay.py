"""A recorded layer, run again from its recorded inputs. Needs no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnviz.probe.values import Step, Value, largest_difference, mapped, tensors_in

MOVING = frozenset({"flatten", "reshape", "concat", "pad"})
"""Kinds that only move values."""

_MARK = 1.37109375
"""Added to a value's number, so that no constant passes for one."""

_MIRRORED = frozenset({"rsub", "rdiv", "rtruediv", "rpow"})
"""Operators called on their right side."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One torch function with its arguments as plain data.

    Attributes
    ----------
    function
        The torch function itself.
    args, kwargs
        Tensors replaced by ``Value`` or, inside one layer, ``Step``.
    written
        Places, among the tensor arguments, of those the call wrote into
        (``relu_``, ``x[...] = y``).
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    written: tuple[int, ...] = ()


def _swapped(args: Any, old: Tensor, new: Tensor) -> Any:
    """Return the arguments with one tensor in place of another."""
    return mapped(args, Tensor, lambda tensor: new if tensor is old else tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The calls of one layer. Implements ``core.layers.Replay``.

    Attributes
    ----------
    calls
        In order; a plain function is one call, a module may be several.
    result
        Which call's which tensor is the layer's output.
    recorded
        The output as recorded.
    kind
        The layer's kind.
    inputs
        Number of the layer's inputs.
    """

    calls: tuple[Call, ...]
    result: Step
    recorded: Value
    kind: str
    inputs: int

    def run(self, change: Callable[[Value], Tensor] = Value.tensor) -> Tensor:
        """Repeat the calls; ``change`` supplies the tensor for each stored value."""
        done: list[list[Tensor]] = []

        def thaw(part: Value | Step) -> Tensor:
            if isinstance(part, Step):
                return done[part.call][part.result]
            return change(part)

        for call in self.calls:
            args = mapped((call.args, call.kwargs), (Value, Step), thaw)
            given = list(tensors_in(args))
            for at in call.written:
                fresh = given[at].clone()
                args = _swapped(args, given[at], fresh)
                given[at] = fresh
            results = list(tensors_in(call.function(*args[0], **args[1])))
            if not results:
                results = [given[at] for at in call.written]
            done.append(results)
        return done[self.result.call][self.result.result]

    def residual(self) -> float | None:
        """Return the largest |recomputed - recorded|; None if not repeatable."""
        if not self.calls:
            return None
        with torch.no_grad():
            again = self.run().detach().cpu()
        if again.dtype == torch.bfloat16:
            again = again.float()
        return largest_difference(
            again.numpy(), self.recorded.public().reshape(again.shape)
        )

    def routes(self) -> tuple[NDArray[np.int64], ...] | None:
        """Return where each output value came from. See ``core.layers.Replay``."""
        if self.kind not in MOVING or not self.calls:
            return None
        found: list[NDArray[np.int64]] = []
        for wanted in range(self.inputs):

            def numbered(value: Value, wanted: int = wanted) -> Tensor:
                tensor = value.tensor()
                if value.source is None:
                    return tensor
                size = tensor.numel()
                if value.source != wanted:
                    return torch.zeros(tensor.shape, dtype=torch.float64)
                numbers = torch.arange(size, dtype=torch.float64) + _MARK
                return numbers.reshape(tensor.shape)

            with torch.no_grad():
                route = self.run(numbered).numpy() - _MARK
            came = (route >= 0) & (route == np.floor(route)) & np.isfinite(route)
            at = np.where(came, route, -1).astype(np.int64)
            found.append(at.reshape(self.recorded.array.shape))
        return tuple(found)

    def arguments(self) -> tuple[NDArray[Any] | None, ...]:
        """Return each input's content. See ``core.layers.Replay``."""
        held: dict[int | None, NDArray[Any]] = {}

        def note(value: Value) -> Value:
            held.setdefault(value.source, value.public())
            return value

        for call in self.calls:
            mapped((call.args, call.kwargs), Value, note)
        return tuple(held.get(source) for source in range(self.inputs))

    def operands(self) -> tuple[tuple[int | None, NDArray[Any]], ...]:
        """Return both sides of an operator. See ``core.layers.Replay``."""
        if len(self.calls) != 1:
            return ()
        call = self.calls[0]
        named = (call.kwargs[k] for k in ("input", "other") if k in call.kwargs)
        found: list[tuple[int | None, NDArray[Any]]] = []
        for part in (*call.args, *named)[:2]:
            if isinstance(part, Value):
                found.append((part.source, part.public()))
            elif isinstance(part, (bool, int, float)):
                found.append((None, np.asarray(part)))
            else:
                return ()
        name = getattr(call.function, "__name__", "").strip("_")
        return tuple(found[::-1] if name in _MIRRORED else found)

    def reads(self, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...] | None:
        """Measure what the wanted outputs depend on. See ``core.layers.Replay``."""
        if not self.calls or self.kind in MOVING:
            return None
        chance = torch.Generator().manual_seed(1)
        leaves: dict[int, Tensor] = {}

        def random(value: Value) -> Tensor:
            tensor = value.tensor()
            if not tensor.is_floating_point():
                return tensor
            if value.source is None:
                return tensor.double()
            leaf = torch.rand(tensor.shape, generator=chance, dtype=torch.float64)
            leaf = (leaf + 0.5).requires_grad_()
            leaves[value.source] = leaf
            return leaf.clone()

        with torch.enable_grad():
            output = self.run(random)
        if not output.requires_grad or len(leaves) != self.inputs:
            return None
        weight = torch.rand(output.shape, generator=chance, dtype=torch.float64) + 0.5
        weight = weight * torch.from_numpy(wanted.copy()).reshape(output.shape)
        order = [leaves[i] for i in range(self.inputs)]
        grads = torch.autograd.grad(output, order, weight, allow_unused=True)
        return tuple(
            np.zeros(leaf.shape, bool) if grad is None else (grad != 0).numpy()
            for leaf, grad in zip(order, grads, strict=True)
        )
