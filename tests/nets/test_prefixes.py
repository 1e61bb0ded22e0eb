"""What goes from before the names of tensors, and what never does."""

import pytest
import torch
from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.nets.prefixes import readings, wrapping
from cnnviz.nets.weights import fit, misfit

KEYS = ("0.weight", "0.bias", "1.running_mean", "4.weight")


class Inner(nn.Module):
    """Names within which the words of prefixes stand."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.submodel = nn.Linear(4, 2)


def small():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    )


def named(*keys):
    return {key: torch.tensor(float(i)) for i, key in enumerate(keys)}


def fitting(network, state, path):
    """Load the first reading that fits; return it, or None."""
    for reading in readings(state):
        if misfit(network, reading.state, "net") is None:
            assert fit(network, reading.state, path, "net") == ()
            return reading
    return None


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "module.",
        "model.",
        "_orig_mod.",
        "backbone.",
        "net.encoder.",
        "module.model.",
        "model.module._orig_mod.",
        "_orig_mod.module.",
        "module._orig_mod.",
        "model._orig_mod.",
        "any.words.at.all.",
    ],
)
def test_what_all_names_begin_with_goes(tmp_path, prefix):
    source, network = small(), small()
    state = {prefix + key: value for key, value in source.state_dict().items()}
    found = fitting(network, state, tmp_path)
    assert found.prefix == prefix
    assert found.note == (f"“{prefix}” before every name removed" if prefix else "")
    for key, value in source.state_dict().items():
        assert torch.equal(network.state_dict()[key], value)


def test_only_the_first_word_goes_and_no_other_like_it(tmp_path):
    source, network = Inner(), Inner()
    state = {f"model.{key}": value for key, value in source.state_dict().items()}
    assert "model.model.0.weight" in state
    assert fitting(network, state, tmp_path).prefix == "model."
    assert torch.equal(network.model[0].weight, source.model[0].weight)
    assert torch.equal(network.submodel.weight, source.submodel.weight)


def test_what_a_network_calls_its_own_stays(tmp_path):
    source, network = nn.Sequential(), nn.Sequential()
    source.model = nn.Linear(2, 2)
    network.model = nn.Linear(2, 2)
    assert fitting(network, source.state_dict(), tmp_path).prefix == ""


def test_one_name_without_the_prefix_of_the_others_counts_too(tmp_path):
    source, network = small(), small()
    keys = list(source.state_dict())
    state = {
        key if i == 0 else f"module.{key}": source.state_dict()[key]
        for i, key in enumerate(keys)
    }
    found = fitting(network, state, tmp_path)
    assert found.note == "“module.” inside names removed"
    for key in keys:
        assert torch.equal(network.state_dict()[key], source.state_dict()[key])


def test_other_words_before_some_names_stay(tmp_path):
    source, network = small(), small()
    state = dict(source.state_dict())
    state["encoder.0.weight"] = state.pop("0.weight")
    assert fitting(network, state, tmp_path) is None
    with pytest.raises(ModelError, match=r"1 missing \(0\.weight\); 1 unexpected"):
        fit(network, state, tmp_path / "w.pt", "net")


@pytest.mark.parametrize(
    ("keys", "inner"),
    [
        (("0._orig_mod.weight", "0._orig_mod.bias", "1.running_mean"), "_orig_mod."),
        (("features.module.0.weight", "features.module.3.bias", "fc.bias"), "module."),
        (("a._orig_mod.module.x", "a._orig_mod.module.y", "b.z"), "_orig_mod.module."),
    ],
)
def test_wrapped_parts_are_unwrapped(keys, inner):
    last = list(readings(named(*keys)))[-1]
    assert last.prefix == inner
    assert last.note == f"“{inner}” inside names removed"
    words = inner.rstrip(".").split(".")
    for before, after in zip(keys, last.state, strict=True):
        assert [x for x in before.split(".") if x not in words] == after.split(".")


def test_outer_and_inner_words_go_together():
    keys = ("model.a._orig_mod.w", "model.b.w")
    found = {reading.prefix: tuple(reading.state) for reading in readings(named(*keys))}
    assert found["model._orig_mod."] == ("a.w", "b.w")


def test_no_two_names_become_one():
    keys = ("module.a", "a", "b.module.c")
    for reading in readings(named(*keys)):
        assert len(reading.state) == 3


def test_no_name_becomes_empty():
    for keys in (("module", "a"), ("a",), ("a.", "a.b"), ("_orig_mod",)):
        for reading in readings(named(*keys)):
            assert len(reading.state) == len(keys)


def test_readings_go_from_the_least_to_the_most_removed_and_are_different():
    state = named(*(f"module.model.{key}" for key in KEYS))
    found = list(readings(state))
    assert [x.prefix for x in found] == ["", "module.", "module.model."]
    assert found[0].state == state
    for reading in found:
        assert list(reading.state.values()) == list(state.values())


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        (("module.model.a.w", "module.model.b"), "module.model."),
        (("model.a", "net.b"), ""),
        (("encoder.a", "encoder.b"), ""),
        (("model", "model.a"), ""),
        ((), ""),
    ],
)
def test_wrapping_words(keys, prefix):
    assert wrapping(dict.fromkeys(keys)) == prefix
