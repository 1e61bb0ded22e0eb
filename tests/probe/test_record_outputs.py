"""R1: every recorded output equals what an independent oracle saw."""

import numpy as np
import pytest
import torch
import torchvision
from networks import NETWORKS, build
from oracle import watched

from cnnviz.probe.recorder import record

SIZES = {
    "alexnet": 70,
    "vgg16": 40,
    "vgg16_bn": 40,
    "resnet18": 48,
    "squeezenet1_1": 48,
    "googlenet": 64,
    "mobilenet_v3_small": 64,
    "densenet121": 40,
}


def classifier(name):
    """A network of torchvision, small where only its size would cost time."""
    torch.manual_seed(1)
    more = {"init_weights": False} if name in ("googlenet", "vgg16", "vgg16_bn") else {}
    with torch.device("meta"):
        model = getattr(torchvision.models, name)(weights=None, num_classes=10, **more)
    if name.startswith(("alexnet", "vgg")):
        features = model.classifier[0 if name.startswith("vgg") else 1].in_features
        dense = [m for m in model.classifier if isinstance(m, torch.nn.Linear)]
        with torch.device("meta"):
            sizes = [(features, 16), (16, 16), (16, 10)]
            for layer, (i, o) in zip(dense, sizes, strict=True):
                layer.__init__(i, o)
    model = model.to_empty(device="cpu").eval()
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            torch.nn.init.uniform_(tensor, -0.1, 0.1)
    for name, buffer in model.named_buffers():
        if name.endswith("running_var"):
            buffer.abs_().add_(0.5)
    return model


def as_shown(tensor):
    """What is shown of a result: no batch axis, half precision widened."""
    tensor = tensor.detach()
    narrow = tensor.dtype in (torch.float16, torch.bfloat16)
    return (tensor.float() if narrow else tensor).numpy()


def agree(layers, calls):
    """Every layer's output is, bit for bit, the oracle's, in the same order."""
    names = [f"{layer.name} ({layer.op})" for layer in layers]
    assert len(layers) == len(calls), f"{names}\n{[name for name, _ in calls]}"
    for layer, (name, made) in zip(layers, calls, strict=True):
        wanted = as_shown(made[0])
        shape = wanted.shape
        assert layer.shape in (shape, shape[1:], shape[:1] + shape[2:]), layer.name
        assert np.array_equal(layer.output.reshape(shape), wanted, equal_nan=True), (
            f"{layer.name} differs from {name}"
        )


@pytest.mark.parametrize("name", SIZES)
def test_torchvision_equals_the_oracle(name):
    model = classifier(name)
    x = torch.randn(3, SIZES[name], SIZES[name])
    recording = record(model, [x.numpy()])
    assert recording.error is None
    calls, result = watched(model, x)
    agree(recording.layers, calls)
    (output,) = recording.outputs
    by_name = {layer.name: layer for layer in recording.layers}
    np.testing.assert_array_equal(by_name[output].output, result[0])


SEEN = [name for name in NETWORKS if name != "by_way_of_numpy"]


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", SEEN)
def test_awkward_networks_equal_the_oracle(name):
    model, inputs = build(name)
    recording = record(model, inputs)
    assert recording.error is None
    model, inputs = build(name)
    kind = next(model.parameters()).dtype
    calls, _ = watched(model, *(x.to(kind) for x in inputs))
    agree(recording.layers, calls)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", SEEN)
def test_the_same_network_gives_the_same_twice(name):
    model, inputs = build(name)
    first, again = record(model, inputs).layers, record(model, inputs).layers
    for one, two in zip(first, again, strict=True):
        assert (one.name, one.inputs, one.op) == (two.name, two.inputs, two.op)
        np.testing.assert_array_equal(one.output, two.output)
