import gc
import weakref

import numpy as np
import pytest
import torch
from graphs import Run, alexnet, causal, noise, traced, vgg16
from torch import nn

from cnnviz.core.geometry import (
    carry,
    field_size,
    locate,
    read_input,
    receptive_field,
)
from cnnviz.core.trace import Trace


@pytest.mark.parametrize(
    ("k", "s", "p", "d"),
    [(3, 1, 0, 4), (3, 2, 1, 2), (5, 1, 0, 3), (3, 1, 4, 4), (4, 2, 1, 1)],
)
def test_dilation_moves_the_centre(k, s, p, d):
    model = nn.Sequential(
        nn.Conv1d(1, 1, 3, stride=2), nn.Conv1d(1, 1, k, s, p, dilation=d)
    )
    found = field_size(traced(model, noise(1, 64)), "1")
    assert found.size == (3 + (k - 1) * d * 2,)
    assert found.jump == (2 * s,)
    assert found.start == (1 + ((k - 1) * d / 2 - p) * 2,)
    assert found.whole == (False,)


def branches(net, x):
    x = net.stem(x)
    return net.end(torch.cat([net.one(x), net.two(net.zero(x)), net.three(x)], 1))


NETS = {
    "alexnet": (alexnet(), (3, 224, 224)),
    "vgg16": (vgg16(), (3, 224, 224)),
    "branches": (
        Run(
            branches,
            stem=nn.Conv2d(1, 2, 3, 2),
            one=nn.Conv2d(2, 2, 1, 2),
            zero=nn.Conv2d(2, 2, 3, padding=1),
            two=nn.Conv2d(2, 2, 5, 2, 2),
            three=nn.MaxPool2d(3, 2, 1),
            end=nn.ReLU(),
        ),
        (1, 60, 61),
    ),
    "up": (
        nn.Sequential(
            nn.Conv2d(1, 2, 3, 2),
            nn.ConvTranspose2d(2, 2, 4, 2, 1),
            nn.Conv2d(2, 2, 3),
            nn.ConvTranspose2d(2, 2, 2, 2),
            nn.Conv2d(2, 2, 2),
        ),
        (1, 40, 40),
    ),
    "causal": (causal(3, (1, 4, 2)), (1, 90)),
}


@pytest.mark.parametrize("name", NETS)
def test_size_jump_and_start_are_those_of_the_boxes(name):
    model, shape = NETS[name]
    trace = traced(model, noise(*shape))
    for layer in trace.layers:
        found = field_size(trace, layer.name)
        if not layer.spatial:
            assert found.whole == (True,) * (len(shape) - 1)
            assert found.size == shape[1:]
            assert found.jump == (None,) * (len(shape) - 1)
            continue
        assert not any(found.whole)
        boxes = [
            receptive_field(trace, layer.name, (at,) * len(layer.spatial)).box
            for at in range(min(layer.spatial))
        ]
        for axis in range(len(layer.spatial)):
            firsts, lasts = np.array([box[axis] for box in boxes]).T
            assert found.size[axis] == max(lasts - firsts) + 1
            centres = (firsts + lasts) / 2
            guess = found.start[axis] + found.jump[axis] * np.arange(len(boxes))
            assert abs(guess - centres).max() <= (0.75 if name == "up" else 0)


def test_a_gate_fed_by_everything_makes_the_field_whole_and_keeps_the_place():
    def forward(net, x):
        x = net.one(x)
        return net.two(x * net.gate(x.mean((2, 3), keepdim=True)))

    model = Run(
        forward,
        one=nn.Conv2d(1, 2, 3, 2, 1),
        gate=nn.Conv2d(2, 2, 1),
        two=nn.Conv2d(2, 2, 3, 2, 1),
    )
    trace = traced(model, noise(1, 40, 32))
    found = field_size(trace, "two")
    assert found.whole == (True, True)
    assert found.size == (40, 32)
    assert found.jump == (4, 4)
    assert found.start == (0, 0)
    assert receptive_field(trace, "two", (3, 3)).mask.all()
    assert carry(trace, "two", (3, 5), "one") == (6, 10)
    assert field_size(trace, "gate").whole == (True, True)
    assert carry(trace, "gate", (0, 0), "two") is None


def test_the_last_step_of_a_series_has_a_place():
    model = Run(
        lambda net, x: net.head(net.body(x)[:, :, -1]),
        body=causal(3, (1, 2)),
        head=nn.Linear(1, 2),
    )
    trace = traced(model, noise(1, 40))
    found = field_size(trace, "head")
    assert found.size == (7,)
    assert found.whole == (False,)
    assert found.jump == (None,)
    assert found.start == (36,)  # of steps 33 … 39
    assert carry(trace, "head", (), "body.3") == (39,)


def test_a_layer_the_input_does_not_lead_to():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Conv1d(1, 2, 3)
            self.two = nn.Conv1d(1, 2, 5)

        def forward(self, a, b):
            return self.one(a), self.two(b)

    trace = traced(Two(), noise(1, 12), noise(1, 15))
    assert field_size(trace, "two").size == ()
    assert field_size(trace, "two", "input_1").size == (5,)
    assert read_input(trace, "one") == "input"
    assert read_input(trace, "two") == "input_1"
    assert carry(trace, "two", (3,), "one") is None
    for asked in (field_size, read_input):
        with pytest.raises(KeyError, match="three"):
            asked(trace, "three")


def middle(box):
    return np.mean(box, axis=1)


def end(box):
    return np.array(box)[:, 1]


def places(trace, name, part):
    """A part of every unit's box, from the exact receptive fields."""
    extent = trace[name].spatial
    found = np.empty((*extent, len(extent)))
    for unit in np.ndindex(*extent):
        found[unit] = part(receptive_field(trace, name, unit).box)
    return found


@pytest.mark.parametrize(
    ("name", "part"),
    [("alexnet", middle), ("branches", middle), ("up", middle), ("causal", end)],
)
def test_carrying_finds_the_nearest_centre_or_last_step(name, part):
    model, shape = NETS[name]
    trace = traced(model, noise(*shape))
    names = [layer.name for layer in trace.layers if layer.spatial]
    if name == "alexnet":
        names = ["0", "2", "5", "12"]
    maps = {each: places(trace, each, part) for each in names}
    chance = np.random.default_rng(5)
    for a in names:
        for b in names:
            for _ in range(6):
                unit = tuple(int(chance.integers(n)) for n in trace[a].spatial)
                there = carry(trace, a, unit, b)
                gaps = np.abs(maps[b] - maps[a][unit])
                assert (gaps[there] == gaps.min(axis=tuple(range(len(unit))))).all()


def test_carrying_between_equal_maps_changes_nothing():
    trace = traced(alexnet(), noise(3, 224, 224))
    for unit in [(0, 0), (3, 11), (12, 12)]:
        assert carry(trace, "6", unit, "11") == unit
        assert carry(trace, "11", unit, "6") == unit


def test_vectors_have_one_unit_and_tell_no_place():
    trace = traced(alexnet(), noise(3, 224, 224))
    assert carry(trace, "3", (4, 4), "15") == ()
    assert carry(trace, "14", (), "15") == ()
    assert carry(trace, "15", (), "3") is None


def test_places_of_the_input():
    trace = traced(alexnet(), noise(3, 224, 224))
    assert locate(trace, "0", (3, 3)) == (0, 0)
    assert locate(trace, "0", (4.9, 5.1)) == (0, 1)
    assert locate(trace, "0", (223, -50)) == (54, 0)
    assert locate(trace, "15", (10, 10)) == ()
    assert carry(trace, "0", (2, 5), "input") == (11, 23)
    assert carry(trace, "input", (11, 23), "0") == (2, 5)


def test_tokens_of_equal_number_keep_their_place():
    def forward(net, x):
        tokens = net.patch(x).flatten(2).transpose(1, 2)
        return net.two(net.one(tokens))

    model = Run(
        forward,
        patch=nn.Conv2d(1, 4, 4, 4),
        one=nn.Linear(4, 5),
        two=nn.Linear(5, 6),
    )
    trace = traced(model, noise(1, 16, 16))
    assert carry(trace, "one", (7,), "two") == (7,)
    assert carry(trace, "one", (7,), "patch") is None


def test_what_is_remembered_of_a_trace_dies_with_it():
    trace = traced(nn.Sequential(nn.Conv1d(1, 1, 3), nn.ReLU()), noise(1, 9))
    field_size(trace, "1")
    receptive_field(trace, "1", (2,))
    gone = [weakref.ref(trace), *map(weakref.ref, trace.layers)]
    assert isinstance(gone[0](), Trace)
    del trace
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3
