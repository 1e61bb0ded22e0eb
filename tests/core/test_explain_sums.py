import numpy as np
import pytest
import torch
from graphs import noise, spots, traced
from sums import MODES, conv_value, given, holds, transposed_map
from torch import nn
from torch.nn import functional as F

CONVS = {
    "plain": (nn.Conv2d(3, 4, 3), (3, 7, 6)),
    "one cell": (nn.Conv2d(3, 4, 1, bias=False), (3, 4, 4)),
    "stride over padding": (nn.Conv2d(2, 4, (5, 3), (3, 2), (2, 1)), (2, 11, 8)),
    "dilated": (nn.Conv2d(2, 2, 3, padding=4, dilation=(4, 2)), (2, 9, 10)),
    "groups": (nn.Conv2d(6, 9, 3, padding=1, groups=3), (6, 5, 5)),
    "depthwise": (nn.Conv2d(5, 10, 3, 2, 1, groups=5), (5, 6, 6)),
    "reflect": (nn.Conv2d(2, 3, 5, padding=2, padding_mode="reflect"), (2, 6, 5)),
    "replicate": (
        nn.Conv2d(2, 3, 3, 2, (2, 1), padding_mode="replicate"),
        (2, 6, 5),
    ),
    "circular": (
        nn.Conv2d(2, 3, (3, 5), padding=(1, 2), padding_mode="circular"),
        (2, 6, 5),
    ),
    "same, even kernel": (nn.Conv2d(2, 3, 4, padding="same"), (2, 6, 5)),
    "same, circular": (
        nn.Conv2d(2, 3, (4, 2), padding="same", padding_mode="circular"),
        (2, 6, 5),
    ),
    "1-D": (nn.Conv1d(3, 4, 3, 2, 2, dilation=2), (3, 12)),
    "1-D groups reflect": (
        nn.Conv1d(4, 4, 3, padding=3, groups=2, padding_mode="reflect"),
        (4, 9),
    ),
    "3-D": (nn.Conv3d(2, 3, (2, 3, 3), (1, 2, 1), (1, 1, 0)), (2, 4, 5, 5)),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("case", CONVS)
def test_convolutions_against_a_padded_window(case):
    module, shape = CONVS[case]
    torch.manual_seed(1)
    x = noise(*shape) - 0.5
    trace = traced(nn.Sequential(module), x)
    layer = trace["0"]
    reach = [
        d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)
    ]
    if module.padding == "same":
        pads = [(r // 2, r - r // 2) for r in reach]
    else:
        pads = [(p, p) for p in module.padding]
    padded = np.pad(x.astype(float), [(0, 0), *pads], mode=MODES[module.padding_mode])
    weight = module.weight.detach().numpy()
    bias = None if module.bias is None else module.bias.detach().numpy()
    for unit in spots(layer.spatial):
        for channel in {0, layer.channels - 1}:
            found = holds(trace, layer, channel, unit)
            own = conv_value(
                padded,
                weight,
                bias,
                (channel, *unit),
                module.stride,
                module.dilation,
                module.groups,
            )
            assert found.rule == "weighted sum"
            assert found.total == pytest.approx(own, rel=1e-12, abs=1e-12)
            assert found.bias == (0 if bias is None else float(bias[channel]))
            assert len(found.terms) == weight[0].size
            np.testing.assert_array_equal(found.terms.w, weight[channel].ravel())
            outside = np.pad(np.zeros(shape[1:], bool), pads, constant_values=True)
            part = tuple(
                slice(unit[a] * module.stride[a], None, module.dilation[a])
                for a in range(len(unit))
            )
            window = outside[part][tuple(map(slice, module.kernel_size))]
            padding = np.tile(window.ravel(), weight.shape[1])
            np.testing.assert_array_equal(found.terms.is_padding, padding)


def test_padding_of_zeros_leads_nowhere_and_mirrored_padding_to_what_it_mirrors():
    x = noise(1, 5)
    zeros = traced(nn.Sequential(nn.Conv1d(1, 1, 3, padding=1)), x)
    found = zeros.explain("0", 0, (0,))
    assert found.place(0) is None
    assert found.place(1) == ("input", 0, (0,))
    assert found.terms.position[:, 0].tolist() == [-1, 0, 1]
    mirror = nn.Conv1d(1, 1, 3, padding=1, padding_mode="reflect")
    found = traced(nn.Sequential(mirror), x).explain("0", 0, (4,))
    assert found.terms.is_padding.tolist() == [False, False, True]
    assert found.place(2) == ("input", 0, (3,))


def test_subtotals_are_the_sums_of_single_channel_convolutions():
    module = nn.Conv2d(3, 2, 3, padding=1)
    x = noise(3, 5, 5) - 0.5
    trace = traced(nn.Sequential(module), x)
    found = trace.explain("0", 1, (4, 2))
    with torch.no_grad():
        parts = [
            F.conv2d(
                torch.from_numpy(x[c : c + 1]).double(),
                module.weight[1:, c : c + 1].double(),
                padding=1,
            )[0, 4, 2].item()
            for c in range(3)
        ]
    np.testing.assert_allclose(found.subtotals.total, parts, rtol=1e-12)
    assert found.subtotals.channel.tolist() == [0, 1, 2]
    largest = np.abs(parts)[found.subtotals.order]
    assert (np.diff(largest) <= 0).all()
    assert sum(parts) + found.bias == pytest.approx(found.total)
    assert found.words.startswith("Σ over 3 channels and 3×3 cells + bias ")
    assert found.window == (3, 3)
    assert found.terms.offset[:4].tolist() == [[0, 0], [0, 1], [0, 2], [1, 0]]


TRANSPOSED = {
    "plain": (nn.ConvTranspose2d(3, 2, 3), (3, 3, 4)),
    "stride": (nn.ConvTranspose2d(2, 3, (3, 2), (2, 3), (1, 0), (1, 1)), (2, 4, 3)),
    "groups": (nn.ConvTranspose2d(4, 6, 3, 2, groups=2, dilation=2), (4, 3, 3)),
    "gaps": (nn.ConvTranspose2d(2, 2, 1, 3, bias=False), (2, 3, 3)),
    "1-D": (nn.ConvTranspose1d(2, 3, 4, 2, 1), (2, 5)),
    "3-D": (nn.ConvTranspose3d(2, 2, 2, (2, 1, 2)), (2, 2, 3, 2)),
}


@pytest.mark.parametrize("case", TRANSPOSED)
def test_transposed_convolutions_against_scattering(case):
    module, shape = TRANSPOSED[case]
    x = noise(*shape) - 0.5
    trace = traced(nn.Sequential(module), x)
    layer = trace["0"]
    own = transposed_map(
        x.astype(np.float64),
        module.weight.detach().numpy().astype(np.float64),
        None if module.bias is None else module.bias.detach().numpy(),
        layer.shape,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
    )
    for channel, *unit in np.ndindex(layer.shape):
        found = trace.explain("0", channel, tuple(unit))
        assert found.total == pytest.approx(own[(channel, *unit)], abs=1e-12)
        assert not found.terms.is_padding.any()
    for unit in spots(layer.spatial):
        holds(trace, layer, 0, unit)


def test_a_gap_between_the_taps_of_a_transposed_convolution_says_so():
    trace = traced(
        nn.Sequential(nn.ConvTranspose1d(1, 1, 1, 3, bias=False)), noise(1, 3)
    )
    found = trace.explain("0", 0, (1,))
    assert len(found.terms) == 0
    assert found.total == found.shown == 0
    assert found.why_zero == "no input reaches this place, there is no bias"


class Stack(nn.Module):
    """Conv, pool, flatten, dropout, dense."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout()
        self.dense = nn.Linear(12, 5)

    def forward(self, x):
        return self.dense(self.drop(torch.flatten(self.pool(self.conv(x)), 1)))


def test_a_dense_layer_groups_its_terms_by_the_maps_before_the_flatten():
    model = Stack()
    trace = traced(model, noise(2, 6, 6))
    found = holds(trace, trace["dense"], 4, ())
    assert found.grouped == "pool"
    assert found.window == (2, 2)
    maps = trace["pool"].output.astype(np.float64)
    weight = model.dense.weight.detach().numpy()[4].reshape(3, 2, 2)
    parts = (maps * weight).sum((1, 2))
    np.testing.assert_allclose(found.subtotals.total, parts, rtol=1e-12)
    assert found.subtotals.count.tolist() == [4, 4, 4]
    assert found.terms.offset[5].tolist() == [0, 1]
    assert found.words.startswith("Σ over 3 maps of 2×2 + bias")
    assert found.place(5) == ("drop", 5, ())
    flat = trace.explain("flatten", 5, ())
    assert flat.place(0) == ("pool", 1, (0, 1))


def test_a_dense_layer_over_vectors_and_over_every_position():
    x = noise(4, 6) - 0.5
    module = nn.Linear(6, 3)
    trace = traced(nn.Sequential(module), x)
    layer = trace["0"]
    own = x.astype(np.float64) @ module.weight.detach().double().numpy().T
    own += module.bias.detach().double().numpy()
    for index in np.ndindex(layer.shape):
        axis = layer.axes.find("C")
        unit = tuple(np.delete(index, axis).tolist())
        found = holds(trace, layer, index[axis], unit)
        assert found.total == pytest.approx(own[index], rel=1e-12)
    assert found.grouped is None
    vector = traced(nn.Sequential(nn.Linear(7, 2, bias=False)), noise(7))
    found = holds(vector, vector["0"], 1, ())
    assert found.words.startswith("Σ over 7 inputs = ")
    assert found.terms.channel.tolist() == list(range(7))
    assert found.place(6) == ("input", 6, ())


class Causal(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.dilation = dilation
        self.conv = nn.Conv1d(1, 1, 2, dilation=dilation)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[[0.5, 1.0]]]))
            self.conv.bias.fill_(0.25)

    def forward(self, x):
        return self.conv(F.pad(x, (self.dilation, 0)))


def test_causal_padding_is_put_on_the_hidden_map():
    trace = traced(nn.Sequential(Causal(1), nn.ReLU(), Causal(2)), np.ones((1, 8)))
    layer = trace["2.conv"]
    values = [trace.explain("2.conv", 0, (t,)) for t in range(8)]
    assert [v.total for v in values] == [1.5, 2.0, 2.625, *[2.875] * 5]
    found = values[1]
    assert found.terms.x.tolist() == [0.0, 1.75]
    assert found.words == "Σ over 1 channel and 2 steps + bias 0.25 = 2"
    padded = layer.inputs[0]
    first = [
        trace.explain(padded, *found.place(term)[1:])
        for term in range(len(found.terms))
    ]
    assert [f.terms.is_padding.item() for f in first] == [True, False]
    assert first[0].words == "padding = 0"
    assert first[1].place(0) == ("1", 0, (1,))
    differing = [v.total != layer.output[0, -1] for v in values]
    assert differing == [True] * 3 + [False] * 5


class Overwritten(nn.Module):
    """The first two channels are changed through a view after they were computed."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(1, 4, 1)
        self.two = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        x = self.one(x)
        x[:, :2].mul_(-3)
        return self.two(x)


def test_what_was_really_read_counts_not_what_was_recorded_before():
    model = Overwritten()
    x = noise(1, 3, 3)
    trace = traced(model, x)
    layer = trace["two"]
    first = model.one.weight.detach().numpy().reshape(4, 1, 1).astype(np.float64)
    hidden = first * x + model.one.bias.detach().numpy().reshape(4, 1, 1)
    hidden[:2] *= -3
    weight = model.two.weight.detach().numpy().reshape(2, 4)
    own = float((hidden[:, 1, 2] * weight[1]).sum() + model.two.bias[1].item())
    found = trace.explain("two", 1, (1, 2))
    assert found.total == pytest.approx(own, rel=1e-5)
    assert found.residual < 1e-6
    np.testing.assert_allclose(found.terms.x, hidden[:, 1, 2], rtol=1e-5)
    changed = "one was overwritten before it was read: x is what was really read"
    assert found.note == changed
    assert given(trace, layer)[0, 1, 2] != pytest.approx(found.terms.x[0])


class Frames(nn.Module):
    """Time becomes the batch of a two-dimensional convolution and norm."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        frames = x[0].transpose(0, 1)
        return self.pool(self.norm(self.conv(frames)))


def test_a_batch_of_several_frames():
    model = Frames()
    chance = np.random.default_rng(3)
    with torch.no_grad():
        model.norm.running_mean.copy_(torch.tensor(chance.normal(size=3)))
        model.norm.weight.copy_(torch.tensor(chance.normal(size=3)))
    trace = traced(model, noise(2, 4, 5, 5) - 0.5)
    for name in ("conv", "norm", "pool"):
        layer = trace[name]
        assert layer.shape[0] == 4
        for index in [(0, 0, 0, 0), (3, 2, 1, 1), (2, 1, 0, 1)]:
            axis = layer.axes.find("C")
            channel, unit = index[axis], tuple(np.delete(index, axis).tolist())
            found = trace.explain(name, channel, unit)
            assert found.shown == layer.output[index]
            assert found.residual < 1e-6


def test_half_precision_weights_are_the_ones_that_were_used():
    model = nn.Sequential(nn.Conv1d(2, 2, 3)).to(torch.bfloat16)
    trace = traced(model, noise(2, 8))
    found = trace.explain("0", 1, (2,))
    weight = model[0].weight.detach().float().numpy()[1].ravel()
    np.testing.assert_array_equal(found.terms.w, weight)
    x = torch.from_numpy(noise(2, 8)).bfloat16().float().numpy()[:, 2:5].ravel()
    np.testing.assert_array_equal(found.terms.x, x)
    assert found.residual < 0.01
