import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.pictures import captions
from cnnviz.pictures.levels import levels


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0004, "−0.0004"),
        (0.0004, "0.0004"),
        (-1e-7, "−1e−07"),
        (123456.789, "1.235e+05"),
        (1e-12, "1e−12"),
        (-0.0, "0"),
        (2.5, "2.5"),
        (np.float32(0.1), "0.1"),
        (9216, "9216"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_have_four_digits_and_an_honest_sign(value, text):
    assert captions.number(value) == text


@given(st.floats(-1e300, 1e300), st.integers(1, 9))
def test_a_number_reads_back_within_its_digits(x, digits):
    back = float(captions.number(x, digits).replace("−", "-"))
    assert back == pytest.approx(x, rel=0.5 * 10 ** (1 - digits), abs=5e-324)
    assert (back < 0) == (x < 0)


@given(st.floats(allow_nan=False, width=32))
def test_exact_numbers_read_back_the_same(x):
    assert np.float32(captions.exact(np.float32(x))) == np.float32(x)
    assert float(captions.exact(x)) == x


@pytest.mark.parametrize(
    ("n", "full", "short"),
    [
        (0, "0", "0"),
        (23_296, "23,296", "23,296"),
        (999_999, "999,999", "999,999"),
        (1_000_000, "1,000,000", "1.00 million"),
        (61_100_840, "61,100,840", "61.1 million"),
        (138_357_544, "138,357,544", "138 million"),
        (999_600_000, "999,600,000", "1.00 billion"),
        (15_470_264_320, "15,470,264,320", "15.5 billion"),
        (2 * 10**15, "2,000,000,000,000,000", "2,000 trillion"),
    ],
)
def test_counts(n, full, short):
    assert captions.count(n) == full
    assert captions.short_count(n) == short


@given(st.integers(10**6, 10**15))
def test_short_counts_are_within_half_a_percent(n):
    figure, word = captions.short_count(n).split()
    size = {"million": 1e6, "billion": 1e9, "trillion": 1e12}[word]
    assert float(figure.replace(",", "")) * size == pytest.approx(n, rel=0.0051)


def test_sizes():
    assert captions.size((64, 55, 55)) == "64×55×55"
    assert captions.size(()) == "scalar"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "0 %"),
        (1.5e-8, "< 0.01 %"),
        (0.00164684, "0.16 %"),
        (0.0996, "9.96 %"),
        (0.46396, "46.4 %"),
        (0.99949, "99.95 %"),
        (0.9998, "99.98 %"),
        (0.99999998, "> 99.99 %"),
        (1.0, "100 %"),
        (math.nan, "NaN"),
    ],
)
def test_percentages_claim_no_more_than_is_true(p, text):
    assert captions.percent(p) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_only_all_and_nothing_read_as_such(p):
    text = captions.percent(p)
    assert text not in ("100 %", "100.0 %", "100.00 %")
    assert text not in ("0 %", "0.0 %", "0.00 %")
    figure = float(text.strip("<> %")) / 100
    assert figure == pytest.approx(p, abs=0.00051)


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def test_bars_are_as_long_as_the_probability():
    logits = np.zeros(1000)
    logits[281], logits[285] = 0.5, 0.4
    p = softmax(logits)
    best = captions.top_classes(p, None)
    assert [i for i, _, _ in best] == [281, 285, 0, 1, 2]
    assert best[0] == (281, "class 281", pytest.approx(0.00164684, rel=1e-5))
    assert best[0][2] < 0.01
    sharp = captions.top_classes(softmax(np.array([20.0, 2, -1])), ["a", "b", "c"])
    assert [name for _, name, _ in sharp] == ["a", "b", "c"]
    assert sharp[1][2] == pytest.approx(1.523e-08, rel=1e-3)
    ready = captions.top_classes(np.array([0.7, 0.2, 0.1]), ["a", "b", "c"], 1)
    assert ready == ((0, "a", 0.7),)


def test_labels_may_fall_short_and_scores_be_no_numbers():
    best = captions.top_classes(np.array([np.nan, 0.2, 0.8]), ["cat"], 9)
    assert [(i, name) for i, name, _ in best] == [
        (2, "class 2"),
        (1, "class 1"),
        (0, "cat"),
    ]
    assert math.isnan(best[2][2])
    assert captions.top_classes(np.array([]), None) == ()


def test_captions_count_what_is_odd():
    maps = np.ones((18, 2, 2))
    maps[:, 0, 0] = 2
    maps[0, 1, 1] = maps[1, 1, 1] = np.nan
    maps[2, 1, 1] = np.inf
    maps[4:18] = 0
    caption = captions.counts_caption(levels(maps))
    assert caption == "2 NaN · 1 +∞ · 14 maps all 0"
    maps[4], maps[3, 0, 1] = 7, -np.inf
    caption = captions.counts_caption(levels(maps))
    assert caption == "2 NaN · 1 +∞ · 1 −∞ · 13 maps all 0 · 1 map constant"


@pytest.mark.parametrize(
    ("maps", "text"),
    [
        (np.arange(8.0).reshape(2, 4), ""),
        (np.zeros((1, 3, 3)), "all 0"),
        (np.full((1, 3, 3), -0.5), "all −0.5"),
        (np.full((1, 6, 6), np.nan), "36 NaN"),
        (np.array([0.0, 0, 3]), "2 of 3 are 0"),
        (np.array([1.0, 2]), ""),
        (np.zeros((1, 0)), "empty map"),
        (np.zeros((2, 0)), "empty maps"),
        (np.zeros((0, 3)), "no maps"),
    ],
)
def test_captions_of_plain_and_empty_maps(maps, text):
    assert captions.counts_caption(levels(maps)) == text
