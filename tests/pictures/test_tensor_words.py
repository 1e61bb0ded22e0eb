import numpy as np
import pytest

from cnnviz.core.models import FileSpec
from cnnviz.core.tensors import Misfit, Reshaped, TensorFacts, TensorList
from cnnviz.core.trace import PixelSource, Request
from cnnviz.pictures.tensor_words import (
    chosen_line,
    kilobytes,
    list_words,
    misfit_lines,
    module_of,
    odd_words,
    shape_words,
    tensor_lines,
    weight_line,
)

KERNELS = TensorFacts("conv.weight", (64, 3, 11, 11), "float16", None, -1.5, 2.25)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((), "a single number"),
        ((0, 3), "empty (0×3)"),
        ((1,), "1 value"),
        ((4096,), "4,096 values"),
        ((10, 4096), "10 rows of 4,096 weights"),
        ((64, 3, 11, 11), "64 kernels of 3×11×11"),
        ((1, 6, 3), "1 kernel of 6×3"),
    ],
)
def test_what_a_shape_could_be(shape, words):
    assert shape_words(shape) == words


@pytest.mark.parametrize(
    ("nbytes", "words"),
    [(4, "0.004"), (256, "0.256"), (46464, "46.5"), (151_000_000, "151,000")],
)
def test_kilobytes(nbytes, words):
    assert kilobytes(nbytes) == words


def test_modules():
    assert module_of("layer1.0.conv1.weight") == "layer1.0.conv1"
    assert module_of("scale") == ""


def test_values_that_are_no_numbers():
    assert odd_words(TensorFacts("w", (3,), "float32", nans=2)) == "2 NaN"
    both = TensorFacts("w", (3000,), "float32", nans=2, infinities=1200)
    assert odd_words(both) == "2 NaN · 1,200 infinite"
    assert odd_words(KERNELS) == ""


def test_a_tensor_in_lines():
    assert tensor_lines(KERNELS, None).splitlines() == [
        "conv.weight",
        "64 kernels of 3×11×11 · 23,232 values in all · 46.5 kB as float16",
    ]
    bias = TensorFacts("bias", (64,), "float32", nans=1)
    assert tensor_lines(bias, None).splitlines() == [
        "bias", "64 values · 0.256 kB as float32", "1 NaN",
    ]  # fmt: skip


def test_how_the_nearest_network_has_a_tensor():
    near = Misfit(
        "vgg16", 4, ("a.bias",), ("own.weight",),
        (Reshaped("head.weight", (7, 4096), (1000, 4096)),),
    )  # fmt: skip

    def last(name):
        return tensor_lines(TensorFacts(name, (2,), "float32"), near).splitlines()[-1]

    assert last("own.weight") == "vgg16 has no tensor of this name"
    assert last("head.weight") == "vgg16 has it as 1000×4096"
    assert last("conv.weight") == "fits vgg16"
    far = Misfit("swin", 1, (), ("own.weight", "b", "c"))
    lines = tensor_lines(TensorFacts("own.weight", (2,), "float32"), far)
    assert "swin" not in lines  # it is too far off to speak of


def test_every_difference_can_be_copied():
    near = Misfit(
        "vgg16", 4, ("a.bias", "b.bias"), ("own.weight",),
        (Reshaped("head.weight", (7, 4096), (1000, 4096)),),
    )  # fmt: skip
    assert misfit_lines(near).splitlines() == [
        "vgg16: 4 tensors fit",
        "",
        "1 of another shape",
        "head.weight: 7×4096 in the file, 1000×4096 in the network",
        "",
        "2 missing in the file",
        "a.bias",
        "b.bias",
        "",
        "1 in the file only",
        "own.weight",
    ]
    many = misfit_lines(Misfit("net", 0, tuple(map(str, range(501)))))
    assert many.splitlines()[-1] == "and 1 more"
    assert misfit_lines(None) == ""


def test_a_file_in_words():
    request = Request(FileSpec(), PixelSource(np.zeros((1, 1, 3), np.uint8)))
    file = TensorList(request, "", (KERNELS, TensorFacts("b", (64,), "float32")))
    assert list_words(file) == "2 tensors · 23,296 values · 46.7 kB"


def test_what_is_chosen():
    assert chosen_line(KERNELS, 3) == (
        "conv.weight · kernel 3 · 64×3×11×11 float16 · −1.5 … 2.25"
    )
    assert chosen_line(TensorFacts("b", (8,), "int8"), 3) == "b · value 3 · 8 int8"
    assert chosen_line(TensorFacts("n", (), "int64"), None) == "n · scalar int64"


def test_what_is_pointed_at():
    assert weight_line(KERNELS, 3, (2, 0, 10), -0.5) == (
        "kernel 3 of conv.weight · input 2 · (0, 10) · −0.5"
    )
    assert weight_line(KERNELS, 3, (0, 10), (1.0, 0.5, 0.25)) == (
        "kernel 3 of conv.weight · (0, 10) · red, green, blue 1, 0.5, 0.25"
    )
    row = TensorFacts("fc.weight", (5, 6), "float32")
    assert weight_line(row, 4, (5,), 0.5) == "row 4 of fc.weight · input 5 · 0.5"
    bias = TensorFacts("fc.bias", (5,), "float32")
    assert weight_line(bias, 4, (), 0.5) == "value 4 of fc.bias · 0.5"
