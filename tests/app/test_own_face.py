"""Networks of one's own in notebooks, scripts and on the command line."""

import json

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn

import cnnviz
from cnnviz.app.cli import main
from cnnviz.app.face import model_of, trace_file
from cnnviz.core.errors import MisfitError, ModelError, UnknownNetworkError
from cnnviz.core.models import FileSpec, InputChoices, ModelSpec

CODE = """
from pathlib import Path
from torch import nn

Path(__file__).with_name("ran").touch()

class Small(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3))

class Wide(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 9, 3))
"""


class Small(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3))


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(CODE)
    return path


@pytest.fixture
def weights(tmp_path):
    module = Small().eval()
    torch.save(module.state_dict(), tmp_path / "w.pt")
    return tmp_path / "w.pt", module


@pytest.fixture
def photo(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    return tmp_path / "noise.png"


@pytest.fixture
def squeezed(tmp_path):
    module = torchvision.models.squeezenet1_1(num_classes=4).eval()
    torch.save(module.state_dict(), tmp_path / "s.pth")
    return tmp_path / "s.pth", module


def test_a_weights_file_by_its_path(squeezed, photo):
    path, module = squeezed
    for name in (path, str(path)):
        net = cnnviz.open_model(name)
        sample = cnnviz.open_sample(photo, net)
        trace = cnnviz.trace(net, sample)
        with torch.no_grad():
            out = module(torch.tensor(sample.values[0])[None])[0]
        np.testing.assert_allclose(trace.layers[-1].output, out, atol=1e-5)
        assert trace.about == net.notes
        assert trace.taken == net.taken


def test_names_of_the_catalogue_come_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alexnet").write_bytes(b"")
    assert model_of("alexnet") == ModelSpec("alexnet")
    with pytest.raises(ModelError, match="empty"):
        cnnviz.open_model(tmp_path / "alexnet")
    with pytest.raises(ModelError, match=r"cannot read .*none\.pt"):
        cnnviz.open_model("none.pt")


@pytest.mark.parametrize("builder", ["", ":Small"])
def test_code_runs_only_when_it_is_trusted(model_file, weights, builder):
    path, _ = weights
    text = model_file.read_text()
    if not builder:
        model_file.write_text(text[: text.index("class Wide")])
    code = f"{model_file}{builder}"
    for given in ({"code": code}, {}):
        name = path if given else code
        with pytest.raises(ModelError, match="is a program and was not run"):
            cnnviz.open_model(name, **given)
    assert not model_file.with_name("ran").exists()
    net = cnnviz.open_model(path, code=code, trust=True)
    assert model_file.with_name("ran").exists()
    x = torch.rand(1, 1, 8, 8)
    assert torch.equal(net.module(x), weights[1](x))
    assert net.want.crop == (8, 8)
    assert not cnnviz.open_model(code, trust=True).trained


def test_weights_of_another_network(model_file, weights):
    path, _ = weights
    with pytest.raises(MisfitError, match=r"0\.weight is 2×1×3×3, wanted 9×1×3×3"):
        cnnviz.open_model(path, code=f"{model_file}:Wide", trust=True)
    with pytest.raises(UnknownNetworkError) as caught:
        cnnviz.open_model(path)
    assert len(caught.value.tensors) == 4


@pytest.mark.parametrize("name", ["helper.py", "mine.txt"])
def test_what_trusted_code_reads_is_watched_with_it(tmp_path, name):
    code = tmp_path / "helped.py"
    code.write_text("import helper\nLABELS = 'mine.txt'\ndef build(): ...\n")
    for each in ("helper.py", "mine.txt"):
        (tmp_path / each).touch()
    model = model_of(code, trust=True)
    assert model.stamped() == model
    (tmp_path / name).write_text("x = 1\n")
    assert model.stamped() != model


def test_what_is_said_of_the_input(squeezed):
    said = InputChoices(size=(50, 70))
    net = cnnviz.open_model(squeezed[0], choices=said)
    assert net.want.crop == (50, 70)


def test_requests_know_the_files_as_they_are(squeezed):
    model = model_of(squeezed[0])
    assert isinstance(model, FileSpec)
    assert model == FileSpec(squeezed[0]).stamped()
    assert model.stamp


def test_the_table_of_layers(squeezed, photo, capsys):
    assert main(["layers", str(squeezed[0]), str(photo), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["layers"][-1]["shape"] == [4]
    trace = trace_file(str(squeezed[0]))
    assert trace.sample.values[0].shape == (3, 224, 224)


def test_a_file_of_no_known_network_is_one_line(weights, capsys):
    assert main(["layers", str(weights[0])]) == 1
    said = capsys.readouterr().err
    assert said.startswith("cnnviz: w.pt: none of its 4 tensors")
    assert said.count("\n") == 1
