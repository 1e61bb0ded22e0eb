from dataclasses import replace

import numpy as np
import pytest
from hands import Ear, click, point

from cnnviz.core.layers import Layer
from cnnviz.core.look import Look
from cnnviz.panels.channel_panel import ChannelPanel

DARK = Look(dark=True)


@pytest.fixture
def panel(shown, themed):
    themed(True)
    return shown(ChannelPanel(), 640, 240)


def words(panel):
    return [line.text() for line in (*panel._words, panel._stats)]


def test_slices_map_and_histogram(panel, conv, relu):
    panel.show_channel(conv, relu, 2, DARK)
    panel.show_place((3, 4))
    assert panel.header.title() == "Channel 2"
    assert panel.slices.grid.count == 3
    assert panel.map.canvas.size_px == (7, 10)
    kernel, where, counts, stats = words(panel)
    assert kernel.startswith("kernel: 3 slices 3×3 · bias ")
    assert where == "map 7×10"
    zero = (relu.output[2] == 0).mean() * 100
    assert counts == f"{zero:.1f} % zero"
    mean, most = relu.output[2].mean(), relu.output[2].max()
    assert stats == f"min 0 · mean {mean:.4g} · max {most:.4g}"


def test_clicking_the_map_picks_the_unit(panel, conv, relu):
    heard = Ear(panel.unitPicked)
    panel.show_channel(conv, relu, 2, DARK)
    panel.show_place((0, 0))
    assert heard.heard == []
    cell = panel.map.cell(0, (5, 6)).center()
    click(panel.map.canvas, (cell.y(), cell.x()))
    assert heard.heard == [(5, 6)]


def test_hovering_names_the_channel(panel, conv, relu):
    seen, taps = Ear(panel.hovered), Ear(panel.kernelHovered)
    panel.show_channel(conv, relu, 2, DARK)
    cell = panel.map.cell(0, (5, 6)).center()
    point(panel.map.canvas, (cell.y(), cell.x()))
    assert seen.heard[-1] == (2, (5, 6), float(relu.output[2, 5, 6]))
    tap = panel.slices.cell(1, (2, 0)).center()
    point(panel.slices.canvas, (tap.y(), tap.x()))
    assert taps.heard[-1] == (2, (1, 2, 0), float(conv.weight[2, 1, 2, 0]))


def test_a_layer_without_kernel_shows_no_slices(panel, relu):
    panel.show_channel(None, relu, 0, DARK)
    assert not panel.slices.isVisible()
    assert panel.map.isVisible()


def test_a_constant_map_says_so(panel, relu):
    dead = replace(relu, output=np.zeros((5, 7, 10), np.float32))
    panel.show_channel(None, dead, 1, DARK)
    assert words(panel)[3] == "all 0"


def test_odd_values_are_counted(panel, relu):
    odd = relu.output.copy()
    odd[1, 0, :3] = np.nan
    odd[1, 1, 0] = np.inf
    panel.show_channel(None, replace(relu, output=odd), 1, DARK)
    assert "3 NaN · 1 +∞" in words(panel)[2]


def test_negative_values_are_counted(panel, conv):
    panel.show_channel(conv, conv, 1, DARK, signed=True)
    share = (conv.output[1] < 0).mean() * 100
    assert words(panel)[2] == f"{share:.1f} % negative"


def test_an_empty_map_is_said(panel, relu):
    none = replace(relu, output=np.zeros((3, 0, 4), np.float32))
    panel.show_channel(None, none, 0, DARK)
    assert panel.reason == "empty map (3×0×4)"
    panel.show_place((0, 0))


def test_a_neuron_stands_in_the_histogram_of_its_layer(panel, dense):
    panel.show_channel(dense, dense, 3, DARK, True, (2, 2, 3))
    panel.show_place(())
    assert not panel.map.isVisible()
    assert panel.slices.grid.count == 2
    assert words(panel)[2].startswith("all 4 values: ")
    assert panel.histogram._value == float(dense.output[3])


def test_a_flattened_value_says_where_it_came_from(panel):
    before = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    flat = Layer(
        "flatten",
        "flatten",
        "Flatten",
        ("pool",),
        before.ravel(),
        axes="C",
        input_shapes=(before.shape,),
    )
    panel.show_channel(None, flat, 17, DARK)
    place = tuple(int(i[0]) for i in np.nonzero(before == 17))
    assert panel._origin.isVisible()
    assert panel._origin.text() == (
        f"Value 17 is channel {place[0]}, position ({place[1]}, {place[2]}) "
        "of the 2×3×4 maps of pool."
    )


def test_the_map_keeps_its_layers_scale(panel, relu):
    panel.show_channel(None, relu, 0, DARK)
    assert panel._scales[1].text() == f"0 {relu.output.max():.4g}"
    panel.show_channel(None, relu, 0, replace(DARK, scale="map"))
    assert panel._scales[1].text() == f"0 {relu.output[0].max():.4g} per map"
