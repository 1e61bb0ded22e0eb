import numpy as np
import pytest

from cnnviz.pictures.envelope import Envelope


def columns(values, first, last, pixels):
    """Per pixel column, the samples whose middle lies in it."""
    wide = (last - first) / pixels
    middles = np.arange(len(values)) + 0.5
    for i in range(pixels):
        left = first + i * wide
        yield (
            left + wide / 2,
            np.flatnonzero((middles >= left) & (middles < left + wide)),
        )


def bars(strokes):
    return {
        round(float(x), 6): (low, high)
        for x, low, high in zip(
            strokes.x[::2], strokes.y[::2], strokes.y[1::2], strict=True
        )
    }


@pytest.mark.parametrize("view", [(0, 8192), (-400, 8600), (1024, 5120), (8000, 9000)])
def test_every_pixel_shows_its_least_and_largest_value(view):
    values = np.random.default_rng(1).normal(size=8192)
    strokes = Envelope(values).strokes(*view, 64)
    assert strokes.bars
    found = bars(strokes)
    previous = None
    expected = {}
    for x, inside in columns(values, *view, 64):
        if not len(inside):
            continue
        low, high = values[inside].min(), values[inside].max()
        if previous is not None:
            low, high = min(low, previous), max(high, previous)
        expected[round(x, 6)] = (low, high)
        previous = values[inside[-1]]
    assert found == expected


def test_a_single_spike_is_never_lost():
    for at in (0, 1, 99_999, 123_456, 199_999):
        values = np.zeros(200_000)
        values[at] = 7.0
        for view in ((0.0, 200_000.0), (at - 5_000.3, at + 7_001.9)):
            assert Envelope(values).strokes(*view, 137).y.max() == 7.0


def test_a_gap_is_empty_and_not_bridged():
    values = np.concatenate([np.full(1000, 5.0), np.full(600, np.nan), np.zeros(1000)])
    strokes = Envelope(values).strokes(0, 2600, 130)  # 20 samples a pixel
    for x, (low, high) in bars(strokes).items():
        assert not 1000 < x < 1600
        assert low == high == (5.0 if x < 1300 else 0.0)


def test_without_a_gap_the_same_step_is_joined():
    values = np.concatenate([np.full(1000, 5.0), np.zeros(1000)])
    assert (0.0, 5.0) in bars(Envelope(values).strokes(0, 2000, 100)).values()


def test_every_second_sample_missing_costs_no_more_than_a_bar_a_pixel():
    values = np.arange(200_000.0)
    values[::2] = np.nan
    strokes = Envelope(values).strokes(0, 200_000, 200)
    assert len(strokes.x) == 400
    assert strokes.y.min() == 1.0
    assert strokes.y.max() == 199_999.0


def test_close_up_the_samples_themselves_are_joined():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    strokes = Envelope(values).strokes(0, 5, 100)
    assert not strokes.bars
    np.testing.assert_array_equal(strokes.x, [0.5, 1.5, 2.5, 3.5, 4.5])
    np.testing.assert_array_equal(strokes.y, values)


def test_a_view_runs_on_to_the_samples_next_to_it():
    strokes = Envelope(np.arange(100.0)).strokes(40.2, 42.8, 100)
    assert strokes.x[0] <= 40.2
    assert strokes.x[-1] >= 42.8


def test_a_sample_between_gaps_is_a_dot_one_pixel_wide():
    values = np.array([np.nan, 2.0, np.inf, 3.0, 4.0, np.nan])
    strokes = Envelope(values).strokes(0, 6, 60)
    there = np.isfinite(strokes.y)
    np.testing.assert_allclose(strokes.x[there], [1.45, 1.55, 3.5, 4.5])
    np.testing.assert_array_equal(strokes.y[there], [2, 2, 3, 4])
    broken = np.flatnonzero(~there)
    assert broken.tolist() == [0, 3, 6]


def test_pieces_keep_the_samples_they_are_joined_to():
    chosen = np.array([False, False, True, False, False, False, True])
    strokes = Envelope.where(np.arange(7.0), chosen).strokes(0, 7, 70)
    there = np.isfinite(strokes.y)
    assert strokes.y[there].tolist() == [1, 2, 3, 5, 6]
    assert not there[(strokes.x > 4) & (strokes.x < 5)].any()


@pytest.mark.parametrize("values", [[], [np.nan] * 500, [np.inf, -np.inf]])
def test_nothing_to_show_shows_nothing(values):
    line = Envelope(np.array(values))
    assert np.isnan(line.minimum)
    assert np.isnan(line.maximum)
    assert not np.isfinite(line.strokes(0, 500, 10).y).any()


def test_the_range_is_that_of_the_numbers():
    line = Envelope(np.array([np.nan, -2.0, np.inf, 3.5]))
    assert (line.minimum, line.maximum, line.count) == (-2.0, 3.5, 4)


def test_sixty_samples_with_a_gap_and_an_infinity_are_three_pieces():
    values = np.sin(np.arange(60) / 5)
    values[20:30], values[40] = np.nan, np.inf
    line = Envelope(values)
    strokes = line.strokes(0, 60, 600)
    assert not strokes.bars
    there = np.isfinite(strokes.y)
    edges = np.flatnonzero(np.diff(there.astype(int), prepend=0, append=0))
    ends = [(strokes.x[a], strokes.x[b - 1]) for a, b in edges.reshape(-1, 2)]
    assert ends == [(0.5, 19.5), (30.5, 39.5), (41.5, 59.5)]
    finite = values[np.isfinite(values)]
    assert (line.minimum, line.maximum) == (finite.min(), finite.max())


def test_a_lone_spike_of_fifty_thousand_samples_survives():
    values = np.zeros(50_000)
    values[33_333] = 1000
    strokes = Envelope(values).strokes(0, 50_000, 1000)
    assert len(strokes.y) <= 2000
    assert strokes.y.max() == 1000
    assert strokes.x[strokes.y.argmax()] == pytest.approx(33_333.5, abs=50)
