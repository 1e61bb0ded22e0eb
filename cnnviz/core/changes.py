"""How far the weights of two runs of one network are apart, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnnviz.core.layers import Array, Layer
from cnnviz.core.numbers import count, number
from cnnviz.core.progress import Check, no_check
from cnnviz.core.trace import Trace

_BLOCK = 1 << 20
"""Values compared at once: they are widened to float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two runs of a network whose files were written anew in between."""

    before: Trace
    after: Trace


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What became of the weights.

    Attributes
    ----------
    before, after
        The two runs.
    relative
        For each layer with weights of its own, in run order, ‖Δw‖ / ‖w‖ over kernel
        and bias, ``w`` being those of the earlier run: 0 where nothing changed,
        infinite where all were 0, NaN where no number can say it, for one of them is
        of another shape, new, or not finite.
    """

    before: Trace
    after: Trace
    relative: Mapping[str, float]

    @property
    def changed(self) -> tuple[str, ...]:
        """Layers whose weights are not the same, in run order."""
        return tuple(name for name, far in self.relative.items() if far != 0)


def compare(asked: Compared, check: Check = no_check) -> Changes:
    """Compare the weights of every layer of two runs.

    Parameters
    ----------
    check
        Called before each layer; may raise ``Cancelled``.
    """
    own = [
        layer
        for layer in asked.after.layers
        if layer.weight is not None and layer.shared_with is None
    ]
    relative = {}
    for done, layer in enumerate(own):
        check(done, len(own), layer.name)
        known = layer.name in asked.before
        old = asked.before[layer.name] if known else None
        relative[layer.name] = math.nan if old is None else _distance(old, layer)
    return Changes(asked.before, asked.after, relative)


def _distance(old: Layer, new: Layer) -> float:
    """Return ‖Δw‖ / ‖w‖ over kernel and bias; see ``Changes``."""
    apart = size = 0.0
    for was, now in ((old.weight, new.weight), (old.bias, new.bias)):
        if was is None and now is None:
            continue
        if was is None or now is None or was.shape != now.shape:
            return math.nan
        more = _squares(was.reshape(-1), now.reshape(-1))
        apart, size = apart + more[0], size + more[1]
    if apart == 0:
        return 0.0
    if not math.isfinite(apart) or not math.isfinite(size):
        return math.nan
    return math.sqrt(apart / size) if size else math.inf


def _squares(was: Array, now: Array) -> tuple[float, float]:
    """Return Σ(now - was)² and Σwas²; what is not finite counts 0 where it stayed."""
    apart = size = 0.0
    for start in range(0, len(was), _BLOCK):
        one = was[start : start + _BLOCK].astype(np.float64)
        two = now[start : start + _BLOCK].astype(np.float64)
        same = (one == two) | (np.isnan(one) & np.isnan(two))
        step = np.subtract(two, one, out=np.zeros_like(one), where=~same)
        apart += float(np.vdot(step, step))
        size += float(np.vdot(one, one))
    return apart, size


def change_words(relative: float) -> str:
    """Say how far weights have moved: ``3.2 %``, ``from 0``; ``""`` for NaN."""
    if math.isnan(relative):
        return ""
    if math.isinf(relative):
        return "from 0"
    parts = 100 * relative
    if parts < 0.01:
        return "less than 0.01 %"
    return f"{number(parts, 2) if parts < 10 else f'{parts:,.0f}'} %"


def changes_words(found: Changes) -> str:
    """Say in a line how many layers changed, and which most, and another class count.

    ``12 of 16 layers' weights changed, most layer1.0.conv1 (3.2 %)``
    """
    changed, all_of = found.changed, len(found.relative)
    classes = _classes_words(found.before, found.after)
    if not changed:
        return f"{classes}its weights are the same as before"
    words = f"{classes}{count(len(changed))} of {count(all_of)} layers' weights changed"
    told = {n: found.relative[n] for n in changed if not math.isnan(found.relative[n])}
    if not told:
        return words
    most = max(told, key=lambda name: told[name])
    return f"{words}, most {most} ({change_words(told[most])})"


def _classes_words(before: Trace, after: Trace) -> str:
    """Say that there are other classes now, and that their names went with them."""
    if before.scores is None or after.scores is None:
        return ""
    old, new = len(before.scores), len(after.scores)
    if old == new:
        return ""
    words = f"it has {count(new)} classes now, {count(old)} before"
    if before.labels is not None and after.labels is None:
        words += f", and the {count(len(before.labels))} names are not used"
    return f"{words}; "
