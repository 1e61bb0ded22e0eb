"""Every pixel of a mosaic, against the slow and plain way to paint it."""

import math

import numpy as np
import pytest
from hands import pixels, rgb, wheel
from PySide6.QtCore import QPointF

from cnnviz.core.layers import Layer
from cnnviz.core.look import Look
from cnnviz.panels.maps_panel import MapsPanel
from cnnviz.pictures.colours import MARKS, NAN, NEG_INF, POS_INF, table

CANVAS, ORIGIN = rgb("canvas", True), QPointF(0, 0)


def values(kind, shape):
    maps = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    if kind == "relu":
        return np.maximum(maps, 0)
    if kind == "odd":
        maps[0, 0, 0], maps[0, -1, -1], maps[-1, 0, -1] = np.nan, np.inf, -np.inf
    if kind == "constant":
        maps[0], maps[-1] = 0, 0.5
    return np.zeros_like(maps) if kind == "zeros" else maps


def coloured(maps):
    """The colour of each value, one value after the other."""
    finite = maps[np.isfinite(maps)]
    signed = bool((finite < 0).any())
    reach = np.abs(finite).max() if signed else finite.max(initial=0)
    steps, zero = (125, 125) if signed else (251, 0)
    colours = table("ember", signed, True)
    painted = np.empty((*maps.shape, 3), np.uint8)
    for at in np.ndindex(maps.shape):
        value = maps[at]
        if np.isnan(value):
            painted[at] = MARKS[NAN][:3]
        elif np.isinf(value):
            painted[at] = MARKS[POS_INF if value > 0 else NEG_INF][:3]
        else:
            share = value / reach if reach else np.float32(0)
            painted[at] = colours[math.floor(share * np.float32(steps) + zero + 0.5)][
                :3
            ]
    return painted


def laid_out(tiles, columns):
    """Tiles in rows, a pixel of canvas between them."""
    count, high, wide, _ = tiles.shape
    rows = math.ceil(count / columns)
    picture = np.empty((rows * (high + 1) - 1, columns * (wide + 1) - 1, 3), np.uint8)
    picture[:] = CANVAS
    for i in range(count):
        top, left = i // columns * (high + 1), i % columns * (wide + 1)
        picture[top : top + high, left : left + wide] = tiles[i]
    return picture


def shares(old, new):
    """How much of each of ``old`` pixels falls into each of ``new``: ``(new, old)``."""
    edges = np.arange(new + 1) * old / new
    low = np.maximum(edges[:-1, None], np.arange(old))
    high = np.minimum(edges[1:, None], np.arange(old) + 1)
    return np.maximum(high - low, 0) * new / old


@pytest.fixture
def paint(shown, themed):
    themed(True)

    def show(maps, size):
        layer = Layer("x", "other", "f", ("input",), maps, axes="CHW")
        panel = shown(MapsPanel("mapsPanel", "Maps"), *size)
        panel.show_maps(layer, Look(dark=True), "Maps")
        return panel

    return show


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", ["relu", "signed", "odd", "constant", "zeros"])
@pytest.mark.parametrize("shape", [(5, 7, 10), (16, 9, 9), (1, 31, 17), (3, 1, 5)])
def test_enlarged(paint, kind, shape, frozen):
    maps = values(kind, shape)
    maps.flags.writeable = not frozen
    panel = paint(maps, (320, 260))
    mosaic = panel.mosaic
    picture = laid_out(coloured(maps), mosaic.grid.columns)
    canvas = mosaic.canvas
    assert canvas.scale[0] >= 1
    for _ in range(3):  # fitted; then closer and closer
        found = pixels(canvas)
        rows, columns = (
            np.array([math.floor(of(at + 0.5)) for at in range(size)])
            for size, of in (
                (found.shape[0], lambda y: at_of(canvas, 0, y)[0]),
                (found.shape[1], lambda x: at_of(canvas, x, 0)[1]),
            )
        )
        inside = np.ix_(*(
            (at >= 0) & (at < size)
            for at, size in zip((rows, columns), picture.shape, strict=False)
        ))  # fmt: skip
        wanted = np.empty_like(found)
        wanted[:] = CANVAS
        wanted[inside] = picture[
            np.ix_(
                rows[(rows >= 0) & (rows < picture.shape[0])],
                columns[(columns >= 0) & (columns < picture.shape[1])],
            )
        ]
        wrong = (found != wanted).any(-1)
        if canvas.scale[0] != int(canvas.scale[0]):  # where a cell ends is rounded
            rows_in, columns_in = (
                np.diff(at, prepend=-9) == 0 for at in (rows, columns)
            )
            wrong &= rows_in[:, None] & columns_in
            wrong &= np.roll(rows_in, -1)[:, None] & np.roll(columns_in, -1)
        assert not wrong.any()
        wheel(canvas, (150, 100), 15 * 10)


def at_of(canvas, x, y):
    """Row and column of the picture under a point of the screen."""
    at = canvas.to_picture(QPointF(x, y))
    return at.y(), at.x()


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", ["relu", "signed", "constant"])
@pytest.mark.parametrize("shape", [(6, 101, 75), (1, 333, 401), (4, 133, 147)])
def test_from_afar(paint, kind, shape, frozen):
    maps = values(kind, shape)
    maps.flags.writeable = not frozen
    panel = paint(maps, (211, 173))
    mosaic = panel.mosaic
    picture = laid_out(coloured(maps), mosaic.grid.columns)
    canvas = mosaic.canvas
    high, wide = (round(n * canvas.scale[0]) for n in picture.shape[:2])
    assert canvas.scale[0] < 1
    left, top = (round(at) for at in canvas.to_screen(ORIGIN).toTuple())
    found = pixels(canvas)[top : top + high, left : left + wide].astype(float)
    down, across = shares(len(picture), high), shares(picture.shape[1], wide)
    wanted = (down @ picture.transpose(2, 0, 1) @ across.T).transpose(1, 2, 0)
    between = [  # a gap that is too thin to be seen is drawn as a line there
        np.convolve(part @ (np.arange(part.shape[1]) % (size + 1) == size), [1] * 3)
        for part, size in ((down, maps.shape[1]), (across, maps.shape[2]))
    ]
    rows, columns = (part[1:-1] == 0 for part in between)
    assert rows.mean() > 0.7
    assert columns.mean() > 0.7
    assert np.abs(found - wanted)[np.ix_(rows, columns)].max() <= 3
