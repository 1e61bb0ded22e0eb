import numpy as np
import pytest

from cnnviz.panels.time_axis import TimeAxis


@pytest.fixture
def axis():
    made = TimeAxis()
    made.left, made.right = 100.0, 500.0
    made.set_steps(np.arange(200) * 0.02, True)
    return made


def test_all_steps_fill_the_room(axis):
    assert (axis.across(0), axis.across(200), axis.scale) == (100.0, 500.0, 2.0)
    assert axis.middle(0) == 101.0
    for step in range(200):
        assert axis.step(axis.middle(step)) == step
    assert axis.step(99.9) is None
    assert axis.step(500.0) is None


@pytest.mark.parametrize("x", [100.0, 233.0, 500.0])
def test_zooming_keeps_what_is_under_the_pointer(axis, x):
    under = axis.place(x)
    for factor in (1.3, 2.0, 1.7):
        axis.zoom(factor, x)
        assert np.isclose(axis.place(x), under)
    assert np.isclose(axis.last - axis.first, 200 / 1.3 / 2 / 1.7)


def test_zooming_ends_where_a_step_is_large_and_where_all_is_in_view(axis):
    axis.zoom(1e9, 300)
    assert np.isclose(axis.scale, 96.0)
    axis.zoom(1e-9, 120)
    assert axis.fitted


def test_the_view_stays_on_the_data(axis):
    axis.zoom(4, 300)
    wide = axis.last - axis.first
    axis.pan(1e6)
    assert (axis.first, axis.last) == (0.0, wide)
    axis.pan(-1e6)
    assert (axis.first, axis.last) == (200.0 - wide, 200.0)


def test_padding_can_be_reached_only_where_a_field_reaches_it(axis):
    axis.zoom(0.5, 300)
    assert axis.fitted
    axis.beyond = (60, 0)
    axis.zoom(0.5, 300)
    assert (axis.first, axis.last) == (-60.0, 200.0)
    axis.zoom(1.001, 300)
    axis.zoom(0.9, 300)
    assert (axis.first, axis.last) == (-60.0, 200.0)


def test_zooming_out_stops_first_where_the_data_just_fit(axis):
    axis.beyond = (60, 0)
    axis.zoom(3, 300)
    axis.zoom(0.01, 300)
    assert axis.fitted


def test_ticks_lie_at_their_times(axis):
    found, places = axis.ticks(60)
    assert found.unit == "s"
    for time, place in zip(found.at, places, strict=True):
        # step 50 t was at t seconds, and its middle is half a step on
        assert np.isclose(place, 100 + 2 * (50 * time + 0.5))


def test_uneven_times_stand_at_the_steps_they_belong_to(axis):
    time = np.concatenate([np.arange(100) * 1.0, 100 + np.arange(100) * 3.0])
    axis.set_steps(time, True)
    found, places = axis.ticks(40)
    seen = dict(zip(found.at, places, strict=True))
    assert np.isclose(seen[60.0], axis.middle(60))
    assert np.isclose(seen[180.0], axis.across(100 + 80 / 3 + 0.5))


def test_times_out_of_order_are_counted_in_steps_instead(axis):
    axis.set_steps(np.array([0.0, 2.0, 1.0, 3.0]), True)
    assert axis.ticks(40)[0].unit == "step"
    assert axis.words(2) == "step 2"


def test_moments_in_words(axis):
    assert axis.words(127) == "2.54 s"
    axis.set_steps(np.arange(5) * 900.5, True)
    assert axis.words(4, "min") == "1:00:02"
    axis.set_steps(np.arange(10) + 40.0, False)
    assert axis.words(2) == "step 42"


def test_the_view_stays_for_as_many_steps(axis):
    axis.zoom(3, 200)
    view = axis.first, axis.last
    axis.set_steps(np.arange(200) * 1.0, False)
    assert (axis.first, axis.last) == view
    axis.set_steps(np.arange(201) * 1.0, False)
    assert axis.fitted


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing_has_an_axis_too(axis, count):
    axis.set_steps(np.zeros(count), True)
    axis.zoom(2, 300)
    axis.pan(50)
    found, places = axis.ticks(50)
    assert len(found.at) == len(places)
    assert axis.step(300) == (0 if count else None)
