from dataclasses import replace

import numpy as np
import pytest
from hands import Ear, click, colour_at, point, rgb

from cnnviz.core.layers import Layer
from cnnviz.core.look import Look
from cnnviz.panels.maps_panel import MapsPanel
from cnnviz.pictures.colours import MARKS, NAN, NEG_INF, POS_INF, table

DARK = Look(dark=True)


def layer_of(maps, axes="CHW"):
    return Layer("x", "activation", "ReLU", ("input",), np.asarray(maps), axes=axes)


@pytest.fixture
def panel(shown, themed):
    themed(True)
    return shown(MapsPanel("mapsPanel", "After ReLU"), 320, 260)


def paints(panel, channel, unit):
    cell = panel.mosaic.cell(channel, unit).center()
    return colour_at(panel.mosaic.canvas, (cell.y(), cell.x()))


def test_every_map_is_there_in_its_colours(panel, relu):
    panel.show_maps(relu, DARK, "After ReLU")
    colours = table("ember", False, True)
    top = relu.output.max()
    for channel in range(5):
        for unit in ((0, 0), (6, 9), (3, 4)):
            code = round(float(relu.output[(channel, *unit)]) / float(top) * 251)
            painted = np.array(paints(panel, channel, unit))
            near = colours[max(code - 1, 0) : code + 2, :3].astype(int)
            assert np.abs(near - painted).sum(1).min() == 0
    assert panel.header.title() == "After ReLU"
    assert panel.header.caption() == "features.1 · 5×7×10"
    assert panel.scale.text().startswith("0 ")


def test_before_the_activation_zero_is_in_the_middle(panel, conv):
    panel.show_maps(conv, DARK, "Before ReLU", signed=True)
    low, zero, high = panel.scale.text().split()
    assert (low, zero) == ("−" + high, "0")
    assert "conv 3→5, 3×3" in panel.header.caption()


def test_not_a_number_has_its_own_colour_and_is_counted(panel):
    maps = np.linspace(-2, 3, 36, dtype=np.float32).reshape(1, 6, 6)
    maps[0, 0, 0], maps[0, 5, 5], maps[0, 2, 2] = np.inf, -np.inf, np.nan
    panel.show_maps(layer_of(maps), DARK, "Maps")
    for unit, mark in (((0, 0), POS_INF), ((5, 5), NEG_INF), ((2, 2), NAN)):
        assert paints(panel, 0, unit) == MARKS[mark][:3]
    assert "1 NaN · 1 +∞ · 1 −∞" in panel.scale.text()
    assert panel.scale.toolTip().startswith("values -1.857")
    assert "2.857" in panel.scale.toolTip()


def test_all_nan_has_no_range(panel):
    panel.show_maps(layer_of(np.full((1, 6, 6), np.nan, np.float32)), DARK, "Maps")
    assert "36 NaN" in panel.scale.text()
    assert panel.scale.toolTip().startswith("values no finite value")


def test_dead_maps_are_counted(panel):
    maps = np.zeros((4, 3, 3), np.float32)
    maps[1] = np.arange(9).reshape(3, 3)
    panel.show_maps(layer_of(maps), DARK, "After ReLU")
    assert "3 maps all 0" in panel.scale.text()


def test_an_empty_map_is_said(panel):
    panel.show_maps(layer_of(np.zeros((3, 2, 0), np.float32)), DARK, "After ReLU")
    assert panel.reason == "empty map (3×2×0)"


def test_a_click_says_channel_and_unit(panel, relu):
    heard = Ear(panel.picked)
    panel.show_maps(relu, DARK, "After ReLU")
    panel.show_place(1, (0, 0))
    assert heard.heard == []
    cell = panel.mosaic.cell(3, (6, 2)).center()
    click(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [(3, (6, 2))]


def test_hovering_reads_the_value(panel, relu):
    seen = Ear(panel.hovered)
    panel.show_maps(relu, DARK, "After ReLU")
    cell = panel.mosaic.cell(2, (4, 7)).center()
    point(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert seen.heard[-1] == (2, (4, 7), float(relu.output[2, 4, 7]))


def test_own_scales_show_the_chosen_maps_numbers(panel):
    maps = np.stack([np.eye(3), 10 * np.eye(3)]).astype(np.float32)
    panel.show_maps(layer_of(maps), replace(DARK, scale="map"), "Maps")
    panel.show_place(1, None)
    assert panel.scale.text() == "0 10 per map"
    panel.show_place(0, None)
    assert panel.scale.text() == "0 1 per map"
    assert paints(panel, 0, (0, 0)) == paints(panel, 1, (0, 0))


def test_a_locked_scale_is_marked(panel, relu):
    panel.show_maps(relu, replace(DARK, scale="locked", bound=50.0), "Maps")
    assert panel.scale.text() == "0 50 locked"


def test_a_dense_layer_is_a_strip_of_cells(panel, dense):
    heard = Ear(panel.picked)
    panel.show_maps(dense, DARK, "Maps", signed=True)
    cell = panel.mosaic.cell(2, ()).center()
    click(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [(2, ())]


def test_channels_need_not_come_first(panel):
    """A series kept as time × channels is shown one row per channel."""
    output = np.zeros((6, 2), np.float32)
    output[4, 1] = 1
    panel.show_maps(layer_of(output, "TC"), DARK, "Maps")
    assert paints(panel, 1, (4,)) == tuple(table("ember", False, True)[251, :3])
    assert paints(panel, 1, (5,)) == tuple(table("ember", False, True)[0, :3])


def test_the_frame_is_the_accent(panel, relu):
    panel.show_maps(relu, DARK, "After ReLU")
    panel.show_place(0, None)
    corner = panel.mosaic.tile(0).topLeft()
    at = panel.mosaic.canvas.to_screen(corner)
    image = panel.mosaic.canvas.grab().toImage()
    colour = image.pixelColor(int(at.x()) - 1, int(at.y()) - 1)
    assert (colour.red(), colour.green(), colour.blue()) == rgb("accent", dark=True)
