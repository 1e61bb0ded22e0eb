"""Stages: a layer with weights plus the normalisation, activation and pool behind it.

Derived from data flow alone, never from names or order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.core.layers import WEIGHTED, Layer

_PASSING = frozenset({"dropout", "reshape", "pad", "mul", "other"})
"""Kinds a stage may run through without giving up its shape of channels."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A layer with weights and what follows it up to the next one.

    Attributes
    ----------
    head
        Name of the layer with weights.
    members
        Every layer of the stage in run order, the head first.
    before
        The layer whose output goes into the activation; the last layer before the
        pools when there is no activation.
    activation
        The activation, or None.
    pools
        Pooling layers that read the stage's result side by side; usually one.
    """

    head: str
    members: tuple[str, ...]
    before: str
    activation: str | None = None
    pools: tuple[str, ...] = ()

    @property
    def after(self) -> str:
        """The layer whose maps are "after the activation" (``before`` if none)."""
        return self.activation or self.before


def _depths(layers: Sequence[Layer]) -> dict[str, int]:
    """Count the layers with weights on the longest way from the input to each layer."""
    depth: dict[str, int] = {}
    for layer in layers:
        fed = max((depth.get(name, 0) for name in layer.inputs), default=0)
        depth[layer.name] = fed + (layer.kind in WEIGHTED)
    return depth


def stages(layers: Sequence[Layer]) -> tuple[Stage, ...]:
    """Group layers into stages, in run order of their heads.

    From each layer with weights the walk follows the only consumer through
    normalisation, dropout, reshaping, a residual add and one activation to the pools.
    It ends at a fork (other than a fork into pools only), a concatenation, a flatten,
    or the next layer with weights. A residual add belongs to the branch with more
    layers with weights, the later one on a tie: the block, not its shortcut.

    Parameters
    ----------
    layers
        In run order, as recorded.
    """
    consumers: dict[str, list[Layer]] = defaultdict(list)
    for layer in layers:
        for name in dict.fromkeys(layer.inputs):
            consumers[name].append(layer)
    depth = _depths(layers)
    order = {layer.name: i for i, layer in enumerate(layers)}

    def owns_merge(mine: Layer, merge: Layer) -> bool:
        rivals = [name for name in merge.inputs if name in order]
        best = max(rivals, key=lambda name: (depth[name], order[name]))
        return best == mine.name

    found = []
    for head in layers:
        if head.kind not in WEIGHTED:
            continue
        members, activation, at = [head.name], None, head
        before = head.name
        pools: tuple[str, ...] = ()
        while following := consumers[at.name]:
            if all(layer.kind == "pool" for layer in following):
                pools = tuple(layer.name for layer in following)
                members.extend(pools)
                break
            if len(following) > 1:
                break
            step = following[0]
            if step.kind in ("add", "mul") and len(set(step.inputs)) > 1:
                if activation is not None or not owns_merge(at, step):
                    break
            elif step.kind == "activation":
                if activation is not None:
                    break
                activation = step.name
            elif step.kind == "norm":
                if activation is not None:
                    break
            elif step.kind not in _PASSING or step.channels != head.channels:
                break
            members.append(step.name)
            if activation is None:
                before = step.name
            at = step
        found.append(Stage(head.name, tuple(members), before, activation, pools))
    return tuple(found)


def stage_of(name: str, found: Sequence[Stage]) -> Stage | None:
    """Return the stage a layer belongs to, or None."""
    return next((stage for stage in found if name in stage.members), None)
