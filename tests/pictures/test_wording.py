import numpy as np
import pytest

from cnnviz.core.layers import Geometry, Layer
from cnnviz.pictures.captions import activation_name, layer_caption


def geometry(kernel, stride=1, padding=0, dilation=1, **more):
    """Geometry with plain numbers spread over the axes."""
    n = len(kernel)
    if isinstance(padding, int):
        padding = ((padding, padding),) * n
    spread = [v if isinstance(v, tuple) else (v,) * n for v in (stride, dilation)]
    return Geometry(kernel, spread[0], tuple(padding), spread[1], **more)


def layer(kind, op="", shape=(1,), axes="", inputs=("input",), **more):
    return Layer("a", kind, op, inputs, np.zeros(shape, np.float32), axes, **more)


def conv(shape, *, bias=True, kind="conv", **more):
    weight = np.zeros(shape, np.float32)
    return layer(
        kind,
        weight=weight,
        bias=np.zeros(1) if bias else None,
        geometry=geometry(shape[2:], **more),
    )


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            conv((64, 3, 11, 11), stride=4, padding=2),
            "conv 3→64, 11×11, stride 4, padding 2",
        ),
        (conv((8, 4, 3, 3)), "conv 4→8, 3×3"),
        (
            conv((8, 4, 3, 3), groups=2, bias=False),
            "conv 8→8, 3×3, 2 groups, no bias",
        ),
        (conv((32, 1, 3, 3), groups=32), "conv 32→32, 3×3, depthwise"),
        (
            conv((8, 4, 3, 5), stride=(1, 2), padding=((1, 1), (2, 2)), dilation=2),
            "conv 4→8, 3×5, stride 1×2, padding 1×2, dilation 2",
        ),
        (
            conv((8, 4, 4, 4), padding=((1, 2), (1, 2))),
            "conv 4→8, 4×4, padding 1+2 (before+after)",
        ),
        (
            conv((8, 4, 4, 4), padding=((1, 2), (0, 0))),
            "conv 4→8, 4×4, padding 1+2 × 0+0 (before+after)",
        ),
        (
            conv((8, 4, 3, 3), padding=1, padding_mode="reflect"),
            "conv 4→8, 3×3, reflect padding 1",
        ),
        (
            conv((16, 8, 3), padding=((4, 0),), dilation=2),
            "conv 8→16, 3 taps, causal padding 4, dilation 2",
        ),
        (conv((16, 8, 1)), "conv 8→16, 1 tap"),
        (
            conv(
                (4, 2, 4, 4),
                kind="conv_transpose",
                stride=2,
                padding=1,
                groups=2,
                output_padding=(1, 1),
            ),
            "transposed conv 4→4, 4×4, stride 2, padding 1, output padding 1, 2 groups",
        ),
    ],
)
def test_convolutions(found, text):
    assert layer_caption(found) == text


def pool(kernel, reduction="max", shape=(4, 6, 6), **more):
    given = geometry(kernel, reduction=reduction, **more)
    return layer("pool", "MaxPool2d", shape, "CHW"[: len(shape)], geometry=given)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (pool((3, 3), stride=2), "max pool 3×3, stride 2"),
        (
            pool((3, 3), stride=2, ceil_mode=True),
            "max pool 3×3, stride 2, last window may overhang",
        ),
        (
            pool((2, 2), "mean", stride=2, padding=1, count_include_pad=False),
            "average pool 2×2, stride 2, padding 1, padding not counted",
        ),
        (
            pool((2, 2), "mean", stride=2, divisor_override=3),
            "average pool 2×2, stride 2, divided by 3",
        ),
        (pool((2, 2), "mean", adaptive=True), "adaptive average pool to 6×6"),
        (pool((7, 7), "mean", (4, 1, 1), adaptive=True), "global average pool"),
        (
            pool((3, 3), stride=2, padding=1, padding_mode="-inf"),
            "max pool 3×3, stride 2, padding 1",
        ),
        (pool((2,), shape=(4, 6), stride=2), "max pool 2 taps, stride 2"),
    ],
)
def test_pools(found, text):
    assert layer_caption(found) == text


@pytest.mark.parametrize(
    ("op", "more", "text"),
    [
        ("ReLU", {}, "ReLU"),
        ("relu_", {}, "ReLU"),
        ("leaky_relu", {"options": {"negative_slope": 0.01}}, "leaky ReLU, slope 0.01"),
        ("PReLU", {"weight": np.array([0.25])}, "PReLU, slope 0.25"),
        ("PReLU", {"weight": np.array([0.25, -0.5])}, "PReLU, 2 slopes"),
        ("ELU", {"options": {"alpha": 1.0}}, "ELU"),
        ("ELU", {"options": {"alpha": 0.5}}, "ELU, alpha 0.5"),
        ("gelu", {"options": {"approximate": "none"}}, "GELU"),
        ("GELU", {"options": {"approximate": "tanh"}}, "GELU (tanh form)"),
        ("SiLU", {}, "SiLU"),
        ("hardswish", {}, "Hardswish"),
        ("Snake", {}, "Snake"),
    ],
)
def test_activations_go_by_their_true_name(op, more, text):
    found = layer("activation", op, **more)
    assert activation_name(found) == text
    assert layer_caption(found) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            layer("linear", weight=np.zeros((10, 36)), bias=np.zeros(10)),
            "linear 36→10",
        ),
        (layer("linear", weight=np.zeros((10, 36))), "linear 36→10, no bias"),
        (layer("norm", "BatchNorm2d", (64, 5, 5), "CHW"), "batch norm, 64 channels"),
        (layer("norm", "layer_norm"), "layer norm"),
        (layer("norm", "GroupNorm", options={"num_groups": 8}), "group norm, 8 groups"),
        (
            layer("norm", "LocalResponseNorm", options={"size": 5}),
            "local response norm over 5 channels",
        ),
        (
            layer("dropout", "Dropout", options={"p": 0.5}),
            "dropout 0.5, idle when not training",
        ),
        (
            layer("flatten", "flatten", (9216,), input_shapes=((256, 6, 6),)),
            "flatten 256×6×6 → 9216",
        ),
        (
            layer("reshape", "permute", (4, 5, 3), input_shapes=((3, 4, 5),)),
            "permute 3×4×5 → 4×5×3",
        ),
        (
            layer("reshape", "getitem", (4, 40), input_shapes=((4, 44),)),
            "slice 4×44 → 4×40",
        ),
        (
            layer("pool", "mean", (8,), input_shapes=((8, 4, 4),)),
            "mean 8×4×4 → 8",
        ),
        (layer("linear", "bilinear", weight=np.zeros((2, 3, 4))), "bilinear"),
        (layer("concat", "cat", inputs=("a", "b", "c")), "concatenation of 3"),
        (layer("add", "add", inputs=("a", "b")), "sum of 2"),
        (layer("mul", "mul", inputs=("a",)), "product with a constant"),
        (layer("softmax", "Softmax"), "softmax"),
        (
            layer("pad", "pad", (3, 8, 8), input_shapes=((3, 6, 6),)),
            "padding 3×6×6 → 3×8×8",
        ),
        (layer("recurrent", "LSTM"), "LSTM"),
        (layer("other", "einsum"), "einsum"),
    ],
)
def test_other_layers(found, text):
    assert layer_caption(found) == text
