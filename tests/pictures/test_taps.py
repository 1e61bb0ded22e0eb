import numpy as np
import pytest

from cnnviz.pictures.colours import GAP
from cnnviz.pictures.taps import offsets, spread, tap_at


@pytest.mark.parametrize("dilation", [1, 2, 4, 16])
@pytest.mark.parametrize("taps", [1, 2, 3, 7])
def test_taps_stand_as_far_apart_as_they_are(taps, dilation):
    codes = np.random.default_rng(3).integers(0, 251, (4, 5, taps), np.uint8)
    picture = spread(codes, dilation, GAP)
    assert picture.shape == (4, 5, (taps - 1) * dilation + 1)
    assert picture.dtype == np.uint8
    for step in range(picture.shape[-1]):
        tap = tap_at(step, taps, dilation)
        assert (tap is None) == (step % dilation != 0)
        column = np.full((4, 5), GAP) if tap is None else codes[..., tap]
        np.testing.assert_array_equal(picture[..., step], column)


def test_a_margin_is_empty_at_both_ends():
    picture = spread(np.ones((2, 3)), 4, 0.0, margin=2)
    assert picture.tolist() == [[0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]] * 2
    found = [tap_at(step, 3, 4, margin=2) for step in range(13)]
    assert [tap for tap in found if tap is not None] == [0, 1, 2]
    assert (found[2], found[6], found[10]) == (0, 1, 2)
    assert tap_at(14, 3, 4, margin=2) is None


def test_a_spread_kernel_computes_the_dilated_convolution():
    rng = np.random.default_rng(8)
    series, kernel, dilation = rng.normal(size=(3, 40)), rng.normal(size=(3, 4)), 5
    wide = spread(kernel, dilation, 0.0)
    t = 22
    dilated = sum(
        kernel[i, j] * series[i, t + steps]
        for j, steps in enumerate(offsets(4, dilation))
        for i in range(3)
    )
    window = series[:, t - wide.shape[1] + 1 : t + 1]
    assert np.isclose((wide * window).sum(), dilated)


def test_the_last_tap_is_now_unless_the_kernel_looks_ahead():
    assert offsets(3, 16).tolist() == [-32, -16, 0]
    assert offsets(3, 1, ahead=1).tolist() == [-1, 0, 1]


@pytest.mark.parametrize(("shape", "dilation"), [((2, 3), 0), ((2, 0), 1)])
def test_what_is_no_kernel_is_refused(shape, dilation):
    with pytest.raises(ValueError, match="taps and a dilation from 1"):
        spread(np.zeros(shape), dilation, 0)
