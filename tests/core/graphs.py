"""Networks recorded as traces, and what their units really depend on.

Two oracles know nothing of our rules: the support of the gradient, and the answer of a
network of positive weights to a single bright input position.
"""

import numpy as np
import torch
from torch import nn

from cnnviz.core.geometry import receptive_field
from cnnviz.core.trace import Sample, Trace
from cnnviz.probe.recorder import record


def traced(model, *arrays):
    """The trace of one run in evaluation mode."""
    values = tuple(np.asarray(array, np.float32) for array in arrays)
    run = record(model.eval(), values)
    assert run.error is None, run.error
    return Trace(Sample(values), run.layers)


def noise(*shape):
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def positive(model, seed=0):
    """Make every weight positive and every bias zero, so that nothing cancels."""
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.zero_()
            else:
                weight.copy_(torch.rand(weight.shape, generator=chance) + 0.5)
    return model.eval()


def mean_pooled(model):
    """Replace max pools, whose gradient sees the winner only, by average pools."""
    for name, part in model.named_children():
        if isinstance(part, nn.MaxPool2d):
            pool = nn.AvgPool2d(
                part.kernel_size, part.stride, part.padding, part.ceil_mode
            )
            setattr(model, name, pool)
        else:
            mean_pooled(part)
    return model


def hooked_outputs(model, x):
    """Every module's output by name; no part of the program is involved."""
    kept, hooks = {}, []
    for name, part in model.named_modules():
        if name and not list(part.children()):
            hooks.append(
                part.register_forward_hook(
                    lambda module, args, out, name=name: kept.__setitem__(name, out)
                )
            )
    model(x)
    for hook in hooks:
        hook.remove()
    return kept


def support(output, x, unit, channel=None):
    """Where the gradient of one unit is not zero, any input channel.

    The unit's channels are weighed, as their plain sum may be constant.
    """
    chosen = output[0] if channel is None else output[0, channel : channel + 1]
    values = chosen[(slice(None), *unit)]
    total = (values * torch.linspace(1, 2, len(values))).sum()
    (grad,) = torch.autograd.grad(total, x, retain_graph=True, allow_unused=True)
    if grad is None:
        return np.zeros(x.shape[2:], bool)
    return (grad[0] != 0).any(0).numpy()


def influences(model, shape):
    """Which input positions brighten which output: name → (C, *out, *in) booleans."""
    channels, *extent = shape
    size = int(np.prod(extent))
    x = torch.zeros(size, channels, size)
    x[torch.arange(size), :, torch.arange(size)] = 1
    with torch.no_grad():
        kept = hooked_outputs(model, x.reshape(size, channels, *extent))
    return {
        name: (out > 0).movedim(0, -1).reshape(*out.shape[1:], *extent).numpy()
        for name, out in kept.items()
    }


def spots(extent):
    """Corners, an edge and the centre of a map."""
    if not extent:
        return [()]
    first = tuple(0 for _ in extent)
    last = tuple(size - 1 for size in extent)
    centre = tuple(size // 2 for size in extent)
    mixed = (*first[:-1], last[-1])
    edge = (*centre[:-1], 0)
    return list(dict.fromkeys([first, last, mixed, edge, centre]))


class Run(nn.Module):
    """A network written as one function."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def hull(mask):
    """First and last true position per axis, in plain numpy."""
    where = np.argwhere(mask)
    if not len(where):
        return None
    return tuple(
        (int(a), int(b)) for a, b in zip(where.min(0), where.max(0), strict=True)
    )


def agrees(field, seen):
    assert field.exact
    np.testing.assert_array_equal(field.mask, seen)
    assert field.span == hull(seen)


def check_every_unit(model, *shape):
    """Compare all layers, channels and units with the answers to single positions."""
    trace = traced(positive(model), noise(*shape))
    known = influences(model, shape)
    checked = 0
    for layer in trace.layers:
        if layer.name not in known:
            continue
        seen = known[layer.name]
        assert seen.shape[: layer.output.ndim] == layer.shape
        for unit in np.ndindex(*layer.spatial):
            field = receptive_field(trace, layer.name, unit)
            agrees(field, seen[(slice(None), *unit)].any(0))
            checked += 1
        for unit in spots(layer.spatial):
            for channel in range(layer.channels):
                field = receptive_field(trace, layer.name, unit, channel)
                agrees(field, seen[(channel, *unit)])
    assert checked
    return trace


def by_gradient(model, *shape, layer=None):
    """Compare the last (or the named) layer's units with the gradient's support."""
    model = model.double().eval()
    trace = traced(model, noise(*shape))
    found = trace[layer] if layer else trace.layers[-1]
    chance = torch.Generator().manual_seed(3)
    x = torch.randn(1, *shape, generator=chance, dtype=torch.float64)
    output = model(x.requires_grad_())
    at = found.axes.find("C") + 1
    output = output.movedim(at, 1) if at else output
    for unit in np.ndindex(*found.spatial):
        for channel in (None, found.channels - 1):
            seen = support(output, x, unit, channel)
            agrees(receptive_field(trace, found.name, unit, channel), seen)


def alexnet(width=2):
    return nn.Sequential(
        nn.Conv2d(3, width, 11, 4, 2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(width, width, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d(6),
        nn.Flatten(),
        nn.Linear(width * 36, 5),
    )


def vgg16(width=1):
    parts, channels = [], 3
    for block in (2, 2, 3, 3, 3):
        for _ in range(block):
            parts += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        parts.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*parts)


def causal(kernel, dilations):
    parts = []
    for dilation in dilations:
        parts.append(nn.ZeroPad1d(((kernel - 1) * dilation, 0)))
        parts.append(nn.Conv1d(1, 1, kernel, dilation=dilation))
    return nn.Sequential(*parts)
