from itertools import pairwise

import numpy as np
import pytest
from hands import pixels, rgb

from cnnviz.panels.histogram import HistogramView
from cnnviz.pictures.curves import histogram

ENDS = (1.0, 0.647, 11.6, 0.000123, 2.89e5, 1.234e-7)


def view_of(shown, themed, end, wide, low=None):
    themed(True)
    view = shown(HistogramView(), wide, 60)
    view.show_histogram(histogram(np.array([-end if low is None else low, end])))
    return view


def runs_of_ink(view):
    """How many words stand below the bars: runs of columns, a gap of six apart."""
    below = pixels(view)[-view.fontMetrics().height() :].astype(int)
    ground = np.array(rgb("canvas", dark=True))
    inked = np.flatnonzero((abs(below - ground).sum(-1) > 60).any(0))
    return 1 + int((np.diff(inked) > 6).sum())


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("wide", [72, 90, 110, 140, 200])
def test_no_label_touches_another_or_is_cut(shown, themed, end, wide):
    view = view_of(shown, themed, end, wide)
    labels = view.labels()
    for where, text in labels:
        assert where.width() >= view.fontMetrics().horizontalAdvance(text)
        assert where.left() >= 0
        assert where.right() <= wide
    for (before, _), (after, _) in pairwise(labels):
        assert before.right() + 4 <= after.left()
    assert runs_of_ink(view) == len(labels)


def test_an_axis_with_room_says_ends_and_zero(shown, themed):
    view = view_of(shown, themed, 0.647, 300)
    assert [text for _, text in view.labels()] == ["−0.647", "0", "0.647"]
    (first, _), (zero, _), (last, _) = view.labels()
    assert first.left() == 0
    assert last.right() == pytest.approx(300)
    assert zero.center().x() == pytest.approx(view.across(0.0), abs=1)


def test_zero_goes_first_then_the_ends_become_one(shown, themed):
    texts = []
    for wide in range(300, 60, -1):
        found = [t for _, t in view_of(shown, themed, 2.89e5, wide).labels()]
        if not texts or texts[-1] != found:
            texts.append(found)
    low, high = "−2.89e+05", "2.89e+05"
    assert texts == [[low, "0", high], [low, high], [f"±{high}"]]


def test_values_above_zero_keep_their_largest(shown, themed):
    for wide in (300, 64):
        view = view_of(shown, themed, 2.89e5, wide, low=0.0)
        assert view.labels()[-1][1] == "2.89e+05"


def test_of_nothing_there_is_no_label(shown):
    assert shown(HistogramView()).labels() == []


def test_an_axis_of_nothing_finite_has_no_numbers(shown, themed):
    themed(True)
    view = shown(HistogramView(), 200, 60)
    for odd in (np.nan, np.inf, -np.inf):
        view.show_histogram(histogram(np.array([odd, odd])))
        assert view.labels() == []
        view.show_histogram(histogram(np.array([odd, -2.0])))
        assert [text for _, text in view.labels()] == ["−2", "0", "2"]
