import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from graphs import noise, support, traced
from torch import nn

from cnnviz.core.formulas import (
    adaptive_window,
    output_size,
    rows_lost,
    size_formulas,
)
from cnnviz.core.layers import Geometry


def window(k, s=1, p=(0, 0), d=1, **more):
    return Geometry((k,), (s,), (p,), (d,), **more)


POOLS = [
    (length, k, s, p, d, ceil)
    for length, k, s, d, ceil in itertools.product(
        (5, 6, 7, 10, 11, 25), (1, 2, 3), (1, 2, 3), (1, 2), (False, True)
    )
    for p in range(k // 2 + 1)
]


def test_pool_sizes_follow_torch_with_and_without_ceil():
    wrong, plain_is_wrong = [], 0
    for length, k, s, p, d, ceil in POOLS:
        x = torch.zeros(1, 1, length)
        made = F.max_pool1d(x, k, s, p, d, ceil_mode=ceil).shape[-1]
        geometry = window(k, s, (p, p), d, ceil_mode=ceil)
        if output_size(length, geometry, 0) != made:
            wrong.append((length, k, s, p, d, ceil))
        room = length + 2 * p - d * (k - 1) - 1
        plain_is_wrong += ceil and -(-room // s) + 1 != made
    assert not wrong
    assert plain_is_wrong  # the rule about the last window matters in this table


def test_average_pool_sizes_follow_torch():
    for length, k, s, p, d, ceil in POOLS:
        if d > 1:
            continue
        x = torch.zeros(1, 1, length)
        made = F.avg_pool1d(x, k, s, p, ceil_mode=ceil).shape[-1]
        assert output_size(length, window(k, s, (p, p), ceil_mode=ceil), 0) == made


@pytest.mark.parametrize("k", [1, 2, 3, 5, 11])
def test_convolution_sizes_follow_torch(k):
    tried = 0
    for length, s, p, q, d in itertools.product(
        (11, 24, 31), (1, 2, 3, 4), (0, 1, 3), (0, 2), (1, 2, 3)
    ):
        if length + p + q < d * (k - 1) + 1:
            continue
        x = F.pad(torch.zeros(1, 1, length), (p, q))
        made = F.conv1d(x, torch.zeros(1, 1, k), stride=s, dilation=d).shape[-1]
        assert output_size(length, window(k, s, (p, q), d), 0) == made
        tried += 1
    assert tried > 30


def test_each_axis_has_its_own_numbers():
    x, w = torch.zeros(1, 1, 17, 30), torch.zeros(1, 1, 3, 5)
    made = F.conv2d(x, w, stride=(1, 3), padding=(2, 0), dilation=(2, 1)).shape[2:]
    geometry = Geometry((3, 5), (1, 3), ((2, 2), (0, 0)), (2, 1))
    assert [output_size(n, geometry, i) for i, n in enumerate((17, 30))] == list(made)


def test_transposed_sizes_follow_torch():
    for length, k, s, p, d in itertools.product(
        (4, 7), (1, 2, 3, 4), (1, 2, 3), (0, 1), (1, 2)
    ):
        for extra in range(max(s, d)):
            if (length - 1) * s - 2 * p + d * (k - 1) + extra + 1 < 1:
                continue
            made = F.conv_transpose1d(
                torch.zeros(1, 1, length),
                torch.zeros(1, 1, k),
                stride=s,
                padding=p,
                dilation=d,
                output_padding=extra,
            ).shape[-1]
            geometry = window(k, s, (p, p), d, transposed=True, output_padding=(extra,))
            assert output_size(length, geometry, 0) == made


def test_adaptive_windows_are_what_torch_averages():
    pairs = [(10, 3), (7, 6), (6, 6), (5, 3), (4, 6), (13, 6), (1, 6), (9, 1), (224, 7)]
    for length, outputs in pairs:
        x = torch.zeros(1, 1, length, requires_grad=True)
        y = F.adaptive_avg_pool1d(x, outputs)
        for i in range(outputs):
            first, last = adaptive_window(i, length, outputs)
            seen = np.flatnonzero(support(y, x, (i,)))
            assert seen.tolist() == list(range(first, last + 1))


def test_an_adaptive_window_has_no_computed_size():
    with pytest.raises(ValueError, match="given"):
        output_size(10, window(4, 3, adaptive=True), 0)


def texts(model, *shape):
    trace = traced(model, noise(*shape))
    return size_formulas(trace.layers[-1])


def test_a_window_that_is_alike_on_all_axes_has_one_formula():
    conv = nn.Conv2d(3, 4, 11, 4, 2)
    assert texts(conv, 3, 224, 224) == ("⌊(224 + 2·2 − 11)/4⌋ + 1 = 55",)


def test_an_oblong_map_has_one_formula_per_axis():
    assert texts(nn.MaxPool2d(3, 2), 1, 55, 40) == (
        "⌊(55 − 3)/2⌋ + 1 = 27",
        "⌊(40 − 3)/2⌋ + 1 = 19",
    )


@pytest.mark.parametrize(
    ("model", "shape", "text"),
    [
        pytest.param(
            nn.Conv1d(1, 1, 4, padding="same"),
            (1, 21),
            "⌊(21 + 1 + 2 − 4)/1⌋ + 1 = 21",
            marks=pytest.mark.filterwarnings("ignore:Using padding='same'"),
        ),
        (
            nn.Conv1d(1, 1, 4, padding=3, dilation=1),
            (1, 900),
            "⌊(900 + 2·3 − 4)/1⌋ + 1 = 903",
        ),
        (
            nn.Conv1d(1, 1, 3, padding=4, dilation=4),
            (1, 64),
            "⌊(64 + 2·4 − 4·(3 − 1) − 1)/1⌋ + 1 = 64",
        ),
        (
            nn.ConvTranspose1d(1, 1, 4, 2, 1),
            (1, 13),
            "(13 − 1)·2 − 2·1 + 4 = 26",
        ),
        (
            nn.ConvTranspose1d(1, 1, 3, 2, 1, output_padding=1, dilation=2),
            (1, 13),
            "(13 − 1)·2 − 2·1 + 2·(3 − 1) + 1 + 1 = 28",
        ),
        (
            nn.MaxPool1d(3, 2, ceil_mode=True),
            (1, 6),
            "⌈(6 − 3)/2⌉ + 1 = 3",
        ),
        (
            nn.MaxPool1d(2, 2, 1, ceil_mode=True),
            (1, 7),
            "⌈(7 + 2·1 − 2)/2⌉ + 1 − 1 = 4 (one more would start behind the input)",
        ),
        (nn.AdaptiveAvgPool1d(3), (1, 10), "10 → 3: windows [0,4) [3,7) [6,10)"),
        (
            nn.AdaptiveAvgPool1d(6),
            (1, 13),
            "13 → 6: windows [0,3) [2,5) … [10,13)",
        ),
        (nn.AdaptiveAvgPool1d(1), (1, 13), "13 → 1: all 13"),
        (nn.AdaptiveAvgPool1d(6), (1, 6), "6 → 6: each position by itself"),
        (nn.Flatten(), (256, 6, 6), "256·6·6 = 9216"),
        (nn.Linear(9216, 4), (9216,), "9216 → 4"),
        (nn.Linear(6, 4), (5, 6), "6 → 4 at each of 5 places"),
        (nn.ReLU(), (2, 5, 6), "2×5×6 → 2×5×6"),
    ],
)
def test_formulas_with_numbers(model, shape, text):
    assert texts(model, *shape) == (text,)


class Merge(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def forward(self, x):
        return self.how(x)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (lambda x: torch.cat([x, x[:, :3], x], 1), "8 + 3 + 8 = 19 channels"),
        (lambda x: torch.cat([x, x[:, :, :3]], 2), "10 + 3 = 13 rows"),
        (lambda x: x + x.relu(), "8×10×6 + 8×10×6 = 8×10×6"),
        (lambda x: x * x.mean((2, 3), keepdim=True), "8×10×6 · 8×1×1 = 8×10×6"),
        (lambda x: x[:, :, 2:-1], "8×10×6 → 8×7×6"),
        (lambda x: F.pad(x, (1, 2)), "8×10×6 → 8×10×9"),
    ],
)
def test_formulas_of_merges_and_moves(how, text):
    assert texts(Merge(how), 8, 10, 6) == (text,)


@pytest.mark.parametrize(
    "model",
    [
        nn.Conv2d(1, 1, 11, 4),
        nn.Conv2d(1, 1, 3, 2, 1),
        nn.Conv2d(1, 1, (2, 5), (3, 4), dilation=(3, 1)),
        nn.AvgPool2d(3, 3),
        nn.AvgPool2d(3, 3, ceil_mode=True),
        nn.AdaptiveAvgPool2d(5),
        nn.ConvTranspose2d(1, 1, 3, 2, 1),
    ],
)
def test_rows_lost_are_the_last_ones_without_gradient(model):
    size = (30, 23)
    x = torch.ones(1, 1, *size, requires_grad=True)
    for weight in model.parameters():
        weight.data.fill_(1)
    model(x).sum().backward()
    used = x.grad[0, 0] != 0
    expected = tuple(
        int(used.any(1 - axis).flip(0).int().argmax()) for axis in range(2)
    )
    assert rows_lost(traced(model, noise(1, *size)).layers[-1]) == expected
