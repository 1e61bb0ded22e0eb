"""Files that want to run code when they are opened: none ever does."""

import contextlib
import copyreg
import pickle
import sys
import zipfile

import pytest
import torch
from packing import (
    call,
    fetch,
    legacy,
    literal,
    make,
    storage,
    tensor,
    text,
    value,
    whole,
    zipped,
)
from safetensors.torch import save_file

from cnnviz.core.errors import ModelError
from cnnviz.core.models import FileSpec
from cnnviz.nets.build import build
from cnnviz.nets.checkpoint import read_checkpoint
from cnnviz.nets.pickles import blocked, names_in

NONE, TRUE, SETITEM = b"N", b"\x88", b"s"


class Marker:
    """A file that must not appear, and ways to make it."""

    def __init__(self, folder):
        self.path = folder / "ran"
        self.code = f"open({str(self.path)!r}, 'w').close()"
        self.shell = f'echo ran > "{self.path}"'
        self.script = folder / "script.py"
        self.script.write_text(self.code)
        self.pickle = folder / "inner.pickle"
        self.inner = whole(call("builtins.exec", self.code))
        self.pickle.write_bytes(self.inner)

    @property
    def touch(self):
        """Return opcodes of a method that makes it."""
        return call("builtins.getattr", call("pathlib.Path", str(self.path)), "touch")


@pytest.fixture
def marker(tmp_path):
    return Marker(tmp_path)


PAYLOADS = {
    "os.system": lambda m: call("os.system", m.shell),
    "exec": lambda m: call("builtins.exec", m.code),
    "eval": lambda m: call("builtins.eval", m.code),
    "python 2": lambda m: call("__builtin__.eval", m.code),
    "open": lambda m: call("builtins.open", str(m.path), "w"),
    "io.open": lambda m: call("io.open", str(m.path), "w"),
    "FileIO": lambda m: call("_io.FileIO", str(m.path), "w"),
    "compile": lambda m: call(
        "builtins.exec", call("builtins.compile", m.code, "x", "exec")
    ),
    "subprocess": lambda m: call("subprocess.getoutput", m.shell),
    "popen": lambda m: call("subprocess.call", [sys.executable, "-c", m.code]),
    "runpy": lambda m: call("runpy.run_path", str(m.script)),
    "getattr": lambda m: call(m.touch),
    "importlib": lambda m: call(
        call("builtins.getattr", call("importlib.import_module", "os"), "system"),
        m.shell,
    ),
    "attrgetter": lambda m: call(
        call(call("operator.attrgetter", "system"), call("builtins.__import__", "os")),
        m.shell,
    ),
    "methodcaller": lambda m: call(
        call("operator.methodcaller", "touch"), call("pathlib.Path", str(m.path))
    ),
    "partial": lambda m: call(call("functools.partial", fetch("os.system"), m.shell)),
    "reduce": lambda m: call(
        "functools.reduce", fetch("builtins.open"), [str(m.path), "w"]
    ),
    "map": lambda m: call(
        "builtins.list", call("builtins.map", fetch("os.system"), [m.shell])
    ),
    "pickle": lambda m: call("pickle.loads", literal(m.inner)),
    "load_from_bytes": lambda m: call(
        "torch.storage._load_from_bytes", literal(zipped(m.inner))
    ),
    "numpy.load": lambda m: call("numpy.load", str(m.pickle), NONE, TRUE),
    "timeit": lambda m: call("timeit.timeit", m.code, "pass", fetch("time.time"), 1),
    "logging": lambda m: call("logging.FileHandler", str(m.path)),
    "instance": lambda m: b"(" + text(m.shell) + b"ios\nsystem\n",
    "object": lambda m: b"(" + fetch("os.system") + text(m.shell) + b"o",
    "stacked": lambda m: call(text("os") + text("system") + b"\x93", m.shell),
    "dotted": lambda m: call(
        text("pathlib") + text("Path.touch") + b"\x93",
        call("pathlib.Path", str(m.path)),
    ),
    "new": lambda m: make("_io.FileIO") + literal(b"") + b"0"
    + call("builtins.exec", m.code),
    "extension": lambda m: b"\x82\xf0" + value((m.shell,)) + b"R",
}  # fmt: skip


def weights():
    """Return opcodes of a state dict with one tensor of four zeros."""
    return value({"0.weight": tensor((4,), (1,), 4)})


HIDING = {
    "alone": lambda code: code,
    "beside weights": lambda code: value(
        {"state_dict": weights(), "epoch": 3, "note": code}
    ),
    "in a list": lambda code: value({"state_dict": weights(), "x": [[(1, code)]]}),
    "before weights": lambda code: value({"note": code, "state_dict": weights()}),
    "as a key": lambda code: value({"state_dict": weights()}) + code + b"Ns",
    "thrown away": lambda code: code + b"0" + weights(),
    "in a place": lambda code: value((code, "cpu")) + b"Q",
    "as a block": lambda code: value(("storage", code, "0", "cpu", 4)) + b"Q",
    "as a source": lambda code: value(("module", code, "file.py", "text")) + b"Q",
    "as hooks": lambda code: value(
        {
            "w": call(
                "torch._utils._rebuild_parameter", tensor((4,), (1,), 4), TRUE, code
            )
        }
    ),
    "as the state of a tensor": lambda code: value(
        {
            "w": call(
                "torch._tensor._rebuild_from_type_v2",
                fetch("torch._utils._rebuild_tensor_v2"),
                fetch("torch.Tensor"),
                (storage(4), 0, (4,), (1,), False, NONE),
                {"data": code},
            )
        }
    ),
    "as what makes a tensor": lambda code: call(
        "torch._tensor._rebuild_from_type_v2", code, fetch("torch.Tensor"), (), NONE
    ),
    "in a number of NumPy": lambda code: call(
        "numpy._core.multiarray.scalar", call("numpy.dtype", code), code
    ),
    "in a namespace": lambda code: make("argparse.Namespace", {"x": code}),
    "in a module": lambda code: make(
        "torch.nn.modules.linear.Linear", {"forward": code}
    ),
}


def refused(file, marker):
    """Open a file in every way, and check that nothing ran."""
    for way in (read_checkpoint, lambda path: build(FileSpec(weights_file=path))):
        with pytest.raises(ModelError) as caught:
            way(file)
        assert not marker.path.exists()
        assert "\n" not in str(caught.value)
    return caught


@pytest.fixture
def extension():
    """Give ``os.system`` a number, so that a pickle need not name it."""
    copyreg.add_extension("os", "system", 0xF0)
    yield
    copyreg.remove_extension("os", "system", 0xF0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PAYLOADS)
def test_the_payloads_are_real(marker, name, extension):
    protocol = 4 if name == "dotted" else 2
    unpickled = pickle.loads(whole(PAYLOADS[name](marker), protocol))
    getattr(unpickled, "close", str)()
    assert marker.path.exists()


@pytest.mark.parametrize("hidden", HIDING)
@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_runs(tmp_path, marker, name, hidden, extension):
    code = whole(HIDING[hidden](PAYLOADS[name](marker)))
    for i, packed in enumerate((zipped(code, [bytes(16)]), legacy(code, [bytes(16)]))):
        file = tmp_path / f"{i}.pt"
        file.write_bytes(packed)
        refused(file, marker)


@pytest.mark.parametrize("hidden", HIDING)
@pytest.mark.parametrize("name", PAYLOADS)
def test_torch_alone_would_not_run_them_either(
    tmp_path, marker, name, hidden, extension, monkeypatch
):
    monkeypatch.setattr("cnnviz.nets.unpack.names_in", lambda *_: frozenset())
    file = tmp_path / "w.pt"
    code = whole(HIDING[hidden](PAYLOADS[name](marker)))
    for packed in (zipped(code, [bytes(16)]), legacy(code, [bytes(16)])):
        file.write_bytes(packed)
        refused(file, marker)


@pytest.mark.parametrize("where", ["mark", "version", "machine", "keys"])
def test_no_part_of_a_legacy_file_runs(tmp_path, marker, where):
    code = whole(call("builtins.exec", marker.code))
    parts = {"mark": 0, "version": 0, "machine": None, "keys": None, where: code}
    pickled = [
        part if isinstance(part, bytes) else pickle.dumps(default, 2)
        for part, default in zip(
            (parts["mark"], parts["version"], parts["machine"], parts["keys"]),
            (0x1950A86A20F9469CFC6C, 1001, {}, ["0"]),
            strict=True,
        )
    ]
    content = whole(value({"w": tensor((4,), (1,), 4, legacy=True)}))
    file = tmp_path / "w.pt"
    file.write_bytes(b"".join([*pickled[:3], content, pickled[3]]) + bytes(24))
    refused(file, marker)


def test_a_header_of_safetensors_is_text(tmp_path, marker):
    file = tmp_path / "w.safetensors"
    note = {
        "classes": marker.code,
        "format": whole(call("os.system", "x")).decode("l1"),
    }
    save_file({"0.weight": torch.ones(2)}, file, note)
    found = read_checkpoint(file)
    assert found.state["0.weight"].tolist() == [1, 1]
    assert found.labels is None
    assert not marker.path.exists()


def test_every_blocked_name_is_told(tmp_path, marker):
    code = value(
        {"a": call("os.system", "x"), "b": make("train.Recorder"), "w": weights()}
    )
    file = tmp_path / "w.pt"
    for packed in (zipped(whole(code)), legacy(whole(code))):
        file.write_bytes(packed)
        said = str(refused(file, marker).value)
        assert "os.system, train.Recorder" in said
        assert "torch.save(model.state_dict(), …)" in said
        assert "the Python file that defines the network" in said


def test_names_are_listed_as_python_3_has_them(tmp_path):
    import io

    code = whole(call("__builtin__.eval", call("copy_reg._reconstructor", "x")))
    names = names_in(io.BytesIO(code))
    assert names == {"builtins.eval", "copyreg._reconstructor"}
    assert blocked(names) == ("builtins.eval", "copyreg._reconstructor")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("folder", ["archive", "other"])
def test_a_second_content_does_not_run(tmp_path, marker, first, folder):
    file = tmp_path / "w.pt"
    file.write_bytes(zipped(whole(weights()), [bytes(16)]))
    assert list(read_checkpoint(file).state) == ["0.weight"]
    good, evil = whole(weights()), whole(call("builtins.exec", marker.code))
    contents = [("archive", good), (folder, evil)]
    with zipfile.ZipFile(file, "w") as archive:
        for where, content in reversed(contents) if first else contents:
            archive.writestr(f"{where}/data.pkl", content)
        archive.writestr("archive/data/0", bytes(16))
    with contextlib.suppress(ModelError):
        read_checkpoint(file)
    assert not marker.path.exists()


def test_torch_always_reads_weights_only(tmp_path, marker, monkeypatch):
    calls = []
    original = torch.load

    def watched(*args, **options):
        calls.append(options)
        return original(*args, **options)

    monkeypatch.setattr(torch, "load", watched)
    good = tmp_path / "good.pt"
    good.write_bytes(zipped(whole(weights()), [bytes(16)]))
    read_checkpoint(good)
    bad = tmp_path / "bad.pt"
    bad.write_bytes(zipped(whole(weights() + b"N0"), [bytes(16)]))
    refused(bad, marker)
    assert len(calls) > 1
    assert all(call["weights_only"] is True for call in calls)


def test_a_list_that_grew_in_the_notebook_is_not_ours(tmp_path, marker):
    file = tmp_path / "w.pt"
    file.write_bytes(zipped(whole(call("builtins.exec", marker.code))))
    with torch.serialization.safe_globals([(exec, "builtins.exec")]):
        refused(file, marker)
