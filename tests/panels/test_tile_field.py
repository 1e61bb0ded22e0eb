"""Boxes on tiles: where they are, and what they skip."""

import numpy as np
import pytest
from hands import colour_at, pixels, rgb
from PySide6.QtCore import QRectF

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.tile_field import TileField
from cnnviz.pictures.colours import table
from cnnviz.pictures.montage import Grid


@pytest.fixture
def mosaic(shown, themed):
    themed(True)
    view = shown(MosaicView(), 330, 230)
    maps = np.full((6, 10, 12), 200, np.uint8)
    colours = table("ember", False, True)
    view.show_tiles(maps, maps.astype(np.float32), colours, Grid(6, 10, 12, 3))
    return view


def field(rows, columns, step=1):
    mask = np.zeros((10, 12), bool)
    mask[rows[0] : rows[1] + 1 : step, columns[0] : columns[1] + 1 : step] = True
    return ReceptiveField((rows, columns), (rows, columns), mask)


def test_a_box_lies_on_the_one_tile_that_is_seen(mosaic):
    mark = TileField(mosaic)
    mark.show_field(field((2, 5), (3, 8)), 4)
    left, top = 1 * 13, 1 * 11  # second tile of the second row
    assert mark.areas() == [QRectF(left + 3, top + 2, 6, 4)]
    assert mark.box.area is not None
    accent = rgb("accent", dark=True)
    found = (pixels(mosaic) == accent).all(-1)
    assert found.any()
    mark.show_field(None)
    assert mark.areas() == []
    assert not (pixels(mosaic) == accent).all(-1).any()


def test_every_tile_has_a_box_where_all_are_seen(mosaic):
    mark = TileField(mosaic)
    mark.show_field(field((0, 1), (0, 2)))
    areas = mark.areas()
    assert len(areas) == 6
    assert {(a.width(), a.height()) for a in areas} == {(3.0, 2.0)}
    corners = {(a.top(), a.left()) for a in areas}
    assert corners == {
        (11.0 * row, 13.0 * column) for row in (0, 1) for column in range(3)
    }
    assert mark.box.area is None
    assert mark.everywhere.path().elementCount() == 6 * 5


def test_what_is_skipped_is_faded(mosaic):
    mark = TileField(mosaic)
    whole = colour_at(mosaic.canvas, (4.5, 5.5))
    mark.show_field(field((1, 9), (1, 11), 2), 0)
    read, skipped = (5.5, 5.5), (4.5, 4.5)
    assert colour_at(mosaic.canvas, read) == whole
    faded = colour_at(mosaic.canvas, skipped)
    ground = np.array(rgb("canvas", dark=True))
    near = np.abs(np.array(faded) - ground).sum()
    assert near < np.abs(np.array(whole) - ground).sum()


def test_padding_is_cut_off_and_nothing_seen_is_nothing_drawn(mosaic):
    mark = TileField(mosaic)
    beyond = ReceptiveField(
        ((-2, 1), (-1, 1)), ((0, 1), (0, 1)), field((0, 1), (0, 1)).mask
    )
    mark.show_field(beyond, 0)
    assert mark.areas() == [QRectF(0, 0, 2, 2)]
    nothing = ReceptiveField((), None, np.zeros((10, 12), bool))
    mark.show_field(nothing, 0)
    assert mark.areas() == []
    mark.show_field(field((0, 1), (0, 1)), 9)
    assert mark.areas() == []


def test_other_axes_are_no_place(mosaic):
    mark = TileField(mosaic)
    time = ReceptiveField(((2, 4),), ((2, 4),), np.ones(12, bool))
    mark.show_field(time, 0)
    assert mark.areas() == []
