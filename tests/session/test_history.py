"""Back and forward over jumps."""

import numpy as np
import pytest

from cnnviz.core.layers import Layer
from cnnviz.core.selection import Selection
from cnnviz.core.trace import Sample, Trace
from cnnviz.session.history import History


def trace_of(*names):
    maps = np.zeros((2, 3, 3), np.float32)
    layers = tuple(Layer(n, "other", "x", ("input",), maps, axes="CHW") for n in names)
    return Trace(Sample((maps,)), layers)


A, B, C = (Selection(name, 0, (1, 1)) for name in "abc")


@pytest.fixture
def trace():
    return trace_of("a", "b", "c")


def test_back_goes_the_way_one_came_and_forward_goes_on(trace):
    history = History()
    history.leave(A)
    history.leave(B)
    assert history.back(C, trace) == B
    assert history.back(B, trace) == A
    assert history.back(A, trace) is None
    assert history.forward(A, trace) == B
    assert history.forward(B, trace) == C
    assert history.forward(C, trace) is None


def test_a_new_jump_forgets_what_lay_ahead(trace):
    history = History()
    history.leave(A)
    assert history.back(B, trace) == A
    history.leave(A)
    assert history.forward(C, trace) is None
    assert history.back(C, trace) == A


def test_places_of_layers_that_are_gone_are_passed_over(trace):
    history = History()
    history.leave(A)
    history.leave(B)
    assert history.back(C, trace_of("a", "c")) == A


def test_back_never_stays_where_it_is(trace):
    history = History()
    history.leave(A)
    history.leave(B)
    assert history.back(B, trace) == A


def test_it_forgets_the_oldest(trace):
    history = History()
    for channel in range(500):
        history.leave(Selection("a", channel, None))
    steps, here = 0, C
    while (here := history.back(here, trace)) is not None:
        steps += 1
    assert steps == 200
