"""R6: the network and the world are left as found."""

import copy
import gc
import random
import weakref

import numpy as np
import pytest
import torch
from networks import NETWORKS, Net, build, conv
from torch import nn

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.probe.recorder import record

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")


def bits(tensor):
    return tensor.detach().reshape(-1).contiguous().view(torch.uint8)


def state(model):
    """Everything that could be left behind on a network, and its very objects."""
    found = {}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            found[path, name] = id(value)
            if isinstance(value, (dict, list, set)):
                keys = list(value) if isinstance(value, dict) else []
                held = value.values() if isinstance(value, dict) else value
                found[path, name, "held"] = keys, [id(each) for each in held]
        found[path, "training"] = module.training
        found[path, "class"] = type(module)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        found[name] = (tensor.data_ptr(), bits(tensor).tolist(), tensor.requires_grad)
        found[name, "grad"] = tensor.grad
    return found


def random_states():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - what networks use
    return random.getstate(), torch.get_rng_state().tolist(), kind, keys.tolist(), rest


def check_untouched(model, act):
    for k, module in enumerate(model.modules()):
        module.training = k % 2 == 0
    before, chance = state(model), random_states()
    act()
    assert state(model) == before
    assert random_states() == chance
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()
    assert torch.overrides._len_torch_function_stack() == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_a_run_leaves_nothing(name):
    model, inputs = build(name)
    check_untouched(model, lambda: record(model, inputs))


@pytest.mark.parametrize("name", ["keeps_state", "writes_its_own_weights"])
def test_a_failing_run_leaves_nothing(name):
    model, inputs = build(name)
    model.register_forward_hook(lambda *_: 1 / 0)
    recording = None

    def act():
        nonlocal recording
        recording = record(model, inputs)

    check_untouched(model, act)
    assert "ZeroDivisionError" in recording.error
    assert recording.layers


class Rowdy(nn.Module):
    """Leaves its mark on everything it reaches."""

    def __init__(self):
        super().__init__()
        self.one = conv(3, 4)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("empty", None)

    def forward(self, x):
        self.train()
        x = self.norm(self.one(x))
        self.norm.running_mean.zero_()
        self.norm.register_forward_hook(print)
        self.empty = x
        self.one.weight = nn.Parameter(x[0, 0])
        self.extra = nn.Linear(2, 2)
        del self.one.bias
        random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002
        return x


def test_a_rowdy_network_is_put_back():
    model, x = Rowdy(), torch.randn(3, 6, 6)
    check_untouched(model, lambda: record(model, [x]))


def test_evaluation_mode_is_used():
    model = nn.Sequential(conv(3, 4), nn.BatchNorm2d(4), nn.Dropout(0.9)).train()
    x = torch.randn(3, 5, 5)
    layers = record(model, [x]).layers
    wanted = copy.deepcopy(model).eval()(x[None])[0].detach()
    np.testing.assert_array_equal(layers[-1].output, wanted)


@pytest.mark.parametrize("at", range(1, 4))
def test_a_stopped_run_leaves_nothing(at):
    model, inputs = build("one_relu_for_all")

    def check(done, expected, name):
        assert expected == 3
        if done == at:
            raise Cancelled("enough")

    def act():
        with pytest.raises(Cancelled, match="enough"):
            record(model, inputs, check)

    check_untouched(model, act)


def test_progress_names_every_layer_before_it_runs():
    model, inputs = build("functions_in_place")
    told = []
    layers = record(
        model, inputs, lambda done, _, name: told.append((done, name))
    ).layers
    assert told == [
        (k, layer.name.removesuffix("_1")) for k, layer in enumerate(layers)
    ]


@pytest.mark.parametrize("swallow", [True, False])
def test_a_network_cannot_catch_a_stop(swallow):
    def run(net, x):
        try:
            x = net.one(x)
        except Exception as failure:
            if not swallow:
                raise ValueError("something else") from failure
        for _ in range(3):
            try:
                x = x + 1
            except Exception:  # noqa: BLE001 - the point of it
                x = 0
        return x

    def check(done, expected, name):
        raise Cancelled

    with pytest.raises(Cancelled):
        record(Net(run, one=conv(3, 4)), [torch.randn(3, 6, 6)], check)


def test_nothing_keeps_the_network_or_its_activations():
    model, inputs = build("shuffled_channels")
    recording = record(model, inputs, copy_weights=True)
    watched = [weakref.ref(model), *map(weakref.ref, model.parameters())]
    gc.disable()
    try:
        del model
        assert all(each() is None for each in watched)
        watched = [weakref.ref(recording), weakref.ref(recording.layers[0].output)]
        watched += map(weakref.ref, recording.layers)
        del recording
        assert all(each() is None for each in watched)
    finally:
        gc.enable()


def test_a_failed_or_stopped_run_keeps_nothing_either():
    gc.disable()
    try:
        model = nn.Sequential(conv(3, 4), nn.Linear(7, 2))
        recording = record(model, [torch.randn(3, 6, 6)])
        assert recording.error is not None

        def check(done, expected, name):
            if done:
                raise Cancelled

        with pytest.raises(Cancelled):
            record(model, [torch.randn(3, 6, 6)], check)
        watched = weakref.ref(model)
        del model, recording
        gc.collect(0)  # pytest.raises keeps the frame of this function
        assert watched() is None
    finally:
        gc.enable()


def test_only_shapes_are_refused():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(ModelError, match=r'"0.weight" is on the meta device'):
        record(model, [torch.ones(3)])


def test_open_shapes_are_filled_in_on_a_copy():
    model = nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2)
    )
    recording = record(model, [torch.randn(3, 6, 6)])
    assert recording.error is None
    assert [x.shape for x in recording.layers] == [(4, 4, 4), (4, 4, 4), (64,), (2,)]
    assert recording.parameters == recording.parameters_used == 3 * 36 + 4 + 8 + 130
    assert isinstance(model[0].weight, nn.parameter.UninitializedParameter)


def test_networks_in_parallel_wrappers_run():
    model = nn.DataParallel(nn.Sequential(conv(3, 4), nn.ReLU()))
    names = [x.name for x in record(model, [torch.randn(3, 5, 5)]).layers]
    assert names == ["module.0", "module.1"]


def test_scripted_children_are_one_layer(recwarn):
    child = torch.jit.script(nn.Sequential(conv(4, 4), nn.ReLU()))
    recwarn.clear()
    model = nn.Sequential(conv(3, 4), child.train(), conv(4, 2))
    x = torch.randn(3, 5, 5)
    recording = record(model, [x])
    _, two, three = recording.layers
    assert (two.name, two.op, two.inputs) == ("1", "Sequential", ("0",))
    assert three.inputs == ("1",)
    np.testing.assert_array_equal(three.output, model(x[None])[0].detach())
    assert two.residual is None
    assert child.training
    assert recording.parameters_used == sum(p.numel() for p in model.parameters())
