import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnnviz.pictures.curves import histogram

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


@given(
    arrays(np.float32, st.integers(0, 40), elements=st.floats(-9, 9, width=32)),
    st.integers(2, 64),
    st.sampled_from([None, True, False]),
)
def test_counts_are_those_of_numpy_edges_included(values, bins, signed):
    edges = histogram(values, bins, signed).edges
    values = np.concatenate([values, edges[:-1], np.nextafter(edges[1:], 0)])
    if len(values) and np.abs(values).max() <= edges[-1]:
        found = histogram(values, bins, signed)
        wanted, _ = np.histogram(values[values != 0], found.edges)
        assert found.counts.tolist() == wanted.tolist()
