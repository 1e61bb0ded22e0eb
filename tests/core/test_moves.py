"""Moves read off a layer's settings or strides, against its routes, value by value."""

import numpy as np
import pytest
import torch.nn.functional as F
from graphs import Run, noise, traced
from torch import nn

from cnnviz.core.edges import Separable
from cnnviz.core.reads import edges

MOVED = {
    "permute": lambda x: x.permute(0, 3, 1, 2),
    "permute the batch": lambda x: x.permute(2, 0, 1, 3),
    "permute twice": lambda x: x.permute(1, 0, 3, 2).permute(3, 1, 2, 0),
    "square": lambda x: x[:, :, :4].permute(2, 1, 3, 0),
    "transpose": lambda x: x.transpose(1, 3),
    "crop": lambda x: x[:, 1:, 2:4],
    "every other": lambda x: x[:, ::2, :, 1::3],
    "one row": lambda x: x[:, :, 2],
    "one value": lambda x: x[:, 1:2, 3, 4, None],
    "repeated": lambda x: x[:, :, :1].expand(-1, -1, 3, -1),
    "chunk": lambda x: x.chunk(2, 2)[1],
    "unbind": lambda x: x.unbind(1)[2],
    "zero pad": lambda x: F.pad(x, (1, 2, 0, 3)),
    "pad of nothing": lambda x: F.pad(x, (0, 0, 0, 0)),
    "crop by padding": lambda x: F.pad(x, (-1, 2, 1, -2)),
    "pad the channels": lambda x: F.pad(x, (0, 0, 0, 0, 2, 1), value=3.0),
}


@pytest.mark.parametrize("name", MOVED)
def test_an_output_reads_the_value_that_was_moved_there(name):
    model = Run(lambda net, x: MOVED[name](x))
    layer = traced(model, noise(4, 5, 6)).layers[-1]
    (edge,) = edges(layer)
    assert isinstance(edge, Separable)
    assert edge.exact
    given = layer.input_shapes[0]
    (routes,) = layer.replay.routes()
    routes = routes.reshape(layer.shape)
    for unit in np.ndindex(*layer.shape):
        wanted = np.zeros(layer.shape, bool)
        wanted[unit] = True
        box = tuple((at, at) for at in unit)
        read = np.broadcast_to(edge.pull(wanted, box).mask, given)
        source = [routes[unit]] if routes[unit] >= 0 else []
        assert np.flatnonzero(read).tolist() == source, unit


def test_modules_that_pad():
    for module in (nn.ZeroPad2d((1, 0, 2, 3)), nn.ConstantPad1d((2, -1), 1.0)):
        shape = (2, 5, 6) if isinstance(module, nn.ZeroPad2d) else (2, 6)
        layer = traced(nn.Sequential(module), noise(*shape)).layers[0]
        (edge,) = edges(layer)
        assert isinstance(edge, Separable)
        assert [each.before for each in edge.maps[-1:]] == [module.padding[0]]
