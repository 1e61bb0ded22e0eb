from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from graphs import (
    Run,
    by_gradient,
    noise,
    traced,
)
from torch import nn

from cnnviz.core.geometry import receptive_field
from cnnviz.core.trace import Trace


@pytest.mark.parametrize(
    "norm",
    [
        nn.LayerNorm([4, 4, 6]),
        nn.LayerNorm(6),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4),
        nn.LocalResponseNorm(3),
        nn.BatchNorm2d(4),
        nn.BatchNorm2d(4, track_running_stats=False),
        nn.Softmax2d(),
        nn.Softmax(-1),
        nn.GLU(1),
        nn.GELU(),
        Run(lambda net, x: F.normalize(x, dim=1)),
        Run(lambda net, x: x.mean(2)),
        Run(lambda net, x: x.sum((2, 3))),
        Run(lambda net, x: x.cumsum(3)),
        Run(lambda net, x: x.roll((1, -2), (2, 3))),
        Run(lambda net, x: x @ x.transpose(2, 3)),
        Run(lambda net, x: x * x.mean((2, 3), keepdim=True).sigmoid()),
        Run(lambda net, x: torch.stack([x[:, 0], x[:, 2]], 1)),
    ],
    ids=lambda m: str(m)[:30],
)
def test_normalising_and_mixing(norm):
    torch.manual_seed(2)
    by_gradient(nn.Sequential(nn.Conv2d(1, 4, 2), norm), 1, 5, 7)


@pytest.mark.parametrize("both", [False, True])
def test_recurrent_layers_see_the_past_or_everything(both):
    def forward(net, x):
        return net.rnn(net.conv(x).transpose(1, 2))[0]

    model = Run(
        forward,
        conv=nn.Conv1d(2, 3, 2),
        rnn=nn.GRU(3, 4, batch_first=True, bidirectional=both),
    )
    trace = traced(model, noise(2, 9))
    *before, rnn = trace.layers
    assert rnn.shape == (8, 8 if both else 4)
    told = replace(rnn, options={"bidirectional": both})
    measured = replace(rnn, options={})
    for layer in (told, measured):
        told_or_not = Trace(trace.sample, (*before, layer))
        for t in range(8):
            field = receptive_field(told_or_not, "rnn", (t,))
            reach = 9 if both else t + 2
            assert np.flatnonzero(field.mask).tolist() == list(range(reach))
            assert field.exact


def test_attention_sees_everything():
    def forward(net, x):
        x = net.conv(x).transpose(1, 2)
        return net.attend(x, x, x)[0]

    model = Run(
        forward,
        conv=nn.Conv1d(2, 4, 3, padding=1, stride=2),
        attend=nn.MultiheadAttention(4, 2, batch_first=True),
    )
    trace = traced(model, noise(2, 9))
    assert receptive_field(trace, "attend", (1,)).mask.all()
