"""The training scripts of the picture networks, on toy pictures."""

import sys

import numpy as np
import pytest
import torch

from cnnviz.core.models import ImageWant
from cnnviz.core.resources import resource
from cnnviz.nets.classic import SmallVGG

MODULES = "balance first_kernels folding picture_data recipes training_run".split()


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(resource("training")))
    yield
    for name in MODULES:
        sys.modules.pop(name, None)


def grating(k, cycles, angle):
    y, x = np.mgrid[:k, :k] / k
    wave = np.cos(2 * np.pi * cycles * (x * np.cos(angle) + y * np.sin(angle)))
    return np.stack([wave, wave, -wave])


def test_random_kernels_are_noise_and_gratings_are_not():
    from first_kernels import noise_report

    rng = np.random.default_rng(5)
    random = rng.standard_normal((96, 3, 11, 11)).astype(np.float32)
    assert noise_report(random)["noise"] > 0.9
    angles = rng.uniform(0, np.pi, 96)
    learned = np.stack([grating(11, 2, a) for a in angles]).astype(np.float32)
    report = noise_report(learned)
    assert report["noise"] == report["formless"] == report["dead"] == 0
    learned[:24] *= 1e-3
    assert noise_report(learned)["dead"] == 0.25


def test_mixing_keeps_pictures_and_targets_in_step():
    from picture_data import mix

    rng = torch.Generator().manual_seed(0)
    pictures = torch.stack([torch.zeros(3, 20, 20), torch.ones(3, 20, 20)])
    for cut, blend in [(1, 0), (0, 1)]:
        views, targets = mix(pictures.clone(), torch.eye(2), rng, cut, blend)
        torch.testing.assert_close(targets.sum(1), torch.ones(2))
        torch.testing.assert_close(views.mean((1, 2, 3)), targets[:, 1])


def make_run(folder):
    from picture_data import Augmenter, Split
    from recipes import Cycle, Recipe
    from training_run import Run

    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (20, 24, 3), np.uint8) for _ in range(8)]
    want = ImageWant(crop=(16, 16), resize=16)
    recipe = Recipe(
        lambda classes: SmallVGG(classes, ((4,), (6,)), (8, 8), size=16),
        want,
        (Cycle(8, 1, 0.05, 0.5), Cycle(16, 2, 0.05, 0.5, cut=0.5, dropout=0.1)),
        batch=4,
    )
    data = Augmenter(Split(pictures, torch.arange(8) % 2), want.mean, want.std)
    return Run(recipe, data, 2, folder / "toy.pt", seed=3)


def test_a_resumed_run_ends_as_an_unbroken_one(tmp_path):
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    whole = make_run(tmp_path / "whole")
    start = {k: v.clone() for k, v in whole.mean.state_dict().items()}
    for _ in range(3):
        whole.train_epoch()
    with pytest.raises(ValueError, match="finished"):
        whole.train_epoch()

    for epoch in range(3):
        part = make_run(tmp_path / "broken")
        assert part.epoch == epoch
        part.train_epoch()
        part.save()
    for name, value in whole.mean.state_dict().items():
        torch.testing.assert_close(part.mean.state_dict()[name], value)
    moved = whole.mean.state_dict()["features.0.weight"]
    assert not torch.allclose(moved, start["features.0.weight"])


def test_balanced_kernels_change_no_answer():
    from balance import MOST, balance

    torch.manual_seed(3)
    net = SmallVGG(5).eval()
    with torch.no_grad():
        net.features[0].weight.mul_(torch.logspace(-2, 0, 32)[:, None, None, None])
        net.features[0].bias.uniform_(-0.1, 0.1)
        pictures = torch.randn(2, 3, 96, 96)
        before = net(pictures)
        size = net.features[0].weight.abs().amax((1, 2, 3))
        balance(net)
        after = net(pictures)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)
    grown = net.features[0].weight.abs().amax((1, 2, 3)) / size
    wanted = (size.max() / size).clamp_max(MOST)
    torch.testing.assert_close(grown, wanted)


def test_balancing_stops_at_what_is_not_homogeneous():
    from balance import balance

    net = torch.nn.Module()
    net.features = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.Sigmoid(), torch.nn.Conv2d(4, 4, 3)
    )
    with pytest.raises(ValueError, match="ReLU and max pooling"):
        balance(net)
