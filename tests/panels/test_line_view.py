import numpy as np
import pytest
from hands import Ear, pixels, rgb
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from time_hands import click, double_click, hover, wheel

from cnnviz.panels.line_view import LineView
from cnnviz.pictures.colours import MARKS, NAN, NEG_INF, POS_INF

CANVAS, ACCENT = rgb("canvas", dark=True), rgb("accent", dark=True)
HAIRLINE, TEXT = rgb("hairline", dark=True), rgb("text", dark=True)


@pytest.fixture
def view(shown, themed):
    themed(True)
    return shown(LineView(), 300, 160)


@pytest.fixture
def before():
    return (np.sin(np.arange(100) / 7) * 3).astype(np.float32)


def rows_of(painted, x, colour):
    return np.flatnonzero((painted[:, int(x)] == colour).all(-1))


def test_every_unit_can_be_clicked(view, before):
    view.show_line(before)
    heard = Ear(view.unitPicked)
    for t in range(100):
        click(view, view.axis.middle(t))
    assert heard.heard == [(t,) for t in range(100)]


def test_the_pointer_reads_the_value(view, before):
    view.show_line(before)
    heard = Ear(view.hovered)
    hover(view, view.axis.middle(33))
    assert heard.heard[-1] == ((33,), float(before[33]))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert heard.heard[-1] is None


def test_showing_is_no_act_of_a_person(view, before):
    heard = Ear(view.unitPicked, view.hovered, view.viewRangeChanged)
    view.show_line(before)
    view.show_place(4)
    view.show_range(10, 20)
    view.resize(200, 120)
    assert heard.heard == []


@pytest.mark.parametrize(
    ("values", "signed", "share"),
    [
        ([1.0, 0.0, 4.0], None, 1.0),
        ([1.0, -4.0, 2.0], None, 0.5),
        ([1.0, 4.0, 2.0], True, 0.5),
        ([0.0, 0.0], None, 1.0),
    ],
)
def test_zero_has_a_line_in_the_middle_or_at_the_bottom(view, values, signed, share):
    view.show_line(np.array(values), signed)
    painted = pixels(view)
    plot = view.plot
    rows = rows_of(painted, plot.left() + 2, HAIRLINE)
    rows = rows[rows < plot.bottom() - 2]
    assert len(rows) == 1
    inner = plot.adjusted(0, 4, 0, -4)
    assert abs(rows[0] - (inner.top() + share * inner.height())) <= 1


def test_a_value_is_drawn_where_the_scale_says(view):
    view.show_line(np.array([0.0, 2.0, -4.0, 4.0, np.nan]))
    inner = view.plot.adjusted(0, 4, 0, -4)
    for t, share in ((0, 0.5), (1, 0.25), (2, 1.0), (3, 0.0)):
        point = view.point(t)
        assert point.x() == view.axis.middle(t)
        assert np.isclose(point.y(), inner.top() + share * inner.height())
        painted = pixels(view)[round(point.y()) - 1 : round(point.y()) + 1]
        near = painted[:, round(point.x()) - 1 : round(point.x()) + 1].astype(int)
        assert (near.max((0, 1)) > np.array(CANVAS) + 100).all()
    assert view.point(4) is None


def test_a_bound_is_shared_with_other_channels(view, before):
    view.show_line(before, True)
    alone = view.point(11).y()
    view.show_line(before, True, bound=30.0)
    middle = view.plot.center().y()
    assert abs(view.point(11).y() - middle) < abs(alone - middle) / 5


def test_the_place_is_marked_at_its_value(view, before):
    view.show_line(before)
    view.show_place(50)
    painted = pixels(view)
    x, y = (round(z) for z in view.point(50).toTuple())
    assert tuple(painted[y, x].tolist()) == ACCENT
    assert len(rows_of(painted, x, ACCENT)) > 0.8 * view.plot.height()
    view.show_place(None)
    assert not (pixels(view) == ACCENT).all(-1).any()


def test_before_the_activation_is_fainter_and_behind(view, before):
    after = np.maximum(before, 0)
    view.show_line(after, True, before=before)
    both = pixels(view)
    low = int(np.argmin(before))
    x = int(view.axis.middle(low))
    bottom = both[int(view.plot.bottom()) - 8 : int(view.plot.bottom()) - 2, x]
    faint = bottom.astype(int).max()
    assert CANVAS[0] + 40 < faint < TEXT[0]
    view.show_line(after, True, bound=float(np.abs(before).max()))
    alone = pixels(view)
    same = slice(int(view.axis.middle(1)), int(view.axis.middle(20)))
    assert (after[:22] == before[:22]).all()
    assert (both[:, same] == alone[:, same]).all()


@pytest.mark.parametrize("length", [30, 3000])
def test_what_is_no_number_has_a_mark_and_no_line(view, length):
    values = np.ones(length)
    at = {NAN: length // 4, NEG_INF: length // 2, POS_INF: 3 * length // 4}
    for code, value in ((NAN, np.nan), (NEG_INF, -np.inf), (POS_INF, np.inf)):
        values[at[code]] = value
    view.show_line(values)
    painted = pixels(view)
    for code, t in at.items():
        rows = np.concatenate(
            [
                rows_of(painted, x, MARKS[code][:3])
                for x in (view.axis.across(t), view.axis.across(t) + 1)
            ]
        )
        middle = view.plot.center().y()
        assert len(rows)
        assert (rows < middle).all() if code == POS_INF else (rows > middle).all()


def test_zoom_and_reset(view, before):
    view.show_line(before, time=np.arange(100) * 0.02)
    heard = Ear(view.viewRangeChanged)
    x = view.axis.middle(20)
    wheel(view, x, 45)
    assert abs(view.axis.middle(20) - x) < 1e-6
    double_click(view, x)
    assert heard.heard[-1] == view.view_range == (0.0, 100.0)


def test_saved_numbers_hold_both_lines(view, before, tmp_path):
    view.show_line(np.maximum(before, 0), before=before, name="layer 3")
    view.exporter.ask = lambda *_: str(tmp_path / "line.csv")
    view.exporter.save_numbers()
    lines = (tmp_path / "line.csv").read_text("utf-8").splitlines()
    assert lines[0] == "t,value,before"
    table = np.loadtxt(lines[1:], delimiter=",", dtype=np.float32)
    np.testing.assert_array_equal(table[:, 1], np.maximum(before, 0))
    np.testing.assert_array_equal(table[:, 2], before)


@pytest.mark.parametrize("values", [[], [2.0], [np.nan] * 5, [3e38, -3e38]])
def test_any_map_is_painted_without_complaint(view, values):
    view.show_line(np.array(values, np.float32))
    view.show_place(0 if values else None)
    hover(view, 200)
    assert pixels(view).shape == (160, 300, 3)
