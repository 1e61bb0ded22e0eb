import numpy as np
import pytest
import torch
from graphs import noise, spots, traced
from sums import holds, run
from torch import nn
from torch.nn import functional as F


def shaken(module):
    """Give a module's parameters and statistics values of their own."""
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point():
                fresh = torch.rand(tensor.shape, generator=chance)
                tensor.copy_(fresh + 0.3 if "var" in name else fresh * 2 - 0.7)
    return module


NORMS = {
    "batch": (nn.BatchNorm2d(4), (4, 3, 5)),
    "batch 1-D": (nn.BatchNorm1d(4, eps=0.1), (4, 6)),
    "batch of a vector": (nn.BatchNorm1d(7), (7,)),
    "batch, not affine": (nn.BatchNorm2d(4, affine=False), (4, 3, 5)),
    "batch, own statistics": (
        nn.BatchNorm2d(4, track_running_stats=False),
        (4, 3, 5),
    ),
    "instance": (nn.InstanceNorm2d(4, affine=True), (4, 3, 5)),
    "instance, running": (
        nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        (4, 3, 5),
    ),
    "group": (nn.GroupNorm(2, 6), (6, 3, 5)),
    "group 1-D": (nn.GroupNorm(3, 6, eps=0.5), (6, 4)),
    "layer": (nn.LayerNorm(5), (4, 3, 5)),
    "layer over all": (nn.LayerNorm((4, 3, 5)), (4, 3, 5)),
    "layer, plain": (nn.LayerNorm((3, 5), elementwise_affine=False), (4, 3, 5)),
    "rms": (nn.RMSNorm(5), (4, 3, 5)),
    "rms, eps": (nn.RMSNorm((3, 5), eps=0.2), (4, 3, 5)),
    "response": (nn.LocalResponseNorm(5, 1e-2, 0.75, 2.0), (8, 3, 3)),
    "response, even": (nn.LocalResponseNorm(4, 0.1), (8, 3, 3)),
    "length": (run(F.normalize), (4, 3, 5)),
    "length, p=1": (run(lambda x: F.normalize(x, 1.0, -1)), (4, 3, 5)),
    "function": (
        run(lambda x: F.layer_norm(x, (5,), torch.full((5,), 2.0))),
        (4, 3, 5),
    ),
}


@pytest.mark.parametrize("case", NORMS)
def test_normalisations_against_torch_in_double_precision(case):
    module, shape = NORMS[case]
    model = nn.Sequential(shaken(module)).eval()
    x = noise(*shape) * 3 - 1
    trace = traced(model, x)
    layer = trace.layers[-1]
    if case != "function":
        model.double()
        with torch.no_grad():
            own = model(torch.from_numpy(x)[None].double())[0].numpy()
        model.float()
    else:
        own = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        own = own * 2
    for index in np.ndindex(layer.shape):
        axis = layer.axes.find("C")
        unit = tuple(np.delete(index, axis).tolist())
        found = holds(trace, layer, index[axis], unit, 1e-5)
        assert found.rule == "normalised"
        assert found.total == pytest.approx(own[index], rel=1e-5, abs=1e-6)
        (winner,) = np.flatnonzero(found.terms.is_winner)
        assert found.place(winner) == ("input", index[axis], unit)


def test_statistics_are_the_ones_of_what_was_normalised():
    x = noise(6, 3, 5)
    trace = traced(nn.Sequential(nn.GroupNorm(2, 6)), x)
    found = trace.explain("0", 4, (1, 2))
    group = x[3:].astype(np.float64)
    assert found.details["mean"] == pytest.approx(group.mean())
    assert found.details["variance"] == pytest.approx(group.var())
    assert found.terms.product.sum() == pytest.approx(group.mean())
    assert len(found.terms) == 45
    assert found.words.endswith(", over 45 values")


def test_batch_norm_is_one_factor_and_one_shift():
    module = shaken(nn.BatchNorm2d(3))
    x = noise(3, 2, 2)
    trace = traced(nn.Sequential(module), x)
    found = trace.explain("0", 1, (1, 0))
    assert len(found.terms) == 1
    line = found.terms.w[0] * x[1, 1, 0] + found.bias
    assert line == pytest.approx(found.total)
    assert found.details["mean"] == pytest.approx(module.running_mean[1].item())


def test_local_response_divides_alpha_by_the_size():
    x = (noise(8, 1, 1) - 0.5) * 10
    flat = x.ravel().astype(np.float64)
    trace = traced(nn.Sequential(nn.LocalResponseNorm(5, 1e-2, 0.75, 2.0)), x)
    for c in range(8):
        near = flat[max(0, c - 2) : c + 3]
        own = flat[c] / (2 + 1e-2 / 5 * (near**2).sum()) ** 0.75
        found = holds(trace, trace["0"], c, (0, 0))
        assert found.total == pytest.approx(own, rel=1e-9)
        assert "0.01/5" in found.words
    trace = traced(nn.Sequential(nn.LocalResponseNorm(4, 1e-2)), x)
    assert trace.explain("0", 3, (0, 0)).terms.channel.tolist() == [1, 2, 3, 4]


SHARES = {
    "softmax": run(lambda x: x.softmax(1)),
    "last axis": nn.Softmax(-1),
    "2-D": nn.Softmax2d(),
    "log": nn.LogSoftmax(1),
    "softmin": nn.Softmin(2),
}


@pytest.mark.parametrize("case", SHARES)
def test_shares(case):
    x = noise(5, 3, 4) * 9
    model = nn.Sequential(SHARES[case])
    trace = traced(model, x)
    layer = trace.layers[-1]
    own = model(torch.from_numpy(x)[None].double())[0].numpy()
    for channel, *unit in np.ndindex(layer.shape):
        found = holds(trace, layer, channel, tuple(unit), 1e-5)
        assert found.rule == "share"
        assert found.total == pytest.approx(own[(channel, *unit)], rel=1e-6)
        (winner,) = np.flatnonzero(found.terms.is_winner)
        share = found.terms.product[winner] / found.terms.product.sum()
        expected = np.log(share) if case == "log" else share
        assert found.total == pytest.approx(expected)


def test_the_share_of_a_class():
    trace = traced(nn.Sequential(nn.Softmax(1)), np.asarray([1.0, 3.0, 2.0]))
    found = trace.explain("0", 2, ())
    np.testing.assert_allclose(found.terms.product, np.exp([-2, 0, -1]))
    assert found.words == "exp(2 − 3) / 1.503 = 0.2447, Σ over 3 values"
    assert found.place(0) == ("input", 0, ())


def test_corners_of_a_norm_over_one_channel():
    trace = traced(nn.Sequential(nn.InstanceNorm2d(2)), noise(2, 5, 5))
    for unit in spots((5, 5)):
        found = holds(trace, trace["0"], 1, unit)
        assert set(found.terms.channel) == {1}
        assert len(found.terms) == 25
