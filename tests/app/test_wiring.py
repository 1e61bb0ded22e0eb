"""Who is told what, and what the pointer shows on its way."""

from dataclasses import replace

import numpy as np
import pytest
from person import click, draw_picture, hover, leave, zoom_in
from PySide6.QtCore import QRectF, Qt

QUIET = ("show_content", "show_faults")
CONV, RELU, POOL = "features.0", "features.1", "features.2"


@pytest.fixture
def told(opened, monkeypatch):
    """Names of the panels' methods that were called; the background check aside."""
    heard = []
    for name, panel in opened.window.panels.items():
        for method in dir(type(panel)):
            if method.startswith("show_") and method not in QUIET:
                original = getattr(panel, method)

                def noting(*args, name=name, method=method, original=original, **more):
                    heard.append(f"{name}.{method}")
                    return original(*args, **more)

                monkeypatch.setattr(panel, method, noting)
    return heard


class TestWhoIsTold:
    def test_a_unit_draws_no_picture_anew(self, opened, told):
        opened.store.select(unit=(3, 4))
        assert set(told) == {
            "layersPanel.show_layer", "kernelsPanel.show_channel",
            "mapsPanel.show_place", "pooledPanel.show_place",
            "channelPanel.show_place", "inputPanel.show_field", "unitPanel.show_unit",
        }  # fmt: skip

    def test_another_channel_changes_the_channel_panel(self, opened, told):
        opened.store.select(channel=3)
        assert {"channelPanel.show_channel", "inputPanel.show_overlay"} <= set(told)
        assert not {"mapsPanel.show_maps", "kernelsPanel.show_kernels",
                    "pooledPanel.show_pools", "layersPanel.show_trace",
                    "inputPanel.show_sample"} & set(told)  # fmt: skip

    def test_another_layer_of_the_stage_keeps_kernels_and_maps(self, opened, told):
        opened.store.select(layer=RELU)
        assert "channelPanel.show_channel" in told
        assert not {"kernelsPanel.show_kernels", "mapsPanel.show_maps"} & set(told)
        opened.store.select(layer="features.3")
        assert {"kernelsPanel.show_kernels", "mapsPanel.show_maps",
                "pooledPanel.show_pools"} <= set(told)  # fmt: skip
        assert "layersPanel.show_trace" not in told

    def test_the_same_choice_again_tells_nobody(self, opened, told):
        layer, channel, unit = opened.selection
        opened.store.select(layer, channel, unit)
        opened.store.set_look(replace(opened.store.state.look))
        assert told == []

    def test_a_new_picture_tells_everybody_once(self, opened, told, tmp_path):
        opened.show_picture(draw_picture(tmp_path / "second.png", seed=2))
        panels = {name.partition(".")[0] for name in told}
        assert panels == set(opened.window.panels)
        for name in ("layersPanel.show_trace", "inputPanel.show_sample",
                     "kernelsPanel.show_kernels", "mapsPanel.show_maps",
                     "pooledPanel.show_pools", "predictionPanel.show_scores",
                     "channelPanel.show_channel"):  # fmt: skip
            assert told.count(name) == 1, name


class TestHover:
    """The status line and the box on the input follow the pointer, then go back."""

    def test_over_maps(self, opened):
        window, mosaic = opened.window, opened.window.maps.mosaic
        before = window.status(), window.input._mark.box
        cell = mosaic.cell(70, (20, 30)).center()
        zoom_in(mosaic.canvas, cell.y(), cell.x(), 8)
        hover(mosaic.canvas, cell.y(), cell.x())
        status = window.status().split(" · ")
        assert status[:3] == [f"activation {RELU}", "channel 70", "(20, 30)"]
        shown = float(status[3].replace("−", "-"))
        assert shown == pytest.approx(opened.trace[RELU].output[70, 20, 30], rel=1e-3)
        assert status[4] == "sees input rows 78–88, columns 118–128"
        assert window.input._mark.box == QRectF(118, 78, 11, 11)
        assert opened.selection[1] != 70
        leave(mosaic.canvas)
        assert (window.status(), window.input._mark.box) == before

    def test_over_pooled_maps(self, opened):
        window, mosaic = opened.window, opened.window.pooled.parts[0].mosaic
        before = window.status()
        cell = mosaic.cell(5, (10, 0)).center()
        zoom_in(mosaic.canvas, cell.y(), cell.x(), 8)
        hover(mosaic.canvas, cell.y(), cell.x())
        assert window.status().startswith(f"pool {POOL} · channel 5 · (10, 0) · ")
        assert "sees input rows 78–96, columns 0–16" in window.status()
        leave(mosaic.canvas)
        assert window.status() == before

    def test_over_the_chosen_map(self, opened):
        canvas = opened.window.channel.map.canvas
        channel = opened.selection[1]
        hover(canvas, 54.5, 0.5)
        value = opened.trace[CONV].output[channel, 54, 0]
        words = f"conv {CONV} · channel {channel} · (54, 0) · "
        assert opened.window.status().startswith(words)
        shown = opened.window.status().split(" · ")[3].replace("−", "-")
        assert float(shown) == pytest.approx(value, rel=1e-3)

    def test_over_kernels(self, opened):
        window, mosaic = opened.window, opened.window.kernels.mosaic
        before = window.status(), window.input._mark.box
        cell = mosaic.cell(33, (10, 2)).center()
        hover(mosaic.canvas, cell.y(), cell.x())
        name, place, colours = window.status().split(" · ")
        assert (name, place) == (f"kernel 33 of {CONV}", "(10, 2)")
        weights = opened.trace[CONV].weight[33, :, 10, 2]
        words = colours.removeprefix("red, green, blue ").replace("−", "-")
        shown = [float(word) for word in words.split(", ")]
        np.testing.assert_allclose(shown, weights, rtol=1e-3)
        assert window.input._mark.box == before[1]
        leave(mosaic.canvas)
        assert window.status() == before[0]

    def test_over_a_kernels_slice(self, opened):
        opened.store.select(layer="features.3", channel=200)
        mosaic = opened.window.channel.slices
        cell = mosaic.cell(95, (4, 0)).center()
        zoom_in(mosaic.canvas, cell.y(), cell.x(), 8)
        hover(mosaic.canvas, cell.y(), cell.x())
        *place, value = opened.window.status().split(" · ")
        assert place == ["kernel 200 of features.3", "input channel 95", "(4, 0)"]
        weight = opened.trace["features.3"].weight[200, 95, 4, 0]
        assert float(value.replace("−", "-")) == pytest.approx(weight, rel=1e-3)

    def test_over_a_neurons_weights(self, opened):
        opened.store.select(layer="classifier.1", channel=100, unit=())
        mosaic = opened.window.kernels.mosaic
        cell = mosaic.cell(200, (3, 5)).center()
        zoom_in(mosaic.canvas, cell.y(), cell.x(), 8)
        hover(mosaic.canvas, cell.y(), cell.x())
        *place, value = opened.window.status().split(" · ")
        assert place == ["neuron 100 of classifier.1", "input channel 200", "(3, 5)"]
        weight = opened.trace["classifier.1"].weight[100, 200 * 36 + 3 * 6 + 5]
        assert float(value.replace("−", "-")) == pytest.approx(weight, rel=1e-3)

    def test_over_the_picture(self, opened):
        window, canvas = opened.window, opened.window.input.canvas
        before = window.status()
        zoom_in(canvas, 100.5, 50.5, 6)
        hover(canvas, 100.5, 50.5)
        colour = ", ".join(map(str, opened.trace.sample.shown[100, 50].tolist()))
        assert window.status() == f"input · (100, 50) · red, green, blue {colour}"
        leave(canvas)
        assert window.status() == before

    def test_a_new_network_under_a_resting_pointer(self, opened):
        """Old places are asked of no new network (60, 54, 54 exists in one only)."""
        opened.store.select(layer=CONV, channel=60, unit=(54, 54))
        mosaic = opened.window.maps.mosaic
        cell = mosaic.cell(60, (54, 54)).center()
        zoom_in(mosaic.canvas, cell.y(), cell.x(), 8)
        hover(mosaic.canvas, cell.y(), cell.x())
        opened.show_model("handmade")
        canvas = mosaic.canvas
        rows, columns = canvas.size_px
        for row in range(0, rows, rows // 9):
            hover(canvas, row + 0.5, columns / 2)
            first = opened.window.status().split(" · ")[0]
            assert first.split(" ")[1] in opened.trace
        leave(canvas)
        layer, channel, unit = opened.selection
        value = opened.trace[layer].output[(channel, *unit)]
        status = opened.window.status().split(" · ")
        assert status[1].startswith(f"channel {channel}")
        assert float(status[3].replace("−", "-")) == pytest.approx(value, rel=1e-3)


class TestPicking:
    def test_a_click_in_the_maps_keeps_to_the_chosen_layer_where_it_fits(self, opened):
        mosaic = opened.window.maps.mosaic
        cell = mosaic.cell(7, (30, 31)).center()
        zoom_in(mosaic.canvas, cell.y(), cell.x(), 8)
        click(mosaic.canvas, cell.y(), cell.x())
        assert opened.selection == (CONV, 7, (30, 31))
        opened.store.select(layer=POOL)
        click(mosaic.canvas, cell.y(), cell.x())
        assert opened.selection == (RELU, 7, (30, 31))

    def test_the_picture_behind_a_dense_layer_tells_no_unit(self, opened):
        opened.store.select(layer="classifier.7", channel=2, unit=())
        click(opened.window.input.canvas, 100.5, 100.5)
        assert opened.selection[:2] == ("classifier.7", 2)

    def test_a_class_chosen_elsewhere_is_marked(self, opened):
        opened.store.select(layer="classifier.7", channel=4)
        assert opened.window.prediction.bars._chosen == 4
        opened.store.select(layer=CONV)
        assert opened.window.prediction.bars._chosen is None

    def test_the_digit_keys_choose_a_class(self, opened):
        bars = opened.window.prediction.bars
        bars.setFocus()
        opened.press(Qt.Key.Key_3)
        third = int(np.argsort(-opened.trace.scores, kind="stable")[2])
        assert opened.selection == ("classifier.7", third, ())


class TestLockedScale:
    def test_one_scale_for_every_layer_and_picture(self, opened, tmp_path):
        window = opened.window
        bound = float(opened.trace[RELU].output.max())
        opened.controller.appearance.choose_scale("locked")
        assert opened.store.state.look.bound == pytest.approx(bound)
        assert opened.controller.toolbar.scale.text() == "Scale: locked"
        opened.store.select(layer="features.3")
        assert window.maps._levels.high.max() == pytest.approx(bound)
        assert "locked" in window.maps.scale.text()
        opened.show_picture(draw_picture(tmp_path / "second.png", seed=4))
        assert window.maps._levels.high.max() == pytest.approx(bound)
        opened.controller.appearance.choose_scale("locked")
        assert opened.store.state.look.bound == pytest.approx(bound)
        opened.controller.appearance.choose_scale("layer")
        assert window.maps._levels.high.max() == pytest.approx(
            opened.trace["features.4"].output.max()
        )

    def test_per_map(self, opened):
        opened.controller.appearance.choose_scale("map")
        tops = opened.trace[RELU].output.max((1, 2))
        np.testing.assert_allclose(opened.window.maps._levels.high, tops)
        assert "per map" in opened.window.maps.scale.text()


def test_an_old_trace_is_let_go(opened, tmp_path):
    """Also after its units were looked at: nothing may keep hundreds of megabytes."""
    import gc
    import weakref

    mosaic = opened.window.maps.mosaic
    gone = []
    for seed in range(3):
        for at in range(5):
            hover(mosaic.canvas, 20.5 + at, 20.5)
            opened.store.select(unit=(at, at))
        gone.append(weakref.ref(opened.trace))
        opened.show_picture(draw_picture(tmp_path / f"{seed}.png", seed=seed))
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


def test_a_wish_for_a_layer_that_is_gone_is_void(opened):
    opened.show_model("handmade")
    before = opened.selection
    opened.window.layers.layerPicked.emit("features.12")
    opened.window.pooled.picked.emit("features.2", 90, (26, 26))
    assert opened.selection == before
