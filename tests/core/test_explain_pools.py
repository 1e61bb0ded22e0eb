import numpy as np
import pytest
import torch
from graphs import noise, spots, traced
from sums import given, holds, run
from torch import nn
from torch.nn import functional as F

from cnnviz.core.explain import average_as_convolution

GRID = ((np.arange(81) * 7) % 23).reshape(1, 9, 9).astype(np.float32)
AVERAGES = {
    "overhang": (nn.AvgPool2d(3, 4, ceil_mode=True), 9),
    "padding counts": (nn.AvgPool2d(3, 2, 1), 9),
    "padding does not": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), 9),
    "overhang beyond padding": (nn.AvgPool2d(4, 4, 1, ceil_mode=True), 16),
    "own divisor": (nn.AvgPool2d(3, 3, divisor_override=5), 5),
}


def windows(length, outputs, kernel, stride, pad):
    """Per output the cells of its window: on the input, or on its padding."""
    for i in range(outputs):
        cells = range(i * stride - pad, min(i * stride - pad + kernel, length + pad))
        yield [c for c in cells if 0 <= c < length], len(cells)


@pytest.mark.parametrize("case", AVERAGES)
def test_what_an_average_is_divided_by(case):
    module, whole = AVERAGES[case]
    trace = traced(nn.Sequential(module), GRID)
    layer = trace["0"]
    axis = list(
        windows(9, layer.shape[1], module.kernel_size, module.stride, module.padding)
    )
    for y, (rows, high) in enumerate(axis):
        for x, (columns, wide) in enumerate(axis):
            found = holds(trace, layer, 0, (y, x))
            cells = GRID[0][np.ix_(rows, columns)].astype(np.float64)
            divisor = high * wide if module.count_include_pad else cells.size
            divisor = module.divisor_override or divisor
            assert found.details["divisor"] == divisor
            assert found.total == pytest.approx(cells.sum() / divisor, rel=1e-12)
            real = ~found.terms.is_padding
            assert sorted(found.terms.x[real]) == sorted(cells.ravel())
            np.testing.assert_allclose(found.terms.w[real], 1 / divisor)
            assert len(found.terms) == high * wide
            counted = module.count_include_pad or module.divisor_override
            outside = found.terms.w[~real]
            np.testing.assert_allclose(outside, 1 / divisor if counted else 0)
    difference = average_as_convolution(trace, trace.explain("0", 0, (0, 0)))
    padding = module.padding
    source = np.pad(GRID[0].astype(np.float64), (padding, padding + 4))
    kernel = torch.full((1, 1, *[module.kernel_size] * 2), 1 / whole).double()
    convolved = F.conv2d(
        torch.from_numpy(source)[None], kernel[0][None], None, module.stride
    )
    size = layer.shape[1]
    gap = np.abs(convolved[0, :size, :size].numpy() - layer.output[0]).max()
    assert difference == pytest.approx(gap, abs=1e-5)
    same = case in ("padding counts", "own divisor")
    assert (difference < 1e-5) == same


@pytest.mark.parametrize(
    ("length", "outputs"), [(10, 3), (7, 6), (6, 6), (5, 3), (4, 6), (13, 6), (1, 6)]
)
def test_adaptive_windows_overlap_and_differ(length, outputs):
    x = noise(1, length)
    for module in (nn.AdaptiveAvgPool1d(outputs), nn.AdaptiveMaxPool1d(outputs)):
        trace = traced(nn.Sequential(module), x)
        for i in range(outputs):
            found = holds(trace, trace["0"], 0, (i,))
            first, stop = (
                int(i * length / outputs),
                int(np.ceil((i + 1) * length / outputs)),
            )
            assert found.terms.position[:, 0].tolist() == list(range(first, stop))
            own = x[0, first:stop].astype(np.float64)
            average = isinstance(module, nn.AdaptiveAvgPool1d)
            assert found.total == pytest.approx(own.mean() if average else own.max())
        found = trace.explain("0", 0, (0,))
        difference = average_as_convolution(trace, found)
        uniform = average and length % outputs == 0
        assert (difference is None) == (not uniform)
        assert not uniform or difference < 1e-6


MAXIMA = {
    "plain": (nn.MaxPool2d(2), (3, 6, 5)),
    "overlapping, padded": (nn.MaxPool2d(3, 2, 1), (2, 7, 8)),
    "ceil": (nn.MaxPool2d(3, 2, ceil_mode=True), (2, 6, 6)),
    "dilated": (nn.MaxPool2d((2, 3), 1, (1, 1), (3, 2)), (2, 8, 8)),
    "indices": (nn.MaxPool2d(2, return_indices=True), (2, 4, 4)),
    "1-D": (nn.MaxPool1d(3, 2, 1, ceil_mode=True), (2, 9)),
    "3-D": (nn.MaxPool3d(2, 1, 1), (2, 3, 3, 4)),
    "adaptive": (nn.AdaptiveMaxPool2d((3, 2)), (2, 7, 5)),
}


@pytest.mark.parametrize("case", MAXIMA)
def test_the_winner_of_a_maximum_is_the_one_torch_names(case):
    module, shape = MAXIMA[case]
    x = noise(*shape) - 2
    trace = traced(nn.Sequential(module), x)
    layer = trace["0"]
    module.return_indices = True
    _, at = module(torch.from_numpy(x)[None])
    for unit in spots(layer.spatial):
        for channel in range(layer.channels):
            found = holds(trace, layer, channel, unit)
            (winner,) = np.flatnonzero(found.terms.is_winner)
            place = np.unravel_index(at[(0, channel, *unit)].item(), shape[1:])
            assert found.place(winner) == ("input", channel, tuple(map(int, place)))
            assert found.terms.channel.tolist() == [channel] * len(found.terms)
            outside = found.terms.x[found.terms.is_padding]
            assert (outside == -np.inf).all()
            assert found.rule == "largest of"


def test_of_equal_values_the_first_wins():
    trace = traced(nn.Sequential(nn.MaxPool2d(2)), np.ones((1, 2, 2)))
    found = trace.explain("0", 0, (0, 0))
    assert found.terms.is_winner.tolist() == [True, False, False, False]
    assert found.words == "largest of 2×2 cells = 1"


@pytest.mark.parametrize(
    "module",
    [
        nn.LPPool2d(2, 3, 2),
        nn.LPPool2d(1, 2),
        nn.LPPool2d(3, (2, 3), 2, ceil_mode=True),
    ],
    ids=["p=2", "p=1", "p=3, ceil"],
)
def test_lp_pools(module):
    trace = traced(nn.Sequential(module), noise(2, 7, 7))
    layer = trace["0"]
    assert layer.spatial
    for unit in spots(layer.spatial):
        found = holds(trace, layer, 1, unit)
        assert found.rule == "root of powers"
        power = module.norm_type
        assert found.terms.product.sum() ** (1 / power) == pytest.approx(found.total)


REDUCTIONS = {
    "mean": (lambda x: x.mean((2, 3)), lambda x: x.mean((1, 2))),
    "mean, kept": (lambda x: x.mean((2, 3), keepdim=True), None),
    "mean over channels": (lambda x: x.mean(1), lambda x: x.mean(0)),
    "sum over rows": (lambda x: x.sum(2), lambda x: x.sum(1)),
    "largest": (lambda x: x.amax((2, 3)), lambda x: x.max((1, 2))),
    "smallest": (lambda x: torch.min(x, 3).values, lambda x: x.min(2)),
    "largest over channels": (lambda x: x.max(1)[0], lambda x: x.max(0)),
}


@pytest.mark.parametrize("case", REDUCTIONS)
def test_reductions_over_whole_axes(case):
    call, own = REDUCTIONS[case]
    x = noise(3, 4, 5) - 0.5
    trace = traced(run(call), x)
    layer = trace.layers[0]
    values = (own or (lambda x: x.mean((1, 2), keepdims=True)))(x.astype(np.float64))
    for index in np.ndindex(layer.shape):
        axis = layer.axes.find("C")
        channel = index[axis] if axis >= 0 else 0
        unit = tuple(np.delete(index, axis).tolist()) if axis >= 0 else index
        found = holds(trace, layer, channel, unit)
        assert found.total == pytest.approx(values[index], abs=1e-12)
    if case.startswith("mean,"):
        assert average_as_convolution(trace, found) < 1e-6
        assert found.words.startswith("Σ over 4×5 cells / 20 = ")


RESIZES = {
    "nearest": {"scale_factor": 2},
    "nearest, odd size": {"size": (7, 11)},
    "nearest exact": {"size": (7, 11), "mode": "nearest-exact"},
    "bilinear": {"scale_factor": 2, "mode": "bilinear"},
    "bilinear, smaller": {"size": (2, 3), "mode": "bilinear"},
    "bilinear, odd factor": {"scale_factor": (1.7, 2.3), "mode": "bilinear"},
    "corners": {"size": (9, 5), "mode": "bilinear", "align_corners": True},
    "one row": {"size": (1, 1), "mode": "bilinear", "align_corners": True},
}


@pytest.mark.parametrize("case", RESIZES)
def test_interpolation(case):
    x = noise(2, 4, 6)
    trace = traced(run(lambda x: F.interpolate(x, **RESIZES[case])), x)
    layer = trace.layers[0]
    for channel, *unit in np.ndindex(layer.shape):
        found = holds(trace, layer, channel, tuple(unit), 1e-6)
        assert found.terms.w.sum() == pytest.approx(1)
        assert len(found.terms) <= 4
    trace = traced(nn.Sequential(nn.Upsample(size=7, mode="linear")), noise(2, 4))
    for unit in range(7):
        holds(trace, trace["0"], 1, (unit,), 1e-6)


def test_what_has_no_rule_is_not_taken_apart():
    bicubic = run(lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"))
    trace = traced(bicubic, noise(2, 4, 4))
    found = trace.explain(trace.layers[0].name, 1, (3, 3))
    assert found.rule == "not taken apart"
    assert found.total is None
    assert found.residual is None
    assert len(found.terms) == len(found.subtotals) == 0
    assert found.shown == trace.layers[0].value(1, (3, 3))
    assert found.words == "not taken apart: computed from input"
    assert found.inputs == ("input",)
    assert average_as_convolution(trace, found) is None


def test_given_is_what_the_pool_read():
    trace = traced(nn.Sequential(nn.ReLU(), nn.AvgPool2d(2)), noise(1, 4, 4) - 0.5)
    own = given(trace, trace["1"])[0, :2, 2:].mean()
    assert trace.explain("1", 0, (0, 1)).total == pytest.approx(own, rel=1e-12)
