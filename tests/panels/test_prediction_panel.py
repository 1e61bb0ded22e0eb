import numpy as np
import pytest
from hands import Ear, move, pixels, rgb
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cnnviz.panels.prediction_panel import PredictionPanel
from cnnviz.panels.saving import csv


@pytest.fixture
def panel(shown, themed):
    themed(True)
    return shown(PredictionPanel(), 260, 240)


def bar_pixels(panel, row):
    """Painted length of a bar, and of its track."""
    bars = panel.bars
    y = int(bars.bar(row).center().y())
    line = pixels(bars)[y]
    full = (line == rgb("text", True)).all(-1).sum()
    rest = (line == rgb("hairline", True)).all(-1).sum()
    return full, full + rest


def test_bars_are_as_long_as_the_probability(panel):
    panel.show_scores(np.array([0.1, 0.65, 0.25]), ["ant", "bee", "cow"])
    for row, share in enumerate((0.65, 0.25, 0.1)):
        full, track = bar_pixels(panel, row)
        assert full / track == pytest.approx(share, abs=0.01)


def test_doubt_is_not_stretched(panel):
    logits = np.zeros(1000)
    logits[281] = 0.5
    scores = np.exp(logits) / np.exp(logits).sum()
    panel.show_scores(scores, None)
    full, track = bar_pixels(panel, 0)
    assert full <= track * 0.01 + 1
    assert panel.bars._rows[0][0] == 281
    assert panel.header.caption() == "top 5 of 1,000 classes"


def test_a_click_picks_the_class(panel):
    heard = Ear(panel.classPicked)
    panel.show_scores(np.array([0.1, 0.65, 0.25]), ["ant", "bee", "cow"], chosen=1)
    assert heard.heard == []
    spot = panel.bars.bar(1).center().toPoint()
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(panel.bars, left, none, spot)
    assert heard.heard == [2]
    QTest.mouseClick(panel.bars, left, none, QPoint(50, panel.bars.height() - 2))
    assert heard.heard == [2]


def test_a_class_can_be_picked_by_keyboard(panel):
    heard = Ear(panel.classPicked)
    panel.show_scores(np.array([0.1, 0.65, 0.25]), None)
    QTest.keyClick(panel.bars, Qt.Key.Key_3)
    QTest.keyClick(panel.bars, Qt.Key.Key_Return)
    assert heard.heard == [0, 1]


def test_the_chosen_class_has_the_accent(panel):
    panel.show_scores(np.array([0.1, 0.65, 0.25]), None, chosen=2)
    accent = (pixels(panel.bars) == rgb("accent", True)).all(-1)
    rows = np.nonzero(accent)[0]
    assert rows.min() >= panel.bars._height
    assert rows.max() < 2 * panel.bars._height


def test_random_weights_are_said(panel):
    panel.show_scores(np.array([0.5, 0.5]), None, "random weights, seed 0")
    assert panel.note.isVisible()
    assert panel.note.text() == "random weights, seed 0"
    panel.show_scores(np.array([0.5, 0.5]), None)
    assert not panel.note.isVisible()


def test_no_scores_is_a_sentence(panel):
    panel.show_scores(None, None)
    assert panel.reason == "This network gives no class scores."


def test_hovering_tells_the_whole_number(panel):
    panel.show_scores(np.array([1 / 3, 2 / 3]), ["ant", "bee"])
    move(panel.bars, panel.bars.bar(1).center().toTuple())
    assert panel.bars.toolTip() == f"ant\nclass 0, probability {1 / 3}"


def test_numbers_are_offered_for_all_classes(panel):
    assert panel.exporter._arrays() == {}
    panel.show_scores(np.array([0.25, 0.75]), None)
    text = csv(panel.exporter._arrays()["probability"]).decode()
    assert text == "class,p\n0,0.25\n1,0.75\n"
