"""Several threads, as of two windows: each gets what it would get alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.core.errors import Cancelled
from cnnviz.core.proof import Trial
from cnnviz.core.trace import ArraySource, Request, Sample
from cnnviz.nets.alone import alone
from cnnviz.nets.drawing import fresh
from cnnviz.nets.live import forget, keep, live_network
from cnnviz.probe.causality import prove
from cnnviz.probe.execute import execute
from cnnviz.probe.recorder import record


def network():
    torch.manual_seed(0)
    layers = [
        nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(12)
    ]
    return nn.Sequential(*layers).eval()


def same(one, other):
    return len(one) == len(other) and all(
        a.name == b.name and np.array_equal(a.output, b.output)
        for a, b in zip(one, other, strict=True)
    )


def test_one_network_in_two_threads():
    model, x = network(), torch.randn(8, 96, 96)
    wanted = record(model, [x]).layers

    def run(_):
        return [record(model, [x]).layers for _ in range(10)]

    with ThreadPoolExecutor(2) as pool:
        found = [each for some in pool.map(run, range(2)) for each in some]
    assert all(same(each, wanted) for each in found)
    assert not any("forward" in vars(module) for module in model.modules())


@pytest.fixture
def busy():
    """Another thread records without end, a layer that draws numbers too."""
    model, x, end = (
        nn.Sequential(nn.Linear(8, 8), nn.LSTM(8, 8)),
        [torch.randn(4, 8)],
        [],
    )

    def work():
        while not end:
            for layer in record(model, x).layers:
                assert layer.residual is None or layer.residual < 1e-5

    thread = threading.Thread(target=work)
    thread.start()
    yield
    end.append(True)
    thread.join()


def test_the_same_seed_draws_the_same_weights_beside_it(busy):
    def make():
        return nn.Sequential(*(nn.Linear(40, 40) for _ in range(20)))

    def drawn():
        return torch.cat([p.flatten() for p in fresh(make, 3).parameters()])

    with alone():
        wanted = drawn()
    assert all(torch.equal(drawn(), wanted) for _ in range(15))


def test_a_proof_leaves_a_network_that_is_shown_as_it_is():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(2, 3, 3, padding=1), nn.ReLU()).eval()
    network = live_network(module)
    values = np.random.default_rng(0).standard_normal((2, 30), np.float32)
    spec = keep(network)
    try:
        trace = execute(Request(spec, ArraySource(Sample((values,)))))
        proof = prove(Trial(trace, 10))
        assert proof.leaks, "a padded convolution looks ahead"
        assert {p.dtype for p in network.module.parameters()} == {torch.float32}
        assert same(execute(trace.request).layers, trace.layers)
    finally:
        forget(spec)


def test_who_waits_can_be_stopped():
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with alone():
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(20)
    asked = []

    def check(*said):
        asked.append(said)
        if len(asked) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        record(network(), [torch.randn(8, 8, 8)], check)
    assert asked == [(0, 0, "waiting for another network")] * 2
    leave.set()
    thread.join()
    assert record(network(), [torch.randn(8, 8, 8)]).error is None
