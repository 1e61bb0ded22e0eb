"""Maps made dead, constant or broken on purpose are found, and no others."""

import numpy as np
import pytest

from cnnviz.core.layers import Layer
from cnnviz.core.strange import next_strange, strange, strange_words
from cnnviz.core.trace import Sample, Trace


def layer(name, maps, axes="CHW"):
    return Layer(name, "activation", "ReLU", ("input",), maps, axes=axes)


@pytest.fixture
def maps():
    return np.random.default_rng(1).random((6, 4, 5)).astype(np.float32)


def test_each_oddity_is_counted(maps):
    maps[1] = 0
    maps[2] = -3.5
    maps[3, 0, 1] = np.nan
    maps[4, 1, :2] = np.inf, -np.inf
    made = layer("a", maps)
    found = strange(made)
    assert (found.dead, found.constant, found.odd) == ((1,), (2,), (3, 4))
    assert (found.nan, found.infinite) == (1, 2)
    assert found.channels == (1, 2, 3, 4)
    words = "1 dead channel · 1 constant map · 1 NaN · 2 infinite"
    assert strange_words(made) == words


def test_a_map_of_nothing_but_nan_is_neither_dead_nor_constant(maps):
    maps[0] = np.nan
    assert strange(layer("a", maps)).dead == ()
    assert strange(layer("a", maps)).constant == ()
    assert strange(layer("a", maps)).nan == 20


def test_healthy_maps_and_vectors_are_not_strange(maps):
    assert strange_words(layer("a", maps)) == ""
    assert strange_words(layer("v", np.zeros(4, np.float32), "C")) == ""
    assert strange_words(layer("e", np.zeros((0, 3, 3), np.float32))) == ""


def test_one_after_the_other_and_round_again(maps):
    first, second = maps.copy(), maps.copy()
    first[2] = 0
    second[0] = 1
    second[5, 3, 2] = np.inf
    trace = Trace(
        Sample((maps,)), (layer("a", first), layer("b", maps), layer("c", second))
    )
    here, walk = ("a", None), []
    for _ in range(4):
        name, channel, unit = next_strange(trace, *here)
        walk.append((name, channel, unit))
        here = name, channel
    middle = (2, 2)
    assert walk == [
        ("a", 2, middle),
        ("c", 0, middle),
        ("c", 5, (3, 2)),
        ("a", 2, middle),
    ]


def test_the_only_one_is_found_from_itself(maps):
    maps[3] = 0
    trace = Trace(Sample((maps,)), (layer("a", maps),))
    assert next_strange(trace, "a", 3) == ("a", 3, (2, 2))


def test_nothing_to_find(maps):
    trace = Trace(Sample((maps,)), (layer("a", maps),))
    assert next_strange(trace, "a", 0) is None
