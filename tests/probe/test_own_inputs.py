"""Networks of the person's own on pictures and tables: what they are fed, and give."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cnnviz.core.errors import InputError, MismatchError, TaskError
from cnnviz.core.models import FileSpec, InputChoices
from cnnviz.core.series import TableSource
from cnnviz.core.trace import ImageSource, Request
from cnnviz.probe.execute import execute

POOLED = """
from torch import nn

def build():
    return nn.Sequential(
        nn.Conv2d({}, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
"""
TWO = """
import torch
from torch import nn

class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 2, 3), nn.Conv2d({}, 2, 3)

    def forward(self, x, y):
        maps = self.left(x).amax((2, 3)), self.right(y).amax((2, 3))
        return torch.cat(maps, 1)
"""
TCN = """
import torch.nn as nn
from torch.nn.utils import {0}

class Chomp1d(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return x[:, :, : -self.size].contiguous()

class Block(nn.Module):
    def __init__(self, read, made, dilation):
        super().__init__()
        pad = 2 * dilation
        conv = nn.Conv1d(read, made, 3, padding=pad, dilation=dilation)
        self.net = nn.Sequential({0}.weight_norm(conv), Chomp1d(pad), nn.ReLU())
        self.around = nn.Conv1d(read, made, 1)

    def forward(self, x):
        return self.net(x) + self.around(x)

class TCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(2, 3, 1), Block(3, 3, 2))
        self.head = nn.Linear(3, 4)

    def forward(self, x):
        return self.head(self.blocks(x)[:, :, -1])
"""


@pytest.fixture
def code(tmp_path):
    def write(text, builder="", **choices):
        path = tmp_path / "model.py"
        path.write_text(text)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        said = InputChoices(**choices)
        return FileSpec(None, path, builder, digest, choices=said)

    return write


@pytest.fixture
def picture(tmp_path):
    """The picture of LOAD-16."""
    numbers = np.arange(12 * 12 * 3).reshape(12, 12, 3)
    rgb = (numbers * 5 % 256).astype(np.uint8)
    Image.fromarray(rgb).save(tmp_path / "rgb.png")
    return ImageSource(tmp_path / "rgb.png"), rgb


def convolved(maps, weight, bias):
    """Correlate ``(C, h, w)`` with ``(O, C, 3, 3)``, in plain loops over offsets."""
    height, width = maps.shape[1] - 2, maps.shape[2] - 2
    out = np.zeros((len(weight), height, width)) + bias[:, None, None]
    for dy in range(3):
        for dx in range(3):
            part = maps[:, dy : dy + height, dx : dx + width]
            out += np.einsum("oc,chw->ohw", weight[:, :, dy, dx], part)
    return out


# LOAD-16


def test_one_channel_sees_grey_and_this_is_said(code, picture):
    source, rgb = picture
    trace = execute(Request(code(POOLED.format(1)), source))
    (values,) = trace.sample.values
    grey = np.asarray(Image.fromarray(rgb).convert("L")) / 255
    np.testing.assert_allclose(values[0], grey, atol=1e-7)
    assert values[0, 0, 0] == pytest.approx(0.0156863, abs=1e-6)
    assert any("grey" in note for note in trace.sample.notes)
    conv = trace.layers[0]
    maps = convolved(grey[None], conv.weight, conv.bias)
    answer = np.maximum(maps, 0).mean((1, 2))
    np.testing.assert_allclose(trace.layers[-1].output, answer, atol=1e-6)
    assert any("guess" in note for note in trace.about)
    assert trace.taken == InputChoices("picture", (), (0.0,), (1.0,))


def test_thirteen_channels_are_refused_with_both_numbers(code, picture):
    with pytest.raises(InputError, match=r"13 input channels; rgb\.png .* 3 "):
        execute(Request(code(POOLED.format(13)), picture[0]))


def test_four_channels_take_alpha(code, tmp_path):
    rgba = np.random.default_rng(0).integers(0, 256, (9, 11, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    source = ImageSource(tmp_path / "rgba.png")
    trace = execute(Request(code(POOLED.format(4)), source))
    np.testing.assert_allclose(
        trace.sample.values[0], rgba.transpose(2, 0, 1) / 255, atol=1e-7
    )
    conv = trace.layers[0]
    maps = convolved(rgba.transpose(2, 0, 1) / 255, conv.weight, conv.bias)
    np.testing.assert_allclose(conv.output, maps, atol=1e-5)


@pytest.mark.parametrize("size", [(30, 70), (70, 30), (12, 12)])
def test_pictures_that_are_no_squares(code, picture, size):
    spec = code(POOLED.format(3), size=size)
    trace = execute(Request(spec, picture[0]))
    assert trace.sample.values[0].shape == (3, *size)
    assert trace.layers[0].shape == (4, size[0] - 2, size[1] - 2)


# several inputs


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_picture_goes_into_each_of_two_inputs(code, picture, channels):
    source, rgb = picture
    trace = execute(Request(code(TWO.format(channels), "Two"), source))
    left, right = trace.sample.values
    np.testing.assert_allclose(left, rgb.transpose(2, 0, 1) / 255, atol=1e-7)
    assert right.shape == (channels, 12, 12)
    assert trace.sample.steps[0] == "the same for each of the network's 2 inputs"
    inputs = {name for layer in trace.layers for name in layer.inputs}
    assert {"input", "input_1"} <= inputs
    expected = []
    for maps, name in ((left, "left"), (right, "right")):
        layer = trace[name]
        expected += list(convolved(maps, layer.weight, layer.bias).max((1, 2)))
    np.testing.assert_allclose(trace.layers[-1].output, expected, atol=1e-5)


def test_a_picture_and_a_series_at_once_are_refused(code, picture):
    text = TWO.replace("nn.Conv2d({}, 2, 3)", "nn.Conv1d(5, 2, 3)").replace(
        "self.right(y).amax((2, 3))", "self.right(y).amax(2)"
    )
    with pytest.raises(InputError, match="a picture and a series at once"):
        execute(Request(code(text, "Two"), picture[0]))


# series


@pytest.fixture
def table(tmp_path):
    values = np.random.default_rng(3).normal(5, 2, (40, 2))
    lines = ["a,b", *(f"{x:.6f},{y:.6f}" for x, y in values)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    return TableSource(tmp_path / "t.csv"), np.round(values, 6)


@pytest.mark.parametrize("norm", ["parametrizations", "weight_norm"])
@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_a_tcn_with_weight_norm_on_a_table(code, table, norm):
    source, values = table
    text = TCN.format(norm)
    if norm == "weight_norm":
        text = text.replace("import weight_norm", "import weight_norm as norm")
        text = text.replace("weight_norm.weight_norm(", "norm(")
    trace = execute(Request(code(text, "TCN"), source))
    scaled = (values - values.mean(0)) / values.std(0)
    (fed,) = trace.sample.values
    np.testing.assert_allclose(fed, scaled.T, atol=1e-5)
    assert trace.error is None
    conv = next(layer for layer in trace.layers if layer.kind == "conv")
    padded = np.pad(scaled.T, ((0, 0), (2, 2)))
    expected = conv.bias[:, None] + sum(
        conv.weight[:, :, k] @ padded[:, k : k + 42] for k in range(3)
    )
    np.testing.assert_allclose(conv.output, expected, atol=1e-5)
    assert trace.sample.series.names == ("a", "b")


def test_numbers_said_of_a_series(code, table):
    source, values = table
    spec = code(
        TCN.format("parametrizations"), "TCN", length=25, mean=(5.0,), std=(2.0,)
    )
    trace = execute(Request(spec, source))
    np.testing.assert_allclose(
        trace.sample.values[0], (values[:25].T - 5) / 2, atol=1e-5
    )
    assert not any("sampling rate" in note for note in trace.sample.notes)


def test_tables_that_do_not_fit(code, table, picture, tmp_path):
    spec = code(TCN.format("parametrizations"), "TCN")
    with pytest.raises(TaskError, match="2 variables"):
        execute(Request(spec, picture[0]))
    (tmp_path / "three.csv").write_text("a,b,c\n" + "1,2,3\n4,5,7\n9,9,9\n6,1,2\n" * 9)
    with pytest.raises(MismatchError) as caught:
        execute(Request(spec, TableSource(tmp_path / "three.csv")))
    assert (caught.value.wanted, caught.value.got) == (2, 3)


def test_weights_alone_on_a_picture(tmp_path, picture):
    import torchvision

    torch.manual_seed(0)
    module = torchvision.models.squeezenet1_1(num_classes=3).eval()
    module.features[0] = nn.Conv2d(1, 64, 3, 2)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    (tmp_path / "classes.txt").write_text("ant\nbee\ncow")
    trace = execute(Request(FileSpec(tmp_path / "w.pt"), picture[0]))
    assert trace.sample.values[0].shape == (1, 224, 224)
    with torch.no_grad():
        out = module(torch.tensor(trace.sample.values[0])[None]).softmax(1)[0]
    np.testing.assert_allclose(trace.scores, out, atol=1e-6)
    assert trace.labels == ("ant", "bee", "cow")
    assert (
        trace.about[0] == "recognised as SqueezeNet1.1 with 3 classes, 1 input channel"
    )
