"""Memory is given back when nothing goes on, and at no other time."""

import pytest
from person import draw_picture

import cnnviz.probe.budget


@pytest.fixture
def given(monkeypatch):
    """When memory was given back."""
    times = []
    monkeypatch.setattr(cnnviz.probe.budget, "give_back", lambda: times.append(1))
    return times


def test_some_time_after_an_answer(opened, given):
    clock = opened.controller.resting.clock
    assert clock.isActive()
    assert clock.interval() >= 1000
    assert given == []
    clock.start(0)
    opened.until(lambda: given == [1])
    assert not clock.isActive()


def test_not_while_the_next_one_is_made(opened, tmp_path):
    clock = opened.controller.resting.clock
    opened.controller.open_path(draw_picture(tmp_path / "next.png", seed=1))
    assert not clock.isActive()
    opened.wait()
    assert clock.isActive()


def test_looking_around_is_no_reason(opened, given):
    """What is looked at is in memory already."""
    clock = opened.controller.resting.clock
    clock.start(0)
    opened.until(lambda: given == [1])
    opened.store.select(channel=1)
    assert not clock.isActive()


def test_never_after_the_end(opened):
    clock = opened.controller.resting.clock
    opened.window.close()
    assert not clock.isActive()
