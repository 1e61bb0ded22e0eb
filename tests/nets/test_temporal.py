"""The two networks of series: arithmetic, causality, reach, shipped files."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from cnnviz.core.errors import InputError, ModelError
from cnnviz.core.geometry import field_size, receptive_field
from cnnviz.core.models import ModelSpec
from cnnviz.core.resources import resource
from cnnviz.core.trace import PixelSource, Request
from cnnviz.nets.build import build
from cnnviz.nets.catalog import find
from cnnviz.nets.temporal import TCN, CNN1d
from cnnviz.probe.execute import execute, trace_module

BUNDLED = [("tcn", TCN), ("cnn1d", CNN1d)]
STEPS = 128


def noise(channels=6, steps=STEPS, seed=0):
    """A series of standard normal readings: ``(C, T)`` float32."""
    return np.random.default_rng(seed).normal(size=(channels, steps)).astype("f")


def leaves(net):
    """Names of the modules without children."""
    return [name for name, part in net.named_modules() if not list(part.children())]


def positive(net):
    """Make every weight positive and every bias zero, so that nothing cancels."""
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("bias"):
                weight.zero_()
            else:
                weight.abs_().add_(0.05).div_(weight[0].sum())
    return net.double().eval()


# --- an oracle in plain numpy


def convolved(x, weight, bias, dilation=1, before=0, after=0):
    """Sum ``weight[o, c, i] * x[c, t - before + i * dilation]`` with plain loops."""
    taps = weight.shape[2]
    steps = x.shape[1] + before + after - (taps - 1) * dilation
    out = np.empty((len(weight), steps))
    for t in range(steps):
        total = bias.copy()
        for i in range(taps):
            at = t - before + i * dilation
            if 0 <= at < x.shape[1]:
                total += weight[:, :, i] @ x[:, at]
        out[:, t] = total
    return out


def pooled(x, size, how):
    return np.stack(
        [how(x[:, t : t + size], 1) for t in range(0, x.shape[1] - size + 1, size)], 1
    )


def state_of(net):
    return {name: value.double().numpy() for name, value in net.state_dict().items()}


def weights(state, name):
    return state[f"{name}.weight"], state[f"{name}.bias"]


def tcn_oracle(net, x):
    """Every module's output by name."""
    state, out, taken = state_of(net), {}, x.astype(float)
    for name, block in net.blocks.named_children():
        dilation, at = int(name[1:]), f"blocks.{name}"
        y = taken
        for i in "12":
            weight, bias = weights(state, f"{at}.conv{i}")
            reach = (weight.shape[2] - 1) * dilation
            out[f"{at}.pad{i}"] = np.pad(y, ((0, 0), (reach, 0)))
            y = out[f"{at}.conv{i}"] = convolved(y, weight, bias, dilation, reach)
            y = out[f"{at}.relu{i}"] = np.maximum(y, 0)
        if block.around is not None:
            taken = convolved(taken, *weights(state, f"{at}.around"))
            out[f"{at}.around"] = taken
        out[f"{at}.add"] = y + taken
        taken = out[f"{at}.relu"] = np.maximum(y + taken, 0)
    out["steps"] = convolved(taken, *weights(state, "steps"))
    out["mean"] = out["steps"].mean(1, keepdims=True)
    out["flatten"] = out["mean"].ravel()
    return out


def cnn1d_oracle(net, x):
    """Every module's output by name."""
    state, out, y = state_of(net), {}, x.astype(float)
    for i in range(1, 5):
        weight, bias = weights(state, f"conv{i}")
        ends = weight.shape[2] // 2
        y = out[f"conv{i}"] = convolved(y, weight, bias, 1, ends, ends)
        y = out[f"relu{i}"] = np.maximum(y, 0)
        if i == 1:
            most = out["max_pool"] = pooled(y, net.max_pool.kernel_size, np.max)
            mean = out["average_pool"] = pooled(y, net.max_pool.kernel_size, np.mean)
            y = out["cat"] = np.concatenate([most, mean])
        elif i < 4:
            y = out[f"pool{i}"] = pooled(y, 2, np.max)
    out["mean"] = y.mean(1, keepdims=True)
    y = out["flatten"] = y.mean(1)
    y = out["dense"] = state["dense.weight"] @ y + state["dense.bias"]
    y = out["relu5"] = np.maximum(y, 0)
    out["classes"] = state["classes.weight"] @ y + state["classes.bias"]
    return out


@pytest.mark.parametrize(
    ("name", "oracle"), [("tcn", tcn_oracle), ("cnn1d", cnn1d_oracle)]
)
def test_every_output_is_that_of_plain_loops(name, oracle):
    net, x = build(ModelSpec(name)).module, noise()
    expected = oracle(net, x)
    trace = trace_module(net, x)
    assert trace.error is None
    assert {layer.name for layer in trace.layers} == set(expected)
    for layer in trace.layers:
        np.testing.assert_allclose(
            layer.output, expected[layer.name], rtol=1e-4, atol=1e-4, err_msg=layer.name
        )


# --- layout


@pytest.mark.parametrize(("name", "make"), BUNDLED)
def test_every_step_is_a_layer(name, make):
    net = build(ModelSpec(name)).module
    trace = trace_module(net, noise())
    operators = [x.name for x in trace.layers if x.name not in leaves(net)]
    assert [name for name in leaves(net) if name not in trace] == []
    assert {name.rpartition(".")[2] for name in operators} == (
        {"add"} if make is TCN else {"cat"}
    )
    assert trace.not_run == ()
    for layer in trace.layers:
        assert layer.residual is not None
        assert layer.residual <= 1e-5, layer.name


@pytest.mark.parametrize(("channels", "classes", "steps"), [(1, 2, 16), (9, 5, 333)])
@pytest.mark.parametrize(("name", "make"), BUNDLED)
def test_any_width_and_length(name, make, channels, classes, steps):
    net = make(channels, classes).eval()
    with torch.no_grad():
        scores = net(torch.from_numpy(noise(channels, steps))[None])
    assert scores.shape == (1, classes)
    assert steps >= find(name).want.minimum


def test_the_shortest_series():
    shortest = find("cnn1d").want.minimum
    assert trace_module(CNN1d().eval(), noise(steps=shortest)).error is None
    assert trace_module(CNN1d().eval(), noise(steps=shortest - 1)).error is not None
    assert find("tcn").want.minimum == 1
    assert trace_module(TCN().eval(), noise(steps=1)).error is None


def test_the_first_kernels_are_as_tall_as_there_are_variables():
    for net in (TCN(4), CNN1d(4)):
        trace = trace_module(net.eval(), noise(4))
        first = next(layer for layer in trace.layers if layer.kind == "conv")
        assert first.weight.shape[1] == 4
        assert first.shape == (first.weight.shape[0], STEPS)


def test_both_pools_read_the_same_relu():
    trace = trace_module(CNN1d().eval(), noise())
    assert trace["max_pool"].inputs == trace["average_pool"].inputs == ("relu1",)
    assert trace["cat"].inputs == ("max_pool", "average_pool")
    assert trace.stages[0].pools == ("max_pool", "average_pool")
    after = np.maximum(trace["conv1"].output, 0).reshape(32, -1, 4)
    np.testing.assert_array_equal(trace["max_pool"].output, after.max(2))
    np.testing.assert_allclose(trace["average_pool"].output, after.mean(2), atol=1e-6)


# --- who sees the future


def before(layer, step):
    """Values of a map over time up to a step; padding stands in front."""
    return layer.output[:, : layer.shape[1] - STEPS + step + 1]


@pytest.mark.parametrize("step", [0, 50, STEPS - 2])
def test_the_future_changes_nothing_before_it_in_a_causal_network(step):
    assert find("tcn").causal
    net, x = build(ModelSpec("tcn")).module, noise()
    changed = x.copy()
    changed[:, step + 1 :] = 10 * noise(seed=1)[:, step + 1 :]
    one, other = trace_module(net, x), trace_module(net, changed)
    maps = [layer.name for layer in one.layers if layer.name not in ("mean", "flatten")]
    assert len(maps) == len(one.layers) - 2
    for name in maps:
        np.testing.assert_allclose(
            before(one[name], step), before(other[name], step), atol=1e-6, err_msg=name
        )
    assert np.abs(one["steps"].output - other["steps"].output)[:, step + 1].max() > 1e-2
    assert np.abs(one["mean"].output - other["mean"].output).max() > 1e-3


def test_the_future_does_change_what_is_before_it_in_plain_convolutions():
    assert not find("cnn1d").causal
    net, x = build(ModelSpec("cnn1d")).module, noise()
    changed = x.copy()
    changed[:, 51:] += 1
    one, other = trace_module(net, x), trace_module(net, changed)
    moved = np.abs(one["conv1"].output - other["conv1"].output).max(0) > 1e-6
    assert np.flatnonzero(moved)[0] == 51 - 4
    assert receptive_field(one, "conv1", (50,)).span == ((46, 54),)


# --- reach


def reach(net, steps, step):
    """Where the gradient of one step's scores is not zero."""
    x = torch.ones(1, net.blocks[0].conv1.in_channels, steps, dtype=torch.double)
    x.requires_grad_()
    scores = net.steps(net.blocks(x))[0, :, step].sum()
    (gradient,) = torch.autograd.grad(scores, x)
    return (gradient[0] != 0).any(0).numpy()


@pytest.mark.parametrize(
    ("kernel", "dilations", "steps"),
    [
        (3, (1, 2, 4, 8, 16), 160),
        (4, (1, 2, 4, 8, 16, 32, 64), 900),
        (2, (1, 4, 16), 120),
        (5, (3,), 60),
    ],
)
def test_reach_is_that_of_the_gradient_and_of_the_formula(kernel, dilations, steps):
    net = positive(TCN(2, 3, width=4, kernel=kernel, dilations=dilations))
    trace = trace_module(net, np.ones((2, steps)))
    lags = {0}
    for dilation in dilations:
        for _ in range(2):
            lags = {lag + i * dilation for lag in lags for i in range(kernel)}
    count = 1 + 2 * (kernel - 1) * sum(dilations)
    assert max(lags) + 1 == count
    assert field_size(trace, "steps").size == (count,)
    for step in (0, steps // 2, steps - 1):
        read = reach(net, steps, step)
        field = receptive_field(trace, "steps", (step,))
        np.testing.assert_array_equal(field.mask, read)
        assert field.box == ((step - count + 1, step),)
        assert set(step - np.flatnonzero(read)) == {x for x in lags if x <= step}


def test_the_answer_sees_everything():
    for name, _ in BUNDLED:
        trace = trace_module(build(ModelSpec(name)).module, noise())
        assert receptive_field(trace, trace.outputs[0], ()).mask.all()


# --- shipped files


@pytest.mark.parametrize(("name", "make"), BUNDLED)
def test_shipped_file_is_complete(name, make):
    file, want = resource(f"models/{name}.safetensors"), find(name).want
    assert file.stat().st_size < 1e6
    with safe_open(file, "pt") as opened:
        facts = {key: json.loads(text) for key, text in opened.metadata().items()}
        state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    net = make(len(facts["channels"]), len(facts["classes"]))
    net.load_state_dict(state, strict=True)
    assert all(value.isfinite().all() for value in state.values())
    assert facts["channels"] == ["ax", "ay", "az", "wx", "wy", "wz"]
    assert facts["units"] == ["g"] * 3 + ["rad/s"] * 3
    assert len(facts["classes"]) == find(name).classes == 7
    assert facts["rate"] == want.rate == 50
    assert facts["length"] == want.length
    assert tuple(facts["channels"]) == want.channels
    assert tuple(facts["mean"]) == want.mean
    assert tuple(facts["std"]) == want.std
    assert all(value > 0 for value in want.std)
    assert len(want.mean) == len(want.std) == len(want.units) == 6


@pytest.mark.parametrize(("name", "make"), BUNDLED)
def test_shipped_network_is_built_from_its_file(name, make):
    net = build(ModelSpec(name))
    assert net.trained
    assert net.weights == "trained on 7 exercises, bundled"
    assert net.labels[0] == "pendulum"
    assert isinstance(net.module, make)
    with safe_open(resource(f"models/{name}.safetensors"), "pt") as opened:
        for key, value in net.module.state_dict().items():
            assert torch.equal(value, opened.get_tensor(key))
    scores = trace_module(net.module, noise(), labels=net.labels).scores
    assert scores.sum() == pytest.approx(1)


def test_scores_of_every_step_are_named():
    net = build(ModelSpec("tcn"))
    trace = trace_module(net.module, noise())
    for layer, names in net.channel_names.items():
        assert names == net.labels
        assert len(names) == trace[layer].shape[0]


# --- another number of variables


@pytest.mark.parametrize("name", ["tcn", "cnn1d"])
def test_another_width_has_random_weights_and_says_so(name):
    net = build(ModelSpec(name, "random", channels=4))
    assert net.weights == "random weights, seed 0, for 4 variables: structure only"
    assert not net.trained
    assert net.labels is None
    assert len(net.want.channels) == 4
    assert net.want.mean == net.want.std == net.want.units == ()
    trace = trace_module(net.module, noise(4))
    assert trace.error is None
    trained = trace_module(build(ModelSpec(name)).module, noise())
    assert [x.name for x in trace.layers] == [x.name for x in trained.layers]
    again = build(ModelSpec(name, "random", channels=4)).module
    for a, b in zip(net.module.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (ModelSpec("tcn", channels=4), "trained on 6 variables; for 4 it has random"),
        (ModelSpec("tcn", "random", channels=0), "at least 1 variable, not 0"),
        (ModelSpec("vgg", "random", channels=4), "vgg takes pictures, not 4"),
    ],
)
def test_widths_that_cannot_be_had(spec, said):
    with pytest.raises(ModelError, match=said):
        build(spec)


def test_a_picture_is_refused_by_a_network_of_series():
    source = PixelSource(np.zeros((8, 8, 3), np.uint8), "harbour.jpg")
    said = r"^tcn takes a series \(CSV\) of 6 variables; harbour\.jpg is a picture$"
    with pytest.raises(InputError, match=said):
        execute(Request(ModelSpec("tcn"), source))
    four = ModelSpec("tcn", "random", channels=4)
    with pytest.raises(InputError, match="of 4 variables"):
        execute(Request(four, source))
