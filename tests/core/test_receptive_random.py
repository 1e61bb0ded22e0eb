"""Receptive fields of random branching networks against brute force.

Every input position is changed in turn; the outputs that move are the ones that can
see it. Weights and inputs are positive and the pools average, so that nothing cancels
and whatever is read moves something, by far more than rounding does.
"""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnviz.core.geometry import receptive_field
from cnnviz.probe.execute import trace_module


class Branching(nn.Module):
    """Stages of one or two branches over the same maps, added or joined, 1-D or 2-D."""

    def __init__(self, seed, axes):
        super().__init__()
        chance = np.random.default_rng(seed)
        conv = nn.Conv1d if axes == 1 else nn.Conv2d
        self.branches, self.joins = nn.ModuleList(), []
        width = 1
        for _ in range(3):
            join = str(chance.choice(["one", "add", "cat"]))
            branches = nn.ModuleList()
            for _ in range(1 if join == "one" else 2):
                kernel = int(chance.choice([1, 3, 5]))
                dilation = int(chance.integers(1, 4))
                groups = width if chance.random() < 0.3 else 1
                branches.append(
                    conv(
                        width,
                        2 if groups == 1 else width,
                        kernel,
                        padding=dilation * (kernel // 2),
                        dilation=dilation,
                        groups=groups,
                    )
                )
            sizes = {branch.out_channels for branch in branches}
            join = "cat" if join == "add" and len(sizes) > 1 else join
            width = (
                sum(b.out_channels for b in branches) if join == "cat" else max(sizes)
            )
            self.branches.append(branches)
            self.joins.append(join)
        self.pool = F.avg_pool1d if axes == 1 else F.avg_pool2d
        self.stride, self.at = int(chance.integers(2, 4)), int(chance.integers(0, 3))
        with torch.no_grad():
            for weight in self.parameters():
                weight.uniform_(0.5, 1.0)

    def forward(self, x):
        for place, (branches, join) in enumerate(
            zip(self.branches, self.joins, strict=True)
        ):
            made = [branch(x) for branch in branches]
            x = torch.cat(made, 1) if join == "cat" else sum(made[1:], made[0])
            if place == self.at:
                x = self.pool(x, self.stride)
        return x


@pytest.mark.parametrize("seed", range(30))
def test_exact_set(seed):
    axes = 1 + seed % 2
    torch.manual_seed(seed)
    net = Branching(seed, axes).double().eval()
    extent = (23,) if axes == 1 else (9, 11)
    x = np.ones((1, *extent))
    trace = trace_module(net, x)
    last = trace.layers[-1]
    changed = np.repeat(x[None], x.size, 0)
    changed.reshape(x.size, -1)[np.arange(x.size), np.arange(x.size)] += 1
    with torch.no_grad():
        moved = np.abs(net(torch.from_numpy(changed)).numpy() - last.output) > 1e-6
    chance = np.random.default_rng(seed)
    corners = [tuple(0 for _ in last.spatial), tuple(n - 1 for n in last.spatial)]
    units = corners + [
        tuple(int(chance.integers(n)) for n in last.spatial) for _ in range(8)
    ]
    for unit in units:
        seen = moved[(slice(None), slice(None), *unit)]
        found = receptive_field(trace, last.name, unit)
        assert found.exact
        np.testing.assert_array_equal(found.mask, seen.any(1).reshape(extent))
        for channel in range(last.channels):
            found = receptive_field(trace, last.name, unit, channel)
            np.testing.assert_array_equal(found.mask, seen[:, channel].reshape(extent))
