"""Calls that are only listed while a network runs give the layers they would at once.

Everything here happens between a call and the moment somebody looks at it.
"""

import gc
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import conv
from torch import nn

from cnnviz.probe.budget import Budget
from cnnviz.probe.recorder import record

X = np.random.default_rng(7).normal(size=(3, 6, 5)).astype("f4")


class Forward(nn.Module):
    """Two convolutions, two batch norms, and a ``forward`` given from outside."""

    def __init__(self, forward):
        super().__init__()
        torch.manual_seed(3)
        self.one, self.two = conv(3, 4, padding=1), conv(4, 4, padding=1)
        self.norm, self.last = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        for norm in (self.norm, self.last):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.normal_(norm.weight)
        self.keep = []
        self.steps = forward
        self.eval()

    def forward(self, x):
        return self.steps(self, x)


def outputs(net, values=X, **how):
    """Run a network; every layer repeats to the bit."""
    recording = record(net, [values], **how)
    assert recording.error is None
    assert [layer.residual for layer in recording.layers] == [0] * len(recording.layers)
    return {layer.name: layer.output for layer in recording.layers}, recording


def first(net, values=X):
    """What the first convolution gives, from torch itself."""
    with torch.no_grad():
        return F.conv2d(
            torch.from_numpy(values)[None], net.one.weight, net.one.bias, padding=1
        )


def same(array, tensor):
    np.testing.assert_array_equal(array, tensor[0].detach().numpy())


# -- lists and containers -----------------------------------------------------------


def test_a_list_that_grows_after_it_was_joined():
    def forward(net, x):
        parts = [net.one(x)]
        parts.append(F.relu(parts[0]))
        joined = torch.cat(parts, 1)
        parts.append(joined * 2)
        parts[0] = parts[1]
        return torch.cat(parts, 1)

    net = Forward(forward)
    made, recording = outputs(net)
    y = first(net)
    joined = torch.cat([y, y.relu()], 1)
    same(made["cat"], joined)
    same(made["cat_1"], torch.cat([y.relu(), y.relu(), joined * 2], 1))
    inputs = {layer.name: layer.inputs for layer in recording.layers}
    assert inputs["cat"] == ("one", "relu")
    assert inputs["cat_1"] == ("relu", "relu", "mul")


# -- in place -----------------------------------------------------------------------


@pytest.mark.parametrize("act", ["relu", "relu6", "hardtanh", "hardswish", "silu"])
@pytest.mark.parametrize("module", [True, False], ids=["module", "function"])
def test_readers_before_and_after_a_write_into_what_is_listed(act, module):
    kinds = {"relu": nn.ReLU, "relu6": nn.ReLU6, "hardtanh": nn.Hardtanh}
    kind = kinds | {"hardswish": nn.Hardswish, "silu": nn.SiLU}
    function = getattr(F, act)

    def forward(net, x):
        y = net.one(x)
        again = y
        before = y * 3
        if module:
            net.act(y)
        else:
            function(y, inplace=True)
        after = again - 0.5
        function(again, inplace=True)
        return before + after + y

    net = Forward(forward)
    net.act = kind[act](inplace=True)
    y = first(net)
    made, recording = outputs(net)
    once = function(y.clone(), inplace=True)
    twice = function(once.clone(), inplace=True)
    same(made["one"], y)
    same(made["mul"], y * 3)
    same(made["act" if module else act], once)
    same(made["sub"], once - 0.5)
    same(made[act if module else f"{act}_1"], twice)
    same(made["add_1"], y * 3 + (once - 0.5) + twice)
    with torch.no_grad():
        same(made["add_1"], net(torch.from_numpy(X)[None]))
    inputs = {layer.name: layer.inputs for layer in recording.layers}
    assert inputs["mul"] == ("one",)
    assert inputs["sub"] == ("act" if module else act,)


@pytest.mark.parametrize("act", [F.relu, F.hardswish])
def test_views_of_what_is_listed_see_it_written(act):
    def forward(net, x):
        y = net.one(x)
        view = torch.flatten(y, 1)
        act(y, inplace=True)
        return view * 2

    net = Forward(forward)
    y = first(net)
    made, _ = outputs(net)
    same(made["one"], y)
    same(made["flatten"], y.flatten(1))
    same(made["mul"], act(y.clone(), inplace=True).flatten(1) * 2)


def test_what_the_network_keeps_is_written_too():
    def forward(net, x):
        net.keep[:] = [net.one(x)]
        F.relu(net.keep[0], inplace=True)
        return net.two(net.keep[0])

    net = Forward(forward)
    made, _ = outputs(net)
    y = first(net)
    same(made["one"], y)
    with torch.no_grad():
        same(made["two"], net.two(y.relu()))


def test_a_sum_into_what_is_listed():
    def forward(net, x):
        y = net.one(x)
        z = net.norm(y)
        z += y
        return F.relu(z, inplace=True)

    net = Forward(forward)
    made, _ = outputs(net)
    y = first(net)
    z = net.norm(y)
    same(made["norm"], z)
    same(made["add"], z + y)
    same(made["relu"], (z + y).relu())


# -- writes that nobody tells of ------------------------------------------------------


def unseen(act):
    with torch._C.DisableTorchFunction():
        act()


def by_another_thread(act):
    def run():
        with torch.no_grad():
            act()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize("how", [unseen, by_another_thread])
def test_an_unseen_write_into_what_is_listed(how):
    def forward(net, x):
        y = net.one(x)
        z = y * 2
        how(lambda: y.mul_(0.5))
        return net.norm(z) + y

    net = Forward(forward)
    made, _ = outputs(net)
    y = first(net)
    same(made["one"], y)
    same(made["mul"], y * 2)
    same(made["add"], net.norm(y * 2) + y * 0.5)


@pytest.mark.parametrize("how", [unseen, by_another_thread, lambda act: act()])
def test_a_buffer_written_between_two_runs_of_a_module(how):
    def forward(net, x):
        y = net.norm(net.one(x))
        how(lambda: net.norm.running_mean.add_(1))
        return net.norm(y)

    net = Forward(forward)
    mean = net.norm.running_mean.numpy().copy()
    _, recording = outputs(net)
    told = [
        layer.options["running_mean"]
        for layer in recording.layers
        if layer.op == "BatchNorm2d"
    ]
    np.testing.assert_array_equal(told[0], mean)
    np.testing.assert_array_equal(told[1], mean + np.float32(1))
    np.testing.assert_array_equal(net.norm.running_mean.numpy(), mean)


def test_statistics_updated_by_a_function_between():
    def forward(net, x):
        y = net.norm(net.one(x))
        norm = net.norm
        z = F.batch_norm(y, norm.running_mean, norm.running_var, training=True)
        return norm(z)

    net = Forward(forward)
    before = net.norm.running_mean.clone()
    _, recording = outputs(net)
    layers = [layer for layer in recording.layers if layer.op == "BatchNorm2d"]
    y = F.batch_norm(first(net), before, net.norm.running_var, *net.norm.parameters())
    momentum = (0.9 * before + 0.1 * y.mean((0, 2, 3))).detach().numpy()
    np.testing.assert_array_equal(layers[0].options["running_mean"], before.numpy())
    np.testing.assert_allclose(layers[1].options["running_mean"], momentum, atol=1e-5)
    assert torch.equal(net.norm.running_mean, before)


def test_data_written_into_a_buffer_are_no_constant():
    def forward(net, x):
        y = net.one(x)
        net.norm.running_mean.copy_(y.mean((0, 2, 3)))
        return net.norm(y)

    net = Forward(forward)
    before = net.norm.running_mean.clone()
    _, recording = outputs(net)
    norm = next(layer for layer in recording.layers if layer.name == "norm")
    assert norm.inputs[0] == "one"
    assert len(norm.inputs) > 1  # the mean is an edge
    np.testing.assert_allclose(
        norm.options["running_mean"], first(net).mean((0, 2, 3)).numpy(), atol=1e-6
    )
    assert torch.equal(net.norm.running_mean, before)


# -- several runs ------------------------------------------------------------------


def test_weights_settings_and_modules_changed_between_traces():
    def forward(net, x):
        return F.relu(net.norm(net.one(x)), inplace=True)

    net = Forward(forward)
    older, kept = outputs(net, copy_weights=True)
    saved = {name: array.copy() for name, array in older.items()}
    weight = kept.layers[0].weight.copy()
    with torch.no_grad():
        net.one.weight.mul_(2)
    net.one.stride = (2, 1)
    net.norm = nn.BatchNorm2d(4).eval()
    newer, other = outputs(net)
    y = F.conv2d(
        torch.from_numpy(X)[None], net.one.weight, net.one.bias, (2, 1), padding=1
    )
    same(newer["one"], y)
    same(newer["relu"], net.norm(y).relu())
    assert other.layers[0].geometry.stride == (2, 1)
    np.testing.assert_array_equal(other.layers[0].weight, 2 * weight)
    np.testing.assert_array_equal(kept.layers[0].weight, weight)
    assert kept.layers[0].geometry.stride == (1, 1)
    for name, array in older.items():
        np.testing.assert_array_equal(array, saved[name])


def test_two_traces_share_no_memory_of_what_was_made():
    def forward(net, x):
        return F.relu(net.norm(net.one(x)), inplace=True)

    net = Forward(forward)
    one, _ = outputs(net)
    saved = {name: array.copy() for name, array in one.items()}
    two, _ = outputs(net, X + 1)
    for name, array in one.items():
        assert not np.shares_memory(array, two[name])
        np.testing.assert_array_equal(array, saved[name])


def test_a_module_that_runs_twice_in_place():
    def forward(net, x):
        y = net.act(net.one(x))
        return net.act(net.two(y))

    net = Forward(forward)
    net.act = nn.ReLU(inplace=True)
    made, _ = outputs(net)
    with torch.no_grad():
        y = first(net).relu()
        same(made["act"], y)
        same(made["act_1"], net.two(y).relu())


# -- what a module's own tensors are -----------------------------------------------


class Doubled(nn.Conv2d):
    """Its weight is not the one that is registered."""

    def __getattr__(self, name):
        found = super().__getattr__(name)
        return found * 2 if name == "weight" else found


def test_a_weight_that_is_another_than_registered():
    net = nn.Sequential(Doubled(3, 4, 3, padding=1), conv(4, 2)).eval()
    net[1].__dict__["weight"] = net[1].weight.detach() + 1
    with torch.no_grad():
        expected = net(torch.from_numpy(X)[None])
    made, _ = outputs(net)
    same(made["1"], expected)


# -- how far, and how it ends ------------------------------------------------------


def test_every_layer_is_announced_with_its_number():
    def forward(net, x):
        y = F.relu(net.norm(net.one(x)), inplace=True)
        return net.last(net.two(y)).mean((2, 3))

    told = []
    net = Forward(forward)
    record(net, [X], lambda done, expected, name: told.append((done, name)))
    names = ["one", "norm", "relu", "two", "last", "mean"]
    assert told == [*enumerate(names)]


def test_a_failure_after_listed_calls():
    def forward(net, x):
        return net.one(F.relu(net.norm(net.one(x)), inplace=True))

    recording = record(Forward(forward), [X])
    assert [layer.name for layer in recording.layers] == ["one", "norm", "relu"]
    assert '"one"' in recording.error
    assert "3" in recording.error
    assert "4" in recording.error


def test_a_failed_call_that_the_network_catches():
    def forward(net, x):
        y = net.one(x)
        try:
            y = net.one(y)
        except RuntimeError:
            y = y + 1
        try:
            y = torch.add(y, net.two(y)[..., :2])
        except RuntimeError:
            y = F.relu(y)
        return y

    net = Forward(forward)
    made, _ = outputs(net)
    same(made["add"], first(net) + 1)
    same(made["relu"], (first(net) + 1).relu())


@pytest.mark.parametrize("act", [nn.ReLU, nn.Hardswish])
def test_a_call_in_place_that_fails_and_is_caught(act, monkeypatch):
    """Nothing was written, and the tensor is still what the layer before made."""

    def fails(*_args, **_kwargs):
        raise RuntimeError("not today")

    def forward(net, x):
        y = net.one(x)
        try:
            net.act(y)
        except RuntimeError:
            y = y + 1
        return y

    net = Forward(forward)
    net.act = act(inplace=True)
    monkeypatch.setattr(torch, "relu", fails)
    monkeypatch.setattr(torch, "relu_", fails)
    monkeypatch.setattr(torch._C._nn, "hardswish_", fails)
    made, recording = outputs(net)
    assert [layer.inputs for layer in recording.layers] == [("input",), ("one",)]
    same(made["one"], first(net))
    same(made["add"], first(net) + 1)


def test_nothing_made_is_copied_where_nobody_else_holds_it():
    """The record owns the very memory the kernels wrote, the input's too."""

    def forward(net, x):
        y = net.one(x)
        return net.two(F.relu(y, inplace=True)).mean((2, 3))

    net = Forward(forward)
    _, recording = outputs(net)
    arrays = [layer.output for layer in recording.layers[:3]]
    assert all(isinstance(_owner(array), torch.Tensor) for array in arrays)
    (source,) = recording.layers[0].replay.arguments()
    assert isinstance(_owner(source), torch.Tensor)


def _owner(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return array


def test_within_a_limit_the_same_is_seen():
    def forward(net, x):
        y = F.relu(net.norm(net.one(x)), inplace=True)
        return F.hardswish(net.last(net.two(y)), inplace=True)

    net = Forward(forward)
    whole, _ = outputs(net)
    within = record(net, [X], budget=Budget(1, (2,)))
    assert within.error is None
    assert [layer.name for layer in within.layers] == list(whole)
    assert within.layers[2].kept
    np.testing.assert_array_equal(within.layers[2].output, whole["relu"])


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision(kind):
    def forward(net, x):
        return F.relu(net.norm(net.one(x)), inplace=True)

    net = Forward(forward).to(kind)
    made, _ = outputs(net)
    with torch.no_grad():
        y = net.one(torch.from_numpy(X)[None].to(kind))
        same(made["one"], y.float())
        same(made["norm"], net.norm(y).float())
        same(made["relu"], net.norm(y).relu().float())


def test_under_inference_mode_and_vmap():
    def forward(net, x):
        with torch.inference_mode():
            y = F.relu(net.one(x), inplace=True)
        z = torch.vmap(lambda row: F.relu(row * 2))(y[0])
        return z + 1

    net = Forward(forward)
    recording = record(net, [X])
    assert recording.error is None
    made = {layer.name: layer.output for layer in recording.layers}
    y = first(net)
    same(made["one"], y)
    same(made["relu"], y.relu())
    last = recording.layers[-1].output
    np.testing.assert_array_equal(last, (y[0].relu() * 2 + 1).numpy())


def test_the_list_lets_go_of_everything():
    def forward(net, x):
        return F.relu(net.norm(net.one(x)), inplace=True)

    net = Forward(forward)
    record(net, [X])  # what is kept of the weights is kept for all runs
    gc.collect()
    before = sum(type(each) is torch.Tensor for each in gc.get_objects())
    recording = record(net, [X])
    del recording
    after = sum(type(each) is torch.Tensor for each in gc.get_objects())
    assert after == before
