"""Parameters and multiply-adds, against torch's own counting and by hand."""

import pytest
import torch
import torchvision
from networks import Net, conv
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnviz.probe.recorder import record

TOTALS = {
    "alexnet": (61_100_840, 714_188_480),
    "vgg16": (138_357_544, 15_470_264_320),
}


@pytest.fixture(scope="module", params=TOTALS)
def recorded(request):
    """A network of full size, without the time of drawing its weights."""
    with torch.device("meta"):
        model = getattr(torchvision.models, request.param)(weights=None)
    model = model.to_empty(device="cpu").eval()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return request.param, model, record(model, [torch.zeros(3, 224, 224)])


def test_totals(recorded):
    name, _, recording = recorded
    parameters, macs = TOTALS[name]
    assert recording.parameters == recording.parameters_used == parameters
    assert sum(layer.parameters for layer in recording.layers) == parameters
    assert sum(layer.macs for layer in recording.layers) == macs


def test_rows(recorded):
    name, model, recording = recorded
    modules = dict(model.named_modules())
    for layer in recording.layers:
        own = modules[layer.name].parameters() if layer.name in modules else ()
        assert layer.parameters == sum(p.numel() for p in own)
    if name == "alexnet":
        heavy = [layer for layer in recording.layers if layer.macs]
        assert [layer.parameters for layer in heavy] == [
            23_296, 307_392, 663_936, 884_992, 590_080,
            37_752_832, 16_781_312, 4_097_000,
        ]  # fmt: skip
        assert [layer.macs for layer in heavy] == [
            70_276_800, 223_948_800, 112_140_288, 149_520_384, 99_680_256,
            37_748_736, 16_777_216, 4_096_000,
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("vgg11", 132_863_336), ("vgg16_bn", 138_365_992), ("vgg19", 143_667_240)],
)
def test_totals_of_further_networks(name, parameters):
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(weights=None)
    assert sum(p.numel() for p in model.parameters()) == parameters
    features = nn.Sequential(*model.features[:4]).to_empty(device="cpu")
    recording = record(features, [torch.zeros(3, 8, 8)])
    own = sum(p.numel() for p in features.parameters())
    assert sum(layer.parameters for layer in recording.layers) == own


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(4, 6, (3, 5), (2, 1), (1, 2), 2, groups=2)),
        nn.Sequential(
            nn.Conv2d(4, 6, 3, padding="same", bias=False), nn.Conv2d(6, 1, 1)
        ),
        nn.Sequential(nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2)),
        nn.Sequential(nn.Conv2d(4, 4, 5, padding=2, padding_mode="circular")),
        nn.Sequential(nn.Flatten(), nn.Linear(4 * 9 * 8, 7)),
        nn.Sequential(nn.Linear(8, 5)),
        nn.Sequential(
            nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2)
        ),
    ],
)
def test_multiply_adds_are_half_of_torchs_operations(model):
    x = torch.randn(4, 9, 8)
    recording = record(model, [x])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x[None])
    assert (
        2 * sum(layer.macs for layer in recording.layers) == counter.get_total_flops()
    )


def test_three_and_one_dimensions():
    one = record(nn.Conv1d(2, 3, 5), [torch.zeros(2, 20)]).layers[0]
    assert one.macs == 16 * 3 * 2 * 5
    three = record(nn.Conv3d(2, 3, 2), [torch.zeros(2, 4, 5, 6)]).layers[0]
    assert three.macs == 3 * 4 * 5 * 3 * 2 * 8
    assert three.axes == "CDHW"
    back = record(nn.ConvTranspose1d(2, 3, 4, 2), [torch.zeros(2, 7)]).layers[0]
    assert back.macs == 7 * 2 * 3 * 4


def test_recurrent_work():
    model = nn.LSTM(5, 4, 2, batch_first=True, bidirectional=True)
    layer = record(model, [torch.zeros(6, 5)]).layers[0]
    per_step = 2 * (4 * 4 * (5 + 4) + 4 * 4 * (8 + 4))
    assert layer.macs == 6 * per_step
    assert layer.parameters == sum(p.numel() for p in model.parameters())


def test_functions_and_hidden_parameters_count_once():
    def run(net, x):
        x = nn.functional.linear(x.mean((2, 3)), net.fc.weight, net.fc.bias)
        return nn.functional.linear(x, net.fc.weight.T) * net.scale

    model = Net(
        run, fc=nn.Linear(3, 3), scale=nn.Parameter(torch.ones(3)), no=conv(3, 3)
    )
    recording = record(model, [torch.zeros(3, 4, 4)])
    assert [(x.name, x.parameters) for x in recording.layers] == [
        ("mean", 0),
        ("fc", 12),
        ("linear", 0),
        ("mul", 3),
    ]
    assert recording.parameters_used == 15
    assert recording.parameters == 15 + 84
    assert recording.not_run == ("no",)
