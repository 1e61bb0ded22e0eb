"""R7: what ran before a failure is kept, and the sentence says what was wrong."""

import numpy as np
import pytest
import torch
import torchvision
from networks import Net, conv
from torch import nn

from cnnviz.probe.recorder import record


@pytest.fixture(scope="module")
def features():
    return torchvision.models.alexnet(weights=None).features


@pytest.mark.parametrize("size", [63, 64, 70])
def test_pictures_that_are_just_large_enough(features, size):
    recording = record(features, [np.zeros((3, size, size), np.float32)])
    assert recording.error is None
    assert recording.layers[-1].shape == (256, 1, 1)


@pytest.mark.parametrize("size", [30, 32, 62])
def test_pictures_that_are_too_small(features, size):
    recording = record(features, [np.zeros((3, size, size), np.float32)])
    failed = {30: "5", 32: "12", 62: "12"}[size]
    ran = [layer.name for layer in recording.layers]
    assert ran == [str(k) for k in range(int(failed))]
    came = "×".join(map(str, recording.layers[-1].shape))
    assert recording.error == (
        f'Layer "{failed}" (max_pool2d) cannot be applied to {came}, '
        f"from {ran[-1]}: this network needs at least 63 × 63 pixels."
    )


def test_the_smallest_size_told_is_enough_and_one_less_is_not():
    model = nn.Sequential(
        nn.Conv2d(1, 2, (5, 3), stride=(3, 1), dilation=2),
        nn.AvgPool2d((2, 3), ceil_mode=True),
        nn.ConvTranspose2d(2, 2, 2, stride=2),
        nn.Conv2d(2, 1, (7, 4)),
    )
    error = record(model, [torch.zeros(1, 10, 6)]).error
    height, width = map(int, error.split("at least ")[1].split(" pixels")[0].split("×"))
    assert record(model, [torch.zeros(1, height, width)]).error is None
    assert record(model, [torch.zeros(1, height - 1, width)]).error is not None
    assert record(model, [torch.zeros(1, height, width - 1)]).error is not None


def test_a_series_that_is_too_short():
    model = nn.Sequential(nn.Conv1d(2, 3, 5), nn.MaxPool1d(4))
    error = record(model, [torch.zeros(2, 4)]).error
    assert error == (
        'Layer "0" (conv1d) cannot be applied to 2×4, from input: '
        "this network needs at least 8 steps."
    )


@pytest.mark.parametrize(
    ("model", "shape", "sentence"),
    [
        (
            conv(3, 4),
            (1, 8, 8),
            "(conv2d) wants 3 channels; 1 arrived (1×8×8, from input).",
        ),
        (
            conv(1, 4),
            (3, 8, 8),
            "(conv2d) wants 1 channel; 3 arrived (3×8×8, from input).",
        ),
        (
            nn.Conv2d(4, 4, 3, groups=2),
            (6, 8, 8),
            "(conv2d) wants 4 channels; 6 arrived (6×8×8, from input).",
        ),
        (
            nn.ConvTranspose2d(3, 4, 3),
            (2, 8, 8),
            "(conv_transpose2d) wants 3 channels; 2 arrived (2×8×8, from input).",
        ),
        (
            nn.Conv1d(3, 4, 3),
            (3, 8, 8),
            "(conv1d) wants maps with 1 axis; 3×8×8 arrived (3×8×8, from input).",
        ),
        (
            nn.Linear(5, 2),
            (4,),
            "(linear) wants 5 features; 4 arrived (4, from input).",
        ),
        (
            nn.BatchNorm2d(5),
            (3, 8, 8),
            "(batch_norm) wants 5 channels; 3 arrived (3×8×8, from input).",
        ),
    ],
)
def test_what_a_layer_wanted_and_what_came(model, shape, sentence):
    recording = record(nn.Sequential(model), [torch.zeros(shape)])
    assert recording.error == f'Layer "0" {sentence}'
    assert recording.layers == ()


def test_a_layer_that_refuses_by_itself_is_named():
    model = nn.Sequential(conv(3, 4), nn.BatchNorm1d(4))
    error = record(model, [torch.zeros(3, 6, 6)]).error
    assert error == (
        'The network\'s own code stopped in "1" after layer "0": '
        "ValueError: expected 2D or 3D input (got 4D input)"
    )


def test_an_operator_that_does_not_fit_is_named():
    model = Net(lambda net, x: net.one(x) + x, one=conv(3, 4))
    recording = record(model, [torch.zeros(3, 6, 6)])
    assert recording.error.startswith('Layer "add" (add) stopped on 4×6×6, from one: ')
    assert "must match" in recording.error
    assert [layer.name for layer in recording.layers] == ["one"]


def test_a_failure_of_the_networks_own_code():
    def run(net, x):
        x = net.one(x)
        raise KeyError("colour")

    error = record(Net(run, one=conv(3, 4)), [torch.zeros(3, 6, 6)]).error
    assert error == (
        "The network's own code stopped after layer \"one\": KeyError: 'colour'"
    )
    error = record(Net(lambda net, x: 1 / 0), [torch.zeros(3)]).error
    assert error == (
        "The network's own code stopped before its first layer: "
        "ZeroDivisionError: division by zero"
    )


def test_a_failure_that_the_network_caught_is_not_blamed():
    def run(net, x):
        try:
            net.fc(x)
        except RuntimeError:
            x = net.one(x)
        raise LookupError("no labels")

    error = record(
        Net(run, one=conv(3, 4), fc=nn.Linear(7, 2)), [torch.zeros(3, 6, 6)]
    ).error
    assert error == (
        'The network\'s own code stopped after layer "one": LookupError: no labels'
    )


def test_a_failure_that_the_network_wrapped_is_explained():
    def run(net, x):
        try:
            return net.fc(x)
        except RuntimeError as failure:
            raise ValueError("bad input") from failure

    error = record(Net(run, fc=nn.Linear(7, 2)), [torch.zeros(3)]).error
    assert error == 'Layer "fc" (linear) wants 7 features; 3 arrived (3, from input).'


def test_the_values_before_a_failure_are_right():
    model = nn.Sequential(conv(3, 4), nn.ReLU(inplace=True), nn.Linear(5, 2))
    x = torch.randn(3, 6, 6)
    recording = record(model, [x])
    conv_output = model[0](x[None])[0].detach().numpy()
    np.testing.assert_array_equal(recording.layers[0].output, conv_output)
    np.testing.assert_array_equal(
        recording.layers[1].output, np.maximum(conv_output, 0)
    )
    assert recording.outputs == ()
    assert recording.error == (
        'Layer "2" (linear) wants 5 features; 6 arrived (4×6×6, from 1).'
    )


def test_wrong_numbers_of_inputs():
    error = record(conv(3, 4), [torch.zeros(3, 6, 6), torch.zeros(3)]).error
    assert error.startswith("The network's own code stopped")
    assert "TypeError" in error


def test_a_layer_for_which_there_is_no_memory():
    """What ran is kept, and the bytes asked for are told: 4 to a value."""

    class Greedy(nn.Module):
        def forward(self, x):
            return torch.relu(x).repeat(1, 2**40, 1, 1)

    recording = record(Greedy(), [torch.zeros(3, 8, 8)])
    assert [layer.name for layer in recording.layers] == ["relu"]
    asked = 4 * 3 * 2**40 * 8 * 8 / 1e6
    assert f"not enough memory: {asked:,.0f} MB" in recording.error
    assert "repeat" in recording.error
    assert "alloc_cpu" not in recording.error
