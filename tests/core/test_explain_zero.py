import numpy as np
import pytest
import torch
from graphs import traced
from sums import run
from torch import nn


def conv(weight, bias=None, **options):
    """A convolution with chosen weights."""
    weight = torch.tensor(weight)
    made, read, kernel = weight.shape
    module = nn.Conv1d(read, made, kernel, bias=bias is not None, **options)
    with torch.no_grad():
        module.weight.copy_(weight)
        if bias is not None:
            module.bias.fill_(bias)
    return module


def why(model, x, channel=0, unit=(0,)):
    trace = traced(nn.Sequential(model), np.asarray(x))
    found = trace.explain(trace.layers[-1].name, channel, unit)
    assert found.shown == 0
    assert found.why_strange is None
    return found.why_zero


ONES = [[[1.0, 1.0, 1.0]]]
ZEROS = {
    "dead input": (conv(ONES), [[0, 0, 0]], "all 3 inputs are zero, there is no bias"),
    "no bias": (conv(ONES, 0.0), [[0, 0, 0]], "all 3 inputs are zero, the bias is 0"),
    "weights": (
        conv([[[0.0, 0, 0]]]),
        [[1, 2, 3]],
        "all 3 weights are zero, there is no bias",
    ),
    "zeros meet": (
        conv([[[0.0, 1, 0]]]),
        [[1, 0, 3]],
        "every term has a zero in it, there is no bias",
    ),
    "padding": (
        conv([[[1.0, 2]]], padding=2),
        [[5, 5, 5]],
        "both inputs are padding, there is no bias",
    ),
    "cancel": (
        conv(ONES),
        [[1, 2, -3]],
        "terms cancel: positive and negative ones are equally large",
    ),
    "bias cancels": (
        conv(ONES, -6.0),
        [[1, 2, 3]],
        "the terms add up to 6, which −6 cancels",
    ),
    "relu": (nn.ReLU(), [[-0.52]], "its input −0.52 is negative"),
    "relu of zero": (nn.ReLU(), [[0.0]], "its input is zero"),
    "hard swish": (
        nn.Hardswish(),
        [[-4.0]],
        "the function is zero at its input −4",
    ),
    "sigmoid": (
        nn.Sigmoid(),
        [[-200.0]],
        "its value 1.384e−87 is too small for this precision",
    ),
    "max of zeros": (nn.MaxPool1d(3), [[0, 0, 0]], "all 3 values are zero"),
    "max": (nn.MaxPool1d(3), [[-1, 0, -2]], "the largest of its 3 values is zero"),
    "mean of zeros": (nn.AvgPool1d(2), [[0, 0]], "both values are zero"),
    "mean": (
        nn.AvgPool1d(2),
        [[-1, 1]],
        "terms cancel: positive and negative ones are equally large",
    ),
    "sum": (
        run(lambda x: x[..., :1] + x[..., 1:]),
        [[0, 0]],
        "both inputs are zero",
    ),
    "product": (
        run(lambda x: x[..., :1] * x[..., 1:]),
        [[0, 3]],
        "the factor from 0.getitem is zero",
    ),
    "constant": (run(lambda x: x * 0), [[5]], "the factor from the constant is zero"),
    "padded": (nn.ZeroPad1d(1), [[5]], "it is padding"),
    "copy": (nn.Identity(), [[0]], "the value in input is zero"),
    "norm": (nn.InstanceNorm1d(1), [[2, 1, 3]], "its value equals the mean"),
    "lp": (nn.LPPool1d(2, 2), [[0, 0]], "both values are zero"),
    "softmax": (
        nn.Softmax(2),
        [[-500, 0]],
        "its share is too small for this precision",
    ),
}


@pytest.mark.parametrize("case", ZEROS)
def test_why_a_value_is_zero(case):
    model, x, reason = ZEROS[case]
    assert why(model, x) == reason


def test_other_values_need_no_reason():
    trace = traced(nn.Sequential(nn.ReLU()), np.asarray([[0.5, -1.0]]))
    assert trace.explain("0", 0, (0,)).why_zero is None
    assert trace.explain("0", 0, (1,)).why_zero is not None


STRANGE = {
    "inherited": (
        conv(ONES),
        [[1, np.nan, np.inf]],
        "2 of its 3 inputs are NaN or infinite already",
    ),
    "one": (nn.ReLU(), [[np.nan]], "its input is NaN already"),
    "weights": (
        conv([[[np.inf]]]),
        [[1]],
        "its weights or its bias hold NaN or infinities",
    ),
    "function": (
        run(torch.log),
        [[-1]],
        "the function has no finite value at −1",
    ),
    "division": (
        run(lambda x: 1 / x),
        [[0]],
        "the operation has no finite value here",
    ),
    "overflow": (
        run(lambda x: x * 1e30),
        [[1e30]],
        "1e+60 is too large for this precision",
    ),
}


@pytest.mark.parametrize("case", STRANGE)
def test_why_a_value_is_no_number(case):
    model, x, reason = STRANGE[case]
    trace = traced(nn.Sequential(model), np.asarray(x))
    found = trace.explain(trace.layers[-1].name, 0, (0,))
    assert not np.isfinite(found.shown)
    assert found.why_strange == reason
    assert found.why_zero is None
