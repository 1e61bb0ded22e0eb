"""A recorded layer, run again from its recorded inputs. Needs no network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnviz.nets.alone import own_chance
from cnnviz.probe.values import (
    Step,
    Value,
    capture,
    largest_difference,
    mapped,
    tensors_in,
)
from cnnviz.probe.vocabulary import bind

MOVING = frozenset({"flatten", "reshape", "concat", "pad"})
"""Kinds that only move values."""

_VIEWS = frozenset(
    "view reshape permute transpose t T mT H mH squeeze unsqueeze movedim moveaxis"
    " swapaxes swapdims expand unflatten getitem chunk split unbind tensor_split"
    " split_with_sizes select narrow".split()
)
"""Functions that look at the same values in another order, or may do so."""

_MIRRORED = frozenset({"rsub", "rdiv", "rtruediv", "rpow"})
"""Operators called on their right side."""

_SEED = 0x5EED_C0DE

_DRAWING = (
    *("dropout", "rand", "normal", "uniform", "bernoulli", "multinomial", "poisson"),
    *("exponential", "cauchy", "geometric", "gumbel", "rrelu", "fractional_max_pool"),
    *("lstm", "gru", "rnn_", "attention"),
)
"""Parts of names of functions that may draw random numbers, in training or always."""

LARGEST = 2**27
"""Number of output values beyond which nothing is measured: an ``expand`` may stand
for more values than there is memory."""


class Call(NamedTuple):
    """One torch function with its arguments as plain data.

    Attributes
    ----------
    name
        Its plain name, ``"conv2d"``.
    function
        The torch function itself.
    args, kwargs
        Tensors replaced by ``Value`` or, inside one layer, ``Step``.
    written
        Places, among the tensor arguments, of those the call wrote into
        (``relu_``, ``x[...] = y``).
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    written: tuple[int, ...] = ()

    @property
    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and named arguments."""
        return self.args, self.kwargs

    def with_contents(self, change: Callable[[Value], Value]) -> Call:
        """Return the call with other contents in its arguments."""

        def other(part: Value | Step) -> Value | Step:
            return change(part) if isinstance(part, Value) else part

        args, kwargs = mapped(self.arguments, (Value, Step), other)
        return self._replace(args=args, kwargs=kwargs)

    def run(self, thaw: Callable[[Value | Step], Tensor]) -> list[Tensor]:
        """Repeat the call; tensors it writes into are copied first."""
        given: list[Tensor] = []

        def argument(part: Value | Step) -> Tensor:
            tensor = thaw(part)
            given.append(tensor.clone() if len(given) in self.written else tensor)
            return given[-1]

        args, kwargs = mapped(self.arguments, (Value, Step), argument)
        results = list(tensors_in(self.function(*args, **kwargs)))
        return results or [given[at] for at in self.written]


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The calls of one layer. Implements ``core.layers.Replay``.

    Attributes
    ----------
    calls
        In order; a plain function is one call, a module may be several. Empty when
        the layer cannot be repeated.
    result
        Which call's which tensor is the layer's output.
    recorded
        The output as recorded.
    sources
        What each of the layer's inputs held; the same objects that ``calls`` hold.
        None for further layers that wrote parts of the same tensor.
    kind
        The layer's kind.
    """

    calls: tuple[Call, ...]
    result: Step
    recorded: Value
    sources: tuple[Value | None, ...]
    kind: str

    def run(
        self, change: Callable[[Value, int | None], Tensor] | None = None
    ) -> Tensor:
        """Repeat the calls.

        Parameters
        ----------
        change
            Gives the tensor for a stored value and the place of the input it is, or
            None for weights and constants. An input that goes in twice has a place
            for each time.
        """
        places = self._places()
        done: list[list[Tensor]] = []

        def thaw(part: Value | Step) -> Tensor:
            if isinstance(part, Step):
                return done[part.call][part.result]
            return part.tensor() if change is None else change(part, places(part))

        for call in self.calls:
            done += [call.run(thaw)]
        return done[self.result.call][self.result.result]

    def _places(self) -> Callable[[Value], int | None]:
        """Return what tells the input that a stored value is, in order of use."""
        known: dict[int, list[int | None]] = {}
        for at, source in enumerate(self.sources):
            known.setdefault(id(source), []).append(at)

        def place(value: Value) -> int | None:
            mine = known.get(id(value), [None])
            return mine.pop(0) if len(mine) > 1 else mine[0]

        return place

    def stored(self) -> list[Value]:
        """Return all arguments of the calls."""
        stored: list[Value] = []
        for call in self.calls:
            mapped(call.arguments, Value, stored.append)
        return stored

    def exchanged(self, others: Mapping[Value, Value]) -> Recipe:
        """Return the same calls with other contents in the place of some."""

        def other(value: Value) -> Value:
            return others.get(value, value)

        return Recipe(
            tuple(call.with_contents(other) for call in self.calls),
            self.result,
            other(self.recorded),
            tuple(each and other(each) for each in self.sources),
            self.kind,
        )

    @property
    def certain(self) -> bool:
        """Whether the calls give the same each time, once their arguments are there."""
        return (
            bool(self.calls)
            and not any(map(_may_draw, self.calls))
            and all(each.faithful for each in self.stored())
        )

    @property
    def intact(self) -> bool:
        """Whether all arguments of the calls are in memory."""
        return all(each.kept for each in self.stored())

    def _repeatable(self, exchanged: Collection[Value] = ()) -> bool:
        """Tell whether the calls can be made again.

        Parameters
        ----------
        exchanged
            Arguments of which only shape and type are used.
        """
        stored = self.stored()
        sizes = [each.array.size for each in (*stored, self.recorded)]
        return (
            bool(self.calls)
            and max(sizes) <= LARGEST
            and all(each.faithful for each in stored)
            and all(each.kept or each in exchanged for each in stored)
        )

    def residual(self) -> float | None:
        """Return the largest |recomputed - recorded|.

        None when the layer cannot be repeated, or is different each time (dropout
        that is not switched off).
        """
        if not self.recorded.kept or not self._repeatable():
            return None
        with torch.no_grad(), _other_chance(self.calls):
            again = capture(self.run(), copy=False).array
            gap = largest_difference(again, self.recorded.array)
            if gap and largest_difference(capture(self.run(), copy=False).array, again):
                return None
            return gap

    def routes(self) -> tuple[NDArray[np.int64], ...] | None:
        """Return where each output value came from. See ``core.layers.Replay``.

        The values are numbered in two ways; what has both numbers was moved, what
        has not was padded.
        """
        if self.kind not in MOVING or None in self.sources or not self.sources:
            return None
        moved = [*range(len(self.sources))] if self.kind == "concat" else [0]
        if not self._repeatable([s for s in self.sources[: len(moved)] if s]):
            return None
        first: list[Value] = []
        mapped(self.calls[0].arguments, Value, first.append)
        if first[0] is not self.sources[0] and self.kind != "concat":
            return None
        return tuple(self._route(at, moved) for at in range(len(self.sources)))

    def steps(self) -> tuple[int, tuple[int, ...]] | None:
        """Return how a view steps through its input. See ``core.layers.Replay``.

        The calls are repeated on a tensor without content, and its strides are read.
        """
        if self.kind != "reshape" or len(self.sources) != 1 or not self.calls:
            return None
        stored: list[Value] = []
        for call in self.calls:
            if call.name not in _VIEWS:
                return None
            mapped(call.arguments, Value, stored.append)
        source = self.sources[0]
        if source is None or any(each is not source for each in stored):
            return None
        with torch.no_grad():
            empty = torch.empty(source.array.shape, device="meta")
            view = self.run(lambda *_: empty)
        if view.untyped_storage()._cdata != empty.untyped_storage()._cdata:
            return None
        steps = zip(view.shape, view.stride(), strict=True)
        return int(view.storage_offset()), tuple(s for size, s in steps if size > 1)

    def _route(self, wanted: int, moved: list[int]) -> NDArray[np.int64]:
        shape = self.recorded.array.shape
        if wanted not in moved:
            return np.full(shape, -1)

        sizes = [each.array.size for each in self.sources if each is not None]
        exact = torch.float32 if max(sizes) < 2**23 else torch.float64

        def numbered(first: float) -> NDArray[Any]:
            def number(value: Value, place: int | None) -> Tensor:
                size = torch.Size(value.array.shape)
                if place not in moved:
                    return value.tensor()
                if place != wanted:
                    return torch.zeros(size, dtype=exact)
                numbers = torch.arange(size.numel(), dtype=exact)
                return (numbers + first).reshape(size)

            with torch.no_grad():
                return self.run(number).numpy().reshape(shape)

        low, high = numbered(0.0), numbered(1.0)
        with np.errstate(invalid="ignore"):
            return np.where(high - low == 1, low, -1).astype(np.int64)

    def arguments(self) -> tuple[NDArray[Any] | None, ...]:
        """Return each input's content. See ``core.layers.Replay``."""
        return tuple(
            each.public() if each is not None and each.kept else None
            for each in self.sources
        )

    def operands(self) -> tuple[tuple[int | None, NDArray[Any]], ...]:
        """Return both sides of an operator. See ``core.layers.Replay``."""
        if len(self.calls) != 1 or not self.intact:
            return ()
        call, places = self.calls[0], self._places()
        named = (call.kwargs[k] for k in ("input", "other") if k in call.kwargs)
        found: list[tuple[int | None, NDArray[Any]]] = []
        for part in (*call.args, *named)[:2]:
            if isinstance(part, Value):
                found.append((places(part), part.public()))
            elif isinstance(part, (bool, int, float)):
                found.append((None, np.asarray(part)))
            else:
                return ()
        name = getattr(call.function, "__name__", "").strip("_")
        return tuple(found[::-1] if name in _MIRRORED else found)

    def reads(self, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...] | None:
        """Measure what the wanted outputs depend on. See ``core.layers.Replay``."""
        floating = [s for s in self.sources if s and s.array.dtype.kind == "f"]
        if self.kind in MOVING or not self._repeatable(floating):
            return None
        chance = torch.Generator().manual_seed(1)
        leaves: dict[int, Tensor] = {}

        def random(value: Value, place: int | None) -> Tensor:
            tensor = value.tensor()
            if not tensor.is_floating_point():
                return tensor
            if place is None:
                return tensor.double()
            leaf = torch.rand(tensor.shape, generator=chance, dtype=torch.float64)
            leaves[place] = leaf = (leaf + 0.5).requires_grad_()
            return leaf.clone()

        with torch.enable_grad(), _other_chance(self.calls):
            output = self.run(random)
            if not output.requires_grad or len(leaves) != len(self.sources):
                return None
            weight = torch.rand(output.shape, generator=chance, dtype=torch.float64)
            chosen = torch.from_numpy(wanted.copy()).reshape(output.shape)
            grads = torch.autograd.grad(
                output,
                [leaves[place] for place in sorted(leaves)],
                ((weight + 0.5) * chosen).to(output.dtype),
                allow_unused=True,
                materialize_grads=True,
            )
        return tuple((grad != 0).numpy() for grad in grads)


@contextmanager
def _other_chance(calls: Iterable[Call]) -> Iterator[None]:
    """Let calls draw other random numbers than in the run; put their state back.

    It belongs to the whole process: it is left alone for calls that draw nothing.
    """
    if not any(map(_may_draw, calls)):
        yield
        return
    with own_chance():
        torch.manual_seed(_SEED)
        yield


def _may_draw(call: Call) -> bool:
    """Tell whether a call may draw random numbers."""
    if not any(part in call.name for part in _DRAWING):
        return False
    return bind(call.name, call.args, call.kwargs).get("training") is not False
