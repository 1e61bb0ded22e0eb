"""Weights files as people really have them, each dropped on the window.

Every file is written here. What is shown must equal plain torch with the weights that
the file holds, else a sentence says why nothing is; no code in a file ever runs.
"""

import re
import subprocess
import sys
import textwrap
import warnings
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from own import (
    PLAIN,
    assert_refused,
    bring,
    built,
    filled,
    plain_scores,
    save,
    scores,
    small_picture,
    write_code,
)
from PIL import Image
from PySide6.QtCore import QRectF
from torch import nn

from cnnviz.app.tables import Paper, layers_table
from cnnviz.nets import catalog
from cnnviz.nets.cache import hub_folder


def assert_shown(person, module, tensors=None):
    """The window shows what torch gives, and nothing of it is random."""
    np.testing.assert_allclose(
        scores(person), plain_scores(person, module), rtol=1e-4, atol=1e-6
    )
    assert person.trace.trained


class TestNames:
    """LOAD-01, 02, 03, 05: words before the names of tensors."""

    @pytest.mark.parametrize(
        "prefix",
        [
            "module.", "model.", "net.encoder.", "_orig_mod.", "_orig_mod.module.",
            "module._orig_mod.", "model._orig_mod.", "backbone.",
        ],
    )  # fmt: skip
    def test_before_all_of_them(self, opened, code, trained, tmp_path, prefix):
        path = save(tmp_path / "w.pt", trained, prefix.__add__)
        bring(opened, code, path)
        assert_shown(opened, trained)
        assert prefix.partition(".")[0] in " ".join(opened.trace.about)

    def test_within_them(self, opened, code, trained, tmp_path):
        def renamed(key):
            return key.replace("0.", "0._orig_mod.", 1) if key[0] == "0" else key

        bring(opened, code, save(tmp_path / "w.pt", trained, renamed))
        assert_shown(opened, trained)

    def test_before_some_of_them(self, opened, code, trained, tmp_path):
        """All nine are loaded, or none: never eight."""
        first = next(iter(trained.state_dict()))
        path = save(
            tmp_path / "half.pt", trained, lambda k: k if k == first else f"module.{k}"
        )
        before = opened.trace
        bring(opened, code, path)
        if opened.trace is before:
            assert_refused(opened, before, "half.pt", first)
        else:
            assert_shown(opened, trained)

    def test_lightning(self, opened, tmp_path):
        """Only the first word goes: names within hold the same word."""
        source = """
            import torch
            from torch import nn
            INPUT_SIZE = 8, 8
            class Inner(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
                    self.submodel = nn.Linear(4, 2)
                def forward(self, x):
                    return self.submodel(self.model(x).mean((2, 3)))
        """
        module = filled(built(source, "Inner"))
        path = save(
            tmp_path / "last.ckpt", module, "model.{}".format, epoch=7,
            global_step=1234, callbacks={}, hyper_parameters={"lr": 0.1},
            optimizer_states=[{"state": {}, "param_groups": []}],
        )  # fmt: skip
        bring(opened, write_code(tmp_path / "inner.py", source), path)
        assert_shown(opened, module)
        assert "epoch 7" in opened.trace.about
        assert "model.0" in opened.trace

    def test_of_another_network(self, opened, code, tmp_path):
        """Random weights are never shown as if they were the person's."""
        other = nn.Sequential(nn.Conv2d(3, 9, 5), nn.Linear(9, 4))
        path = save(tmp_path / "unrelated.pt", other, "backbone.{}".format)
        before = opened.trace
        bring(opened, code, path)
        assert_refused(opened, before, "unrelated.pt", "missing")
        bring(opened, path)
        assert opened.trace is None
        assert len(opened.store.state.tensors.tensors) == 4


class TestContainers:
    """LOAD-06, 08, 14, 15, 19: what the tensors are wrapped in."""

    def test_numpys_own_numbers(self, opened, code, trained, tmp_path):
        path = save(tmp_path / "best.pth", trained, curr_ap=np.float64(0.4375))
        before = opened.trace
        bring(opened, code, path)
        if opened.trace is before:
            assert_refused(opened, before, "numpy")
        else:
            assert_shown(opened, trained)

    def test_a_helper_of_the_training(self, opened, code, trained, tmp_path):
        """The file names a class that only its author has."""
        save(tmp_path / "plain.pt", trained)
        script = """
            import torch
            class RecorderMeter:
                def __init__(self):
                    self.epoch = 3
            state = {"module." + k: v for k, v in torch.load("plain.pt").items()}
            whole = {"epoch": 3, "state_dict": state, "recorder": RecorderMeter()}
            torch.save(whole, "recorded.pth.tar")
        """
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, check=True
        )
        before = opened.trace
        bring(opened, code, tmp_path / "recorded.pth.tar")
        if opened.trace is before:
            assert_refused(opened, before, "RecorderMeter")
        else:
            assert_shown(opened, trained)

    @pytest.mark.parametrize("half", [None, torch.float16, torch.bfloat16])
    @pytest.mark.parametrize("container", ["zip", "legacy", "safetensors"])
    def test_every_container(self, opened, code, trained, tmp_path, container, half):
        if half is not None:
            trained = trained.to(half).float()
        state = {k: v if half is None or not v.is_floating_point() else v.to(half)
                 for k, v in trained.state_dict().items()}  # fmt: skip
        path = tmp_path / ("w.safetensors" if container == "safetensors" else "w.pt")
        if container == "safetensors":
            safetensors.torch.save_file(state, path)
        else:
            new = container == "zip"
            torch.save(state, path, _use_new_zipfile_serialization=new)
        bring(opened, code, path)
        assert_shown(opened, trained)

    def test_a_whole_network_of_torch(self, opened, trained, tmp_path):
        torch.save(trained, tmp_path / "whole.pt")
        bring(opened, tmp_path / "whole.pt")
        assert_shown(opened, trained)

    def test_a_whole_network_of_a_class_of_its_own(self, opened, tmp_path):
        module = built(PLAIN + "\n    class Mine(nn.Module):\n        pass\n", "Mine")
        type(module).__module__ = "author"
        author = type(sys)("author")
        author.Mine = type(module)
        sys.modules["author"] = author
        try:
            torch.save(module, tmp_path / "mine.pt")
        finally:
            del sys.modules["author"]
        before = opened.trace
        bring(opened, tmp_path / "mine.pt")
        assert_refused(opened, before, "mine.pt", "author.Mine")

    def test_torchscript(self, opened, trained, tmp_path):
        with warnings.catch_warnings(action="ignore"):
            torch.jit.save(torch.jit.script(trained), str(tmp_path / "s.pt"))
        before = opened.trace
        bring(opened, tmp_path / "s.pt")
        assert_refused(opened, before, "s.pt", "TorchScript")

    def test_an_exported_program(self, opened, trained, tmp_path):
        path = tmp_path / "p.pt2"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("p/archive_format", "pt2")
            archive.writestr("p/models/model.json", "{}")
        before = opened.trace
        bring(opened, path)
        assert_refused(opened, before, "p.pt2", "state_dict")

    def test_five_things_that_are_no_weights(self, opened, tmp_path):
        torch.save({"w": torch.arange(4000.0)}, tmp_path / "whole.pt")
        whole = (tmp_path / "whole.pt").read_bytes()
        contents = {
            "truncated.pt": (whole[: len(whole) * 6 // 10], "incomplete"),
            "empty.pt": (b"", "empty"),
            "pointer.pt": (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "LFS"
            ),
            "page.pt": (b"<!DOCTYPE html><html></html>", "web page"),
            "picture.pt": (b"\x89PNG\r\n\x1a\n" + bytes(64), "picture"),
        }  # fmt: skip
        before, said = opened.trace, set()
        for name, (content, words) in contents.items():
            (tmp_path / name).write_bytes(content)
            bring(opened, tmp_path / name)
            assert_refused(opened, before, name, words)
            said.add(opened.said.replace(name, ""))
        assert len(said) == len(contents)


WEIGHT_NORM = """
    from torch import nn
    from torch.nn.utils.parametrizations import weight_norm
    def build():
        return nn.Sequential(
            weight_norm(nn.Conv1d(2, 3, 3)), nn.ReLU(), nn.Conv1d(3, 2, 1)
        )
"""
OLD_WEIGHT_NORM = """
    import warnings
    from torch import nn
    from torch.nn.utils import weight_norm
    def build():
        with warnings.catch_warnings(action="ignore"):
            return nn.Sequential(
                weight_norm(nn.Conv1d(2, 3, 3)), nn.ReLU(), nn.Conv1d(3, 2, 1)
            )
"""


@pytest.mark.parametrize("source", [WEIGHT_NORM, OLD_WEIGHT_NORM], ids=["new", "old"])
@pytest.mark.parametrize("keys", ["new", "old"])
def test_weight_norm_in_all_four_pairings(opened, tmp_path, source, keys):
    """LOAD-11: the kernels shown are the effective ones."""
    dice = torch.Generator().manual_seed(2)

    def draw(*shape):
        return torch.randn(shape, generator=dice)

    direction, length = draw(3, 2, 3), draw(3, 1, 1).abs()
    names = {
        "new": ("0.parametrizations.weight.original0",
                "0.parametrizations.weight.original1"),
        "old": ("0.weight_g", "0.weight_v"),
    }[keys]  # fmt: skip
    state = {
        "0.bias": draw(3), names[0]: length, names[1]: direction,
        "2.weight": draw(2, 3, 1), "2.bias": draw(2),
    }  # fmt: skip
    torch.save(state, tmp_path / "w.pt")
    table = tmp_path / "two.csv"
    values = np.sin(np.arange(40)[:, None] * [0.3, 0.7])
    table.write_text("a,b\n" + "\n".join(f"{x:.6f},{y:.6f}" for x, y in values))
    bring(opened, write_code(tmp_path / "m.py", source), tmp_path / "w.pt", table)
    norm = direction.flatten(1).norm(dim=1).reshape(3, 1, 1)
    effective = direction / norm * length
    np.testing.assert_allclose(opened.trace["0"].weight, effective, rtol=1e-5)
    x = torch.from_numpy(opened.trace.sample.values[0].copy())[None]
    first = torch.conv1d(x, effective, state["0.bias"]).relu()
    expected = torch.conv1d(first, state["2.weight"], state["2.bias"])[0]
    np.testing.assert_allclose(scores(opened), expected, rtol=1e-4, atol=1e-5)


class TestChannels:
    """LOAD-16: the first convolution does not want three channels."""

    def source(self, channels):
        return PLAIN.replace("nn.Conv2d(3,", f"nn.Conv2d({channels},")

    def test_one(self, opened, tmp_path):
        path = small_picture(tmp_path / "rgb.png")
        code = write_code(tmp_path / "grey.py", self.source(1))
        bring(opened, code, path)
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L"), np.float32) / 255
        np.testing.assert_allclose(opened.trace.sample.values[0][0], grey, atol=0.01)
        module = built(self.source(1))
        assert np.allclose(scores(opened), plain_scores(opened, module), atol=1e-5)
        sample = opened.trace.sample
        assert "gr" in " ".join((*sample.steps, *sample.notes))

    def test_four(self, opened, tmp_path):
        code = write_code(tmp_path / "four.py", self.source(4))
        path = tmp_path / "alpha.png"
        dice = np.random.default_rng(0)
        rgba = dice.integers(1, 256, (8, 8, 4), np.uint8)
        Image.fromarray(rgba, "RGBA").save(path)
        bring(opened, code, path)
        values = opened.trace.sample.values[0]
        np.testing.assert_allclose(values[3], rgba[..., 3] / 255, atol=0.01)

    def test_thirteen(self, opened, tmp_path):
        before = opened.trace
        bring(opened, write_code(tmp_path / "bands.py", self.source(13)))
        assert_refused(opened, before, "13", "bands.py")
        assert re.search(r"\b[34]\b", opened.said)

    def test_volumes(self, opened, tmp_path):
        source = PLAIN.replace("nn.Conv2d(3, 4, 3)", "nn.Conv3d(1, 4, 3)")
        before = opened.trace
        bring(opened, write_code(tmp_path / "volume.py", source))
        assert_refused(opened, before, "volumes")

    def test_two_inputs(self, opened, tmp_path):
        source = """
            from torch import nn
            class Two(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
                def forward(self, first, second):
                    return (self.a(first) - self.b(second)).mean((2, 3))
        """
        bring(opened, write_code(tmp_path / "two.py", source))
        assert len(opened.trace.sample.values) == 2
        assert opened.trace.title == "two.py:Two"
        assert {"a", "b"} <= {layer.name for layer in opened.trace.layers}
        opened.store.select(layer="b", channel=1, unit=(4, 6))
        words = "sees second input rows 4–6, columns 6–8"
        assert opened.window.unit.sees.text().startswith(words)
        assert words in opened.window._status.text()
        assert opened.window.input._mark.box == QRectF(6, 4, 3, 3)
        detail = opened.window.layers.detail.text()
        assert "each unit sees 3×3 of the second input" in detail
        table = layers_table(opened.trace, Paper()).splitlines()
        row = next(line for line in table if line.startswith("b "))
        assert row.rstrip().endswith("3×3 step 1 of the second input")


def test_a_broken_file_of_the_catalogue(opened, tmp_path, monkeypatch):
    """LOAD-17: the broken file is named; another way to it is offered."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    entry = catalog.find("torchvision/squeezenet1_1")
    folder = hub_folder()
    folder.mkdir(parents=True)
    (folder / entry.file).write_bytes(b"PK\x03\x04 cut")
    before = opened.trace
    opened.show_model(entry.name)
    assert_refused(opened, before, entry.file)
