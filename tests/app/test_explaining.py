"""What the unit panel is told, for small networks of our own; no window is opened."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.app.explaining import account
from cnnviz.app.scene import scene
from cnnviz.core.look import Look
from cnnviz.core.selection import Selection
from cnnviz.probe.execute import trace_module


def traced(*modules, shape=(2, 12, 12)):
    torch.manual_seed(5)
    x = np.random.default_rng(6).normal(size=shape).astype(np.float32)
    return trace_module(nn.Sequential(*modules).eval(), x)


def told(trace, layer, channel, unit):
    wish = Selection(layer, channel, unit)
    return account(trace, scene(trace, wish, Look()), wish)


@pytest.fixture
def stage():
    """A convolution, its norm, ReLU and a pool whose windows overlap."""
    return traced(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
    )


def test_the_way_goes_on_from_the_chosen_layer(stage):
    relu = stage["2"].output
    channel, y, x = map(int, np.unravel_index(int(relu.argmax()), relu.shape))
    found = told(stage, "0", channel, (y, x))
    assert [word for word, _ in found.way] == ["batch norm", "ReLU", "max pool"]
    values = [value for _, value in found.way]
    assert values[0] == stage["1"].output[channel, y, x]
    assert values[1] == values[2] == relu.max()
    assert [word for word, _ in told(stage, "2", channel, (y, x)).way] == ["max pool"]
    assert told(stage, "3", channel, (1, 1)).way == ()


def test_of_overlapping_windows_the_one_that_is_won(stage):
    relu = stage["2"].output
    pools = np.lib.stride_tricks.sliding_window_view(relu, (3, 3), (1, 2))[:, ::2, ::2]
    won = several = 0
    for y in range(11):
        for x in range(11):
            found = told(stage, "2", 1, (y, x)).pooled
            reading = [
                (i, j)
                for i in range(pools.shape[1])
                for j in range(pools.shape[2])
                if 2 * i <= y <= 2 * i + 2 and 2 * j <= x <= 2 * j + 2
            ]
            assert found.unit in reading
            several += len(reading) > 1
            wins = [
                at
                for at in reading
                if np.unravel_index(int(pools[1][at].argmax()), (3, 3))
                == (y - 2 * at[0], x - 2 * at[1])
            ]
            if wins:
                won += 1
                assert found.unit in wins
    assert won > 5
    assert several > 20


def test_a_place_that_no_window_reads_has_no_pool():
    trace = traced(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.MaxPool2d(2, stride=3))
    assert told(trace, "1", 0, (3, 3)).pooled.unit == (1, 1)
    assert told(trace, "1", 0, (2, 3)).pooled is None


def test_over_time():
    trace = traced(nn.Conv1d(2, 3, 3), nn.ReLU(), nn.MaxPool1d(2), shape=(2, 20))
    found = told(trace, "0", 2, (7,))
    assert found.pooled.unit == (3,)
    pair = trace["1"].output[2, 6:8]
    assert found.way[-1] == ("max pool", float(pair.max()))


def test_an_average_pool_is_a_convolution():
    trace = traced(nn.Conv2d(2, 2, 1), nn.AvgPool2d(2))
    note = told(trace, "1", 0, (2, 2)).note
    start = "a strided convolution whose every weight is 1/4: largest difference "
    assert note.startswith(start)
    kernel = torch.full((1, 1, 2, 2), 0.25, dtype=torch.float64)
    given = torch.tensor(trace["0"].output[:1].astype(float))[None]
    made = torch.conv2d(given, kernel, stride=2)[0, 0].numpy()
    gap = np.abs(made - trace["1"].output[0]).max()
    assert float(note.removeprefix(start).replace("−", "-")) == pytest.approx(
        gap, rel=0.1
    )


def test_nothing_is_said_of_whole_maps(stage):
    assert told(stage, "0", 1, None) is None
    assert told(stage, "0", None, (1, 1)) is None


def test_a_vector_needs_no_place():
    trace = traced(nn.Flatten(), nn.Linear(288, 4))
    found = told(trace, "1", 2, None)
    assert found.found.total == pytest.approx(float(trace["1"].output[2]), abs=1e-5)
