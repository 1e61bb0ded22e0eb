"""Files that are written anew, whole or in pieces, in place or by a move."""

import pytest

from cnnviz.app import file_watch
from cnnviz.app.file_watch import FileWatch

PATIENCE = 60_000


class Heard:
    def __init__(self, qtbot, monkeypatch):
        monkeypatch.setattr(file_watch, "_CALM", 20)
        self.qtbot, self.watch = qtbot, FileWatch()
        self.rewritten, self.vanished = [], []
        self.watch.rewritten.connect(self.rewritten.extend)
        self.watch.vanished.connect(self.vanished.extend)

    def until(self, true):
        self.qtbot.waitUntil(true, timeout=PATIENCE)


@pytest.fixture
def heard(qtbot, monkeypatch):
    one = Heard(qtbot, monkeypatch)
    yield one
    one.watch.stop()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "w.pt"
    path.write_bytes(b"first")
    return path


def test_written_in_place(heard, path):
    heard.watch.watch([path])
    path.write_bytes(b"second time")
    heard.until(lambda: heard.rewritten == [path])
    assert heard.vanished == []


def test_replaced_again_and_again(heard, path):
    """As a careful program writes: beside it, then a move."""
    heard.watch.watch([path])
    for i in range(1, 4):
        beside = path.with_suffix(".tmp")
        beside.write_bytes(b"x" * (100 + i))
        beside.replace(path)
        heard.until(lambda i=i: heard.rewritten == [path] * i)


def test_deleted_and_written_again(heard, path):
    heard.watch.watch([path])
    path.unlink()
    heard.qtbot.waitUntil(lambda: heard.watch._last.get(path) == (0, 0), timeout=5000)
    path.write_bytes(b"here again")
    heard.until(lambda: heard.rewritten == [path])
    assert heard.vanished == []


def test_written_in_pieces(heard, path):
    """Nothing is told while it still grows."""
    heard.watch.watch([path])
    told_at = []
    heard.watch.rewritten.connect(lambda _paths: told_at.append(path.stat().st_size))
    with path.open("wb") as stream:

        def write_on():
            if stream.tell() < 10_000:
                stream.write(b"x" * 1000)
                stream.flush()

        write_on()
        heard.watch._calm.timeout.connect(write_on)  # at once after each look
        heard.until(lambda: bool(told_at))
    assert told_at == [10_000]


def test_emptied_first(heard, path):
    heard.watch.watch([path])
    path.write_bytes(b"")
    heard.until(lambda: heard.watch._looks > 2)
    assert heard.rewritten == []
    path.write_bytes(b"whole")
    heard.until(lambda: heard.rewritten == [path])


@pytest.mark.parametrize("end", [lambda p: p.unlink(), lambda p: p.write_bytes(b"")])
def test_gone_for_good(heard, path, end):
    heard.watch.watch([path])
    end(path)
    heard.until(lambda: heard.vanished == [path])
    assert heard.rewritten == []
    path.write_bytes(b"much later")
    heard.until(lambda: heard.rewritten == [path])


def test_other_files_of_the_folder_do_not_matter(heard, path):
    heard.watch.watch([path])
    heard.until(lambda: not heard.watch._calm.isActive())
    with heard.qtbot.waitSignal(heard.watch._system.directoryChanged):
        (path.parent / "log.txt").write_text("epoch 1")
    heard.until(lambda: not heard.watch._calm.isActive())
    assert heard.rewritten == heard.vanished == []


def test_a_change_is_not_forgotten_when_the_watch_is_renewed(heard, path, tmp_path):
    heard.watch.watch([path])
    path.write_bytes(b"changed meanwhile")
    picture = tmp_path / "p.png"
    heard.watch.watch([path, picture])
    heard.until(lambda: heard.rewritten == [path])
    heard.watch.watch([picture])
    path.write_bytes(b"nobody cares")
    picture.write_bytes(b"it comes into being")
    heard.until(lambda: heard.rewritten == [path, picture])
