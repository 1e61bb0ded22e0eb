"""Which layer each panel shows, for networks made by hand."""

import numpy as np
import pytest

from cnnviz.app.scene import (
    channel_in,
    channel_names,
    chosen_class,
    class_layer,
    flattened_shape,
    maps_title,
    place_in,
    scene,
    signed_scale,
)
from cnnviz.core.layers import Geometry, Layer
from cnnviz.core.look import Look
from cnnviz.core.selection import Selection
from cnnviz.core.trace import Sample, Trace

DICE = np.random.default_rng(0)


def layer(name, kind, op, fed, output, **more):
    inputs = (fed,) if isinstance(fed, str) else fed
    return Layer(name, kind, op, inputs, np.float32(output), **more)


@pytest.fixture
def trace():
    """Conv → ReLU → max pool and average pool of it → flatten → linear → softmax."""
    conv = DICE.normal(size=(2, 6, 8))
    relu = np.maximum(conv, 0)
    halves = relu.reshape(2, 3, 2, 4, 2)
    pooling = {"kernel": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0)),
               "dilation": (1, 1)}  # fmt: skip
    maps = {"axes": "CHW", "input_shapes": ((2, 6, 8),)}
    scores = DICE.normal(size=3)
    layers = (
        layer("conv", "conv", "Conv2d", "input", conv, axes="CHW",
              input_shapes=((1, 6, 8),), weight=np.ones((2, 1, 1, 1), np.float32),
              geometry=Geometry((1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))),
        layer("relu", "activation", "ReLU", "conv", relu, **maps),
        layer("most", "pool", "MaxPool2d", "relu", halves.max((2, 4)), **maps,
              geometry=Geometry(**pooling, reduction="max")),
        layer("mean", "pool", "AvgPool2d", "relu", halves.mean((2, 4)), **maps,
              geometry=Geometry(**pooling, reduction="mean")),
        layer("flat", "flatten", "Flatten", "most", halves.max((2, 4)).ravel(),
              axes="C", input_shapes=((2, 3, 4),)),
        layer("drop", "dropout", "Dropout", "flat", halves.max((2, 4)).ravel(),
              axes="C", input_shapes=((24,),)),
        layer("dense", "linear", "Linear", "drop", scores, axes="C",
              input_shapes=((24,),), weight=np.ones((3, 24), np.float32)),
        layer("other", "linear", "Linear", "drop", DICE.normal(size=5), axes="C",
              input_shapes=((24,),), weight=np.ones((5, 24), np.float32)),
    )  # fmt: skip
    return Trace(
        Sample((np.zeros((1, 6, 8), np.float32),)),
        layers,
        scores=np.exp(scores) / np.exp(scores).sum(),
        labels=("a", "b", "c"),
        outputs=("other", "dense"),
        channel_names={"conv": ("left", "right")},
    )


def shown(trace, name, **look):
    return scene(trace, Selection(name, 0), Look(**look))


@pytest.mark.parametrize("chosen", ["conv", "relu", "most", "mean"])
def test_a_stage_is_shown_whole_whichever_layer_of_it_is_chosen(trace, chosen):
    now = shown(trace, chosen)
    assert (now.chosen.name, now.kernels.name) == (chosen, "conv")
    assert now.maps.name == "relu"
    assert {pool.name for pool in now.pooled} == {"most", "mean"}
    assert maps_title(now) == "After ReLU"
    before = shown(trace, chosen, before=True)
    assert before.maps.name == "conv"
    assert maps_title(before) == "Before activation"


def test_the_chosen_pool_comes_first(trace):
    assert [p.name for p in shown(trace, "mean").pooled] == ["mean", "most"]
    assert [p.name for p in shown(trace, "most").pooled] == ["most", "mean"]


def test_outside_of_stages_a_layer_shows_itself(trace):
    now = shown(trace, "flat")
    assert (now.stage, now.kernels, now.pooled) == (None, None, ())
    assert now.maps.name == "flat"
    assert maps_title(now) == "Maps"


def test_no_activation(trace):
    now = shown(trace, "dense")
    assert (now.kernels.name, now.maps.name) == ("dense", "dense")
    assert maps_title(now) == "Maps, no activation"
    assert shown(trace, "dense", before=True).maps.name == "dense"


def test_zero_is_in_the_middle_before_an_activation_only(trace):
    now = shown(trace, "conv")
    assert signed_scale(now, trace["conv"]) is True
    assert signed_scale(now, trace["relu"]) is None
    assert signed_scale(now, trace["most"]) is None
    assert signed_scale(shown(trace, "flat"), trace["flat"]) is None


def test_places_and_channels_elsewhere(trace):
    chosen = Selection("conv", 1, (3, 5))
    assert place_in(trace, chosen, trace["conv"]) == (3, 5)
    assert place_in(trace, chosen, trace["relu"]) == (3, 5)
    assert place_in(trace, chosen, trace["most"]) == (1, 2)
    assert place_in(trace, Selection("conv", 1), trace["most"]) is None
    assert channel_in(chosen, trace["conv"], trace["most"]) == 1
    assert channel_in(chosen, trace["conv"], trace["dense"]) is None


def test_what_a_dense_layer_was_flattened_from(trace):
    assert flattened_shape(trace, trace["dense"]) == (2, 3, 4)
    assert flattened_shape(trace, trace["flat"]) is None
    assert flattened_shape(trace, trace["conv"]) is None


def test_classes_belong_to_the_output_they_fit(trace):
    assert class_layer(trace) == "dense"
    assert chosen_class(trace, Selection("dense", 2, ())) == 2
    assert chosen_class(trace, Selection("other", 2, ())) is None
    assert channel_names(trace, trace["dense"]) == ("a", "b", "c")
    assert channel_names(trace, trace["other"]) == ()
    assert channel_names(trace, trace["conv"]) == ("left", "right")
    assert class_layer(Trace(trace.sample, trace.layers)) is None
