"""What a weights file holds when no network is known that it belongs to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnviz.core.layers import Array

if TYPE_CHECKING:
    from cnnviz.core.trace import Request


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A tensor that has one shape in a file and another in a network."""

    name: str
    found: tuple[int, ...]
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Misfit:
    """How a weights file and a network differ.

    Attributes
    ----------
    network
        The network's name.
    fitting
        How many tensors have the same name and shape in both.
    missing
        Names the network wants and the file has not.
    unexpected
        Names the file has and the network does not know.
    reshaped
        In both, in different shapes.
    """

    network: str
    fitting: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    reshaped: tuple[Reshaped, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TensorFacts:
    """One tensor of a weights file.

    Attributes
    ----------
    name
        Its key, without a prefix that all keys had.
    shape
        As saved.
    dtype
        As saved, in torch's words: ``"bfloat16"``.
    values
        The values, read-only; float32 where they were of half precision. None where
        they were not read.
    minimum, maximum, mean, std
        Of the finite values; NaN when there are none.
    nans, infinities
        How many values are no numbers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: Array | None = None
    minimum: float = float("nan")
    maximum: float = float("nan")
    mean: float = float("nan")
    std: float = float("nan")
    nans: int = 0
    infinities: int = 0

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the values as saved."""
        bits = re.search(r"\d+", self.dtype)  # bool has none: a byte each
        return self.size * (int(bits[0]) if bits else 8) // 8

    @property
    def channels(self) -> int:
        """Number of kernels, rows or values that can be chosen; 0 of a single one."""
        return self.shape[0] if self.shape and self.size else 0


@dataclass(frozen=True, slots=True, eq=False)
class TensorList:
    """All tensors of a weights file whose network is not known.

    Attributes
    ----------
    request
        What was asked for.
    sentence
        Says that no network fits, and which came closest.
    tensors
        In the order of the file.
    nearest
        How the file differs from the network that came closest; None when none does.
    notes
        What else the file says: a prefix that was removed, an epoch.
    """

    request: Request
    sentence: str
    tensors: tuple[TensorFacts, ...]
    nearest: Misfit | None = None
    notes: tuple[str, ...] = ()

    def position(self, name: str | None) -> int:
        """Return where in the file a tensor is, -1 if there is none of that name."""
        names = (i for i, tensor in enumerate(self.tensors) if tensor.name == name)
        return next(names, -1)

    def first(self) -> int:
        """Return the first tensor with kernels, else 0."""
        kernels = (i for i, t in enumerate(self.tensors) if len(t.shape) > 2 and t.size)
        return next(kernels, 0)
