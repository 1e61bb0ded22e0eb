"""What each panel shows for a given state. Pure."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnviz.core.geometry import carry
from cnnviz.core.layers import Layer, Unit
from cnnviz.core.look import Look
from cnnviz.core.selection import Selection
from cnnviz.core.stages import Stage, stage_of
from cnnviz.core.trace import Trace
from cnnviz.pictures.captions import activation_name


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


_stages: weakref.WeakKeyDictionary[Trace, tuple[Stage, ...]] = (
    weakref.WeakKeyDictionary()
)


def stages_in(trace: Trace) -> tuple[Stage, ...]:
    """Return ``trace.stages``, which is worked out anew each time, from memory."""
    found = _stages.get(trace)
    if found is None:
        found = _stages[trace] = trace.stages
    return found


def scene(trace: Trace, selection: Selection, look: Look) -> Scene:
    """Return what the panels show.

    Parameters
    ----------
    selection
        Resolved against the trace, which has at least one layer.
    """
    assert selection.layer is not None
    chosen = trace[selection.layer]
    stage = stage_of(chosen.name, stages_in(trace))
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


def in_view(trace: Trace, now: Scene) -> tuple[Layer, ...]:
    """Return the layers whose values the panels show, or follow one through."""
    layers = [now.chosen, now.maps, *now.pooled]
    if now.stage is not None:
        names = now.stage.before, now.stage.activation, now.stage.after
        layers += [trace[name] for name in names if name is not None]
    return tuple({layer.name: layer for layer in layers}.values())


def missing(trace: Trace, now: Scene) -> Layer | None:
    """Return the first layer in view that was not kept in memory, or not its inputs."""
    explained = {layer.name for layer in (now.chosen, *now.pooled)}
    for layer in in_view(trace, now):
        if not layer.kept or (layer.name in explained and not layer.inputs_kept):
            return layer
    return None


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


def channel_names(trace: Trace, layer: Layer) -> Sequence[str]:
    """Return names of a layer's channels: of kernels made by hand, or of classes."""
    labels = trace.labels if layer.name == class_layer(trace) else None
    if labels is not None and len(labels) == layer.channels:
        return labels
    return trace.channel_names.get(layer.name, ())


def input_names(trace: Trace) -> Sequence[str]:
    """Name the input's channels: a picture's colours, a series' variables."""
    sample = trace.sample
    if sample.series is not None:
        return sample.series.names
    channels = len(sample.values[0]) if sample.shown is not None else 0
    return ("red", "green", "blue", "alpha")[:channels] if channels in (3, 4) else ()


def class_layer(trace: Trace) -> str | None:
    """Name the output whose channels are the classes."""
    if trace.scores is None:
        return None
    fitting = (n for n in trace.outputs if trace[n].shape == trace.scores.shape)
    return next(fitting, None)


def chosen_class(trace: Trace, selection: Selection) -> int | None:
    """Return the class that is selected as a channel of the layer of classes."""
    return selection.channel if selection.layer == class_layer(trace) else None


def signed_scale(now: Scene, layer: Layer) -> bool | None:
    """Tell whether zero belongs in the middle of a layer's colour scale.

    True for what lies before an activation, so that the scale does not change from
    one picture to the next; None lets the values decide.
    """
    if now.stage is None or layer.kind in ("activation", "pool"):
        return None
    return True


def kernel_look(trace: Trace, head: Layer, look: Look) -> Look:
    """Return how a layer's kernels are shown.

    Those made by hand differ a hundredfold; each is to be seen.
    """
    if look.scale == "layer" and head.name in trace.channel_names:
        return replace(look, scale="map")
    return look


def maps_title(now: Scene) -> str:
    """Say what mapsPanel shows: ``"After ReLU"``, ``"Before ReLU"``, ``"Maps"``."""
    if now.stage is None or now.kernels is None:
        return "Maps"
    if now.stage.activation is None:
        return "Maps, no activation"
    if now.maps.name == now.stage.activation:
        return f"After {activation_name(now.maps)}"
    return "Before activation"


def flattened_shape(trace: Trace, layer: Layer) -> tuple[int, ...] | None:
    """Return the shape of the maps that a dense layer's input was flattened from.

    Follows the input back through layers that leave a vector as it is.
    """
    at = layer.inputs[0] if layer.inputs else ""
    while at in trace:
        source = trace[at]
        if source.kind == "flatten":
            return source.input_shapes[0] if source.input_shapes else None
        if source.kind not in ("dropout", "activation", "norm") or not source.inputs:
            return None
        at = source.inputs[0]
    return None
