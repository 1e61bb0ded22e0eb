import numpy as np
import pytest
from hands import pixels, rgb
from time_hands import causal, make_series, wheel

from cnnviz.panels.series_view import SeriesView

CANVAS, ACCENT = rgb("canvas", dark=True), rgb("accent", dark=True)


@pytest.fixture
def view(shown, themed):
    themed(True)
    return shown(SeriesView(), 420, 300)


@pytest.fixture
def waves():
    t = np.arange(128)
    return make_series(
        [np.sin(t / 9), np.cos(t / 5) * 40, t % 16], units=("g", "", "mm")
    )


def at(view, x, y):
    return tuple(pixels(view)[int(y), int(x)].tolist())


def strip_row(view):
    """Height of the ticks that say which steps are read."""
    return view.lane(len(view._lines) - 1).bottom() + 5


def test_ticks_stand_at_exactly_the_steps_that_are_read(view, waves):
    view.show_series(waves)
    view.show_range(40, 90)
    span, mask, box, beyond = causal(80, (1, 4, 16), 128)
    assert (int(mask.sum()), box, beyond) == (8, (59, 80), [])
    view.show_field(span, mask, box, beyond)
    row = pixels(view)[int(strip_row(view))]
    for t in range(42, 90):
        colour = tuple(row[int(view.axis.middle(t))].tolist())
        assert (colour == ACCENT) == bool(mask[t]), t


def test_from_afar_no_tick_is_lost(view, waves):
    view.show_series(make_series(np.zeros((1, 20_000))))
    mask = np.zeros(20_000, bool)
    mask[[3, 9_000, 19_990]] = True
    view.show_field((3, 19_990), mask, (3, 19_990))
    row = pixels(view)[int(strip_row(view))]
    for t in (3, 9_000, 19_990):
        x = int(view.axis.middle(t))
        assert (row[x - 1 : x + 2] == ACCENT).all(-1).any()
    assert tuple(row[int(view.axis.middle(5_000))].tolist()) == CANVAS


def test_the_span_is_tinted_and_what_is_read_more_so(view):
    view.show_series(make_series(np.full((1, 60), np.nan)))
    view.show_field(*causal(50, (1, 16), 60))
    y = view.lane(0).center().y()

    def green(t):
        return at(view, view.axis.middle(t), y)[1]

    assert at(view, view.axis.middle(20), y) == CANVAS
    assert at(view, view.axis.middle(55), y) == CANVAS
    read, skipped = [33, 34, 49, 50], [36, 40, 46]
    assert min(map(green, read)) > max(map(green, skipped))
    assert min(map(green, skipped)) > CANVAS[1]


def test_padding_is_hollow_and_outside_the_data(view, waves):
    view.show_series(waves)
    view.show_field(*causal(7, (1, 4, 16), 128))
    wheel(view, view.axis.across(0), -60)
    view.show_range(-14, 30)
    row = pixels(view)[int(strip_row(view))]
    for t in range(-14, 30):
        left, right = view.axis.across(t), view.axis.across(t + 1)
        cell = row[int(left) + 1 : int(right)]
        colour = tuple(row[int(view.axis.middle(t))].tolist())
        edges = int((cell == ACCENT).all(-1).sum())
        if t in (2, 3, 6, 7):
            assert colour == ACCENT, t
        else:
            assert colour == CANVAS, t
        assert (0 < edges <= 2) == (t in (-14, -13, -10, -9)), t
    top = pixels(view)[int(view.plot.top()) : int(view.plot.top()) + 2]
    across = top[:, int(view.axis.across(-14)) : int(view.axis.across(0))]
    dashes = (across == ACCENT).all(-1).any(0)
    assert 0.2 < dashes.mean() < 0.8


def test_without_a_field_nothing_is_marked(view, waves):
    view.show_series(waves)
    before = pixels(view)
    view.show_field(*causal(80, (1, 4), 128))
    assert (pixels(view) != before).any()
    view.show_field(None, None, None)
    assert (pixels(view) == before).all()
