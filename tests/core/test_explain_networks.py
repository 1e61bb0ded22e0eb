"""Every layer of whole networks, against sums of our own."""

import re

import numpy as np
import pytest
import torch
import torchvision
from graphs import noise, traced
from sums import conv_value, given, holds, some
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Two causal convolutions with weight norm, and the way around them."""

    def __init__(self, given, made, dilation):
        super().__init__()
        self.pad = 2 * dilation
        norm = nn.utils.parametrizations.weight_norm
        self.one = norm(nn.Conv1d(given, made, 3, dilation=dilation))
        self.two = norm(nn.Conv1d(made, made, 3, dilation=dilation))
        self.relu, self.drop = nn.ReLU(), nn.Dropout(0.2)
        self.around = nn.Conv1d(given, made, 1) if given != made else nn.Identity()

    def forward(self, x):
        y = self.drop(self.relu(self.one(F.pad(x, (self.pad, 0)))))
        y = self.drop(self.relu(self.two(F.pad(y, (self.pad, 0)))))
        return self.relu(y + self.around(x))


class Temporal(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(3, 8, 1), Block(8, 8, 2), Block(8, 6, 4))
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        return self.head(self.blocks(x).mean(-1)).softmax(-1)


def resnet18():
    return torchvision.models.resnet18(weights=None), (3, 64, 64)


def alexnet():
    return torchvision.models.alexnet(weights=None), (3, 96, 96)


def googlenet():
    build = torchvision.models.googlenet
    model = build(weights=None, init_weights=False, aux_logits=False)
    model.transform_input = True
    return model, (3, 96, 96)


def mobilenet():
    return torchvision.models.mobilenet_v3_small(weights=None), (3, 64, 64)


def temporal():
    return Temporal(), (3, 40)


def shaken(model):
    """Give every batch norm statistics and factors of its own."""
    chance = torch.Generator().manual_seed(4)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            with torch.no_grad():
                size = part.num_features
                part.running_mean.copy_(torch.randn(size, generator=chance) * 0.1)
                part.running_var.copy_(torch.rand(size, generator=chance) + 0.5)
                part.weight.copy_(torch.rand(size, generator=chance) + 0.5)
                part.bias.copy_(torch.randn(size, generator=chance) * 0.1)
    return model


def own_value(layer, module, inputs, at):
    """The value by arithmetic of our own, None for kinds without one here."""
    x = inputs[0]
    channel, *unit = at
    if isinstance(module, (nn.Conv1d, nn.Conv2d)):
        weight = module.weight.detach().numpy()
        bias = None if module.bias is None else module.bias.detach().numpy()
        settings = (module.stride, module.dilation, module.groups)
        return conv_value(x, weight, bias, at, *settings)
    if isinstance(module, nn.Linear):
        weight = module.weight.detach().numpy()[channel].astype(np.float64)
        return weight @ x + module.bias[channel].item()
    if isinstance(module, nn.BatchNorm2d):
        names = ("running_mean", "running_var", "weight", "bias")
        mean, var, weight, bias = (
            getattr(module, name)[channel].item() for name in names
        )
        return (x[at] - mean) / np.sqrt(var + module.eps) * weight + bias
    if isinstance(module, nn.ReLU) or layer.op == "relu":
        return max(x[at], 0.0)
    if isinstance(module, nn.Hardswish):
        return x[at] * min(max(x[at] + 3, 0), 6) / 6
    if isinstance(module, nn.MaxPool2d):
        size, stride, pad = module.kernel_size, module.stride, module.padding
        starts = [u * stride - pad for u in unit]
        rows, columns = (slice(max(s, 0), s + size) for s in starts)
        return x[channel, rows, columns].max()
    if layer.op == "add" and len(inputs) == 2:
        return x[at] + inputs[1][at]
    if layer.op == "mul" and len(inputs) == 2:
        gate, values = sorted(inputs, key=np.size)
        return gate[channel, 0, 0] * values[at]
    if layer.op == "cat":
        return np.concatenate(inputs)[at]
    if layer.kind == "flatten":
        return x.ravel()[channel]
    return None


@pytest.mark.parametrize("build", [alexnet, resnet18, googlenet, mobilenet, temporal])
def test_every_layer_at_twenty_places(build):
    torch.manual_seed(3)
    model, shape = build()
    model = shaken(model).eval()
    trace = traced(model, noise(*shape) - 0.4)
    modules = dict(model.named_modules())
    checked = set()
    for number, layer in enumerate(trace.layers):
        module = modules.get(re.sub(r"_\d+$", "", layer.name))
        inputs = [given(trace, layer, i) for i in range(len(layer.inputs))]
        if isinstance(module, (nn.Conv1d, nn.Conv2d)):
            inputs[0] = np.pad(inputs[0], [(0, 0), *((p, p) for p in module.padding)])
        scale = float(np.abs(layer.output).max())
        for channel, unit in some(trace, layer, 20, number):
            found = holds(trace, layer, channel, unit)
            assert found.note is None
            own = own_value(layer, module, inputs, (channel, *unit))
            if own is not None:
                checked.add(layer.kind)
                assert found.total == pytest.approx(own, rel=1e-6, abs=1e-6 * scale)
    assert {"conv", "linear", "activation"} <= checked


def test_from_a_class_score_back_to_a_pixel():
    model, shape = alexnet()
    trace = traced(model.eval(), noise(*shape))
    name, channel, unit = trace.layers[-1].name, 7, ()
    visited = []
    while name != "input":
        found = trace.explain(name, channel, unit)
        visited.append(trace[name].kind)
        terms = found.terms
        real = np.flatnonzero([found.place(i) is not None for i in range(len(terms))])
        best = real[np.argmax(np.abs(terms.product[real]))]
        if terms.is_winner.any():
            (best,) = np.flatnonzero(terms.is_winner)
        name, channel, unit = found.place(best)
    assert visited.count("conv") == 5
    assert visited.count("linear") == 3
    assert {"flatten", "pool", "activation", "dropout"} <= set(visited)
    assert 0 <= channel < 3
    assert len(unit) == 2
