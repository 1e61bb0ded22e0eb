"""A small network whose dense layer reads its maps channels last, as TensorFlow's do.

Convolutions without padding, a pool that drops the last row and column, and a flatten
in the order row, column, channel; everything computed again in plain float64 loops.
"""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.probe.execute import trace_module


class ChannelsLast(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(5)
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 4, 3),
            relu1=nn.ReLU(inplace=True),
            conv2=nn.Conv2d(4, 5, 3),
            relu2=nn.ReLU(inplace=True),
            pool=nn.MaxPool2d(2),
            flat=ChannelsLast(),
            logits=nn.Linear(80, 6),
            output=nn.Softmax(-1),
        )
    ).eval()


def convolved(x, layer):
    weight = layer.weight.detach().double().numpy()
    high, wide = x.shape[1] - 2, x.shape[2] - 2
    out = np.empty((len(weight), high, wide))
    for o, y, x0 in np.ndindex(out.shape):
        out[o, y, x0] = (weight[o] * x[:, y : y + 3, x0 : x0 + 3]).sum()
    return out + layer.bias.detach().double().numpy()[:, None, None]


def expected(net, picture):
    found = {}
    found["conv1"] = convolved(picture.astype(np.float64), net.conv1)
    found["relu1"] = np.maximum(found["conv1"], 0)
    found["conv2"] = convolved(found["relu1"], net.conv2)
    found["relu2"] = maps = np.maximum(found["conv2"], 0)
    high, wide = maps.shape[1] // 2, maps.shape[2] // 2
    found["pool"] = pooled = np.empty((5, high, wide))
    for c, y, x in np.ndindex(pooled.shape):
        pooled[c, y, x] = maps[c, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max()
    flat = np.array(
        [pooled[c, y, x] for y in range(high) for x in range(wide) for c in range(5)]
    )
    found["flat.flatten"] = flat
    weight = net.logits.weight.detach().double().numpy()
    bias = net.logits.bias.detach().double().numpy()
    found["logits"] = [w @ flat + b for w, b in zip(weight, bias, strict=True)]
    powers = np.exp(found["logits"])
    found["output"] = powers / powers.sum()
    return found


@pytest.mark.parametrize("kind", ["noise", "impulses", "black"])
def test_every_value_and_its_sum(net, kind):
    picture = np.zeros((3, 13, 13), np.float32)  # 13 → 11 → 9 → 4: one row is dropped
    if kind == "noise":
        picture += np.random.default_rng(2).random(picture.shape, np.float32)
    elif kind == "impulses":
        picture[0, 0, 0] = picture[1, 12, 12] = picture[2, 6, 5] = 1
    trace = trace_module(net, picture)
    for name, values in expected(net, picture).items():
        layer = trace[name]
        np.testing.assert_allclose(layer.output, values, rtol=0, atol=1e-5)
        for channel, *unit in [
            (0, *[0] * len(layer.spatial)),
            (layer.channels - 1, *[size - 1 for size in layer.spatial]),
        ]:
            found = trace.explain(name, channel, tuple(unit))
            wanted = np.asarray(values)[(channel, *unit)]
            assert found.total == pytest.approx(wanted, abs=1e-5)


def test_a_dense_weight_leads_back_to_its_own_cell(net):
    picture = np.random.default_rng(4).random((3, 13, 13), np.float32)
    trace = trace_module(net, picture)
    found = trace.explain("flat.flatten", 17, ())
    y, x, channel = np.unravel_index(17, (4, 4, 5))
    value = trace["pool"].output[channel, y, x]
    assert found.total == pytest.approx(float(value), abs=1e-7)
