import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from cnnviz.panels.raster import furthest, raster
from cnnviz.pictures.colours import GAP, MARKS, MIDDLE, NAN, NEG_INF, POS_INF, table

GROUND = QColor(22, 24, 29)
EMBER = table("ember", False, True)


def colours(image):
    """The image as ``(h, w, 3)`` levels."""
    flat = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(flat.constBits(), np.uint8)
    return pixels.reshape(image.height(), image.width(), 4)[..., :3].copy()


def means(levels, size):
    """Mean level of each block of ``(H, W, 3)``."""
    high, wide = (n // m for n, m in zip(levels.shape, size, strict=False))
    blocks = levels.astype(float).reshape(size[0], high, size[1], wide, 3)
    return blocks.mean((1, 3))


@pytest.mark.parametrize("size", [(10, 15), (6, 10), (3, 15), (30, 6)])
def test_a_pixel_is_the_mean_of_the_colours_it_stands_for(size):
    codes = np.random.default_rng(0).integers(0, 252, (30, 30)).astype(np.uint8)
    small = colours(raster(codes, EMBER, size, GROUND))
    assert np.abs(small - means(EMBER[codes][..., :3], size)).max() <= 1


def test_large_pictures_are_no_different():
    codes = np.random.default_rng(1).integers(0, 252, (1500, 2100)).astype(np.uint8)
    small = colours(raster(codes, EMBER, (500, 300), GROUND))
    assert np.abs(small - means(EMBER[codes][..., :3], (500, 300))).max() <= 1


def test_every_pixel_counts_by_its_share():
    codes = np.zeros((1, 5), np.uint8)
    grey = table("grey", False, True)
    codes[0, 2] = 251
    small = colours(raster(codes, grey, (1, 2), GROUND))
    dark, light = grey[0, :3].astype(int), grey[251, :3].astype(int)
    for pixel in small[0]:  # half of the middle one falls to either side
        assert np.abs(pixel - (dark + (light - dark) * 0.5 / 2.5)).max() <= 2


def test_colours_are_averaged_too():
    picture = np.random.default_rng(2).integers(0, 256, (12, 20, 3)).astype(np.uint8)
    small = colours(raster(picture, None, (4, 5), GROUND))
    assert np.abs(small - means(picture, (4, 5))).max() <= 1


def test_nothing_is_enlarged():
    codes = np.arange(12, dtype=np.uint8).reshape(3, 4)
    same = raster(codes, EMBER, (30, 40), GROUND)
    assert (colours(same) == EMBER[codes][..., :3]).all()
    wide = np.zeros((3, 40), np.uint8)
    assert raster(wide, EMBER, (30, 20), GROUND).size().toTuple() == (20, 3)


def test_part_of_a_picture_need_not_be_copied():
    codes = np.random.default_rng(3).integers(0, 252, (9, 11)).astype(np.uint8)
    part = codes[2:7, 3:9]
    assert (colours(raster(part, EMBER, (9, 9), GROUND)) == EMBER[part][..., :3]).all()


def test_gaps_have_the_grounds_colour():
    codes = np.full((2, 4), GAP, np.uint8)
    small = colours(raster(codes, EMBER, (1, 2), GROUND))
    assert small.tolist() == [[[22, 24, 29]] * 2]
    clear = raster(codes, EMBER, (2, 4), QColor(0, 0, 0, 0))
    assert clear.pixelColor(1, 1).alpha() == 0


@pytest.mark.parametrize("mark", [NAN, NEG_INF, POS_INF])
@pytest.mark.parametrize("size", [(4, 4), (5, 3)])
def test_one_bad_cell_among_thousands_stays_in_sight(mark, size):
    codes = np.zeros((64, 64), np.uint8)
    codes[21, 43] = mark
    found = (colours(raster(codes, EMBER, size, GROUND)) == MARKS[mark][:3]).all(-1)
    assert np.argwhere(found).tolist() == [[21 * size[0] // 64, 43 * size[1] // 64]]


@pytest.mark.parametrize("size", [(4, 6), (12, 5), (3, 18), (5, 7)])
def test_the_furthest_code_of_those_that_share_a_pixel_is_kept(size):
    codes = np.random.default_rng(1).integers(0, 251, (12, 18)).astype(np.uint8)
    codes[:3, :4] = GAP
    codes[5, 5] = NAN
    small = furthest(codes, size)
    rows, columns = (
        [range(i * n // m, (i + 1) * n // m) for i in range(m)]
        for n, m in zip(codes.shape, size, strict=True)
    )
    assert sum(map(len, rows)) == 12
    for i, j in np.ndindex(size):
        inside = codes[np.ix_(rows[i], columns[j])].astype(int)
        inside = inside[inside != GAP]
        if not inside.size:
            assert small[i, j] == GAP
        else:
            far = np.abs(inside - MIDDLE).max()
            assert abs(int(small[i, j]) - MIDDLE) == far
            assert small[i, j] in inside


def test_weights_from_afar_show_the_furthest_of_each_pixel():
    codes = np.full((40, 40), MIDDLE, np.uint8)
    codes[13, 27] = 3
    signed = table("ember", True, True)
    small = colours(raster(codes, signed, (4, 4), GROUND, extreme=True))
    assert (small[1, 2] == signed[3, :3]).all()
    assert (small == signed[MIDDLE, :3]).all(-1).sum() == 15
