"""Recognising networks by names and shapes, against torchvision's own builders."""

import json
from functools import cache

import pytest
import torchvision
from torch import nn

from cnnviz.core.resources import resource
from cnnviz.nets.catalog import find, models
from cnnviz.nets.drawing import unmade
from cnnviz.nets.known import layout
from cnnviz.nets.prefixes import readings
from cnnviz.nets.recognise import Match, NoMatch, recognise
from cnnviz.nets.signatures import signature

ENTRIES = [entry for entry in models() if entry.classes]
DOZEN = """
    alexnet vgg16 vgg11_bn googlenet inception_v3 resnet18 resnext50_32x4d
    squeezenet1_1 densenet121 mobilenet_v3_small mnasnet0_5 shufflenet_v2_x0_5
    efficientnet_b0 regnet_y_400mf vit_b_32 swin_t convnext_tiny maxvit_t
""".split()

PREFIXES = """
    module. model. _orig_mod. backbone. net. network. module._orig_mod.model.
""".split()


@cache
def made(name, **options):
    """Build a network as torchvision does, without memory."""
    if name in ("googlenet", "inception_v3"):
        options = {"init_weights": False, **options}
    return unmade(lambda: torchvision.models.get_model(name, weights=None, **options))


def grey(module):
    """Let the first convolution read one channel."""
    first = next(m for m in module.modules() if isinstance(m, nn.Conv2d))
    first.weight = nn.Parameter(first.weight[:, :1])
    return module


def shapes(state):
    return {name: tuple(value.shape) for name, value in state.items()}


def told(module):
    return recognise(shapes(module.state_dict()))


def is_plan(answer, name, classes, channels):
    assert isinstance(answer, Match), answer.sentence
    plan = answer.plan
    assert (plan.entry.name, plan.classes, plan.channels) == (name, classes, channels)
    return True


@cache
def entry_shapes(entry):
    return shapes(unmade(layout(entry)).state_dict())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_network_is_recognised_as_itself(entry):
    want = entry.want
    channels = want.channels if entry.task == "picture" else len(want.channels)
    is_plan(recognise(entry_shapes(entry)), entry.name, entry.classes, channels)


def test_no_two_networks_have_the_same_tensors():
    kinds = {tuple(sorted(entry_shapes(entry).items())) for entry in ENTRIES}
    assert len(kinds) == len(ENTRIES)


def test_the_table_of_names_is_that_of_the_networks():
    rows = json.loads(resource("torchvision/tensors.json").read_text(encoding="utf-8"))
    ours = [entry for entry in ENTRIES if entry.torchvision]
    assert [row["name"] for row in rows] == [entry.name for entry in ours]
    for row, entry in list(zip(rows, ours, strict=True))[::5]:
        assert row == signature(entry.name, unmade(layout(entry))).as_row()


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("classes", [1000, 7])
@pytest.mark.parametrize("name", DOZEN)
def test_classes_and_channels_are_read_from_the_tensors(name, classes, channels):
    module = made.__wrapped__(name, num_classes=classes)
    answer = told(grey(module) if channels == 1 else module)
    assert is_plan(answer, f"torchvision/{name}", classes, channels)
    many = "3 input channels" if channels == 3 else "1 input channel"
    assert f"with {classes} classes, {many}" in answer.notes[0]


@pytest.mark.parametrize("name", DOZEN)
def test_prefixes_do_not_hide_a_network(name):
    state = made(name, num_classes=7).state_dict()
    assert is_plan(recognise(shapes(state)), f"torchvision/{name}", 7, 3)
    for prefix in PREFIXES:
        wrapped = {prefix + key: value for key, value in state.items()}
        for reading in readings(wrapped):
            if shapes(reading.state) == shapes(state):
                break
            assert isinstance(recognise(shapes(reading.state)), NoMatch)
        else:
            pytest.fail(f"{prefix} stays")


@pytest.mark.parametrize("name", ["vit_b_16", "swin_v2_t", "densenet161", "resnet34"])
def test_what_is_planned_has_the_files_tensors(name):
    module = grey(made.__wrapped__(name, num_classes=3))
    answer = told(module)
    built = unmade(answer.plan.make).state_dict()
    assert shapes(built) == shapes(answer.adapted(module.state_dict()))


@pytest.mark.parametrize("extra", [True, False])
@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_heads_for_training_may_be_there_or_not(name, extra):
    answer = told(made(name, num_classes=5, aux_logits=extra))
    assert is_plan(answer, f"torchvision/{name}", 5, 3)
    assert not any("aux" in name.lower() for name in answer.names.values())
    assert any("training only" in note for note in answer.notes) is extra


def test_extra_heads_of_another_number_of_classes():
    state = shapes(made("inception_v3", num_classes=5).state_dict())
    state["AuxLogits.fc.weight"] = (1000, 768)
    assert is_plan(recognise(state), "torchvision/inception_v3", 5, 3)


@pytest.mark.parametrize("size", [224, 96, 384, 512])
def test_the_size_of_a_vision_transformers_picture(size):
    answer = told(made("vit_b_32", image_size=size))
    assert answer.plan.size == size


def test_a_number_of_patches_that_makes_no_square_fits_nothing():
    state = shapes(made("vit_b_32").state_dict())
    state["encoder.pos_embedding"] = (1, 7, 768)
    answer = recognise(state)
    assert isinstance(answer, NoMatch)
    assert [r.name for r in answer.nearest.reshaped] == ["encoder.pos_embedding"]


def test_old_names_of_densenet():
    module = made("densenet121", num_classes=9)
    old = {}
    for key, value in module.state_dict().items():
        before, layer, after = key.rpartition("denselayer")
        for part in ("norm", "conv"):
            after = after.replace(f".{part}1", f".{part}.1")
            after = after.replace(f".{part}2", f".{part}.2")
        old[before + layer + after] = value
    assert any("norm.1" in key for key in old)
    answer = recognise(shapes(old))
    assert is_plan(answer, "torchvision/densenet121", 9, 3)
    assert shapes(answer.adapted(old)) == shapes(module.state_dict())


def test_counters_of_batch_normalisation_may_be_missing():
    state = shapes(made("resnet18").state_dict())
    few = {k: s for k, s in state.items() if not k.endswith("num_batches_tracked")}
    assert len(few) < len(state)
    assert is_plan(recognise(few), "torchvision/resnet18", 1000, 3)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("resnet18", lambda m, d: setattr(m, "fc", nn.Sequential(nn.Dropout(), d))),
        ("efficientnet_b0", lambda m, d: setattr(m, "classifier", d)),
        ("vgg16", lambda m, d: m.classifier.__setitem__(6, nn.Sequential(d))),
        ("vit_b_32", lambda m, d: setattr(m, "heads", d)),
    ],
)
def test_a_class_layer_of_another_name(name, change):
    module = made.__wrapped__(name)
    width = [m for m in module.modules() if isinstance(m, nn.Linear)][-1].in_features
    change(module, nn.Linear(width, 11, device="meta"))
    answer = told(module)
    assert is_plan(answer, f"torchvision/{name}", 11, 3)
    assert any("dropout" in note for note in answer.notes)


def test_two_dense_layers_in_the_place_of_one_are_no_match():
    module = made.__wrapped__("resnet18")
    module.fc = nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 7))
    answer = told(module)
    assert answer.nearest.network == "torchvision/resnet18"
    assert answer.nearest.missing == ("fc.weight", "fc.bias")
    assert answer.nearest.unexpected == tuple(
        f"fc.{i}.{part}" for i in (0, 2) for part in ("weight", "bias")
    )


def test_a_near_miss_is_named_with_each_difference():
    module = made.__wrapped__("resnet50")
    module.conv1 = nn.Conv2d(3, 64, 3, device="meta")
    del module.layer4[2].bn3
    answer = told(module)
    miss = answer.nearest
    assert miss.network == "torchvision/resnet50"
    assert miss.missing == tuple(
        f"layer4.2.bn3.{part}"
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    assert miss.unexpected == ("conv1.bias",)
    (other,) = miss.reshaped
    assert (other.name, other.found, other.wanted) == (
        "conv1.weight",
        (64, 3, 3, 3),
        (64, 3, 7, 7),
    )
    total = sum("num_batches" not in key for key in module.state_dict())
    assert miss.fitting == total - 2
    assert "ResNet50 comes closest" in answer.sentence
    assert "4 missing, 1 unexpected, 1 of another shape" in answer.sentence


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)),
        nn.LSTM(3, 4),
        nn.Linear(2, 2),
    ],
)
def test_what_no_network_has_is_like_none(module):
    answer = told(module)
    assert isinstance(answer, NoMatch)
    assert answer.nearest is None
    assert "known network" in answer.sentence


def test_a_network_that_hardly_a_tensor_fits_is_not_called_close():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)  # as ResNet's
            self.rest = nn.Sequential(*(nn.Conv2d(8, 8, 3) for _ in range(8)))

    answer = told(Own())
    assert isinstance(answer, NoMatch)
    assert answer.nearest is None
    # 1 kernel, 5 of batch norm with its counter, 16 of convolutions
    assert answer.sentence == "no known network is close to these 22 tensors"


def test_batch_norms_counters_are_tensors_of_the_file_too():
    module = made("resnet18")
    module.conv1 = nn.Conv2d(3, 64, 3)
    answer = told(module)
    assert f"just these {len(module.state_dict())} tensors" in answer.sentence


def test_shapes_that_no_memory_could_hold_are_no_trouble():
    state = shapes(made("alexnet").state_dict())
    state["classifier.6.weight"] = (10**15, 4096)
    state["features.0.weight"] = (64, 0, 11, 11)
    answer = recognise(state)
    assert isinstance(answer, NoMatch)
    names = [reshaped.name for reshaped in answer.nearest.reshaped]
    assert names == ["features.0.weight", "classifier.6.weight"]


def test_one_network_can_be_asked_for():
    state = shapes(made("resnet34", num_classes=4).state_dict())
    assert is_plan(
        recognise(state, find("torchvision/resnet34")), "torchvision/resnet34", 4, 3
    )
    answer = recognise(state, find("torchvision/resnet18"))
    assert isinstance(answer, NoMatch)
    assert not answer.nearest.missing
    assert answer.nearest.unexpected


@pytest.mark.parametrize(("name", "channels"), [("tcn", 4), ("cnn1d", 9)])
def test_our_networks_of_series(name, channels):
    module = layout(find(name), channels=channels, classes=3)()
    assert is_plan(told(module), name, 3, channels)
