"""Networks that other programs have shown wrongly, with figures worked out apart."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from filled import filled, ramp
from networks import Net
from torch import nn

from cnnviz.probe.recorder import record


def run(model, *inputs):
    recording = record(filled(model), inputs)
    assert recording.error is None
    return recording, {layer.name: layer for layer in recording.layers}


def total(layer):
    return float(layer.output.astype(np.float64).sum())


def test_values_before_an_in_place_relu():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 6, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
    _, layers = run(model, ramp(3, 8, 8))
    conv, relu = layers["0"].output, layers["1"].output
    assert conv.min() == pytest.approx(-2.01269, abs=1e-5)
    assert conv.max() == pytest.approx(1.75115, abs=1e-5)
    assert (conv < 0).sum() == 126 == (relu == 0).sum()
    assert relu.min() == 0
    assert (layers["2"].output < 0).sum() == 187


def test_one_relu_object_behind_every_convolution():
    def forward(net, x):
        for each in (net.conv1, net.conv2, net.conv3):
            x = net.relu(each(x))
        return x

    model = Net(
        forward,
        conv1=nn.Conv2d(3, 4, 3, padding=1),
        conv2=nn.Conv2d(4, 4, 3, padding=1),
        conv3=nn.Conv2d(4, 4, 3, stride=2),
        relu=nn.ReLU(inplace=True),
    )
    _, layers = run(model, ramp(3, 9, 9))
    assert list(layers) == ["conv1", "relu", "conv2", "relu_1", "conv3", "relu_2"]
    sums = [total(layers[name]) for name in ("relu", "relu_1", "relu_2")]
    assert sums == pytest.approx([111.474, 45.7457, 8.31086], rel=1e-5)


def test_a_branch_used_on_two_sizes():
    def forward(net, x):
        half = x[:, :, ::2, ::2]
        return net.act(net.stem(x)).mean((2, 3)) - net.act(net.stem(half)).mean((2, 3))

    stem = nn.Conv2d(2, 3, 5, stride=2, bias=False)
    recording, layers = run(Net(forward, stem=stem, act=nn.Softplus()), ramp(2, 21, 17))
    first, second = layers["stem"], layers["stem_1"]
    assert (first.shape, second.shape) == ((3, 9, 7), (3, 4, 3))
    assert total(first) == pytest.approx(-2.00346, abs=2e-4)
    assert total(second) == pytest.approx(-0.0138463, abs=1e-5)
    assert (first.parameters, second.parameters) == (150, 0)
    assert second.shared_with == "stem"
    assert recording.parameters == recording.parameters_used == 150
    assert first.macs + second.macs == 50 * (189 + 36) == 11_250
    np.testing.assert_allclose(
        layers["sub"].output, [0.496534, 0.176536, 0.421822], atol=1e-5
    )


def test_one_activation_handed_to_every_block():
    class Stage(nn.Module):
        def __init__(self, squash):
            super().__init__()
            self.mix, self.squash = nn.Conv1d(5, 5, 1), squash

        def forward(self, x):
            return self.squash(self.mix(self.squash(x)))

    squash = nn.PReLU(5)
    recording, _ = run(nn.Sequential(*(Stage(squash) for _ in range(4))), ramp(5, 9))
    runs = [layer for layer in recording.layers if layer.op == "PReLU"]
    assert len(runs) == 8
    assert len({layer.name for layer in runs}) == 8
    assert sum(layer.parameters for layer in recording.layers) == 125
    assert recording.parameters == 125
    assert total(runs[-1]) == pytest.approx(1.60564, rel=1e-5)


def test_a_weight_that_two_layers_share():
    model = Net(
        lambda net, x: net.b(net.a(x).relu()),
        a=nn.Conv1d(4, 4, 3, padding=1),
        b=nn.Conv1d(4, 4, 3, padding=1),
    )
    model.b.weight = model.a.weight
    recording, layers = run(model, ramp(4, 9))
    assert recording.parameters == 56
    assert [layer.parameters for layer in recording.layers] == [52, 0, 4]
    assert layers["a"].shared_with is None
    assert layers["b"].shared_with == "a"
    np.testing.assert_array_equal(layers["a"].weight, layers["b"].weight)


def test_an_lstm_behind_convolutions():
    def forward(net, x):
        h = net.relu(net.conv(x)).transpose(1, 2)
        h, _ = net.lstm(h)
        return net.fc(h[:, -1])

    model = Net(
        forward,
        conv=nn.Conv1d(2, 6, 5, padding=2),
        relu=nn.ReLU(),
        lstm=nn.LSTM(6, 8, batch_first=True, bidirectional=True),
        fc=nn.Linear(16, 3),
    )
    _, layers = run(model, ramp(2, 20))
    lstm = layers["lstm"]
    assert (lstm.kind, lstm.shape, lstm.parameters) == ("recurrent", (20, 16), 1024)
    assert [(name, each.shape) for name, each in lstm.extras] == [
        ("h_n", (2, 8)),
        ("c_n", (2, 8)),
    ]
    assert total(lstm) == pytest.approx(-2.40527, abs=1e-4)
    assert lstm.extras[0][1].sum() == pytest.approx(-0.11317, abs=1e-4)
    assert lstm.extras[1][1].sum() == pytest.approx(-0.166959, abs=1e-4)
    np.testing.assert_allclose(
        layers["fc"].output, [-0.171752, 0.11743, -0.0608402], atol=1e-5
    )


def test_layers_run_in_ways_that_hooks_do_not_see():
    def forward(net, x):
        x = net.c2.forward(net.c1(x))
        return F.conv2d(x, net.c3.weight, net.c3.bias)

    model = Net(
        forward,
        c1=nn.Conv2d(3, 4, 3),
        c2=nn.Conv2d(4, 4, 3),
        c3=nn.Conv2d(4, 2, 1),
        relu_never_called=nn.ReLU(),
        spare=nn.Conv2d(4, 4, 3),
    )
    recording, layers = run(model, ramp(3, 9, 9))
    assert {name: layer.shape for name, layer in layers.items()} == {
        "c1": (4, 7, 7),
        "c2": (4, 5, 5),
        "c3": (2, 5, 5),
    }
    assert total(layers["c2"]) == pytest.approx(1.9875, abs=1e-4)
    assert total(layers["c3"]) == pytest.approx(-4.28966, abs=1e-4)
    assert recording.not_run == ("relu_never_called", "spare")
    assert (recording.parameters, recording.parameters_used) == (418, 270)


def test_attention_uses_its_projection_by_bare_weights():
    model = Net(
        lambda net, x: net.fc(net.enc(net.conv(x).transpose(1, 2)).mean(1)),
        conv=nn.Conv1d(2, 24, 5, padding=2),
        enc=nn.TransformerEncoderLayer(24, 6, 20, batch_first=True),
        fc=nn.Linear(24, 2),
    )
    recording, layers = run(model, ramp(2, 11))
    np.testing.assert_allclose(layers["fc"].output, [-0.303146, 0.296141], atol=1e-5)
    with torch.inference_mode():
        plain = model(torch.from_numpy(ramp(1, 2, 11)))
    np.testing.assert_allclose(layers["fc"].output, plain[0], atol=1e-5)
    assert recording.not_run == ()
    assert recording.parameters == recording.parameters_used
    attention = layers["enc.self_attn"]
    assert attention.parameters == sum(
        p.numel() for p in model.enc.self_attn.parameters()
    )


@pytest.mark.parametrize(
    ("sign", "names", "shape", "idle", "output"),
    [
        (1, ["mean", "gt", "a", "relu"], (4, 7, 7), ("b",), [-0.442676, -0.168951]),
        (
            -1,
            ["mean", "gt", "b", "relu", "relu_1"],
            (4, 5, 5),
            ("a",),
            [-0.3435, -0.0701176],
        ),
    ],
)
def test_branches_that_depend_on_the_data(sign, names, shape, idle, output):
    def forward(net, x):
        h = net.a(x) if x.mean() > 0 else net.b(x)
        for _ in range(int(h.shape[-1]) % 3):
            h = h.relu()
        return net.fc(h.mean((2, 3)))

    model = Net(forward, a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(3, 4, 5), fc=nn.Linear(4, 2))
    recording, layers = run(model, sign * np.abs(ramp(3, 9, 9)))
    assert list(layers)[: len(names)] == names
    assert layers[names[2]].shape == shape
    assert recording.not_run == idle
    np.testing.assert_allclose(layers["fc"].output, output, atol=1e-5)


def test_the_same_objects_at_several_places():
    act, lin = nn.LeakyReLU(0.1, inplace=True), nn.Conv1d(4, 4, 3, padding=1)
    recording, layers = run(nn.Sequential(lin, act, lin, act, lin, act), ramp(4, 12))
    assert list(layers) == ["0", "1", "2", "3", "4", "5"]
    assert [total(layer) for layer in recording.layers] == pytest.approx(
        [-1.08346, 10.5265, -1.86153, 3.90732, -1.22161, 2.42711], rel=1e-4
    )
    assert recording.parameters == 52
    assert [layer.parameters for layer in recording.layers] == [52, 0, 0, 0, 0, 0]


def test_a_failure_is_told_and_leaves_nothing():
    model = filled(
        Net(
            lambda net, x: net.fc(net.c(x).relu().flatten(1)),
            c=nn.Conv2d(3, 4, 3),
            fc=nn.Linear(144, 2),
        )
    )
    bad = record(model, [ramp(3, 10, 10)])
    assert [layer.name for layer in bad.layers] == ["c", "relu", "flatten"]
    assert bad.error == (
        'Layer "fc" (linear) wants 144 features; 256 arrived (256, from flatten).'
    )
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    good = record(model, [ramp(3, 8, 8)])
    assert [layer.name for layer in good.layers] == ["c", "relu", "flatten", "fc"]
    np.testing.assert_allclose(good.layers[-1].output, [-0.119225, 0.388507], atol=1e-5)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_memory_layout_does_not_matter(layout):
    class Viewing(nn.Module):
        def __init__(self):
            super().__init__()
            self.c, self.fc = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8 * 6 * 6, 3)

        def forward(self, x):
            x = self.c(x).relu()
            return self.fc(x.view(x.size(0), -1))

    model, x = filled(Viewing()), torch.from_numpy(ramp(3, 6, 6))
    if layout is torch.channels_last:
        x = x[None].to(memory_format=layout)[0]
        weights = model.state_dict()
        weights["c.weight"] = weights["c.weight"].to(memory_format=layout)
        assert weights["c.weight"].stride() == (27, 1, 9, 3)
        model.load_state_dict(weights)
    conv, _, _, fc = record(model, [x]).layers
    np.testing.assert_allclose(fc.output, [-1.27414, -0.693246, -1.20141], atol=1e-5)
    assert conv.shape == (8, 6, 6)
    assert conv.weight.shape == (8, 3, 3, 3)
    np.testing.assert_allclose(conv.weight[0, 0, 0], [-0.25, -0.035, 0.18], atol=1e-6)


def test_kernels_are_read_in_their_order_whatever_the_layout():
    model = filled(nn.Conv2d(3, 8, 3))
    kept = model.weight.detach().clone()
    model = model.to(memory_format=torch.channels_last)
    assert model.weight.stride() == (27, 1, 9, 3)
    layer = record(model, [ramp(3, 6, 6)]).layers[0]
    np.testing.assert_array_equal(layer.weight, kept)
    np.testing.assert_allclose(layer.weight[0, 0, 0], [-0.25, -0.035, 0.18], atol=1e-6)


def test_a_network_left_in_training_mode():
    model = filled(
        nn.Sequential(
            nn.Conv2d(3, 4, 4),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(4, 4, 1),
            nn.BatchNorm2d(4),
        )
    ).train()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    conv, norm, *_, last = record(model, [ramp(3, 7, 7)]).layers
    assert norm.output[2, 1, 3] == pytest.approx(0.00282118, abs=1e-7)
    statistics = norm.options
    spread = np.sqrt(statistics["running_var"] + np.float32(statistics["eps"]))
    centred = conv.output - statistics["running_mean"][:, None, None]
    by_hand = centred / spread[:, None, None] * norm.weight[:, None, None]
    np.testing.assert_allclose(
        norm.output, by_hand + norm.bias[:, None, None], atol=1e-6
    )
    np.testing.assert_allclose(
        last.output.ravel(), [-0.235441, 0.0316997, -0.149773, 0.0873928], atol=1e-5
    )
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, kept[name])
