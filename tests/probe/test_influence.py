"""What mattered, against autograd through the whole network in double precision."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnviz.core.errors import Cancelled, InputError
from cnnviz.core.geometry import receptive_field
from cnnviz.core.mattering import Asked
from cnnviz.probe.execute import trace_module
from cnnviz.probe.influence import influence, mattering


class Block(nn.Module):
    """A residual block whose gate may shut channels."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 3, 3, padding=1)
        self.two = nn.Conv2d(3, 3, 1)
        self.gate = nn.Linear(3, 3)

    def forward(self, x):
        made = F.relu(self.one(x))
        gate = F.relu(self.gate(made.mean((2, 3))))
        return torch.cat([self.two(made) * gate[:, :, None, None] + x, made], 1)


NETWORKS = {
    "conv, ReLU, max pool": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 3, 3, padding=1),
            nn.ReLU(),
        ),
        (2, 17, 15),
    ),
    "dilated over time": (
        nn.Sequential(
            nn.Conv1d(3, 4, 3, dilation=2, padding=2),
            nn.BatchNorm1d(4),
            nn.ReLU(),
            nn.Conv1d(4, 2, 3, dilation=4),
        ),
        (3, 24),
    ),
    "to classes": (
        nn.Sequential(
            nn.Conv2d(1, 3, 3),
            nn.ReLU(),
            nn.MaxPool2d(3),
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(12, 5),
            nn.ReLU(),
            nn.Linear(5, 3),
        ),
        (1, 8, 8),
    ),
    "average, norm, GELU, softmax": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, groups=2),
            nn.GroupNorm(2, 4),
            nn.GELU(),
            nn.AvgPool2d(2),
            nn.Softmax(1),
        ),
        (2, 9, 9),
    ),
    "branches": (Block(), (3, 6, 7)),
    "strided and transposed": (
        nn.Sequential(
            nn.Conv2d(1, 2, 1, stride=2), nn.Hardtanh(), nn.ConvTranspose2d(2, 2, 3)
        ),
        (1, 8, 8),
    ),
}


def gradient(module, x, at):
    """Where the gradient of one output value is not zero."""
    double = copy.deepcopy(module).double()
    leaf = torch.from_numpy(x).double().requires_grad_()
    double((leaf * 1)[None])[(0, *at)].backward()
    return (leaf.grad != 0).numpy()


@pytest.mark.parametrize("case", NETWORKS)
def test_it_is_the_support_of_the_gradient(case):
    module, shape = NETWORKS[case]
    chance = np.random.default_rng(7)
    torch.manual_seed(3)
    module = module.eval()
    for part in module.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    smaller = 0
    for _ in range(6):
        x = chance.normal(size=shape).astype(np.float32)
        trace = trace_module(module, x)
        last = trace.layers[-1]
        at = tuple(int(chance.integers(n)) for n in last.shape)
        asked = Asked(trace, last.name, at[0], at[1:])
        found = influence(asked)
        np.testing.assert_array_equal(found, gradient(module, x, at))
        seen = receptive_field(trace, last.name, at[1:], at[0]).mask
        assert not (found.any(0) & ~seen).any()
        smaller += found.any(0).sum() < seen.sum()
    if case in ("conv, ReLU, max pool", "to classes"):
        assert smaller > 0, "this case was meant to leave something out"


def test_of_two_inputs_the_one_that_is_read():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 2)

        def forward(self, first, second):
            return self.a(first).mean() + self.b(second)

    torch.manual_seed(3)
    model, given = Two(), (np.ones((1, 6, 6), "f"), np.ones((1, 4, 5), "f"))
    trace = trace_module(model, given)
    found = mattering(Asked(trace, "b", 0, (1, 2)))
    x = torch.ones(1, 1, 4, 5, requires_grad=True)
    model.b(x)[0, 0, 1, 2].backward()
    support = x.grad[0, 0].numpy() != 0
    assert support.sum() == 4
    assert (found.mask == support).all()
    assert (found.field.mask == support).all()
    assert found.words == "4 of 4 positions it sees mattered here"


def test_a_dead_unit_owes_nothing_to_anything():
    module = nn.Sequential(nn.Conv2d(1, 1, 3, bias=False), nn.ReLU()).eval()
    with torch.no_grad():
        module[0].weight.fill_(-1)
    trace = trace_module(module, np.ones((1, 5, 5), np.float32))
    found = mattering(Asked(trace, "1", 0, (1, 1)))
    assert not found.mask.any()
    assert found.words == "0 of 9 positions it sees mattered here"


def test_losing_cells_of_a_pool_drop_out():
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    trace = trace_module(nn.Sequential(nn.MaxPool2d(2)), x)
    found = mattering(Asked(trace, "0", 0, (0, 1)))
    assert np.argwhere(found.mask).tolist() == [[1, 3]]
    assert found.words == "1 of 4 positions it sees mattered here"


def test_weights_of_zero_carry_nothing():
    module = nn.Sequential(nn.Conv2d(1, 1, 3)).eval()
    with torch.no_grad():
        module[0].weight.zero_()
        module[0].weight[0, 0, 1, 2] = 1
    trace = trace_module(module, np.ones((1, 5, 5), np.float32))
    found = influence(Asked(trace, "0", 0, (1, 1)))
    assert np.argwhere(found).tolist() == [[0, 2, 3]]


def test_earlier_layers_can_be_the_target():
    module, shape = NETWORKS["conv, ReLU, max pool"]
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    trace = trace_module(module.eval(), x)
    found = influence(Asked(trace, "2", 1, (1, 2)), "0")
    window = trace["1"].output[1, 2:4, 4:6]
    y, at = np.unravel_index(window.argmax(), (2, 2))
    wanted = [[1, 2 + y, 4 + at]] if window.max() > 0 else []
    assert np.argwhere(found).tolist() == wanted


class Of(nn.Module):
    """A function as a network, a part before it or after."""

    def __init__(self, function, part=None):
        super().__init__()
        self.function, self.part = function, part

    def forward(self, x):
        made = self.function(x) if self.part is None else self.part(x)
        made = made[0] if isinstance(made, tuple) else made
        return made.flatten(1).cumsum(1)


class Heads(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x)


def attention(x, share=0.0):
    return F.scaled_dot_product_attention(x, x, x, dropout_p=share)


DRAWING = {
    "dropout": (Of(F.dropout), (2, 6)),
    "of maps": (Of(F.dropout2d), (3, 4, 4)),
    "alpha": (Of(lambda x: F.alpha_dropout(x, 0.5, True)), (2, 6)),
    "leaky": (Of(lambda x: F.rrelu(x, training=True)), (2, 6)),
    "pool": (Of(lambda x: F.fractional_max_pool2d(x, 2, 3)), (2, 7, 7)),
    "attention": (Of(lambda x: attention(x, 0.5)), (6, 4)),
}
SETTLED = {
    "nothing dropped": (Of(lambda x: F.dropout(x, 0.0)), (2, 6)),
    "switched off": (Of(lambda x: F.dropout(x, training=False)), (2, 6)),
    "noise added": (Of(lambda x: F.relu(x) + torch.randn_like(x)), (2, 6)),
    "attention": (Of(attention), (6, 4)),
    "module": (Of(None, nn.Dropout(0.3)), (2, 6)),
    "recurrent": (Of(None, nn.LSTM(3, 4, 2, batch_first=True, dropout=0.5)), (5, 3)),
    "many heads": (Of(None, Heads(4, 2, batch_first=True)), (5, 4)),
}


def last_value(module, shape):
    x = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    trace = trace_module(module.eval(), x)
    last = trace.layers[-1]
    return x, Asked(trace, last.name, last.output.size - 1, ())


@pytest.mark.parametrize("case", DRAWING)
def test_what_random_numbers_chose_is_not_told(case):
    _, asked = last_value(*DRAWING[case])
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    for _ in range(3):
        with pytest.raises(
            InputError, match=r"cannot be told: .* draws random numbers"
        ):
            influence(asked)
    assert torch.equal(torch.rand(3), expected), "it drew from the process's numbers"


@pytest.mark.parametrize("case", SETTLED)
def test_what_could_draw_and_does_not_is_told(case):
    module, shape = SETTLED[case]
    x, asked = last_value(module, shape)
    found = influence(asked)
    np.testing.assert_array_equal(found, gradient(module, x, (asked.channel,)))
    assert found.any()


def test_it_can_be_stopped():
    module, shape = NETWORKS["dilated over time"]
    trace = trace_module(module.eval(), np.ones(shape, np.float32))

    def check(done, total, name):
        assert total == 4
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        influence(Asked(trace, trace.layers[-1].name, 0, (3,)), check=check)
