"""A network too large for its memory: layers come back when they are looked at."""

import numpy as np
import pytest
from person import files
from PySide6.QtCore import Qt

from cnnviz.app.main import run_request
from cnnviz.app.memory import Bounded, Refocus
from cnnviz.app.scene import missing, scene
from cnnviz.app.settings import Settings
from cnnviz.core.models import ModelSpec
from cnnviz.core.trace import ImageSource, Request

LITTLE = 0.006
"""Gigabytes for AlexNet's maps, which are 5.7 MB; a trace may take half of it."""
PANELS = ("maps", "pooled", "channel", "unit")


@pytest.fixture
def little(open_window, settings):
    """The window with too little memory."""
    settings.memory = LITTLE
    one = open_window(settings=settings)
    one.wait()
    settled(one)
    return one


@pytest.fixture
def ample(open_window, tmp_path):
    """The same window with all the memory it wants."""
    one = open_window(settings=Settings(tmp_path / "ample.ini", "dark"))
    one.wait()
    return one


def lacking(one):
    state = one.store.state
    return missing(state.trace, scene(state.trace, state.selection, state.look))


def settled(one):
    """Wait until all that is looked at is there."""
    one.until(lambda: lacking(one) is None)


def sentence(panel):
    """What a panel says in place of its content, ``""`` while it shows that."""
    instead = panel._stack.currentWidget() is panel._sentence
    return panel._sentence.text() if instead else ""


def picture_of(panel):
    """What is painted."""
    return panel.grab().toImage()


def test_the_window_says_how_much_is_kept(little):
    trace = little.trace
    kept = sum(layer.kept for layer in trace.layers)
    assert 0 < kept < len(trace.layers)
    assert trace.bytes_kept <= LITTLE * 1e9 / 2
    assert "layers in view and near are kept" in little.said
    assert "6.0 MB of memory" in little.said
    assert "computed again when looked at" in little.said
    assert (
        f"{kept} kept of {len(trace.layers)}" in little.window.layers.header.caption()
    )
    assert not isinstance(trace.request, Bounded)


def test_every_layer_that_is_looked_at_is_right(little, ample, monkeypatch):
    """Walked through with the keys; every panel is as with all the memory."""
    whole, again = ample.trace, 0
    assert all(layer.kept for layer in whole.layers)
    little.window.notice.dismiss()
    drawn = little.window.maps.show_maps

    def show_maps(layer, *args):
        assert layer.kept
        drawn(layer, *args)

    monkeypatch.setattr(little.window.maps, "show_maps", show_maps)
    panels = [(getattr(little.window, p), getattr(ample.window, p)) for p in PANELS]
    little.until(lambda: all(mine.size() == true.size() for mine, true in panels))
    for step, layer in enumerate(whole.layers):
        if step:
            before = little.selection
            ample.store.select(layer=layer.name)
            little.store.select(layer=layer.name)
            if lacking(little) is not None:
                again += 1
                assert sentence(little.window.unit).endswith("being computed again.")
                if not little.layer.kept:
                    assert layer.name in sentence(little.window.channel)
                assert little.selection != before
            settled(little)
        assert little.selection == ample.selection
        assert little.layer.kept
        np.testing.assert_array_equal(little.layer.output, layer.output)
        assert little.trace.bytes_kept <= LITTLE * 1e9 / 2
        for mine, true in panels:
            assert sentence(mine) == sentence(true)
            little.until(lambda: picture_of(mine) == picture_of(true))  # noqa: B023
        assert (
            little.window.status().split(" · run in")[0]
            == (ample.window.status().split(" · run in")[0])
        )
    assert again >= 2


def test_keys_held_down_ask_once(open_window, settings):
    """What is passed by is not computed; where the keys stop, is."""
    settings.memory = LITTLE
    asked = []

    def execute(request, check):
        asked.append(request)
        return run_request(request, check)

    one = open_window(settings=settings, execute=execute)
    one.wait()
    settled(one)
    asked.clear()
    channel = one.selection[1]
    one.window.activateWindow()
    for _ in range(8):
        one.press(Qt.Key.Key_Down)
    assert asked == []
    reached = one.selection
    assert reached[0] == one.trace.layers[8].name
    settled(one)
    (job,) = asked
    assert isinstance(job, Refocus)
    assert one.selection == reached
    assert one.selection[1] == channel
    assert one.layer.kept


def test_cancelled_it_waits_until_asked(little):
    far = little.trace.layers[8].name
    seen = little.trace
    little.store.select(layer=far)
    assert "being computed again" in sentence(little.window.unit)
    little.window.busy.cancelled.emit()
    assert (
        sentence(little.window.channel) == f"{far} was not kept: F5 computes it again."
    )
    little.store.select(channel=1)
    assert little.trace is seen
    assert not little.controller.memory._soon.isActive()
    little.press(Qt.Key.Key_F5)
    little.wait()
    settled(little)
    assert little.selection[0] == far
    assert sentence(little.window.channel) == ""


def test_back_where_layers_are_kept_nothing_is_asked(little):
    seen, here = little.trace, little.selection
    little.store.select(layer=little.trace.layers[8].name)
    little.store.select(layer=here[0])
    assert not little.controller.memory._soon.isActive()
    assert little.trace is seen
    assert little.selection == here
    assert picture_of(little.window.maps) is not None
    assert sentence(little.window.maps) == ""


def test_another_picture_keeps_what_is_looked_at(little, tmp_path, picture):
    """The layer in view is there at once, without a second run."""
    far = little.trace.layers[8].name
    little.store.select(layer=far)
    settled(little)
    answers = []
    little.runner.finished.connect(answers.append)
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    assert little.drop(files(other))
    little.wait()
    assert lacking(little) is None
    assert len(answers) == 1
    assert little.selection[0] == far


def test_the_network_does_not_run_again(little, ample, monkeypatch):
    """What is looked at is computed from the layers that are kept."""

    def run(*_args, **_more):
        raise AssertionError("the whole network ran")

    monkeypatch.setattr("cnnviz.probe.execute.record", run)
    for layer in reversed(ample.trace.layers):
        little.store.select(layer=layer.name)
        settled(little)
        np.testing.assert_array_equal(little.layer.output, layer.output)


def test_more_memory_brings_the_rest(little):
    little.controller.menus._memory["8"].trigger()
    assert little.window.settings.memory == 8
    little.wait()
    assert all(layer.kept for layer in little.trace.layers)
    assert little.trace.bytes_kept == little.trace.bytes_whole
    assert little.said == ""
    assert "kept" not in little.window.layers.header.caption()


@pytest.mark.parametrize(("free", "limit"), [(8000, 2000), (2, 1), (0, 1), (None, 0)])
def test_a_quarter_of_what_is_free(opened, monkeypatch, free, limit):
    """Nothing free is not the same as nobody knows, which means no limit."""
    monkeypatch.setattr("cnnviz.app.memory.free_memory", lambda: free)
    assert opened.controller.memory.limit() == limit


def test_the_amount_is_remembered(tmp_path):
    settings = Settings(tmp_path / "one.ini")
    assert settings.memory == 0
    settings.memory = 2.5
    settings.sync()
    assert Settings(tmp_path / "one.ini").memory == 2.5
    settings._store.setValue("memory", "plenty")
    assert settings.memory == 0


def test_what_mattered_says_why_it_cannot_be_told(little):
    last = little.trace.layers[-1].name
    little.store.select(layer=last, channel=0)
    settled(little)
    little.window.notice.dismiss()
    little.do("mattered")
    little.until(lambda: "not kept" in little.said)
    assert "what mattered cannot be told" in little.said


def test_a_bounded_request_is_answered_with_the_plain_one(picture):
    plain = Request(ModelSpec("alexnet"), ImageSource(picture))
    asked = Bounded(plain.model, plain.source, 2 * 10**6, (3,))
    trace = run_request(asked, lambda *_: None)
    assert trace.request == plain
    assert trace.layers[3].kept
    assert trace.bytes_kept <= 2 * 10**6 < trace.bytes_whole
