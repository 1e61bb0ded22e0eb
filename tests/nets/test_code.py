"""Code of the person's own that builds a network: run only as agreed, and contained."""

import importlib
import random
import sys
import textwrap
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from agreed import NET, run

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.core.models import InputChoices
from cnnviz.nets.as_found import Beside
from cnnviz.nets.code_words import said_of


class TestBuilt:
    def test_a_function_a_class_a_module(self, write):
        path = write(
            "model.py",
            NET + "def build(): return Net(5)\ndef kind(): return Net\nnet = Net(6)\n"
            "wrapped = nn.DataParallel(Net(7))\n",
        )
        for name, wide in (
            ("build", 5), ("Net", 4), ("kind", 4), ("net", 6), ("wrapped", 7)
        ):  # fmt: skip
            built = run(path, name)
            assert built.title == "Net"
            assert built.module[0].out_channels == wide

    def test_the_only_one_is_found(self, write):
        assert run(write("model.py", NET), "").title == "Net"

    def test_one_of_several_must_be_named(self, write):
        path = write("model.py", NET + "class Other(nn.Sequential): ...")
        with pytest.raises(ModelError, match="Other, Net"):
            run(path, "")
        assert run(path, "Other").title == "Other"

    def test_what_is_declared_and_computed(self, write, tmp_path):
        path = write(
            "model.py",
            NET + "import torch\nMEAN = torch.full((3,), 0.5)\nSTD = (0.25,) * 3\n"
            "INPUT_SIZE = 2 * 16\nLABELS = ['a', 'b']\nRATE = 'fast'\n",
        )
        built = run(path, "Net")
        half, quarter = (0.5,) * 3, (0.25,) * 3
        assert built.choices == InputChoices(size=(32, 32), mean=half, std=quarter)
        assert built.labels == ("a", "b")
        (note,) = built.notes
        assert "RATE" in note
        assert "fast" in note

    def test_the_same_file_gives_the_same_weights(self, write):
        path = write("model.py", NET)
        torch.manual_seed(1)
        first = run(path, "Net").module[0].weight
        torch.manual_seed(2)
        assert torch.equal(run(path, "Net").module[0].weight, first)

    def test_a_weights_file_beside_it_is_found(self, write, tmp_path):
        torch.save(torch.full((4,), 2.5), tmp_path / "bias.pt")
        path = write(
            "model.py",
            NET + "import torch\nfrom pathlib import Path\ndef build():\n"
            "    net = Net()\n    file = Path(__file__).with_name('bias.pt')\n"
            "    net[0].bias = nn.Parameter(torch.load(file))\n    return net\n",
        )
        assert run(path).module[0].bias.tolist() == [2.5] * 4


class TestFailing:
    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("def build():\n    return 1 / 0", ["line 2", "ZeroDivisionError"]),
            ("x = 1\ny = z\ndef build(): ...", ["line 2", "NameError", "'z'"]),
            ("def build(:", ["line 1"]),
            ("import timm_or_so\ndef build(): ...",
             ["line 1", "needs the package timm_or_so", "pip install timm_or_so"]),
            ("import cv2000.x", ["the package cv2000,"]),
            ("import torch.nonsense",
             ["torch.nonsense", "the torch installed here has not"]),
            ("from .blocks import B", ["needs blocks.py beside it"]),
            ("from .. import B", ["line 1", "beyond top-level"]),
            ("def build():\n    raise SystemExit(3)", ["line 2", "to end (3)"]),
            ("import sys\nsys.exit()", ["line 2", "to end;"]),
            ("import argparse\nargparse.ArgumentParser().parse_args(['--x'])",
             ["line 2", "to end (2)"]),
            ("def build():\n    raise KeyboardInterrupt", ["KeyboardInterrupt"]),
            ("def build():\n    raise MemoryError", ["line 2", "not enough memory"]),
            ("def build():\n    build()", ["line 2", "RecursionError"]),
            ("def build():\n    input('Size? ')", ["line 2", "typed in"]),
            ("def build():\n    raise GeneratorExit('x')", ["GeneratorExit: x"]),
            ("def build():\n    assert 1 > 2", ["line 2: AssertionError"]),
            ("class E(Exception):\n    def __str__(self): 1 / 0\ndef build(): raise E",
             ["line 3: E"]),
            ("def build(): raise ValueError('a\\n' + 'b' * 9999)", ["a bbb", "…"]),
            ("def build(): return {}", ["build of model.py returned", "type dict"]),
            ("def build(): return None", ["returned nothing"]),
            ("def build(): ...", ["returned nothing"]),
            ("from torch import nn\ndef build(): return nn.ReLU(), 3",
             ["a tuple of (ReLU, int)", "expected a torch.nn.Module"]),
            ("def build(): return int", ["the class int"]),
            ("def build(n): ...", ["called without arguments", "'n'"]),
            ("build = 3", ["build of model.py is", "type int"]),
            ("x = 1", ["nothing called build"]),
            (("import torch\n"
              "def build(): return torch.jit.trace(torch.nn.ReLU(), torch.ones(1))"),
             ["TorchScript"]),
        ],
    )  # fmt: skip
    @pytest.mark.filterwarnings("ignore:`torch.jit")
    def test_is_said_in_words(self, write, capsys, source, words):
        modules = set(sys.modules)
        path = write("model.py", source)
        with pytest.raises(ModelError) as caught:
            run(path)
        said = str(caught.value)
        assert "\n" not in said
        assert len(said) < 600
        for word in ("model.py", *words):
            assert word in said
        assert not [n for n in set(sys.modules) - modules if "model" in n]

    def test_in_a_file_beside_it(self, write):
        write("helper.py", "x = 1\ny = 1 / 0\n")
        path = write("model.py", "import helper\ndef build(): ...")
        with pytest.raises(ModelError, match=r"helper\.py, line 2: ZeroDivision"):
            run(path)
        assert "helper" not in sys.modules

    def test_a_package_of_another_name(self, tmp_path):
        error = ModuleNotFoundError("No module named 'skimage'", name="skimage")
        assert "pip install scikit-image" in said_of(error, tmp_path / "m.py", "p")


class TestCancelling:
    @pytest.mark.parametrize(
        "loop",
        [
            "while True: pass",
            "while True:\n    try: time.sleep(0.01)\n    except Exception: pass",
            # swallows all at first: it is told again
            (
                "for _ in range(3):\n    try:\n        while True: time.sleep(0)\n"
                "    except BaseException: pass\nwhile True: pass"
            ),
        ],
    )
    @pytest.mark.parametrize("where", ["import", "build"])
    def test_a_loop_without_end(self, write, tmp_path, loop, where):
        mark = tmp_path / "begun"
        body = f"open({str(mark)!r}, 'w').close()\n{loop}\n"
        if where == "build":
            body = "def build():\n" + textwrap.indent(body, "    ")
        path = write("model.py", "import time\n" + body)
        words = []

        def check(done, expected, what):
            words.append(what)
            if mark.exists():
                raise Cancelled

        earlier = set(threading.enumerate())
        with pytest.raises(Cancelled):
            run(path, check=check)
        for thread in set(threading.enumerate()) - earlier:
            thread.join(60)
            assert not thread.is_alive()
        assert set(words) == {"running model.py"}
        assert str(tmp_path) not in sys.path
        assert not any(isinstance(finder, Beside) for finder in sys.meta_path)


class TestBeside:
    def test_modules_of_the_folder(self, write):
        write("helper.py", "WIDE = 6")
        write("parts/__init__.py", "")
        write("parts/head.py", "from helper import WIDE")
        path = write(
            "model.py",
            NET + "import helper\nfrom . import parts\nfrom .helper import WIDE as A\n"
            "from parts.head import WIDE as B\n"
            "def build():\n    import helper\n    return Net(A + B + helper.WIDE)\n",
        )
        assert run(path).module[0].out_channels == 18

    def test_they_are_imported_anew(self, write):
        path = write(
            "model.py", NET + "import helper\ndef build(): return Net(helper.W)"
        )
        write("helper.py", "W = 6")
        assert run(path).module[0].out_channels == 6
        write("helper.py", "W = 7")
        assert run(path).module[0].out_channels == 7

    def test_two_folders_have_helpers_of_one_name(self, write):
        for folder, wide in (("a", 2), ("b", 3)):
            write(f"{folder}/helper.py", f"W = {wide}")
            path = write(
                f"{folder}/model.py",
                NET + "import helper\ndef build(): return Net(helper.W)",
            )
            assert run(path).module[0].out_channels == wide

    def test_a_module_of_the_program_comes_back(self, write, tmp_path, monkeypatch):
        """A notebook has imported the module itself; it keeps its own."""
        write("mine.py", "W = 6")
        monkeypatch.syspath_prepend(str(tmp_path))
        import mine

        path = write(
            "model.py",
            NET + "import mine\nmine.W = 9\ndef build(): return Net(mine.W)",
        )
        assert run(path).module[0].out_channels == 9
        assert sys.modules["mine"] is mine
        assert mine.W == 6
        del sys.modules["mine"]

    def test_nothing_is_written_beside_it(self, write, tmp_path, monkeypatch):
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        write("helper.py", "W = 6")
        run(write("model.py", NET + "import helper"), "Net")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["helper.py", "model.py"]

    def test_installed_modules_below_the_folder_stay(self, write, tmp_path):
        """A project's own virtual environment lies below it."""
        import json

        before = json, torch, sys.modules["cnnviz"]
        run(write("model.py", NET), "Net")
        now = (sys.modules[name] for name in ("json", "torch", "cnnviz"))
        assert all(a is b for a, b in zip(before, now, strict=True))

    def test_a_module_can_be_looked_up_by_name(self, write):
        """As dataclasses and typing do."""
        path = write(
            "model.py",
            NET + "from dataclasses import dataclass\n"
            "import typing\n@dataclass\nclass Config:\n    wide: 'int' = 3\n"
            "def build():\n    typing.get_type_hints(Config)\n"
            "    return Net(Config().wide)\n",
        )  # fmt: skip
        assert run(path).module[0].out_channels == 3


NAMESAKES = ("wave", "this_is_installed")
"""A module of Python's that nothing here imports, and one on ``sys.path``."""


class TestNamesakes:
    """Of modules beside the code: whose they are depends on who asks."""

    @pytest.fixture
    def both(self, write, tmp_path, monkeypatch):
        """Each name beside the code and elsewhere; the one beside leaves a mark."""
        site = tmp_path / "site-packages"
        write("site-packages/this_is_installed.py", "OWN = False")
        monkeypatch.syspath_prepend(str(site))
        for name in NAMESAKES:
            monkeypatch.delitem(sys.modules, name, raising=False)
            write(
                f"code/{name}.py", f"OWN = True\nopen(r'{tmp_path}/ran', 'w').close()"
            )
        yield tmp_path / "ran"
        for name in NAMESAKES:
            sys.modules.pop(name, None)

    @pytest.mark.parametrize("name", NAMESAKES)
    def test_other_threads_get_their_own_meanwhile(self, write, tmp_path, both, name):
        """``check`` is called on the thread that waits, while the code runs."""
        begun, done = tmp_path / "begun", tmp_path / "done"
        write("code/helper.py", "W = 6")
        path = write(
            "code/model.py",
            NET + "import time\nfrom pathlib import Path\n"
            f"open({str(begun)!r}, 'w').close()\n"
            f"while not Path({str(done)!r}).exists(): time.sleep(0.01)\n"
            "import helper\ndef build(): return Net(helper.W)\n",
        )
        found = []

        def check(finished, expected, what):
            if begun.exists() and not found:
                found.append(importlib.import_module(name))
                with pytest.raises(ModuleNotFoundError):
                    importlib.import_module("helper")
                done.touch()

        assert run(path, check=check).module[0].out_channels == 6
        assert not hasattr(found[0], "OWN") or not found[0].OWN
        assert not both.exists()

    @pytest.mark.parametrize("name", NAMESAKES)
    def test_the_code_gets_its_own_and_nobody_else_later(self, write, both, name):
        body = f"import {name}\ndef build(): return Net(3 if {name}.OWN else 0)\n"
        assert run(write("code/model.py", NET + body)).module[0].out_channels == 3
        assert both.exists()
        later = importlib.import_module(name)
        assert not getattr(later, "OWN", False)

    @pytest.mark.parametrize("installed", [True, False])
    def test_a_mere_folder_gives_way_to_a_package(
        self, write, tmp_path, monkeypatch, installed
    ):
        """As for Python: ``datasets/`` with data hides no package of that name."""
        write("code/parts_of_it/head.py", "W = 6")
        monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
        if installed:
            write("site-packages/parts_of_it/__init__.py", "")
            write("site-packages/parts_of_it/head.py", "W = 7")
        path = write(
            "code/model.py",
            NET + "import parts_of_it.head as head\ndef build(): return Net(head.W)\n",
        )
        wide = run(path).module[0].out_channels
        for name in ("parts_of_it", "parts_of_it.head"):
            sys.modules.pop(name, None)
        assert wide == 6 + installed

    def test_packages_in_packages_find_each_other(self, write):
        write("a/__init__.py", "from .b.c import W")
        write("a/d.py", "V = 1")
        write("a/b/__init__.py", "from ..d import V")
        write("a/b/c.py", "from . import V\nfrom a import d\nW = 4 + V + d.V")
        path = write("model.py", NET + "from a import W\ndef build(): return Net(W)")
        assert run(path).module[0].out_channels == 6


CHANGES = """
import os, random, sys, threading, warnings
import numpy as np
import torch
from torch import nn

def build():
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.rand(5), random.random(), np.random.rand()
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(5000)
    os.chdir(os.sep)
    sys.path.insert(0, "/nowhere"); sys.path_importer_cache.clear()
    sys.argv.append("more")
    sys.stdout = sys.stderr = sys.stdin = None
    sys.excepthook = print
    sys.modules["json"] = None
    {end}
    return nn.ReLU()
"""


def state():
    """All that code may change and must be as before."""
    import json

    return [
        torch.get_default_dtype(), torch.ones(1).device.type, torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(), torch.get_num_threads(),
        torch.get_rng_state().tolist(), random.getstate(),
        np.random.get_state()[1].tolist(), list(warnings.filters),  # noqa: NPY002
        sys.getrecursionlimit(), Path.cwd(), list(sys.path), list(sys.argv),
        list(sys.meta_path),
        sys.stdout, sys.stderr, sys.stdin, sys.excepthook, sys.dont_write_bytecode,
        json, sys.modules["json"],
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["pass", "raise ValueError"])
def test_the_process_is_left_as_found(write, end):
    path = write("model.py", CHANGES.format(end=end))
    before = state()
    if end == "pass":
        run(path)
    else:
        with pytest.raises(ModelError, match="ValueError"):
            run(path)
    assert state() == before


def test_arguments_of_the_program_are_none_of_the_file(write, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cnnviz", "--theme", "dark"])
    path = write(
        "model.py",
        NET + "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--wide', type=int, default=3)\n"
        "def build(): return Net(p.parse_args().wide)",
    )
    assert run(path).module[0].out_channels == 3
