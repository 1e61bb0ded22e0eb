"""Which positions of the input mattered to one value, for this very input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.layers import Unit
from cnnviz.core.numbers import count
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One value of a trace."""

    trace: Trace
    layer: str
    channel: int
    unit: Unit


@dataclass(frozen=True, slots=True, eq=False)
class Mattering:
    """What one value can see, and the part of it that mattered.

    Attributes
    ----------
    asked
        The value.
    field
        What it can see of the input.
    mask
        Boolean array over the input's positions, any channel: where the gradient of
        the value is not zero. Dead ReLUs and losing cells of a pool drop out.
    """

    asked: Asked
    field: ReceptiveField
    mask: NDArray[np.bool_]

    @property
    def words(self) -> str:
        """Both counts: ``121 of 2,601 positions it sees mattered here``."""
        mattered, seen = count(int(self.mask.sum())), count(int(self.field.mask.sum()))
        return f"{mattered} of {seen} positions it sees mattered here"
