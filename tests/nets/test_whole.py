"""Networks that were pickled whole: opened when all of them is of torch.nn."""

import io
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from packing import call, fetch, legacy, make, tensor, value, whole, zipped
from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.nets.checkpoint import read_checkpoint


class Residual(nn.Module):
    def forward(self, x):
        return x


NETWORKS = {
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, padding="same", padding_mode="reflect"),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Upsample(scale_factor=2),
            nn.ConvTranspose2d(4, 2, 2, stride=2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(2, 5),
            nn.Softmax(1),
        ),
        (2, 3, 12, 10),
    ),
    "series": (
        lambda: nn.Sequential(nn.Conv1d(2, 3, 3, dilation=2), nn.GELU(), nn.ELU(0.5)),
        (1, 2, 20),
    ),
    "recurrent": (lambda: nn.LSTM(3, 4, 2, bidirectional=True), (5, 1, 3)),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, 16), (4, 1, 8)),
    "gelu": (
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, activation="gelu"),
            2,
            enable_nested_tensor=False,
        ),
        (4, 1, 8),
    ),
    "parallel": (
        lambda: nn.DataParallel(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh())),
        (1, 1, 5, 5),
    ),
    "double": (lambda: nn.Sequential(nn.Linear(3, 2)).double(), (1, 3)),
}


def pickled(content, **options):
    out = io.BytesIO()
    torch.save(content, out, **options)
    return out.getvalue()


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        (tmp_path / "net.pt").write_bytes(content)
        return read_checkpoint(tmp_path / "net.pt")

    return write_and_read


@pytest.fixture
def refusal(read):
    def write_and_read(content):
        with pytest.raises(ModelError) as caught:
            read(content)
        return str(caught.value)

    return write_and_read


def first(out):
    return out[0] if isinstance(out, tuple) else out


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_torch_nn_open_and_compute_the_same(read, name):
    make_network, shape = NETWORKS[name]
    network = make_network().eval()
    found = read(pickled(network))
    x = torch.rand(shape)
    with torch.no_grad():
        wanted = first(network.float()(x))
        assert torch.allclose(first(found.module(x)), wanted, atol=1e-5)
    assert not found.module.training
    assert not any(p.requires_grad for p in found.module.parameters())
    bare = network.module if name == "parallel" else network
    assert list(found.state) == list(bare.state_dict())
    assert [type(x) for x in found.module.modules()] == [
        type(x) for x in bare.modules()
    ]


def test_in_the_old_container_they_hold_source_code(refusal):
    old = pickled(nn.Linear(2, 2), _use_new_zipfile_serialization=False)
    assert "a whole network as torch saved it before 1.6" in refusal(old)


def test_numbers_are_kept_as_they_were_saved(read):
    found = read(pickled(nn.Linear(2, 1).double()))
    assert found.state["weight"].dtype == torch.float64
    assert found.module.weight.dtype == torch.float32


def test_a_network_beside_other_things(read):
    network = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    found = read(pickled({"epoch": 3, "model": network, "classes": ["a", "b"]}))
    assert torch.equal(found.module[0].weight, network[0].weight)
    assert found.notes == ("epoch 3",)
    assert found.labels == ("a", "b")


def test_shared_parts_stay_shared(read):
    part = nn.Linear(3, 3)
    network = nn.Sequential(part, nn.ReLU(), part, nn.Linear(3, 3))
    network[3].weight = part.weight
    found = read(pickled(network)).module
    assert found[0] is found[2]
    assert found[3].weight is found[0].weight


def test_classes_of_others_are_named(refusal):
    said = refusal(pickled(nn.Sequential(nn.Linear(2, 2), Residual())))
    assert f"{Residual.__module__}.Residual" in said
    assert "the Python file that defines the network" in said
    assert "torch.nn.modules" not in said


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_old_weight_norm_is_named(refusal):
    said = refusal(pickled(nn.utils.weight_norm(nn.Conv1d(1, 1, 1))))
    assert "torch.nn.utils.weight_norm.WeightNorm" in said


LINEAR = "torch.nn.modules.linear.Linear"
RELU = "torch.nn.modules.activation.ReLU"
BLOCKS = [bytes(range(1, 17))]


def state(**more):
    """Return what a linear layer is filled with."""
    return {
        "training": b"\x88",
        "_parameters": {"weight": tensor((2, 2), (2, 1), 4), "bias": b"N"},
        "_buffers": {},
        "_modules": {},
        "in_features": 2,
        "out_features": 2,
        **more,
    }


def packed(code):
    return zipped(whole(code), BLOCKS)


def test_the_hand_made_layer_is_right(read):
    found = read(packed(make(LINEAR, state())))
    assert isinstance(found.module, nn.Linear)
    wanted = torch.frombuffer(bytearray(BLOCKS[0]), dtype=torch.float32)
    assert torch.equal(found.module.weight, wanted.reshape(2, 2))
    assert found.module._forward_hooks == OrderedDict()


RELU_FUNCTION = fetch("torch.nn.functional.relu")
HOOKED = value({1: RELU_FUNCTION})
ODD = {
    "hooks": ({"_forward_hooks": HOOKED}, "_forward_hooks is code that runs"),
    "early hooks": ({"_forward_pre_hooks": HOOKED}, "_forward_pre_hooks is code"),
    "back hooks": ({"_backward_hooks": HOOKED}, "_backward_hooks is code"),
    "saving hooks": ({"_state_dict_hooks": HOOKED}, "_state_dict_hooks is code"),
    "loading hooks": ({"_load_state_dict_pre_hooks": HOOKED}, "hooks is code"),
    "forward": ({"forward": RELU_FUNCTION}, "forward is in the place of a method"),
    "plain forward": ({"forward": "text"}, "forward is in the place of a method"),
    "call": ({"_call_impl": RELU_FUNCTION}, "_call_impl is in the place of a method"),
    "compiled": ({"_compiled_call_impl": RELU_FUNCTION}, "relu, which is no plain"),
    "dunder": ({"__class__": fetch(RELU)}, "__class__ is no name of an attribute"),
    "class": ({"in_features": fetch(LINEAR)}, "Linear, which is no plain data"),
    "storage": ({"in_features": fetch("torch.FloatStorage")}, "which is no plain data"),
    "dict class": ({"x": fetch("collections.OrderedDict")}, "which is no plain data"),
    "counter": ({"x": call("collections.Counter")}, "Counter, which is no plain data"),
    "function": ({"x": RELU_FUNCTION}, "relu, which is no plain data"),
    "hidden function": ({"x": [(1, {"y": RELU_FUNCTION})]}, "relu, which is no plain"),
    "rebuilder": (
        {"x": fetch("torch._utils._rebuild_tensor_v2")},
        "which is no plain data",
    ),
    "module as attribute": ({"x": make(RELU, state())}, "ReLU, which is no plain data"),
    "other activation": ({"activation": fetch(RELU)}, "ReLU, which is no plain data"),
    "called": ({"activation": call("argparse.Namespace")}, "Namespace, which is no"),
    "parameter": ({"_parameters": {"weight": 3}}, "weight is no tensor"),
    "buffer": ({"_buffers": {"weight": RELU_FUNCTION}}, "weight is no tensor"),
    "child": ({"_modules": {"0": 3}}, "0 is no module of torch.nn"),
    "child class": ({"_modules": {"0": fetch(LINEAR)}}, "0 is no module of torch.nn"),
    "child function": ({"_modules": {"0": RELU_FUNCTION}}, "0 is no module"),
    "namespace": (
        {"_modules": {"0": make("argparse.Namespace", {})}},
        "0 is no module",
    ),
    "dotted": ({"_modules": {"a.b": make(RELU, {})}}, "is no table of modules"),
    "table": ({"_modules": 3}, "is no table of modules"),
    "list": ({"_parameters": [1]}, "is no table of parameters"),
}


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_modules_that_are_not_plain_are_refused(refusal, name, inside):
    more, said = ODD[name]
    code = make(LINEAR, state(**more))
    if inside:
        code = make(LINEAR, state(_modules={"part": code}))
    refused = refusal(packed(code))
    assert said in refused
    assert "call torch.save(model.state_dict(), …) instead" in refused
    if inside:
        assert "part" in refused


@pytest.mark.parametrize(
    "code",
    [
        make(LINEAR),
        make(LINEAR, 3),
        make(LINEAR, state(), 2, 2),
        call(LINEAR, 2, 2),
        call(RELU_FUNCTION, tensor((4,), (1,), 4)),
        fetch(LINEAR),
        make(LINEAR, state(_parameters={"weight": call(RELU)})),
    ],
)
def test_classes_that_are_not_filled_as_usual(refusal, code):
    refusal(packed(code))
    refusal(legacy(whole(code), BLOCKS))


def test_a_stand_in_is_never_the_class_itself(read, monkeypatch):
    made = []
    monkeypatch.setattr(nn.Linear, "__init__", lambda *_: made.append("init"))
    monkeypatch.setattr(nn.Linear, "__call__", lambda *_: made.append("call"))
    code = call(
        "torch._tensor._rebuild_from_type_v2",
        make(LINEAR, state()),
        fetch("torch.Tensor"),
        (tensor((1, 2), (2, 1), 4),),
        b"N",
    )
    with pytest.raises(ModelError):
        read(packed(value({"w": code})))
    assert not made


def test_a_module_inside_itself(refusal):
    inside = b"q\x01" + value({"_modules": {"0": b"h\x01"}}) + b"b"
    code = make(LINEAR) + inside
    assert "0 is inside itself" in refusal(packed(code))


def test_modules_that_hold_one_another_twice_have_an_end(refusal):
    code = make(RELU, {"_modules": {}})
    for i in range(40):
        shared = code + b"q" + bytes([i])
        code = make(RELU, {"_modules": {"a": shared, "b": b"h" + bytes([i])}})
    assert "more than 100,000 modules" in refusal(packed(code))


def test_very_deep_networks_end_too(refusal):
    code = make(RELU, {"_modules": {}})
    for _ in range(5000):
        code = make(RELU, {"_modules": {"0": code}})
    assert "damaged" in refusal(packed(code))


def test_buffers_that_claim_terabytes(refusal):
    huge = tensor((1 << 40,), (0,), 4)
    unsaved = {"_non_persistent_buffers_set": call("builtins.set", ["x"])}
    for more in (
        {"_buffers": {"x": huge}},
        {"_buffers": {"x": huge}, **unsaved},
        {"_parameters": {"weight": huge}},
    ):
        assert "claim 4.4 TB" in refusal(packed(make(LINEAR, state(**more))))


def test_what_hangs_on_a_tensor_is_left_behind(read):
    hung = call(
        "torch._utils._rebuild_parameter_with_state",
        tensor((2, 2), (2, 1), 4),
        b"\x88",
        HOOKED,
        {"secret": RELU_FUNCTION},
    )
    found = read(
        packed(make(LINEAR, state(_parameters={"weight": hung, "bias": b"N"})))
    )
    assert not hasattr(found.module.weight, "secret")
    assert not found.module.weight._backward_hooks


def test_the_two_activations_are_torchs_own(read):
    for name, function in (("relu", F.relu), ("gelu", F.gelu)):
        layer = nn.TransformerEncoderLayer(4, 2, 8, activation=name)
        assert read(pickled(layer)).module.activation is function
