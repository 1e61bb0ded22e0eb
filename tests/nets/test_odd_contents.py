"""Checkpoints with odd things in them: opened without these, or refused in words."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import call, fetch, make, storage, tensor, value, whole, zipped
from safetensors.torch import save_file

from cnnviz.core.errors import ModelError
from cnnviz.nets.checkpoint import read_checkpoint, tensors_of

STATE = {"0.weight": torch.arange(6.0).reshape(2, 3), "0.bias": torch.tensor([1.0, 2])}
NAN, INF = float("nan"), float("inf")
SURROGATE = b"X\x03\0\0\0\xed\xa0\x80"
FOUR = tensor((4,), (1,), 4)
DTYPES = sorted(
    {x for x in vars(torch).values() if isinstance(x, torch.dtype)}, key=str
)


@pytest.fixture
def read(tmp_path):
    """Read what an object is saved as, or what opcodes pack."""

    def save_and_read(content):
        file = tmp_path / "w.pt"
        if isinstance(content, bytes):
            file.write_bytes(zipped(whole(content), [bytes(16)]))
        else:
            torch.save(content, file)
        found = read_checkpoint(file)
        tensors_of(found)
        return found

    return save_and_read


def same(state):
    return state.keys() == STATE.keys() and all(
        torch.equal(state[name], STATE[name]) for name in STATE
    )


class Reduced:
    """Saved as a call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def scalar(kind, data):
    return Reduced(np.float64(0).__reduce__()[0], kind, data)


ODD_NUMBERS = {
    "many digits": (10**400, ()),
    "many digits below nought": (-(10**400), ()),
    "as large as a float": (10**308, ("epoch 1e+308",)),
    "infinite": (INF, ("epoch inf",)),
    "not a number": (NAN, ("epoch nan",)),
    "complex": (1j, ()),
    "fields": (scalar(Reduced(np.dtype, ["f8"]), bytes(8)), ()),
    "numpy's own type": (scalar(Reduced(np.dtype, 3), bytes(8)), ()),
    "no type": (scalar(None, bytes(8)), ()),
    "few bytes": (scalar(np.dtype("f8"), bytes(3)), ()),
    "no bytes": (scalar(np.dtype("f8"), 5), ()),
    "numpy's largest": (np.float32(INF), ("epoch inf",)),
    "big-endian": (np.array(2.5, ">f8")[()], ("epoch 2.5",)),
    "four bits": (torch.zeros((), dtype=torch.uint8).view(torch.float4_e2m1fn_x2), ()),
    "eight bits": (torch.tensor(2.0).to(torch.float8_e5m2), ("epoch 2",)),
    "bits": (torch.zeros((), dtype=torch.uint8).view(torch.bits8), ()),
    "infinite tensor": (torch.tensor(INF), ("epoch inf",)),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_NUMBERS)
def test_odd_numbers_beside_weights(read, name):
    number, told = ODD_NUMBERS[name]
    found = read({"epoch": number, "state_dict": STATE})
    assert same(found.state)
    assert found.notes == told


@pytest.mark.parametrize("state", [(), (3,), (3, ">"), {"a": 1}, None, "text"])
def test_odd_states_of_numpy_dtypes(read, state):
    kind = make("numpy.dtype", None, "f8") if state is None else (
        call("numpy.dtype", "f8") + value(state) + b"b"
    )  # fmt: skip
    one = {True: b"\x3f\xf0" + bytes(6), False: bytes(6) + b"\xf0\x3f"}
    data = one[state == (3, ">")]
    encoded = call("_codecs.encode", data.decode("latin1"), "latin1")
    number = call("numpy._core.multiarray.scalar", kind, encoded)
    assert read(value({"epoch": number, "model": {"w": FOUR}})).notes == ("epoch 1",)


ODD_NAMES = {
    "deep JSON": "[" * 100_000,
    "deep JSON table": '{"a":' * 100_000,
    "JSON of many digits": "1" * 5000,
    "JSON without an end": '["a", "b"',
    "JSON of infinity": '{"a": Infinity, "b": 1}',
    "infinite": {INF: "a", 1: "b"},
    "infinite numbers": {"a": INF, "b": 1},
    "not a number": {NAN: "a", 1: "b"},
    "halves": {0.5: "a", 1.5: "b"},
    "many digits": {"9" * 5000: "a", "1": "b"},
    "far away": {10**300: "a", 0: "b"},
    "tensors": {torch.ones(2): "a", torch.ones(1): "b"},
    "pairs": {(0, 1): "a", (1, 2): "b"},
    "nothing": {None: "a", "1": "b"},
    "bytes": {b"0": "a", b"1": "b"},
    "numpy's": {np.int64(0): "a", np.int64(1): "b"},
    "numbers": [1, 2],
    "lists": [["a"], ["b"]],
    "below nought": {-1: "a", 0: "b"},
}


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("key", ["names", "class_to_idx"])
def test_odd_names_of_classes(read, name, key):
    found = read({key: ODD_NAMES[name], "state_dict": STATE})
    assert same(found.state)
    assert found.labels is None


TEXTS = [name for name, odd in ODD_NAMES.items() if isinstance(odd, str)]


@pytest.mark.parametrize("name", TEXTS)
def test_odd_names_in_a_header_of_safetensors(tmp_path, name):
    odd = ODD_NAMES[name]
    save_file(STATE, tmp_path / "w.safetensors", {"names": odd, "epoch": odd})
    found = read_checkpoint(tmp_path / "w.safetensors")
    assert same(found.state)
    assert found.labels is None


def test_a_name_that_is_no_whole_text_is_kept(read):
    found = read(value({"names": [SURROGATE, "b"], "model": {SURROGATE: FOUR}}))
    assert found.labels == ("\ud800", "b")
    assert list(found.state) == ["\ud800"]


@pytest.mark.parametrize("key", [10**500, b")" + b"\x85" * 100_000, b"N", 1j, (1, 2)])
def test_odd_keys_of_a_file_without_weights(read, key):
    with pytest.raises(ModelError, match="holds no list of named weights"):
        read(value({key: 1}))


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_is_shown_or_refused(read, dtype):
    """Torch's own conversion tells which can be shown."""
    try:
        odd = torch.empty(8, dtype=torch.uint8).fill_(0).view(dtype)
        torch.save(odd, io.BytesIO())
    except (KeyError, RuntimeError):
        pytest.skip("torch cannot save it")
    try:
        odd.to(torch.complex64)
    except RuntimeError:
        words = f"odd is of {dtype}, .* save it as float|odd is no plain tensor"
        with pytest.raises(ModelError, match=words):
            read({**STATE, "odd": odd})
        return
    found = read({**STATE, "odd": odd})
    assert found.state["odd"].dtype == dtype
    (fact,) = (x for x in tensors_of(found) if x.name == "odd")
    if fact.values is not None:
        assert np.array_equal(fact.values, odd.to(torch.float64).numpy(), True)


def test_four_bits_in_safetensors(tmp_path):
    header = {"w": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}
    text = json.dumps(header).encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(2))
    with pytest.raises(ModelError, match=r"w is of torch\.float4_e2m1fn_x2"):
        read_checkpoint(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_archives_that_torch_does_not_read(tmp_path, method):
    file, packed = tmp_path / "w.pt", tmp_path / "packed.pt"
    torch.save(STATE, file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(packed, "w", method) as new:
        for part in old.namelist():
            new.writestr(part, old.read(part))
    whole = packed.read_bytes()
    with pytest.raises(ModelError, match=r"packed in a way that torch does not read"):
        read_checkpoint(packed)
    for at in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        packed.write_bytes(damaged)
        with pytest.raises(ModelError):
            read_checkpoint(packed)


METHODS = (
    *("detach", "numel", "float", "isfinite", "aminmax", "is_floating_point"),
    *("untyped_storage", "contiguous", "numpy", "clone", "is_complex", "reshape"),
    *("dtype", "shape", "nbytes", "layout", "data", "__class__"),
)


@pytest.mark.parametrize("method", METHODS)
def test_attributes_of_a_tensor_do_not_hide_its_methods(read, method):
    bare = (storage(4), 0, (4,), (1,), False, b"N")
    odd = call(
        "torch._tensor._rebuild_from_type_v2",
        *(fetch("torch._utils._rebuild_tensor_v2"), fetch("torch.Tensor"), bare),
        {method: 5},
    )
    in_words(read, value({"model": {"w": odd}, "epoch": odd, "names": odd}))


@pytest.mark.parametrize("method", ["items", "get", "keys", "values", "__len__"])
def test_attributes_of_a_table_do_not_hide_its_methods(read, method):
    table = call("collections.OrderedDict") + b"("
    hidden = b"u" + value({method: 5}) + b"b"
    model = table + value("w") + FOUR + hidden
    beside = table + value("name") + value("x") + hidden
    content = table + value("model") + model + value("args") + beside + hidden
    found = read(content)
    assert found.state["w"].tolist() == [0, 0, 0, 0]
    assert found.notes == ("name x",)


@pytest.mark.parametrize("odd", [5, None, "x", [[1]], {"x": 1}])
@pytest.mark.parametrize(
    "name", ["_non_persistent_buffers_set", "training", "_buffers", "eps", "_version"]
)
def test_odd_attributes_of_a_pickled_layer(read, name, odd):
    state = {"_buffers": {"x": FOUR}, "_parameters": {}, "_modules": {}}
    state[name] = b"N" if odd is None else odd
    in_words(read, make("torch.nn.modules.batchnorm.BatchNorm2d", state))


def in_words(read, content):
    """Read weights of four zeros, or be told in words why not."""
    said, state = "", {}
    try:
        state = read(content).state
    except ModelError as error:
        said = str(error)
    assert "\n" not in said
    assert all(x.tolist() == [0, 0, 0, 0] for x in state.values())


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.sampled_from(["[", '{"0": "a", "1": "b"}', "[1e999]", "null", '{"a": 1e999}']),
    st.binary(max_size=5),
    st.sampled_from([np.float64(0.5), np.int8(1), np.float16(INF), np.bool_(True)]),
    st.sampled_from([torch.tensor(INF), torch.ones(2), torch.tensor(3), torch.ones(0)]),
)
KEYS = st.one_of(
    st.sampled_from(
        "epoch arch args config names classes id2label class_to_idx loss".split()
    ),
    st.integers(-2, 3),
    st.floats(),
    st.text(max_size=3),
    st.none(),
)
TREES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(beside=st.dictionaries(KEYS, TREES, max_size=5))
def test_anything_beside_weights(tmp_path_factory, beside):
    file = tmp_path_factory.getbasetemp() / "anything.pt"
    torch.save({**beside, "state_dict": STATE}, file)
    found = read_checkpoint(file)
    assert same(found.state)
    assert all(isinstance(x, str) for x in (*found.notes, *(found.labels or ())))
