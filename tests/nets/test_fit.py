"""Weights go into a network all together, or it is said which do not."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from cnnviz.core.errors import ModelError
from cnnviz.core.tensors import Reshaped
from cnnviz.nets.drawing import unmade
from cnnviz.nets.spelling import effective, spelled
from cnnviz.nets.weights import fit, misfit, misfit_words, shapes_of

V = np.array([[[1, -2, 3], [0, 1, 2]], [[2, 0, 0], [-1, 0, 4]], [[5, 1, 1], [1, 1, 1]]])
G = np.array([1.0, 2.0, 0.5]).reshape(3, 1, 1)
REST = {
    "0.bias": torch.tensor([0.1, -0.2, 0.3]),
    "2.weight": torch.tensor([[[1.0], [2], [3]], [[0], [-1], [1]]]),
    "2.bias": torch.tensor([0.5, -0.5]),
}
PAIRS = {
    "old": {"0.weight_g": torch.tensor(G), "0.weight_v": torch.tensor(V)},
    "new": {
        "0.parametrizations.weight.original0": torch.tensor(G),
        "0.parametrizations.weight.original1": torch.tensor(V),
    },
}


def series_network(kind):
    first = nn.Conv1d(2, 3, 3)
    if kind == "old":
        first = nn.utils.weight_norm(first)
    elif kind == "new":
        first = parametrizations.weight_norm(first)
    return nn.Sequential(first, nn.ReLU(), nn.Conv1d(3, 2, 1)).eval()


def by_hand(x):
    """Compute the network above with loops; ``x`` is ``(2, T)``."""
    kernels = V * G / np.sqrt((V**2).sum((1, 2), keepdims=True))
    bias, weight = REST["0.bias"].numpy(), REST["2.weight"].numpy()[:, :, 0]
    steps = range(x.shape[1] - 2)
    maps = np.array([[(k * x[:, t : t + 3]).sum() for t in steps] for k in kernels])
    maps = np.maximum(maps + bias[:, None], 0)
    return weight @ maps + REST["2.bias"].numpy()[:, None]


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*weight_norm:DeprecationWarning")
@pytest.mark.parametrize("network", ["old", "new", "plain"])
@pytest.mark.parametrize("file", ["old", "new"])
def test_weight_norm_of_every_version_fits_every_other(tmp_path, network, file):
    module = series_network(network)
    state = {k: v.float() for k, v in PAIRS[file].items()} | REST
    assert misfit(module, state, "tcn") is None
    assert fit(module, state, tmp_path, "tcn") == ()
    x = np.arange(24.0).reshape(2, 12) % 5 - 2
    with torch.no_grad():
        found = module(torch.tensor(x, dtype=torch.float32)[None])[0].numpy()
    assert np.allclose(found, by_hand(x), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*weight_norm:DeprecationWarning")
@pytest.mark.parametrize("network", ["old", "new"])
def test_a_plain_weight_is_not_split(tmp_path, network):
    state = {"0.weight": torch.ones(3, 2, 3)} | REST
    found = misfit(series_network(network), state, "tcn")
    assert len(found.missing) == 2
    assert found.unexpected == ("0.weight",)
    with pytest.raises(ModelError, match=r"2 missing .*; 1 unexpected \(0\.weight\)"):
        fit(series_network(network), state, tmp_path, "tcn")


@pytest.mark.parametrize("dim", [0, 1, 2, None])
def test_effective_weights_along_every_axis(dim):
    layer = parametrizations.weight_norm(nn.Conv1d(2, 3, 4), dim=dim)
    pair = layer.parametrizations.weight
    with torch.no_grad():
        pair.original0.mul_(3)
        assert torch.allclose(
            effective(pair.original0, pair.original1), layer.weight, atol=1e-6
        )


def test_names_at_the_top_are_spelled_too():
    state = {
        "weight_g": torch.ones(2, 1),
        "weight_v": torch.eye(2),
        "bias": torch.ones(2),
    }
    assert torch.equal(spelled(state, ("weight",))["weight"], torch.eye(2))
    new = spelled(state, ("parametrizations.weight.original0",))
    assert torch.equal(new["parametrizations.weight.original0"], state["weight_g"])


def test_pairs_that_are_none_stay():
    state = {"weight_g": torch.ones(5, 5), "weight_v": torch.eye(2)}
    assert spelled(state, ("weight",)) == state


@pytest.mark.filterwarnings("ignore:.*spectral_norm:FutureWarning")
@pytest.mark.parametrize(
    "norm", [parametrizations.spectral_norm, nn.utils.spectral_norm]
)
def test_spectral_norm_is_left_as_it_is(tmp_path, norm):
    source, network = (norm(nn.Linear(4, 3)).eval() for _ in range(2))
    assert not torch.allclose(source.weight, network.weight)
    state = dict(source.state_dict())
    assert fit(network, state, tmp_path, "net") == ()
    x = torch.rand(2, 4)
    assert torch.allclose(network(x), source(x), atol=1e-6)


def head(classes):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, classes))


def test_a_head_of_another_size_is_named_with_both_shapes(tmp_path):
    state = head(7).state_dict()
    found = misfit(head(10), state, "net")
    assert found.fitting == 2
    assert found.reshaped == (
        Reshaped("2.weight", (7, 4), (10, 4)),
        Reshaped("2.bias", (7,), (10,)),
    )
    assert found.missing == found.unexpected == ()
    said = misfit_words(found)
    assert said == (
        "net: 2 of another shape (2.weight is 7×4, wanted 10×4, 2.bias is 7, wanted 10)"
    )
    with pytest.raises(ModelError, match=re.escape(said)):
        fit(head(10), state, tmp_path / "w.pt", "net")


def test_what_fits_can_be_loaded_and_the_rest_is_named(tmp_path):
    source, network = head(7), head(10)
    before = network[2].weight.clone()
    state = {**source.state_dict(), "extra": torch.ones(1)}
    assert fit(network, state, tmp_path, "net", partial=True) == ("2.weight", "2.bias")
    assert torch.equal(network[0].weight, source[0].weight)
    assert torch.equal(network[2].weight, before)


def test_nothing_that_fits_is_refused_even_then(tmp_path):
    state = {"backbone.9.weight": torch.ones(4, 9), "0.weight": torch.ones(9, 3, 5, 5)}
    with pytest.raises(ModelError, match=r"nothing in .* fits net: 3 missing"):
        fit(head(10), state, tmp_path, "net", partial=True)


def test_a_file_of_another_network_is_refused(tmp_path):
    state = nn.Sequential(nn.Conv2d(3, 9, 5), nn.Linear(9, 4)).state_dict()
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4, 2))
    state = {f"x.{key}": value for key, value in state.items()}
    before = [value.clone() for value in network.state_dict().values()]
    with pytest.raises(ModelError, match=r"4 missing .* 4 unexpected"):
        fit(network, state, tmp_path, "net")
    after = network.state_dict().values()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_shapes_alone_are_enough_to_compare():
    wanted = {"w": (2, 3), "b": (2,), "n.num_batches_tracked": ()}
    with torch.device("meta"):
        state = {"w": torch.empty(2, 3), "b": torch.empty(2)}
    assert misfit(wanted, state, "net") is None
    found = misfit(wanted, {"w": state["w"], "c": state["b"]}, "net")
    assert (found.missing, found.unexpected, found.fitting) == (("b",), ("c",), 1)
    assert shapes_of(nn.BatchNorm1d(3))["running_var"] == (3,)


@pytest.mark.parametrize("made", [unmade, lambda make: make()])
def test_counters_of_batch_norm_may_be_missing(tmp_path, made):
    network = made(lambda: nn.Sequential(nn.BatchNorm1d(3)))
    state = {
        "0.weight": torch.tensor([1.0, 2, 3]),
        "0.bias": torch.zeros(3),
        "0.running_mean": torch.zeros(3),
        "0.running_var": torch.ones(3),
    }
    assert misfit(network, state, "net") is None
    assert fit(network, state, tmp_path, "net") == ()
    out = network.eval()(torch.ones(1, 3))
    assert torch.allclose(out, torch.tensor([[1.0, 2, 3]]), atol=1e-4)


@pytest.mark.parametrize("made", [unmade, lambda make: make()])
@pytest.mark.parametrize("kind", ["half", "bfloat16", "double"])
def test_every_precision_becomes_float32(tmp_path, made, kind):
    network = made(lambda: nn.Linear(2, 1))
    weight = torch.tensor([[0.5, -2.0]], dtype=getattr(torch, kind))
    state = {"weight": weight, "bias": torch.tensor([0.25], dtype=weight.dtype)}
    fit(network, state, tmp_path, "net")
    assert {x.dtype for x in network.state_dict().values()} == {torch.float32}
    assert network(torch.tensor([[2.0, 1.0]])).item() == -0.75


@pytest.mark.parametrize("kind", ["int8", "complex64", "bool"])
def test_numbers_that_are_no_weights_are_refused(tmp_path, kind):
    state = {"weight": torch.ones(1, 2), "bias": torch.ones(1)}
    state["bias"] = state["bias"].to(getattr(torch, kind))
    with pytest.raises(ModelError, match=f"bias holds {kind} numbers, floating-point"):
        fit(nn.Linear(2, 1), state, tmp_path, "net")


def test_an_unmade_network_takes_the_tensors_without_a_copy(tmp_path):
    state = {"weight": torch.ones(1, 2), "bias": torch.ones(1)}
    network = unmade(lambda: nn.Linear(2, 1))
    fit(network, state, tmp_path, "net")
    assert network.weight.data_ptr() == state["weight"].data_ptr()


def test_tied_weights_stay_tied(tmp_path):
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    network[1].weight = network[0].weight
    state = {key: torch.ones_like(value) for key, value in network.state_dict().items()}
    fit(network, state, tmp_path, "net")
    assert network[1].weight is network[0].weight
    assert network[0].weight.detach().eq(1).all()


def test_a_network_may_rename_what_older_files_have(tmp_path):
    class Renaming(nn.Linear):
        def _load_from_state_dict(self, state, prefix, *rest):
            if f"{prefix}old" in state:
                state[f"{prefix}weight"] = state.pop(f"{prefix}old")
            super()._load_from_state_dict(state, prefix, *rest)

    network = Renaming(2, 1)
    state = {"old": torch.ones(1, 2), "bias": torch.zeros(1)}
    fit(network, state, tmp_path, "net")
    assert network.weight.tolist() == [[1, 1]]
    assert list(state) == ["old", "bias"]


def test_many_names_are_counted_and_three_are_told():
    wanted = {f"layer{i}.weight": (1,) for i in range(2000)}
    said = misfit_words(misfit(wanted, {}, "net"))
    assert said == (
        "net: 2,000 missing (layer0.weight, layer1.weight, layer2.weight, …)"
    )
