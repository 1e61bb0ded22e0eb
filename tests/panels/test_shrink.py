import numpy as np
import pytest

from cnnviz.panels.shrink import extremes, shrink
from cnnviz.pictures.colours import GAP, MARKS, MIDDLE, NAN, NEG_INF, POS_INF, table

GROUND = (22, 24, 29)


def blocks(picture, block):
    down, across = block
    for y in range(0, picture.shape[0], down):
        for x in range(0, picture.shape[1], across):
            yield (y // down, x // across), picture[y : y + down, x : x + across]


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (5, 2), (1, 7)])
def test_a_block_is_the_mean_of_its_colours(size):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 252, (15, 30)).astype(np.uint8)
    colours = table("ember", False, True)
    small = shrink(codes, colours, size, GROUND)
    for at, block in blocks(codes, size):
        if block.shape == size:
            mean = colours[block, :3].reshape(-1, 3).astype(float).mean(0)
            assert np.abs(small[at] - mean).max() < 1


def test_colours_shrink_too_and_edges_are_filled_with_ground():
    picture = np.full((3, 5, 3), 200, np.uint8)
    small = shrink(picture, None, (2, 2), GROUND)
    assert small.shape == (2, 3, 3)
    assert small[0, 0].tolist() == [200, 200, 200]
    assert small[0, 2].tolist() == [(200 * 2 + 2 * g) // 4 for g in GROUND]


def test_gaps_have_the_grounds_colour():
    codes = np.full((2, 4), GAP, np.uint8)
    small = shrink(codes, table("ember", False, True), (2, 2), GROUND)
    assert small.tolist() == [[list(GROUND), list(GROUND)]]


@pytest.mark.parametrize("mark", [NAN, NEG_INF, POS_INF])
def test_one_bad_cell_among_thousands_stays_in_sight(mark):
    codes = np.zeros((64, 64), np.uint8)
    codes[21, 43] = mark
    small = shrink(codes, table("ember", False, True), (16, 16), GROUND)
    assert small[1, 2].tolist() == list(MARKS[mark][:3])
    assert (small != np.array(MARKS[mark][:3])).any(-1).sum() == 15


def test_extremes_keep_the_code_furthest_from_zero():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 251, (12, 18)).astype(np.uint8)
    codes[:3, :3] = GAP
    codes[4, 4] = NAN
    small = extremes(codes, (3, 3))
    for at, block in blocks(codes, (3, 3)):
        inside = block[block != GAP].astype(int)
        if not inside.size:
            assert small[at] == GAP
        else:
            furthest = np.abs(inside - MIDDLE).max()
            assert abs(int(small[at]) - MIDDLE) == furthest
            assert small[at] in inside


def test_extremes_of_an_incomplete_block():
    codes = np.full((4, 4), MIDDLE, np.uint8)
    codes[3, 3] = 7
    assert extremes(codes, (3, 3)).tolist() == [[MIDDLE, MIDDLE], [MIDDLE, 7]]
