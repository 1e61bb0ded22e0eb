"""The command line, run as a person runs it."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from own import built, filled, save, write_code
from PIL import Image

import cnnviz
from cnnviz.__main__ import main
from cnnviz.app import cli
from cnnviz.core.errors import CnnvizError

ONE_LINE = re.compile(r"cnnviz[^\n]*\n\Z")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "Grüße 사진 1.png"
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return str(path)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["models"]])
def test_neither_qt_nor_torch_is_imported(run_python, arguments):
    run_python(f"""
import sys
from cnnviz.__main__ import main
try:
    code = main({arguments})
except SystemExit as end:
    code = end.code
assert code == 0, code
heavy = {{"torch", "torchvision", "PySide6", "pyqtgraph"}} & set(sys.modules)
assert not heavy, heavy
""")


def test_waiting_threads_do_not_spin(run_python):
    said = run_python(
        "import os; del os.environ['OMP_WAIT_POLICY']\n"
        "from cnnviz.__main__ import main; main(['models'])\n"
        "print(os.environ['OMP_WAIT_POLICY'])"
    )
    assert said.splitlines()[-1] == "PASSIVE"


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"cnnviz {cnnviz.__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    for word in ("layers", "models", "--model", "--screenshot", "--version"):
        assert word in said


@pytest.mark.parametrize(
    "arguments",
    [["--nonsense"], ["layers"], ["models", "x"], ["--size", "big"], ["a", "b"],
     ["--theme", "pink"], ["--size", "0x800"], ["--size", "10x10"],
     ["--size", "5000000x5"], ["--screenshot", "x.gif"]],
)  # fmt: skip
def test_misuse_is_one_line_and_exit_2(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert ONE_LINE.match(capsys.readouterr().err)


class TestModels:
    def test_json_holds_the_catalogue(self, capsys):
        assert main(["models", "--json"]) == 0
        names = [model["name"] for model in json.loads(capsys.readouterr().out)]
        assert names[0] == "alexnet"
        assert {"vgg", "handmade", "alexnet-2012", "torchvision/vgg16"} <= set(names)

    def test_table_names_the_same(self, capsys):
        main(["models", "--json"])
        names = [model["name"] for model in json.loads(capsys.readouterr().out)]
        assert main(["models"]) == 0
        lines = capsys.readouterr().out.splitlines()[1:]
        assert [line.split()[0] for line in lines] == names


class TestLayers:
    def test_alexnet_2012_has_the_papers_sizes(self, capsys, photo):
        assert main(["layers", "alexnet-2012", photo]) == 0
        said = capsys.readouterr().out
        for shape in ("96×55×55", "256×27×27", "384×13×13", "256×6×6", "9216", "4096"):
            assert re.search(rf"\s{shape}\s", said), shape
        assert "Grüße 사진 1.png" in said
        assert "\x1b" not in said

    def test_torchvision_alexnet(self, capsys, photo):
        """Counts and sizes as published with torchvision, fields as in the issue."""
        assert main(["layers", "torchvision/alexnet", photo, "--json"]) == 0
        got = json.loads(capsys.readouterr().out)
        layers = {layer["name"]: layer for layer in got["layers"]}
        assert got["parameters"] == got["parameters_used"] == 61_100_840
        assert sum(layer["parameters"] for layer in got["layers"]) == 61_100_840
        assert [
            layers[f"features.{i}"]["shape"] for i in (0, 3, 6, 8, 10, 12)
        ] == [[64, 55, 55], [192, 27, 27], [384, 13, 13], [256, 13, 13],
              [256, 13, 13], [256, 6, 6]]  # fmt: skip
        assert [
            layers[f"features.{i}"]["receptive_field"]
            for i in (0, 2, 3, 5, 6, 8, 10, 12)
        ] == [[n, n] for n in (11, 19, 51, 67, 99, 131, 163, 195)]
        assert layers["classifier.6"]["shape"] == [1000]
        assert layers["features.0"]["formula"] == ["⌊(224 + 2·2 − 11)/4⌋ + 1 = 55"]
        # 64 maps of 55×55 values, each of 3·11·11 products
        assert layers["features.0"]["multiply_adds"] == 64 * 55 * 55 * 3 * 11 * 11

    def test_the_file_may_come_after_the_options(self, capsys, photo, tmp_path):
        code = write_code(tmp_path / "m.py")
        weights = save(tmp_path / "w.pt", filled(built()))
        options = ["--weights", str(weights), "--trust"]
        assert main(["layers", f"{code}:build", photo, *options]) == 0
        first = capsys.readouterr()
        assert main(["layers", f"{code}:build", *options, photo]) == 0
        assert capsys.readouterr() == first
        assert "Grüße 사진 1.png" in first.out

    def test_an_unknown_networks_code_is_asked_for(self, capsys, tmp_path):
        weights = save(tmp_path / "w.pt", filled(built()))
        assert main(["layers", str(weights)]) == 1
        wrong = capsys.readouterr().err
        assert ONE_LINE.match(wrong)
        assert f"cnnviz layers model.py:build --weights {weights}" in wrong

    def test_without_a_picture_a_bundled_one_is_used(self, capsys):
        assert main(["layers", "handmade"]) == 0
        assert "conv" in capsys.readouterr().out

    def test_unknown_network_is_one_line_and_exit_1(self, capsys):
        assert main(["layers", "alexnt"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert ONE_LINE.match(said.err)
        assert "alexnet" in said.err

    @pytest.mark.parametrize(
        ("name", "data"),
        [("empty.png", b""), ("text.jpg", b"hello, I am not a picture\n" * 9),
         ("missing.png", None), ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")],
    )  # fmt: skip
    def test_bad_picture_is_one_line_and_exit_1(self, capsys, tmp_path, name, data):
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        assert main(["layers", "handmade", str(path)]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert ONE_LINE.match(said.err)
        assert name in said.err

    def test_a_folder_is_one_line_and_exit_1(self, capsys, tmp_path):
        assert main(["layers", "handmade", str(tmp_path)]) == 1
        assert ONE_LINE.match(capsys.readouterr().err)


class TestWindow:
    @pytest.fixture
    def opened(self, monkeypatch):
        """What the window would have been asked for."""
        asked = []

        def run(options):
            asked.append(options)
            return 0

        monkeypatch.setattr("cnnviz.app.main.run", run)
        return asked

    def test_options(self, opened, tmp_path):
        out = tmp_path / "out.png"
        arguments = ["cat.jpg", "--model", "vgg", "--screenshot", str(out)]
        assert main([*arguments, "--size", "1920x1080", "--theme", "dark"]) == 0
        (asked,) = opened
        assert (asked.file.name, asked.model) == ("cat.jpg", "vgg")
        assert (asked.screenshot, asked.size) == (out, (1920, 1080))
        assert asked.theme == "dark"

    def test_nothing_is_needed(self, opened):
        assert main([]) == 0
        assert opened == [cli.Options()]

    def test_a_screenshot_needs_no_display(self, opened, monkeypatch):
        for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.setenv(name, "")
        assert main(["--screenshot", "out.png"]) == 0
        if sys.platform == "linux":
            assert os.environ["QT_QPA_PLATFORM"] == "offscreen"

    def test_refusal_is_one_line_and_exit_1(self, opened, monkeypatch, capsys):
        def refuse(options):
            raise CnnvizError("cat.jpg: expected a picture")

        monkeypatch.setattr("cnnviz.app.main.run", refuse)
        assert main(["cat.jpg"]) == 1
        assert capsys.readouterr().err == "cnnviz: cat.jpg: expected a picture\n"

    def test_ctrl_c_is_quiet(self, opened, monkeypatch, capsys):
        def interrupt(options):
            raise KeyboardInterrupt

        monkeypatch.setattr("cnnviz.app.main.run", interrupt)
        assert main([]) == 130
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 0), (["--version"], 0), (["layers", "--help"], 0),
     (["--nonsense"], 2), (["--size", "10x10"], 2), (["--mean", "a"], 2),
     (["--model", "alexnt"], 1), (["--mean", "0,0,0"], 1),
     (["--weights", "a.pt", "b.pt"], 1)],
)  # fmt: skip
def test_an_answer_that_needs_no_window_loads_no_qt(run_python, arguments, code):
    run_python(f"""
import sys
from cnnviz.__main__ import main
try:
    code = main({arguments!r})
except SystemExit as end:
    code = end.code
assert code == {code}, code
heavy = {{"torch", "PySide6", "pyqtgraph"}} & set(sys.modules)
assert not heavy, heavy
""")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can lack a display")
def test_no_display_is_one_line_and_exit_1():
    lacking = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {k: v for k, v in os.environ.items() if k not in lacking}
    done = subprocess.run(
        [sys.executable, "-m", "cnnviz"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert ONE_LINE.match(done.stderr)
    assert "DISPLAY" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(run_python):
    run_python("""
import subprocess, sys
process = subprocess.Popen(
    [sys.executable, "-m", "cnnviz", "models"],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
)
process.stdout.close()
assert process.stderr.read() == b""
assert process.wait(60) == 0
process.stderr.close()
""")
