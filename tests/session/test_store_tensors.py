"""A weights file by itself is shown in the place of a trace."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnviz.core.layers import Layer
from cnnviz.core.models import FileSpec, ModelSpec
from cnnviz.core.selection import Selection
from cnnviz.core.tensors import TensorFacts, TensorList
from cnnviz.core.trace import ImageSource, Request, Sample, Trace
from cnnviz.session.store import Store

PICTURE = ImageSource(Path("a.png"))
ASKED = Request(ModelSpec("net"), PICTURE)
ALONE = Request(FileSpec(Path("w.pth")), PICTURE)


def file(*shapes, request=ALONE):
    tensors = (
        TensorFacts(name, shape, "float32", np.ones(shape, np.float32))
        for name, shape in shapes
    )
    return TensorList(request, "unknown", tuple(tensors))


def small_trace():
    weight = np.zeros((4, 3, 1, 1), np.float32)
    maps = np.zeros((4, 6, 6), np.float32)
    layer = Layer("conv", "conv", "Conv2d", ("input",), maps, "CHW", weight=weight)
    sample = Sample((np.zeros((3, 6, 6), np.float32),))
    return Trace(sample, (layer,), request=ASKED)


@pytest.fixture
def store(qapp):
    made = Store(ASKED)
    made.set_trace(small_trace())
    made.select(channel=3, unit=(2, 2))
    return made


FILE = file(("bias", (4,)), ("kernels", (8, 3, 3, 3)), ("head", (5, 6)))


def test_the_tensors_take_the_place_of_the_trace(store):
    store.set_request(ALONE)
    store.set_tensors(FILE)
    state = store.state
    assert (state.trace, state.tensors, state.status) == (None, FILE, "idle")
    assert state.request == ALONE
    assert state.selection == Selection("kernels", 0)
    assert state.anchor is None


def test_a_kernel_is_chosen_and_clamped(store):
    store.set_tensors(FILE)
    store.select(channel=30)
    assert store.state.selection == Selection("kernels", 7)
    store.select(layer="head")
    assert store.state.selection == Selection("head", 4)
    store.select(layer="conv", channel=1, unit=(0, 0))
    assert store.state.selection == Selection("head", 4)


def test_the_same_file_written_anew_keeps_the_place(store):
    store.set_tensors(FILE)
    store.select(layer="head", channel=2)
    store.set_tensors(file(("head", (2, 6)), ("kernels", (8, 3, 3, 3))))
    assert store.state.selection == Selection("head", 1)


def test_a_refused_request_leaves_the_tensors_on_show(store):
    store.set_tensors(FILE)
    store.set_request(replace(ASKED, model=ModelSpec("other")))
    store.withdraw()
    assert store.state.request == ALONE
    assert store.state.tensors is FILE


def test_asking_for_the_same_file_again_asks_nobody(store):
    store.set_tensors(FILE)
    asked = []
    store.requestChanged.connect(asked.append)
    store.set_request(ALONE)
    assert asked == []


def test_a_trace_takes_the_place_of_the_tensors(store):
    store.set_tensors(FILE)
    store.select(channel=5)
    trace = small_trace()
    store.set_trace(trace)
    assert store.state.tensors is None
    assert store.state.trace is trace
    assert store.state.selection == Selection("conv", 0)
