"""Files whose tensors cannot be had, or should not."""

import io
import json
import zipfile

import pytest
import torch
from packing import call, fetch, legacy, make, storage, tensor, value, whole, zipped
from safetensors.torch import save_file

from cnnviz.core.errors import ModelError
from cnnviz.nets.checkpoint import read_checkpoint

STATE = {"0.weight": torch.arange(6.0).reshape(2, 3), "0.bias": torch.tensor([1.0, 2])}


@pytest.fixture
def refusal(tmp_path):
    def save_and_read(content):
        file = tmp_path / "w.pt"
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            torch.save(content, file)
        with pytest.raises(ModelError) as caught:
            read_checkpoint(file)
        assert str(file) in str(caught.value)
        return str(caught.value)

    return save_and_read


def test_the_tensors_of_a_small_file_may_not_be_huge(refusal):
    million = tensor((1 << 40,), (0,), 1)
    code = whole(value({"0.weight": million}))
    for packed in (
        zipped(code, [bytes(4)]),
        legacy(
            whole(value({"0.weight": tensor((1 << 40,), (0,), 1, legacy=True)})),
            [bytes(4)],
        ),
    ):
        said = refusal(packed)
        assert "claim 4.4 TB and 4 bytes are there" in said
        assert "0.weight, claims to be 1099511627776 of 4 bytes" in said


def test_many_tensors_over_one_block_may_not_be_huge(refusal):
    block = tensor((1 << 18,), (1,), 1 << 18)
    code = value({f"{i}.weight": block for i in range(100)})
    assert "claim 105 MB" in refusal(zipped(whole(code), [bytes(4 << 18)]))


def test_a_block_shorter_than_it_says_is_not_read_past(refusal):
    for numel in (1000, 1 << 40):
        code = whole(value({"w": tensor((numel,), (1,), numel)}))
        assert "damaged" in refusal(zipped(code, [bytes(16)]))
    outside = whole(value({"w": tensor((5,), (1,), 4)}))
    assert "damaged" in refusal(zipped(outside, [bytes(16)]))


def test_a_header_of_safetensors_that_lies(refusal, tmp_path):
    for entry in (
        {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 4 << 40]},
        {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "XX", "shape": [1], "data_offsets": [0, 4]},
    ):
        header = json.dumps({"w": entry}).encode()
        packed = len(header).to_bytes(8, "little") + header + bytes(4)
        assert "damaged" in refusal(packed)


def test_archives_that_unpack_to_far_more_are_not_opened(refusal):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        numel = 20_000_000
        code = whole(value({"w": tensor((numel,), (1,), numel)}))
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/data/0", bytes(4 * numel))
    assert "would unpack to 80 MB" in refusal(out.getvalue())


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_files_larger_than_the_memory_are_not_read(tmp_path, monkeypatch, kind):
    file = tmp_path / "w.pt"
    if kind == "safetensors":
        save_file(STATE, file)
    else:
        torch.save(STATE, file, _use_new_zipfile_serialization=kind == "zip")
    monkeypatch.setattr("cnnviz.nets.memory.free_memory", lambda: 30)
    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(ModelError, match=r"takes .* GB of memory and 0\.0 GB are free"):
        read_checkpoint(file)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (torch.ones(2, 2).to_sparse(), "sparse tensors"),
        (torch.empty(3, device="meta"), "tensors of the meta device"),
    ],
)
def test_tensors_that_are_not_plain(refusal, made, said):
    assert said in refusal({"w": made})


@pytest.mark.filterwarnings("ignore")
def test_quantized_tensors_are_named(refusal):
    quantized = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    assert "quantized tensors" in refusal({"w": quantized})


def test_a_training_helper_is_named(refusal):
    recorder = make("__main__.RecorderMeter", {"epoch": 3})
    content = {"epoch": 3, "state_dict": {"module.0.bias": tensor((2,), (1,), 2)}}
    said = refusal(zipped(whole(value({**content, "recorder": recorder})), [bytes(8)]))
    assert "__main__.RecorderMeter" in said


def test_a_newer_kind_of_pickle_is_explained(refusal, tmp_path):
    torch.save(STATE, tmp_path / "new.pt", pickle_protocol=4)
    assert "pickle_protocol" in refusal((tmp_path / "new.pt").read_bytes())


def test_known_names_used_oddly_do_no_harm(refusal):
    odd = [
        make("argparse.Namespace", {"__class__": fetch("torch.Size")}),
        call(make("argparse.Namespace"), 1),
        call("torch.nn.functional.relu", storage(4)),
        call("numpy._core.multiarray.scalar", "f8", 3),
        call("torch.storage.UntypedStorage", 1 << 50),
        call("torch.nn.parameter.Parameter", "x"),
        call("torch._utils._rebuild_tensor_v2", 1, 2, 3),
        call("torch.Size", 5),
        value({"w": fetch("torch.Tensor")}),
        fetch("torch.Tensor") + value({"forward": 1}) + b"b",
        fetch("torch.nn.modules.linear.Linear") + value({"forward": 1}) + b"b",
    ]
    for code in odd:
        for packed in (zipped(whole(code), [bytes(16)]), legacy(whole(code))):
            refusal(packed)
