"""What notebooks and scripts use."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import cnnviz
from cnnviz.core.errors import InputError, ModelError


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "noise.png"
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture(scope="module")
def net():
    return cnnviz.open_model("alexnet")


def test_a_sample_is_what_the_network_wants(net, photo):
    sample = cnnviz.open_sample(photo, net)
    assert sample.values[0].shape == (3, *net.want.crop)
    assert sample.shown.shape == (*net.want.crop, 3)
    back = sample.values[0] * np.reshape(net.want.std, (3, 1, 1)) + np.reshape(
        net.want.mean, (3, 1, 1)
    )
    np.testing.assert_allclose(
        back.transpose(1, 2, 0) * 255, sample.shown, atol=1e-3
    )  # fmt: skip


def test_a_catalogue_network_on_a_picture(net, photo):
    sample = cnnviz.open_sample(photo, net)
    trace = cnnviz.trace(net, sample)
    with torch.no_grad():
        logits = net.module(torch.tensor(sample.values[0])[None])[0]
    assert trace.title == "alexnet"
    assert trace.weights == net.weights
    assert trace.labels == net.labels
    assert trace.layers[0].shape[0] == trace.layers[0].channels == 96
    np.testing.assert_allclose(trace.scores, logits.softmax(0), atol=1e-6)


def test_any_module_on_any_array():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(2, 3, 5), nn.ReLU(inplace=True)).eval()
    values = np.random.default_rng(0).normal(size=(2, 20)).astype(np.float32)
    trace = cnnviz.trace(module, values)
    weight, bias = (p.detach().numpy() for p in module[0].parameters())
    windows = np.lib.stride_tricks.sliding_window_view(values, 5, axis=1)
    before = np.einsum("oik,itk->ot", weight, windows) + bias[:, None]
    assert [layer.name for layer in trace.layers] == ["0", "1"]
    np.testing.assert_allclose(trace["0"].output, before, atol=1e-5)
    np.testing.assert_allclose(trace["1"].output, np.maximum(before, 0), atol=1e-5)


def test_later_training_changes_no_trace():
    module = nn.Linear(3, 2)
    trace = cnnviz.trace(module, torch.ones(3))
    before = trace.layers[0].weight.copy()
    with torch.no_grad():
        module.weight.add_(1)
    np.testing.assert_array_equal(trace.layers[0].weight, before)


def test_labels_can_be_given():
    trace = cnnviz.trace(nn.Linear(3, 2), np.ones(3, np.float32), labels=["a", "b"])
    assert trace.labels == ("a", "b")
    assert trace.scores.sum() == pytest.approx(1)


def test_a_failing_network_keeps_what_ran():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.Linear(5, 2))
    trace = cnnviz.trace(module, np.ones((1, 2, 2), np.float32))
    assert "2" in trace.error
    assert trace.layers[-1].name == "1"


def test_random_weights_on_request():
    learned = cnnviz.open_model("alexnet")
    random = cnnviz.open_model("alexnet", "random", seed=3)
    again = cnnviz.open_model("alexnet", "random", seed=3)
    first, second, third = (
        next(iter(net.module.parameters())) for net in (learned, random, again)
    )
    assert not torch.equal(first, second)
    assert torch.equal(second, third)


def test_refusals(net, tmp_path):
    with pytest.raises(ModelError, match="nonsense"):
        cnnviz.open_model("nonsense")
    with pytest.raises(InputError, match=r"none\.png"):
        cnnviz.open_sample(tmp_path / "none.png", net)
