"""Trained weights: offered, fetched from a server on this machine, refused, chosen."""

import hashlib
import http.server
import io
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from person import draw_picture, files
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

from cnnviz.app import fetching
from cnnviz.nets import catalog

NAME = "torchvision/squeezenet1_1"


@pytest.fixture(scope="module")
def weights():
    """A weights file of the network, as torch.save writes it, drawn here."""
    torch.manual_seed(7)
    module = torchvision.models.squeezenet1_1(num_classes=1000)
    stream = io.BytesIO()
    torch.save(module.state_dict(), stream)
    first = module.features[0].weight.detach().numpy()
    return stream.getvalue(), first


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.server.content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        half = len(self.server.content) // 2
        self.wfile.write(self.server.content[:half])
        self.wfile.flush()
        if self.server.gate is not None:
            self.server.gate.wait(30)
        self.wfile.write(self.server.content[half:])


@pytest.fixture
def server(monkeypatch, weights):
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.content, server.gate = weights[0], None
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        if server.gate is not None:
            server.gate.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def entry(server, weights, monkeypatch, tmp_path):
    """The network, its address being the server's; no weights at hand yet."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    digest = hashlib.sha256(weights[0]).hexdigest()
    there = catalog.models()
    own = replace(
        catalog.find(NAME),
        url=f"http://127.0.0.1:{server.server_port}/squeeze-{digest[:8]}.pth",
        file=f"squeeze-{digest[:8]}.pth",
        sha256=digest[:8],
        size=len(weights[0]),
    )
    changed = tuple(own if e.name == NAME else e for e in there)
    monkeypatch.setattr(catalog, "models", lambda: changed)
    return own


@pytest.fixture
def answer(monkeypatch):
    """What the person answers to questions; none of Qt's dialogs ever opens."""
    answers = {"question": True, "file": "", "asked": []}

    def never(*_args, **_more):
        raise AssertionError("a dialog of Qt's opened")

    def ask(self, question):
        answers["asked"].append(question)
        return answers["question"]

    monkeypatch.setattr(QMessageBox, "question", never)
    monkeypatch.setattr(fetching.Fetching, "_ask", ask)
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_args: (answers["file"], "")
    )
    return answers


@pytest.fixture
def untrained(entry, answer, opened):
    """The window with the network on random weights."""
    opened.show_model(NAME)
    return opened


def press(one, words):
    """Press the button beside the message."""
    (button,) = (b for b in one.window.notice.findChildren(QPushButton)
                 if b.isVisible() and b.text().startswith(words))  # fmt: skip
    button.click()


def first_weights(one):
    return one.trace["features.0"].weight


def test_it_is_offered_where_weights_are_missing(untrained, entry):
    assert "random weights" in untrained.said
    assert "not on this computer" in untrained.said
    size = f"{entry.size / 1e6:.1f} MB"
    assert untrained.window.notice.action() == f"Download {size}"
    assert "random weights" in untrained.window.prediction.note.text()
    untrained.do("randomWeights")
    untrained.wait()
    assert untrained.said == "", "random by choice: nothing to offer"
    untrained.show_model("alexnet")
    assert untrained.said == ""
    untrained.show_model("alexnet-2012")
    assert untrained.said == "", "there are none to be had"


def test_download(untrained, answer, weights, entry):
    before = untrained.selection
    assert not np.array_equal(first_weights(untrained), weights[1])
    press(untrained, "Download")
    untrained.until(lambda: untrained.trace.trained)
    (question,) = answer["asked"]
    assert entry.file in question
    assert "127.0.0.1" in question
    np.testing.assert_array_equal(first_weights(untrained), weights[1])
    assert untrained.said == ""
    assert untrained.selection == before
    assert untrained.window.prediction.note.text() == ""


def test_no(untrained, answer):
    answer["question"] = False
    press(untrained, "Download")
    assert len(answer["asked"]) == 1
    assert untrained.store.state.status == "idle"
    assert not untrained.trace.trained


def test_pictures_can_be_looked_at_meanwhile(
    untrained, answer, server, weights, tmp_path
):
    server.gate = threading.Event()
    runner = untrained.controller.fetching._runner
    with untrained.hears(runner.progressed):
        press(untrained, "Download")
    path = draw_picture(tmp_path / "second.png", seed=2)
    untrained.show_picture(path)
    assert untrained.trace.request.source.path == path
    server.gate.set()
    untrained.until(lambda: untrained.trace.trained)
    np.testing.assert_array_equal(first_weights(untrained), weights[1])


def test_cancel_and_go_on(untrained, answer, server, weights):
    server.gate = threading.Event()
    runner = untrained.controller.fetching._runner
    with untrained.hears(runner.progressed):
        press(untrained, "Download")
    untrained.window.fetching.cancelled.emit()
    server.gate.set()
    server.gate = None
    assert not untrained.trace.trained
    untrained.do("download")
    untrained.until(lambda: untrained.trace.trained)
    np.testing.assert_array_equal(first_weights(untrained), weights[1])


def test_closing_during_a_download(untrained, answer, server):
    server.gate = threading.Event()
    runner = untrained.controller.fetching._runner
    with untrained.hears(runner.progressed):
        press(untrained, "Download")
    later = threading.Timer(0.2, server.gate.set)
    later.start()
    untrained.window.close()
    later.join()
    assert runner.shutdown(10)


class TestRefused:
    def test_no_such_file_there(self, untrained, answer, server, weights, tmp_path):
        server.content = None
        before = untrained.trace
        press(untrained, "Download")
        untrained.until(lambda: "404" in untrained.said)
        assert untrained.window.notice.action() == "Choose file…"
        assert untrained.trace is before
        good = tmp_path / "by hand.pth"
        good.write_bytes(weights[0])
        answer["file"] = str(good)
        untrained.show_picture(draw_picture(tmp_path / "second.png", seed=2))
        untrained.do("chooseWeights")
        untrained.until(lambda: untrained.trace.trained)
        np.testing.assert_array_equal(first_weights(untrained), weights[1])

    def test_the_button_is_for_the_network_that_was_refused(
        self, untrained, answer, server, weights, tmp_path
    ):
        """Even when another one has come on show before it is pressed."""
        server.content = None
        with untrained.hears(untrained.controller.fetching._runner.refused):
            press(untrained, "Download")
            untrained.controller.open_model("vgg")
            untrained.wait()
        assert untrained.trace.title == "vgg"
        good = tmp_path / "by hand.pth"
        good.write_bytes(weights[0])
        answer["file"] = str(good)
        press(untrained, "Choose file…")
        untrained.until(
            lambda: untrained.trace.title == NAME and untrained.trace.trained
        )

    def test_another_file(self, untrained, answer, server, entry):
        server.content = b"PK" + bytes(len(server.content) - 2)
        press(untrained, "Download")
        untrained.until(lambda: "SHA-256" in untrained.said)
        assert entry.file in untrained.said
        assert untrained.window.notice.action() == "Choose file…"

    def test_a_file_of_another_network(self, untrained, answer, tmp_path):
        wrong = tmp_path / "wrong.pth"
        torch.save(torch.nn.Linear(2, 3).state_dict(), wrong)
        answer["file"] = str(wrong)
        before = untrained.trace
        untrained.do("chooseWeights")
        untrained.until(lambda: "wrong.pth" in untrained.said)
        assert untrained.trace is before
        assert not untrained.trace.trained

    def test_the_programs_own_fault(self, untrained, answer, monkeypatch, caplog):
        def broken(*_args, **_more):
            raise ZeroDivisionError("deep inside")

        monkeypatch.setattr("cnnviz.nets.download.download", broken)
        press(untrained, "Download")
        untrained.until(lambda: "went wrong" in untrained.said)
        assert "ZeroDivisionError" in untrained.said
        assert "Traceback" in caplog.text
        press(untrained, "Copy details")


def test_dropped_weights(untrained, answer, weights, tmp_path):
    """With a picture: both are taken."""
    good, path = tmp_path / "w.pth", draw_picture(tmp_path / "second.png", seed=2)
    good.write_bytes(weights[0])
    assert untrained.drop(files(path, good))
    untrained.until(lambda: untrained.trace.trained)
    untrained.wait()
    assert untrained.trace.request.source.path == path
    np.testing.assert_array_equal(first_weights(untrained), weights[1])


@pytest.mark.parametrize("name", ["alexnet", "handmade"])
@pytest.mark.parametrize("command", ["download", "chooseWeights"])
def test_nothing_to_fetch(opened, answer, name, command):
    opened.show_model(name)
    opened.do(command)
    assert "weights" in opened.said
    assert answer["asked"] == []
