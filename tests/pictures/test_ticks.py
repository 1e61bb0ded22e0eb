import math

import pytest

from cnnviz.pictures.ticks import clock, fixed, ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "labels", "unit"),
    [
        (0, 2.54, 6, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"], "s"),
        (-0.3, 0.3, 3, ["−0.2", "0.0", "0.2"], "s"),
        (0, 10, 5, ["0", "2", "4", "6", "8", "10"], "s"),
        (1200, 1290, 4, ["1,200", "1,230", "1,260", "1,290"], "s"),
        (0, 4000, 5, ["0", "15", "30", "45", "60"], "min"),
        (0, 86400, 4, ["0", "6", "12", "18", "24"], "hours"),
        (0, 20 * 86400, 4, ["0", "5", "10", "15", "20"], "days"),
        (0, 40 * 365.25 * 86400, 4, ["0", "10", "20", "30", "40"], "years"),
        (3.60004, 3.60018, 3, ["3.60005", "3.60010", "3.60015"], "s"),
    ],
)
def test_times_are_round_in_a_unit_that_suits_them(low, high, most, labels, unit):
    found = ticks(low, high, most)
    assert list(found.labels) == labels
    assert found.unit == unit


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 127, ["0", "50", "100"]),
        (-12, 30, ["−10", "0", "10", "20", "30"]),
        (3, 5, ["3", "4", "5"]),
        (0, 200_000, ["0", "50,000", "100,000", "150,000", "200,000"]),
    ],
)
def test_steps_are_whole(low, high, labels):
    found = ticks(low, high, 5, seconds=False)
    assert list(found.labels) == labels
    assert found.unit == "step"


@pytest.mark.parametrize("span", [10.0**n * k for n in range(-5, 10) for k in (1, 3.7)])
@pytest.mark.parametrize("most", [1, 2, 5, 12])
def test_there_is_room_and_they_are_even(span, most):
    low = 0.37 * span
    found = ticks(low, low + span, most)
    assert len(found.at) <= most + 1
    assert all(low - 1e-6 * span <= x <= low + span * (1 + 1e-6) for x in found.at)
    gaps = [b - a for a, b in zip(found.at, found.at[1:], strict=False)]
    assert all(math.isclose(gap, gaps[0], rel_tol=1e-6) for gap in gaps)
    assert len(set(found.labels)) == len(found.labels)
    assert most < 5 or len(found.at) >= 2


@pytest.mark.parametrize("end", [4.0, 3.0])
def test_an_axis_without_length_has_no_ticks(end):
    assert ticks(4.0, end, 5).at == ()


def test_zero_has_no_sign():
    assert fixed(-0.001, 2) == "0.00"
    assert fixed(-1234.5, 1) == "−1,234.5"


@pytest.mark.parametrize(
    ("seconds", "decimals", "words"),
    [
        (59.996, 2, "1:00.00"),
        (-125.34, 1, "−2:05.3"),
        (3725, 0, "1:02:05"),
        (1_040_525.5, 1, "12 d 1:02:05.5"),
    ],
)
def test_a_long_time_reads_like_a_clock(seconds, decimals, words):
    assert clock(seconds, decimals) == words
