"""Layers: the operations of a network that ran, each with its output.

Axis letters: ``C`` channels, ``H W`` rows and columns, ``T`` time, ``D`` depth.
No array here has a batch axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal[
    "conv",
    "conv_transpose",
    "linear",
    "norm",
    "activation",
    "pool",
    "dropout",
    "flatten",
    "reshape",
    "add",
    "mul",
    "concat",
    "pad",
    "softmax",
    "recurrent",
    "attention",
    "other",
]
WEIGHTED: frozenset[str] = frozenset(
    {"conv", "conv_transpose", "linear", "recurrent", "attention"}
)
"""Kinds that begin a stage."""

Array = NDArray[Any]
Unit = tuple[int, ...]
"""A position in a map, without the channel: ``(y, x)``, ``(t,)`` or ``()``."""

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a sliding or adaptive window reads its input, one entry per spatial axis.

    Attributes
    ----------
    kernel, stride, dilation
        Taps, step and spacing of the window, in input positions.
    padding
        ``(before, after)`` positions added to each axis; negative where cropped.
    groups
        Channel groups of a convolution; 1 for pooling.
    transposed
        True for a transposed convolution: roles of input and output swap.
    output_padding
        Rows added to one end of a transposed convolution's output.
    ceil_mode
        Pooling only: a last window may start inside the input and overhang it.
    count_include_pad, divisor_override
        Average pooling only: what the sum is divided by.
    padding_mode
        ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``; ``"-inf"``
        for max pooling, where padding never wins.
    adaptive
        True when the windows follow from the output size (adaptive pooling):
        output ``i`` of ``n`` reads ``floor(i*L/n) … ceil((i+1)*L/n) - 1``.
        ``kernel`` and ``stride`` then hold the largest window and step.
    reduction
        ``"max"``, ``"mean"``, ``"sum"`` or ``"norm"`` for pooling, ``""`` otherwise.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1
    transposed: bool = False
    output_padding: tuple[int, ...] = ()
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None
    padding_mode: str = "zeros"
    adaptive: bool = False
    reduction: str = ""


class Replay(Protocol):
    """What a recorded layer can still do without its network. Supplied by ``probe``."""

    def residual(self) -> float | None:
        """Largest |recomputed - recorded| over the output; None if not repeatable."""
        ...

    def routes(self) -> tuple[NDArray[np.int64], ...] | None:
        """For layers that only move values: where each output value came from.

        Returns one array per input, of the output's shape, holding the flat index
        into that input or -1; None when the layer computes something.
        """
        ...

    def steps(self) -> tuple[int, tuple[int, ...]] | None:
        """For layers that only look at their one input in another order: how.

        Returns the flat index into that input of the first output value, and how far
        it moves on with each output axis that is longer than 1; None for others.
        """
        ...

    def arguments(self) -> tuple[Array | None, ...]:
        """Content of each input as this layer really used it.

        In the input's own order, perhaps with an axis of length 1 for the batch. None
        for an input of which only a part is known: it was overwritten in place.
        """
        ...

    def operands(self) -> tuple[tuple[int | None, Array], ...]:
        """Both sides of an operator in the order of the formula, constants included.

        Each is an index into ``inputs``, None for a constant, and its content, as in
        ``arguments``; ``()`` when the layer is no plain function.
        """
        ...

    def reads(self, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...] | None:
        """Which values of each input the wanted output values depend on.

        A measurement for operations without a rule of their own: support of the
        gradient at a random point. None when it cannot be measured.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Layer:
    """One operation that ran.

    Attributes
    ----------
    name
        Dotted module path; ``_1``, ``_2`` … when a module ran again; functions are
        named under the module they ran in (``layer1.0.add``).
    kind, op
        Family (see ``Kind``) and the class or function name (``"Conv2d"``, ``"add"``).
    inputs
        Names of the layers that fed it, in argument order; ``"input"``, ``"input_1"``
        … are the sample's tensors.
    output
        Read-only array without batch axis, as it was when computed. Half precision
        is widened to float32. Where it was not ``kept``, only its shape and type count.
    axes
        One letter per axis of ``output``: ``"CHW"``, ``"CT"``, ``"C"``, ``"TC"`` …
    extras
        Further outputs by name (an LSTM's ``h_n``, ``c_n``).
    input_shapes
        Shapes of ``inputs``, without batch axis.
    module
        Path of the module it ran in; the root is ``""``.
    weight, bias
        As used in this very call: conv ``(O, I/groups, *k)``, transposed conv
        ``(I, O/groups, *k)``, linear ``(O, I)``, norm ``(C,)``. None where absent.
    options
        The call's other plain settings (``eps``, ``negative_slope``, ``dim`` …); for
        batch norm also the arrays ``running_mean``, ``running_var``.
    parameters
        Learned values first used here; a second run of a module counts 0.
    macs
        Multiply-adds of this run.
    shared_with
        Name of an earlier layer that used the same weight, or None.
    kept, inputs_kept
        False where its output, or what it was given, was too much for the memory that
        the run was allowed.
    """

    name: str
    kind: Kind
    op: str
    inputs: tuple[str, ...]
    output: Array
    axes: str = ""
    extras: tuple[tuple[str, Array], ...] = ()
    input_shapes: tuple[tuple[int, ...], ...] = ()
    module: str = ""
    weight: Array | None = None
    bias: Array | None = None
    geometry: Geometry | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    parameters: int = 0
    macs: int = 0
    shared_with: str | None = None
    replay: Replay | None = field(default=None, repr=False)
    kept: bool = True
    inputs_kept: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the output, without batch axis."""
        return self.output.shape

    @property
    def maps(self) -> Array:
        """The output with channels first: ``(C, H, W)``, ``(C, T)`` or ``(C,)``."""
        at = self.axes.find("C")
        if self.output.ndim == 0:
            return self.output.reshape(1)
        if at < 0:
            return self.output[None]
        if at == 0:
            return self.output
        return np.moveaxis(self.output, at, 0)

    @property
    def channels(self) -> int:
        """Number of maps."""
        return int(self.maps.shape[0])

    @property
    def spatial(self) -> tuple[int, ...]:
        """Extent of one map: ``(H, W)``, ``(T,)`` or ``()``."""
        return tuple(self.maps.shape[1:])

    @property
    def residual(self) -> float | None:
        """Largest self-check difference, computed now; None if not repeatable."""
        return None if self.replay is None else self.replay.residual()

    def value(self, channel: int, unit: Unit) -> float:
        """One value of the output."""
        return float(self.maps[(channel, *unit)])

    def __repr__(self) -> str:
        """Name, kind and shape on one line."""
        size = "×".join(map(str, self.shape)) or "scalar"
        return f"<Layer {self.name}: {self.op} ({self.kind}) {size}>"


def positions(layer: Layer) -> int:
    """Count the positions at which a layer's kernel is applied."""
    return math.prod(layer.spatial)
