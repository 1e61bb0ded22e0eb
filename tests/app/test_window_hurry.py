"""Everything at once: quick drops, closing during a run, memory, changing networks."""

import gc
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from person import Person, draw_picture, files, hover, leave, pixels
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication

from cnnviz.app.main import run_request
from cnnviz.core.models import ModelSpec
from cnnviz.core.trace import ImageSource, Request


def resident():
    """Resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_thirty_pictures_at_once(open_window, tmp_path):
    """Only the last is shown; what came between is neither shown nor kept."""
    paths = [draw_picture(tmp_path / f"{i}.png", seed=i) for i in range(30)]
    made = []

    def execute(request, check):
        trace = run_request(request, check)
        made.append((request.source, weakref.ref(trace)))
        return trace

    one = open_window(execute=execute)
    one.wait()
    shown = []
    one.runner.finished.connect(lambda trace: shown.append(trace.request.source))
    earlier = set(threading.enumerate())
    for path in paths:
        assert one.drop(files(path))
        QApplication.processEvents()
    one.wait()
    assert one.trace.request.source == ImageSource(paths[-1])
    assert shown[-1] == ImageSource(paths[-1])
    assert "29.png" in one.window.input.header.caption()
    assert one.window.status().startswith("conv features.0")
    assert len(shown) < 30
    assert set(threading.enumerate()) == earlier
    gc.collect()
    alive = [source for source, ref in made if ref() is not None]
    assert alive == [ImageSource(paths[-1])]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_level(opened):
    """A trace of 4 MB, kept for every picture, would add 120 MB."""
    dice = np.random.default_rng(0)

    def show():
        opened.drop(pixels(dice.integers(0, 256, (240, 260, 3), np.uint8)))
        opened.wait()

    for _ in range(5):
        show()
    gc.collect()
    before = resident()
    for _ in range(30):
        show()
    gc.collect()
    assert resident() - before < 60e6


def test_widgets_are_touched_by_their_own_thread_only(opened, monkeypatch, tmp_path):
    """Fifty quick changes of picture; Qt's own warnings fail a test, too."""
    from cnnviz.panels.frame import PanelFrame

    main, foreign = QThread.currentThread(), []
    for panel in opened.window.panels.values():
        for method in ("show_content", "show_nothing"):
            original = getattr(PanelFrame, method)

            def noting(*args, panel=panel, original=original):
                if QThread.currentThread() != main:
                    foreign.append(panel)
                return original(panel, *args)

            monkeypatch.setattr(panel, method, noting)
    paths = [draw_picture(tmp_path / f"{i}.png", seed=i) for i in range(5)]
    for i in range(50):
        opened.controller.open_path(paths[i % 5])
        QApplication.processEvents()
    opened.wait()
    assert foreign == []
    assert opened.trace.request.source == ImageSource(paths[4])


@pytest.mark.parametrize("polite", [True, False], ids=["asks", "never asks"])
def test_closing_during_a_run(qtbot, settings, picture, polite):
    """Closing waits for no step; the run ends with the step it is in."""
    begun, closed, ended, seen = threading.Event(), threading.Event(), [], []

    def execute(request, check):
        begun.set()
        for i in range(3000):
            if polite:
                check(i, 3000, "step")
            elif closed.is_set():
                break
            time.sleep(0.002)
        ended.append(request)

    request = Request(ModelSpec("alexnet"), ImageSource(picture))
    one = Person(qtbot, request, settings, execute)
    one.window.closing.connect(lambda: seen.append(one.window.isVisible()))
    assert begun.wait(60)
    one.window.close()
    closed.set()
    one.close()  # which fails when a worker does not end within ten seconds
    assert bool(ended) is not polite
    assert seen == [False]


def test_a_hundred_changes_while_the_pointer_moves(opened, tmp_path):
    """Networks and pictures in turn; panels opened and closed; nothing is raised."""
    window = opened.window
    paths = [draw_picture(tmp_path / f"{i}.png", seed=i) for i in range(4)]
    names = ["handmade", "alexnet"]
    dice = np.random.default_rng(0)
    docks = list(window.docks.docks.values())
    for i in range(100):
        if i % 4 == 0:
            opened.controller.open_model(names[i // 4 % 2])
        else:
            opened.controller.open_path(paths[i % 4])
        docks[i % len(docks)].toggleViewAction().trigger()
        for canvas in (
            window.maps.mosaic.canvas, window.kernels.mosaic.canvas,
            window.channel.map.canvas, window.input.canvas,
        ):  # fmt: skip
            rows, columns = canvas.size_px
            hover(canvas, dice.integers(rows + 1), dice.integers(columns + 1))
        QApplication.processEvents()
        if i % 10 == 0:
            opened.wait()
            leave(window.maps.mosaic.canvas)
    opened.wait()
    assert opened.trace.request == opened.store.state.request
    layer, _, _ = opened.selection
    assert layer in opened.trace
