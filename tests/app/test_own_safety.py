"""Files that would do harm, and files that are none: nothing of them ever runs."""

import os
import pickle
import textwrap

import numpy as np
import pytest
import torch
from own import (
    PLAIN,
    assert_refused,
    bring,
    built,
    filled,
    press,
    question,
    save,
    write_code,
)
from person import draw_picture, files
from PySide6.QtWidgets import QFileDialog


class Payload:
    """Runs when it is unpickled, if anybody lets it: makes a folder."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def evil(path, mark, container):
    state = {"0.weight": torch.zeros(4, 3, 3, 3), "note": Payload(mark)}
    match container:
        case "zip":
            torch.save({"state_dict": state}, path)
        case "legacy":
            torch.save(state, path, _use_new_zipfile_serialization=False)
        case "pickle":
            path.write_bytes(pickle.dumps(state))
        case "module":
            module = built()
            module.extra = Payload(mark)
            torch.save(module, path)
    return path


@pytest.mark.parametrize("container", ["zip", "legacy", "pickle", "module"])
@pytest.mark.parametrize("name", ["w.pt", "w.ckpt", "w.bin", "nameless"])
def test_no_payload_runs(opened, code, tmp_path, container, name, monkeypatch):
    """SEC-03: whichever way the file comes to the window."""
    mark = tmp_path / "it ran"
    path = evil(tmp_path / name, mark, container)
    before = opened.trace
    bring(opened, path)
    assert_refused(opened, before, name)
    if container != "pickle":
        assert "mkdir" in opened.said, "what it wanted to run is named"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], ""))
    opened.do("openNetwork")
    opened.wait()
    assert_refused(opened, before, name)
    opened.do("reload")
    opened.wait()
    before = opened.trace
    bring(opened, code, path)
    assert_refused(opened, before, name)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    bring(opened, code)
    press(opened, "Weights…")
    opened.wait()
    assert_refused(opened, opened.trace, name)
    assert opened.trace.title == "model.py:build"
    assert not mark.exists()
    evil(tmp_path / "proof.pt", mark, "zip")
    torch.load(tmp_path / "proof.pt", weights_only=False)
    assert mark.exists(), "the payload is a real one"


def test_code_runs_after_a_yes_only(opened, tmp_path):
    """SEC-06: neither a drop, nor the dialog, nor its end runs anything."""
    mark = tmp_path / "it ran"
    source = f"open({str(mark)!r}, 'w').close()\n" + textwrap.dedent(PLAIN)
    path = write_code(tmp_path / "m.py", source)
    assert opened.drop(files(path))
    question(opened).grab()
    question(opened).cancel.click()
    opened.drop(files(path, draw_picture(tmp_path / "p.png")))
    question(opened).reject()
    weights = save(tmp_path / "w.pt", filled(built()))
    opened.drop(files(weights, path))
    question(opened).close()
    opened.controller.reload()
    opened.wait()
    assert not mark.exists()
    bring(opened, path)
    assert mark.exists()
    assert opened.trace.title == "m.py:build"


def test_weights_that_claim_terabytes(opened, code, tmp_path):
    huge = torch.zeros(1).as_strided((1 << 20, 1 << 20), (0, 0))
    torch.save({"0.weight": huge}, tmp_path / "huge.pt")
    before = opened.trace
    bring(opened, tmp_path / "huge.pt")
    assert_refused(opened, before, "huge.pt")


def test_weights_that_are_no_numbers(opened, code, trained, tmp_path):
    with torch.no_grad():
        trained[0].weight[1] = float("nan")
    bring(opened, code, save(tmp_path / "nan.pt", trained))
    shown = opened.trace["0"]
    assert np.isnan(shown.weight[1]).all()
    assert np.isnan(shown.output[1]).all()
    assert np.isfinite(shown.output[0]).all()
    opened.store.select(layer="0", channel=0)
    opened.do("nextStrange")
    assert opened.selection[:2] == ("0", 1)


@pytest.mark.skipif(os.name == "nt", reason="no pipes among files there")
def test_what_is_no_file(opened, tmp_path, monkeypatch):
    before = opened.trace
    os.mkfifo(tmp_path / "pipe.pt")
    bring(opened, tmp_path / "pipe.pt")
    assert_refused(opened, before, "pipe.pt is no ordinary file")
    paths = [str(tmp_path / "pipe.pt")]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (paths, ""))
    opened.do("openNetwork")
    opened.wait()
    assert_refused(opened, before, "pipe.pt is no ordinary file")
    bring(opened, tmp_path / "missing.pt")
    assert_refused(opened, before, "missing.pt")
    (tmp_path / "folder.pt").mkdir()
    bring(opened, tmp_path / "folder.pt")
    assert_refused(opened, before, "folder.pt is a folder")


def test_the_mark_of_a_part(opened, code, trained, tmp_path):
    """Reloading keeps it, another file takes it away."""
    state = trained.state_dict()
    del state["5.bias"]
    torch.save(state, tmp_path / "part.pt")
    bring(opened, code, tmp_path / "part.pt")
    press(opened, "Load what fits")
    opened.wait()
    opened.do("reload")
    opened.wait()
    assert "in part" in opened.controller.toolbar.model.text()
    bring(opened, code, save(tmp_path / "all.pt", trained))
    assert "in part" not in opened.controller.toolbar.model.text()
