"""Maps over time: a heat map, and the chosen channel as a line right below it."""

import numpy as np
import pytest
from hands import Ear, click, rgb
from time_hands import click as press
from time_hands import hover

from cnnviz.core.layers import Layer
from cnnviz.core.look import Look
from cnnviz.panels.maps_panel import MapsPanel

STEPS = 60
MAPS = np.maximum(np.sin(np.arange(5)[:, None] + np.arange(STEPS) / 7), 0).astype(
    np.float32
)


def layer_of(maps, axes="CT"):
    return Layer("x", "activation", "ReLU", ("input",), np.asarray(maps), axes=axes)


@pytest.fixture
def panel(shown, themed):
    themed(True)
    panel = shown(MapsPanel("mapsPanel", "After ReLU"), 420, 400)
    panel.show_maps(layer_of(MAPS), Look(dark=True), "After ReLU")
    panel.show_place(2, (30,))
    return panel


def test_the_line_is_the_chosen_channel(panel):
    np.testing.assert_array_equal(panel.line.view._values, MAPS[2])
    panel.show_place(4, (30,))
    np.testing.assert_array_equal(panel.line.view._values, MAPS[4])
    panel.show_place(None, None)
    np.testing.assert_array_equal(panel.line.view._values, MAPS[4])


def test_steps_stand_above_each_other(panel):
    canvas, view = panel.mosaic.canvas, panel.line.view
    panel.grab()
    for step in (0, 30, 59):
        above = canvas.to_screen(panel.mosaic.cell(0, (step,)).center())
        x = canvas.mapTo(panel, above).x()
        below = view.mapTo(panel, view.rect().topLeft()).x() + view.axis.middle(step)
        assert x == pytest.approx(below, abs=2)


def test_the_cursor_runs_through_all_channels(panel):
    canvas = panel.mosaic.canvas
    image = canvas.grab().toImage()
    accent = np.array(rgb("accent", True))

    def near(channel, step):
        at = canvas.to_screen(panel.mosaic.cell(channel, (step,)).center())
        shades = [
            image.pixelColor(int(at.x()) + d, int(at.y())).getRgb()[:3]
            for d in (-1, 0, 1)
        ]
        return min(np.abs(np.array(s) - accent).sum() for s in shades)

    for channel in (0, 1, 3, 4):
        assert near(channel, 30) < near(channel, 20)
    panel.show_place(2, None)
    assert panel.line.mark.line.path().isEmpty()


def test_clicks_name_channel_and_step(panel):
    heard = Ear(panel.picked)
    press(panel.line.view, panel.line.view.axis.middle(12))
    cell = panel.mosaic.cell(3, (44,)).center()
    click(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [(2, (12,)), (3, (44,))]


def test_the_pointer_reads_a_value(panel):
    heard = Ear(panel.hovered)
    hover(panel.line.view, panel.line.view.axis.middle(12))
    assert heard.heard[-1] == (2, (12,), float(MAPS[2, 12]))


def test_the_line_keeps_the_scale_of_the_layer(panel):
    assert panel.line.view._high == MAPS.max()
    look = Look(dark=True, scale="map")
    panel.show_maps(layer_of(MAPS * [[1], [2], [3], [4], [5]]), look, "Maps")
    panel.show_place(2, None)
    assert panel.line.view._high == pytest.approx(3 * MAPS[2].max())


@pytest.mark.parametrize(
    "layer", [layer_of(np.ones((4, 3, 3)), "CHW"), layer_of(np.ones((4, 1)))]
)
def test_where_nothing_runs_along_time_there_is_no_line(panel, layer):
    assert panel.line.view.isVisible()
    panel.show_maps(layer, Look(dark=True), "Maps")
    panel.show_place(1, None)
    assert not panel.line.view.isVisible()
    assert panel.line.mark.line.path().isEmpty()
