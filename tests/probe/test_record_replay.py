"""R8: a recorded layer repeated, its routes and its reads."""

import dataclasses
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import NETWORKS, Net, build, conv
from torch import nn

from cnnviz.probe.recorder import record
from cnnviz.probe.values import Value

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")


def only(function, *inputs, **parts):
    """The one layer of a network that is one function."""
    (layer,) = record(Net(function, **parts), inputs).layers
    return layer


# -- residual --------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_repeated_is_the_same(name):
    model, inputs = build(name)
    residuals = {each.name: each.residual for each in record(model, inputs).layers}
    unseen = {"outside": None} if name == "by_way_of_numpy" else {}
    assert residuals == dict.fromkeys(residuals, 0.0) | unseen


@pytest.mark.parametrize("name", ["one_relu_for_all", "lstm", "fourier", "half"])
def test_a_value_that_was_tampered_with_is_found(name):
    model, inputs = build(name)
    for layer in record(model, inputs).layers:
        recipe = layer.replay
        wrong = recipe.recorded.array.copy()
        wrong.reshape(-1)[wrong.size // 2] += 0.5
        spoilt = dataclasses.replace(recipe, recorded=Value(wrong))
        assert spoilt.residual() == pytest.approx(0.5, rel=1e-3), layer.name
        wrong.reshape(-1)[0] = np.nan
        assert spoilt.residual() == math.inf


def test_a_wrong_weight_is_found():
    model = nn.Sequential(conv(3, 4))
    (layer,) = record(model, [torch.randn(3, 6, 6)]).layers
    with torch.no_grad():
        model[0].bias += 1
    assert layer.residual == pytest.approx(1, rel=1e-5)


def test_what_is_left_to_chance_cannot_be_repeated():
    def run(net, x):
        x = F.dropout(net.one(x))
        return x + torch.rand_like(x) * torch.bernoulli(x.sigmoid())

    layers = record(Net(run, one=conv(3, 4)), [torch.randn(3, 8, 8)]).layers
    state = torch.get_rng_state()
    assert {each.name: each.residual for each in layers} == {
        "one": 0.0,
        "dropout": None,
        "sigmoid": 0.0,
        "bernoulli": None,
        "mul": 0.0,
        "add": 0.0,
    }
    assert torch.equal(torch.get_rng_state(), state)


def test_chance_is_left_alone_by_what_draws_nothing(monkeypatch):
    """Another thread may be drawing: its numbers would be others."""

    def run(net, x):
        x = F.dropout(net.one(x), training=net.training).relu()
        return net.lstm(x.mean(1))[0]

    net = Net(run, one=conv(3, 4), lstm=nn.LSTM(6, 3, batch_first=True)).eval()
    layers = record(net, [torch.randn(3, 8, 8)]).layers
    for name in ("set_rng_state", "manual_seed", "get_rng_state"):
        monkeypatch.setattr(torch, name, None)
        monkeypatch.setattr(torch.random, name, None)
    for each in layers:
        assert each.residual == 0, each.name
        each.replay.reads(np.ones(each.shape, bool))


def test_infinities_and_not_a_number_agree_with_themselves():
    layer = only(lambda net, x: x.log(), torch.tensor([-1.0, 0.0, 1.0]))
    assert np.isnan(layer.output[0])
    assert layer.output[1] == -math.inf
    assert layer.residual == 0


def test_repeating_writes_into_nothing_recorded():
    model, inputs = build("functions_in_place")
    layers = record(model, inputs).layers
    before = [each.output.copy() for each in layers]
    for _ in range(2):
        assert all(each.residual == 0 for each in layers)
    for each, output in zip(layers, before, strict=True):
        np.testing.assert_array_equal(each.output, output)


# -- routes: against the function applied to the input's own places ------------------


def as_it_is(x):
    return x


def turned(x):
    return x.transpose(1, 2)


MOVES = {
    "flatten": lambda x: x.flatten(1),
    "flatten two": lambda x: torch.flatten(x, 2),
    "view": lambda x: x.view(1, *x.shape[1:3], 5, -1),
    "reshape": lambda x: x.reshape(1, -1),
    "permute": lambda x: x.permute(0, 3, 1, 2),
    "permute of a tuple": lambda x: torch.permute(x, (0, 2, 3, 1)),
    "transpose": lambda x: x.transpose(1, 3),
    "mT": lambda x: x.mT,
    "movedim": lambda x: x.movedim(1, -1),
    "squeeze": lambda x: x.squeeze(0),
    "unsqueeze": lambda x: x.unsqueeze(2),
    "expand": lambda x: x.expand(3, -1, -1, -1),
    "repeat": lambda x: x.repeat(1, 2, 1, 2),
    "tile": lambda x: x.tile(2, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1),
    "roll": lambda x: x.roll((1, -2), (2, 3)),
    "flip": lambda x: x.flip(3),
    "rot90": lambda x: x.rot90(1, (2, 3)),
    "slice": lambda x: x[:, 1:, ::2, :-1],
    "select": lambda x: x.select(1, 2),
    "narrow": lambda x: x.narrow(2, 1, 2),
    "fancy": lambda x: x[:, torch.tensor([2, 0, 0])],
    "mask": lambda x: x[:, torch.arange(x.shape[1]) % 2 == 0],
    "index_select": lambda x: x.index_select(3, torch.tensor([4, 1])),
    "take_along_dim": lambda x: x.take_along_dim(torch.ones(1, 1, 1, 7).long(), 3),
    "unflatten": lambda x: x.unflatten(-1, (5, 1)),
    "unfold": lambda x: x.unfold(3, 3, 2),
    "im2col": lambda x: F.unfold(x, (2, 3)),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x.view(1, 4, 3, 5), 2),
    "channel_shuffle": lambda x: F.channel_shuffle(x, x.shape[1]),
    "pad": lambda x: F.pad(x, (1, 2, 0, 1)),
    "pad with a number": lambda x: F.pad(x, (1, 2, 0, 1), value=7.0),
    "pad with infinity": lambda x: F.pad(x, (0, 1), value=-math.inf),
    "crop": lambda x: F.pad(x, (-1, 2)),
    "reflect": lambda x: F.pad(x, (2, 1, 1, 0), mode="reflect"),
    "replicate": lambda x: F.pad(x, (2, 3, 1, 0), mode="replicate"),
    "circular": lambda x: F.pad(x, (2, 1, 0, 2), mode="circular"),
    "cat alone": lambda x: torch.cat([x]),
}


@pytest.mark.parametrize("before", [as_it_is, turned])
@pytest.mark.parametrize("name", MOVES)
def test_routes_of_moves(name, before):
    move, x = MOVES[name], torch.randn(4, 3, 5)
    if name == "pixel_shuffle":  # two moves; the second one is asked
        move, before = lambda x: F.pixel_shuffle(x, 2), lambda x: x.view(1, 4, 3, 5)
    layer = record(Net(lambda net, x: move(before(x))), [x]).layers[-1]
    read = before(x[None])
    numbers = torch.arange(1.0, read.numel() + 1).reshape(read.shape)
    low, high = move(numbers), move(numbers + 1000)
    wanted = torch.where(high - low == 1000, low - 1, -1).long()
    (route,) = layer.replay.routes()
    np.testing.assert_array_equal(route.ravel(), wanted.ravel())


def test_routes_of_modules():
    for module in (
        nn.Flatten(),
        nn.ZeroPad2d((1, 0, 2, 3)),
        nn.ReflectionPad2d(1),
        nn.PixelShuffle(2),
        nn.ChannelShuffle(2),
        nn.Unflatten(1, (2, 2)),
    ):
        (layer,) = record(nn.Sequential(module), [torch.randn(4, 3, 5)]).layers
        wanted = module(torch.arange(1.0, 61).reshape(1, 4, 3, 5)).long() - 1
        np.testing.assert_array_equal(layer.replay.routes()[0].ravel(), wanted.ravel())


def test_routes_of_a_concatenation():
    a, b = torch.randn(2, 3), torch.randn(1, 3)
    layer = only(lambda net, a, b: torch.cat([a, b, a, net.two], 1), a, b,
                 two=nn.Parameter(torch.ones(1, 2, 3)))  # fmt: skip
    assert layer.inputs == ("input", "input_1", "input")
    first, second, third = (r.reshape(7, 3) for r in layer.replay.routes())
    six = np.arange(6).reshape(2, 3)
    outside = np.full((7, 3), -1)
    np.testing.assert_array_equal(first, np.r_[six, outside[2:]])
    np.testing.assert_array_equal(second, np.r_[outside[:2], six[:1], outside[3:]])
    np.testing.assert_array_equal(third, np.r_[outside[:3], six, outside[5:]])


def test_an_index_out_of_data_is_no_moved_value():
    def run(net, x):
        return x[:, (x[0] > 0).long()]

    layer = record(Net(run), [torch.randn(4)]).layers[-1]
    moved, index = layer.replay.routes()
    chosen = np.arange(4)[(layer.replay.sources[0].array[0] > 0).astype(int)]
    np.testing.assert_array_equal(moved.ravel(), chosen)
    assert (index == -1).all()


def test_a_table_looked_up_with_data_moves_none_of_them():
    layer = only(lambda net, x: net.table[x], torch.tensor([1, 0, 1]),
                 table=nn.Parameter(torch.randn(2, 3)))  # fmt: skip
    assert layer.replay.routes() is None


def test_what_computes_has_no_routes():
    for layer in record(*build("one_relu_for_all")).layers:
        assert layer.replay.routes() is None


VIEWS = {
    **{name: MOVES[name] for name in (
        "view", "permute", "permute of a tuple", "transpose", "mT",
        "movedim", "squeeze", "unsqueeze", "expand", "slice", "select", "narrow",
        "unflatten",
    )},
    "strided": lambda x: x[:, 1::2, ..., 1:4:2],
    "chunk": lambda x: x.chunk(2, 1)[1],
    "split": lambda x: x.split([1, x.shape[1] - 1], 1)[1],
    "unbind": lambda x: x.unbind(1)[-1],
    "new axes": lambda x: x[:, None, :, 1, ..., None],
}  # fmt: skip


@pytest.mark.parametrize("before", [as_it_is, turned])
@pytest.mark.parametrize("name", VIEWS)
def test_steps_of_views_are_their_routes(name, before):
    x = torch.randn(4, 3, 5)
    layers = record(Net(lambda net, x: VIEWS[name](before(x))), [x]).layers
    layer = layers[-1]
    found, shape = layer.replay.steps(), layer.replay.recorded.array.shape
    (route,) = layer.replay.routes()
    if name == "reshape" and before is turned:
        assert found is None  # a copy
        return
    first, steps = found
    wanted = np.full(shape, first)
    longer = [axis for axis, size in enumerate(shape) if size > 1]
    for axis, step in zip(longer, steps, strict=True):
        wanted += np.expand_dims(
            np.arange(shape[axis]) * step, [a for a in range(len(shape)) if a != axis]
        )
    np.testing.assert_array_equal(route, wanted)


@pytest.mark.parametrize("name", ["flip", "roll", "repeat", "fancy", "mask", "pad"])
def test_what_is_no_view_has_no_steps(name):
    layer = record(Net(lambda net, x: MOVES[name](x)), [torch.randn(4, 3, 5)]).layers
    assert layer[-1].replay.steps() is None


# -- reads: against finite differences -------------------------------------------

COMPUTED = {
    "cumsum": lambda x: x.cumsum(2),
    "matmul": lambda x: x @ x.mT,
    "std": lambda x: x.std(2),
    "complex": lambda x: torch.fft.rfft(x),
    "einsum": lambda x: torch.einsum("bchw,bcxw->bhx", x, x),
    "diff": lambda x: x.diff(dim=1),
    "interpolate": lambda x: F.interpolate(x, size=(5, 3), mode="bilinear"),
    "norm": lambda x: F.normalize(x, dim=1),
    "softmax": lambda x: x.softmax(1),
    "triu": lambda x: x.triu(),
    "conv": lambda x: F.conv2d(x, torch.randn(2, 4, 2, 2)),
    "in place": lambda x: x.mul_(2),
    "several": lambda x: torch.std_mean(x, 1)[0],
}


@pytest.mark.parametrize("name", COMPUTED)
def test_reads_of_what_computes(name):
    torch.manual_seed(2)
    function = COMPUTED[name]
    x = torch.rand(4, 3, 3) + 0.5
    layer = record(Net(lambda net, x: function(x)), [x]).layers[-1]
    wanted = np.zeros(layer.replay.recorded.array.shape, bool)
    wanted.reshape(-1)[wanted.size // 2 + 1] = True
    found = layer.replay.reads(wanted)
    (recipe,) = layer.replay.calls
    for place, read in enumerate(found):
        base = [torch.rand(s.array.shape).double() + 0.5 for s in layer.replay.sources]
        base = _alike(layer.replay.sources, base)
        moves = np.zeros(read.shape, bool)
        for at in range(read.size):
            shifted = [each.clone() for each in base]
            shifted[place].view(-1)[at] += 1e-4
            gap = _again(recipe, layer.replay, shifted) - _again(
                recipe, layer.replay, base
            )
            moves.reshape(-1)[at] = abs(gap.reshape(-1)[wanted.size // 2 + 1]) > 1e-9
        np.testing.assert_array_equal(read, moves)


def _alike(sources, base):
    """Inputs that are one and the same stay different tensors here."""
    return [each.clone() for each, _ in zip(base, sources, strict=True)]


def _again(call, recipe, inputs):
    """Run a layer's own call on other numbers, with a substitution of our own."""
    order = list(inputs)
    known = [id(each) for each in recipe.sources]

    def swap(part):
        if isinstance(part, Value):
            if id(part) in known:
                at = known.index(id(part))
                known[at] = None
                return order[at].clone()
            return part.tensor().double()
        if isinstance(part, (tuple, list)):
            return type(part)(swap(each) for each in part)
        return part

    made = call.function(
        *swap(call.args), **{k: swap(v) for k, v in call.kwargs.items()}
    )
    return made if isinstance(made, torch.Tensor) else made[0]


def test_reads_only_where_they_can_be_measured():
    layer = only(lambda net, x: x.argmax(1), torch.randn(5))
    assert layer.replay.reads(np.ones((1,), bool)) is None
    table = record(nn.Embedding(3, 2), [torch.tensor([1, 2])]).layers[0]
    assert table.replay.reads(np.ones((1, 2, 2), bool)) is None
    layer = only(lambda net, x: x.cumsum(1), torch.randn(5))
    state = torch.get_rng_state()
    layer.replay.reads(np.ones((1, 5), bool))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


# -- what a layer was given --------------------------------------------------------


def test_arguments_and_operands():
    x, y = torch.randn(3), torch.randn(3)
    layer = only(lambda net, x, y: 2 - x, x, y)
    np.testing.assert_array_equal(layer.replay.arguments()[0], x[None])
    (two, left), (at, right) = layer.replay.operands()
    assert (two, float(left), at) == (None, 2, 0)
    np.testing.assert_array_equal(right, x[None])
    layer = only(lambda net, x, y: torch.sub(x, other=y), x, y)
    assert [at for at, _ in layer.replay.operands()] == [0, 1]
    layer = only(lambda net, x, y: y * y, x, y)
    assert [at for at, _ in layer.replay.operands()] == [0, 1]
    layer = only(lambda net, x, y: x + net.one, x, y, one=nn.Parameter(torch.ones(3)))
    assert [at for at, _ in layer.replay.operands()] == [0, None]


def test_an_in_place_operation_knows_what_was_there_before():
    layer = only(lambda net, x: x.add_(1), torch.zeros(3))
    np.testing.assert_array_equal(layer.replay.arguments()[0], np.zeros((1, 3)))
    assert (layer.output == 1).all()
