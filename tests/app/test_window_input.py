"""Bad files through the window: a sentence, and what is on screen stays."""

import struct
import time
import zlib

import numpy as np
import pytest
from person import addresses, draw_picture, files
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton

from cnnviz.app.face import bundled_samples
from cnnviz.app.main import run_request
from cnnviz.core.errors import InputError
from cnnviz.core.trace import ImageSource, Sample, Trace


def png(path, width, height):
    """Write a black one-bit PNG, a row at a time: small files, huge pictures."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    row, pack = bytes(1 + (width + 7) // 8), zlib.compressobj(9)
    body = b"".join(pack.compress(row) for _ in range(height)) + pack.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )  # fmt: skip
    return path


def truncated(path):
    whole = draw_picture(path.with_name("whole.jpg")).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def huge(path):
    """A head that announces 65536² pixels: nothing behind it need be true."""
    png(path, 8, 8)
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 65536, 65536)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(data)


BAD = {
    "cut.jpg": (truncated, "cut short"),
    "empty.png": (lambda path: path.write_bytes(b""), "empty"),
    "text.png": (lambda path: path.write_text("no picture\n"), "looks like text"),
    "paper.jpg": (lambda path: path.write_bytes(b"%PDF-1.7 \0"), "PDF"),
    "huge.png": (huge, "megapixels"),
    "280 MP.png": (lambda path: png(path, 20000, 14000), "280 megapixels"),
    "missing.png": (lambda path: None, "no such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(opened, tmp_path, name):
    make, words = BAD[name]
    make(tmp_path / name)
    before, request = opened.trace, opened.store.state.request
    opened.store.select(channel=5, unit=(6, 7))
    selection, status = opened.selection, opened.window.status()
    QApplication.processEvents()
    shown = opened.window.grab().toImage()
    assert opened.drop(files(tmp_path / name))
    opened.wait()
    assert name in opened.said
    assert words in opened.said
    assert "\n" not in opened.said
    assert "Traceback" not in opened.said
    assert opened.trace is before
    assert opened.store.state.request == request
    assert (opened.selection, opened.window.status()) == (selection, status)
    assert "first.png" in opened.controller.toolbar.picture.text()
    assert opened.window.settings.recent[0].name != name
    opened.window.notice.dismiss()
    opened.until(lambda: opened.window.grab().toImage() == shown)
    opened.show_picture(draw_picture(tmp_path / "good.png", seed=3))
    assert opened.said == ""
    assert opened.trace is not before


def test_a_file_is_told_by_its_content(opened, tmp_path):
    path = draw_picture(tmp_path / "photo.jpg", seed=2)
    path = path.rename(tmp_path / "photo")
    assert opened.drop(files(path))
    opened.wait()
    assert opened.said == ""
    assert opened.trace.request.source.path == path


def test_an_unreadable_file(opened, tmp_path, monkeypatch):
    path = draw_picture(tmp_path / "secret.png")

    opening = type(path).open

    def refuse(self, *args, **more):
        if self != path:
            return opening(self, *args, **more)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    opened.drop(files(path))
    opened.wait()
    assert "secret.png" in opened.said
    assert "permission" in opened.said


def test_a_folder(opened, tmp_path):
    before = opened.trace
    opened.drop(files(tmp_path))
    assert "folder" in opened.said
    opened.window.notice.dismiss()
    opened.controller.open_path(tmp_path)  # as from the command line
    opened.wait()
    assert "folder" in opened.said
    assert opened.trace is before


def test_an_address_beside_a_file(opened, tmp_path):
    path = draw_picture(tmp_path / "good.png", seed=1)
    data = files(path)
    data.setUrls([*addresses("https://example.org/a.png").urls(), *data.urls()])
    opened.drop(data)
    opened.wait()
    assert opened.trace.request.source.path == path


def test_one_pixel(opened, tmp_path):
    path = draw_picture(tmp_path / "dot.png", seed=1, size=(1, 1))
    opened.drop(files(path))
    opened.wait()
    assert opened.said == ""
    assert opened.trace.sample.original == (1, 1)
    shown = opened.trace.sample.shown
    assert (shown == shown[0, 0]).all()


def test_a_hundred_megapixels(opened, tmp_path):
    """It is shrunk on opening, and the panel says so."""
    opened.drop(files(png(tmp_path / "large.png", 10000, 10000)))
    opened.wait()
    assert opened.said == ""
    assert "halved on opening" in opened.window.input.notes.text()


def test_a_file_that_vanishes_between_drop_and_read(open_window, tmp_path):
    path = draw_picture(tmp_path / "ghost.png", seed=1)

    def execute(request, check):
        if request.source.path == path:
            path.unlink()
        return run_request(request, check)

    one = open_window(execute=execute)
    one.wait()
    before = one.trace
    one.drop(files(path))
    one.wait()
    assert "ghost.png: there is no such file" in one.said
    assert one.trace is before


def test_the_first_picture_is_refused(open_window, tmp_path):
    """A bundled sample is shown in its place, and what was wrong stays said."""
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nonsense")
    one = open_window(path=bad)
    one.wait()
    assert one.trace.sample.title == bundled_samples()[0].name
    assert "bad.png" in one.said
    assert one.window.input.reason is None
    for name in ("nextLayer", "nextStage", "nextChannel", "lastChannel", "noUnit",
                 "before", "overlay", "findLayer"):  # fmt: skip
        one.do(name)
    one.show_picture(draw_picture(tmp_path / "good.png"))
    assert one.said == ""
    assert one.trace.sample.title == "good.png"


class TestFailures:
    """Outcomes of a run, made by an execute of the test's own."""

    @pytest.fixture
    def failing(self, open_window):
        """A window whose next run ends as ``outcome`` says."""
        outcome = []

        def execute(request, check):
            if outcome:
                return outcome.pop()(request, check)
            return run_request(request, check)

        one = open_window(execute=execute)
        one.wait()
        return one, outcome

    def test_a_network_that_fails_on_its_way_shows_what_ran(self, failing):
        one, outcome = failing
        words = "features.12 (MaxPool2d) needs at least 63 × 63, got 62 × 62"

        def part(request, check):
            whole = run_request(request, check)
            return Trace(whole.sample, whole.layers[:5], error=words, request=request)

        outcome.append(part)
        one.controller.reload()
        one.wait()
        assert one.said == words
        assert len(one.trace.layers) == 5
        assert one.window.prediction.reason == words
        assert one.selection[0] in one.trace
        one.controller.reload()
        one.wait()
        assert one.said == ""
        assert one.window.prediction.reason is None

    def test_a_network_that_fails_at_once_changes_nothing(self, failing):
        one, outcome = failing
        before = one.trace
        sample = Sample((np.zeros((3, 2, 2), np.float32),))
        outcome.append(
            lambda request, check: Trace(sample, (), error="conv: no", request=request)
        )
        one.controller.reload()
        one.wait()
        assert one.said == "conv: no"
        assert one.trace is before

    def test_a_refusal_withdraws_the_network_too(self, failing):
        one, outcome = failing

        def refuse(request, check):
            raise InputError("vgg wants something else")

        outcome.append(refuse)
        one.show_model("vgg")
        assert one.said == "vgg wants something else"
        assert one.store.state.request.model.name == "alexnet"
        networks = one.controller.menus.networks.networks
        assert networks["alexnet"].isChecked()
        assert not networks["vgg"].isChecked()
        assert "AlexNet" in one.controller.toolbar.model.text()

    def test_a_crash_is_logged_and_its_details_can_be_copied(self, failing, caplog):
        one, outcome = failing
        before = one.trace

        def crash(request, check):
            raise ZeroDivisionError("deep inside")

        outcome.append(crash)
        one.controller.reload()
        one.wait()
        assert "ZeroDivisionError: deep inside" in one.said
        assert "\n" not in one.said
        assert one.trace is before
        (entry,) = caplog.records
        assert "Traceback" in entry.getMessage()
        assert "in crash" in entry.getMessage()
        copy = next(b for b in one.window.notice.findChildren(QPushButton)
                    if b.isVisible() and b.text() == "Copy details")  # fmt: skip
        copy.click()
        assert QGuiApplication.clipboard().text() == entry.getMessage()

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (SystemExit, "SystemExit"),
            (KeyboardInterrupt, "KeyboardInterrupt"),
            (RecursionError, "RecursionError"),
            (MemoryError, "There is not enough memory."),
        ],
    )
    def test_after_any_crash_the_next_drop_is_shown(
        self, failing, tmp_path, error, said
    ):
        one, outcome = failing

        def crash(request, check):
            raise error

        outcome.append(crash)
        one.drop(files(draw_picture(tmp_path / "bad.png")))
        one.wait()
        assert said in one.said
        path = draw_picture(tmp_path / "good.png", seed=1)
        one.drop(files(path))
        one.wait()
        assert one.said == ""
        assert one.trace.request.source == ImageSource(path)

    def test_cancel(self, failing):
        one, outcome = failing
        before = one.trace

        def long(request, check):
            for i in range(10_000):
                check(i, 10_000, "long work")
                time.sleep(0.001)
            raise AssertionError("was not cancelled")

        outcome.append(long)
        with one.hears(one.runner.progressed):
            one.controller.open_model("vgg")
        one.window.busy.cancelled.emit()
        assert one.store.state.status == "idle"
        assert one.store.state.request.model.name == "alexnet"
        one.controller.reload()
        one.wait()
        assert one.trace is not before
        assert one.trace.title == "alexnet"
        assert one.said == ""
