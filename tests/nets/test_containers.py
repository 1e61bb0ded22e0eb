"""What is said of files that are no weights, and what to do instead."""

import contextlib
import io
import os
import pickle
import sys
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.nets.checkpoint import read_checkpoint
from cnnviz.nets.containers import container, foreign
from cnnviz.nets.memory import check_room, free_memory

NET = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()).eval()


def saved(kind, **options):
    out = io.BytesIO()
    if kind == "torch":
        torch.save({"weight": torch.rand(4000)}, out, **options)
    elif kind == "picture":
        Image.new("RGB", (2, 2)).save(out, **options)
    elif kind == "npz":
        np.savez(out, weight=np.ones(3))
    elif kind == "npy":
        np.save(out, np.ones(3))
    return out.getvalue()


def archive(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return out.getvalue()


def tar(*names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for name in names:
            packed.addfile(tarfile.TarInfo(name))
    return out.getvalue()


WHOLE = saved("torch")
LEGACY = saved("torch", _use_new_zipfile_serialization=False)
SAVE = r"; call torch\.save\(model\.state_dict\(\), …\)"

FILES = {
    "empty": ("w.pt", b"", r"is empty \(0 bytes\)"),
    "cut": ("w.pt", WHOLE[: len(WHOLE) * 6 // 10], "is incomplete: the end"),
    "cut a little": ("w.pt", WHOLE[:-10], "is incomplete: the end"),
    "cut legacy": ("w.pt", LEGACY[: len(LEGACY) * 6 // 10], "is damaged"),
    "cut early": ("w.pt", LEGACY[:60], "is incomplete or damaged"),
    "pointer": ("w.pt", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "page": ("w.pt", b"<!DOCTYPE html><html></html>", "is a web page"),
    "png": ("w.pt", saved("picture", format="PNG"), "is a picture"),
    "jpeg": ("w.pth", saved("picture", format="JPEG"), "is a picture"),
    "webp": ("w.pth", saved("picture", format="WEBP"), "is a picture"),
    "bmp": ("w.pth", saved("picture", format="BMP"), "is a picture"),
    "pdf": ("w.pt", b"%PDF-1.7", "is a PDF"),
    "gzip": ("w.pt", b"\x1f\x8b\x08\0", "gzip archive; unpack it"),
    "keras": ("w.h5", b"\x89HDF\r\n\x1a\n", "HDF5 file, perhaps of Keras"),
    "keras 3": (
        "w.keras",
        archive("config.json", "model.weights.h5"),
        "is a Keras model; export it",
    ),
    "gguf": ("w.gguf", b"GGUF\3\0\0\0", "is a GGUF file"),
    "npy": ("w.npy", saved("npy"), "a single NumPy array"),
    "npz": ("w.npz", saved("npz"), "an archive of NumPy arrays"),
    "zip": ("w.zip", archive("a.png", "b.png", "c.png"), r"a\.png, b\.png, …"),
    "empty zip": ("w.zip", archive(), "is incomplete|with nothing"),
    "tar": ("w.tar", tar("a.png"), "is a tar archive; unpack it"),
    "oldest": (
        "w.pt",
        tar("storages", "tensors", "pickle"),
        r"torch 0\.1\.9 or older.*running code",
    ),
    "onnx": ("w.onnx", b"\x08\x0a\x12\x07pytorch", f"an ONNX graph.*{SAVE}"),
    "frozen graph": ("w.pb", b"\x0a\x10\x0a\x01", "a TensorFlow graph"),
    "tf index": ("m.ckpt.index", b"\0\0\x08", "part of a TensorFlow checkpoint"),
    "tf data": ("m.ckpt.data-00000-of-00001", b"\1\2", "of a TensorFlow checkpoint"),
    "tflite": ("w.tflite", b"\x1c\0\0\0TFL3", "a TensorFlow Lite model"),
    "flax": ("w.msgpack", b"\x81\xa6params", "is Flax weights; export them"),
    "pickle": ("w.pkl", pickle.dumps([1]), "pickle that torch.save did not write"),
    "pickle pt": ("w.pt", pickle.dumps([1]), "pickle that torch.save did not write"),
    "json": ("x.json", b'{"a": {"b": 1}}', "a text file with settings"),
    "json pt": ("x.pt", b'{"abc": {"b": 1}}', "is damaged, or a kind of file"),
    "python": ("net.py", b"import torch\n", "a Python program; open it as the code"),
    "raw": ("w.bin", b"\1\2\3\4" * 9, "no file of torch.save; save it as safetensors"),
    "text": ("w.pt", b"just some words", "is damaged, or a kind of file"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_other_files_get_a_plain_sentence(tmp_path, name):
    called, content, said = FILES[name]
    file = tmp_path / called
    file.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        read_checkpoint(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
    if name in ("onnx", "pickle pt", "gzip"):  # what to do is said already
        assert "wanted" not in str(caught.value)


def test_five_usual_accidents_get_five_sentences(tmp_path):
    said = set()
    for name in ("cut", "empty", "pointer", "page", "png"):
        file = tmp_path / "w.pt"
        file.write_bytes(FILES[name][1])
        with pytest.raises(ModelError) as caught:
            read_checkpoint(file)
        said.add(str(caught.value))
    assert len(said) == 5


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_torchscript(tmp_path):
    torch.jit.script(NET).save(tmp_path / "w.pt")
    with pytest.raises(ModelError, match=f"is a TorchScript program.*{SAVE}"):
        read_checkpoint(tmp_path / "w.pt")


@pytest.mark.parametrize(
    "names",
    [
        ("m/archive_format", "m/models/model.json", "m/data/weights/weight_0"),
        ("serialized_exported_program.json", "version", "serialized_state_dict.json"),
        ("m/archive_format", "m/data.pkl", "m/data/0"),
    ],
)
def test_exported_programs(tmp_path, names):
    file = tmp_path / "w.pt2"
    file.write_bytes(archive(*names))
    with pytest.raises(
        ModelError, match=rf"torch\.export \(\.pt2\), which runs.*{SAVE}"
    ):
        read_checkpoint(file)


def test_folders(tmp_path):
    with pytest.raises(ModelError, match=r"it is a folder$"):
        read_checkpoint(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(ModelError, match="folder with a TensorFlow model"):
        read_checkpoint(tmp_path)
    (tmp_path / "saved_model.pb").unlink()
    for name in ("b.safetensors", "a.pth", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=r"a file in it: a\.pth, b\.safetensors$"):
        read_checkpoint(tmp_path)


def test_files_that_are_not_there_or_locked(tmp_path):
    with pytest.raises(ModelError, match=r"cannot read .*No such file"):
        read_checkpoint(tmp_path / "none.pt")
    locked = tmp_path / "locked.pt"
    locked.write_bytes(WHOLE)
    locked.chmod(0)
    if sys.platform != "win32" and os.geteuid():
        with pytest.raises(ModelError, match=r"cannot read .*Permission denied"):
            read_checkpoint(locked)


def test_a_system_that_says_no(tmp_path, monkeypatch):
    file = tmp_path / "w.pt"
    file.write_bytes(WHOLE)

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "open", denied)
    with pytest.raises(ModelError, match=r"cannot read .*w\.pt: Permission denied"):
        read_checkpoint(file)


@pytest.mark.parametrize("name", ["w.pt", "w.bin", "w.weights", "w", "w.pth.tar"])
def test_the_content_counts_and_not_the_name(tmp_path, name):
    for content in (WHOLE, LEGACY):
        (tmp_path / name).write_bytes(content)
        assert list(read_checkpoint(tmp_path / name).state) == ["weight"]


def test_how_a_file_is_packed(tmp_path):
    file = tmp_path / "w.pt"
    file.write_bytes(WHOLE)
    packed = container(file)
    assert (packed.kind, packed.storages) == ("zip", 1)
    assert 16_000 < packed.size < 20_000
    file.write_bytes(LEGACY)
    assert (container(file).kind, container(file).size) == ("legacy", len(LEGACY))


def test_damage_anywhere_is_told_in_words(tmp_path):
    file = tmp_path / "w.pt"
    for content in (WHOLE, LEGACY):
        for at in range(0, 700, 7):
            damaged = bytearray(content)
            damaged[at] ^= 0xFF
            file.write_bytes(damaged)
            with contextlib.suppress(ModelError):
                assert read_checkpoint(file).state


def test_no_weights_begin_like_something_else():
    for content in (WHOLE, LEGACY):
        assert foreign(content[:512]) is None
    for length in (0x3C, 0x4D42):  # headers as long as "<" and "BM" are numbers
        assert foreign(length.to_bytes(8, "little") + b'{"w"') is None


def test_free_memory_is_told_where_the_system_tells_it(tmp_path):
    free = free_memory()
    if free is None:
        check_room(tmp_path, 1 << 60)
        return
    assert 10_000_000 < free < 1 << 50
    check_room(tmp_path, free // 2)
    with pytest.raises(ModelError, match="GB of memory and"):
        check_room(tmp_path, 1 << 50)
