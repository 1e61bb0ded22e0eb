"""Downloads against a server on this machine, and files chosen by hand."""

import errno
import hashlib
import http.server
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.core.models import ModelSpec
from cnnviz.nets import known, server
from cnnviz.nets.cache import in_words, own_name, weights_file
from cnnviz.nets.catalog import find
from cnnviz.nets.download import adopt, download, offer

CONTENT = b"PK" + torch.randint(256, (900_000,), dtype=torch.uint8).numpy().tobytes()
DIGEST = hashlib.sha256(CONTENT).hexdigest()
SQUEEZENET = find("torchvision/squeezenet1_1")


class Host(http.server.ThreadingHTTPServer):
    """Serves CONTENT in the way a test asks for, and notes what was asked."""

    daemon_threads = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag = '"1"'
        self.ranges = True
        self.cut = None
        self.status = None
        self.stall = threading.Event()
        self.stall_at = None
        self.kind = "application/octet-stream"
        self.lengthless = False
        self.shifted = 0
        self.asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        host = self.server
        host.asked.append((self.path, dict(self.headers)))
        if host.status:
            self.send_error(host.status)
            return
        start = 0
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fresh = self.headers.get("If-Range", host.etag) == host.etag
        if found and host.ranges and fresh:
            start = int(found[1])
        if start >= len(host.content):
            self.send_error(416)
            return
        start += host.shifted if start else 0
        body = host.content[start:]
        self.send_response(206 if start else 200)
        if start:
            size = len(host.content)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if not host.lengthless:
            self.send_header("Content-Length", str(len(body)))
        if host.etag:
            self.send_header("ETag", host.etag)
        self.send_header("Content-Type", host.kind)
        self.end_headers()
        if host.stall_at is not None:
            self.wfile.write(body[: host.stall_at])
            self.wfile.flush()
            host.stall.wait(30)
            return
        self.wfile.write(body[: host.cut])


@pytest.fixture
def host(monkeypatch):
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Host() as host:
        thread = threading.Thread(target=host.serve_forever, args=(0.02,))
        thread.start()
        yield host
        host.stall.set()
        host.shutdown()
        thread.join()


@pytest.fixture
def entry(host):
    url = f"http://127.0.0.1:{host.server_port}/models/net-{DIGEST[:8]}.pth"
    return replace(
        SQUEEZENET,
        file=f"net-{DIGEST[:8]}.pth",
        url=url,
        sha256=DIGEST[:8],
        size=len(CONTENT),
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def part(entry, folder):
    folder.mkdir(parents=True)
    return folder / f"{entry.file}.part"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def ranges(host):
    return [headers.get("Range") for _, headers in host.asked]


def test_offer_tells_file_size_host_and_folder(tmp_path):
    said = offer(find("torchvision/alexnet"), tmp_path)
    assert said == (
        f"alexnet-owt-7be5be79.pth, 244 MB, from download.pytorch.org into {tmp_path}"
    )
    (tmp_path / "alexnet-owt-7be5be79.pth.part").write_bytes(bytes(3_000_000))
    assert offer(find("torchvision/alexnet"), tmp_path).endswith(
        "; 3.0 MB of it are there already"
    )


def test_whole(entry, folder, host):
    told = []
    path = download(entry, folder, lambda *a: told.append(a))
    assert path == folder / entry.file
    assert path.read_bytes() == CONTENT
    assert names(folder) == [entry.file]
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    done = [a for a, _ in told]
    assert done == sorted(done)
    download(entry, folder)
    assert len(host.asked) == 1, "a file that is there is not fetched again"


def test_damaged_file_is_replaced(entry, folder):
    folder.mkdir(parents=True)
    (folder / entry.file).write_bytes(b"damaged")
    assert download(entry, folder).read_bytes() == CONTENT


def test_cut_then_resumed(entry, folder, host):
    host.cut = 300_000
    with pytest.raises(ModelError, match=r"was cut at 0\.3 MB of 0\.9 MB") as caught:
        download(entry, folder)
    said = str(caught.value)
    assert all(x in said for x in (entry.file, str(folder), "0.9 MB", "Choose file"))
    part = folder / f"{entry.file}.part"
    assert part.read_bytes() == CONTENT[:300_000]
    host.cut = None
    told = []
    path = download(entry, folder, lambda *a: told.append(a))
    assert path.read_bytes() == CONTENT
    assert ranges(host) == [None, "bytes=300000-"]
    assert host.asked[1][1]["If-Range"] == '"1"'
    assert told[0] == (300_000, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert names(folder) == [entry.file]


def test_part_without_a_mark_is_resumed_too(entry, folder, part, host):
    part.write_bytes(CONTENT[:1000])
    assert download(entry, folder).read_bytes() == CONTENT
    assert ranges(host) == ["bytes=1000-"]


def test_changed_file_on_the_server_is_fetched_whole(entry, folder, part, host):
    part.write_bytes(b"x" * 1000)
    part.with_name(f"{part.name}.etag").write_text('"0"')
    assert download(entry, folder).read_bytes() == CONTENT


def test_server_without_ranges(entry, folder, part, host):
    host.ranges = False
    part.write_bytes(b"x" * 500_000)
    assert download(entry, folder).read_bytes() == CONTENT


def test_wrong_range_is_not_pasted_together(entry, folder, part, host):
    host.shifted = 7
    part.write_bytes(CONTENT[:1000])
    assert download(entry, folder).read_bytes() == CONTENT
    assert ranges(host) == ["bytes=1000-", None]


def test_complete_part_only_gets_its_name(entry, folder, part, host):
    part.write_bytes(CONTENT)
    assert download(entry, folder).read_bytes() == CONTENT
    assert names(folder) == [entry.file]


def test_part_that_is_too_long_is_removed(entry, folder, part, host):
    part.write_bytes(CONTENT + b"x")
    with pytest.raises(ModelError, match=f"should begin with {DIGEST[:8]}"):
        download(entry, folder)
    assert names(folder) == []


def test_server_that_tells_no_size(entry, folder, host):
    host.lengthless = True
    told = []
    download(entry, folder, lambda *a: told.append(a))
    assert told[-1] == (len(CONTENT), None)
    (folder / entry.file).unlink()
    host.cut = 1000
    with pytest.raises(ModelError, match="it was removed"):
        download(entry, folder)


def test_wrong_hash(entry, folder, host):
    host.content = CONTENT[:-1] + b"?"
    with pytest.raises(ModelError, match="its SHA-256 should begin") as caught:
        download(entry, folder)
    assert entry.file in str(caught.value)
    assert names(folder) == []


@pytest.mark.parametrize("there", [b"", CONTENT[:1000]])
def test_web_page_instead_of_the_file(entry, folder, part, host, there):
    part.write_bytes(there)
    host.content = b"\n<!DOCTYPE html><title>Log in</title>" + bytes(2000)
    host.ranges = False
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 sent a web page"):
        download(entry, folder)
    assert names(folder) == ([part.name] if there else [])
    assert not there or part.read_bytes() == there


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refusal_of_the_server(entry, folder, host, status):
    host.status = status
    with pytest.raises(ModelError, match=f"answered “{status} ") as caught:
        download(entry, folder)
    assert all(x in str(caught.value) for x in (entry.file, str(folder), "Choose file"))
    assert names(folder) == []


def test_nobody_there(entry, folder):
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    away = replace(entry, url=f"http://127.0.0.1:{port}/x")
    with pytest.raises(ModelError, match=r"no connection to 127\.0\.0\.1: .*refused"):
        download(away, folder)
    assert names(folder) == []


def test_cancel_while_slow(entry, folder, host):
    host.stall_at = 400_000
    seen = []

    def check():
        if seen and seen[-1] >= 400_000:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(entry, folder, lambda done, _: seen.append(done), check)
    assert (folder / f"{entry.file}.part").read_bytes() == CONTENT[:400_000]
    host.stall_at = None
    assert download(entry, folder).read_bytes() == CONTENT
    assert ranges(host)[-1] == "bytes=400000-"


def test_cancel_before_asking(entry, folder, host):
    def check():
        raise Cancelled

    with pytest.raises(Cancelled):
        download(entry, folder, check=check)
    assert host.asked == []
    assert names(folder) == []


def test_silent_server_counts_as_cut(entry, folder, host, monkeypatch):
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    host.stall_at = 1000
    with pytest.raises(ModelError, match=r"was cut .*timed out"):
        download(entry, folder)
    assert (folder / f"{entry.file}.part").stat().st_size == 1000


def test_proxy_of_the_environment(entry, folder, host, monkeypatch):
    """The address exists for the proxy only."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{host.server_port}")
    monkeypatch.setenv("no_proxy", "")
    behind = replace(entry, url="http://weights.invalid/net.pth")
    assert download(behind, folder).read_bytes() == CONTENT
    assert host.asked[0][0] == "http://weights.invalid/net.pth"


def test_no_space_is_told_before(entry, folder, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match=r"cannot write .*0\.9 MB to come") as caught:
        download(entry, folder)
    assert str(folder) in str(caught.value)
    assert names(folder) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_no_space_while_writing(entry, folder, part):
    part.symlink_to("/dev/full")
    with pytest.raises(ModelError, match=r"cannot write .*No space left"):
        download(entry, folder)


def test_no_permission(entry, folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ModelError, match=r"cannot write .*Permission denied"):
        download(entry, folder)


def test_file_where_the_folder_should_be(entry, tmp_path):
    (tmp_path / "hub").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot write"):
        download(entry, tmp_path / "hub" / "checkpoints")


def test_network_without_a_file():
    for name in ("handmade", "alexnet", "alexnet-2012"):
        with pytest.raises(ModelError, match=f"{name} has no weights to download"):
            download(find(name))


# --- chosen by hand


@pytest.fixture(scope="module")
def state():
    from torchvision.models import get_model

    return get_model("squeezenet1_1").state_dict()


def test_official_file_gets_its_official_name(tmp_path, folder, state):
    torch.save(state, tmp_path / "renamed.bin")
    digest = hashlib.sha256((tmp_path / "renamed.bin").read_bytes()).hexdigest()
    known = replace(SQUEEZENET, sha256=digest[:8])
    path = adopt(known, tmp_path / "renamed.bin", folder)
    assert path == folder / known.file
    assert names(folder) == [known.file]
    assert adopt(known, path, folder) == path


def test_other_file_gets_a_name_of_its_own_and_is_used(
    tmp_path, folder, state, monkeypatch
):
    torch.save(state, tmp_path / "mine.pth")
    path = adopt(SQUEEZENET, tmp_path / "mine.pth", folder)
    assert path == folder / own_name(SQUEEZENET)
    assert weights_file(SQUEEZENET, folder) == path
    monkeypatch.setenv("TORCH_HOME", str(folder.parents[1]))
    net = known.build_known(ModelSpec(SQUEEZENET.name))
    assert net.weights == f"weights of a file chosen by hand ({path.name})"
    for key, value in net.module.state_dict().items():
        assert torch.equal(value, state[key])


def test_file_of_another_network_changes_nothing(tmp_path, folder, state):
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"other\.pth does not fit .* 52 missing"):
        adopt(SQUEEZENET, tmp_path / "other.pth", folder)
    (tmp_path / "page.pth").write_text("<html>")
    with pytest.raises(ModelError, match=r"page\.pth is a web page"):
        adopt(SQUEEZENET, tmp_path / "page.pth", folder)
    with pytest.raises(ModelError, match="cannot read"):
        adopt(SQUEEZENET, tmp_path / "none.pth", folder)
    assert not folder.exists()


def test_copy_that_cannot_be_written(tmp_path, state):
    torch.save(state, tmp_path / "mine.pth")
    (tmp_path / "hub").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot copy"):
        adopt(SQUEEZENET, tmp_path / "mine.pth", tmp_path / "hub")


def test_download_takes_the_place_of_a_chosen_file(entry, folder):
    folder.mkdir(parents=True)
    (folder / own_name(entry)).write_bytes(b"chosen")
    assert weights_file(entry, folder).name == own_name(entry)
    download(entry, folder)
    assert weights_file(entry, folder).name == entry.file
    assert in_words(len(CONTENT)) == "0.9 MB"
