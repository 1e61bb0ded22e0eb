"""Modules called without being watched give the layers that watching gives."""

import pytest
import torch
from networks import NETWORKS, build, conv
from test_record_outputs import SIZES, classifier
from torch import nn
from torch.overrides import TorchFunctionMode

from cnnviz.probe.recorder import record


class Bystander(TorchFunctionMode):
    """While somebody else watches too, nothing may run unwatched."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen += 1
        return func(*args, **(kwargs or {}))


ONES = {
    "conv1d": (nn.Conv1d(3, 4, 3, padding=1, stride=2), (3, 9)),
    "conv2d": (nn.Conv2d(4, 6, (3, 5), padding="same", groups=2), (4, 7, 8)),
    "conv2d, circular": (conv(3, 4, padding_mode="circular"), (3, 6, 6)),
    "conv3d": (nn.Conv3d(2, 3, 2, dilation=2, bias=False), (2, 5, 5, 6)),
    "linear": (nn.Linear(5, 3), (4, 5)),
    "linear without bias": (nn.Linear(5, 3, bias=False), (5,)),
    "batch norm": (nn.BatchNorm2d(3, momentum=None), (3, 4, 4)),
    "batch norm, 1-D": (nn.BatchNorm1d(3, affine=False), (3, 9)),
    "batch norm of the batch": (
        nn.BatchNorm2d(3, track_running_stats=False),
        (3, 4, 4),
    ),
    "pad": (nn.ConstantPad1d((2, 1), 0.5), (3, 6)),
    "zero pad": (nn.ZeroPad2d((1, -1, 0, 2)), (3, 4, 4)),
    "dropout": (nn.Dropout(0.3), (3, 4)),
    "dropout in place": (nn.Dropout(0.3, inplace=True), (3, 4)),
    "max pool": (nn.MaxPool2d(3, 2, 1, ceil_mode=True), (3, 8, 9)),
    "max pool, 1-D": (nn.MaxPool1d(2, dilation=2), (3, 8)),
    "max pool with indices": (nn.MaxPool2d(2, return_indices=True), (3, 6, 6)),
    "average to a size": (nn.AdaptiveAvgPool2d((2, None)), (3, 7, 5)),
    "average over time": (nn.AdaptiveAvgPool1d(1), (3, 7)),
    "flatten": (nn.Flatten(), (3, 4, 2)),
    "flatten a vector": (nn.Flatten(), (3,)),
    "relu": (nn.ReLU(), (3, 4)),
    "relu in place": (nn.ReLU(inplace=True), (3, 4)),
    "relu6": (nn.ReLU6(), (3, 4)),
    "silu": (nn.SiLU(inplace=True), (3, 4)),
    "hardswish": (nn.Hardswish(), (3, 4)),
    "hardsigmoid": (nn.Hardsigmoid(inplace=True), (3, 4)),
    "sigmoid": (nn.Sigmoid(), (3, 4)),
}


def told(layer):
    """Everything a layer says, arrays as bytes."""
    arrays = {
        name: None if array is None else (array.shape, array.dtype, array.tobytes())
        for name, array in (
            ("output", layer.output),
            ("weight", layer.weight),
            ("bias", layer.bias),
            *layer.extras,
        )
    }
    options = {k: v for k, v in layer.options.items() if not hasattr(v, "shape")}
    facts = "name kind op inputs axes input_shapes module geometry parameters macs"
    found = {fact: getattr(layer, fact) for fact in facts.split()}
    return found | {"shared": layer.shared_with, "residual": layer.residual} | arrays, (
        options
    )


def check_same(model, inputs):
    direct = record(model, inputs)
    with Bystander() as bystander:
        watched = record(model, inputs)
    assert bystander.seen >= len(watched.layers)
    assert len(direct.layers) == len(watched.layers)
    for one, two in zip(direct.layers, watched.layers, strict=True):
        facts, options = told(one)
        wanted, wanted_options = told(two)
        assert facts == wanted
        shared = options.keys() & wanted_options.keys()  # defaults may be left out
        assert {k: options[k] for k in shared} == {k: wanted_options[k] for k in shared}
    assert (direct.error, direct.outputs) == (watched.error, watched.outputs)
    assert direct.parameters_used == watched.parameters_used
    assert direct.not_run == watched.not_run


@pytest.mark.parametrize("name", ONES)
def test_modules_of_one_function(name):
    module, shape = ONES[name]
    model = nn.Sequential(module, nn.Identity())
    check_same(model, [torch.randn(shape)])


@pytest.mark.parametrize("name", SIZES)
def test_whole_networks(name):
    check_same(classifier(name), [torch.randn(3, SIZES[name], SIZES[name])])


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_awkward_networks(name):
    check_same(*build(name))


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(conv(3, 4), nn.BatchNorm1d(4)),
        nn.Sequential(conv(2, 4)),
        nn.Sequential(nn.MaxPool2d(9)),
        nn.Sequential(conv(3, 4), nn.Linear(7, 2)),
    ],
)
def test_failures(model):
    check_same(model, [torch.randn(3, 6, 6)])


def test_a_forward_that_somebody_changed_is_run():
    relu = nn.ReLU()
    relu.forward = lambda x: x + 1
    layers = record(nn.Sequential(conv(3, 4), relu), [torch.randn(3, 5, 5)]).layers
    assert (layers[1].output == layers[0].output + 1).all()

    class Doubling(nn.Conv2d):
        def _conv_forward(self, x, weight, bias):
            return 2 * super()._conv_forward(x, weight, bias)

    model = nn.Sequential(Doubling(3, 4, 1))
    x = torch.randn(3, 5, 5)
    (layer,) = record(model, [x]).layers
    assert torch.equal(torch.tensor(layer.output), model(x[None])[0].detach())
