"""The two picture networks: layout, size, folding, shipped files."""

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from cnnviz.core.resources import resource
from cnnviz.nets.classic import (
    ALEXNET_WANT,
    VGG_WANT,
    AlexNet2012,
    SmallVGG,
    bundled_alexnet,
    bundled_vgg,
)

BUNDLED = [
    ("alexnet", bundled_alexnet, ALEXNET_WANT, 12e6),
    ("vgg", bundled_vgg, VGG_WANT, 8e6),
]


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def outputs(net: nn.Module, pictures: torch.Tensor) -> list[tuple[int, ...]]:
    shapes = []
    with torch.no_grad():
        for step in (*net.features, *net.classifier):
            pictures = step(pictures)
            shapes.append(tuple(pictures.shape[1:]))
    return shapes


def test_alexnet_has_the_papers_parameters_and_maps():
    with torch.device("meta"):
        net = AlexNet2012()
    assert count(net) == 60_965_224
    with torch.device("meta"):
        shapes = outputs(net.eval(), torch.empty(1, 3, 224, 224))
    assert list(dict.fromkeys(shapes)) == [
        (96, 55, 55),
        (96, 27, 27),
        (256, 27, 27),
        (256, 13, 13),
        (384, 13, 13),
        (256, 6, 6),
        (9216,),
        (4096,),
        (1000,),
    ]


def test_response_norm_is_the_papers_formula():
    net = AlexNet2012(2, (2,))
    norm = next(m for m in net.features if isinstance(m, nn.LocalResponseNorm))
    a = torch.rand(1, 9, 2, 2, dtype=torch.float64) * 50
    want = torch.empty_like(a)
    for i in range(9):
        near = a[:, max(0, i - 2) : i + 3]
        want[:, i] = a[:, i] / (2 + 1e-4 * near.square().sum(1)) ** 0.75
    torch.testing.assert_close(norm(a), want)


@pytest.mark.parametrize("two_towers", [True, False])
def test_towers_do_not_see_each_other(two_towers):
    net = AlexNet2012(2, (4,), two_towers=two_towers)
    groups = [m.groups for m in net.features if isinstance(m, nn.Conv2d)]
    assert groups == ([1, 2, 1, 2, 2] if two_towers else [1] * 5)


def test_vgg_halves_its_maps_and_flattens():
    net = SmallVGG(5, ((4,), (6, 6)), (7, 8), size=16)
    kinds = [type(step) for step in (*net.features, *net.classifier)]
    assert kinds.count(nn.Conv2d) == 3
    assert kinds.count(nn.MaxPool2d) == 2
    assert kinds.count(nn.Flatten) == 1
    assert kinds.count(nn.Linear) == 3
    shapes = outputs(net.eval(), torch.rand(1, 3, 16, 16))
    assert list(dict.fromkeys(shapes)) == [
        (4, 16, 16),
        (4, 8, 8),
        (6, 8, 8),
        (6, 4, 4),
        (96,),
        (7,),
        (8,),
        (5,),
    ]


@pytest.fixture
def folding(monkeypatch):
    monkeypatch.syspath_prepend(str(resource("training")))
    import folding

    yield folding
    del sys.modules["folding"]


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: AlexNet2012(3, (32, 32), two_towers=True, response_norm=True), 224),
        (lambda: SmallVGG(3, ((4,), (6, 6)), (32, 32), size=16), 16),
    ],
    ids=["alexnet", "vgg"],
)
def test_folded_batch_norm_changes_no_output(folding, make, size):
    torch.manual_seed(0)
    plain = make()
    twin = folding.TrainingTwin(plain)
    for norm in twin.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
            nn.init.normal_(norm.running_mean, std=0.1)
            nn.init.uniform_(norm.running_var, 0.5, 2.0)
    folding.fold(twin, plain)
    pictures = torch.rand(2, 3, size, size)
    with torch.no_grad():
        expected, got = twin.eval()(pictures), plain.eval()(pictures)
    assert expected.abs().max() > 1e-2
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "build", "want", "limit"), BUNDLED)
def test_shipped_file_fits_the_plain_layout(name, build, want, limit):
    file: Path = resource(f"models/{name}.safetensors")
    assert file.stat().st_size < limit
    with safe_open(file, "pt") as opened:
        classes = json.loads(opened.metadata()["classes"])
        state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    assert {value.dtype for value in state.values()} == {torch.float16}
    assert all(value.isfinite().all() for value in state.values())
    net = build(len(classes)).eval()
    net.load_state_dict({k: v.float() for k, v in state.items()}, strict=True)
    with torch.no_grad():
        scores = net(torch.zeros(1, want.channels, *want.crop))
    assert scores.shape == (1, len(classes))
    assert scores.isfinite().all()


@pytest.mark.parametrize(("name", "build", "want", "limit"), BUNDLED)
def test_shipped_first_kernels_are_no_noise(name, build, want, limit, monkeypatch):
    monkeypatch.syspath_prepend(str(resource("training")))
    from first_kernels import noise_report

    with safe_open(resource(f"models/{name}.safetensors"), "pt") as opened:
        kernels = opened.get_tensor("features.0.weight").float().numpy()
    report = noise_report(kernels)
    assert report["median"] > 2 * report["random_median"]
    if name == "alexnet":
        assert report["noise"] + report["dead"] < 0.25
