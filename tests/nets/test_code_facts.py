"""What a Python file says of its networks when it is read and never run."""

import hashlib
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnviz.core.errors import ModelError
from cnnviz.core.models import InputChoices
from cnnviz.nets.code import builders_of
from cnnviz.nets.declared import declared

NET = """
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return x
"""


@pytest.fixture
def facts(tmp_path):
    """Read code, which leaves a mark if it runs."""
    mark = tmp_path / "it ran"

    def read(source, name="model.py"):
        path = tmp_path / name
        first = f"open({str(mark)!r}, 'w').close()\n"
        path.write_text(first + textwrap.dedent(source), encoding="utf-8")
        found = builders_of(path)
        alone = hashlib.sha256(path.read_bytes()).hexdigest()
        assert (found.digest == alone) == (found.beside == ())
        return found

    yield read
    assert not mark.exists()


class TestBuilders:
    @pytest.mark.parametrize(
        ("source", "builders"),
        [
            ("def build(): ...", ["build"]),
            ("def build(classes=3, *, wide=False, **more): ...", ["build"]),
            ("def make_model(): ...\ndef build(): ...", ["build", "make_model"]),
            ("def create_resnet(): ...", ["create_resnet"]),
            ("build = lambda: 3", ["build"]),
            (NET, ["Net"]),
            (NET + "def build(): return Net()", ["build", "Net"]),
            ("import torch\nclass A(torch.nn.Module): ...", ["A"]),
            ("class A(LightningModule): ...", ["A"]),
            ("class A(nn.Sequential): ...", ["A"]),
            ("class A(torchvision.models.ResNet): ...", ["A"]),
            (NET + "class Big(Net): ...", ["Big", "Net"]),
            (NET + "model = Net()", ["Net", "model"]),
            ("model = nn.Sequential(nn.ReLU())", ["model"]),
            (("try:\n    import timm\nexcept ImportError:\n    pass\n"
              "else:\n    def build(): ..."), ["build"]),
            ("if True:\n    def build(): ...", ["build"]),
        ],
    )  # fmt: skip
    def test_found_the_likeliest_first(self, facts, source, builders):
        found = facts(source)
        assert list(found.builders) == builders
        assert found.reason == ""

    def test_a_whole_comes_before_its_parts(self, facts):
        found = facts("""
            from torch import nn
            class Stem(nn.Module): ...
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.stem = Stem()
            def train(model: Net): ...
        """)
        assert found.builders == ("Net", "Stem")
        assert found.builder == "Net"

    def test_what_wants_arguments_is_none(self, facts):
        found = facts("""
            from torch import nn
            class Block(nn.Module):
                def __init__(self, wide, *, deep): ...
            class Taller(Block): ...
            def build(classes): ...
        """)
        assert found.builders == ()
        for words in ("build wants classes", "Block wants wide, deep", "Taller wants"):
            assert words in found.reason
        with pytest.raises(ModelError, match="wants classes"):
            _ = found.builder

    @pytest.mark.parametrize(
        "source",
        [
            "x = 1",
            "class Config(BaseModel): ...",
            "class A: ...",
            "def forward(x): ...",
            "async def build(): ...",
            "if __name__ == '__main__':\n    def build(): ...",
            "def outer():\n    def build(): ...",
        ],
    )
    def test_nothing_that_builds(self, facts, source):
        assert "no network" in facts(source).reason

    def test_several_must_be_chosen_among(self, facts):
        found = facts(NET + "class Other(nn.Module): ...")
        assert found.builders == ("Other", "Net")
        assert not found.plain
        with pytest.raises(ModelError, match=r"Other, Net.*model\.py:Other"):
            _ = found.builder

    def test_classes_in_a_circle(self, facts):
        found = facts("class A(B): ...\nclass B(A): ...\nclass A(B): ...")
        assert found.builders == ()


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b" \n\t\n", "empty"),
            (b"def build(:", "line 1"),
            (b"x = 1\n\ny = = 2\n", "line 3"),
            (b"\x80\x02}q\x00.", "not text"),
            ("def build(): ...".encode("utf-16"), "not text"),
            (b"# \xe9\xff\ndef build(): ...", "not text"),
            (b"# coding: klingon\n", "not text"),
            (b"(" * 100_000, "model.py"),
            (b"x = " + b"-" * 200_000 + b"1", "model.py"),
            (b"#" * 5_000_000, "4 MB"),
        ],
    )
    def test_no_code(self, tmp_path, content, words):
        path = tmp_path / "model.py"
        path.write_bytes(content)
        found = builders_of(path)
        assert words in found.reason
        assert found.builders == ()

    def test_no_file(self, tmp_path):
        assert "No such file" in builders_of(tmp_path / "model.py").reason
        folder = tmp_path / "folder.py"
        folder.mkdir()
        assert "folder" in builders_of(folder).reason

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes as files")
    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.py")
        assert "no ordinary file" in builders_of(tmp_path / "pipe.py").reason

    def test_encodings(self, tmp_path):
        path = tmp_path / "모델.py"
        for content in (
            "\ufeffdef build(): 'é'\r\n".encode(),
            "# coding: latin-1\ndef build(): 'é'\n".encode("latin-1"),
        ):
            path.write_bytes(content)
            found = builders_of(path)
            assert found.builders == ("build",)
            assert "é" in found.text
            assert "\r" not in found.text

    def test_a_warning_of_python_is_none_of_a_file_that_is_read(self, facts):
        assert facts(r"def build(): '\d'").builders == ("build",)

    def test_what_runs_with_it(self, facts, tmp_path):
        for name in ("blocks.py", "layers.py", "other.py"):
            (tmp_path / name).touch()
        (tmp_path / "parts").mkdir()
        (tmp_path / "parts" / "__init__.py").touch()
        found = facts("""
            import torch, blocks, model
            from . import layers
            from parts.heads import Head
            from ..other import nothing
            def build():
                import blocks
        """)
        names = [path.relative_to(tmp_path) for path in found.beside]
        wanted = Path("blocks.py"), Path("layers.py"), Path("parts/__init__.py")
        assert sorted(names) == sorted(wanted)


class TestDeclared:
    def test_literals_are_read(self, facts, tmp_path):
        found = facts("""
            INPUT_SIZE = (1, 28, 32)
            MEAN: float = 0.13
            STD = [0.31]
            LABELS = "names.txt"
            TASK = "image"
            def build(): ...
        """)
        assert found.choices == InputChoices(
            "picture", (28, 32), (0.13,), (0.31,), labels=tmp_path / "names.txt"
        )

    def test_of_a_series(self, facts):
        found = facts("""
            TASK = "series"
            LENGTH = None
            RATE = 50
            CLASSES = ["walk", "run"]
            MEAN = (0.0,) * 6
            def build():
                STD = 3
        """)
        assert found.choices == InputChoices("series", length=0, rate=50.0)
        assert found.labels == ("walk", "run")

    @pytest.mark.parametrize(
        ("value", "size"),
        [(224, (224, 224)), ([20, 30], (20, 30)), ((3, 20, 30), (20, 30)),
         ((20, 30, 3), (20, 30)), ((4, 4), (4, 4)), (torch.Size([1, 8, 9]), (8, 9)),
         (0, None), (-3, None), ("224", None), ((2, 3, 4, 5), None), (1.5, None),
         (True, None), ((20, True), None)],
    )  # fmt: skip
    def test_sizes(self, value, size, tmp_path):
        found = declared({"INPUT_SIZE": value}, tmp_path)
        assert found.choices.size == size
        assert bool(found.notes) == (size is None)

    @pytest.mark.parametrize("value", [[0.5, 1], np.array([0.5, 1]),
                                       torch.tensor([0.5, 1]), (0.5, 1.0)])  # fmt: skip
    def test_numbers(self, value, tmp_path):
        found = declared({"MEAN": value, "STD": value}, tmp_path)
        assert found.choices == InputChoices(mean=(0.5, 1.0), std=(0.5, 1.0))

    @pytest.mark.parametrize(
        ("name", "value"),
        [("MEAN", "half"), ("MEAN", []), ("MEAN", float("nan")), ("MEAN", [[1]]),
         ("STD", [1, 0]), ("STD", -1), ("RATE", 0), ("RATE", [1, 2]), ("LENGTH", -1),
         ("LENGTH", 2.5), ("TASK", "sound"), ("TASK", 3), ("LABELS", 10),
         ("LABELS", [1, 2]), ("LABELS", {"a": 0}), ("LABELS", {1: "a"}),
         ("LABELS", ""), ("MEAN", object())],
    )  # fmt: skip
    def test_what_says_nothing_is_told(self, name, value, tmp_path):
        found = declared({name: value}, tmp_path)
        assert found.choices == InputChoices()
        assert found.labels is None
        (note,) = found.notes
        assert note.startswith(f"{name} is not used: expected ")

    def test_labels_by_number(self, tmp_path):
        found = declared({"CLASSES": {1: "dog", 0: "cat"}}, tmp_path)
        assert found.labels == ("cat", "dog")
