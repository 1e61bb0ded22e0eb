import numpy as np
import pytest
from hands import Ear, click, colour_at, pixels, point, rgb, wheel
from PySide6.QtCore import QEvent, QPoint, QRectF
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from cnnviz.panels.mosaic import MosaicView
from cnnviz.pictures.colours import table
from cnnviz.pictures.levels import levels, quantise
from cnnviz.pictures.montage import as_tiles, heat_map, whole_weight

GREY = table("grey", False, True)


def show_maps(view, maps, **options):
    codes = quantise(maps, levels(maps, signed=False))
    view.show_tiles(as_tiles(codes), maps, GREY, **options)


@pytest.fixture
def mosaic(shown, themed):
    themed(True)
    return shown(MosaicView(), 320, 240)


@pytest.fixture
def maps():
    return np.random.default_rng(2).random((6, 5, 4)).astype(np.float32)


def test_rows_go_down_and_columns_across(mosaic):
    lone = np.zeros((1, 4, 7), np.float32)
    lone[0, 0, 6], lone[0, 3, 0] = 1.0, 0.5
    show_maps(mosaic, lone)
    heard = Ear(mosaic.hovered)
    top, end = mosaic.cell(0, (0, 0)), mosaic.cell(0, (3, 6))
    assert top.united(end).size().toTuple() == (7, 4)
    assert colour_at(mosaic.canvas, (0.5, 6.5)) == tuple(GREY[251, :3])
    assert colour_at(mosaic.canvas, (3.5, 6.5)) == tuple(GREY[0, :3])
    point(mosaic.canvas, (0.5, 6.5))
    assert heard.heard[-1] == (0, (0, 6), 1.0)


def test_every_unit_can_be_clicked(mosaic, maps):
    show_maps(mosaic, maps)
    heard = Ear(mosaic.picked)
    places = [(c, (y, x)) for c in range(6) for y in range(5) for x in range(4)]
    for channel, unit in places:
        cell = mosaic.cell(channel, unit).center()
        click(mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == places


def test_a_click_between_tiles_picks_nothing(mosaic, maps):
    show_maps(mosaic, maps)
    heard = Ear(mosaic.picked)
    click(mosaic.canvas, (2.5, 4.5))
    assert heard.heard == []


def test_showing_is_no_act_of_a_person(mosaic, maps):
    heard = Ear(mosaic.picked, mosaic.hovered)
    show_maps(mosaic, maps)
    mosaic.show_place(3, (1, 1))
    mosaic.resize(200, 300)
    show_maps(mosaic, maps[:2])
    assert heard.heard == []


def test_the_chosen_tile_is_framed(mosaic, maps):
    show_maps(mosaic, maps)
    mosaic.show_place(4, None)
    tile = mosaic.tile(4)
    edges = [
        (tile.top(), tile.center().x(), -1, 0),
        (tile.bottom(), tile.center().x(), 0, 0),
        (tile.center().y(), tile.left(), 0, -1),
        (tile.center().y(), tile.right(), 0, 0),
    ]
    painted = pixels(mosaic.canvas)
    for row, col, down, across in edges:
        at = mosaic.canvas.to_screen(QRectF(col, row, 0, 0).topLeft())
        colour = painted[int(at.y()) + down, int(at.x()) + across]
        assert tuple(colour.tolist()) == rgb("accent", dark=True)
    inside = mosaic.canvas.to_screen(tile.topLeft())
    colour = tuple(painted[int(inside.y()), int(inside.x())].tolist())
    assert colour != rgb("accent", dark=True)


def test_the_place_is_marked_in_the_chosen_tile_only(mosaic, maps):
    show_maps(mosaic, maps)
    bare = pixels(mosaic.canvas)
    mosaic.show_place(1, (2, 3))
    changed = (pixels(mosaic.canvas) != bare).any(-1)
    tile = mosaic.tile(1)
    corner = mosaic.canvas.to_screen(tile.topLeft())
    end = mosaic.canvas.to_screen(tile.bottomRight())
    rows, columns = np.nonzero(changed)
    assert rows.min() >= corner.y() - 3
    assert rows.max() <= end.y() + 3
    assert columns.min() >= corner.x() - 3
    assert columns.max() <= end.x() + 3
    cell = mosaic.canvas.to_screen(mosaic.cell(1, (2, 3)).topLeft())
    just_outside = pixels(mosaic.canvas)[int(cell.y()) - 1, int(cell.x()) + 5]
    assert tuple(just_outside.tolist()) == rgb("accent", dark=True)
    mosaic.show_place(None, None)
    assert (pixels(mosaic.canvas) == bare).all()


def test_a_marker_can_be_seen_however_small_its_cell(mosaic):
    show_maps(mosaic, np.zeros((9, 200, 200), np.float32))
    mosaic.show_place(4, (100, 100))
    green = (pixels(mosaic.canvas) == rgb("accent", dark=True)).all(-1)
    cell = mosaic.canvas.to_screen(mosaic.cell(4, (100, 100)).center())
    y, x = int(cell.y()), int(cell.x())
    assert green[y - 6 : y + 7, x - 6 : x + 7].sum() >= 4 * 6


def test_moving_the_place_does_not_touch_the_picture(mosaic, maps, monkeypatch):
    show_maps(mosaic, maps)

    def painted_again(*_args, **_kwargs):
        raise AssertionError("the picture was set again")

    monkeypatch.setattr(mosaic.canvas, "set_picture", painted_again)
    mosaic.show_place(2, (0, 0))
    assert mosaic._frame.area is not None


def test_tiles_are_laid_out_anew_when_the_panel_changes_shape(mosaic, maps, qtbot):
    show_maps(mosaic, maps)
    mosaic.resize(90, 600)
    qtbot.waitUntil(lambda: mosaic.grid.columns == 1)
    mosaic.resize(600, 90)
    qtbot.waitUntil(lambda: mosaic.grid.rows == 1)
    assert mosaic.canvas.size_px == mosaic.grid.shape


def test_vectors_are_cells_in_rows(mosaic):
    values = np.arange(12, dtype=np.float32)
    show_maps(mosaic, values)
    heard = Ear(mosaic.picked)
    cell = mosaic.cell(7, ()).center()
    click(mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [(7, ())]


def test_series_are_rows_with_time_across(mosaic):
    maps = np.random.default_rng(3).random((4, 50)).astype(np.float32)
    show_maps(mosaic, maps, grid=heat_map(4, 50), stretch=True)
    heard = Ear(mosaic.picked)
    click(mosaic.canvas, (2.5, 31.5))
    assert heard.heard == [(2, (31,))]


def test_a_channel_may_own_a_row_of_tiles(mosaic):
    weight = np.random.default_rng(3).normal(size=(4, 6, 3, 3)).astype(np.float32)
    tiles, grid = whole_weight(quantise(weight, levels(weight, signed=True)))
    mosaic.show_tiles(tiles, weight, table("ember", True, True), grid)
    heard, seen = Ear(mosaic.picked), Ear(mosaic.hovered)
    cell = mosaic.cell(2, (5, 1, 0)).center()
    click(mosaic.canvas, (cell.y(), cell.x()))
    point(mosaic.canvas, (cell.y(), cell.x()))
    assert heard.heard == [(2, (5, 1, 0))]
    assert seen.heard[-1] == (2, (5, 1, 0), float(weight[2, 5, 1, 0]))
    mosaic.show_place(2, None)
    assert mosaic.tile(2) == QRectF(0, 8, 6 * 4 - 1, 3)


def test_kernels_over_rgb_say_three_values(mosaic):
    values = np.random.default_rng(3).normal(size=(2, 3, 3, 3)).astype(np.float32)
    tiles = np.zeros((2, 3, 3, 3), np.uint8)
    mosaic.show_tiles(tiles, values)
    seen = Ear(mosaic.hovered)
    cell = mosaic.cell(1, (2, 0)).center()
    point(mosaic.canvas, (cell.y(), cell.x()))
    assert seen.heard[-1] == (1, (2, 0), tuple(values[1, 2, 0].tolist()))


def test_the_value_is_whole(mosaic):
    maps = np.full((1, 2, 2), np.float32(1) / np.float32(3))
    show_maps(mosaic, maps)
    seen = Ear(mosaic.hovered)
    point(mosaic.canvas, (0.5, 0.5))
    assert np.float32(seen.heard[-1][2]) == maps[0, 0, 0]


def test_leaving_ends_the_readout(mosaic, maps):
    show_maps(mosaic, maps)
    seen = Ear(mosaic.hovered)
    QApplication.sendEvent(mosaic.canvas, QEvent(QEvent.Type.Leave))
    assert seen.heard == [None]


def test_other_maps_do_not_lose_the_zoom(mosaic, maps):
    show_maps(mosaic, maps)
    wheel(mosaic.canvas, (100, 100), 45)
    scale = mosaic.canvas.scale
    show_maps(mosaic, maps[::-1])
    assert mosaic.canvas.scale == scale


def test_no_tiles_no_trouble(mosaic):
    show_maps(mosaic, np.zeros((0, 3, 3), np.float32))
    mosaic.show_place(0, (0, 0))
    click(mosaic.canvas, (0.5, 0.5))
    assert mosaic.exporter._arrays() == {}


def test_a_right_click_opens_our_menu(mosaic, maps, monkeypatch):
    opened = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, at: opened.append((menu, at)))
    show_maps(mosaic, maps)
    screen = mosaic.canvas
    spot = QPoint(50, 50)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(
        screen, QContextMenuEvent(reason, spot, screen.mapToGlobal(spot))
    )
    [(menu, at)] = opened
    assert at == screen.mapToGlobal(spot)
    words = [action.text() for action in menu.actions()]
    assert words == ["Copy image", "Save image…", "Save numbers…"]


def test_the_copied_image_holds_every_cell(mosaic, maps):
    show_maps(mosaic, maps)
    image = mosaic.image()
    high, wide = mosaic.grid.shape
    times = image.width() // wide
    assert (image.width(), image.height()) == (wide * times, high * times)
    codes = quantise(maps, levels(maps, signed=False))
    for channel in range(6):
        cell = mosaic.cell(channel, (3, 2)).center()
        colour = image.pixelColor(int(cell.x() * times), int(cell.y() * times))
        assert colour.red() == GREY[codes[channel, 3, 2], 0]
