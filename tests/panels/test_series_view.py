import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
from hands import Ear, pixels, rgb
from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtGui import QContextMenuEvent, QHelpEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from time_hands import (
    causal,
    click,
    double_click,
    drag,
    hover,
    make_series,
    wheel,
)

from cnnviz.panels import series_view
from cnnviz.panels.series_view import SeriesView

CANVAS, ACCENT = rgb("canvas", dark=True), rgb("accent", dark=True)


@pytest.fixture
def view(shown, themed):
    themed(True)
    return shown(SeriesView(), 420, 300)


@pytest.fixture
def waves():
    t = np.arange(128)
    return make_series(
        [np.sin(t / 9), np.cos(t / 5) * 40, t % 16], units=("g", "", "mm")
    )


def at(view, x, y):
    return tuple(pixels(view)[int(y), int(x)].tolist())


def test_every_step_can_be_clicked(view, waves):
    view.show_series(waves)
    heard = Ear(view.timePicked)
    for t in range(128):
        click(view, view.axis.middle(t))
    assert heard.heard == list(range(128))


def test_names_and_padding_cannot_be_clicked(view, waves):
    view.show_series(waves)
    heard = Ear(view.timePicked)
    click(view, 20)
    click(view, view.axis.across(0) - 4)
    click(view, view.axis.across(128) + 4)
    assert heard.heard == []


def test_the_pointer_reads_every_variable(view, waves):
    values = waves.values.copy()
    values[1, 70] = np.nan
    view.show_series(make_series(values))
    heard = Ear(view.hovered)
    hover(view, view.axis.middle(70))
    t, read = heard.heard[-1]
    assert t == 70
    np.testing.assert_array_equal(read, values[:, 70])
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert heard.heard[-1] is None


def test_showing_is_no_act_of_a_person(view, waves):
    heard = Ear(view.timePicked, view.hovered, view.viewRangeChanged)
    view.show_series(waves)
    view.show_cursor(30)
    view.show_field(*causal(30, (1, 4), 128))
    view.show_range(10, 50)
    view.fit()
    view.resize(300, 260)
    assert heard.heard == []


@pytest.mark.parametrize("length", [40, 5000])
def test_a_line_is_where_its_values_are(view, length):
    levels = np.where(np.arange(length) < length // 2, 10.0, -10.0)
    view.show_series(make_series([levels, -levels]))
    painted = pixels(view)
    for variable, sign in ((0, 1), (1, -1)):
        lane = view.lane(variable)
        for share, value in ((0.25, sign), (0.75, -sign)):
            x = int(view.axis.across(length * share))
            column = painted[int(lane.top()) : int(lane.bottom()) - 1, x].astype(int)
            lit = np.flatnonzero((column != CANVAS).any(1))
            assert len(lit)
            top = value > 0
            assert (lit < 6).all() if top else (lit > len(column) - 7).all()


def test_a_constant_lies_in_the_middle_and_nothing_nowhere(view):
    view.show_series(make_series([np.full(90, 3.5), np.full(90, np.nan)]))
    painted = pixels(view)
    x = int(view.axis.middle(45))
    lit = []
    for variable in (0, 1):
        lane = view.lane(variable)
        column = painted[int(lane.top()) : int(lane.bottom()) - 1, x]
        lit.append(np.flatnonzero((column != CANVAS).any(1)) / len(column))
    assert np.allclose(lit[0], 0.5, atol=0.03)
    assert not len(lit[1])


@pytest.mark.parametrize("length", [60, 6000])
def test_missing_values_are_a_gap_and_what_was_fed_is_faint(view, length):
    rising = np.linspace(0, 1, length)
    values = rising.copy()
    gap = slice(length // 3, length // 2)
    values[gap] = np.nan
    lane = None
    brightness = []
    for filled in (None, rising[None]):
        view.show_series(make_series([values]), filled)
        lane = view.lane(0)
        left, right = (int(view.axis.middle(t)) for t in (gap.start + 1, gap.stop - 2))
        painted = pixels(view)[int(lane.top()) : int(lane.bottom()) - 1]
        inside = painted[:, left + 2 : right - 2].astype(int)
        brightness.append(int((inside - np.array(CANVAS)).max()))
    outside = painted[:, right + 5 :].astype(int)
    assert brightness[0] == 0
    assert 40 < brightness[1] < int((outside - np.array(CANVAS)).max())


def test_the_cursor_is_an_upright_accent_line(view, waves):
    view.show_series(waves)
    view.show_cursor(64)
    painted = pixels(view)
    x = round(view.axis.middle(64))
    for variable in range(3):
        y = int(view.lane(variable).center().y())
        assert tuple(painted[y, x].tolist()) == ACCENT
    view.show_cursor(None)
    assert not (pixels(view) == ACCENT).all(-1).any()


def test_the_wheel_zooms_at_the_pointer_and_a_double_click_resets(view, waves):
    view.show_series(waves)
    heard = Ear(view.viewRangeChanged)
    x = view.axis.middle(100)
    wheel(view, x, 45)
    first, last = view.view_range
    assert heard.heard == [(first, last)]
    assert last - first < 128
    assert abs(view.axis.middle(100) - x) < 1e-6
    double_click(view, x)
    assert view.view_range == (0.0, 128.0)
    assert heard.heard[-1] == (0.0, 128.0)


def test_what_does_not_move_is_not_announced(view, waves):
    view.show_series(waves)
    heard = Ear(view.viewRangeChanged)
    wheel(view, 300, -45)
    drag(view, 200, 300)
    double_click(view, 300)
    assert heard.heard == []


def test_a_drag_pans_and_picks_nothing(view, waves):
    view.show_series(waves)
    view.show_range(40, 80)
    heard, picked = Ear(view.viewRangeChanged), Ear(view.timePicked)
    scale = view.axis.scale
    drag(view, 300, 250)
    assert np.allclose(view.view_range, (40 + 50 / scale, 80 + 50 / scale))
    assert heard.heard[-1] == view.view_range
    assert picked.heard == []


def test_the_wheel_turned_sideways_pans(view, waves):
    view.show_series(waves)
    view.show_range(40, 80)
    wheel(view, 300, -15, sideways=True)
    first, last = view.view_range
    assert first > 40
    assert np.isclose(last - first, 40)


def test_the_view_and_nothing_else_stays_for_a_series_as_long(view, waves):
    view.show_series(waves)
    view.show_range(40, 80)
    view.show_cursor(60)
    view.show_field(*causal(60, (1, 4), 128))
    view.show_series(make_series(-waves.values))
    assert view.view_range == (40.0, 80.0)
    assert not (pixels(view) == ACCENT).all(-1).any()
    view.show_series(make_series(waves.values[:, :100]))
    assert view.view_range == (0.0, 100.0)


def test_marks_and_pointer_do_not_paint_the_lines_again(view, waves, monkeypatch):
    view.show_series(waves)
    pixels(view)
    painted = []
    original = series_view.paint_line

    def noting(*args, **options):
        painted.append(args)
        original(*args, **options)

    monkeypatch.setattr(series_view, "paint_line", noting)
    view.show_cursor(40)
    view.show_field(*causal(40, (1, 4), 128))
    hover(view, 300)
    pixels(view)
    assert not painted
    view.show_range(10, 90)
    pixels(view)
    assert painted


def test_both_themes_paint_on_their_canvas(view, waves, themed):
    for dark in (False, True):
        themed(dark)
        view.show_series(waves)
        assert at(view, view.axis.across(0) - 6, 8) == rgb("canvas", dark)
        view.show_cursor(40)
        y = view.lane(0).center().y()
        assert at(view, round(view.axis.middle(40)), y) == rgb("accent", dark)
        view.show_cursor(None)


@pytest.mark.parametrize("count", [1, 6, 9, 40])
def test_lanes_share_a_small_panel_and_names_do_not_run_into_each_other(
    view, count, qtbot
):
    view.resize(280, 360)
    names = tuple(f"variable {i} of many" for i in range(count))
    view.show_series(
        make_series(np.random.default_rng(3).random((count, 200)), names=names)
    )
    lanes = [view.lane(i) for i in range(count)]
    assert all(a.bottom() == b.top() for a, b in pairwise(lanes))
    heights = [lane.height() for lane in lanes]
    assert max(heights) - min(heights) <= 1
    assert lanes[0].width() >= 280 * 0.6
    painted = pixels(view)
    for lane in lanes if count < 10 else lanes[:1]:
        left = painted[int(lane.top()) : int(lane.bottom()) - 1, : int(lane.left())]
        lit = (left != CANVAS).any(-1)
        assert lit.any()
        assert not lit[:, -6:].any()
        if count == 9:  # two lines of words, and air around them
            rows = np.flatnonzero(lit.any(1))
            assert rows[0] > 1
            assert rows[-1] < len(lit) - 2
            assert not lit.any(1)[rows[0] : rows[-1]].all()


def test_a_name_that_is_cut_can_be_read_whole(view):
    names = ("concentration of particles below 2.5 µm", "b")
    view.show_series(make_series([[1, 2], [3, 4]], names=names, units=("µg/m³", "")))
    spot = QPoint(20, int(view.lane(0).center().y()))
    where = view.mapToGlobal(spot)
    QApplication.sendEvent(view, QHelpEvent(QEvent.Type.ToolTip, spot, where))
    assert QToolTip.text() == f"{names[0]} (µg/m³): 1 … 2"
    QToolTip.hideText()


def test_a_right_click_offers_picture_and_numbers(view, waves, monkeypatch):
    opened = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, at: opened.append((menu, at)))
    view.show_series(waves)
    spot = QPoint(200, 60)
    where = view.mapToGlobal(spot)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(view, QContextMenuEvent(reason, spot, where))
    [(menu, at)] = opened
    assert at == where
    words = [action.text() for action in menu.actions()]
    assert words == ["Copy image", "Save image…", "Save numbers…"]


def test_saved_numbers_are_a_table_that_other_programs_read(view, waves, tmp_path):
    view.show_series(waves, waves.values + 1)
    for name in ("series.csv", "series.npz"):
        view.exporter.ask = lambda *_, name=name: str(tmp_path / name)
        view.exporter.save_numbers()
    lines = (tmp_path / "series.csv").read_text("utf-8").splitlines()
    assert lines[0] == "step,time_s,v0,v1,v2"
    table = np.loadtxt(lines[1:], delimiter=",")
    np.testing.assert_array_equal(table[:, 0], np.arange(128))
    np.testing.assert_array_equal(table[:, 1], waves.time)
    np.testing.assert_array_equal(table[:, 2:], waves.values.T)
    with np.load(tmp_path / "series.npz") as saved:
        assert saved["names"].tolist() == ["v0", "v1", "v2"]
        np.testing.assert_array_equal(saved["filled"], waves.values + 1)


def test_the_saved_picture_is_twice_as_dense(view, waves):
    view.show_series(waves)
    view.show_cursor(64)
    image = view.image()
    assert image.size() == view.size() * 2
    assert image.pixelColor(2, 2).getRgb()[:3] == CANVAS
    x, y = round(view.axis.middle(64) * 2), int(view.lane(1).center().y() * 2)
    assert image.pixelColor(x, y).getRgb()[:3] == ACCENT


def test_the_picture_has_no_pointer_in_it(view, waves):
    view.show_series(waves)
    alone = view.image()
    hover(view, 300)
    assert view.image() == alone
    assert view._pointed is not None


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (1, 1), (3, 2)])
def test_next_to_nothing_is_painted_without_complaint(view, shape):
    view.show_series(make_series(np.zeros(shape)))
    view.show_cursor(None)
    hover(view, 300)
    wheel(view, 300, 30)
    assert pixels(view).shape == (300, 420, 3)


def test_values_at_the_ends_of_the_floats_are_painted_in_their_lane(view):
    view.show_series(make_series([[-1.7e308, 1.7e308, 0.0], [1e-320, 0.0, 5e-324]]))
    assert view.point(0, 2).y() == pytest.approx(view.lane(0).center().y(), abs=2)
    pixels(view)


def test_a_closed_view_is_gone(qtbot, waves):
    alive = []
    for _ in range(4):
        view = SeriesView()
        qtbot.addWidget(view)
        view.show_series(waves)
        view.show()
        alive.append(weakref.ref(view.axis))
        view.close()
        view.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        del view
    gc.collect()
    assert [ref() for ref in alive[:-1]] == [None] * 3


def test_labels_are_short():
    from cnnviz.panels.lane_label import LaneLabel
    from cnnviz.pictures.envelope import Envelope

    label = LaneLabel.of("speed [1/min]", "1/min", Envelope(np.array([382.4, 2956.0])))
    assert label.words() == "speed [1/min]: 382 … 2,956"
    label = LaneLabel.of("x", "g", Envelope(np.array([-0.12345, 4e7])))
    assert label.words() == "x (g): −0.123 … 4e+07"
