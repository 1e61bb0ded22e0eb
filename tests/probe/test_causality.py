"""Who sees the future: told from receptive fields, and tried on the network itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnviz.core.ahead import ahead_words, looks_ahead, own_step, time_layers
from cnnviz.core.errors import InputError, ModelError
from cnnviz.core.models import ModelSpec
from cnnviz.core.proof import Trial
from cnnviz.core.series import TableSource
from cnnviz.core.trace import Request, Sample
from cnnviz.nets.build import build
from cnnviz.nets.temporal import TCN, CNN1d
from cnnviz.probe.causality import prove, try_module
from cnnviz.probe.execute import trace_module


class Chomped(nn.Module):
    """Padded at both ends, the end cut off again."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 3, 3, padding=4, dilation=2)

    def forward(self, x):
        return F.relu(self.conv(x)[:, :, :-4])


class Strided(nn.Module):
    """Causal padding, every second step: a unit stands for two steps."""

    def __init__(self, before):
        super().__init__()
        self.before = before
        self.conv = nn.Conv1d(2, 3, 2, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (self.before, 0)))


def seeded(make):
    torch.manual_seed(0)
    return make().eval().requires_grad_(False)


def series(many=2, steps=40, seed=0):
    chance = np.random.default_rng(seed)
    return chance.normal(size=(many, steps)).astype(np.float32)


def trial(module, step, values=None):
    values = series() if values is None else values
    trace = trace_module(module, values)
    return try_module(module, Trial(trace, step))


CASES = {
    "tcn": (lambda: TCN(2, 3, 4, 3, (1, 2, 4)), 0),
    "chomped": (Chomped, 0),
    "same": (lambda: nn.Conv1d(2, 3, 5, padding=2), 2),
    "dilated": (lambda: nn.Conv1d(2, 3, 3, padding=3, dilation=3), 3),
    "both ways": (lambda: nn.Sequential(nn.Conv1d(2, 2, 3, padding=1), nn.ReLU(),
                                        nn.Conv1d(2, 2, 3, padding=1)), 2),
    "strided": (lambda: Strided(0), 0),
    "pool": (lambda: nn.MaxPool1d(4), 0),
    "ends": (lambda: nn.Conv1d(2, 3, 3, padding=2), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_told_and_tried_agree(name):
    make, most = CASES[name]
    module = seeded(make)
    trace = trace_module(module, series())
    told = {each.layer: max(each.steps, 0) for each in looks_ahead(trace)}
    assert max(told.values()) == most
    found = try_module(module, Trial(trace, 19))
    assert found.layers == len(time_layers(trace)) == len(told)
    assert {leak.layer for leak in found.leaks} == {n for n, a in told.items() if a}
    for leak in found.leaks:
        assert leak.step == 20 - told[leak.layer]
        assert leak.most > 0
    assert ("not causal" in ahead_words(trace)) == bool(most)
    assert ("does not see" in found.words) == (not most)


def test_the_largest_change_is_that_of_the_network():
    """The same trial with torch alone."""
    module = seeded(lambda: nn.Conv1d(2, 3, 5, padding=2)).double()
    values = series().astype(np.float64)
    found = trial(module, 19, values)
    (leak,) = found.leaks
    chance = np.random.default_rng(0)
    other = values.copy()
    other[:, 20:] = np.abs(values).max() * chance.normal(size=(2, 20))
    gap = module(torch.from_numpy(other)[None]) - module(torch.from_numpy(values)[None])
    assert leak.most == pytest.approx(float(gap[0, :, :20].abs().max()), rel=1e-6)
    assert leak.step == int((gap[0].abs().amax(0) > 0).nonzero()[0, 0])


def test_the_bundled_networks():
    torch.manual_seed(1)
    values = series(6, 128)
    for module, words in ((TCN(), "does not see"), (CNN1d(), "This network sees")):
        module.eval().requires_grad_(False)
        assert words in trial(module, 57, values).words


def test_layers_behind_a_mean_over_time_have_no_step():
    trace = trace_module(seeded(lambda: TCN(2, 3, 4, 3, (1, 2))), series())
    names = [layer.name for layer, _ in time_layers(trace)]
    assert names[-1] == "steps"
    assert not {"mean", "flatten"} & set(names)


def test_a_gate_over_the_whole_series_is_found_out():
    class Gated(nn.Module):
        def forward(self, x):
            return x * torch.sigmoid(x.mean(2, keepdim=True))

    module = Gated()
    trace = trace_module(module, series())
    assert any(each.steps > 0 for each in looks_ahead(trace))
    found = try_module(module, Trial(trace, 19))
    assert [leak.step for leak in found.leaks] == [0]


@pytest.mark.parametrize(
    ("unit", "jump", "step"), [(0, 1, 0), (57, 1, 57), (0, 4, 3), (12, 4, 51)]
)
def test_the_step_of_a_unit(unit, jump, step):
    assert own_step(unit, jump) == step


def test_what_cannot_be_tried():
    picture = trace_module(nn.Conv2d(1, 2, 3), np.zeros((1, 8, 8), np.float32))
    with pytest.raises(InputError, match="only a network of series"):
        try_module(nn.Conv2d(1, 2, 3), Trial(picture, 0))
    assert ahead_words(picture) == ""
    module = nn.Conv1d(2, 2, 3, padding=1)
    trace = trace_module(module, series())
    for step in (-1, 39):
        with pytest.raises(InputError, match="expected a step from 0 to 38"):
            try_module(module, Trial(trace, step))
    with pytest.raises(InputError, match="which network"):
        prove(Trial(trace, 5))
    with pytest.raises(ModelError):
        try_module(nn.Conv1d(5, 2, 3), Trial(trace, 5))


HOLES = {
    "every value": (2, (slice(None), slice(None))),
    "one channel": (2, (0, slice(None))),
    "one early step": (2, (0, 3)),
    "of a causal one": (0, (1, 0)),
}


class Holed(nn.Module):
    """Some of its values are not finite, whatever comes in."""

    def __init__(self, ahead, where, value):
        super().__init__()
        self.conv = nn.Conv1d(2, 3, 3)
        self.ahead, self.where, self.value = ahead, where, value

    def forward(self, x):
        made = self.conv(F.pad(x, (2 - self.ahead, self.ahead)))
        hole = torch.zeros_like(made)
        hole[(0, *self.where)] = self.value
        return made + hole


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", HOLES)
def test_what_is_not_finite_proves_nothing(name, value):
    module = seeded(lambda: Holed(*HOLES[name], value))
    found = trial(module, 19)
    assert found.unclear == (found.trial.trace.layers[-1].name,)
    if HOLES[name][0]:  # the convolution itself is finite, and is seen to see it
        assert {leak.layer for leak in found.leaks} >= {"conv"}
        assert "This network sees the future" in found.words
    else:
        assert not found.leaks
        assert "cannot be told" in found.words
        assert "does not see" not in found.words


@pytest.mark.parametrize("many", [1, 4])
def test_a_network_that_is_nowhere_finite_is_not_called_causal(many):
    module = seeded(lambda: nn.Conv1d(2, 4, 3, padding=1))
    module.bias[:many] = float("nan")
    found = trial(module, 19)
    assert len(found.leaks) == (many < 4)  # the other channels show it
    assert ("cannot be told" in found.words) == (many == 4)
    assert "does not see" not in found.words


def test_what_is_not_finite_only_after_the_step_hides_nothing():
    where = (slice(None), slice(20, None))
    found = trial(seeded(lambda: Holed(0, where, np.nan)), 19)
    assert not found.unclear
    assert "does not see the future" in found.words


@pytest.mark.parametrize("ahead", [0, 2])
def test_layers_of_every_type_are_compared(ahead):
    class Typed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(2, 3, 3)

        def forward(self, x):
            made = self.conv(F.pad(x, (2 - ahead, ahead)))
            over, whole = made > 0, (made * 8).int()
            return made * over + whole + (made * 1j).abs()

    found = trial(seeded(Typed), 19)
    kinds = {layer.output.dtype.kind for layer in found.trial.trace.layers}
    assert kinds == set("fbic")
    assert found.changed == found.layers == len(found.trial.trace.layers)
    names = {layer.name for layer in found.trial.trace.layers} - {"pad"}
    assert {leak.layer for leak in found.leaks} == (names if ahead else set())


CHANGED = {
    "another name": lambda: nn.Sequential(nn.Sequential(nn.Conv1d(2, 3, 3))),
    "more channels": lambda: nn.Sequential(nn.Conv1d(2, 4, 3)),
    "fewer steps": lambda: nn.Sequential(nn.Conv1d(2, 3, 4)),
    "no layer": lambda: nn.Sequential(),
}


@pytest.mark.parametrize("name", CHANGED)
def test_another_network_than_the_one_on_show_is_refused(name):
    trace = trace_module(nn.Sequential(nn.Conv1d(2, 3, 3)), series())
    with pytest.raises(ModelError, match=r"run again, it.* (no layer 0|layer 0 gives)"):
        try_module(CHANGED[name](), Trial(trace, 19))


def test_another_way_for_another_future_is_refused():
    class Fork(nn.Module):
        def forward(self, x):
            return F.relu(x) if x.abs().max() < 2 else F.gelu(x)

    values = np.ones((2, 40), np.float32)
    with pytest.raises(ModelError, match="run again, it has no layer relu"):
        trial(Fork(), 19, values)


def test_the_network_of_a_request_is_built_anew(tmp_path):
    request = Request(
        ModelSpec("tcn", "random", 3, channels=2), TableSource(tmp_path / "x.csv")
    )
    values = series(2, 128)
    module = build(request.model).module
    trace = trace_module(module, Sample((values,)))
    found = prove(Trial(replace(trace, request=request), 60))
    assert not found.leaks
    assert found.changed == found.layers == len(time_layers(trace))
    assert next(module.parameters()).dtype is torch.float32
