import numpy as np
import pytest
import torch
from graphs import noise, traced
from sums import holds, run
from torch import nn
from torch.nn import functional as F

LINE = np.linspace(-4, 4, 81, dtype=np.float32).reshape(1, 9, 9)
TWO = np.concatenate([LINE, -LINE])


def prelu():
    module = nn.PReLU(2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([0.25, -0.5]))
    return module


ACTIVATIONS = [
    nn.ReLU(),
    nn.ReLU(inplace=True),
    nn.ReLU6(),
    nn.LeakyReLU(),
    nn.LeakyReLU(0.3),
    prelu(),
    nn.PReLU(),
    nn.RReLU(),
    nn.RReLU(0.1, 0.2),
    nn.ELU(),
    nn.ELU(0.5),
    nn.CELU(),
    nn.CELU(2.0),
    nn.SELU(),
    nn.GELU(),
    nn.GELU("tanh"),
    nn.SiLU(),
    nn.Mish(),
    nn.Hardtanh(),
    nn.Hardtanh(-2, 0.5),
    nn.Hardswish(),
    nn.Hardsigmoid(),
    nn.Sigmoid(),
    nn.LogSigmoid(),
    nn.Tanh(),
    nn.Softplus(),
    nn.Softplus(3, 2),
    nn.Softsign(),
    nn.Softshrink(),
    nn.Softshrink(1.2),
    nn.Hardshrink(),
    nn.Hardshrink(2.0),
    nn.Tanhshrink(),
    nn.Threshold(0.3, 7),
]
CALLS = {
    "relu": F.relu,
    "relu in place": lambda x: torch.relu_(x * 1),
    "leaky_relu": F.leaky_relu,
    "leaky_relu 0.2": lambda x: F.leaky_relu(x, 0.2),
    "elu": lambda x: F.elu(x, alpha=0.7),
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "hardtanh": lambda x: F.hardtanh(x, max_val=3.0),
    "logsigmoid": F.logsigmoid,
    "softshrink": F.softshrink,
    "threshold": lambda x: F.threshold(x, -1.0, 9.0),
    "clamp": lambda x: x.clamp(-1, 2.5),
    "clamp, open": lambda x: torch.clamp(x, max=0.5),
    "clamp_min": lambda x: x.clamp_min(0.25),
    "neg": lambda x: -x,
    "abs": torch.abs,
    "exp": torch.exp,
    "square": torch.square,
    "reciprocal": lambda x: torch.reciprocal(x + 9),
    "sqrt": lambda x: (x + 9).sqrt(),
    "rsqrt": lambda x: (x + 9).rsqrt(),
    "log": lambda x: (x + 9).log(),
    "log1p": lambda x: (x + 9).log1p(),
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
}
CASES = {repr(module): module for module in ACTIVATIONS}
CASES |= {name: run(call) for name, call in CALLS.items()}


def double(model, x):
    with torch.no_grad():
        out = model.double()(torch.from_numpy(x).double()[None])[0].numpy()
    model.float()
    return out


@pytest.mark.parametrize("case", CASES)
def test_functions_against_torch_in_double_precision(case):
    model = nn.Sequential(CASES[case]).eval()
    own = double(model, TWO)
    trace = traced(model, TWO)
    layer = trace.layers[-1]
    for index in [*np.ndindex(2, 9, 9)][::7]:
        channel, *unit = index
        found = holds(trace, layer, channel, tuple(unit), 1e-6)
        assert found.rule == "function"
        assert found.total == pytest.approx(own[index], rel=1e-6, abs=1e-7)
        assert found.terms.position.tolist() == [unit]
        assert found.subtotals.channel.tolist() == [channel]


MINIMA = {
    "SiLU()": -0.278415,
    "GELU(approximate='none')": -0.169484,
    "GELU(approximate='tanh')": -0.169568,
    "ELU(alpha=1.0)": -0.981684,
    "Hardswish()": -0.375,
}


@pytest.mark.parametrize("case", MINIMA)
def test_activations_with_negative_values(case):
    trace = traced(nn.Sequential(CASES[case]), TWO)
    totals = [trace.explain("0", c, (y, x)).total for c, y, x in np.ndindex(2, 9, 9)]
    assert min(totals) == pytest.approx(MINIMA[case], abs=1e-6)


def test_slopes_of_a_prelu_differ_by_channel():
    trace = traced(nn.Sequential(prelu()), TWO)
    assert trace.sample.values[0][0, 3, 3] == trace.sample.values[0][1, 5, 5] == -1
    first, second = trace.explain("0", 0, (3, 3)), trace.explain("0", 1, (5, 5))
    assert (first.total, second.total) == (-0.25, 0.5)
    assert first.words == "−1 if positive, else 0.25·(−1) = −0.25"


def test_a_gate():
    x = noise(6, 5) - 0.5
    for model, size in ((nn.GLU(1), 3), (run(lambda x: F.glu(x[..., :4], -1)), 2)):
        trace = traced(nn.Sequential(model), x)
        layer = trace.layers[-1]
        for channel, time in np.ndindex(layer.shape):
            found = holds(trace, layer, channel, (time,), 1e-6)
            a, b = found.terms.x
            assert found.total == pytest.approx(a / (1 + np.exp(-b)))
            places = [found.place(i)[1:] for i in range(2)]
            if size == 3:
                assert places == [(channel, (time,)), (channel + 3, (time,))]
            else:
                assert places == [(channel, (time,)), (channel, (time + 2,))]


def test_words_are_the_formula_with_the_number_in_it():
    trace = traced(nn.Sequential(nn.ReLU()), np.asarray([[-0.52, 1.5]]))
    assert trace.explain("0", 0, (1,)).words == "max(0, 1.5) = 1.5"
    assert trace.explain("0", 0, (0,)).words == "max(0, −0.52) = 0"
    trace = traced(run(lambda x: x.clamp(max=6)), np.asarray([[7.0]]))
    assert trace.explain("clamp", 0, (0,)).words == "7 held between −∞ and 6 = 6"


def test_settings_that_are_tensors_are_not_guessed():
    limit = torch.full((3,), 0.25)
    for call in (lambda x: x.clamp(min=limit), lambda x: x.clamp_min(limit)):
        trace = traced(run(call), noise(2, 3))
        assert trace.layers[0].output.min() == 0.25
        found = trace.explain(trace.layers[0].name, 1, (2,))
        assert found.rule == "not taken apart"


def test_extreme_inputs_give_what_torch_gives():
    x = np.asarray([[np.nan, np.inf, -np.inf, 1e30, -1e30, 90.0, -90.0]])
    for module in (nn.ReLU(), nn.SiLU(), nn.Sigmoid(), nn.Softplus(), nn.ELU()):
        trace = traced(nn.Sequential(module), x)
        for at in range(7):
            found = trace.explain("0", 0, (at,))
            assert found.residual <= 1e-6 * max(abs(found.shown), 1) or (
                found.residual == 0
            ), (module, at)
