"""Modules of the running program: copied as they are, whatever hangs on them."""

import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ImageWant, InputChoices, SeriesWant
from cnnviz.nets.live import (
    first_convolution,
    forget,
    keep,
    live_network,
    living,
    snapshot,
)


def small(classes=4):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, classes),
    )  # fmt: skip


def answer(module, x):
    with torch.no_grad():
        return module.eval()(x).numpy()


def state_of(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


X = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(1))


class TestSnapshot:
    def test_gives_the_same_and_goes_on_doing_so(self):
        module = small()
        before, copied = answer(module, X), snapshot(module)
        with torch.no_grad():
            for tensor in module.state_dict().values():
                tensor.mul_(3)
        np.testing.assert_array_equal(answer(copied, X), before)

    def test_leaves_the_module_as_found(self):
        module = small().train()
        module(X).sum().backward()
        state, hooks = state_of(module), dict(module._forward_hooks)
        gradient = module[0].weight.grad.clone()
        dice = torch.get_rng_state()
        snapshot(module)
        assert all(torch.equal(a, state[k]) for k, a in module.state_dict().items())
        assert module.training
        assert module[0].weight.requires_grad
        assert torch.equal(module[0].weight.grad, gradient)
        assert dict(module._forward_hooks) == hooks
        assert torch.equal(torch.get_rng_state(), dice)

    def test_gradients_are_not_copied(self):
        module = small()
        module(X).sum().backward()
        assert all(p.grad is None for p in snapshot(module).parameters())

    def test_tied_weights_stay_tied(self):
        module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        module[1].weight = module[0].weight
        copied = snapshot(module)
        assert copied[0].weight is copied[1].weight
        assert copied[0].weight is not module[0].weight

    def test_old_weight_norm_after_a_run(self):
        """Its weight is then no leaf, which torch's own copying refuses."""
        with warnings.catch_warnings(action="ignore"):
            module = nn.Sequential(nn.utils.weight_norm(nn.Conv1d(2, 3, 3)))
        x = torch.rand(1, 2, 9)
        before = module(x).detach()
        with pytest.raises(RuntimeError):
            __import__("copy").deepcopy(module)
        copied = snapshot(module)
        with torch.no_grad():
            module[0].weight_v.mul_(-1)
        np.testing.assert_array_equal(answer(copied, x), before)

    def test_parametrizations(self):
        module = nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 3, 3))
        x = torch.rand(1, 2, 9)
        before = module(x).detach()
        copied = snapshot(module)
        with torch.no_grad():
            module.parametrizations.weight.original1.mul_(-1)
        np.testing.assert_array_equal(answer(copied, x), before)

    def test_what_cannot_be_copied_is_shared(self):
        module = small()
        module.lock, module.log = threading.Lock(), open(__file__)  # noqa: SIM115, PTH123
        try:
            copied = snapshot(module)
            assert copied.lock is module.lock
            assert copied.log is module.log
            np.testing.assert_array_equal(answer(copied, X), answer(module, X))
        finally:
            module.log.close()

    def test_hooks_of_others_are_shared(self):
        class Recorder:
            def __init__(self):
                self.lock = threading.Lock()
                self.seen = []

            def note(self, _module, _args, output):
                self.seen.append(output.shape)

        module, recorder = small(), Recorder()
        module[0].register_forward_hook(recorder.note)
        answer(snapshot(module), X)
        assert recorder.seen == [(1, 6, 10, 10)]

    def test_methods_are_of_the_copy(self):
        class Routed(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 2, 1)
                self.route = self._route

            def _route(self, x):
                return self.conv(x)

            def forward(self, x):
                return self.route(x)

        module = Routed()
        before, copied = answer(module, X), snapshot(module)
        with torch.no_grad():
            module.conv.weight.zero_()
        np.testing.assert_array_equal(answer(copied, X), before)

    def test_shapes_left_open(self):
        module = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d())
        copied = snapshot(module)
        copied(X)
        assert copied[0].weight.shape == (4, 3, 3, 3)
        assert nn.parameter.is_lazy(module[0].weight)

    def test_what_refuses_is_said(self):
        class Refusing(nn.Module):
            def __deepcopy__(self, memo):
                raise TypeError("no second one")

        words = r"Refusing cannot be copied \(no second one\); cnnviz.trace"
        with pytest.raises(ModelError, match=words):
            snapshot(Refusing())


class TestNetwork:
    def test_is_ready_to_run(self):
        module = small().half().train()
        network = live_network(module, labels=["a", "b", "c", "d"])
        assert network.name == "Sequential"
        assert network.labels == ("a", "b", "c", "d")
        assert network.want is None
        assert not network.module.training
        assert {p.dtype for p in network.module.parameters()} == {torch.float32}
        assert not any(p.requires_grad for p in network.module.parameters())
        assert len(network.notes) == 2  # training mode, half precision
        assert module[0].weight.dtype == torch.float16

    def test_is_kept_until_it_is_forgotten(self):
        network = live_network(small(), "mine")
        spec, other = keep(network), keep(network)
        assert spec != other
        assert spec.title == "mine"
        assert living(spec) is network
        forget(spec)
        with pytest.raises(ModelError, match="mine is no longer kept"):
            living(spec)
        assert living(other) is network
        forget(other)

    def test_the_want_that_was_given(self):
        want = ImageWant((8, 8), None)
        assert live_network(small(), want=want).want is want

    def test_what_was_said_of_it_is_completed(self):
        said = InputChoices(size=(20, 24), mean=(0.5,), std=(0.25,))
        want = live_network(small(), want=said).want
        assert (want.crop, want.channels) == ((20, 24), 3)
        assert (want.mean, want.std) == ((0.5,) * 3, (0.25,) * 3)

    def test_what_is_guessed_is_said(self):
        module = nn.Sequential(nn.Conv1d(5, 2, 3), nn.ReLU())
        network = live_network(module, want=InputChoices())
        assert isinstance(network.want, SeriesWant)
        assert len(network.want.channels) == 5
        assert any(note.startswith("guessed") for note in network.notes)

    def test_a_wrapped_network(self):
        module = small()
        network = live_network(nn.DataParallel(module))
        assert network.name == "Sequential"
        np.testing.assert_array_equal(answer(network.module, X), answer(module, X))


@pytest.mark.parametrize(
    ("module", "found"),
    [
        (small(), (2, 3)),
        (nn.Sequential(nn.Linear(3, 4), nn.Conv1d(7, 2, 3)), (1, 7)),
        (nn.Conv3d(2, 2, 1), (3, 2)),
        (nn.Linear(3, 4), (0, 0)),
        (nn.LazyConv2d(4, 3), (2, 0)),
    ],
)
def test_the_first_convolution(module, found):
    assert first_convolution(module) == found
