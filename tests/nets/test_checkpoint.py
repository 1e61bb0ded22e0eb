"""What is taken from checkpoints of every make, and what is said about them."""

import argparse
import datetime
import pathlib
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.nets.checkpoint import read_checkpoint, tensors_of

STATE = {"0.weight": torch.arange(6.0).reshape(2, 3), "0.bias": torch.tensor([1.0, 2])}


def same(found, wanted):
    return list(found) == list(wanted) and all(
        torch.equal(found[key], wanted[key]) for key in wanted
    )


@pytest.fixture
def read(tmp_path):
    def save_and_read(content, **options):
        torch.save(content, tmp_path / "w.ckpt", **options)
        return read_checkpoint(tmp_path / "w.ckpt")

    return save_and_read


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda s: s,
        lambda s: OrderedDict(s),
        lambda s: {"state_dict": s},
        lambda s: {"model_state_dict": s, "optimizer_state_dict": {"state": {}}},
        lambda s: {"model": s, "epoch": 1},
        lambda s: {"net": s, "acc": 90.0},
        lambda s: {"weights": s},
        lambda s: {"params": s},
        lambda s: {"model": {"state_dict": s}},
        lambda s: {"ema": s},
        lambda s: {"params_ema": s},
        lambda s: {"something": s, "optimizer": {"state_dict": {"x": torch.ones(99)}}},
        lambda s: {"best_loss": torch.tensor(0.5), "encoder": s},
        lambda s: (s, 3),
        lambda s: [{"lr": 0.1}, s],
    ],
)
def test_weights_are_found_under_the_usual_names(read, wrapped):
    assert same(read(wrapped(STATE)).state, STATE)


def test_lightning(read):
    inner = {f"model.{key}": value for key, value in STATE.items()}
    found = read(
        {
            "epoch": 7,
            "global_step": 1234,
            "pytorch-lightning_version": "2.5.0",
            "state_dict": inner,
            "callbacks": {"Best": {"best_model_score": torch.tensor(0.5)}},
            "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(7)}}}],
            "lr_schedulers": [],
            "hyper_parameters": {"lr": 0.1, "arch": "resnet18"},
        }
    )
    assert same(found.state, inner)
    assert found.prefix == "model."
    assert found.notes == ("epoch 7", "global_step 1234", "arch resnet18")
    assert [x.name for x in tensors_of(found)] == ["0.weight", "0.bias"]


def test_averaged_weights_are_named_when_they_are_not_taken(read):
    ema = {key: value + 1 for key, value in STATE.items()}
    found = read({"ema": ema, "model": STATE, "epoch": 3})
    assert same(found.state, STATE)
    assert found.notes == ("epoch 3", "“ema” is in the file too and was not used")
    alone = read({"ema_state_dict": ema})
    assert same(alone.state, ema)
    assert alone.notes == ("averaged weights (ema)",)


def test_of_several_networks_the_largest_is_taken(read):
    small = {"w": torch.ones(3)}
    found = read({"discriminator": small, "generator": STATE})
    assert same(found.state, STATE)
    assert found.notes == ("“discriminator” is in the file too and was not used",)


def test_what_stands_among_the_tensors_is_said(read):
    found = read({**STATE, "epoch": 12, "logit_scale": torch.tensor(2.5)})
    assert list(found.state) == [*STATE, "logit_scale"]
    assert found.notes == ("epoch 12",)


def test_numbers_of_numpy_do_not_stand_in_the_way(read):
    found = read(
        {
            "start_epoch": 5,
            "model": STATE,
            "best_ap": 0.5,
            "curr_ap": np.float64(0.4375),
            "step": np.int64(-3),
            "big": np.array(2.5, ">f4")[()],
            "half": np.float16(1.5),
            "flag": np.bool_(True),
            "text": np.str_("no number"),
            "array": np.arange(3),
            "kind": np.dtype("f4"),
        }
    )
    assert same(found.state, STATE)
    told = ("start_epoch 5", "best_ap 0.5", "curr_ap 0.4375", "step -3", "big 2.5")
    assert found.notes[:6] == (*told, "half 1.5")


@pytest.mark.parametrize(
    "data",
    [
        argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("runs")),
        pathlib.Path("runs/1"),
        datetime.datetime(2020, 1, 2),
        datetime.timedelta(1),
        defaultdict(list, {"loss": [0.5, 0.25]}),
        {1, 2},
        frozenset("ab"),
        slice(1, 2),
        range(3),
        b"bytes",
        2**70,
        1j,
        None,
    ],
)
def test_plain_data_does_not_stand_in_the_way(read, data):
    for zipped_ in (True, False):
        found = read(
            {"state_dict": STATE, "args": data},
            _use_new_zipfile_serialization=zipped_,
        )
        assert same(found.state, STATE)


def test_the_architecture_is_told_from_arguments(read):
    args = argparse.Namespace(arch="vgg16", lr=0.1)
    assert read({"state_dict": STATE, "args": args}).notes == ("arch vgg16",)


@pytest.mark.parametrize(
    "labels",
    [
        {"classes": ["cat", "dog", "emu"]},
        {"class_to_idx": {"emu": 2, "cat": 0, "dog": 1}},
        {"id2label": {"2": "emu", "0": "cat", "1": "dog"}},
        {"names": {0: "cat", 1: "dog", 2: "emu"}},
        {"meta": {"classes": ("cat", "dog", "emu")}},
        {"labels": '["cat", "dog", "emu"]'},
    ],
)
def test_names_of_classes(read, labels):
    assert read({"model": STATE, **labels}).labels == ("cat", "dog", "emu")


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"classes": 3},
        {"classes": []},
        {"labels": torch.arange(3)},
        {"class_to_idx": {"cat": 0, "dog": 5}},
        {"names": [1, 2]},
        {"labels": "no JSON"},
    ],
)
def test_no_names_of_classes(read, labels):
    assert read({"model": STATE, **labels}).labels is None


def test_safetensors_keep_their_order_and_texts(tmp_path):
    file = tmp_path / "w.safetensors"
    state = {"z": torch.ones(2), "a": torch.zeros(3), "m": torch.ones(1).half()}
    save_file(state, file, {"classes": '["x", "y"]', "arch": "tiny", "format": "pt"})
    found = read_checkpoint(file)
    assert set(found.state) == set(state)
    assert list(found.state) == sorted(
        state, key=lambda name: file.read_bytes().index(f'"{name}":'.encode())
    )
    assert found.notes == ("arch tiny",)
    assert found.labels == ("x", "y")


def test_tensors_of_every_kind(read, tmp_path):
    state = {
        "half": torch.tensor([0.1, 65504.0], dtype=torch.half),
        "brain": torch.tensor([0.1, 3e38], dtype=torch.bfloat16),
        "double": torch.tensor([0.1, 1e300], dtype=torch.double),
        "byte": torch.tensor([0, 255], dtype=torch.uint8),
        "long": torch.tensor([-(2**62), 2**62]),
        "bool": torch.tensor([True, False]),
        "complex": torch.tensor([1 + 2j]),
        "eight": torch.tensor([0.5, 448.0]).to(torch.float8_e4m3fn),
        "none": torch.zeros(0, 3),
        "one": torch.tensor(3.5),
        "turned": torch.arange(6.0).reshape(2, 3).t(),
        "last": torch.rand(1, 2, 3, 4).to(memory_format=torch.channels_last),
        "conjugate": torch.tensor([1 + 2j]).conj(),
        "parameter": nn.Parameter(torch.ones(2)),
    }
    found = read(state)
    for name, wanted in state.items():
        pair = wanted, found.state[name]
        assert found.state[name].dtype == wanted.dtype
        assert found.state[name].shape == wanted.shape
        one_byte = wanted.dtype.itemsize == 1  # not all of them can be compared
        assert torch.equal(*(x.float() if one_byte else x for x in pair))
    assert type(found.state["parameter"]) is torch.Tensor
    facts = {x.name: x for x in tensors_of(found)}
    assert facts["brain"].dtype == "bfloat16"
    assert facts["half"].values.dtype == facts["brain"].values.dtype == np.float32
    assert facts["double"].values.dtype == np.float64
    assert facts["complex"].values is None
    assert facts["double"].maximum == 1e300
    assert facts["one"].shape == ()
    assert facts["one"].mean == 3.5
    assert facts["none"].values.size == 0
    assert np.isnan(facts["none"].mean)
    assert np.array_equal(facts["turned"].values, state["turned"].numpy())
    assert all(not x.values.flags.writeable for x in facts.values() if x.shape == (2,))


def test_statistics_against_numpy(read):
    rng = np.random.default_rng(0)
    values = rng.normal(3, 2, (3, 1 << 20)).astype(np.float32)
    values[0, :5] = np.nan
    values[1, :3] = np.inf
    values[2, 0] = -np.inf
    (fact,) = tensors_of(read({"w": torch.from_numpy(values)}))
    finite = values[np.isfinite(values)].astype(np.float64)
    assert (fact.nans, fact.infinities) == (5, 4)
    assert (fact.minimum, fact.maximum) == (finite.min(), finite.max())
    assert fact.mean == pytest.approx(finite.mean(), rel=1e-9)
    assert fact.std == pytest.approx(finite.std(), rel=1e-6)


def test_weights_that_are_no_numbers_open_and_are_counted(read):
    state = {**STATE, "a": torch.tensor([1, torch.nan]), "b": torch.tensor([torch.inf])}
    found = read(state)
    assert found.notes == (
        "1 of 4 tensors holds NaN",
        "1 of 4 tensors holds infinity",
    )


def test_tied_tensors_stay_one(read):
    weight = torch.rand(3, 3)
    found = read({"a": weight, "b": weight, "c": weight[1:]}).state
    assert found["a"].data_ptr() == found["b"].data_ptr()
    assert torch.equal(found["c"], weight[1:])


def test_names_that_are_no_texts_are_left_out(read):
    assert same(read({**STATE, 3: torch.ones(2)}).state, STATE)


def test_tens_of_thousands_of_names(tmp_path):
    file = tmp_path / "w.safetensors"
    one = torch.ones(1)
    save_file({f"layers.{i}.weight": one.clone() for i in range(30_000)}, file)
    found = read_checkpoint(file)
    assert len(found.state) == 30_000


def test_small_tensors_that_repeat_a_value_are_written_out(read):
    found = read({"w": torch.ones(1).expand(64, 64)}).state["w"]
    assert found.is_contiguous()
    assert torch.equal(found, torch.ones(64, 64))


def test_what_hangs_on_a_tensor_is_left_behind(read):
    hung = torch.ones(2)
    hung.secret = ["anything"]
    found = read({"w": hung}).state["w"]
    assert not hasattr(found, "secret")


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_reading_tells_of_its_progress_and_stops(tmp_path, kind):
    file = tmp_path / "w.pt"
    if kind == "safetensors":
        save_file(STATE, file)
    else:
        torch.save(STATE, file, _use_new_zipfile_serialization=kind == "zip")
    told = []
    read_checkpoint(file, lambda *step: told.append(step))
    assert len(told) >= 3
    assert all(done < expected for done, expected, _ in told)
    assert {what for *_, what in told} == {"reading w.pt"}

    def stop(done, expected, what):
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_checkpoint(file, stop)


def test_a_file_that_is_written_anew_leaves_what_was_read_alone(tmp_path):
    file = tmp_path / "w.safetensors"
    save_file({"weight": torch.arange(50_000.0)}, file)
    found = read_checkpoint(file).state["weight"]
    with file.open("r+b") as same:
        same.truncate(0)
    assert torch.equal(found, torch.arange(50_000.0))


@pytest.mark.parametrize(
    "value", [[1, 2], {}, {"epoch": 3}, torch.zeros(3), {0: STATE["0.bias"]}]
)
def test_other_contents_are_refused(read, value):
    with pytest.raises(ModelError, match="holds no list of named weights"):
        read(value)
