"""Cells, bars and lines of the unit panel: places and painted colours."""

import numpy as np
import pytest
from hands import Ear, move, pixels, rgb
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from cnnviz.core.look import Look
from cnnviz.panels.small_grid import SmallGrid
from cnnviz.panels.terms_bars import TermsBars
from cnnviz.panels.terms_list import Line, TermsList
from cnnviz.pictures.colours import diverging, sequential

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
DARK = Look(dark=True)


def painted(widget, at):
    return tuple(pixels(widget)[int(at.y()), int(at.x())].tolist())


@pytest.fixture
def grid(shown, themed):
    themed(True)
    return shown(SmallGrid("x"), 120, 140)


def show(grid, values, whole=None, look=DARK, **more):
    values = np.asarray(values, float)
    index = np.arange(values.size).reshape(values.shape)
    grid.show_cells(
        values,
        index,
        values.ravel() if whole is None else np.array(whole),
        look,
        **more,
    )


def corner_of(cell):
    """A point of a cell that no number is written on."""
    return cell.topLeft() + QPointF(3, 3)


def test_signed_cells_have_zero_in_the_middle(grid):
    show(grid, [[-2.0, 0.0], [1.0, 2.0]])
    colours = diverging(True)
    for (row, column), code in {
        (0, 0): 0, (0, 1): 125, (1, 0): int(125 + 0.5 * 125 + 0.5), (1, 1): 250
    }.items():  # fmt: skip
        found = painted(grid, corner_of(grid.cell(row, column)))
        assert found == tuple(colours[code].tolist())
    assert grid.caption == "x  ±2"


def test_cells_from_zero_up_use_the_chosen_colours(grid):
    show(grid, [[0.0, 4.0]])
    assert painted(grid, corner_of(grid.cell(0, 0))) == tuple(
        sequential("ember")[0].tolist()
    )
    assert painted(grid, corner_of(grid.cell(0, 1))) == tuple(
        sequential("ember")[251].tolist()
    )
    assert grid.caption == "x  0 – 4"


def test_the_scale_is_of_all_terms_unless_one_per_map_is_wanted(grid):
    show(grid, [[1.0, 0.5]], whole=[8.0, -8.0])
    assert grid.caption == "x  ±8"
    show(grid, [[1.0, 0.5]], whole=[8.0, -8.0], look=Look(dark=True, scale="map"))
    assert grid.caption == "x  ±1"


def test_zeros_only_say_so(grid):
    show(grid, np.zeros((3, 3)))
    assert grid.caption == "x  all 0"


def test_what_is_no_number_has_its_own_colour(grid):
    show(grid, [[np.nan, 1.0]])
    assert painted(grid, corner_of(grid.cell(0, 0))) == (0, 255, 60)


@pytest.mark.parametrize("scale", ["layer", "map"])
def test_what_is_not_finite_is_said_and_never_called_zero(grid, scale):
    nan, inf = np.nan, np.inf
    look = Look(dark=True, scale=scale)
    for values, words in (
        ([[nan, nan, nan]], "x  all NaN"),
        ([[inf, inf]], "x  all +∞"),
        ([[-inf]], "x  all −∞"),
        ([[nan, inf]], "x  no finite value"),
        ([[0.0, nan, -inf]], "x  0 · 1 NaN · 1 −∞"),
        ([[nan, 2.0]], "x  0 – 2 · 1 NaN"),
        ([[inf, -2.0]], "x  ±2 · 1 +∞"),
    ):
        show(grid, values, look=look)
        assert grid.caption == words


def test_the_numbers_of_a_caption_are_cut_last(grid):
    grid.set_title("average")
    show(grid, [[0.0, 0.75]])
    wide = grid.fontMetrics().horizontalAdvance
    for room, said in (
        (wide("average  0 – 0.75") + 2, "average  0 – 0.75"),
        (wide("average 0–0.75") + 1, "average 0–0.75"),
        (wide("aver… 0–0.75") + 1, "aver… 0–0.75"),
        (wide("0–0.75") + 1, "0–0.75"),
    ):
        assert grid._fitting(room) == said


def test_a_hole_is_not_counted_as_no_number(grid):
    index = np.array([[0, -1], [1, -1]])
    values = np.array([[1.0, np.nan], [np.inf, np.nan]])
    grid.show_cells(values, index, np.array([1.0]), DARK)
    assert grid.caption == "x  0 – 1 · 1 +∞"


def test_every_point_of_a_cell_is_its_term(grid):
    show(grid, np.arange(12.0).reshape(3, 4))
    for row in range(3):
        for column in range(4):
            cell = grid.cell(row, column)
            for at in (cell.center(), cell.topLeft() + QPointF(0.5, 0.5)):
                assert grid.term_at(at) == 4 * row + column
    assert grid.term_at(grid.area().bottomRight() + QPointF(2, 2)) is None


def test_a_hole_is_no_term(grid):
    index = np.array([[0, -1]])
    grid.show_cells(np.array([[1.0, np.nan]]), index, np.array([1.0]), DARK)
    assert grid.term_at(grid.cell(0, 1).center()) is None
    assert painted(grid, grid.cell(0, 1).center()) == rgb("canvas", dark=True)


@pytest.mark.parametrize("shape", [(1, 9), (1, 700), (60, 60), (300, 200), (1, 1)])
def test_any_window_fits(grid, shape):
    show(grid, np.ones(shape))
    area = grid.area()
    assert area.right() <= grid.width()
    assert area.bottom() <= grid.height()
    assert area.width() >= min(shape[1], 16)
    last = grid.term_at(area.bottomRight() - QPointF(0.01, 0.01))
    assert last == shape[0] * shape[1] - 1


def test_marks_are_painted_in_their_colours(grid):
    show(grid, np.ones((3, 3)), winner=np.eye(3, dtype=bool) & (np.arange(3) == 1))
    assert (pixels(grid) == rgb("text", dark=True)).all(-1).any()
    accent = rgb("accent", dark=True)
    assert not (pixels(grid) == accent).all(-1).any()
    grid.show_term(2, None)
    assert (pixels(grid) == accent).all(-1).any()


def test_padding_is_told_from_zero(grid):
    show(grid, np.zeros((2, 2)))
    plain = pixels(grid)
    show(grid, np.zeros((2, 2)), padding=np.array([[True, True], [False, False]]))
    changed = (pixels(grid) != plain).any(-1)
    rows = np.flatnonzero(changed.any(1))
    assert rows.min() >= grid.cell(0, 0).top() - 1
    assert rows.max() <= grid.cell(0, 0).bottom() + 1


def test_clicks_say_the_term(grid):
    show(grid, np.ones((2, 2)))
    ear = Ear(grid.pressed, grid.opened)
    at = grid.cell(1, 0).center().toPoint()
    QTest.mouseClick(grid, LEFT, NO_KEY, at)
    QTest.mouseDClick(grid, LEFT, NO_KEY, at)
    assert set(ear.heard) == {2}
    away = Ear(grid.pointed)
    move(grid, (at.x(), at.y()))
    move(grid, (0, 0))
    assert away.heard == [2, None]


@pytest.fixture
def bars(shown, themed):
    themed(True)
    return shown(TermsBars(), 200, 80)


def fill(bars, values):
    bars.show_bars(np.asarray(values, float), "map {}".format, "sums", DARK)


def test_bars_go_up_and_down_in_the_colours_of_the_signs(bars):
    fill(bars, [4.0, -2.0, 1.0])
    up, down = (tuple(diverging(True)[code].tolist()) for code in (250, 0))
    assert painted(bars, bars.bar(0).center()) == up
    assert painted(bars, bars.bar(1).center()) == down
    assert bars.bar(0).height() == pytest.approx(2 * bars.bar(1).height())
    assert bars.bar(0).bottom() == pytest.approx(bars.bar(1).top())


def test_what_finds_no_room_is_counted_together(bars):
    values = 1.0 / np.arange(1, 501)
    fill(bars, values)
    _, alone = bars.layout_of()
    assert 40 < alone < 100
    assert bars.place_at(QPointF(199, 40)) is None
    move(bars, (198, 40))
    rest = values[alone:].sum()
    assert bars.toolTip() == f"{500 - alone} more add {rest:.4g} together"
    move(bars, (1, 40))
    assert bars.toolTip() == "map 0 adds 1"


def test_a_click_on_a_bar_names_its_place(bars):
    fill(bars, [4.0, -2.0, 1.0])
    ear = Ear(bars.picked)
    QTest.mouseClick(bars, LEFT, NO_KEY, bars.bar(1).center().toPoint())
    QTest.mouseClick(bars, LEFT, NO_KEY, bars.rect().bottomRight())
    assert ear.heard == [1]


def test_no_sums_are_no_bars(bars):
    fill(bars, [])
    assert bars.place_at(QPointF(2, 40)) is None
    assert bars.grab().width() == 200


def test_lines_say_their_term_and_settings_none(shown, themed):
    themed(False)
    lines = shown(TermsList(), 200, 80)
    lines.show_lines([Line("a channel 1", "0.5", 7), Line("mean", "0.1")])
    ear = Ear(lines.pressed, lines.opened, lines.pointed)
    for place in (0, 1):
        at = lines.line(place).center().toPoint()
        move(lines, (at.x(), at.y()))
        QTest.mouseClick(lines, LEFT, NO_KEY, at)
        QTest.mouseDClick(lines, LEFT, NO_KEY, at)
    assert [term for term in ear.heard if term is not None] == [7] * 3
    lines.show_term(7, None)
    bar = lines.line(0).center().toPoint()
    assert painted(lines, QPointF(1, bar.y())) == rgb("accent")
