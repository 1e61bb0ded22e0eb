"""Pictures made of arrays."""

import numpy as np
import pytest

from cnnviz.core.errors import InputError
from cnnviz.inputs.picture import to_picture

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def test_grey_with_and_without_channel_axis():
    for array in (GREY, GREY[..., None]):
        picture = to_picture(array, "ramp")
        np.testing.assert_array_equal(picture.rgb, np.dstack([GREY] * 3))
        assert (picture.notes, picture.title) == ((), "ramp")
        assert picture.original == (3, 4)


def test_the_array_is_copied():
    array = np.zeros((2, 2, 3), np.uint8)
    picture = to_picture(array)
    array[:] = 9
    assert not picture.rgb.any()
    with pytest.raises(ValueError, match="read-only"):
        picture.rgb[0] = 1


def test_alpha_is_laid_over_white():
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = 255, 0, 51
    picture = to_picture(rgba)
    assert picture.rgb[0, :, 0].tolist() == [0, 255, 204]
    assert picture.notes == ("transparent pixels shown over white",)
    half = to_picture(rgba / 255)
    np.testing.assert_array_equal(half.rgb, picture.rgb)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_within_one_round_trip(dtype):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rgb = to_picture((levels / 255).astype(dtype)).rgb
    np.testing.assert_array_equal(rgb[..., 0], levels)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint16, np.int16])
def test_values_that_are_levels_already_stay(dtype):
    picture = to_picture(GREY.astype(dtype))
    np.testing.assert_array_equal(picture.rgb[..., 2], GREY)
    assert picture.notes == ()


def test_booleans_are_black_and_white():
    assert to_picture(GREY > 100).rgb[..., 0].tolist() == ((GREY > 100) * 255).tolist()


@pytest.mark.parametrize(
    ("array", "levels", "note"),
    [
        (np.array([[0, 2000, 4000]], np.uint16), [0, 128, 255], "uint16, rescaled"),
        (np.array([[-1, 0, 1]], np.int8), [0, 128, 255], "int8, rescaled from -1 … 1"),
        (np.array([[-3.0, 0.0, 1.0]]), [0, 191, 255], "float64, rescaled from -3 … 1"),
        (np.array([[0.0, np.nan, 0.5]]), [0, 0, 255], "float64, rescaled from 0 … 0.5"),
        (np.array([[-1.7e308, 0, 1.7e308]]), [0, 128, 255], "rescaled from -1.7e+308"),
        (np.array([[300, 300]]), [0, 0], "every value is 300, shown as black"),
    ],
)
def test_other_values_are_rescaled(array, levels, note):
    with np.errstate(all="raise"):
        picture = to_picture(array)
    assert picture.rgb[0, :, 0].tolist() == levels
    assert note in picture.notes[0]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 224, 224)), "got 3×224×224; move the channels to the end"),
        (np.zeros((5, 5, 2)), "got 5×5×2"),
        (np.zeros(7), "got 7"),
        (np.float64(1).reshape(()), "got a single value"),
        (np.zeros((1, 3, 8, 8)), "got 1×3×8×8"),
        (np.zeros((0, 4, 3)), "at least one pixel"),
        (np.zeros((2, 2), complex), "dtype complex128"),
        (np.array([["a"]]), "real numbers"),
        (np.full((2, 2, 4), 300.0), "expected RGBA values in 0 … 1 or 0 … 255"),
    ],
)
def test_refusals(array, words):
    with pytest.raises(InputError, match=words) as caught:
        to_picture(array, "frame 7")
    assert str(caught.value).startswith("frame 7: ")
