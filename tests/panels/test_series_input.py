"""A series in inputPanel: what is fed of a table, and what was decided about it."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.series import Choices, Series, TableFacts
from cnnviz.core.trace import Sample
from cnnviz.panels import theme
from cnnviz.panels.input_panel import InputPanel
from cnnviz.panels.window_strip import WindowStrip

PAIRS = (
    ("characters", "utf-8"),
    ("columns divided by", "comma"),
    ("decimal mark", "point"),
    ("names", "row 1"),
    ("time", '"time_s", seconds'),
    ("sampled at", "50 Hz (evenly, steps up to 0.0% off)"),
    ("steps", "400"),
    ("variables", "a, b"),
    ('"who"', "label: 2 words"),
)
FACTS = TableFacts(
    (("time_s", "time"), ("a", "variable"), ("b", "variable"), ("who", "label")),
    ("a", "b"),
    ("a", "b"),
    ("a", "b"),
    ("a", "b"),
    Choices(),
    PAIRS,
)


def series(steps=100, total=400, start=50, facts=FACTS):
    whole = np.stack([np.sin(np.arange(total) / 9), np.arange(total) % 50.0])
    return Series(
        np.arange(start, start + steps) / 50,
        ("a", "b"),
        ("", ""),
        whole[:, start : start + steps],
        50.0,
        start,
        total,
        whole=whole if steps < total else None,
        facts=facts,
    )


@pytest.fixture
def panel(qtbot):
    panel = InputPanel()
    qtbot.addWidget(panel)
    panel.resize(400, 500)
    panel.show()
    return panel


def sample(found):
    values = found.values.astype(np.float32)
    return Sample((values,), title="x.csv", steps=("kept",), series=found)


class TestPanel:
    def test_it_says_what_was_decided(self, panel):
        panel.show_sample(sample(series()))
        lines = [line.text() for line in panel.series.decided]
        assert lines[0] == ("divided by comma · decimal point · names: row 1 · utf-8")
        assert "50 Hz" in lines[1]
        assert "400 steps" in lines[1]
        assert lines[2] == "left out: who"
        assert panel.header.caption() == "x.csv · 2 × 100 steps · 50 Hz"
        assert not panel.overlaid.isVisible()

    def test_the_strip_is_there_for_a_part_of_a_table(self, panel):
        panel.show_sample(sample(series()))
        assert panel.series.strip.isVisible()
        panel.show_sample(sample(series(400, 400, 0)))
        assert not panel.series.strip.isVisible()

    def test_without_a_table_there_is_nothing_to_change(self, panel):
        panel.show_sample(sample(series(facts=None)))
        assert not panel.series.change.isVisible()
        panel.show_sample(sample(series()))
        asked = []
        panel.series.tableAsked.connect(lambda: asked.append(True))
        QTest.mouseClick(panel.series.change, Qt.MouseButton.LeftButton)
        assert asked == [True]

    def test_a_picture_takes_its_place(self, panel):
        panel.show_sample(sample(series()))
        picture = np.zeros((8, 8, 3), np.uint8)
        panel.show_sample(Sample((np.zeros((3, 8, 8), np.float32),), picture))
        assert panel.canvas.isVisible()
        assert panel.overlaid.isVisible()

    def test_a_field_is_a_span(self, panel):
        panel.show_sample(sample(series()))
        mask = np.zeros(100, bool)
        mask[[4, 8]] = True
        panel.show_field(ReceptiveField(((0, 8),), ((4, 8),), mask), (-3,))
        field = panel.series.view._field
        assert (field.span, field.box) == ((4, 8), (0, 8))
        assert field._read.tolist() == [[4, 5], [8, 9]]
        assert field._beyond.tolist() == [[-3, -2]]
        panel.show_field(None)
        assert panel.series.view._field.span is None


class TestStrip:
    @pytest.fixture
    def strip(self, qtbot):
        strip = WindowStrip()
        qtbot.addWidget(strip)
        strip.resize(424, 40)  # one pixel a step
        found = series()
        strip.show_window(found.whole, 50, 100)
        strip.show()
        return strip

    def drag(self, strip, begin, end):
        picked = []
        strip.startPicked.connect(picked.append)
        left = Qt.MouseButton.LeftButton
        QTest.mousePress(strip, left, pos=QPoint(12 + begin, 20))
        QTest.mouseMove(strip, QPoint(12 + end, 20))
        QTest.mouseRelease(strip, left, pos=QPoint(12 + end, 20))
        return picked

    def test_the_window_is_framed_and_the_rest_faded(self, strip):
        image = strip.grab().toImage()
        accent = theme.of(strip).color("accent").getRgb()[:3]
        for step in (50, 150):
            near = [image.pixelColor(12 + step + d, 20).getRgb()[:3] for d in (-1, 0)]
            assert accent in near
        bright = [
            image.pixelColor(12 + x, y) for x in range(52, 148) for y in range(38)
        ]
        faded = [
            image.pixelColor(12 + x, y) for x in range(155, 399) for y in range(38)
        ]
        back = theme.of(strip).color("canvas").lightness()

        def most(colours):
            return max(abs(c.lightness() - back) for c in colours)

        assert most(bright) > 1.5 * most(faded) > 0

    def test_a_click_moves_its_middle_there(self, strip):
        assert self.drag(strip, 300, 300) == [250]

    def test_a_drag_takes_it_along(self, strip):
        assert self.drag(strip, 60, 160) == [150]
        assert strip.window_steps == (150, 250)

    def test_it_stays_inside(self, strip):
        assert self.drag(strip, 60, -200) == [0]
        assert self.drag(strip, 10, 900)[-1] == 300
