"""What is said of files that are no weights, and that no code runs."""

import io

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.nets.checkpoint import read_checkpoint

STATE = {"0.weight": torch.arange(6.0).reshape(2, 3), "0.bias": torch.tensor([1.0, 2])}


def png():
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "PNG")
    return out.getvalue()


def zipped():
    out = io.BytesIO()
    torch.save({"weight": torch.rand(500)}, out)
    return out.getvalue()


def test_a_file_that_is_written_anew_leaves_what_was_read_alone(tmp_path):
    file = tmp_path / "w.safetensors"
    save_file({"weight": torch.arange(50_000.0)}, file)
    found = read_checkpoint(file).state["weight"]
    with file.open("r+b") as same:
        same.truncate(0)
    assert torch.equal(found, torch.arange(50_000.0))


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_weights_are_read(tmp_path, kind):
    file = tmp_path / "w.pth"
    if kind == "safetensors":
        save_file(STATE, file)
    else:
        torch.save(STATE, file, _use_new_zipfile_serialization=kind == "zip")
    found = read_checkpoint(file).state
    assert set(found) == set(STATE)
    assert all(torch.equal(found[key], STATE[key]) for key in STATE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><p>404", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS"),
        (png(), "is a picture"),
        (zipped()[:-300], "is incomplete"),
        (zipped().replace(b"data.pkl", b"atad.pkl"), "is a zip archive"),
        (b"just some words", "is damaged"),
        (bytes(range(129, 256)), "is damaged"),
        (b"\x10\0\0\0\0\0\0\0{not a header..", "is damaged"),
    ],
    ids=["empty", "html", "lfs", "png", "cut", "zip", "text", "bytes", "safetensors"],
)
def test_other_files_get_a_plain_sentence(tmp_path, content, said):
    file = tmp_path / "w.pth"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        read_checkpoint(file)
    assert "w.pth" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(ModelError, match="cannot read"):
            read_checkpoint(path)


@pytest.mark.parametrize("value", [[1, 2], {}, {"epoch": 3}, torch.zeros(3)])
def test_other_contents_are_refused(tmp_path, value):
    torch.save(value, tmp_path / "w.pth")
    with pytest.raises(ModelError, match="holds no list of named weights"):
        read_checkpoint(tmp_path / "w.pth")


class Trap:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, "w")


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_not_run(tmp_path, zipped):
    marker = tmp_path / "ran"
    file = tmp_path / "w.pth"
    value = {**STATE, "trap": Trap(str(marker))}
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"was not opened: .*open"):
        read_checkpoint(file)
    assert not marker.exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_torchscript_is_named(tmp_path):
    torch.jit.script(nn.Conv2d(1, 1, 1)).save(tmp_path / "w.pt")
    with pytest.raises(ModelError, match="TorchScript"):
        read_checkpoint(tmp_path / "w.pt")
