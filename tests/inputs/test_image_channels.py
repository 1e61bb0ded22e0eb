"""Pictures for networks of 1, 4 and 13 channels, of any size, and of no square."""

import numpy as np
import pytest
import torchvision
from PIL import Image
from torchvision.transforms.v2 import functional

from cnnviz.core.errors import InputError
from cnnviz.core.models import ImageWant
from cnnviz.inputs.image import read_image
from cnnviz.inputs.picture import to_picture
from cnnviz.inputs.prepare import prepare_image


def plain(channels, crop=None, resize=None):
    """Want values in 0 … 1."""
    mean, std = (0.0,) * channels, (1.0,) * channels
    return ImageWant(crop, resize, mean=mean, std=std, channels=channels)


def counting(height, width):
    numbers = np.arange(height * width * 3).reshape(height, width, 3)
    return (numbers * 5 % 256).astype(np.uint8)


def test_one_channel_is_grey_and_says_so():
    rgb = counting(12, 12)
    sample = prepare_image(rgb, plain(1))
    (values,) = sample.values
    luma = rgb @ np.array([299, 587, 114]) / 1000  # ITU-R 601
    assert values.shape == (1, 12, 12)
    np.testing.assert_allclose(values[0] * 255, luma, atol=1)
    assert values[0, 0, 0] * 255 == pytest.approx(4)
    assert "grey" in " ".join(sample.notes)
    assert (sample.shown[..., 0] == sample.shown[..., 2]).all()


def test_thirteen_channels_are_refused_with_both_numbers():
    with pytest.raises(InputError, match=r"wants 13 input channels; .*a picture.* 3 "):
        prepare_image(counting(12, 12), plain(13))


@pytest.fixture
def glass(tmp_path):
    """A file of which the right half lets half of the light through."""
    rgba = np.dstack([counting(6, 8), np.full((6, 8), 255, np.uint8)])
    rgba[:, 4:, 3] = 128
    Image.fromarray(rgba).save(tmp_path / "glass.png")
    return tmp_path / "glass.png", rgba


def test_alpha_is_the_fourth_channel_and_this_is_said(glass):
    path, rgba = glass
    sample = prepare_image(read_image(path), plain(4))
    np.testing.assert_allclose(sample.values[0], rgba.transpose(2, 0, 1) / 255, 1e-6)
    assert "alpha taken as the fourth channel" in sample.notes
    half = rgba[2, 6, :3] * (128 / 255) + 127  # over white
    np.testing.assert_allclose(sample.shown[2, 6], half, atol=1)


def test_three_channels_of_the_same_file_are_over_white(glass):
    path, _ = glass
    picture = read_image(path)
    sample = prepare_image(picture, plain(3))
    assert (sample.shown == picture.rgb).all()
    assert sample.values[0].shape == (3, 6, 8)


def test_a_picture_without_alpha_is_opaque_and_this_is_said():
    sample = prepare_image(counting(5, 5), plain(4))
    assert (sample.values[0][3] == 1).all()
    assert any("255 everywhere" in note for note in sample.notes)


def test_alpha_of_an_array():
    rgba = np.dstack([counting(3, 3), np.full((3, 3), 51, np.uint8)])
    sample = prepare_image(to_picture(rgba), plain(4))
    np.testing.assert_allclose(sample.values[0][3], 0.2, 1e-6)


def test_alpha_is_turned_and_halved_with_the_colours(tmp_path, monkeypatch):
    rgba = np.zeros((4, 8, 4), np.uint8)
    rgba[:2, :2] = 200
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(rgba).save(tmp_path / "turned.png", exif=exif)
    monkeypatch.setattr("cnnviz.inputs.image.EXACT_LIMIT", 16)
    picture = read_image(tmp_path / "turned.png")
    assert picture.rgba.shape == (4, 2, 4)
    assert picture.rgba[0, 1].tolist() == [200] * 4
    assert picture.rgba.any(axis=2).sum() == 1


def test_a_network_of_any_size_gets_small_pictures_as_they_are():
    rgb = counting(20, 33)
    sample = prepare_image(rgb, plain(3, resize=64))
    assert (sample.shown == rgb).all()
    assert sample.steps == ("÷ 255",)


def test_a_network_of_any_size_gets_large_pictures_smaller_and_says_so():
    rgb = counting(90, 150)
    sample = prepare_image(rgb, plain(3, resize=30))
    reference = functional.resize(Image.fromarray(rgb), 30, antialias=True)
    assert (sample.shown == np.asarray(reference)).all()
    assert sample.shown.shape == (30, 50, 3)
    assert sample.steps[0] == "shorter side 90 → 30, bilinear"


@pytest.mark.parametrize(
    ("size", "shown"),
    [((10, 4000), (1, 400)), ((4000, 150), (400, 15)), ((2, 399), (2, 399))],
)
def test_a_strip_stays_within_bounds(size, shown):
    sample = prepare_image(np.zeros((*size, 3), np.uint8), plain(3, resize=100))
    assert sample.shown.shape[:2] == shown


@pytest.mark.parametrize("crop", [(40, 90), (90, 40), (50, 50), (7, 200)])
@pytest.mark.parametrize("size", [(60, 100), (100, 60), (20, 20), (1, 400)])
def test_the_crop_is_covered_in_proportion(size, crop):
    sample = prepare_image(counting(*size), plain(3, crop))
    assert sample.values[0].shape == (3, *crop)
    assert not any("black" in step for step in sample.steps)
    scale = max(crop[0] / size[0], crop[1] / size[1])
    inside = tuple(
        max(int(side * scale + 1e-9), c) for side, c in zip(size, crop, strict=True)
    )
    resized = functional.resize(
        Image.fromarray(counting(*size)), list(inside), antialias=True
    )
    reference = torchvision.transforms.functional.center_crop(resized, list(crop))
    assert (sample.shown == np.asarray(reference)).all()
