"""Building networks: random and loaded weights, labels, refusals."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ModelSpec
from cnnviz.core.resources import resource
from cnnviz.nets import known as room
from cnnviz.nets.build import build
from cnnviz.nets.cache import hub_folder, own_name
from cnnviz.nets.catalog import find, models
from cnnviz.nets.drawing import fresh, unmade
from cnnviz.nets.known import load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    hub_folder().mkdir(parents=True)
    return hub_folder()


def count(module):
    return sum(p.numel() for p in module.parameters())


def picture(net):
    generator = torch.Generator().manual_seed(3)
    return torch.rand(1, 3, *net.want.crop, generator=generator)


def scores(net):
    with torch.no_grad():
        return net.module(picture(net))


def official(name, state, folder, monkeypatch):
    """Save a state as the downloaded file of a network; let the catalogue know it."""
    entry = find(name)
    torch.save(state, folder / entry.file)
    content = (folder / entry.file).read_bytes()
    known = replace(entry, sha256=hashlib.sha256(content).hexdigest()[:8])
    monkeypatch.setattr(room, "find", lambda _: known)
    return known


@pytest.mark.parametrize("entry", models(), ids=lambda entry: entry.name)
def test_every_network_has_the_catalogues_parameters(entry):
    if entry.name == "handmade":
        module = build(ModelSpec("handmade")).module
    else:
        module = unmade(room.layout(entry))
    assert count(module) == entry.parameters


def test_known_sizes():
    assert find("torchvision/alexnet").parameters == 61_100_840
    assert find("torchvision/vgg16").parameters == 138_357_544


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "vgg",
        "handmade",
        "torchvision/resnet18",
        "torchvision/mobilenet_v3_small",
        "torchvision/swin_v2_t",
    ],
)
def test_network_is_ready_to_run(name, folder):
    net = build(ModelSpec(name))
    assert not any(module.training for module in net.module.modules())
    assert not any(p.requires_grad for p in net.module.parameters())
    assert {p.dtype for p in net.module.parameters()} == {torch.float32}
    assert all(
        value.isfinite().all() and not value.is_meta
        for value in (*net.module.parameters(), *net.module.buffers())
    )
    if name != "handmade":
        out = scores(net)
        assert out.shape == (1, net.entry.classes)
        assert out.isfinite().all()
        assert len(net.labels) == net.entry.classes


# --- random weights


def test_random_weights_say_so(folder):
    net = build(ModelSpec("torchvision/resnet18", seed=4))
    assert net.weights == "random weights, seed 4: not trained"
    assert not net.trained
    assert not build(ModelSpec("alexnet", "random")).trained


def test_same_seed_same_weights_and_the_random_state_is_left_alone():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    first, again, other = (
        build(ModelSpec("alexnet", "random", seed)).module for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    for a, b, c in zip(*(m.parameters() for m in (first, again, other)), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c) or a.unique().numel() == 1


@pytest.mark.parametrize(
    "name", ["shufflenet_v2_x1_0", "resnet18", "swin_t", "mobilenet_v2"]
)
def test_weights_are_drawn_as_torchvision_draws_them(name):
    from torchvision.models import get_model

    ours = fresh(room.layout(find(f"torchvision/{name}")), 0)
    theirs = get_model(name, weights=None)
    for (key, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if a.numel() >= 20_000:
            assert a.std().item() == pytest.approx(b.std().item(), rel=0.05), key
            assert abs(a.mean() - b.mean()) < 0.05 * b.std() + 1e-9, key
            assert a.max().item() == pytest.approx(b.max().item(), rel=0.5), key
        elif b.unique().numel() == 1:
            assert torch.equal(a, b), key


def test_large_weights_have_no_repeated_part():
    def make():
        layer = nn.Linear(4096, 1024)
        nn.init.normal_(layer.weight, 1, 0.5)
        return layer

    weight = fresh(make, 0).weight.detach()
    assert weight.mean().item() == pytest.approx(1, abs=1e-2)
    assert weight.std().item() == pytest.approx(0.5, rel=1e-2)
    half = weight.numel() // 2
    flat = weight.flatten()
    assert abs(torch.corrcoef(torch.stack([flat[:half], flat[half:]]))[0, 1]) < 0.01


# --- bundled weights


@pytest.mark.parametrize("name", ["alexnet", "vgg"])
def test_bundled_weights_are_the_files(name):
    net = build(ModelSpec(name))
    assert net.trained
    assert net.weights == "trained on 13 everyday classes, bundled"
    with safe_open(resource(f"models/{name}.safetensors"), "pt") as file:
        assert net.labels == tuple(json.loads(file.metadata()["classes"]))
        for key, value in net.module.state_dict().items():
            assert torch.equal(value, file.get_tensor(key).float())


def test_changed_bundled_file_is_refused(monkeypatch):
    known = replace(find("vgg"), sha256="0" * 64)
    monkeypatch.setattr(room, "find", lambda _: known)
    with pytest.raises(ModelError, match=r"vgg\.safetensors is damaged or another"):
        build(ModelSpec("vgg"))


def test_random_against_learned_keeps_everything_but_the_weights():
    learned, random = build(ModelSpec("vgg")), build(ModelSpec("vgg", "random"))
    assert random.labels == learned.labels
    assert random.want == learned.want
    names = [[n for n, _ in net.module.named_modules()] for net in (learned, random)]
    assert names[0] == names[1]
    first = next(learned.module.parameters())
    assert not torch.equal(first, next(random.module.parameters()))


# --- downloaded weights


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("squeezenet1_1", {}),
        ("mnasnet0_5", {}),
        ("shufflenet_v2_x0_5", {}),
        ("mobilenet_v3_small", {}),
        ("swin_v2_t", {}),
        ("inception_v3", {"init_weights": False, "transform_input": True}),
    ],
)
def test_downloaded_weights_give_torchvisions_scores(
    name, options, folder, monkeypatch
):
    from torchvision.models import get_model

    theirs = get_model(name, weights=None, **options).eval()
    official(f"torchvision/{name}", theirs.state_dict(), folder, monkeypatch)
    net = build(ModelSpec(f"torchvision/{name}"))
    assert net.trained
    assert net.weights.startswith("ImageNet weights IMAGENET1K_V")
    assert net.labels[1] == "goldfish"
    with torch.no_grad():
        expected = theirs(picture(net))
    torch.testing.assert_close(scores(net), expected)
    random = build(ModelSpec(f"torchvision/{name}", "random"))
    assert not random.trained


def test_googlenet_loses_its_training_heads(folder, monkeypatch):
    from torchvision.models import get_model

    theirs = get_model("googlenet", aux_logits=True, init_weights=False).eval()
    theirs.transform_input = True
    entry = official("torchvision/googlenet", theirs.state_dict(), folder, monkeypatch)
    net = build(ModelSpec("torchvision/googlenet"))
    assert count(net.module) == entry.parameters
    with torch.no_grad():
        expected = theirs(picture(net))
    torch.testing.assert_close(scores(net), expected)


def test_old_names_of_densenet_are_understood(folder, monkeypatch):
    from torchvision.models import get_model

    theirs = get_model("densenet121").eval()
    state = theirs.state_dict()
    for key in list(state):
        for kind in ("norm", "conv"):
            for i in "12":
                if "denselayer" in key and f".{kind}{i}." in key:
                    state[key.replace(f"{kind}{i}", f"{kind}.{i}")] = state.pop(key)
    for key in [key for key in state if key.endswith("num_batches_tracked")]:
        del state[key]
    state._metadata = {}
    official("torchvision/densenet121", state, folder, monkeypatch)
    net = build(ModelSpec("torchvision/densenet121"))
    with torch.no_grad():
        torch.testing.assert_close(scores(net), theirs(picture(net)))


def test_half_precision_is_widened(folder, monkeypatch):
    from torchvision.models import get_model

    state = get_model("squeezenet1_1").half().state_dict()
    official("torchvision/squeezenet1_1", state, folder, monkeypatch)
    net = build(ModelSpec("torchvision/squeezenet1_1"))
    for key, value in net.module.state_dict().items():
        assert torch.equal(value, state[key].float())


def test_damaged_download_is_named(folder):
    file = folder / find("torchvision/squeezenet1_1").file
    torch.save({"a": torch.zeros(2)}, file)
    with pytest.raises(ModelError, match=rf"{file.name} is damaged or another.*delete"):
        build(ModelSpec("torchvision/squeezenet1_1"))
    file.write_text("<!DOCTYPE html><title>403</title>")
    with pytest.raises(ModelError, match=rf"{file.name} is a web page"):
        build(ModelSpec("torchvision/squeezenet1_1"))


def test_weights_of_another_network_are_refused(folder):
    from torchvision.models import get_model

    entry = find("torchvision/squeezenet1_1")
    file = folder / own_name(entry)
    other = get_model("shufflenet_v2_x0_5").state_dict()
    torch.save(other, file)
    said = rf"does not fit {entry.name}: 52 missing .*; {len(other)} unexpected"
    with pytest.raises(ModelError, match=said):
        load(entry, file)


def test_another_number_of_classes_is_told(folder):
    from torchvision.models import get_model

    entry = find("torchvision/squeezenet1_1")
    file = folder / own_name(entry)
    torch.save(get_model("squeezenet1_1", num_classes=7).state_dict(), file)
    with pytest.raises(
        ModelError, match=r"classifier.1.weight is 7×512×1×1, wanted 1000×512×1×1"
    ):
        load(entry, file)
