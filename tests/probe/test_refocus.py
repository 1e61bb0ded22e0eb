"""Layers that come back without their network: right, few, and within the limit."""

import gc

import numpy as np
import pytest
import torch
from networks import NETWORKS, Net, build, conv
from test_record_budget import assert_agrees, branching, memory_of, same
from torch import nn
from torchvision import models

from cnnviz.core.errors import Cancelled
from cnnviz.core.progress import no_check
from cnnviz.probe import budget as budgets
from cnnviz.probe.budget import Budget
from cnnviz.probe.recorder import record
from cnnviz.probe.refocus import refocused

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")

UNKNOWN = {"outside", "rand", "rand_like", "randn_like", "Dropout"}
"""What gives something else each time, or was written out of sight."""
STAND_INS = 8
"""Bytes that a layer takes which is not kept."""


@pytest.fixture
def nothing_is_little(monkeypatch):
    """Networks of a few bytes are too large for a limit of one."""
    monkeypatch.setattr(budgets, "_LITTLE", 0)


class Steps:
    """Counts what is computed."""

    def __init__(self):
        self.names = []

    def __call__(self, done, total, name):
        assert done == len(self.names) < total
        self.names.append(name)


def close(one, other):
    if one.dtype.kind not in "fc":
        return np.array_equal(one, other)
    return np.allclose(one, other, rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.usefixtures("nothing_is_little")
def test_any_layer_of_any_network_comes_back_as_it_was(name):
    """From the first layer alone, and then from whatever the last look left."""
    whole = record(*build(name))
    start = record(*build(name), budget=Budget(1, [0])).layers
    latest, back = start, 0
    for at, true in enumerate(whole.layers):
        for layers in (start, latest):
            found = refocused(layers, 1, [at], no_check)
            if found is None:
                continue
            back += 1
            for mine, other in zip(found.layers, whole.layers, strict=True):
                assert mine.name == other.name
                assert mine.shape == other.shape
                assert mine.output.dtype == other.output.dtype
                assert not mine.output.flags.writeable
                if mine.kept:
                    assert close(mine.output, other.output)
            layer = found.layers[at]
            assert layer.kept
            assert layer.inputs_kept
            for mine, other in zip(
                layer.replay.arguments(), true.replay.arguments(), strict=True
            ):
                assert (mine is None) == (other is None)
                assert mine is None or close(mine, other)
            if true.residual is not None:
                assert layer.residual < 1e-4
            latest = found.layers
    if UNKNOWN.isdisjoint(layer.op for layer in whole.layers):
        assert back


@pytest.mark.usefixtures("nothing_is_little")
def test_exactly_so_where_nothing_is_left_to_chance():
    whole = record(*branching()).layers
    for first in range(len(whole)):
        start = record(*branching(), budget=Budget(1, [first])).layers
        for at in range(len(whole)):
            found = refocused(start, 1, [at], no_check)
            for mine, true in zip(found.layers, whole, strict=True):
                assert_agrees(mine, true)
            needed = {whole[at].name, *whole[at].inputs} - {"input"}
            kept = {layer.name for layer in found.layers if layer.kept}
            assert needed <= kept


@pytest.mark.usefixtures("nothing_is_little")
def test_the_layers_before_stay_as_they_are():
    """They may still be on show, and read by another thread."""
    start = record(*branching(), budget=Budget(1, [0])).layers
    facts = [(layer.kept, layer.inputs_kept, layer.output.copy()) for layer in start]
    for at in range(len(start)):
        refocused(start, 1, [at], no_check)
    for layer, (kept, inputs_kept, output) in zip(start, facts, strict=True):
        assert (layer.kept, layer.inputs_kept) == (kept, inputs_kept)
        assert same(layer.output, output)
        assert layer.replay.recorded.kept == kept


@pytest.mark.usefixtures("nothing_is_little")
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_memory_stays_within_the_limit(share):
    whole = record(*branching())
    limit = int(share * whole.bytes_whole)
    layers = record(*branching(), budget=Budget(limit, [0])).layers
    image = layers[0].replay.arguments()[0].nbytes
    for at in [*range(len(layers)), 2, 0, len(layers) - 1]:
        found = refocused(layers, limit, [at], no_check)
        layers = found.layers
        gc.collect()
        most = max(limit, memory_of([layers[at]]))  # what is wanted may be more
        few = budgets.little(limit)
        assert memory_of(layers) <= most + image + few + STAND_INS * len(layers)
        assert found.bytes_kept <= most + few


def chain(blocks=24):
    """Blocks whose middle no later layer can be reached from without the skip."""

    def run(net, x):
        for k in range(blocks):
            x = torch.relu(x + net.get_submodule(f"b{k}")(torch.relu(x)))
        return x.mean((2, 3))

    torch.manual_seed(0)
    parts = {f"b{k}": conv(4, 4) for k in range(blocks)}
    return Net(run, **parts).eval(), [torch.randn(4, 16, 16)]


@pytest.mark.usefixtures("nothing_is_little")
@pytest.mark.parametrize("network", [chain, lambda: deep(48)])
def test_after_the_first_look_it_is_never_far(network):
    """Values between blocks are kept, of half the memory, wherever one looks."""
    model, inputs = network()
    whole = record(model, inputs).layers
    size, count = whole[0].output.nbytes, len(whole)
    limit = 20 * size
    layers = record(model, inputs, budget=Budget(limit, [0])).layers
    layers = refocused(layers, limit, [count - 1], no_check).layers
    dice = np.random.default_rng(0)
    for at in dice.permutation(count).tolist():
        steps = Steps()
        found = refocused(layers, limit, [at], steps)
        assert len(steps.names) <= count / 6
        assert found.layers[at].kept
        assert same(found.layers[at].output, whole[at].output)
        assert memory_of(found.layers) <= limit + inputs[0].nbytes + STAND_INS * count
        layers = found.layers


def deep(many):
    torch.manual_seed(0)
    layers = [nn.Sequential(conv(4, 4), nn.ReLU(inplace=True)) for _ in range(many)]
    return nn.Sequential(*layers).eval(), [torch.randn(4, 16, 16)]


@pytest.mark.usefixtures("nothing_is_little")
def test_the_next_layer_is_one_step():
    model, inputs = deep(30)
    layers = record(model, inputs, budget=Budget(1, [0])).layers
    for at in range(1, len(layers)):
        steps = Steps()
        layers = refocused(layers, 1, [at], steps).layers
        assert steps.names == [layers[at].name]


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "densenet121"])
def test_known_networks(name):
    torch.manual_seed(0)
    more = {"init_weights": False} if name == "googlenet" else {}
    model = models.get_model(name, weights=None, **more).eval()
    inputs = [torch.randn(3, 64, 64)]
    whole = record(model, inputs)
    limit = whole.bytes_whole // 4
    layers = record(model, inputs, budget=Budget(limit, [0])).layers
    last = len(layers) - 1
    for at in (last, last // 2, 1, last // 3, last - 1):
        steps = Steps()
        found = refocused(layers, limit, [at], steps)
        layers = found.layers
        for mine, true in zip(layers, whole.layers, strict=True):
            if mine.kept:
                assert close(mine.output, true.output)
        assert layers[at].kept
        if at != last:
            assert len(steps.names) < len(layers) / 2


def drawing():
    def run(net, x):
        return net.two(nn.functional.dropout(net.one(x), training=True))

    torch.manual_seed(0)
    return Net(run, one=conv(3, 4), two=conv(4, 4)).eval(), [torch.randn(3, 8, 8)]


@pytest.mark.usefixtures("nothing_is_little")
def test_what_was_drawn_by_chance_is_not_made_up():
    layers = record(*drawing(), budget=Budget(1, [0])).layers
    assert refocused(layers, 1, [len(layers) - 1], no_check) is None


@pytest.mark.usefixtures("nothing_is_little")
def test_it_can_be_stopped_between_layers():
    model, inputs = deep(10)
    layers = record(model, inputs, budget=Budget(1, [0])).layers
    seen = []

    def check(done, total, name):
        seen.append(name)
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        refocused(layers, 1, [15], check)
    assert len(seen) == 4
