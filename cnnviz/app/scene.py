"""Which layer each panel shows for a given state. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.core.geometry import carry
from cnnviz.core.layers import Layer, Unit
from cnnviz.core.look import Look
from cnnviz.core.selection import Selection
from cnnviz.core.stages import Stage, stage_of
from cnnviz.core.trace import Trace


@dataclass(frozen=True, slots=True)
class Scene:
    """What is on the panels.

    Attributes
    ----------
    chosen
        The selected layer.
    stage
        The stage it belongs to, or None.
    kernels
        The layer whose kernels are shown, or None.
    maps
        The layer whose maps fill mapsPanel: after the activation or, if the look says
        so or there is none, before it; the chosen layer itself outside of stages.
    pooled
        The pooling layers of the stage; a chosen one first.
    """

    chosen: Layer
    stage: Stage | None
    kernels: Layer | None
    maps: Layer
    pooled: tuple[Layer, ...]


def scene(trace: Trace, selection: Selection, look: Look) -> Scene:
    """Return what the panels show.

    Parameters
    ----------
    selection
        Resolved against the trace, which has at least one layer.
    """
    assert selection.layer is not None
    chosen = trace[selection.layer]
    stage = stage_of(chosen.name, trace.stages)
    if stage is None:
        return Scene(chosen, None, None, chosen, ())
    before = stage.before
    place = stage.members.index(chosen.name)
    if place <= stage.members.index(stage.before):
        before = chosen.name
    maps = trace[before if look.before or not stage.activation else stage.activation]
    pools = sorted(stage.pools, key=lambda name: name != chosen.name)
    return Scene(
        chosen, stage, trace[stage.head], maps, tuple(trace[name] for name in pools)
    )


def place_in(trace: Trace, selection: Selection, layer: Layer) -> Unit | None:
    """Return the selected unit's place in another layer of the trace."""
    if selection.layer is None or selection.unit is None:
        return None
    if layer.name == selection.layer:
        return selection.unit
    return carry(trace, selection.layer, selection.unit, layer.name)


def channel_in(selection: Selection, chosen: Layer, layer: Layer) -> int | None:
    """Return the selected channel in another layer, None where it has no meaning."""
    same = layer.channels == chosen.channels
    return selection.channel if same else None
