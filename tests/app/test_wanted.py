"""Which network the command line means; its code runs only when it is trusted."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from own import PLAIN, built, filled, save, small_picture, write_code

from cnnviz.__main__ import main
from cnnviz.app.face import split_builder
from cnnviz.app.wanted import Wanted, wanted
from cnnviz.core.errors import ModelError
from cnnviz.core.models import FileSpec, InputChoices, ModelSpec

MARKING = "open(__file__ + '.ran', 'w').close()\n"


class TestNames:
    @pytest.mark.parametrize(
        ("text", "path", "builder"),
        [
            ("model.py", "model.py", ""),
            ("model.py:build", "model.py", "build"),
            ("model.py:", "model.py", ""),
            ("a b/모델.py:Net", "a b/모델.py", "Net"),
            ("/home/anna/model.py:Net", "/home/anna/model.py", "Net"),
            (r"C:\x.py", r"C:\x.py", ""),
            (r"C:\x.py:build", r"C:\x.py", "build"),
            (r"C:\new folder\X.PY:build", r"C:\new folder\X.PY", "build"),
            ("C:/x.py:build", "C:/x.py", "build"),
            (r"\\server\share\x.py:build", r"\\server\share\x.py", "build"),
            (r"C:\weights.pt", r"C:\weights.pt", ""),
            ("w.pt", "w.pt", ""),
            ("odd:name.pt", "odd:name.pt", ""),
        ],
    )
    def test_a_builder_behind_a_path(self, text, path, builder):
        assert split_builder(text) == (Path(path), builder)


@pytest.fixture
def code(tmp_path):
    return write_code(tmp_path / "model.py")


@pytest.fixture
def weights(tmp_path):
    return save(tmp_path / "w.pt", filled(built()))


class TestWanted:
    def test_what_suits(self):
        assert wanted() == Wanted()
        assert wanted(Path("cat.jpg")) == Wanted(Path("cat.jpg"))
        assert wanted(Path("a.csv"), "tcn") == Wanted(Path("a.csv"), "tcn")
        assert not wanted(Path("cat.jpg"), "vgg").own
        assert wanted(None, "vgg").model(False) == ModelSpec("vgg")

    def test_of_files(self, code, weights):
        cat = Path("cat.jpg")
        for given, meant in (
            ((weights,), Wanted(weights=weights)),
            ((code,), Wanted(code=code)),
            ((Path(f"{code}:Net"),), Wanted(code=code, builder="Net")),
            ((cat, str(weights)), Wanted(cat, weights=weights)),
            ((cat, None, weights), Wanted(cat, weights=weights)),
            ((cat, f"{code}:b"), Wanted(cat, code=code, builder="b")),
            ((cat, str(code), weights), Wanted(cat, code=code, weights=weights)),
            ((code, None, weights), Wanted(code=code, weights=weights)),
            ((weights, str(code)), Wanted(code=code, weights=weights)),
            ((weights, "vgg"), Wanted(name="vgg", weights=weights)),
            ((cat, "vgg", weights), Wanted(cat, "vgg", weights)),
        ):
            assert wanted(*given) == meant
            assert meant.own
            assert meant.first == (meant.code or weights)

    def test_their_requests(self, code, weights):
        digest = hashlib.sha256(code.read_bytes()).hexdigest()
        said = InputChoices(size=(8, 9))
        spec = wanted(None, str(code), weights, said).model(trust=True)
        assert spec == FileSpec(
            weights, code, "build", digest, choices=said
        ).stamped()  # fmt: skip
        assert wanted(weights, "vgg").model(False) == FileSpec(
            weights, architecture="vgg"
        ).stamped()  # fmt: skip

    def test_code_without_trust(self, code, weights):
        write_code(code, MARKING + "def build(): ...")
        for given in ((code,), (weights, str(code)), (None, f"{code}:build")):
            with pytest.raises(ModelError, match=r"model\.py .*--trust"):
                wanted(*given).model(trust=False)
        assert not Path(f"{code}.ran").exists()

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (("CODE", "CODE"), "one network"),
            (("CODE", "vgg"), "expected one network, got vgg and "),
            (("WEIGHTS", "WEIGHTS"), "one weights file"),
            (("WEIGHTS", None, "WEIGHTS"), "one weights file"),
            ((None, "WEIGHTS", "WEIGHTS"), "one weights file"),
            ((None, "no-such-network"), "no network called"),
            ((None, "no-such-network", "WEIGHTS"), "no network called"),
        ],
    )
    def test_what_makes_no_sense(self, code, weights, given, words):
        file, model, more = (*given, None, None)[:3]
        paths = {"CODE": code, "WEIGHTS": weights}
        model = str(paths.get(model, model)) if model else None
        with pytest.raises(ModelError, match=words):
            wanted(paths.get(file), model, paths.get(more))

    def test_the_catalogue_knows_its_inputs(self):
        for model in ("vgg", None):
            with pytest.raises(ModelError, match="is known"):
                wanted(None, model, None, InputChoices(size=(3, 3)))


def layers(*arguments):
    """``cnnviz layers`` in a process of its own: code, output, errors."""
    done = subprocess.run(
        [sys.executable, "-m", "cnnviz", "layers", *map(str, arguments)],
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class TestLayers:
    def test_what_the_code_prints_is_not_in_the_table(self, code, weights, tmp_path):
        """Torch's own shapes of the same network."""
        loud = PLAIN.replace("def build():", "print('one')\n    def build():\n"
                             "        print('two')", 1)  # fmt: skip
        write_code(code, loud)
        photo = small_picture(tmp_path / "p.png")
        given = (f"{code}:build", photo, "--weights", weights, "--trust", "--json")
        rc, said, wrong = layers(*given)
        assert rc == 0
        got = json.loads(said)
        assert "one" in wrong
        assert "two" in wrong
        shapes, values = [], torch.zeros(1, 3, 8, 8)
        for module in built():
            values = module(values)
            shapes.append(list(values.shape[1:]))
        assert [layer["shape"] for layer in got["layers"]] == shapes
        assert "w.pt" in got["weights"]

    def test_code_is_refused_without_trust(self, code, capsys):
        write_code(code, MARKING + PLAIN.replace("\n    ", "\n"))
        for given in ([str(code)], [f"{code}:build"], [str(code), "--json"]):
            assert main(["layers", *given]) == 1
            said = capsys.readouterr()
            assert said.out == ""
            assert re.fullmatch(r"cnnviz: [^\n]*--trust[^\n]*\n", said.err)
        assert not Path(f"{code}.ran").exists()

    def test_what_is_said_of_the_input(self, code, weights, capsys, tmp_path):
        names = tmp_path / "names.txt"
        names.write_text("cat\ndog\n")
        given = ["--trust", "--input-size", "12x20", "--mean", "0.5", "--std=0.25"]
        given += ["--labels", str(names), "--json"]
        assert main(["layers", str(code), *given]) == 0
        got = json.loads(capsys.readouterr().out)
        assert got["input"] == [[3, 12, 20]]

    @pytest.mark.parametrize(
        ("given", "words"),
        [(["--input-size", "big"], "Size: expected"), (["--std", "0"], "above 0"),
         (["--labels", "none.txt"], "no file"), (["--length", "x"], "Length"),
         (["--rate", "-"], "Rate"), (["--mean", "x"], "Mean")],
    )  # fmt: skip
    def test_misuse_is_one_line_and_exit_2(self, code, given, words, capsys):
        with pytest.raises(SystemExit) as end:
            main(["layers", str(code), *given])
        assert end.value.code == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1

    def test_the_weights_of_a_known_network(self, tmp_path, capsys):
        import torchvision

        module = filled(torchvision.models.squeezenet1_1())
        path = save(tmp_path / "s.pt", module)
        name = "torchvision/squeezenet1_1"
        assert main(["layers", name, "--weights", str(path), "--json"]) == 0
        got = json.loads(capsys.readouterr().out)
        assert "s.pt" in got["weights"]
        own = np.sum([p.numel() for p in module.parameters()])
        assert got["parameters"] == own
        assert main(["layers", "vgg", "--weights", str(path)]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "s.pt" in said.err

    def test_a_code_that_fails_is_one_line(self, code, capsys):
        write_code(code, "def build():\n    return 1 / 0\n")
        assert main(["layers", str(code), "--trust"]) == 1
        said = capsys.readouterr().err
        assert said == "cnnviz: model.py, line 2: ZeroDivisionError: division by zero\n"
