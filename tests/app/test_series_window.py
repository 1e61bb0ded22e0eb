"""A series through the real window: dropped, pointed at, walked through, proved."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from motion import CHANNELS, LENGTH, RATE, colour_at, motion, point_at, press
from motion import leave as leave_view
from person import Person, click, files, hover, leave
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from torch import nn

from cnnviz.app.main import first_request, run_request
from cnnviz.core.geometry import receptive_field
from cnnviz.core.resources import resource
from cnnviz.core.series import TableSource
from cnnviz.probe.execute import trace_module


class TestOpening:
    def test_the_command_line_finds_the_network(self, series, readings):
        assert series.trace.title == "tcn"
        assert series.trace.trained
        sample = series.trace.sample
        raw = np.loadtxt(readings, delimiter=",", skiprows=1)[:, 1:].T
        np.testing.assert_array_equal(sample.series.values, raw)
        assert sample.values[0].shape == (6, LENGTH)
        assert series.window.input.series.isVisible()
        assert series.controller.toolbar.picture.text() == "Series: readings.csv"

    def test_dropped_over_a_picture_and_back(self, start, readings, picture):
        one = start(picture)
        one.wait()
        assert one.trace.title == "alexnet"
        assert one.drop(files(readings), at=one.window.input.canvas)
        one.wait()
        assert one.trace.title == "tcn"
        assert one.window.input.series.isVisible()
        one.drop(files(picture), at=one.window.input.series.view)
        one.wait()
        assert one.trace.title == "alexnet"
        assert one.window.input.canvas.isVisible()
        assert not one.window.input.series.isVisible()

    def test_the_last_network_and_source_of_each_kind_come_back(
        self, series, readings, picture
    ):
        series.show_model("cnn1d")
        assert series.trace.sample.title == "readings.csv"
        series.show_model("vgg")
        assert series.trace.sample.title == "harbour.jpg"
        series.show_picture(picture)
        series.show_model("tcn")
        assert series.trace.sample.title == "readings.csv"
        series.show_model("alexnet")
        assert series.trace.sample.title == picture.name
        series.show_picture(readings)
        assert series.trace.title == "tcn"

    def test_cells_of_a_spreadsheet_are_pasted(self, series, qapp):
        rows = ["\t".join(CHANNELS)]
        rows += [
            "\t".join(f"{x:.4f}" for x in row) for row in motion(LENGTH + 12, seed=3)
        ]
        qapp.clipboard().setText("\n".join(rows))
        series.do("paste")
        series.wait()
        assert series.trace.sample.title == "pasted table"
        assert series.trace.sample.series.total == LENGTH + 12
        assert series.trace.sample.series.rate is None

    def test_samples_and_recent_files(self, series, readings):
        series.do("reload")
        series.wait()
        assert series.window.settings.recent == [readings]
        names = [a.text() for a in series.controller.menus.samples.actions()]
        assert "Exercise raise (series)" in names
        for action in series.controller.menus.samples.actions():
            if action.text() == "Bursts (series)":
                action.trigger()
                break
        series.qtbot.waitUntil(
            lambda: series.trace.sample.title == "bursts.csv", timeout=30_000
        )
        assert series.trace.request.model.channels == 4
        assert "Structure only" in series.said
        assert series.window.settings.recent == [readings]


class TestPointing:
    def test_one_cursor_over_all_panels(self, series):
        window = series.window
        series.store.select(layer="blocks.d4.relu1", channel=3, unit=(90,))
        assert window.input.series.view._cursor == 90
        assert window.maps.line.view._place == 90
        assert window.channel.line._place == 90
        assert window.maps.line.mark.line.path().elementCount() == 2
        for _ in range(3):
            series.press(Qt.Key.Key_Down)
            assert series.selection[2] in [(90,), (98,)]  # 98 behind padding of 8
            assert window.input.series.view._cursor == 90
        accent = colour_at(window.channel.line, 90, window.channel.line.plot.top() + 1)
        assert accent == colour_at(window.input.series.view, 90)

    def test_a_click_in_every_view_moves_it(self, series):
        window = series.window
        for view, step in (
            (window.input.series.view, 40),
            (window.channel.line, 70),
            (window.maps.line.view, 20),
        ):
            found = press(view, step)
            assert abs(found - step) <= 1
            assert series.selection[2] == (found,)
            assert window.input.series.view._cursor == found
        rows = window.maps.mosaic
        spot = rows.cell(5, (100,)).center()
        click(rows.canvas, spot.y(), spot.x())
        assert series.selection[1:] == (5, (100,))
        assert window.input.series.view._cursor == 100
        series.press(Qt.Key.Key_Escape)
        assert window.input.series.view._cursor is None

    def test_all_panels_agree_with_numpy(self, series):
        window, trace = series.window, series.trace
        series.store.select(layer="blocks.d1.conv1", channel=9, unit=(64,))
        conv = trace["blocks.d1.conv1"]
        x = trace.sample.values[0].astype(np.float64)
        sum_ = conv.bias[9] + (conv.weight[9].astype(np.float64) * x[:, 62:65]).sum()
        assert conv.output[9, 64] == pytest.approx(sum_, abs=1e-5)
        relu = window.maps.line.view._values
        np.testing.assert_array_equal(relu, np.maximum(conv.output[9], 0))
        np.testing.assert_array_equal(window.channel.line._values, conv.output[9])
        np.testing.assert_array_equal(window.kernels.taps._weight, conv.weight)
        assert window.kernels.taps.rows._names == CHANNELS
        assert window.channel.rows._names == CHANNELS
        words = window.status()
        assert "channel 9" in words
        assert "step 64 (1.28 s)" in words
        assert "reads input steps 62–64 (1.24 s … 1.28 s)" in words

    def test_the_span_is_the_exact_field_and_follows_the_pointer(self, series):
        window = series.window
        view = window.input.series.view
        series.store.select(layer="blocks.d2.conv1", channel=0, unit=(60,))
        assert view._field.span == (52, 60)
        series.store.select(layer="blocks.d1.conv1", channel=0, unit=(60,))
        step = point_at(window.channel.line, 30)
        assert view._field.span == (step - 2, step)
        assert f"step {step}" in window.status()
        leave_view(window.channel.line)
        assert view._field.span == (58, 60)

    def test_padding_before_the_first_step(self, series):
        series.store.select(layer="blocks.d1.conv1", channel=0, unit=(0,))
        field = series.window.input.series.view._field
        assert field.span == (0, 0)
        assert field.box == (-2, 0)
        assert field._beyond.tolist() == [[-2, 0]]

    def test_the_input_tells_its_values(self, series):
        step = point_at(series.window.input.series.view, 25)
        raw = series.trace.sample.series.values[:, step]
        words = series.window.status()
        assert words.startswith(f"input · step {step} ({step / RATE:.3g} s)")
        assert f"ax {raw[0]:.4g}".replace("-", "−") in words

    def test_kernels_are_pointed_at(self, series):
        window = series.window
        series.store.select(layer="blocks.d16.conv2", channel=4)
        assert "dilation 16" in window.kernels.taps.words.text()
        cell = window.kernels.taps.rows.cell(7, 1).center()
        QTest.mouseMove(window.kernels.taps.rows, cell.toPoint())
        weight = series.trace["blocks.d16.conv2"].weight[4, 7, 1]
        assert "input channel 7 · (1)" in window.status()
        assert f"{weight:.4g}".replace("-", "−") in window.status()


def test_two_pools_stand_over_the_same_maps(series):
    series.show_model("cnn1d")
    series.store.select(layer="conv1", channel=2, unit=(50,))
    first, second = series.window.pooled.parts[:2]
    assert (first.header.title(), second.header.title()) == (
        "Max pooled",
        "Average pooled",
    )
    maps = np.maximum(series.trace["conv1"].output[2], 0).reshape(-1, 4)
    np.testing.assert_array_equal(first.line.view._values, maps.max(1))
    np.testing.assert_allclose(second.line.view._values, maps.mean(1), atol=1e-6)
    places = {part.line.view._place for part in (first, second)}
    assert places == {12}
    assert first.line.view.axis._time[12] == pytest.approx(49.5 / RATE)


class TestCausality:
    def test_what_the_panel_says(self, series):
        said = series.window.input.series.ahead
        along = len([x for x in series.trace.layers if x.shape[1:] > (1,)])
        assert said.text().startswith(f"causal: no unit of the {along} layers")
        series.show_model("cnn1d")
        assert said.text().startswith("not causal: from conv1 on units see up to 4 ")

    def test_it_is_proved_with_a_key(self, series):
        series.store.select(layer="blocks.d1.conv1", channel=0, unit=(57,))
        series.press(Qt.Key.Key_C)
        series.qtbot.waitUntil(lambda: "changed" in series.said, timeout=30_000)
        assert "nothing up to step 57 changed in any of the " in series.said
        assert "does not see the future" in series.said
        series.show_model("cnn1d")
        series.do("causality")
        series.qtbot.waitUntil(lambda: "changed" in series.said, timeout=30_000)
        assert "sees the future" in series.said
        assert "conv1 from step 5" in series.said

    def test_a_picture_has_no_future(self, start, picture):
        one = start(picture)
        one.wait()
        one.do("causality")
        assert one.said == "Only a network of series has a past and a future."


def test_a_field_with_holes(series):
    """What the window shows is what is exact."""
    series.store.select(layer="blocks.d1.add", channel=0, unit=(100,))
    exact = receptive_field(series.trace, "blocks.d1.add", (100,)).mask
    drawn = series.window.input.series.view._field._read
    steps = np.concatenate([np.arange(a, b) for a, b in drawn])
    np.testing.assert_array_equal(steps, np.flatnonzero(exact))


def test_eight_steps_inside_a_span_of_twenty_two(qtbot, settings, readings):
    """Dilations 1, 4 and 16 with two taps, as the window draws it."""
    torch.manual_seed(0)
    parts = []
    for inner, dilation in ((6, 1), (4, 4), (4, 16)):
        parts.append(nn.ZeroPad1d((dilation, 0)))
        parts.append(nn.Conv1d(inner, 4, 2, dilation=dilation))
    module = nn.Sequential(*parts).eval().requires_grad_(False)

    def execute(request, check):
        sample = run_request(request, check).sample
        return replace(trace_module(module, sample), request=request)

    one = Person(qtbot, first_request(readings, "tcn"), settings, execute)
    try:
        one.wait()
        one.store.select(layer="5", channel=0, unit=(60,))
        view = one.window.input.series.view
        drawn = np.concatenate([np.arange(a, b) for a, b in view._field._read])
        assert drawn.tolist() == [39, 40, 43, 44, 55, 56, 59, 60]
        assert view._field.span == (39, 60)
        exact = one.trace.receptive_field("5", (60,))
        assert np.flatnonzero(exact.mask).tolist() == drawn.tolist()
        assert exact.size == (22,)
        assert "8 of steps 39–60" in one.window.status()
        one.store.select(unit=(5,))
        assert view._field._read.tolist() == [[0, 2], [4, 6]]
        beyond = np.concatenate([np.arange(a, b) for a, b in view._field._beyond])
        assert beyond.tolist() == [-16, -15, -12, -11]
    finally:
        one.close()


def test_every_bundled_series_opens(series):
    for path in sorted(resource("samples/series").glob("*.csv")):
        series.controller.open_path(path)
        series.qtbot.waitUntil(
            lambda p=path: series.trace.sample.title == p.name, timeout=30_000
        )
        assert isinstance(series.trace.request.source, TableSource)


def test_the_pointer_over_the_heat_map(series):
    rows = series.window.maps.mosaic
    spot = rows.cell(1, (33,)).center()
    hover(rows.canvas, spot.y(), spot.x())
    assert "step 33" in series.window.status()
    leave(rows.canvas)
