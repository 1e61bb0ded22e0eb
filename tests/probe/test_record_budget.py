"""A record within a number of bytes: what is kept is right, what is not says so."""

import gc
import mmap
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import NETWORKS, Net, build, conv
from torch import nn

from cnnviz.core.errors import InputError
from cnnviz.core.mattering import Asked
from cnnviz.core.selfcheck import checked_words, selfcheck
from cnnviz.core.strange import strange
from cnnviz.core.trace import Sample, Trace
from cnnviz.probe import budget as budgets
from cnnviz.probe.budget import Budget
from cnnviz.probe.influence import influence
from cnnviz.probe.recorder import record

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
NAMES = sorted(NETWORKS)
SIDE = 64
STATM = Path("/proc/self/statm")


@pytest.fixture
def nothing_is_little(monkeypatch):
    """Networks of a few bytes are too large for a limit of one."""
    monkeypatch.setattr(budgets, "_LITTLE", 0)


def branching():
    """Convolutions, an addition across four layers, a concatenation, in place."""

    def run(net, x):
        early = net.relu(net.one(x))
        late = net.three(net.relu(net.norm(net.two(early))))
        late += early
        both = torch.cat([net.relu(late), early], 1)
        return net.last(net.pool(both).mean((2, 3)))

    torch.manual_seed(0)
    model = Net(
        run,
        one=conv(3, 8),
        two=conv(8, 8),
        norm=nn.BatchNorm2d(8),
        three=conv(8, 8),
        relu=nn.ReLU(inplace=True),
        pool=nn.MaxPool2d(2),
        last=nn.Linear(16, 5),
    )
    return model.eval(), [torch.randn(3, SIDE, SIDE)]


def same(one, other):
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def resident():
    """Bytes of memory the process has now."""
    return int(STATM.read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE


def structure(layer):
    more = [(name, array.shape) for name, array in layer.extras]
    return (
        *(layer.name, layer.kind, layer.op, layer.inputs, layer.shape, layer.axes),
        *(layer.output.dtype, layer.geometry, layer.macs, layer.parameters, more),
    )


def assert_agrees(layer, whole):
    """A kept layer is as it is where everything is kept, its inputs likewise."""
    assert structure(layer) == structure(whole)
    assert not layer.output.flags.writeable
    if layer.kept:
        assert same(layer.output, whole.output)
        for (_, one), (_, other) in zip(layer.extras, whole.extras, strict=True):
            assert same(one, other)
    given, wanted = layer.replay.arguments(), whole.replay.arguments()
    for mine, true in zip(given, wanted, strict=True):
        if layer.inputs_kept:
            assert (mine is None) == (true is None)
        if mine is not None:
            assert same(mine, true)


def memory_of(layers):
    """Bytes of the arrays that layers show and were given; shared memory once."""
    found = {}
    for layer in layers:
        arrays = [layer.output, *(array for _, array in layer.extras)]
        arrays += [a for a in layer.replay.arguments() if a is not None]
        for array in arrays:
            owner = array
            while isinstance(owner.base, np.ndarray):
                owner = owner.base
            size = owner.size if 0 not in owner.strides else 1
            found[owner.ctypes.data] = size * owner.itemsize
    return sum(found.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("nothing_is_little")
def test_wanted_layers_of_any_network_are_kept_and_right(name):
    whole = record(*build(name))
    for at, wanted in enumerate(whole.layers):
        found = record(*build(name), budget=Budget(1, [at]))
        assert found.outputs == whole.outputs
        assert len(found.layers) == len(whole.layers)
        for layer, true in zip(found.layers, whole.layers, strict=True):
            assert_agrees(layer, true)
        kept = found.layers[at]
        assert kept.kept
        assert kept.inputs_kept
        if wanted.residual is not None:
            assert kept.residual == wanted.residual


@pytest.mark.usefixtures("nothing_is_little")
def test_only_what_is_wanted_and_its_inputs_outlive_a_tiny_limit():
    whole = record(*branching())
    names = [layer.name for layer in whole.layers]
    at = names.index("add")  # of two layers far apart, the second one in place
    found = record(*branching(), budget=Budget(1, [at]))
    layer = found.layers[at]
    kept = {each.name for each in found.layers if each.kept}
    early, late = layer.inputs
    assert kept == {"add", early, late}
    for name in kept:
        assert same(found.layers[names.index(name)].output,
                    whole.layers[names.index(name)].output)  # fmt: skip


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("at", [0, 4, 9])
def test_memory_stays_within_the_limit(share, at):
    whole = record(*branching())
    limit = int(share * whole.bytes_whole)
    found = record(*branching(), budget=Budget(limit, [at]))
    image = 3 * SIDE * SIDE * 4  # the input itself is not counted
    assert memory_of(found.layers) <= limit + image
    assert found.bytes_kept <= limit < found.bytes_whole
    assert abs(found.bytes_whole - whole.bytes_whole) < 0.3 * whole.bytes_whole
    assert not all(layer.kept for layer in found.layers)
    assert sum(layer.kept for layer in found.layers) >= 2


def test_a_limit_that_is_large_enough_changes_nothing():
    whole = record(*branching())
    found = record(*branching(), budget=Budget(whole.bytes_whole * 2))
    assert all(layer.kept and layer.inputs_kept for layer in found.layers)
    assert found.bytes_kept == found.bytes_whole == whole.bytes_whole
    for layer, true in zip(found.layers, whole.layers, strict=True):
        assert_agrees(layer, true)


@pytest.mark.skipif(not STATM.exists(), reason="only Linux tells")
def test_what_is_dropped_is_really_gone():
    """The resident memory of the process, while it runs and afterwards."""
    size = 8 * 1024 * 1024 * 4
    model = nn.Sequential(*(nn.Conv2d(8, 8, 1) for _ in range(16))).eval()
    x = torch.randn(8, 1024, 1024)
    gc.collect()
    before, seen = resident(), []
    found = record(
        model, (x,), lambda *_: seen.append(resident()), budget=Budget(2 * size, [8])
    )
    assert len(found.layers) == 16
    assert max(seen) - before < 8 * size  # everything would be 16
    assert resident() - before < 5 * size


def test_stand_ins_take_no_memory():
    tracemalloc.start()
    try:
        found = record(*branching(), budget=Budget(1, [0]))
        dropped = [layer for layer in found.layers if not layer.kept]
        before = tracemalloc.get_traced_memory()[0]
        views = [layer.maps for layer in dropped]
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()
    assert len(views) >= 5
    for layer in dropped:
        assert layer.output.base.strides == (0,) * layer.output.base.ndim


def trace_of(budget=None):
    model, inputs = branching()
    found = record(model, inputs, budget=budget)
    return Trace(
        Sample(tuple(each.numpy() for each in inputs)),
        found.layers,
        bytes_kept=found.bytes_kept,
        bytes_whole=found.bytes_whole,
    )


@pytest.mark.usefixtures("nothing_is_little")
def test_places_and_fields_need_no_values():
    whole, bounded = trace_of(), trace_of(Budget(1, [0]))
    for layer in whole.layers:
        unit = tuple(n // 2 for n in layer.spatial)
        one = whole.receptive_field(layer.name, unit)
        other = bounded.receptive_field(layer.name, unit)
        assert one.box == other.box
        assert np.array_equal(one.mask, other.mask)


@pytest.mark.usefixtures("nothing_is_little")
def test_nothing_is_told_of_values_that_are_gone():
    whole, bounded = trace_of(), trace_of(Budget(1, [0]))
    names = [layer.name for layer in bounded.layers if not layer.kept]
    for name in names:
        layer = bounded[name]
        with pytest.raises(InputError, match=f"{name}.* was not kept"):
            bounded.explain(name, 0, (0,) * len(layer.spatial))
        assert layer.residual is None
        assert strange(layer).channels == ()
    last = bounded.layers[-1].name
    with pytest.raises(InputError, match="was not kept"):
        influence(Asked(bounded, last, 0, ()))
    first = bounded.layers[0].name
    mine, true = (t.explain(first, 1, (3, 4)) for t in (bounded, whole))
    assert mine.total == true.total
    assert mine.shown == true.shown
    assert mine.note is None


@pytest.mark.usefixtures("nothing_is_little")
def test_the_check_says_how_many_layers_it_left_out():
    bounded = trace_of(Budget(1, [0]))
    found = selfcheck(bounded)
    left = [x.name for x in bounded.layers if not (x.kept and x.inputs_kept)]
    assert list(found.not_kept) == left
    assert set(found.gaps) == {x.name for x in bounded.layers} - {*left}
    assert f"{len(left)} not in memory" in checked_words(found)
    assert "not in memory" not in checked_words(selfcheck(trace_of()))


def written_by_numpy():
    """What a function outside torch writes into a tensor that is not wanted."""

    def run(net, x):
        x = net.one(x)
        y = net.two(x)
        seen = x.numpy()
        some = x[:, 1:3]
        y = net.two(y)
        seen[:, 0] = 7.0
        y = net.two(y) + net.two(x)
        return y, some.sum()

    torch.manual_seed(0)
    return Net(run, one=conv(3, 4), two=conv(4, 4)).eval(), [torch.randn(3, 8, 8)]


@pytest.mark.usefixtures("nothing_is_little")
def test_writes_out_of_sight_are_noticed_as_ever():
    whole = record(*written_by_numpy())
    assert "outside" in [layer.op for layer in whole.layers]
    for at in range(len(whole.layers)):
        found = record(*written_by_numpy(), budget=Budget(1, [at]))
        for layer, true in zip(found.layers, whole.layers, strict=True):
            assert_agrees(layer, true)
        assert found.layers[at].kept
