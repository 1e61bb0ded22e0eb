"""Weights counted by torch's own layers; dense ones by building them, when small."""

import numpy as np
import pytest
from torch import nn

from cnnviz.core.layers import Geometry, Layer
from cnnviz.core.ledger import ledger, lost_words, sharing_words
from cnnviz.probe.execute import trace_module


def traced(module, *shape):
    return trace_module(module.eval(), np.ones(shape, np.float32)).layers[-1]


def learned(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv2d(3, 5, 3, stride=2), (3, 9, 12)),
        (nn.Conv2d(4, 6, 3, groups=2, bias=False), (4, 7, 7)),
        (nn.Conv1d(2, 3, 3, dilation=2), (2, 11)),
        (nn.ConvTranspose2d(3, 2, 3, stride=2), (3, 4, 5)),
        (nn.Linear(6, 4), (6,)),
    ],
)
def test_the_dense_layer_is_really_that_large(module, shape):
    layer = traced(nn.Sequential(module), *shape)
    found = ledger(layer)
    dense = nn.Linear(
        int(np.prod(shape)), layer.output.size, bias=module.bias is not None
    )
    assert found.weights == learned(module)
    assert found.dense == learned(dense)
    assert found.positions == int(np.prod(layer.output.shape[1:]))


def test_the_first_layer_of_alexnet_in_words():
    layer = traced(nn.Sequential(nn.Conv2d(3, 64, 11, 4, 2)), 3, 224, 224)
    assert sharing_words(ledger(layer)) == (
        "23,296 parameters shared over 3,025 positions; dense: 29.1 billion"
    )


def test_a_dense_layer_shares_nothing():
    layer = traced(nn.Sequential(nn.Linear(6, 4)), 6)
    assert sharing_words(ledger(layer)) == (
        "28 parameters, each used once: nothing is shared"
    )


def test_layers_without_weights_have_no_ledger():
    assert ledger(traced(nn.Sequential(nn.ReLU()), 3, 4, 4)) is None
    assert ledger(traced(nn.Sequential(nn.BatchNorm2d(3)), 3, 4, 4)) is None


def pool(length, kernel, stride):
    size = (length - kernel) // stride + 1
    return Layer(
        "pool",
        "pool",
        "MaxPool2d",
        ("input",),
        np.zeros((1, size, 5), np.float32),
        axes="CHW",
        input_shapes=((1, length, 5),),
        geometry=Geometry((kernel, 1), (stride, 1), ((0, 0), (0, 0)), (1, 1)),
    )


def test_rows_that_no_window_reaches():
    assert lost_words(pool(10, 3, 3)) == "flooring loses the last row"
    assert lost_words(pool(11, 3, 3)) == "flooring loses the last 2 rows"
    assert lost_words(pool(9, 3, 3)) == ""
    both = traced(nn.Sequential(nn.Conv2d(1, 1, 2, stride=2)), 1, 5, 7)
    assert lost_words(both) == "flooring loses the last row and the last column"
