from dataclasses import replace

import numpy as np
import pytest
import torch
from graphs import noise, spots, traced
from sums import holds, run
from torch import nn
from torch.nn import functional as F

from cnnviz.core.errors import InputError
from cnnviz.core.trace import Trace

TABLE = torch.tensor([[[[2.0]], [[-3.0]]]])
SUMS = {
    "a + b": (lambda a, b: a + b, "sum of inputs"),
    "a += b": (lambda a, b: torch.Tensor.add_(a * 1, b), "sum of inputs"),
    "a + 2.5 b": (lambda a, b: torch.add(a, b, alpha=2.5), "sum of inputs"),
    "a − b": (lambda a, b: a - b, "sum of inputs"),
    "b − 2 a": (lambda a, b: torch.sub(b, a, alpha=2), "sum of inputs"),
    "a + a": (lambda a, b: a + a, "sum of inputs"),
    "a + 2": (lambda a, b: a + 2, "sum of inputs"),
    "2 − a": (lambda a, b: 2 - a, "sum of inputs"),
    "a + table": (lambda a, b: a + TABLE, "sum of inputs"),
    "a + gate": (lambda a, b: a + b.mean((2, 3), keepdim=True), "sum of inputs"),
    "a · b": (lambda a, b: a * b, "product of inputs"),
    "a · 0.5": (lambda a, b: 0.5 * a, "product of inputs"),
    "a · table": (lambda a, b: a * TABLE, "product of inputs"),
    "a · gate": (lambda a, b: b.amax((2, 3), keepdim=True) * a, "product of inputs"),
    "a / b": (lambda a, b: a / (b + 2), "product of inputs"),
    "1 / a": (lambda a, b: 1 / (a + 2), "product of inputs"),
    "a / 4": (lambda a, b: a.div(4), "product of inputs"),
    "max(a, b)": (torch.maximum, "largest of"),
    "max(a, b), 2": (lambda a, b: torch.max(a, b), "largest of"),
    "min(a, 0.1)": (lambda a, b: torch.minimum(a, torch.tensor(0.1)), "smallest of"),
}


@pytest.mark.parametrize("case", SUMS)
def test_two_operands(case):
    call, rule = SUMS[case]
    x = noise(4, 3, 5) - 0.4
    trace = traced(run(lambda x: call(x[:, :2], x[:, 2:])), x)
    both = torch.from_numpy(x).double()[None]
    own = call(both[:, :2], both[:, 2:])[0].numpy()
    layer = trace.layers[-1]
    for channel, *unit in np.ndindex(layer.shape):
        found = holds(trace, layer, channel, tuple(unit), 1e-6)
        assert found.rule == rule
        assert found.total == pytest.approx(own[(channel, *unit)], abs=1e-6)
        if rule == "sum of inputs":
            assert found.terms.product.sum() + found.bias == pytest.approx(found.total)
        if rule == "product of inputs":
            assert np.prod(found.terms.product) == pytest.approx(found.total)


def test_a_broadcast_operand_leads_to_its_only_cell():
    trace = traced(run(lambda x: x * x.mean((2, 3), keepdim=True)), noise(3, 4, 4))
    found = trace.explain("mul", 2, (1, 3))
    assert [found.place(0), found.place(1)] == [
        ("input", 2, (1, 3)),
        ("mean", 2, (0, 0)),
    ]


def test_words_of_sums_and_products():
    x = np.asarray([[1.5], [-2.0]])
    trace = traced(run(lambda x: x[:, :1] - x[:, 1:]), x)
    assert trace.explain("sub", 0, (0,)).words == "1.5 − (−2) = 3.5"
    trace = traced(run(lambda x: torch.add(x[:, :1], x[:, 1:], alpha=3)), x)
    assert trace.explain("add", 0, (0,)).words == "1.5 + 3·(−2) = −4.5"
    trace = traced(run(lambda x: x / 4), x)
    assert trace.explain("div", 1, (0,)).words == "(−2) / 4 = −0.5"
    trace = traced(run(lambda x: x + 0.25), x)
    found = trace.explain("add", 0, (0,))
    assert (found.bias, len(found.terms)) == (0.25, 1)


MOVES = {
    "flatten": lambda x: torch.flatten(x, 1),
    "reshape": lambda x: x.reshape(1, 3, 8, 2),
    "transpose": lambda x: x.transpose(1, 2),
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "slice": lambda x: x[:, 1:, ::2, -2:],
    "flip": lambda x: x.flip(2),
    "roll": lambda x: torch.roll(x, 1, 3),
    "shuffle": lambda x: F.pixel_shuffle(x[:, :2].repeat(1, 2, 1, 1), 2),
    "chunk": lambda x: x.chunk(3, 1)[2],
    "pad": lambda x: F.pad(x, (1, 2, 0, 1)),
    "pad with 3": lambda x: F.pad(x, (1, 0, 2, 1), value=3.0),
    "crop": lambda x: F.pad(x, (-1, 1)),
    "reflect": lambda x: F.pad(x, (2, 1, 1, 1), "reflect"),
    "circular": lambda x: F.pad(x, (0, 1, 1, 0), "circular"),
    "concat": lambda x: torch.cat([x, x * 2], 1),
    "concat, same twice": lambda x: torch.cat([x, x], 1),
    "concat rows": lambda x: torch.cat([x[:, :, 1:], x], 2),
    "stack": lambda x: torch.stack([x, -x], 1),
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "double": lambda x: x.double(),
}


@pytest.mark.parametrize("case", MOVES)
def test_values_that_only_move(case):
    x = noise(3, 4, 4) + 0.5
    trace = traced(run(MOVES[case]), x)
    layer = trace.layers[-1]
    for index in np.ndindex(layer.shape):
        axis = layer.axes.find("C")
        channel = index[axis] if axis >= 0 else 0
        unit = tuple(np.delete(index, axis).tolist()) if axis >= 0 else index
        found = holds(trace, layer, channel, unit, 1e-6)
        assert found.rule == "copied from"
        assert len(found.terms) == 1
        assert found.residual == 0
        if found.terms.is_padding[0]:
            assert found.shown == (3 if case == "pad with 3" else 0)
            assert found.place(0) is None
    if case in ("pad", "pad with 3", "crop"):
        count = int((layer.output == (3 if case == "pad with 3" else 0)).sum())
        padding = [
            trace.explain(layer.name, c, (y, x)).terms.is_padding[0]
            for c, y, x in np.ndindex(layer.shape)
        ]
        assert sum(padding) == count > 0


def test_modules_that_hand_their_input_on():
    model = nn.Sequential(
        nn.Identity(), nn.Dropout(), nn.Flatten(), nn.Unflatten(1, (2, 6))
    )
    trace = traced(model, noise(3, 4))
    for layer in trace.layers:
        for unit in spots(layer.spatial):
            found = holds(trace, layer, layer.channels - 1, unit)
            assert found.words.startswith(f"copied from {layer.inputs[0]} = ")


def test_dropout_that_really_drops_is_not_explained():
    torch.manual_seed(0)
    trace = traced(run(lambda x: F.dropout(x, 0.5)), noise(3, 4))
    assert trace.explain("dropout", 0, (0,)).rule == "not taken apart"


class Assigned(nn.Module):
    def forward(self, x):
        y = x * 2
        y[:, 1] = x[:, 0]
        y[:, 2] = 5.0
        return y


def test_parts_that_were_assigned():
    x = noise(3, 4)
    trace = traced(Assigned(), x)
    layer = trace.layers[-1]
    assert layer.op == "setitem"
    own = np.stack([2 * x[0], x[0], np.full(4, 5)])
    for channel in range(3):
        found = trace.explain(layer.name, channel, (2,))
        assert found.shown == pytest.approx(own[channel, 2])
    first = trace[layer.inputs[0]]
    assert trace.explain(first.name, 0, (2,)).place(0) == ("mul", 0, (2,))
    assert trace.explain(first.name, 1, (2,)).place(0) == ("getitem", 2, ())
    assert found.rule == "not taken apart"


def test_units_and_channels_that_do_not_exist_are_refused():
    trace = traced(nn.Sequential(nn.Conv2d(1, 2, 3)), noise(1, 5, 5))
    for channel in (-1, 2):
        with pytest.raises(InputError, match=f"no channel {channel}: it has 2"):
            trace.explain("0", channel, (0, 0))
    for unit in [(3, 0), (0, -1), (0,), (), (0, 0, 0)]:
        with pytest.raises(InputError, match="its maps are 3×3"):
            trace.explain("0", 0, unit)
    with pytest.raises(KeyError, match="no layer 'nothing'"):
        trace.explain("nothing", 0, ())


def test_what_is_known_cannot_be_changed():
    trace = traced(nn.Sequential(nn.Conv2d(1, 2, 3)), noise(1, 5, 5))
    found = trace.explain("0", 0, (0, 0))
    for table in (found.terms, found.subtotals):
        for name in table.__slots__:
            assert not getattr(table, name).flags.writeable
    with pytest.raises(AttributeError):
        found.total = 1.0


class Small(nn.Module):
    """One layer of every kind that needs its inputs only."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.norm, self.pool = nn.GroupNorm(2, 4), nn.AvgPool2d(2)
        self.dense = nn.Linear(32, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.one(x)))
        x = x + self.two(x)
        x = self.pool(torch.cat([x, x * x], 1))
        return self.dense(x.flatten(1)).softmax(-1)


def test_a_trace_without_its_recording_explains_the_same():
    trace = traced(Small(), noise(2, 4, 4))
    bare = Trace(
        trace.sample, tuple(replace(each, replay=None) for each in trace.layers)
    )
    for layer in trace.layers:
        for unit in spots(layer.spatial):
            a = trace.explain(layer.name, layer.channels - 1, unit)
            b = holds(bare, bare[layer.name], layer.channels - 1, unit)
            assert a.total == b.total
            assert a.words == b.words
            assert [a.place(i) for i in range(len(a.terms))] == [
                b.place(i) for i in range(len(b.terms))
            ]


def test_recurrent_and_complex_layers_are_listed_not_taken_apart():
    trace = traced(run(torch.fft.fft), noise(2, 8))
    found = trace.explain(trace.layers[0].name, 1, (3,))
    assert found.rule == "not taken apart"
    assert found.shown == trace.layers[0].output[1, 3].real
    lstm = nn.LSTM(3, 4, batch_first=True)
    trace = traced(run(lambda x: lstm(x)[0]), noise(6, 3))
    layer = next(layer for layer in trace.layers if layer.kind == "recurrent")
    unit = tuple(0 for _ in layer.spatial)
    assert trace.explain(layer.name, 0, unit).words.startswith("not taken apart")
