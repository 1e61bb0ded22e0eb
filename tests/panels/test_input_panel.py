import numpy as np
import pytest
from hands import Ear, click, colour_at, pixels, point, rgb
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.look import Look
from cnnviz.core.trace import Sample
from cnnviz.panels.input_panel import InputPanel

DARK = Look(dark=True)


@pytest.fixture
def sample():
    shown = np.full((40, 64, 3), 90, np.uint8)
    shown[4:8, 52:60] = (200, 10, 30)
    values = (np.moveaxis(shown, 2, 0) / 255).astype(np.float32)
    return Sample(
        (values,),
        shown,
        title="wide.png",
        original=(80, 128),
        steps=("shorter side 80 → 40", "centre crop 40×64"),
        notes=("frame 1 of 3",),
    )


@pytest.fixture
def panel(shown, themed, sample):
    themed(True)
    view = shown(InputPanel(), 344, 300)
    view.show_sample(sample)
    return view


def field(top, bottom, left, right, step=1):
    mask = np.zeros((40, 64), bool)
    rows = slice(max(top, 0), bottom + 1, step)
    columns = slice(max(left, 0), right + 1, step)
    mask[rows, columns] = True
    return ReceptiveField(((top, bottom), (left, right)), None, mask)


def accent(panel):
    """Where the accent is painted, in picture coordinates: rows and columns."""
    rows, columns = np.nonzero((pixels(panel.canvas) == rgb("accent", True)).all(-1))
    at = [
        panel.canvas.to_picture(QPointF(x + 0.5, y + 0.5))
        for y, x in zip(rows, columns, strict=True)
    ]
    return np.array([p.y() for p in at]), np.array([p.x() for p in at])


def test_the_picture_the_network_saw(panel, sample):
    assert panel.canvas.size_px == (40, 64)
    assert colour_at(panel.canvas, (5.5, 55.5)) == (200, 10, 30)
    assert colour_at(panel.canvas, (30.5, 10.5)) == (90, 90, 90)
    assert panel.header.caption() == "wide.png · 40×64"
    assert panel.steps.text() == "shorter side 80 → 40 → centre crop 40×64"
    assert panel.notes.isVisible()
    assert panel.notes.text() == "frame 1 of 3"


def test_a_click_says_row_and_column(panel):
    heard = Ear(panel.positionPicked)
    click(panel.canvas, (6.5, 53.5))
    click(panel.canvas, (-1.5, 5.5))
    assert heard.heard == [(6, 53)]


def test_hovering_reads_the_colour(panel):
    seen = Ear(panel.hovered)
    point(panel.canvas, (4.5, 59.5))
    point(panel.canvas, (-2.0, 10.0))
    assert seen.heard == [(4, 59, (200, 10, 30)), None]


def test_the_field_is_a_box_around_what_is_seen(panel):
    panel.show_field(field(10, 19, 20, 34))
    rows, columns = accent(panel)
    edge = 2 / panel.canvas.scale[0]
    assert rows.min() == pytest.approx(10, abs=edge)
    assert rows.max() == pytest.approx(20, abs=edge)
    assert columns.min() == pytest.approx(20, abs=edge)
    assert columns.max() == pytest.approx(35, abs=edge)
    within = (rows > 10) & (rows < 20) & (columns > 20) & (columns < 35)
    assert not within.any()
    panel.show_field(None)
    assert accent(panel)[0].size == 0


def test_what_lies_in_the_padding_is_dashed(panel):
    panel.show_field(field(-2, 7, 20, 34))
    rows, columns = accent(panel)
    assert rows.min() < -1
    left = np.abs(columns - 20) < 1
    outside = rows[left & (rows < -0.5) & (rows > -2)]
    inside = rows[left & (rows > 0.5) & (rows < 7)]
    assert 0 < outside.size / 1.5 < 0.85 * inside.size / 6.5


def test_holes_are_dimmed(panel):
    panel.show_field(field(10, 20, 20, 30, step=2))
    read = colour_at(panel.canvas, (12.5, 22.5))
    hole = colour_at(panel.canvas, (12.5, 23.5))
    assert read == (90, 90, 90)
    assert sum(hole) < sum(read) - 60
    panel.show_field(field(10, 20, 20, 30))
    assert colour_at(panel.canvas, (12.5, 23.5)) == (90, 90, 90)


def test_the_map_lies_over_the_picture_the_right_way_round(panel):
    values = np.zeros((10, 16), np.float32)
    values[1, 13] = 1.0
    bare = pixels(panel.canvas)
    panel.show_overlay(values, DARK)
    assert (pixels(panel.canvas) == bare).all()
    QTest.mouseClick(panel.overlaid, Qt.MouseButton.LeftButton)
    changed = np.abs(panel.canvas.image(1).size().toTuple())
    assert changed.tolist() == [64, 40]
    painted = pixels(panel.canvas).astype(int) - bare
    y, x = np.unravel_index(np.abs(painted).sum(-1).argmax(), painted.shape[:2])
    at = panel.canvas.to_picture(QPointF(x + 0.5, y + 0.5))
    assert 4 <= at.y() <= 8
    assert 52 <= at.x() <= 60
    QTest.mouseClick(panel.overlaid, Qt.MouseButton.LeftButton)
    assert (pixels(panel.canvas) == bare).all()


def test_an_overlay_ends_with_its_sample(panel, sample):
    panel.show_overlay(np.ones((4, 4), np.float32), DARK)
    QTest.mouseClick(panel.overlaid, Qt.MouseButton.LeftButton)
    panel.show_sample(sample)
    assert colour_at(panel.canvas, (30.5, 10.5)) == (90, 90, 90)
    panel.show_overlay(None, DARK)
    assert not panel.overlaid.isEnabled()


def test_showing_emits_nothing(panel, sample):
    heard = Ear(panel.positionPicked, panel.hovered)
    panel.show_sample(sample)
    panel.show_field(field(0, 3, 0, 3))
    panel.show_overlay(np.ones((4, 4), np.float32), DARK)
    assert heard.heard == []


def test_an_input_that_is_no_picture(panel):
    panel.show_sample(Sample((np.zeros((6, 100), np.float32),)))
    assert panel.reason == "The input is no picture: 6×100."
    panel.show_field(None)


def test_numbers_are_what_the_network_got(panel, sample):
    numbers = panel.exporter._arrays()["input"]
    assert numbers.values is sample.values[0]
    assert numbers.axes == ("channel", "y")
