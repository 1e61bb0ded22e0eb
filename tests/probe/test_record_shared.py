"""R3 where a recorder that copies late may go wrong: writes it is not told of."""

import ctypes
import threading
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import Net, conv
from torch import nn

from cnnviz.probe.recorder import record


def by_hand(model, x):
    """What the network's convolution really gave."""
    weight, bias = model.one.weight.detach(), model.one.bias.detach()
    return F.conv2d(x[None], weight, bias, padding=1)[0].numpy()


def script_in_place(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        halve = torch.jit.script(_halve)
    halve(x)


def _halve(x: torch.Tensor) -> None:
    x.mul_(0.5)


def another_thread(x):
    writer = threading.Thread(target=lambda: x.mul_(0.5))
    writer.start()
    writer.join()


def its_address(x):
    array = (ctypes.c_float * x.numel()).from_address(x.data_ptr())
    for k in range(x.numel()):
        array[k] /= 2


def its_storage(x):
    x.new_empty(0).set_(x.untyped_storage()).mul_(0.5)


def shared_with_numpy(x):
    array = x.numpy()
    array /= 2


def its_data(x):
    x.data.mul_(0.5)


def a_view_of_its_detached_self(x):
    x.detach().view(-1).mul_(0.5)


def an_output_argument(x):
    torch.mul(x, 0.5, out=x)


def many_at_once(x):
    torch._foreach_mul_([torch.ones(2), x], [0.5, 0.5])


def a_batched_view(x):
    torch.vmap(lambda row: row.mul_(0.5))(x)


WRITES = [
    script_in_place,
    another_thread,
    its_address,
    its_storage,
    shared_with_numpy,
    its_data,
    a_view_of_its_detached_self,
    an_output_argument,
    many_at_once,
    a_batched_view,
]


@pytest.mark.parametrize("write", WRITES)
def test_writes_of_every_kind(write):
    def run(net, x):
        x = net.one(x)
        write(x)
        return net.two(x)

    model = Net(run, one=conv(3, 4), two=conv(4, 2))
    x = torch.randn(3, 5, 5)
    layers = {layer.name: layer for layer in record(model, [x]).layers}
    made = by_hand(model, x)
    np.testing.assert_allclose(layers["one"].output, made, rtol=1e-6)
    two = model.two
    after = F.conv2d(torch.from_numpy(made / 2)[None], two.weight, two.bias, padding=1)
    np.testing.assert_allclose(layers["two"].output, after[0].detach(), atol=1e-6)


@pytest.mark.parametrize("late", [lambda x: x.numpy(), lambda x: x.data, lambda x: x])
def test_memory_handed_out_and_written_at_any_later_time(late):
    held = []

    def run(net, x):
        x = net.one(x)
        held.append(late(x))
        x = F.relu(x, inplace=True)
        held[-1][...] += 1
        x = x + 0
        held[-1][...] = 7
        return net.two(x)

    model = Net(run, one=conv(3, 4), two=conv(4, 2))
    x = torch.randn(3, 5, 5)
    layers = {layer.name: layer for layer in record(model, [x]).layers}
    made = by_hand(model, x)
    np.testing.assert_allclose(layers["one"].output, made, rtol=1e-6)
    after = np.maximum(made, 0)
    np.testing.assert_allclose(layers["relu"].output, after, rtol=1e-6)
    np.testing.assert_allclose(layers["add"].output, after + 1, rtol=1e-6)
    held[-1][...] = 9
    np.testing.assert_allclose(layers["one"].output, made, rtol=1e-6)
    np.testing.assert_allclose(layers["relu"].output, after, rtol=1e-6)


def test_what_a_network_keeps_for_itself_it_may_change_after_the_run():
    kept = []

    def run(net, x):
        kept.append(x)
        kept.append(net.one(x))
        kept.append(kept[-1].relu())
        kept.append(kept[-1][:, 1:])
        kept.append(net.norm(kept[-1]))
        return kept[-1] * net.scale

    model = Net(run, one=conv(3, 4), norm=nn.BatchNorm2d(3))
    model.register_buffer("scale", torch.ones(1, 3, 1, 1))
    layers = record(model, [torch.randn(3, 5, 5)]).layers
    before = [layer.output.copy() for layer in layers]
    for tensor in (*kept, *model.buffers()):
        tensor.fill_(3)
    for layer, output in zip(layers, before, strict=True):
        np.testing.assert_array_equal(layer.output, output)
        assert layer.residual == 0


def test_a_network_that_shares_its_output_with_the_next_run():
    """A buffer that is handed out, and written again when the network runs again."""

    class Reusing(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = conv(3, 4)
            self.kept = torch.zeros(1, 4, 5, 5)

        def forward(self, x):
            return self.kept.copy_(self.one(x)).clamp_(min=0)

    model, x = Reusing(), torch.randn(3, 5, 5)
    first = record(model, [x]).layers
    before = [layer.output.copy() for layer in first]
    record(model, [x + 1])
    model(x[None] - 1)
    for layer, output in zip(first, before, strict=True):
        np.testing.assert_array_equal(layer.output, output)


def test_no_memory_is_taken_twice():
    """What nobody overwrites stays where the network put it."""
    places = []

    def watch(module, inputs, output):
        with torch._C.DisableTorchFunction():  # not to be seen looking
            places.append(output.data_ptr())

    model = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4), nn.ReLU(inplace=True))
    for part in model:
        part.register_forward_hook(watch)
    layers = record(model, [torch.randn(3, 5, 5)]).layers
    kept = [
        place == layer.output.ctypes.data
        for place, layer in zip(places, layers, strict=True)
    ]
    assert all(kept[:-1])  # the last one is also handed out
    assert len({*places}) == 4


ALIASES = {
    "view": lambda x: x.view(-1),
    "detached": lambda x: x.detach(),
    "part": lambda x: x[:, 1:],
    "data": lambda x: x.data,
    "numpy": lambda x: x.numpy(),
    "storage": lambda x: torch.empty(0).set_(x.untyped_storage()),
    "same": lambda x: x,
}


@pytest.mark.parametrize("act", [nn.ReLU(True), nn.Hardtanh(0, 1, True), F.relu_,
    lambda x: F.relu(x, inplace=True)])  # fmt: skip
@pytest.mark.parametrize("name", ALIASES)
def test_whoever_looks_at_the_same_memory_sees_what_is_written_in_place(name, act):
    seen = []

    def run(net, x):
        x = net.one(x)
        alias = ALIASES[name](x)
        act(x)
        x += 1
        seen.append(np.asarray(alias).copy().ravel())
        return net.two(x)

    model = Net(run, one=conv(3, 4), two=conv(4, 2), act=act)
    x = torch.randn(3, 5, 5)
    layers = {layer.name: layer for layer in record(model, [x]).layers}
    with torch.no_grad():
        plain = model(x[None])
    recorded, wanted = seen
    np.testing.assert_array_equal(recorded, wanted)
    np.testing.assert_array_equal(layers["two"].output, plain[0])
    np.testing.assert_allclose(layers["one"].output, by_hand(model, x), rtol=1e-6)
