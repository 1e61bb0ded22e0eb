"""From a picture to the network's input: equal to torchvision's own transforms."""

import dataclasses

import numpy as np
import pytest
import torchvision
from PIL import Image
from torchvision.transforms import v2

from cnnviz.core.errors import InputError
from cnnviz.core.models import ImageWant
from cnnviz.inputs import prepare
from cnnviz.inputs.picture import Picture, to_picture
from cnnviz.inputs.prepare import prepare_image

SIZES = [
    *((300, 451), (451, 300), (224, 224), (256, 256), (256, 341), (342, 342)),
    *((1, 1), (7, 5), (223, 1000), (97, 1031), (1024, 101), (255, 257), (233, 232)),
]


def noise(height, width, seed=5):
    """Return smooth blobs and sharp pixels alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 9 + 1, width // 9 + 1, 3), dtype=np.uint8)
    fine = np.kron(coarse, np.ones((9, 9, 1), np.uint8))[:height, :width]
    fine[::3] = rng.integers(0, 256, fine[::3].shape)
    return fine


def want_of(preset):
    """Read a torchvision preset."""
    return ImageWant(
        crop=(preset.crop_size[0], preset.crop_size[0]),
        resize=preset.resize_size[0],
        interpolation=preset.interpolation.value,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
    )


PRESETS = {
    name: torchvision.models.get_weight(weights).transforms()
    for name, weights in {
        "alexnet": "AlexNet_Weights.IMAGENET1K_V1",
        "vgg16": "VGG16_Weights.IMAGENET1K_V1",
        "vgg16 features": "VGG16_Weights.IMAGENET1K_FEATURES",
        "resnet50 v2": "ResNet50_Weights.IMAGENET1K_V2",
        "efficientnet_b0": "EfficientNet_B0_Weights.IMAGENET1K_V1",
        "efficientnet_b4": "EfficientNet_B4_Weights.IMAGENET1K_V1",
        "googlenet": "GoogLeNet_Weights.IMAGENET1K_V1",
        "inception_v3": "Inception_V3_Weights.IMAGENET1K_V1",
    }.items()
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", PRESETS)
def test_equal_to_the_networks_own_transforms(name, size):
    pixels = noise(*size)
    expected = PRESETS[name](Image.fromarray(pixels)).numpy()

    sample = prepare_image(pixels, want_of(PRESETS[name]))

    (values,) = sample.values
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("crop", [(64, 99), (300, 31), (513, 512), (225, 224)])
@pytest.mark.parametrize("resize", [32, 257, (120, 77)], ids=str)
def test_any_crop_and_resize(size, crop, resize):
    pixels = noise(*size)
    pair = resize if isinstance(resize, tuple) else [resize]
    reference = v2.Compose([v2.Resize(pair), v2.CenterCrop(crop)])

    sample = prepare_image(pixels, ImageWant(crop=crop, resize=resize))

    np.testing.assert_array_equal(
        sample.shown, np.asarray(reference(Image.fromarray(pixels)))
    )


# IMAGE-09


def test_shrinking_is_antialiased_and_not_squashed():
    y, x = np.mgrid[0:600, 0:800]
    checker = (x // 3 + y // 3) % 2 * 255
    pixels = np.dstack([checker, x * 255 // 799, y * 255 // 599]).astype(np.uint8)

    sample = prepare_image(pixels, ImageWant())

    shown = sample.shown.astype(float)
    assert round(float(shown[..., 0].std()), 1) == 39.3
    np.testing.assert_allclose(shown.mean((0, 1)), [127.5, 126.652, 127.0], atol=5e-4)
    assert shown[0, [0, 223], 1].tolist() == [43, 210]
    assert shown[[0, 223], 0, 2].tolist() == [16, 238]
    assert sample.original == (600, 800)
    assert sample.steps == (
        "shorter side 600 → 256, bilinear",
        "centre crop 224×224",
        "÷ 255, − mean (0.485, 0.456, 0.406), ÷ std (0.229, 0.224, 0.225)",
    )


# IMAGE-10


@pytest.mark.parametrize(
    "colour", [(128, 128, 128), (0, 0, 0), (255, 255, 255), (255, 0, 0)]
)
def test_values_are_scaled_and_normalised_once_in_rgb_order(colour):
    sample = prepare_image(np.full((16, 16, 3), colour, np.uint8), ImageWant())
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (np.array(colour) / 255 - mean) / std
    np.testing.assert_allclose(sample.values[0][:, 100, 50], expected, rtol=1e-5)
    assert (sample.shown == colour).all()


# What else a network may want


def test_grey():
    pixels = noise(40, 30)
    want = ImageWant(
        crop=(28, 28), resize=28, mean=(0.1307,), std=(0.3081,), channels=1
    )
    reference = v2.Compose([v2.Resize([28]), v2.CenterCrop(28)])
    grey = np.asarray(reference(Image.fromarray(pixels).convert("L")))

    sample = prepare_image(pixels, want)

    assert sample.values[0].shape == (1, 28, 28)
    np.testing.assert_allclose(
        sample.values[0][0], (grey / 255 - 0.1307) / 0.3081, atol=1e-6
    )
    np.testing.assert_array_equal(sample.shown, np.dstack([grey] * 3))
    assert "grey" in sample.notes[-1]
    assert sample.steps[-1] == "÷ 255, − mean 0.1307, ÷ std 0.3081"


def test_plain_levels():
    pixels = noise(20, 20)
    want = ImageWant(
        crop=(20, 20), resize=20, mean=(0, 0, 0), std=(1, 1, 1), interpolation="nearest"
    )
    sample = prepare_image(pixels, want)
    np.testing.assert_array_equal(
        sample.values[0], (pixels / np.float32(255)).transpose(2, 0, 1)
    )
    assert sample.steps == ("÷ 255",)


def test_small_picture_gets_black_borders():
    pixels = np.full((10, 31, 3), 200, np.uint8)
    sample = prepare_image(pixels, ImageWant(crop=(16, 16), resize=10))
    assert (sample.shown[3:13] == 200).all()
    assert not sample.shown[:3].any()
    assert not sample.shown[13:].any()
    assert "black borders around 10×31" in sample.steps


def test_exact_size_in_words():
    sample = prepare_image(noise(30, 40), ImageWant(crop=(9, 8), resize=(9, 8)))
    assert sample.steps[0] == "30×40 → 9×8, bilinear"
    assert len(sample.steps) == 2


def test_very_long_strip_stays_small(monkeypatch):
    pixels = noise(12, 3000)
    whole = prepare_image(pixels, ImageWant())
    monkeypatch.setattr(prepare, "_WHOLE_LIMIT", 1000)
    part = prepare_image(pixels, ImageWant())
    assert np.abs(part.shown.astype(int) - whole.shown).max() <= 1
    small = ImageWant(crop=(50, 700), resize=30)
    part = prepare_image(pixels[:, :200], small)
    monkeypatch.setattr(prepare, "_WHOLE_LIMIT", 10**9)
    whole = prepare_image(pixels[:, :200], small)
    assert np.abs(part.shown.astype(int) - whole.shown).max() <= 1
    assert part.steps == whole.steps


def test_million_pixel_line_fits_in_memory():
    sample = prepare_image(np.zeros((1, 1_000_000, 3), np.uint8), ImageWant())
    assert sample.shown.shape == (224, 224, 3)


def test_title_notes_and_original_are_handed_on():
    picture = Picture(noise(20, 30), ("frame 1 of 3",), "a.gif", (40, 60))
    sample = prepare_image(picture, ImageWant())
    assert (sample.title, sample.notes) == ("a.gif", ("frame 1 of 3",))
    assert sample.original == (40, 60)
    assert prepare_image(picture, ImageWant(), title="b").title == "b"


def test_results_cannot_be_written():
    sample = prepare_image(noise(20, 30), ImageWant())
    assert not sample.values[0].flags.writeable
    assert not sample.shown.flags.writeable


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channels": 4}, "expected 4 means, one per channel, got 3"),
        ({"channels": 1}, "expected 1 mean, one per channel, got 3"),
        ({"std": (1.0,)}, "expected 3 stds, one per channel, got 1"),
        ({"interpolation": "lanczos"}, "got 'lanczos'"),
    ],
)
def test_wishes_no_picture_can_fulfil(change, words):
    want = dataclasses.replace(ImageWant(), **change)
    with pytest.raises(InputError, match=words):
        prepare_image(noise(9, 9), want)


# IMAGE-12


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[:, ::-1],
        lambda a: a[..., ::-1],
        np.flipud,
        np.rot90,
        lambda a: a.transpose(1, 0, 2),
    ],
)
def test_views_with_any_strides(view):
    array = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    seen = view(array)
    rgb = to_picture(seen).rgb
    assert rgb.tolist() == seen.tolist()
    sample = prepare_image(seen, ImageWant(crop=seen.shape[:2], resize=seen.shape[:2]))
    assert sample.shown.tolist() == seen.tolist()
    assert array.flags.writeable
    assert rgb.flags.c_contiguous
