"""The classic kernels do what their names say."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from cnnviz.core.models import ModelSpec
from cnnviz.nets.build import build
from cnnviz.nets.handmade import KERNELS


@pytest.fixture(scope="module")
def net():
    return build(ModelSpec("handmade"))


def maps(net, picture):
    """Maps before ReLU by kernel, of a ``(3, H, W)`` picture."""
    with torch.no_grad():
        out = net.module.filters(torch.as_tensor(picture, dtype=torch.float32)[None])
    return dict(zip(net.channel_names["filters"], out[0].numpy(), strict=True))


def grey(values):
    return np.stack([np.asarray(values, float)] * 3)


@pytest.fixture
def ramp():
    """Brighter by 1 per column, by 3 per row."""
    return grey(np.arange(12)[None, :] + 3 * np.arange(10)[:, None])


def test_identity_is_the_mean_of_the_colours(net):
    picture = np.random.default_rng(0).random((3, 9, 8))
    np.testing.assert_allclose(
        maps(net, picture)["identity"], picture.mean(0), atol=1e-6
    )


@pytest.mark.parametrize("name", ["box blur", "Gaussian blur", "sharpen"])
def test_flat_areas_and_ramps_stay(net, ramp, name):
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(maps(net, ramp)[name][inner], ramp[0][inner], rtol=1e-5)


@pytest.mark.parametrize("name", ["Sobel x", "Sobel y", "Laplacian"])
def test_flat_areas_give_nothing(net, name):
    inner = maps(net, grey(np.full((9, 9), 0.7)))[name][2:-2, 2:-2]
    np.testing.assert_allclose(inner, 0, atol=1e-6)


def test_sobel_is_eight_times_the_slope(net, ramp):
    found = maps(net, ramp)
    np.testing.assert_allclose(found["Sobel x"][2:-2, 2:-2], 8 * 1, rtol=1e-5)
    np.testing.assert_allclose(found["Sobel y"][2:-2, 2:-2], 8 * 3, rtol=1e-5)
    np.testing.assert_allclose(found["Laplacian"][2:-2, 2:-2], 0, atol=1e-4)


def test_laplacian_is_the_second_difference(net):
    picture = np.random.default_rng(1).random((9, 9))
    second = sum(
        np.diff(np.take(picture, range(1, 8), 1 - axis), 2, axis) for axis in (0, 1)
    )
    found = maps(net, grey(picture))["Laplacian"][1:-1, 1:-1]
    np.testing.assert_allclose(found, second, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "divisor"),
    [("box blur", 25), ("Gaussian blur", 256), ("sharpen", 1), ("emboss", 1)],
)
def test_same_picture_as_pillow(net, name, divisor):
    """Pillow takes the rows from the lowest up, works on 0 … 255 and rounds."""
    pixels = np.random.default_rng(2).integers(100, 140, (16, 16), np.uint8)
    weights = (KERNELS[name][::-1] * divisor).round().astype(int).ravel().tolist()
    theirs = Image.fromarray(pixels).filter(
        ImageFilter.Kernel((5, 5), weights, scale=divisor)
    )
    ours = maps(net, grey(pixels))[name]
    inner = np.s_[2:-2, 2:-2]
    wanted = np.clip(ours, 0, 255)[inner]
    assert np.abs(np.asarray(theirs, float)[inner] - wanted).max() <= 1


def test_emboss_is_lit_from_one_side(net):
    """On a slope to the lower right it is brighter than on the opposite one."""
    slope = np.add.outer(np.arange(9.0), np.arange(9.0))
    there, back = (maps(net, grey(x))["emboss"][4, 4] for x in (slope, -slope))
    assert there - slope[4, 4] == pytest.approx(-(back + slope[4, 4]))
    assert there > slope[4, 4]


def test_both_pools_read_the_same_relu(net):
    picture = np.random.default_rng(3).random((3, 6, 8))
    after = np.maximum(np.stack(list(maps(net, picture).values())), 0)
    blocks = after.reshape(8, 3, 2, 4, 2)
    with torch.no_grad():
        out = net.module(torch.as_tensor(picture, dtype=torch.float32)[None])
    assert set(out) == {"max", "average"}
    np.testing.assert_allclose(out["max"][0], blocks.max((2, 4)), atol=1e-6)
    np.testing.assert_allclose(out["average"][0], blocks.mean((2, 4)), atol=1e-6)


def test_every_layer_names_its_channels(net):
    layers = {name for name, _ in net.module.named_children()}
    assert set(net.channel_names) == layers
    assert all(len(names) == 8 for names in net.channel_names.values())
    assert net.channel_names["filters"][4] == "Sobel x"
    assert net.labels is None
    assert net.weights == "hand-made kernels, nothing learned"
    assert not net.trained
