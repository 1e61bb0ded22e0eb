"""A trace that was tampered with is found out, and by whom."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.core.errors import Cancelled
from cnnviz.core.layers import Layer
from cnnviz.core.selfcheck import checked_words, selfcheck
from cnnviz.core.trace import Sample, Trace
from cnnviz.probe.execute import trace_module


class Lying:
    """A replay that gives something else by so much."""

    def __init__(self, gap):
        self.gap = gap

    def residual(self):
        return self.gap


def layer(name, gap, largest=10.0):
    maps = np.full((2, 3, 3), largest, np.float32)
    replay = None if gap is None else Lying(gap)
    return Layer(name, "other", "x", ("input",), maps, axes="CHW", replay=replay)


def trace(*layers):
    return Trace(Sample((np.zeros((2, 3, 3), np.float32),)), layers)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2)).eval()


def test_an_honest_trace_passes(network):
    x = np.random.default_rng(1).normal(size=(2, 9, 9)).astype(np.float32)
    found = selfcheck(trace_module(network, x))
    assert found.faults == ()
    assert set(found.gaps) == {"0", "1", "2"}
    assert found.worst < 1e-6


def test_a_changed_map_is_found(network):
    x = np.random.default_rng(1).normal(size=(2, 9, 9)).astype(np.float32)
    honest = trace_module(network, x)
    wrong = replace(
        honest["1"].replay,
        recorded=replace(
            honest["1"].replay.recorded,
            array=honest["1"].replay.recorded.array + np.float32(0.5),
        ),
    )
    layers = (
        honest["0"], replace(honest["1"], replay=wrong), honest["2"]
    )  # fmt: skip
    found = selfcheck(replace(honest, layers=layers))
    assert found.faults == ("1",)
    assert found.worst == pytest.approx(0.5)


def test_rounding_passes_and_more_does_not():
    found = selfcheck(trace(layer("a", 0.0), layer("b", 9e-4), layer("c", 1.1e-3)))
    assert found.faults == ("c",)
    assert found.worst == 1.1e-3


@pytest.mark.parametrize("gap", [float("inf"), float("nan")])
def test_what_is_no_number_disagrees(gap):
    assert selfcheck(trace(layer("a", gap))).faults == ("a",)


def test_a_layer_of_zeros_must_be_exact():
    assert selfcheck(trace(layer("a", 0.0, 0.0))).faults == ()
    assert selfcheck(trace(layer("a", 1e-30, 0.0))).faults == ("a",)


def test_in_words():
    assert checked_words(selfcheck(trace(layer("a", 0.0)))) == (
        "check: largest difference 0"
    )
    said = checked_words(selfcheck(trace(layer("a", 0.5), layer("b", None))))
    assert said == (
        "check: largest difference 0.5, 1 layer disagrees: a (1 not repeatable)"
    )
    none = checked_words(selfcheck(trace(layer("a", None))))
    assert none == "check: no layer can be repeated"


def test_it_can_be_stopped():
    asked = []

    def check(done, total, name):
        asked.append((done, total, name))
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        selfcheck(trace(layer("a", 0.0), layer("b", 0.0), layer("c", 0.0)), check)
    assert asked == [(0, 3, "a"), (1, 3, "b")]
