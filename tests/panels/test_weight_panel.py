"""Tensors of which nothing is known but their values, in both panels that show them."""

import numpy as np
import pytest
from hands import Ear, click, colour_at, point

from cnnviz.core.look import Look
from cnnviz.panels.kernels_panel import KernelsPanel, whole_pixels
from cnnviz.panels.weight_panel import WeightPanel

LOOK = Look(dark=True)


def some(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def middle(mosaic, channel, unit=()):
    cell = mosaic.cell(channel, unit).center()
    return cell.y(), cell.x()


@pytest.fixture
def kernels(shown, themed):
    themed(True)
    return shown(KernelsPanel(), 400, 400)


@pytest.fixture
def panel(shown, themed):
    themed(True)
    return shown(WeightPanel(), 500, 300)


class TestKernels:
    def test_over_rgb_in_colour(self, kernels):
        weight = np.zeros((4, 3, 3, 3), np.float32)
        weight[2] = np.array([1.0, -1.0, 0.0]).reshape(3, 1, 1)
        kernels.show_weight("stem.weight", weight, LOOK)
        red, green, blue = colour_at(
            kernels.mosaic.canvas, middle(kernels.mosaic, 2, (1, 1))
        )
        assert (red, green, blue) == (255, 1, 128)
        assert kernels.header.title() == "Kernels"
        assert kernels.header.caption() == "stem.weight · 4×3×3×3"

    @pytest.mark.parametrize("shape", [(5, 4, 3, 3), (5, 1, 3, 3), (5, 2, 3, 3, 3)])
    def test_deeper_ones_as_signed_maps(self, kernels, shape):
        weight = some(*shape)
        kernels.show_weight("deep.weight", weight, LOOK)
        heard, pointed = Ear(kernels.channelPicked), Ear(kernels.hovered)
        place = (0,) * (len(shape) - 1)
        click(kernels.mosaic.canvas, middle(kernels.mosaic, 3, place))
        point(kernels.mosaic.canvas, middle(kernels.mosaic, 3, place))
        assert heard.heard == [3]
        channel, _place, value = pointed.heard[-1]
        assert (channel, value) == (3, pytest.approx(weight[(3, *place)]))

    def test_a_matrix_is_one_picture_with_a_row_for_each_output(self, kernels):
        weight = some(7, 20)
        kernels.show_weight("head.weight", weight, LOOK)
        assert kernels.header.title() == "Weights"
        assert kernels.mosaic.canvas.size_px == (7, 20)
        heard = Ear(kernels.hovered)
        point(kernels.mosaic.canvas, (5.5, 11.5))
        assert heard.heard[-1] == (5, (11,), pytest.approx(weight[5, 11]))
        kernels.show_channel(5)
        assert kernels.mosaic._frame.area.center().y() == 5.5

    def test_a_vector_is_a_cell_for_each_value(self, kernels):
        kernels.show_weight("norm.running_var", np.arange(6, dtype=np.float32), LOOK)
        assert kernels.scale.text() == "0 5 1 of 6 are 0"
        heard = Ear(kernels.channelPicked)
        click(kernels.mosaic.canvas, middle(kernels.mosaic, 4))
        assert heard.heard == [4]

    def test_a_vector_of_both_signs_has_zero_in_the_middle(self, kernels):
        kernels.show_weight("bias", np.array([-2, 1, 0.5], np.float32), LOOK)
        assert kernels.scale.text() == "−2 0 2"

    def test_taps_are_numbered_where_now_is_not_known(self, kernels):
        kernels.show_weight("time.weight", some(6, 2, 3), LOOK)
        assert kernels.taps.rows._direction() == "tap"
        numbers = kernels.taps.exporter._arrays()["weight"]
        assert numbers.columns == ("0", "1", "2")

    def test_whole_numbers_and_truth_values(self, kernels):
        kernels.show_weight("mask", np.eye(4, dtype=np.uint8), LOOK)
        heard = Ear(kernels.hovered)
        point(kernels.mosaic.canvas, (2.5, 2.5))
        assert heard.heard[-1] == (2, (2,), 1.0)


def test_pixels_of_a_whole_weight():
    assert whole_pixels((64, 3)) == 192
    assert whole_pixels((64, 3, 11, 11)) == 64 * 3 * 12 * 12


class TestOneKernel:
    def test_its_slices(self, panel):
        weight = some(5, 4, 3, 3)
        panel.show_kernel("deep.weight", weight, 3, LOOK)
        assert (panel.header.title(), panel.header.caption()) == (
            "Kernel 3", "of 5 · deep.weight",
        )  # fmt: skip
        assert panel._what.text() == "4 slices of 3×3"
        heard = Ear(panel.hovered)
        point(panel.slices.canvas, middle(panel.slices, 2, (0, 1)))
        assert heard.heard[-1] == (3, (2, 0, 1), pytest.approx(weight[3, 2, 0, 1]))

    def test_its_scale_is_the_whole_tensors(self, panel):
        weight = some(5, 4, 3, 3)
        weight[0, 0, 0, 0] = 9
        panel.show_kernel("deep.weight", weight, 3, LOOK)
        assert panel.scale.text() == "−9 0 9"

    def test_how_its_values_are_spread(self, panel):
        weight = some(5, 4, 3, 3)
        weight[3, 0, 0, 0] = np.nan
        panel.show_kernel("deep.weight", weight, 3, LOOK)
        found = panel.histogram._histogram
        assert found.counts.sum() == np.isfinite(weight[3]).sum()
        assert found.negatives == (weight[3] < 0).sum()
        assert "1 NaN" in panel._counts.text()

    def test_over_time(self, panel):
        panel.show_kernel("time.weight", some(6, 2, 3), 5, LOOK)
        assert panel.rows.isVisible()
        assert not panel.slices.isVisible()
        assert panel._what.text() == "2 rows of 3 taps"

    def test_a_row_of_a_matrix(self, panel):
        weight = some(7, 20)
        panel.show_kernel("head.weight", weight, 6, LOOK)
        assert panel.header.title() == "Row 6"
        assert panel._what.text() == "20 weights"
        most = np.abs(weight[6]).max()
        assert panel.scale._high == pytest.approx(most)


class TestVector:
    def test_is_a_line_with_the_chosen_value_marked(self, panel):
        values = some(9)
        panel.show_vector("stem.bias", values, 4)
        assert panel.line.isVisible()
        assert not panel.scale.isVisible()
        assert panel.line._place == 4
        assert panel.histogram._value == pytest.approx(values[4])
        assert panel.line.axis.words(4) == "index 4"

    def test_a_click_picks_a_value(self, panel):
        panel.show_vector("stem.bias", some(9), 4)
        heard = Ear(panel.valuePicked)
        panel.line.unitPicked.emit((7,))
        assert heard.heard == [7]
