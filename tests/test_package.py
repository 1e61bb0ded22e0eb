"""The package as it is installed and imported."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import cnnviz

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = {"models", "open_model", "open_sample", "show", "trace"} | {
    "ImageWant", "InputChoices", "SeriesWant",
}  # fmt: skip


def test_importing_loads_neither_qt_nor_torch_nor_numpy(run_python):
    run_python("""
import sys
import cnnviz
cnnviz.__version__
heavy = {"torch", "torchvision", "PySide6", "pyqtgraph", "numpy", "PIL"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
""")


def test_the_catalogue_loads_neither_qt_nor_torch(run_python):
    run_python("""
import sys
import cnnviz
assert cnnviz.models()
heavy = {"torch", "torchvision", "PySide6", "pyqtgraph"} & set(sys.modules)
assert not heavy, heavy
""")


def test_running_a_network_loads_no_qt(run_python):
    run_python("""
import sys
import numpy as np
import cnnviz
cnnviz.trace(cnnviz.open_model("handmade"), np.zeros((3, 32, 32), np.float32))
heavy = {"PySide6", "pyqtgraph", "shiboken6"} & set(sys.modules)
assert not heavy, heavy
""")


UNSEEN_AT_FIRST = {
    "PIL", "email", "http", "importlib.metadata", "pyqtgraph", "scipy", "ssl", "torch",
    "torchvision", "urllib.request",
    "PySide6.QtNetwork", "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets",
    "PySide6.QtPrintSupport", "PySide6.QtSvg", "PySide6.QtTest",
    "cnnviz.app.dialogs", "cnnviz.app.input_dialog", "cnnviz.app.trust_dialog",
    "cnnviz.core.edges", "cnnviz.core.explain", "cnnviz.core.moves",
    "cnnviz.core.proof", "cnnviz.core.reach", "cnnviz.core.reads",
    "cnnviz.core.rules", "cnnviz.core.selfcheck", "cnnviz.core.windows",
    "cnnviz.inputs.image", "cnnviz.inputs.table", "cnnviz.nets.code_facts",
    "cnnviz.nets.network", "cnnviz.probe",
}  # fmt: skip
"""Modules that nothing in an empty window is made with."""


def test_a_window_is_painted_with_no_more_than_it_needs(run_python, tmp_path):
    run_python(
        f"""
import sys
import cnnviz.app.main as main
from cnnviz.__main__ import main as command

class Controller(main.Controller):
    def __init__(self, window, runner, request):
        super().__init__(window, runner, request)
        window.painted.connect(lambda: loaded.append(set(sys.modules)))
        window.painted.connect(window.close)

loaded = []
main.Controller = Controller
assert command([]) == 0
assert loaded and not {UNSEEN_AT_FIRST!r} & loaded[0], {UNSEEN_AT_FIRST!r} & loaded[0]
""",
        CNNVIZ_HOME=str(tmp_path),
    )


def test_public_names():
    assert set(cnnviz.__all__) >= PUBLIC
    assert set(dir(cnnviz)) >= PUBLIC
    for name in PUBLIC:
        assert getattr(cnnviz, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        cnnviz.nonsense  # noqa: B018


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as pip would build it, unpacked by nobody yet."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation",
         "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=110,
    )  # fmt: skip
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_resources(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = {
            info.filename.removeprefix("cnnviz/_resources/"): info.file_size
            for info in archive.infolist()
            if info.filename.startswith("cnnviz/_resources/")
        }
    for name in ("models/alexnet.safetensors", "torchvision/networks.json"):
        assert inside[name] == (ROOT / "resources" / name).stat().st_size
    assert not [name for name in inside if "__pycache__" in name]
    assert set(inside) == {
        path.relative_to(ROOT / "resources").as_posix()
        for path in (ROOT / "resources").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def test_the_wheel_is_small_enough_to_share(wheel):
    assert wheel.stat().st_size < 25_000_000


def test_the_wheel_has_the_version_and_both_commands(wheel):
    assert wheel.name.startswith(f"cnnviz-{cnnviz.__version__}-")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        commands = archive.read(name).decode()
    assert "cnnviz = cnnviz.__main__:program" in commands
    assert "cnnviz-gui = cnnviz.__main__:program" in commands


def test_the_wheel_works_away_from_the_checkout(wheel, tmp_path, run_python):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    run_python(
        f"""
import os, pathlib
os.chdir({str(tmp_path)!r})
import cnnviz
assert pathlib.Path(cnnviz.__file__).parent.parent == pathlib.Path.cwd()
net = cnnviz.open_model("alexnet")
assert net.trained and len(net.labels) == net.entry.classes
""",
        PYTHONPATH=str(tmp_path),
    )


def test_ci_ends_with_the_readmes_test_command():
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r"&& \S+/python (-m pytest.*)$", readme, re.MULTILINE)
    last = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1]
    assert last == f'"$python" {command}'
