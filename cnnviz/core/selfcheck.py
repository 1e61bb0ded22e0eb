"""Every layer recomputed from what it was given, to see whether the same comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnnviz.core.layers import Layer
from cnnviz.core.numbers import count, number
from cnnviz.core.progress import Check
from cnnviz.core.trace import Trace

TOLERANCE = 1e-4
"""Largest difference that passes, as a share of the layer's largest value."""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What came of recomputing a trace.

    Attributes
    ----------
    trace
        The trace that was checked.
    gaps
        By layer, the largest difference; None where it cannot be repeated.
    faults
        Layers whose difference is more than rounding, in run order.
    not_kept
        Layers that were not kept in memory, or whose inputs were not. They are in
        neither of the others.
    """

    trace: Trace
    gaps: Mapping[str, float | None]
    faults: tuple[str, ...]
    not_kept: tuple[str, ...] = ()

    @property
    def worst(self) -> float | None:
        """Largest difference of all; None when nothing could be repeated."""
        return max((gap for gap in self.gaps.values() if gap is not None), default=None)


def selfcheck(trace: Trace, check: Check = lambda *_: None) -> Checked:
    """Recompute every layer of a trace from its recorded inputs."""
    gaps: dict[str, float | None] = {}
    faults, skipped = [], []
    for done, layer in enumerate(trace.layers):
        check(done, len(trace.layers), layer.name)
        if not layer.kept or not layer.inputs_kept:
            skipped.append(layer.name)
            continue
        gap = gaps[layer.name] = layer.residual
        if gap and not gap <= TOLERANCE * largest(layer):
            faults.append(layer.name)
    return Checked(trace, gaps, tuple(faults), tuple(skipped))


def largest(layer: Layer) -> float:
    """Return the largest finite value of a layer by size; 0.0 if it has none."""
    values = np.abs(layer.output)
    return float(np.max(values, initial=0.0, where=np.isfinite(values)))


def checked_words(found: Checked) -> str:
    """Say how well it went: ``check: largest difference 0``."""
    if found.worst is None:
        return "check: no layer can be repeated"
    words = f"check: largest difference {number(found.worst, 2)}"
    if found.faults:
        many = (
            "1 layer disagrees"
            if len(found.faults) == 1
            else (f"{count(len(found.faults))} layers disagree")
        )
        words += f", {many}: {found.faults[0]}"
    skipped = sum(gap is None for gap in found.gaps.values())
    notes = [f"{count(skipped)} not repeatable"] if skipped else []
    if found.not_kept:
        notes.append(f"{count(len(found.not_kept))} not in memory")
    return f"{words} ({', '.join(notes)})" if notes else words
