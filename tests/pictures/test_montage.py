import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.core.layers import Geometry, Layer
from cnnviz.pictures.colours import GAP, MARKS, MIDDLE, NAN, POS_INF
from cnnviz.pictures.levels import levels, quantise
from cnnviz.pictures.montage import (
    Grid,
    as_tiles,
    heat_map,
    kernel_tiles,
    output_first,
    rgb_kernels,
    strip,
    whole_weight,
)

SIZES = st.integers(1, 5)
GRIDS = st.builds(
    Grid, st.integers(1, 17), SIZES, SIZES, st.integers(1, 6), st.integers(0, 2)
)


def numbered(grid):
    """Tiles in which every cell holds a number of its own, from 0."""
    shape = (grid.count, grid.height, grid.width)
    return np.arange(math.prod(shape)).reshape(shape)


@given(GRIDS)
def test_every_pixel_is_located_where_it_was_painted(grid):
    tiles = numbered(grid)
    picture = grid.assemble(tiles, -1)
    assert picture.shape == grid.shape
    found = np.full(grid.shape, -1)
    for row, col in np.ndindex(grid.shape):
        place = grid.locate(row, col)
        if place is not None:
            found[row, col] = tiles[place[0]][place[1]]
    assert (found == picture).all()
    assert sorted(picture[picture >= 0]) == list(range(tiles.size))


@given(GRIDS)
def test_boxes_frame_their_tiles(grid):
    tiles = numbered(grid)
    picture = grid.assemble(tiles, -1)
    for channel in range(grid.count):
        row, col, high, wide = grid.box(channel)
        assert (picture[row : row + high, col : col + wide] == tiles[channel]).all()
        assert grid.locate(row, col) == (channel, (0, 0))


@given(
    GRIDS,
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_any_point_is_in_a_tile_or_nowhere(grid, row, col):
    place = grid.locate(row, col)
    if place is not None:
        top, left, high, wide = grid.box(place[0])
        y, x = place[1]
        assert top + y <= row < top + y + 1 <= top + high
        assert left + x <= col < left + x + 1 <= left + wide


def test_points_outside_are_nowhere():
    grid = Grid(4, 2, 3, 2)
    for point in ((-0.1, 0), (0, -0.1), (5, 0), (0, 7), (2.5, 0), (0, 3.999)):
        assert grid.locate(*point) is None
    assert grid.locate(4.999, 6.999) == (3, (1, 2))
    tight = Grid(4, 2, 3, 2, gap=0)
    assert tight.locate(0, 6) is tight.locate(4, 0) is None


def test_rows_run_down_and_columns_across():
    """A 4×7 map, brightest in the last column of the first row: top right."""
    maps = np.zeros((1, 4, 7), np.float32)
    maps[0, 0, 6] = 1
    grid = Grid.fit(1, 4, 7, 1.5)
    picture = grid.assemble(quantise(maps, levels(maps)), GAP)
    assert picture.shape == (4, 7)
    row, col = np.unravel_index(picture.argmax(), picture.shape)
    assert (row, col) == (0, 6)
    assert grid.locate(row + 0.5, col + 0.5) == (0, (0, 6))


def test_colour_tiles_and_fill():
    tiles = np.zeros((3, 2, 2, 3), np.uint8)
    tiles[1] = (1, 2, 3)
    picture = Grid(3, 2, 2, 2).assemble(tiles, (9, 8, 7))
    assert picture.shape == (5, 5, 3)
    assert picture[0, 3].tolist() == [1, 2, 3]
    assert picture[0, 2].tolist() == picture[4, 4].tolist() == [9, 8, 7]


@given(
    st.integers(1, 70),
    st.integers(1, 20),
    st.integers(1, 20),
    st.floats(0.1, 10),
    st.integers(0, 1),
)
def test_no_other_number_of_columns_gives_larger_tiles(count, high, wide, aspect, gap):
    def zoom(columns):
        rows = math.ceil(count / columns)
        return min(
            aspect / (columns * (wide + gap) - gap), 1 / (rows * (high + gap) - gap)
        )

    grid = Grid.fit(count, high, wide, aspect, gap)
    assert 1 <= grid.columns <= count
    assert zoom(grid.columns) >= max(map(zoom, range(1, count + 1))) * (1 - 1e-6)


def test_a_tie_goes_to_the_grid_with_fewest_empty_cells():
    assert Grid.fit(64, 224, 224, 1.0).columns == 8
    assert Grid.fit(64, 224, 224, 1.2).columns == 8  # 9 columns also need 8 rows
    assert Grid.fit(96, 11, 11, 1.5).columns == 12


@pytest.mark.parametrize("aspect", [0, -1, 1e-9, 1e9, math.inf])
def test_a_panel_without_extent_still_gets_a_grid(aspect):
    assert Grid.fit(7, 3, 3, aspect).columns in (1, 7)


@pytest.mark.parametrize("shape", [(0, 3, 3), (2, 0, 3), (2, 3, 0)])
def test_empty_mosaics(shape):
    grid = Grid.fit(*shape, 1.5)
    assert grid.shape == (0, 0)
    assert grid.assemble(np.zeros(shape, np.uint8), GAP).shape == (0, 0)
    assert grid.locate(0, 0) is None


def test_wrong_tiles_and_channels_are_refused():
    grid = Grid(2, 3, 4, 2)
    with pytest.raises(ValueError, match=r"wanted tiles of shape \(2, 3, 4\)"):
        grid.assemble(np.zeros((2, 4, 3)), 0)
    for channel in (-1, 2):
        with pytest.raises(IndexError, match="of a grid of 2"):
            grid.box(channel)


def test_maps_of_any_number_of_axes_become_tiles():
    volume = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert as_tiles(volume[:, 0]).shape == (2, 4, 5)
    assert as_tiles(volume[:, 0, 0]).shape == (2, 1, 5)
    assert as_tiles(volume[:, 0, 0, 0]).shape == (2, 1, 1)
    tiles = as_tiles(volume)
    assert tiles.shape == (2, 12, 5)
    assert (tiles[1, 4:8] == volume[1, 1]).all()
    assert as_tiles(np.zeros((2, 0))).shape == (2, 1, 0)


def test_series_maps_make_a_heat_map_of_one_row_per_channel():
    maps = np.arange(12).reshape(3, 4)
    grid = heat_map(*maps.shape)
    assert (grid.assemble(as_tiles(maps), 0) == maps).all()
    assert grid.locate(2, 3) == (2, (0, 3))


def test_dense_outputs_fold_row_by_row():
    vector = np.arange(11, dtype=np.uint8)
    picture, grid = strip(vector, 2.0)
    assert picture.ravel()[:11].tolist() == list(range(11))
    assert (picture.ravel()[11:] == GAP).all()
    assert picture.shape[1] > picture.shape[0]
    assert grid.locate(*divmod(7, grid.columns)) == (7, (0, 0))


def layer(weight, kind, groups=1):
    taps = weight.ndim - 2
    return Layer(
        "a",
        kind,
        "Conv2d",
        ("input",),
        np.zeros(1),
        weight=weight,
        geometry=Geometry(
            weight.shape[2:], (1,) * taps, ((0, 0),) * taps, (1,) * taps, groups
        ),
    )


def test_transposed_weights_are_sorted_by_output_channel():
    groups, fed, made = 2, 3, 2
    weight = np.arange(groups * fed * made * 4.0).reshape(groups * fed, made, 2, 2)
    kernels = output_first(layer(weight, "conv_transpose", groups))
    assert kernels.shape == (groups * made, fed, 2, 2)
    for group in range(groups):
        for o in range(made):
            for i in range(fed):
                taps = weight[group * fed + i, o]
                assert (kernels[group * made + o, i] == taps).all()


def test_only_kernels_count_as_kernels():
    weight = np.ones((2, 3, 1, 1))
    assert output_first(layer(weight, "conv")) is weight
    assert output_first(layer(weight, "norm")) is None
    nothing = Layer("a", "linear", "Linear", ("input",), np.zeros(1))
    assert output_first(nothing) is None


def test_colour_kernels_put_zero_at_mid_grey_and_keep_the_order_of_channels():
    weight = np.zeros((2, 3, 2, 2), np.float32)
    weight[0, 0, 0, 1] = 2  # red, first row, second column
    weight[0, 2, 1, 0] = -2  # minus blue
    weight[1, 1, 0, 0] = 1
    tiles = rgb_kernels(weight)
    assert tiles.shape == (2, 2, 2, 3)
    assert tiles[0, 0, 1].tolist() == [255, 128, 128]
    assert tiles[0, 1, 0].tolist() == [128, 128, 1]
    assert tiles[0, 0, 0].tolist() == [128, 128, 128]
    assert tiles[1, 0, 0].tolist() == [128, 192, 128]
    assert rgb_kernels(weight, "map")[1, 0, 0].tolist() == [128, 255, 128]
    assert rgb_kernels(weight, "locked", 4.0)[0, 0, 1].tolist() == [192, 128, 128]
    assert (rgb_kernels(weight * 0) == 128).all()


def test_colour_kernels_mark_what_is_no_number():
    weight = np.zeros((1, 3, 1, 3), np.float32)
    weight[0, 0, 0, 0], weight[0, 1, 0, 1], weight[0, 2, 0, 2] = np.nan, np.inf, 1
    tiles = rgb_kernels(weight)[0, 0]
    assert tuple(tiles[0]) == MARKS[NAN][:3]
    assert tuple(tiles[1]) == MARKS[POS_INF][:3]
    assert tiles[2].tolist() == [128, 128, 255]


def test_a_kernel_is_one_tile_where_one_picture_can_hold_it():
    rng = np.random.default_rng(0)
    rgb = rng.standard_normal((4, 3, 5, 5)).astype(np.float32)
    assert (kernel_tiles(rgb) == rgb_kernels(rgb)).all()
    grey = np.array([[[[-1, 0, 1]]]], np.float32)
    assert kernel_tiles(grey).tolist() == [[[0, MIDDLE, 2 * MIDDLE]]]
    series = np.zeros((4, 6, 3), np.float32)
    assert (kernel_tiles(series) == MIDDLE).all()
    assert kernel_tiles(series).shape == (4, 6, 3)
    assert kernel_tiles(np.zeros((4, 6, 3, 3))) is None


def test_the_whole_weight_has_kernels_down_and_inputs_across():
    weight = np.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    tiles, grid = whole_weight(weight)
    picture = grid.assemble(tiles, -1)
    assert picture.shape == (2 * 3 - 1, 3 * 3 - 1)
    for o, i in np.ndindex(2, 3):
        assert (picture[3 * o : 3 * o + 2, 3 * i : 3 * i + 2] == weight[o, i]).all()
    n, place = grid.locate(3 + 1, 6 + 0)
    assert (divmod(n, 3), place) == ((1, 2), (1, 0))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1, 1), (4, 5, 1)])
def test_weights_of_one_tap_lie_side_by_side(shape):
    weight = np.arange(20).reshape(shape)
    tiles, grid = whole_weight(weight)
    assert (grid.assemble(tiles, -1) == weight.reshape(4, 5)).all()


def test_a_weight_on_no_input_is_an_empty_picture():
    tiles, grid = whole_weight(np.zeros((4, 0, 3, 3)))
    assert grid.assemble(tiles, 0).shape == (0, 0)
