"""The program as a process: screenshots, Ctrl+C, any density of screen, its end."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torchvision
from own import built, filled, save, write_code
from person import draw_picture
from PIL import Image
from PySide6.QtCore import QTimer

from cnnviz.app.main import _screenshot, run_request
from cnnviz.core.errors import InputError
from cnnviz.panels.theme import DARK, LIGHT

QUIET = re.compile(r"This plugin does not support .*\n")


def cnnviz(*arguments, code=("-m", "cnnviz"), **environment):
    """Run it without a screen; a window's stderr without what the platform grumbles."""
    done = subprocess.run(
        [sys.executable, *code, *map(str, arguments)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    wrong = done.stderr if "--screenshot" in arguments else QUIET.sub("", done.stderr)
    return done.returncode, done.stdout, wrong


class TestScreenshot:
    def test_a_picture_in_both_themes(self, tmp_path):
        path = draw_picture(tmp_path / "a b ü.png", seed=1)
        out = tmp_path / "out.png"
        done = cnnviz("--screenshot", out, path, "--size", "1000x700", "--theme",
                      "light", "--model", "handmade")  # fmt: skip
        assert done == (0, "", "")
        with Image.open(out) as image:
            assert image.size == (1000, 700)
            shown = image.convert("RGB")
        ground = tuple(bytes.fromhex(LIGHT.canvas[1:]))
        accent = tuple(bytes.fromhex(LIGHT.accent[1:]))
        counts = {colour: n for n, colour in shown.getcolors(1000 * 700)}
        assert counts[ground] > 1000 * 700 / 3
        assert counts[accent] > 50
        assert tuple(bytes.fromhex(DARK.accent[1:])) not in counts
        assert len(counts) > 1000, "the picture is shown"
        assert [p.name for p in tmp_path.iterdir() if p.suffix != ".png"] == []

    def test_a_refused_picture(self, tmp_path):
        out = tmp_path / "out.png"
        code, said, wrong = cnnviz("--screenshot", out, tmp_path / "missing.png")
        assert (code, said) == (1, "")
        assert re.fullmatch(r"cnnviz: [^\n]+\n", wrong)
        assert not out.exists()

    def test_a_folder_that_cannot_be_written_to(self, open_window, qapp, tmp_path):
        listening = threading.Event()

        def execute(request, check):
            assert listening.wait(60)
            return run_request(request, check)

        one = open_window(model="handmade", execute=execute)
        QTimer.singleShot(0, listening.set)
        with pytest.raises(InputError, match=r"cannot write .*No such file"):
            _screenshot(qapp, one.controller, tmp_path / "none" / "out.png")


WALK = """
import sys, traceback
from PySide6.QtCore import QPointF, QTimer
sys.path.insert(0, {here!r})
from person import click, hover, zoom_in
import cnnviz.app.main as main
from cnnviz.app.cli import Options

ratios = []

class Watched(main.Controller):
    left = 2

    def __init__(self, *given):
        super().__init__(*given)
        self.runner.finished.connect(lambda trace: QTimer.singleShot(0, self.look))

    def look(self):
        try:
            self.step()
        except BaseException:
            traceback.print_exc()
            self.window.close()

    def step(self):
        window = self.window
        for mosaic in (window.maps.mosaic, window.channel.map):
            rows, columns = mosaic.canvas.size_px
            for i in range(9):
                hover(mosaic.canvas, rows * i / 8, columns * i / 8)
        picked = window.channel.map
        for unit in ((0, 0), (3, 7), (54, 54)):
            row, column = unit[0] + 0.5, unit[1] + 0.5
            zoom_in(picked.canvas, row, column, 1)
            click(picked.canvas, row, column)
            assert self.store.state.selection.unit == unit, self.store.state.selection
            assert picked._marker.area.contains(QPointF(column, row))
            picked.canvas.fit()
        for dock in window.docks.docks.values():
            dock.toggleViewAction().trigger()
            dock.toggleViewAction().trigger()
        ratios.append(window.devicePixelRatioF())
        self.left -= 1
        if self.left:
            self.open_model(("alexnet", "handmade")[self.left % 2])
        else:
            window.close()

main.Controller = Watched
print(main.run(Options(model="alexnet")), *ratios)
"""


def test_start_use_and_end_on_a_dense_screen(tmp_path):
    """A loop of its own, networks in turn, clicks on single units, a clean end."""
    here = str(Path(__file__).parent)
    done = cnnviz(code=("-c", WALK.format(here=here)), QT_SCALE_FACTOR="1.5",
                  CNNVIZ_HOME=str(tmp_path))  # fmt: skip
    assert done == (0, "0 1.5 1.5\n", "")
    assert [p.name for p in tmp_path.iterdir()] == ["cnnviz.ini"]


SHOW = """
import sys
from PySide6.QtCore import QTimer
import cnnviz.app.main as main
from cnnviz.app import cli
from cnnviz.app.trust_dialog import TrustDialog

class Watched(main.Controller):
    due = False

    def __init__(self, *given):
        super().__init__(*given)
        self.store.changed.connect(self.look)

    def look(self, old, new):
        if new.status == "idle" and new.trace is not None and not self.due:
            self.due = True
            QTimer.singleShot(0, self.end)

    def end(self):
        asked = self.window.findChild(TrustDialog)
        if asked is not None:
            print("asked")
            self.due = False
            asked.run.click()
            return
        trace = self.store.state.trace
        print(trace.title, "|", self.window.notice.text())
        print(trace.sample.title, trace.sample.values[0].shape)
        self.window.close()

main.Controller = Watched
print(cli.main(sys.argv[1:]))
"""


class TestOwnNetwork:
    """A network as FILE, or by its options."""

    def shown(self, *arguments, **environment):
        code, said, wrong = cnnviz(*arguments, code=("-c", SHOW), **environment)
        assert (code, wrong) == (0, "")
        *lines, self.sample, last = said.splitlines()
        assert last == "0"
        return lines

    def test_weights(self, tmp_path):
        path = save(tmp_path / "s.pth", torchvision.models.squeezenet1_1())
        (line,) = self.shown(path)
        assert line.startswith("s.pth | s.pth: recognised as SqueezeNet1.1")
        out = tmp_path / "out.png"
        assert cnnviz("--screenshot", out, path) == (0, "", "")
        assert out.exists()

    def test_code_is_asked_about(self, tmp_path):
        path = write_code(tmp_path / "m.py")
        asked, line = self.shown(path)
        assert asked == "asked"
        assert line.startswith("m.py:build | ")
        out = tmp_path / "out.png"
        code, said, wrong = cnnviz("--screenshot", out, path)
        assert (code, said) == (1, "")
        assert "--trust" in wrong
        assert not out.exists()

    def test_by_options(self, tmp_path):
        """Trusted once; the choices are remembered by its file, the trust is not."""
        path, home = write_code(tmp_path / "m.py"), {"CNNVIZ_HOME": str(tmp_path)}
        weights = save(tmp_path / "w.pt", filled(built()))
        photo = draw_picture(tmp_path / "p.png")
        given = (photo, "--model", f"{path}:build", "--weights", weights)
        (line,) = self.shown(*given, "--trust", "--input-size", "20x30", **home)
        assert line.startswith("m.py:build + w.pt |")
        assert self.sample == "p.png (3, 20, 30)"
        asked, line = self.shown(*given, **home)
        assert asked == "asked"
        assert self.sample == "p.png (3, 20, 30)"
        (line,) = self.shown(*given, **home)  # a yes is remembered
        assert line.startswith("m.py:build + w.pt |")
        out = tmp_path / "out.png"
        assert cnnviz("--screenshot", out, *given, "--trust") == (0, "", "")
        assert out.exists()

    def test_what_is_none_gives_way_to_a_sample(self, tmp_path):
        path = tmp_path / "none.pt"
        path.write_bytes(b"<html>")
        (line,) = self.shown(path)
        assert line.startswith("alexnet | ")
        assert "web page" in line
        code, said, wrong = cnnviz("--screenshot", tmp_path / "out.png", path)
        assert (code, said) == (1, "")
        assert "web page" in wrong


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_ends_the_window(tmp_path):
    code = (
        "import cnnviz.app.main as main\n"
        "from cnnviz.__main__ import main as start\n"
        "class Loud(main.Controller):\n"
        "    def __init__(self, *given):\n"
        "        super().__init__(*given)\n"
        "        self.runner.finished.connect(lambda t: print('shown', flush=True))\n"
        "main.Controller = Loud\n"
        "raise SystemExit(start(['--model', 'handmade']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "CNNVIZ_HOME": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "shown\n"
    process.send_signal(signal.SIGINT)
    said, wrong = process.communicate(timeout=100)
    assert (process.returncode, said, QUIET.sub("", wrong)) == (130, "", "")
    assert (tmp_path / "cnnviz.ini").is_file(), "the layout is kept"
