"""What views and pads read, against what changes when one input value does."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import Net
from torch import nn

from cnnviz.core.geometry import receptive_field
from cnnviz.core.moves import stepped
from cnnviz.core.reads import edges
from cnnviz.core.trace import Sample, Trace
from cnnviz.probe.recorder import record

SHAPE = 4, 5, 6

# each piece is a layer of its own: the product says which one is meant
VIEWS = {
    "every other row": lambda x: x[:, :, ::2],
    "every third column, from the second": lambda x: x[..., 1::3],
    "two steps at once": lambda x: x[:, ::3, 1::2, 2::2],
    "from the end": lambda x: x[:, -2:, :-1, -4:-1],
    "one row": lambda x: x[:, :, -1],
    "one row, kept": lambda x: x[:, :, 2:3],
    "one line": lambda x: x[:, 1, 2],
    "one value of each map": lambda x: x[:, :, 0, 5],
    "new axes": lambda x: x[:, None, ::2, 1, ..., None],
    "channels": lambda x: x[:, 1:3],
    "one channel": lambda x: x[:, 2],
    "channels of a list": lambda x: x[:, [3, 0, 0]],
    "channels of a mask": lambda x: x[:, torch.tensor([True, False, False, True])],
    "narrow": lambda x: x.narrow(2, 1, 3),
    "narrow from the end": lambda x: torch.narrow(x, -1, -3, 2),
    "first chunk": lambda x: x.chunk(4, -1)[0] * 2,
    "last chunk, which is shorter": lambda x: x.chunk(3, 2)[-1] * 2,
    "split": lambda x: x.split((1, 3, 1), 2)[1] * 2,
    "split evenly": lambda x: torch.split(x, 4, 3)[1] * 2,
    "tensor_split": lambda x: x.tensor_split((2, 3), 1)[1] * 2,
    "unbind": lambda x: x.unbind(2)[3] * 2,
    "expand a row": lambda x: x[:, :, 1:2].expand(-1, -1, 7, -1),
    "expand in front": lambda x: x[:, None, :, 1:2].expand(-1, 3, 4, 2, 6),
    "transpose": lambda x: x.transpose(2, 3),
    "transpose channels": lambda x: x.transpose(-1, 1),
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(0, 3, 1, 2),
    "movedim": lambda x: x.movedim((1, 2), (3, 1)),
    "swapaxes": lambda x: torch.swapaxes(x, 1, 2),
    "flip": lambda x: x.flip(2),
    "flip of two": lambda x: torch.flip(x, (-1, 1)),
    "fliplr": lambda x: x[:, 0].flip(-1),
    "rot90": lambda x: torch.rot90(x, 1, (2, 3)),
    "roll": lambda x: x.roll((2, -1), (2, 3)),
    "unfold, overlapping": lambda x: x.unfold(2, 3, 1),
    "unfold, with gaps": lambda x: x.unfold(3, 2, 4),
    "unfold, twice": lambda x: x.unfold(2, 2, 2).unfold(3, 3, 3),
    "im2col": lambda x: F.unfold(x, (3, 2), padding=(1, 0), stride=(2, 1)),
    "diagonal": lambda x: x.diagonal(1, 2, 3),
    "as_strided": lambda x: x.as_strided((x.shape[0], 3, 4), (120, 31, 8), 2),
    "flatten maps": lambda x: x.flatten(2),
    "flatten a piece": lambda x: x[:, 1:3, ::2].flatten(1),
    "view": lambda x: x.view(-1, 2, 2, 5, 6),
    "view across axes": lambda x: x.view(-1, 8, 3, 5),
    "unflatten": lambda x: x.unflatten(3, (3, 2)),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(x[:, :, :4], 2),
    "channel_shuffle": lambda x: F.channel_shuffle(x, 2),
    "repeat": lambda x: x.repeat(1, 2, 1, 3),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 3),
    "tile": lambda x: torch.tile(x, (1, 1, 2, 1)),
    "index_select": lambda x: x.index_select(3, torch.tensor([5, 1, 1])),
}

PADS = {
    "constant": lambda x: F.pad(x, (1, 3, 0, 2)),
    "constant that is no zero": lambda x: F.pad(x, (2, 0), value=-3.5),
    "constant around channels": lambda x: F.pad(x, (0, 1, 2, 0, 1, 2)),
    "crop": lambda x: F.pad(x, (-1, -2, 0, -3)),
    "crop and pad": lambda x: F.pad(x, (-2, 3, 4, -1)),
    "crop of channels": lambda x: F.pad(x, (1, 0, 0, 0, -1, -1)),
    "crop to one": lambda x: F.pad(x, (-2, -3, -4, 0)),
    "of nothing": lambda x: F.pad(x, (0, 0, 0, 0)),
    "reflect": lambda x: F.pad(x, (4, 1, 0, 3), mode="reflect"),
    "reflect a line": lambda x: F.pad(x[:, 0], (5, 2), mode="reflect"),
    "replicate": lambda x: F.pad(x, (3, 0, 2, 5), mode="replicate"),
    "replicate and crop": lambda x: F.pad(x, (-2, 3, 1, -1), mode="replicate"),
    "circular": lambda x: F.pad(x, (2, 6, 1, 4), mode="circular"),
    "circular, a line": lambda x: F.pad(x[:, 1], (0, 4), mode="circular"),
    "circular and crop": lambda x: F.pad(x, (3, -1, -2, 1), mode="circular"),
    "ZeroPad2d": nn.ZeroPad2d((1, 0, 2, 3)),
    "ConstantPad2d": nn.ConstantPad2d((-1, 2, 3, -2), 7.0),
    "ReflectionPad2d": nn.ReflectionPad2d((2, 0, 1, 3)),
    "ReplicationPad2d": nn.ReplicationPad2d((0, 4, 3, 1)),
    "CircularPad2d": nn.CircularPad2d((5, 1, 0, 2)),
}


def convolution(**settings):
    """A convolution of positive weights: nothing it reads cancels."""
    layer = nn.Conv2d(4, 2, (3, 2), bias=False, dtype=torch.float64, **settings)
    with torch.no_grad():
        layer.weight.copy_(1 + torch.arange(48).reshape(2, 4, 3, 2) / 10)
    return layer


SEVERAL = {
    "pad, then every other": lambda x: F.pad(x, (1, 2, 3, 0))[..., ::2, 1::3],
    "crop, then flip": lambda x: F.pad(x, (-1, 2, 0, -2)).flip((1, 3)),
    "reflect, then crop": lambda x: F.pad(x, (2, 2, 1, 1), mode="reflect")[..., 3:],
    "pad of a pad": lambda x: F.pad(F.pad(x, (2, 0, -1, 1)), (-3, 1, 2, 0)),
    "circular, then unfold": lambda x: (
        F.pad(x, (1, 2, 0, 0), mode="circular").unfold(3, 3, 2).flatten(3)
    ),
    "turned and cut": lambda x: x.transpose(2, 3)[:, :, 1::2].flip(3)[..., :3],
    "space to depth": lambda x: torch.cat(
        [x[..., :4:2, ::2], x[..., 1:5:2, ::2], x[..., :4:2, 1::2]], 1
    ),
    "halves change places": lambda x: torch.cat(x.chunk(2, 3)[::-1], 3),
    "expand, then add": lambda x: x + x[:, :, 2:3].expand(-1, -1, 5, -1),
}

FILTERED = {
    "zeros": convolution(padding=(2, 1)),
    "reflect": convolution(padding=(2, 1), padding_mode="reflect"),
    "replicate": convolution(padding=(1, 2), padding_mode="replicate", stride=2),
    "circular": convolution(padding=(2, 1), padding_mode="circular", dilation=2),
    "same": convolution(padding="same", padding_mode="reflect"),
    "padded unevenly": nn.Sequential(nn.ZeroPad2d((0, 1, 2, 1)), convolution(stride=2)),
    "cropped before": nn.Sequential(nn.ZeroPad2d((-1, 2, 1, -2)), convolution()),
    "mirrored before": nn.Sequential(nn.ReflectionPad2d((3, 0, 1, 2)), convolution()),
    "cropped behind": nn.Sequential(
        convolution(padding=(1, 1)), nn.ZeroPad2d((-1, 0, 0, -2))
    ),
}


def traced(function):
    """The trace of a network that is one function of a batch."""
    model = Net(lambda net, x: net.part(x), part=function)
    if not isinstance(function, nn.Module):
        model = Net(lambda net, x: function(x))
    x = np.random.default_rng(1).random(SHAPE)
    run = record(model.eval(), [torch.from_numpy(x)])
    assert run.error is None, run.error
    return Trace(Sample((x,)), run.layers)


def changed(function, shape=SHAPE):
    """Which input values change which output values: ``(*shape, *output)``.

    Every value in turn is raised, in a batch of its own; the program has no part in it.
    """
    size = int(np.prod(shape))
    with torch.no_grad():
        rest = torch.ones(1, *shape, dtype=torch.float64)
        raised = rest + torch.eye(size, dtype=torch.float64).reshape(size, *shape)
        found = torch.cat(
            [function(each[None].clone()) for each in raised]
        ) != function(rest)
    return found.numpy().reshape(*shape, *found.shape[1:])


@pytest.mark.parametrize("function", VIEWS.values(), ids=VIEWS)
def test_a_view_reads_what_changes_it(function):
    reads_what_changes_it(function)


@pytest.mark.parametrize("function", PADS.values(), ids=PADS)
def test_a_pad_reads_what_changes_it(function):
    reads_what_changes_it(function)


def reads_what_changes_it(function):
    """Compare every single output value's reading, channels included."""
    trace = traced(function)
    if len(trace.layers) != 1:
        sees_what_changes_it(trace, changed(function))
        return
    (layer,) = trace.layers
    (edge,) = edges(layer)
    wanted = changed(function)
    assert wanted.shape[3:] == layer.shape
    for unit in np.ndindex(*layer.shape):
        mask = np.zeros(layer.shape, bool)
        mask[unit] = True
        found = edge.pull(mask, tuple((at, at) for at in unit))
        seen = wanted[(slice(None),) * 3 + unit]
        assert found.exact
        assert np.array_equal(np.broadcast_to(found.mask, SHAPE), seen), unit
    sees_what_changes_it(trace, wanted)


@pytest.mark.parametrize("function", SEVERAL.values(), ids=SEVERAL)
def test_several_moves_together(function):
    sees_what_changes_it(traced(function), changed(function))


@pytest.mark.parametrize("model", FILTERED.values(), ids=FILTERED)
def test_padded_edges_of_convolutions(model):
    sees_what_changes_it(traced(model), changed(model))


def sees_what_changes_it(trace, wanted):
    """Compare the receptive fields of the last layer's units, of any and of one map."""
    last = trace.layers[-1]
    assert wanted.shape[3:] == last.shape
    channel = last.axes.find("C")
    seen = wanted.any(0)  # input positions, any channel
    if channel >= 0:
        seen = np.moveaxis(seen, 2 + channel, 2)
    for unit in np.ndindex(*last.spatial):
        for one in (None, last.channels - 1) if channel >= 0 else (None,):
            field = receptive_field(trace, last.name, unit, one)
            by_map = seen[(slice(None), slice(None), slice(None), *unit)]
            if channel >= 0:
                true = by_map.any(2) if one is None else by_map[..., one]
            else:
                true = seen[(slice(None), slice(None), *unit)]
            assert field.exact
            assert np.array_equal(field.mask, true), (unit, one)
            rows, columns = np.nonzero(true)
            hull = (
                ((rows.min(), rows.max()), (columns.min(), columns.max()))
                if rows.size
                else None
            )
            assert field.span == hull, (unit, one)


def test_steps_that_joined_or_split_axes_are_not_taken_apart():
    """Any steps through an input: what is read off them is right, or nothing is."""
    chance = np.random.default_rng(5)
    given, known = (3, 4, 2), 0
    for _ in range(1500):
        made = tuple(chance.integers(1, 5, chance.integers(1, 4)).tolist())
        longer = [size for size in made if size > 1]
        steps = chance.choice([0, 1, 2, 3, 4, 6, 8, 16], len(longer)).tolist()
        farthest = sum((n - 1) * step for n, step in zip(longer, steps, strict=True))
        if farthest > 23:
            continue
        first = int(chance.integers(0, 24 - farthest))
        edge = stepped(first, steps, given, made)
        if edge is None:
            continue
        known += 1
        for at, unit in enumerate(np.ndindex(*longer)):
            place = np.unravel_index(at, made)
            wanted = np.zeros(made, bool)
            wanted[place] = True
            read = edge.pull(wanted, tuple((int(n), int(n)) for n in place)).mask
            (seen,) = np.flatnonzero(np.broadcast_to(read, given))
            assert seen == first + np.dot(unit, steps), (first, steps, made, unit)
    assert known > 100
