"""Networks faster than they can be opened, and files that go meanwhile."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest
import torch
from own import (
    PLAIN,
    bring,
    built,
    filled,
    plain_scores,
    save,
    scores,
    small_picture,
    write_code,
)
from person import draw_picture, files
from PySide6.QtWidgets import QApplication

from cnnviz.app.main import run_request
from cnnviz.core.trace import Trace


@pytest.fixture
def code(opened, tmp_path):
    """A network that has been agreed to."""
    path = write_code(tmp_path / "model.py")
    bring(opened, path, small_picture(tmp_path / "small.png"))
    return path


def test_ten_at_once(opened, code, tmp_path):
    """The last one wins, and nothing is left of the others."""
    modules = [filled(built(), seed) for seed in range(10)]
    paths = [save(tmp_path / f"{i}.pt", m) for i, m in enumerate(modules)]
    answers = []
    opened.runner.finished.connect(lambda found: answers.append(weakref.ref(found)))
    earlier = set(threading.enumerate())
    for path in paths:
        assert opened.drop(files(code, path))
        QApplication.processEvents()
    opened.wait()
    assert opened.trace.title == "model.py:build + 9.pt"
    np.testing.assert_allclose(
        scores(opened), plain_scores(opened, modules[-1]), rtol=1e-4, atol=1e-6
    )
    assert set(threading.enumerate()) == earlier
    gc.collect()
    alive = [ref() for ref in answers if ref() is not None]
    assert [trace for trace in alive if isinstance(trace, Trace)] == [opened.trace]


def test_known_and_unknown_pictures_and_folders_in_turn(opened, code, tmp_path):
    weights = save(tmp_path / "w.pt", filled(built()))
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"PK\x03\x04")
    empty = tmp_path / "empty.safetensors"
    empty.write_bytes(b"")
    picture = draw_picture(tmp_path / "p.png", seed=3)
    turns = [[weights], [broken], [picture], [code], [tmp_path], [empty],
             [code, weights]]  # fmt: skip
    for i in range(42):
        opened.drop(files(*turns[i % len(turns)]))
        if i % 4 == 0:
            QApplication.processEvents()
        if i % 10 == 0:
            opened.controller.open_model("alexnet")
    opened.wait()
    assert opened.trace.title == "model.py:build + w.pt"
    assert opened.trace.request == opened.store.state.request


def test_a_file_that_vanishes_between_drop_and_read(open_window, tmp_path):
    weights = save(tmp_path / "ghost.pt", filled(built()))

    def execute(request, check):
        if request.model.name == "ghost.pt":
            weights.unlink(missing_ok=True)
        return run_request(request, check)

    one = open_window(execute=execute)
    one.wait()
    before = one.trace
    bring(one, weights)
    assert "ghost.pt" in one.said
    assert one.trace is before
    assert one.store.state.request.model.name == "alexnet"


def test_a_large_file_is_cancelled(opened, tmp_path):
    """Cancel is heard at once, whatever the worker is reading."""
    state = {f"layer{i}.weight": torch.zeros(256, 1024) for i in range(64)}
    torch.save(state, tmp_path / "large.pt")
    before = opened.trace
    said = opened.runner._progress
    opened.drop(files(tmp_path / "large.pt"))
    while opened.runner._progress is said:  # the worker has not begun
        time.sleep(0.001)
    assert opened.store.state.status == "busy"
    opened.window.busy.cancelled.emit()
    assert opened.store.state.status == "idle"
    assert opened.trace is before
    opened.show_picture(draw_picture(tmp_path / "p.png", seed=8))
    assert opened.trace.title == "alexnet"


def test_what_is_shown_while_opening(opened, code, tmp_path):
    """The file's name is in the busy mark's first words."""
    weights = save(tmp_path / "w.pt", filled(built()))
    seen = []
    start = opened.window.busy.start
    opened.window.busy.start = lambda text: (seen.append(text), start(text))
    bring(opened, code, weights)
    assert seen == ["model.py:build + w.pt · small.png"]


def test_networks_that_are_left_are_let_go(opened, tmp_path):
    """Twenty checkpoints of one run do not pile up."""
    source = PLAIN.replace("nn.Conv2d(3, 4, 3)", "nn.Conv2d(3, 4, 7)").replace(
        "8, 8", "16, 16"
    )
    bring(opened, write_code(tmp_path / "m.py", source))
    alive = []
    for seed in range(20):
        weights = save(tmp_path / "w.pt", filled(built(source), seed))
        bring(opened, tmp_path / "m.py", weights)
        alive.append(weakref.ref(opened.trace))

    def only_the_last():
        gc.collect()  # the weights of two are being compared for a moment
        return sum(ref() is not None for ref in alive) == 1

    opened.until(only_the_last)
