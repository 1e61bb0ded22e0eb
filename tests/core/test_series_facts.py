import numpy as np
import pytest
import torch
import torch.nn.functional as F
from graphs import Run, agrees, causal, noise, positive, support, traced
from torch import nn

from cnnviz.core.geometry import receptive_field


class Block(nn.Module):
    """Two dilated causal convolutions, padded on both sides and trimmed at the end."""

    def __init__(self, channels, width, kernel, dilation):
        super().__init__()
        pad = (kernel - 1) * dilation
        self.trim = pad
        self.one = nn.Conv1d(channels, width, kernel, padding=pad, dilation=dilation)
        self.two = nn.Conv1d(width, width, kernel, padding=pad, dilation=dilation)
        self.down = nn.Conv1d(channels, width, 1) if channels != width else None
        self.out = nn.ReLU()

    def forward(self, x):
        y = F.relu(self.one(x)[:, :, : -self.trim].contiguous())
        y = F.relu(self.two(y)[:, :, : -self.trim].contiguous())
        return self.out(y + (x if self.down is None else self.down(x)))


def test_a_causal_network_reaches_back_through_both_convolutions_and_not_ahead():
    blocks = [Block(1 if j == 0 else 2, 2, 4, 2**j) for j in range(7)]
    model = positive(nn.Sequential(*blocks)).double()
    for weight in model.parameters():
        weight.data *= 0.1
    trace = traced(model, noise(1, 900))
    x = torch.ones(1, 1, 900, dtype=torch.float64, requires_grad=True)
    output = model(x)
    for t in (0, 450, 899):
        field = receptive_field(trace, "6.out", (t,))
        agrees(field, support(output, x, (t,)))
    assert field.box == ((899 - 762, 899),)  # 1 + 2·3·(1 + 2 + … + 64) = 763
    assert receptive_field(trace, "6.out", (450,)).box == ((450 - 762, 450),)
    assert trace["0.one"].shape == (2, 903)


@pytest.mark.parametrize(
    ("kernel", "dilations", "lags"),
    [
        (2, (2, 4), [0, 2, 4, 6]),
        (2, (1, 2, 4), list(range(8))),
        (3, (4, 16), [0, 4, 8, 16, 20, 24, 32, 36, 40]),
    ],
)
def test_holes_are_not_read(kernel, dilations, lags):
    trace = traced(causal(kernel, dilations), noise(1, 120))
    field = receptive_field(trace, trace.layers[-1].name, (119,))
    assert sorted(119 - int(t) for t in np.flatnonzero(field.mask)) == lags
    assert field.size == (lags[-1] + 1,)


@pytest.mark.parametrize(
    ("kernel", "dilation", "read"),
    [
        (4, 1, [9, 10, 11, 12]),
        (2, 1, [10, 11]),
        (4, 3, [6, 9, 12, 15]),
        (3, 2, [8, 10, 12]),
        (6, 2, [5, 7, 9, 11, 13, 15]),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_same_padding_of_even_kernels_is_lopsided(kernel, dilation, read):
    conv = nn.Conv1d(1, 1, kernel, dilation=dilation, padding="same")
    trace = traced(conv, noise(1, 21))
    field = receptive_field(trace, trace.layers[-1].name, (10,))
    assert np.flatnonzero(field.mask).tolist() == read


def test_the_last_step_keeps_the_place_of_its_reach():
    model = Run(
        lambda net, x: net.head(net.body(x)[:, :, -1]),
        body=causal(3, (1, 2)),
        head=nn.Linear(1, 2),
    )
    field = receptive_field(traced(model, noise(1, 40)), "head", ())
    assert field.box == ((33, 39),)
