"""Terms laid out as windows, against slices of the input."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.pictures.terms import (
    map_words,
    strongest,
    term_words,
    way_words,
    window_of,
)
from cnnviz.probe.execute import trace_module


def traced(module, *shape):
    torch.manual_seed(0)
    x = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    return trace_module(module.eval(), x), x


@pytest.fixture
def conv():
    return traced(nn.Sequential(nn.Conv2d(3, 2, (2, 3), padding=(0, 1))), 3, 5, 6)


def test_a_window_is_a_slice_of_the_input(conv):
    trace, x = conv
    found = trace.explain("0", 1, (2, 0))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    for group in range(3):
        channel = int(found.subtotals.channel[group])
        laid = window_of(found, group)
        assert laid.shape == (2, 3)
        np.testing.assert_array_equal(laid.x, padded[channel, 2:4, 0:3])
        np.testing.assert_array_equal(laid.w, trace["0"].weight[1, channel])
        np.testing.assert_array_equal(laid.product, laid.x * laid.w)
        assert laid.padding.tolist() == [[True, False, False]] * 2
        terms = found.terms.channel[laid.index]
        assert (terms == channel).all()


def test_a_transposed_window_has_gaps():
    trace, _ = traced(nn.Sequential(nn.ConvTranspose2d(1, 1, 3, stride=2)), 1, 4, 4)
    laid = window_of(trace.explain("0", 0, (3, 3)), 0)
    there = np.zeros((3, 3), bool)
    there[1, 1] = True  # only the middle tap lands on an input
    np.testing.assert_array_equal(laid.index >= 0, there)
    assert np.isnan(laid.x[~there]).all()


def test_time_is_one_row():
    trace, x = traced(nn.Sequential(nn.Conv1d(2, 1, 3, dilation=2)), 2, 9)
    found = trace.explain("0", 0, (1,))
    laid = window_of(found, 1)
    np.testing.assert_array_equal(laid.x, [x[1, 1:6:2]])


def test_a_dense_layer_is_folded_back_to_its_maps():
    module = nn.Sequential(nn.Conv2d(1, 4, 2), nn.Flatten(), nn.Linear(4 * 2 * 3, 2))
    trace, _ = traced(module, 1, 3, 4)
    found = trace.explain("2", 1, ())
    assert len(found.subtotals) == 4
    for group in range(4):
        laid = window_of(found, group)
        np.testing.assert_array_equal(laid.x, trace["0"].output[group])
        weight = trace["2"].weight[1].reshape(4, 2, 3)[group]
        np.testing.assert_array_equal(laid.w, weight)
        assert map_words(found, group) == f"0 channel {group}"


def test_without_a_window_the_terms_stand_in_a_row():
    trace, x = traced(nn.Sequential(nn.Linear(5, 2)), 5)
    found = trace.explain("0", 0, ())
    laid = window_of(found, 3)
    assert laid.shape == (1, 1)
    assert laid.x.item() == x[int(found.subtotals.channel[3])]
    assert map_words(found, 3) == "input neuron 3"


def test_the_winner_says_most_else_the_largest_product(conv):
    trace, _ = conv
    found = trace.explain("0", 0, (1, 2))
    products = np.abs(found.terms.product)
    assert products[strongest(found)] == products.max()
    inside = strongest(found, 2)
    assert found.terms.group[inside] == 2
    assert products[inside] == products[found.terms.group == 2].max()
    pool, y = traced(nn.Sequential(nn.MaxPool2d(2)), 1, 4, 4)
    best = strongest(pool.explain("0", 0, (1, 0)))
    window = y[0, 2:4, 0:2]
    assert pool.explain("0", 0, (1, 0)).terms.x[best] == window.max()


def test_terms_in_words(conv):
    trace, x = conv
    found = trace.explain("0", 1, (2, 0))
    assert term_words(found, 0).endswith(" = 0 · padding") or term_words(
        found, 0
    ).endswith("= −0 · padding")
    said = term_words(found, 1)
    x_said = f"{x[0, 2, 0]:.4g}".replace("-", "−")
    assert said.startswith(f"{x_said} × ")
    assert said.endswith(" · input · channel 0 · (2, 0)")


def test_what_became_of_a_value():
    assert way_words("a = −0.5", [("ReLU", 0.0), ("max pool", 1.25)]) == (
        "a = −0.5 → ReLU → 0 → max pool → 1.25"
    )
    assert way_words("a = 1", []) == "a = 1"
