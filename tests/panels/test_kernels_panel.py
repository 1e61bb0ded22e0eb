from dataclasses import replace

import numpy as np
import pytest
from hands import Ear, click, colour_at, point

from cnnviz.core.look import Look
from cnnviz.panels.kernels_panel import KernelsPanel

DARK = Look(dark=True)


@pytest.fixture
def panel(shown, themed):
    themed(True)
    return shown(KernelsPanel(), 300, 260)


def paints(panel, channel, unit):
    cell = panel.mosaic.cell(channel, unit).center()
    return colour_at(panel.mosaic.canvas, (cell.y(), cell.x()))


def test_kernels_over_rgb_are_in_colour(panel, conv):
    weight = np.zeros((2, 3, 2, 2), np.float32)
    weight[0, 0, 0, 0] = 1.0  # red
    weight[1, 2, 1, 1] = -1.0  # less blue
    panel.show_kernels(replace(conv, weight=weight), DARK)
    grey = paints(panel, 0, (1, 1))
    assert len(set(grey)) == 1
    red = paints(panel, 0, (0, 0))
    assert red == (255, grey[0], grey[0])
    assert paints(panel, 1, (1, 1)) == (grey[0], grey[0], 1)
    assert panel.scale.text() == "−1 0 1"


def test_clicking_a_kernel_picks_its_channel(panel, conv):
    heard = Ear(panel.channelPicked)
    panel.show_kernels(conv, DARK)
    panel.show_channel(1)
    assert heard.heard == []
    cell = panel.mosaic.cell(4, (1, 1)).center()
    click(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [4]
    assert "conv 3→5, 3×3" in panel.header.caption()


def test_hovering_reads_one_weight_per_colour(panel, conv):
    seen = Ear(panel.hovered)
    panel.show_kernels(conv, DARK)
    cell = panel.mosaic.cell(2, (0, 2)).center()
    point(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert seen.heard[-1] == (2, (0, 2), tuple(conv.weight[2, :, 0, 2].tolist()))


def test_deep_kernels_are_one_picture_outputs_down_inputs_across(panel, conv):
    weight = np.zeros((6, 8, 3, 3), np.float32)
    weight[4, 1] = 1.0
    panel.show_kernels(replace(conv, weight=weight), DARK)
    grid = panel.mosaic.grid
    assert (grid.rows, grid.columns) == (6, 8)
    bright, dark = paints(panel, 4, (1, 0, 0)), paints(panel, 4, (0, 0, 0))
    assert sum(bright) > sum(dark) + 100
    heard = Ear(panel.channelPicked)
    cell = panel.mosaic.cell(5, (7, 2, 2)).center()
    click(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [5]


def test_depthwise_kernels_are_signed_maps(panel, conv):
    weight = np.array([[[[-1.0, 0.0, 1.0]]]], np.float32)
    panel.show_kernels(replace(conv, weight=weight), DARK)
    below, above = paints(panel, 0, (0, 0, 0)), paints(panel, 0, (0, 0, 2))
    assert below[2] > below[0]  # blue
    assert above[0] > above[2]  # orange


def test_a_neurons_weights_are_folded_back_to_the_maps(panel, dense):
    seen = Ear(panel.hovered)
    panel.show_kernels(dense, DARK, (2, 2, 3))
    panel.show_channel(3)
    assert panel.mosaic.grid.count == 2
    assert (panel.mosaic.grid.height, panel.mosaic.grid.width) == (2, 3)
    cell = panel.mosaic.cell(1, (1, 2)).center()
    point(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert seen.heard[-1] == (3, (1, 1, 2), float(dense.weight[3, 11]))
    heard = Ear(panel.channelPicked)
    click(panel.mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == []
    assert panel.header.title() == "Weights"


def test_a_fold_that_does_not_fit_is_not_used(panel, dense):
    panel.show_kernels(dense, DARK, (5, 5, 5))
    assert panel.mosaic.grid.count == 12


def test_another_neuron_has_other_weights(panel, dense):
    panel.show_kernels(dense, DARK)
    panel.show_channel(0)
    first = panel.mosaic.canvas.image()
    panel.show_channel(2)
    assert panel.mosaic.canvas.image() != first


def test_no_kernels_is_a_sentence(panel, relu):
    panel.show_kernels(relu, DARK)
    assert panel.reason == "features.1 (ReLU) has no kernels."
    panel.show_channel(3)
    assert panel.reason is not None


def test_a_kernel_of_zeros_is_said(panel, conv):
    weight = conv.weight.copy()
    weight[3] = 0
    panel.show_kernels(replace(conv, weight=weight), DARK)
    assert "1 kernel all 0" in panel.scale.text()


def test_equal_scale_or_own_scale(panel, conv):
    weight = np.zeros((2, 3, 1, 1), np.float32)
    weight[0], weight[1] = 1.0, 0.001
    panel.show_kernels(replace(conv, weight=weight), DARK)
    assert paints(panel, 1, (0, 0)) != paints(panel, 0, (0, 0))
    panel.show_kernels(replace(conv, weight=weight), replace(DARK, scale="map"))
    assert paints(panel, 1, (0, 0)) == paints(panel, 0, (0, 0))
    assert "per map" in panel.scale.text()


def by_hand(weight, look, channel):
    """Largest absolute value of a kernel's scale, as the look says it."""
    if look.scale == "locked":
        return look.bound
    part = weight if look.scale == "layer" else weight[channel]
    return float(np.abs(part).max())


@pytest.mark.parametrize("scale", ["layer", "map", "locked"])
@pytest.mark.parametrize("shape", [(4, 3, 3, 3), (4, 1, 3, 3), (4, 6, 3, 3), (4, 2, 5)])
def test_the_legend_is_that_of_the_chosen_kernel(panel, conv, scale, shape):
    size = np.array([0.25, 1.5, 0.125, 4.0], np.float32)
    rng = np.random.default_rng(2)
    weight = rng.uniform(-1, 1, shape).astype(np.float32)
    weight *= (size / np.abs(weight).reshape(4, -1).max(1)).reshape(
        4, *[1] * (len(shape) - 1)
    )
    look = replace(DARK, scale=scale, bound=2.5)
    panel.show_kernels(replace(conv, weight=weight), look)
    for channel in (1, 3, 0, 2, 1):
        panel.show_channel(channel)
        high = f"{by_hand(weight, look, channel):g}"
        assert panel.scale.text().split()[:3] == [f"−{high}", "0", high]
    again = KernelsPanel()
    again.show_channel(1)
    again.show_kernels(replace(conv, weight=weight), look)
    assert panel.scale.text() == again.scale.text()


@pytest.mark.parametrize("scale", ["layer", "map", "locked"])
def test_the_legend_is_that_of_the_chosen_neuron(panel, dense, scale):
    look = replace(DARK, scale=scale, bound=2.5)
    panel.show_kernels(dense, look)
    for channel in (2, 0, 3):
        panel.show_channel(channel)
        own = f"{np.abs(dense.weight[channel]).max():.4g}"
        high = "2.5" if scale == "locked" else own
        low, zero, top, *note = panel.scale.text().split()
        assert [low, zero, top] == [f"−{high}", "0", high]
        assert " ".join(note).endswith(f"of neuron {channel}")
