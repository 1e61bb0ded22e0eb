"""Containers of torch.save, filled by hand with pickles it would never write."""

import io
import pickle
import struct
import zipfile

MAGIC = 0x1950A86A20F9469CFC6C


def text(value):
    """Return the opcode that puts a text on the stack."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def literal(data):
    """Return the opcode that puts bytes on the stack."""
    return b"B" + struct.pack("<I", len(data)) + data


def fetch(name):
    """Return the opcode that fetches ``"package.module.thing"``."""
    module, _, thing = name.rpartition(".")
    return f"c{module}\n{thing}\n".encode()


def value(x):
    """Return opcodes for a number, text, tuple, or bytes that are opcodes already."""
    if isinstance(x, bytes):
        return x
    if isinstance(x, str):
        return text(x)
    if isinstance(x, tuple):
        return b"(" + b"".join(map(value, x)) + b"t"
    if isinstance(x, dict):
        pairs = b"".join(value(k) + value(v) for k, v in x.items())
        return b"}(" + pairs + b"u"
    if isinstance(x, list):
        return b"](" + b"".join(map(value, x)) + b"e"
    return pickle.dumps(x, 2)[2:-1]


def call(name, *args):
    """Return opcodes that call a function; ``name`` may be opcodes itself."""
    function = fetch(name) if isinstance(name, str) else name
    return function + value(args) + b"R"


def make(name, state=None, *args):
    """Return opcodes that make an object of a class and fill it."""
    filled = b"" if state is None else value(state) + b"b"
    return fetch(name) + value(args) + b"\x81" + filled


def storage(numel, key="0", kind="FloatStorage", legacy=False):
    """Return opcodes that put a block of numbers on the stack."""
    known = ("storage", fetch(f"torch.{kind}"), key, "cpu", numel)
    return value((*known, None) if legacy else known) + b"Q"


def tensor(shape, strides, numel, key="0", kind="FloatStorage", legacy=False):
    """Return opcodes of a tensor over a block of numbers."""
    hooks = call("collections.OrderedDict")
    block = storage(numel, key, kind, legacy)
    return call(
        "torch._utils._rebuild_tensor_v2",
        *(block, 0, tuple(shape), tuple(strides), False, hooks),
    )


def whole(code, protocol=2):
    """Return a pickle of opcodes."""
    return b"\x80" + bytes([protocol]) + code + b"."


def zipped(pickled, blocks=(), **more):
    """Return an archive as today's ``torch.save`` writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for i, block in enumerate(blocks):
            archive.writestr(f"archive/data/{i}", block)
        archive.writestr("archive/version", "3\n")
        for name, data in more.items():
            archive.writestr(f"archive/{name}", data)
    return out.getvalue()


def legacy(pickled, blocks=(), mark=MAGIC, version=1001, machine=None, keys=None):
    """Return a file as ``torch.save`` wrote it before 1.6."""
    parts = [pickle.dumps(mark, 2), pickle.dumps(version, 2)]
    parts += [pickle.dumps({}, 2) if machine is None else machine, pickled]
    names = [str(i) for i in range(len(blocks))]
    parts.append(pickle.dumps(names, 2) if keys is None else keys)
    parts += [struct.pack("<q", len(block) // 4) + block for block in blocks]
    return b"".join(parts)
