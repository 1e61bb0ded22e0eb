"""Tables that do not fit, cannot be read, or are read in another way."""

import numpy as np
import pytest
from motion import CHANNELS, LENGTH, motion, write
from person import files
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cnnviz.core.series import TextSource


def push(one, label):
    """Press a button of the message."""
    for button in (one.window.notice._action, one.window.notice._other):
        if button.isVisible() and button.text() == label:
            button.click()
            return
    raise AssertionError(f"no button {label!r} beside {one.said!r}")


def choose(box, words):
    """Choose an option of a box by its words."""
    at = box.findText(words, Qt.MatchFlag.MatchContains)
    assert at >= 0, [box.itemText(i) for i in range(box.count())]
    box.setCurrentIndex(at)


def apply(one):
    one.controller.opening._dialog.apply.click()
    one.wait()


@pytest.fixture
def dialog(series):
    """The dialog about the table on show, as its button opens it."""
    series.window.input.series.change.click()
    return series.controller.opening._dialog


class TestOtherWidths:
    def test_another_number_of_variables(self, series, tmp_path):
        old = series.trace
        path = write(tmp_path / "four.csv", motion(LENGTH + 9, 4), ("p", "q", "r", "s"))
        series.show_picture(path)
        assert series.trace is old
        assert "four.csv: the network wants 6 variables (ax, ay, az, wx, wy, wz)" in (
            series.said
        )
        assert "the table has 4 (p, q, r, s)" in series.said
        push(series, "Structure only")
        series.wait()
        model = series.trace.request.model
        assert (model.name, model.weights, model.channels) == ("tcn", "random", 4)
        assert series.trace["blocks.d1.conv1"].weight.shape == (32, 4, 3)
        assert not series.trace.trained
        assert series.said.startswith("Structure only: TCN with random weights for 4")
        assert series.action("randomWeights").isChecked()
        series.show_model("cnn1d")
        assert series.trace["conv1"].weight.shape == (32, 4, 9)

    def test_a_table_of_the_right_width_brings_the_trained_network_back(
        self, series, readings, tmp_path
    ):
        series.show_picture(write(tmp_path / "one.csv", motion(LENGTH, 1), ("p",)))
        push(series, "Structure only")
        series.wait()
        assert "for 1 variable." in series.said
        series.show_picture(readings)
        assert series.trace.trained
        assert series.said == ""

    def test_too_many_variables_are_mapped_by_hand(self, series, tmp_path):
        names = ("p0", "p1", "p2", "p3", "p4", "p5", "p6")
        values = motion(LENGTH + 2, 7)
        series.show_picture(write(tmp_path / "seven.csv", values, names))
        push(series, "Table…")
        dialog = series.controller.opening._dialog
        assert len(dialog.mapping) == 6
        for box, name in zip(dialog.mapping, names[1:], strict=True):
            choose(box, name)
        apply(series)
        found = series.trace.sample.series
        assert found.names == names[1:]
        np.testing.assert_allclose(found.values, values[:LENGTH, 1:].T, atol=1e-6)
        assert series.trace.trained

    def test_names_are_matched_in_any_order(self, series, tmp_path):
        order = [3, 0, 5, 1, 4, 2]
        values = motion(LENGTH + 2)
        names = [CHANNELS[i] for i in order]
        series.show_picture(write(tmp_path / "mixed.csv", values[:, order], names))
        found = series.trace.sample.series
        assert found.names == CHANNELS
        np.testing.assert_allclose(found.values, values[:LENGTH].T, atol=1e-6)

    def test_too_short_is_padded_and_said(self, series, tmp_path):
        series.show_picture(write(tmp_path / "short.csv", motion(LENGTH - 28)))
        assert (
            f"28 steps of the mean put before {LENGTH - 28}"
            in series.window.input.steps.text()
        )
        sample = series.trace.sample
        assert (sample.values[0][:, :28] == 0).all()
        assert sample.series.time[28] == 0
        assert sample.series.time[0] == pytest.approx(-28 / 50)
        assert sample.series.start == -28


class TestDialog:
    def test_it_blocks_nothing_and_says_what_was_decided(self, series, dialog):
        assert dialog.isVisible()
        assert not dialog.isModal()
        assert dialog.delimiter.currentText() == "found: comma"
        assert dialog.decimal.currentText() == "found: point"
        assert dialog.header.currentText() == "found: row 1"
        assert dialog.time.currentText() == "found: time_s"
        assert dialog.kept() == CHANNELS
        assert [box.currentText() for box in dialog.mapping] == [
            f"found: {name}" for name in CHANNELS
        ]
        assert dialog.source() == series.trace.request.source

    def test_the_mapping_is_changed(self, series, dialog, readings):
        choose(dialog.mapping[0], "wz")
        choose(dialog.mapping[5], "ax")
        apply(series)
        raw = np.loadtxt(readings, delimiter=",", skiprows=1)[:, 1:].T
        swapped = raw[[5, 1, 2, 3, 4, 0]]
        np.testing.assert_array_equal(series.trace.sample.series.values, swapped)
        assert series.window.kernels.taps._names == ("wz", *CHANNELS[1:5], "ax")

    def test_the_time_is_no_time(self, series, dialog):
        choose(dialog.time, "none; steps")
        dialog.rate.setValue(25)
        apply(series)
        assert series.trace.sample.series.rate == 25
        assert dialog.isVisible()

    def test_gaps_are_filled_as_chosen(self, series, tmp_path):
        values = motion()
        values[40:44, 2] = np.nan
        path = write(tmp_path / "gaps.csv", values)
        series.show_picture(path)
        found = series.trace.sample.series
        assert np.isnan(found.values[2, 40:44]).all()
        known = np.flatnonzero(~np.isnan(values[:, 2]))
        filled = np.interp(range(LENGTH), known, np.round(values[known, 2], 6))
        np.testing.assert_allclose(found.fed[2], filled, atol=1e-9)
        assert "4 missing values" in series.window.input.notes.text()
        series.controller.opening.show_table()
        dialog = series.controller.opening._dialog
        choose(dialog.missing, "value before")
        apply(series)
        held = series.trace.sample.series.fed[2, 40:44]
        np.testing.assert_allclose(held, np.round(values[39, 2], 6))
        choose(dialog.missing, "refuse")
        apply(series)
        assert 'gaps.csv, row 42, column "az": expected a number' in series.said

    def test_a_picture_closes_it(self, series, dialog, picture):
        series.show_picture(picture)
        assert series.controller.opening._dialog is None

    def test_it_can_be_closed_and_opened_again(self, series, dialog):
        dialog.close()
        assert series.controller.opening._dialog is None
        series.controller.opening.show_table()
        assert series.controller.opening._dialog.isVisible()


class TestStretches:
    def test_the_window_is_dragged_over_a_long_table(self, series, tmp_path):
        values = motion(1000)
        series.show_picture(write(tmp_path / "long.csv", values))
        strip = series.window.input.series.strip
        assert strip.isVisible()
        assert strip.window_steps == (0, LENGTH)
        at = QPoint(int(strip._axis.across(500)), strip.height() // 2)
        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=at)
        series.wait()
        start = series.trace.sample.series.start
        assert abs(start - (500 - LENGTH // 2)) <= 3
        assert strip.window_steps == (start, start + LENGTH)
        expected = values[start : start + LENGTH].T
        np.testing.assert_allclose(
            series.trace.sample.series.values, expected, atol=1e-6
        )

    def test_two_hundred_thousand_rows(self, series, tmp_path):
        path = tmp_path / "huge.csv"
        values = np.zeros((200_000, 9))
        values[:, 1:] = np.arange(200_000)[:, None] % 97
        values[:, 0] = np.arange(200_000) / 100
        values[123_456, 3] = 4000
        names = ["time_s", *(f"v{i}" for i in range(8))]
        np.savetxt(path, values, "%.2f", ",", header=",".join(names), comments="")
        series.controller.open_path(path)
        series.wait()
        push(series, "Structure only")
        series.wait()
        found = series.trace.sample.series
        assert (found.total, found.whole.shape) == (200_000, (8, 200_000))
        strip = series.window.input.series.strip
        image = strip.grab().toImage()
        x = int(strip._axis.across(123_456))
        column = {image.pixel(x, y) for y in range(2, strip.height() // 2)}
        assert len(column) > 1  # the spike alone reaches up there
        series.controller.opening._start_at(123_400)
        series.wait()
        assert series.trace.sample.series.values[2, 56] == 4000


BAD = {
    "no numbers.csv": ("name,colour\nann,red\nbob,blue\n", "no numbers.csv"),
    "one row.csv": ("t,a\n0,1\n", "at least two rows"),
    "ragged.csv": ("a,b,c\n1,2,3\n4,5\n6,7,8\n9,1,2\n", "line 3 has 2"),
    "prose.csv": ("Dear all,\nthe meeting is off.\nYours\n", "prose.csv"),
    "both.csv": ('a;b\n"1,234.5";2\n"1.234,5";3\n', "both.csv"),
    "empty.csv": ("", "empty.csv"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_are_refused_in_words_and_nothing_is_lost(series, tmp_path, name):
    content, words = BAD[name]
    old = series.trace
    path = tmp_path / name
    path.write_text(content)
    series.drop(files(path))
    series.wait()
    assert series.trace is old
    assert words in series.said
    assert series.store.state.request == old.request


def test_a_spreadsheet_file(series, tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(200))
    series.drop(files(path))
    series.wait()
    assert "book.xlsx" in series.said
    assert "CSV" in series.said


def test_infinite_values(series, tmp_path):
    values = motion(LENGTH + 2)
    values[7, 1] = np.inf
    old = series.trace
    series.show_picture(write(tmp_path / "inf.csv", values))
    assert series.trace is not old or "inf.csv, row 9" in series.said
    assert "inf" in series.said + series.window.input.notes.text()


def test_columns_of_one_name(series, tmp_path):
    names = ("ax", "ax", "az", "wx", "wy", "wz")
    series.show_picture(write(tmp_path / "twice.csv", motion(LENGTH + 2), names))
    assert "stands above several columns" in series.window.input.notes.text()
    assert series.trace.sample.series.names[:2] == ("ax", "ax (2)")


def test_a_table_refused_at_first_is_read_in_another_way(series, tmp_path):
    path = tmp_path / "both.csv"
    rows = [f"{i};1.{i:03d}" for i in range(200)]
    path.write_text("\n".join(["a;b", *rows, "1,5;2.000"]))
    series.controller.open_path(path)
    series.wait()
    push(series, "Table…")
    dialog = series.controller.opening._dialog
    assert dialog.isVisible()
    choose(dialog.decimal, "point")
    choose(dialog.delimiter, "semicolon")
    assert dialog.source().choices.decimal == "."
    assert dialog.source().choices.delimiter == ";"


def test_a_pasted_table_is_refused_in_words(series, qapp):
    qapp.clipboard().setText("a\tb\n1\t2\n")
    series.do("paste")
    series.wait()
    assert "pasted table: expected at least two rows of numbers" in series.said
    assert not isinstance(series.trace.request.source, TextSource)
