import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnnviz.pictures.curves import histogram, thin

FLOATS = arrays(
    np.float32,
    array_shapes(max_dims=2, min_side=0),
    elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
)


@given(FLOATS, st.integers(2, 9), st.sampled_from([None, True]))
def test_every_value_is_counted_once(values, bins, signed):
    found = histogram(values, bins, signed)
    kinds = found.zeros, found.nan, found.pos_inf, found.neg_inf
    assert found.counts.sum() + sum(kinds) == values.size
    assert kinds == (
        np.count_nonzero(values == 0),
        np.count_nonzero(np.isnan(values)),
        np.count_nonzero(values == np.inf),
        np.count_nonzero(values == -np.inf),
    )
    finite = values[np.isfinite(values)].astype(float)
    assert found.negatives == np.count_nonzero(finite < 0)
    summary = [found.minimum, found.maximum, found.mean, found.std]
    if finite.size:
        wanted = [finite.min(), finite.max(), finite.mean(), finite.std()]
        np.testing.assert_allclose(summary, wanted)
    else:
        assert np.isnan(summary).all()
    assert (np.diff(found.edges) > 0).all()


def test_counts_lie_in_their_bins():
    values = np.random.default_rng(0).normal(0.3, 1, 999)
    found = histogram(values, 8)
    for low, high, got in zip(found.edges, found.edges[1:], found.counts, strict=False):
        last = high == found.edges[-1]
        inside = (values >= low) & ((values <= high) if last else (values < high))
        assert got == inside.sum()


def test_signed_bins_mirror_about_an_edge_at_zero():
    found = histogram(np.array([-1.0, 0, 3]), 7)
    assert len(found.counts) == 8
    assert found.edges[4] == 0
    assert (found.edges == -found.edges[::-1]).all()
    assert found.edges[-1] == 3


def test_non_negative_bins_start_at_zero_which_does_not_count():
    found = histogram(np.array([0.0, 0, 0, 1, 4]), 4)
    assert found.edges.tolist() == [0, 1, 2, 3, 4]
    assert found.counts.tolist() == [0, 1, 0, 1]
    assert found.zeros == 3


def test_values_below_a_range_asked_to_start_at_zero_stay_out():
    found = histogram(np.array([-2.0, 1.0]), 4, signed=False)
    assert found.counts.sum() == 1
    assert found.negatives == 1


def pieces(y):
    """First and last index of every unbroken piece of a line."""
    edge = np.diff(np.isfinite(y).astype(int), prepend=0, append=0)
    starts, ends = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def test_a_lone_spike_survives():
    y = np.zeros(50_000)
    y[33_333] = 1000
    t, thinned = thin(np.arange(50_000), y, 1000)
    assert len(thinned) <= 4000
    assert thinned.max() == 1000
    assert t[thinned.argmax()] == 33_333


@pytest.mark.parametrize("pixels", [1, 7, 100])
def test_gaps_stay_open_and_the_range_stays(pixels):
    y = np.sin(np.arange(60) / 5)
    y[20:30], y[40] = np.nan, np.inf
    t, thinned = thin(np.arange(60), y, pixels)
    ends = [(int(t[a]), int(t[b])) for a, b in pieces(thinned)]
    assert ends == [(0, 19), (30, 39), (41, 59)]
    finite = y[np.isfinite(y)]
    assert np.nanmin(thinned) == finite.min()
    assert np.nanmax(thinned) == finite.max()


@pytest.mark.parametrize("length", [0, 1, 10, 1000])
def test_a_series_of_nothing_but_gaps_stays_that(length):
    t, thinned = thin(np.arange(length), np.full(length, np.nan), 10)
    assert len(t) == len(thinned) <= length
    assert np.isnan(thinned).all()


@given(
    arrays(
        np.float64, st.integers(1, 200), elements=st.floats(-9, 9) | st.just(np.nan)
    ),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_each_pixel_column_keeps_its_reach(y, pixels, random):
    steps = [random.choice([0.0, 0.5, 1.0, 40.0]) for _ in y]
    t = np.cumsum(steps)
    kept_t, kept = thin(t, y, pixels)
    assert (np.diff(kept_t) >= 0).all()
    span = (t[-1] - t[0]) or 1.0
    for column in range(pixels):

        def reach(time, value, column=column):
            at = np.minimum((time - t[0]) / span * pixels // 1, pixels - 1)
            inside = value[(at == column) & np.isfinite(value)]
            return (inside.min(), inside.max()) if inside.size else None

        assert reach(t, y) == reach(kept_t, kept)
    assert len(pieces(kept)) == len(pieces(y))


def test_a_short_line_is_left_alone_but_infinities_become_gaps():
    t, y = thin([0, 1, 2], [1, np.inf, 3], 100)
    assert t.tolist() == [0, 1, 2]
    assert y[0] == 1
    assert np.isnan(y[1])
