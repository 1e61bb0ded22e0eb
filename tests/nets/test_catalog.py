"""The catalogue: what it lists, without torch, and in agreement with torchvision."""

import hashlib
import subprocess
import sys

import pytest

from cnnviz.core.errors import ModelError
from cnnviz.core.resources import resource
from cnnviz.nets import cache, classic
from cnnviz.nets.catalog import bundled_hashes, find, models, state

TORCHVISION = [entry for entry in models() if entry.torchvision]


def test_catalogue_is_listed_without_torch():
    program = (
        "import sys; from cnnviz.nets.catalog import models, state;"
        "print(*[e.name for e in models() if state(e)]);"
        "assert 'torch' not in sys.modules"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    names = said.stdout.split()
    own = ["alexnet", "vgg", "tcn", "cnn1d", "handmade", "alexnet-2012"]
    assert names[:6] == own
    assert names[6] == "torchvision/alexnet"
    assert len(set(names)) == len(names)


def test_every_classification_network_of_torchvision_is_there():
    from torchvision import models as theirs

    names = {entry.torchvision for entry in TORCHVISION}
    assert names == set(theirs.list_models(theirs))


@pytest.mark.parametrize("entry", TORCHVISION, ids=lambda entry: entry.name)
def test_entry_agrees_with_torchvision(entry):
    from torchvision import models as theirs

    weights = theirs.get_model_weights(entry.torchvision).DEFAULT
    shown = weights.transforms()
    assert entry.weights == weights.name
    assert entry.url == weights.url
    assert entry.url.endswith(f"/{entry.file}")
    assert f"-{entry.sha256}." in entry.file
    assert len(entry.sha256) >= 8
    assert entry.parameters == weights.meta["num_params"]
    assert entry.classes == len(weights.meta["categories"])
    assert entry.size / 2**20 == pytest.approx(weights.meta["_file_size"], abs=1e-3)
    # float32 weights, and little else, are in the file
    assert entry.size == pytest.approx(4 * entry.parameters, rel=0.06) or (
        entry.torchvision == "googlenet"  # whose file holds two more heads
    )
    want = entry.want
    assert [want.resize] == shown.resize_size
    assert [want.crop[0]] == [want.crop[1]] == shown.crop_size
    assert want.interpolation == shown.interpolation.value
    assert list(want.mean) == list(shown.mean)
    assert list(want.std) == list(shown.std)


def test_wanted_pictures_are_those_of_the_training():
    assert find("alexnet").want == classic.ALEXNET_WANT
    assert find("vgg").want == classic.VGG_WANT


def test_handmade_sees_the_same_part_of_a_picture_as_the_default():
    ours, default = find("handmade").want, find("alexnet").want
    assert (ours.crop, ours.resize) == (default.crop, default.resize)


@pytest.mark.parametrize("name", ["alexnet", "vgg", "tcn", "cnn1d"])
def test_bundled_file_has_the_catalogues_hash(name):
    entry = find(name)
    content = resource(f"models/{entry.file}").read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry.sha256, (
        "after a training: cd resources/models && sha256sum *.safetensors > SHA256SUMS"
    )
    assert len(content) == entry.size
    assert set(bundled_hashes()) >= {entry.file}


def test_unknown_name_lists_the_nearest():
    with pytest.raises(ModelError, match="torchvision/resnet18"):
        find("ResNet18")
    with pytest.raises(ModelError, match="near: alexnet"):
        find("alexnt")
    with pytest.raises(ModelError, match="cnnviz models"):
        find("zzzzzz")


def test_states(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert state(find("alexnet")) == "bundled"
    assert state(find("handmade")) == "no weights needed"
    assert state(find("alexnet-2012")) == "random weights"
    entry = find("torchvision/squeezenet1_1")
    assert state(entry) == "to be downloaded"
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / f"{entry.file}.part").write_bytes(b"half")
    assert state(entry) == "to be downloaded"
    (folder / entry.file).write_bytes(b"whole")
    assert state(entry) == "downloaded"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TORCH_HOME": "/somewhere/torch"},
        {"TORCH_HOME": "~/torch"},
        {"XDG_CACHE_HOME": "/somewhere/cache"},
        {"XDG_CACHE_HOME": "~/c", "TORCH_HOME": "/t"},
    ],
)
def test_folder_is_torch_hubs(variables, monkeypatch):
    from pathlib import Path

    from torch import hub

    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache.hub_folder() == Path(hub.get_dir()) / "checkpoints"


def test_digest_is_computed_again_only_when_the_file_changed(tmp_path, monkeypatch):
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    assert cache.digest(file) == hashlib.sha256(b"one").hexdigest()
    calls = []
    original = hashlib.file_digest
    monkeypatch.setattr(
        hashlib, "file_digest", lambda *a: calls.append(a) or original(*a)
    )
    assert cache.digest(file) == hashlib.sha256(b"one").hexdigest()
    assert not calls
    file.write_bytes(b"three")
    assert cache.digest(file) == hashlib.sha256(b"three").hexdigest()
    assert len(calls) == 1


def test_sizes_in_words():
    assert cache.in_words(244_408_911) == "244 MB"
    assert cache.in_words(4_966_400) == "5.0 MB"
    assert cache.in_words(2**42) == "4.4 TB"
    assert cache.in_words(1_230_000_000) == "1.23 GB"
    assert cache.in_words(4) == "4 bytes"
