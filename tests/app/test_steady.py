"""After many pictures there is as much of everything as after a few."""

import gc
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest
from person import draw_picture, files
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QApplication

from cnnviz.probe.execute import network_of

FEW, MANY = 4, 30


class Belongings:
    """What a window has, counted while nothing goes on in it.

    Attributes
    ----------
    own
        Python objects of the program's own classes, by class.
    widgets
        Qt objects of the window, by class.
    threads
        Those of Python.
    handles
        Open files, sockets and the like, where they can be counted.
    touched
        Modules of the network with hooks or a ``forward`` of their own.
    """

    def __init__(self, one):
        ready = one.controller.wiring.readying.clock
        one.until(lambda: not ready.isActive())
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        kinds = map(type, gc.get_objects())
        self.own = Counter(
            kind for kind in kinds if str(kind.__module__).startswith("cnnviz.")
        )
        self.widgets = Counter(
            type(each).__name__
            for top in QApplication.topLevelWidgets()
            for each in (top, *top.findChildren(QObject))
        )
        self.threads = set(threading.enumerate())
        handles = Path("/proc/self/fd")
        self.handles = len([*handles.iterdir()]) if sys.platform == "linux" else 0
        self.touched = [
            module
            for module in network_of(one.store.state.request.model).module.modules()
            if module._forward_hooks
            or module._forward_pre_hooks
            or "forward" in vars(module)
        ]


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder for temporary files, where nobody else puts any."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("model", ["alexnet", "torchvision/squeezenet1_1"])
def test_thirty_pictures_leave_nothing(open_window, tmp_path, scratch, model):
    paths = [draw_picture(tmp_path / f"{i}.png", seed=i) for i in range(2)]
    one = open_window(model=model, path=paths[0])
    one.wait()

    def drop(times):
        for i in range(times):
            assert one.drop(files(paths[i % 2]))
            one.wait()
        one.until(one.controller.checking.label.isVisible)

    drop(FEW)
    before = Belongings(one)
    drop(MANY)
    after = Belongings(one)
    assert after.own == before.own
    assert after.widgets == before.widgets
    assert after.threads == before.threads
    assert after.handles == before.handles
    assert after.touched == []
    assert [*scratch.iterdir()] == []


def test_networks_in_turn_leave_two(open_window, tmp_path):
    """Those shown lately stay ready; of the others nothing is left."""
    names = ["handmade", "torchvision/squeezenet1_0", "torchvision/squeezenet1_1"]
    one = open_window()
    one.wait()

    def show(times):
        for _ in range(times):
            for name in names:
                one.show_model(name)
        one.until(one.controller.checking.label.isVisible)

    show(2)  # a part of a panel that is made on the way changes the others' layout
    before = Belongings(one)
    show(3)
    after = Belongings(one)
    assert after.own == before.own
    assert after.widgets == before.widgets
    assert after.threads == before.threads
    assert after.handles == before.handles
