"""What is made ready beforehand, or kept, looks as what is made anew."""

from dataclasses import replace

import pytest
from person import draw_picture, files
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage

from cnnviz.panels import raster
from cnnviz.pictures import curves, levels, montage

KEPT = (
    levels._FOUND,
    levels._CODED,
    montage._ASSEMBLED,
    raster._PAINTED,
    curves._FOUND,
)


def ready(one):
    """Wait until nothing goes on, and nothing more is made ready."""
    one.wait()
    one.until(one.controller.checking.label.isVisible)
    one.window.notice.dismiss()
    clock = one.controller.wiring.readying.clock
    one.until(lambda: not clock.isActive())


def forget():
    """Forget all answers, as a program that has just been started."""
    for answers in KEPT:
        for key in [*answers._answers]:
            answers._forget(key)


def seen(one):
    """What each panel in sight paints, or the sentence in place of it."""
    for _ in range(2):  # lays out, paints, and does what that brings about
        QCoreApplication.processEvents()
    return {
        name: panel.reason
        or panel.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        for name, panel in one.window.panels.items()
        if panel.isVisible()
    }


def differing(some, others):
    assert some.keys() == others.keys()
    return [name for name in some if some[name] != others[name]]


def unhelped(one):
    """Let a window make nothing ready."""
    readying = one.controller.wiring.readying
    one.store.changed.disconnect(readying._on_changed)
    readying._stop()


@pytest.fixture
def made(monkeypatch):
    """The shapes of what was turned into codes, painted, or counted."""
    shapes = []

    def noting(module, name):
        original = getattr(module, name)

        def noted(first, *others, **more):
            shapes.append(getattr(first, "shape", None))
            return original(first, *others, **more)

        monkeypatch.setattr(module, name, noted)

    noting(levels, "quantise")
    noting(raster, "_raster")
    noting(curves, "histogram")
    return shapes


def test_every_layer_looks_as_in_a_window_that_makes_nothing_ready(open_window):
    walking, jumping = open_window(), open_window()
    for one in (walking, jumping):
        ready(one)
    unhelped(jumping)
    names = [layer.name for layer in walking.trace.layers]
    walking.store.select(layer=names[0])
    for name in names:
        ready(walking)
        walking.store.select(layer=name)
        found = seen(walking)
        forget()
        jumping.store.select(layer=names[-1] if name == names[0] else names[0])
        seen(jumping)
        jumping.store.select(layer=name, channel=walking.selection[1])
        assert differing(found, seen(jumping)) == []


@pytest.mark.parametrize(
    "change", [{"scale": "map"}, {"colours": "sea"}, {"dark": False}, {"before": True}]
)
def test_another_look_shows_nothing_of_the_one_before(open_window, change):
    one, other = open_window(), open_window()
    for each in (one, other):
        ready(each)
        each.store.select(layer="features.3")
    ready(one)
    for each in (one, other):
        if each is other:
            unhelped(each)
            forget()
        each.store.set_look(replace(each.store.state.look, **change))
    ready(one)
    one.store.select(layer="features.4")
    other.store.select(layer="features.4")
    found = seen(one)
    forget()
    other.store.select(layer="features.10")
    other.store.select(layer="features.4")
    assert differing(found, seen(other)) == []


def test_another_picture_shows_nothing_of_the_one_before(open_window, tmp_path):
    path = draw_picture(tmp_path / "other.png", seed=5)
    one, other = open_window(), open_window(path=path)
    for each in (one, other):
        ready(each)
    place = ("features.3", 2, (3, 4))
    one.store.select(*place)
    ready(one)
    assert one.drop(files(path))
    ready(one)
    unhelped(other)
    forget()
    other.store.select(*place)
    assert differing(seen(one), seen(other)) == []


def test_a_key_finds_all_that_is_large_ready(opened, made):
    opened.store.select(layer="features.1")
    clock = opened.controller.wiring.readying.clock
    for name in [f"features.{i}" for i in range(2, 9)]:
        ready(opened)
        made.clear()
        opened.store.select(layer=name)
        clock.stop()
        seen(opened)
        assert [shape for shape in made if shape and shape[0] > 1] == []
        clock.start()


def test_large_layers_are_left_for_when_they_are_looked_at(opened, made, monkeypatch):
    monkeypatch.setattr("cnnviz.app.readying._LARGEST", 0)
    forget()
    made.clear()
    opened.store.select(layer="features.3")
    seen(opened)
    made.clear()
    ready(opened)
    assert made == []


def test_nothing_goes_on_in_a_window_that_was_closed(opened):
    opened.store.select(layer="features.3")
    clock = opened.controller.wiring.readying.clock
    assert clock.isActive()
    opened.window.close()
    assert not clock.isActive()


def test_answers_are_kept_within_bounds(opened):
    for layer in opened.trace.layers:
        opened.store.select(layer=layer.name)
        ready(opened)
    for answers in KEPT:
        assert 0 < answers._weight <= answers._most
