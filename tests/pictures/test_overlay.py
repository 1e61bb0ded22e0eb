import numpy as np
import pytest

from cnnviz.pictures.colours import MARKS, NAN, POS_INF, TOP, table
from cnnviz.pictures.overlay import overlay

EMBER = table("ember", False, True)
SIGNED = table("ember", True, True)


def test_a_wide_picture_keeps_its_axes():
    """White patch at rows 4-7, columns 52-59 of a 40×64 picture, map 10×16."""
    picture = np.zeros((40, 64, 3), np.uint8)
    values = np.zeros((10, 16), np.float32)
    values[1, 13] = 1
    for smooth in (False, True):
        shown = overlay(picture, values, EMBER, smooth=smooth)
        assert shown.shape == (40, 64, 3)
        rows, cols = np.nonzero(shown.sum(-1) >= shown.sum(-1).max() * 0.9)
        assert rows.min() >= 4
        assert rows.max() < 8
        assert cols.min() >= 52
        assert cols.max() < 60


def test_blocks_cover_exactly_their_part():
    picture = np.full((4, 6, 3), 100, np.uint8)
    values = np.array([[0, 1.0], [0, 0]])
    shown = overlay(picture, values, EMBER, strength=1.0)
    assert (shown[:2, 3:] == EMBER[TOP, :3]).all()
    rest = np.ones((4, 6), bool)
    rest[:2, 3:] = False
    assert (shown[rest] == 100).all()


def test_colour_is_mixed_in_proportion_to_the_value():
    picture = np.full((1, 2, 3), 200, np.uint8)
    shown = overlay(picture, np.array([[1.0, 0.5]]), EMBER, strength=0.6)
    full, half = EMBER[TOP, :3].astype(float), EMBER[126, :3].astype(float)
    np.testing.assert_allclose(shown[0, 0], 200 * 0.4 + full * 0.6, atol=0.51)
    np.testing.assert_allclose(shown[0, 1], 200 * 0.7 + half * 0.3, atol=0.51)


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(-0.25, -0.125, 6).reshape(2, 3).clip(0),  # after ReLU: no evidence
        np.zeros((2, 3)),
        np.zeros((2, 0)),
        np.full((2, 3), -4.0),
    ],
)
def test_no_positive_evidence_leaves_the_picture(values):
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    shown = overlay(picture, values, EMBER, signed=False, smooth=True)
    assert (shown == picture).all()
    assert shown is not picture


def test_a_constant_map_is_one_even_veil():
    picture = np.full((5, 5, 3), 10, np.uint8)
    shown = overlay(picture, np.full((3, 3), 0.1), EMBER, strength=1.0, smooth=True)
    assert (shown == EMBER[TOP, :3]).all()


def test_signed_maps_colour_both_ways():
    picture = np.full((1, 3, 3), 50, np.uint8)
    shown = overlay(picture, np.array([[-2.0, 0, 2]]), SIGNED, strength=1.0)
    assert shown[0, 0].tolist() == SIGNED[0, :3].tolist()
    assert shown[0, 1].tolist() == [50, 50, 50]
    assert shown[0, 2].tolist() == SIGNED[250, :3].tolist()


@pytest.mark.parametrize("smooth", [True, False])
def test_cells_that_are_no_number_are_marked_and_spoil_nothing(smooth):
    values = np.array([[np.nan, 0.0], [np.inf, 1.0]])
    picture = np.zeros((4, 4, 3), np.uint8)
    shown = overlay(picture, values, EMBER, strength=1.0, smooth=smooth)
    assert (shown[:2, :2] == MARKS[NAN][:3]).all()
    assert (shown[2:, :2] == MARKS[POS_INF][:3]).all()
    assert (shown[3, 3] == EMBER[TOP, :3]).all()


def test_centres_place_cells_where_they_look():
    """Cells seen at columns 2 and 6 of 10, not at 2.5 and 7.5."""
    picture = np.zeros((1, 10, 3), np.uint8)
    values = np.array([[1.0, 0.0]])
    centres = (np.array([0.0]), np.array([2.0, 6.0]))
    shown = overlay(picture, values, EMBER, 1.0, smooth=True, centres=centres)
    light = shown[0].sum(-1).astype(int)
    assert (light[:3] == light[0]).all()
    assert (np.diff(light[2:7]) < 0).all()
    assert (light[6:] == 0).all()
    blocks = overlay(picture, values, EMBER, 1.0, centres=centres)[0].sum(-1)
    assert (blocks[:4] == light[0]).all()
    assert (blocks[5:] == 0).all()


def test_blending_is_linear_between_cell_centres():
    picture = np.zeros((4, 1, 3), np.uint8)
    values = np.array([[0.0], [1.0]])
    ramp = np.zeros((256, 4), np.uint8)
    ramp[:252, :3] = 255
    shown = overlay(picture, values, ramp, 1.0, smooth=True)[:, 0, 0]
    np.testing.assert_allclose(shown, [0, 0.25 * 255, 0.75 * 255, 255], atol=0.51)
