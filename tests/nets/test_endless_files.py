"""Small files that would take long to look through: each ends early, or can be."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
import torch
from packing import legacy, whole, zipped

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.nets import unpack
from cnnviz.nets.checkpoint import read_checkpoint
from cnnviz.nets.pickles import names_in


def deflated(pickled):
    """Return an archive in which a long pickle is short."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return out.getvalue()


PACKED = {"zip": deflated, "legacy": legacy}
LONG = whole(b"(" + b"N" * 400_000 + b"t")


@pytest.fixture(params=PACKED)
def long_file(request, tmp_path):
    file = tmp_path / "w.pt"
    file.write_bytes(PACKED[request.param](LONG))
    return file


class TestLongPickles:
    def test_looking_through_one_is_stopped(self, long_file):
        told = []

        def stop(*step):
            told.append(step)
            if len(told) == 10:
                raise Cancelled

        with pytest.raises(Cancelled):
            read_checkpoint(long_file, stop)
        assert len(told) == 10
        assert all(done < expected for done, expected, _ in told)

    def test_one_that_is_too_long_is_refused(self, long_file, monkeypatch):
        monkeypatch.setattr(unpack, "_MOST_STEPS", 100_000)
        monkeypatch.setattr(torch, "load", None)
        told = []
        with pytest.raises(ModelError, match=r"not opened: .* more than 100,000 ent"):
            read_checkpoint(long_file, lambda *step: told.append(step))
        assert len(told) < 20  # of more than 40 to its end

    def test_a_small_one_that_unpacks_to_a_long_one_is_refused(self, tmp_path):
        file = tmp_path / "w.pt"
        file.write_bytes(deflated(LONG))
        with pytest.raises(
            ModelError, match=r"not opened: .* more than 20\d,\d{3} ent"
        ):
            read_checkpoint(file)

    @pytest.mark.parametrize("packed", [zipped, legacy])
    def test_one_as_long_as_may_be_is_read(self, tmp_path, monkeypatch, packed):
        monkeypatch.setattr(unpack, "_MOST_STEPS", 410_000)
        file = tmp_path / "w.pt"
        file.write_bytes(packed(LONG))
        with pytest.raises(ModelError, match="no list of named weights"):
            read_checkpoint(file)

    def test_a_hundred_thousand_tensors_with_their_optimizer_may_be(self):
        """By the steps of a few hundred."""
        net = torch.nn.ParameterDict({f"layer{i}": torch.ones(1) for i in range(300)})
        optimizer = torch.optim.Adam(net.parameters())
        sum(net.values()).backward()
        optimizer.step()
        out = io.BytesIO()
        torch.save({"model": net.state_dict(), "adam": optimizer.state_dict()}, out)
        with zipfile.ZipFile(out) as archive:
            content = archive.read("archive/data.pkl")
        reached = []
        names_in(io.BytesIO(content), 1, reached.append)
        steps = reached[-1] + 10_000
        assert steps < len(content)
        assert steps / len(net) * 100_000 < unpack._MOST_STEPS


def archive():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("w.pt"))
    return out.getvalue()


COMPRESSED = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "LZMA": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "Zstandard": lambda data: b"\x28\xb5\x2f\xfd" + data,
}


class TestCompressedFiles:
    @pytest.mark.parametrize("name", COMPRESSED)
    @pytest.mark.parametrize("content", [b"", b"x" * 9, archive()])
    def test_they_are_named_and_not_unpacked(
        self, tmp_path, name, content, monkeypatch
    ):
        for way in ("gzopen", "bz2open", "xzopen"):
            monkeypatch.setattr(
                tarfile.TarFile, way, lambda *_, **__: pytest.fail("unpacked")
            )
        file = tmp_path / "w.pth.tar"
        file.write_bytes(COMPRESSED[name](content))
        with pytest.raises(ModelError, match=f"an? {name} archive; unpack it first"):
            read_checkpoint(file)

    def test_nothing_else_is_unpacked_to_tell_what_it_is(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cnnviz.nets.containers._FOREIGN", ())
        file = tmp_path / "w.ckpt"
        for compress in (gzip.compress, bz2.compress, lzma.compress):
            file.write_bytes(compress(archive()))
            with pytest.raises(ModelError, match="is damaged, or a kind of file"):
                read_checkpoint(file)

    def test_of_an_archive_no_more_is_read_than_tells_what_it_is(self, tmp_path):
        file = tmp_path / "w.tar"
        with tarfile.open(file, "w") as packed:
            for i in range(100):
                packed.addfile(tarfile.TarInfo(f"{i}.png"))
        content = bytearray(file.read_bytes())
        content[512 * 50 : 512 * 51] = b"\xff" * 512
        for damaged in (content, content[: 512 * 3 + 100]):
            file.write_bytes(damaged)
            with pytest.raises(ModelError, match="is a tar archive; unpack it"):
                read_checkpoint(file)
