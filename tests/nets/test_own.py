"""Networks of files: the same values as the modules they were saved from."""

import hashlib
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from cnnviz.core.errors import Cancelled, MisfitError, ModelError, UnknownNetworkError
from cnnviz.core.models import FileSpec, ImageWant, InputChoices, ModelSpec
from cnnviz.core.progress import no_check
from cnnviz.core.tensors import Reshaped
from cnnviz.nets.build import build
from cnnviz.nets.catalog import find

HEAD = """
import torch.nn as nn

def build():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 10),
    )
"""


def made(name, classes=7, channels=3, seed=0, **options):
    torch.manual_seed(seed)
    module = torchvision.models.get_model(
        name, weights=None, num_classes=classes, **options
    )
    first = next(m for m in module.modules() if isinstance(m, nn.Conv2d))
    if channels != 3:
        weight = torch.randn(len(first.weight), channels, *first.kernel_size)
        first.weight = nn.Parameter(weight / 10)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.1, 0.1)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return module.eval()


def saved(state, tmp_path, name="my.pt"):
    path = tmp_path / name
    if path.suffix == ".safetensors":
        save_file({k: v.contiguous() for k, v in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def same(net, module, size=(96, 96), channels=3):
    x = torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(net.module(x), module(x))
    assert not net.module.training
    assert not any(p.requires_grad for p in net.module.parameters())
    assert {p.dtype for p in net.module.parameters()} == {torch.float32}


def code(tmp_path, text, name="model.py"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


# recognised


@pytest.mark.parametrize(
    ("name", "classes", "channels", "prefix"),
    [
        ("squeezenet1_1", 1000, 3, "module."),
        ("squeezenet1_0", 7, 1, ""),
        ("shufflenet_v2_x0_5", 7, 3, "model."),
        ("mobilenet_v3_small", 7, 1, "_orig_mod."),
        ("mnasnet0_5", 1000, 1, "backbone."),
        ("resnet18", 7, 4, "module._orig_mod."),
        ("efficientnet_b0", 2, 3, ""),
        ("densenet121", 3, 1, "net."),
        ("regnet_y_400mf", 5, 3, "model."),
    ],
)
def test_a_state_dict_gives_the_same_scores(name, classes, channels, prefix, tmp_path):
    module = made(name, classes, channels)
    state = {prefix + key: value for key, value in module.state_dict().items()}
    net = build(FileSpec(saved(state, tmp_path)))
    same(net, module, channels=channels)
    assert net.want.channels == channels
    assert net.trained
    assert net.weights == "weights of my.pt"
    assert any(f"with {classes} classes" in note for note in net.notes)
    assert any(prefix in note for note in net.notes)


@pytest.mark.parametrize("extra", [True, False])
def test_googlenet_with_and_without_its_extra_heads(extra, tmp_path):
    module = made("googlenet", 4, aux_logits=extra, init_weights=False)
    net = build(FileSpec(saved(module.state_dict(), tmp_path)))
    same(net, module)
    assert any("transform_input" in note for note in net.notes)


def test_torchvisions_own_file_scales_its_input(tmp_path):
    module = made(
        "googlenet", 1000, aux_logits=False, init_weights=False, transform_input=True
    )
    file = find("torchvision/googlenet").file
    net = build(FileSpec(saved(module.state_dict(), tmp_path, file)))
    same(net, module)
    assert not any("transform_input" in note for note in net.notes)


@pytest.mark.parametrize("name", ["my.safetensors", "my.pth", "my.ckpt"])
def test_half_precision_and_containers(name, tmp_path):
    module = made("squeezenet1_1")
    half = {key: value.half() for key, value in module.state_dict().items()}
    whole = {key: value.float() for key, value in half.items()}
    net = build(FileSpec(saved(half, tmp_path, name)))
    module.load_state_dict(whole)
    same(net, module)


def test_our_own_network_of_series(tmp_path):
    module = build(ModelSpec("tcn", "random", channels=4)).module
    net = build(FileSpec(saved(module.state_dict(), tmp_path)))
    x = torch.rand(1, 4, 60)
    with torch.no_grad():
        assert torch.equal(net.module(x), module(x))
    assert net.task == "series"
    assert net.want.channels == tuple(f"variable {i}" for i in (1, 2, 3, 4))
    assert (net.want.mean, net.want.rate) == ((), 0)


def test_the_input_of_a_recognised_network(tmp_path):
    path = saved(made("squeezenet1_1").state_dict(), tmp_path)
    net = build(FileSpec(path))
    assert net.want == find("torchvision/squeezenet1_1").want
    assert "guessed: the size 224×224, mean and std of ImageNet" in net.notes
    said = InputChoices(size=(40, 60), mean=(0.0,), std=(1.0,))
    net = build(FileSpec(path, choices=said))
    assert (net.want.crop, net.want.mean) == ((40, 60), (0.0,) * 3)
    assert not any("guess" in note for note in net.notes)
    assert net.taken == InputChoices("picture", (40, 60), (0.0,) * 3, (1.0,) * 3)


def test_one_channel_gets_imagenets_grey_and_this_is_a_guess(tmp_path):
    path = saved(made("squeezenet1_1", channels=1).state_dict(), tmp_path)
    net = build(FileSpec(path))
    colours = find("torchvision/squeezenet1_1").want
    for grey, three in ((net.want.mean, colours.mean), (net.want.std, colours.std)):
        assert grey == pytest.approx([sum(three) / 3], abs=1e-3)
    assert any("ImageNet in grey" in note for note in net.notes)


def test_imagenets_names_are_a_guess_for_a_thousand_classes(tmp_path):
    path = saved(made("squeezenet1_1", 1000).state_dict(), tmp_path)
    net = build(FileSpec(path))
    assert net.labels[0] == "tench"
    assert any("ImageNet's, a guess" in note for note in net.notes)


def test_labels_beside_the_weights(tmp_path):
    path = saved(made("squeezenet1_1", 2).state_dict(), tmp_path)
    assert build(FileSpec(path)).labels is None
    (tmp_path / "my.labels.txt").write_text("ant\nbee\n")
    assert build(FileSpec(path)).labels == ("ant", "bee")
    (tmp_path / "my.labels.txt").write_text("ant\nbee\ncow\n")
    net = build(FileSpec(path))
    assert net.labels is None
    assert any("3 names of classes, but the network gives 2" in n for n in net.notes)


# not recognised


def test_an_unknown_network_lists_its_tensors(tmp_path):
    state = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1)).state_dict()
    with pytest.raises(UnknownNetworkError) as caught:
        build(FileSpec(saved({"module." + k: v for k, v in state.items()}, tmp_path)))
    assert [t.name for t in caught.value.tensors] == list(state)
    assert caught.value.nearest is None
    assert str(caught.value).startswith("my.pt: none of its 4 tensors")


def test_the_nearest_network_can_be_forced(tmp_path):
    module = made("resnet18")
    module.conv1 = nn.Conv2d(3, 64, 3)
    path = saved(module.state_dict(), tmp_path)
    with pytest.raises(UnknownNetworkError, match="ResNet18 comes closest") as caught:
        build(FileSpec(path))
    name = caught.value.nearest.network
    with pytest.raises(
        MisfitError, match=r"conv1\.weight is 64×3×3×3, wanted 64×3×7×7"
    ):
        build(FileSpec(path, architecture=name))
    net = build(FileSpec(path, architecture=name, partial=True))
    assert net.weights == "101 of 102 tensors of my.pt; conv1.weight random"
    assert not net.trained
    assert torch.equal(net.module.layer4[1].conv2.weight, module.layer4[1].conv2.weight)
    assert torch.equal(net.module.fc.weight, module.fc.weight)
    again = build(FileSpec(path, architecture=name, partial=True))
    assert torch.equal(net.module.conv1.weight, again.module.conv1.weight)


def test_an_architecture_that_does_not_fit_at_all(tmp_path):
    path = saved(nn.Linear(2, 2).state_dict(), tmp_path)
    with pytest.raises(MisfitError) as caught:
        build(FileSpec(path, architecture="torchvision/alexnet"))
    assert caught.value.misfit.fitting == 0
    with pytest.raises(ModelError, match="nothing"):
        build(FileSpec(path, architecture="torchvision/alexnet", partial=True))
    with pytest.raises(ModelError, match="no network called"):
        build(FileSpec(path, architecture="alexnext"))


def test_nothing_at_all():
    with pytest.raises(ModelError, match="weights, or code"):
        build(FileSpec())


def test_recognising_can_be_stopped(tmp_path):
    path = saved(made("squeezenet1_1").state_dict(), tmp_path)

    def check(done, expected, what):
        if what.startswith("recognising"):
            raise Cancelled

    with pytest.raises(Cancelled):
        build(FileSpec(path), check)


# a whole network


def test_a_whole_network_of_torchs_own_parts(tmp_path):
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(2), nn.Flatten()
    ).eval()
    path = tmp_path / "whole.pt"
    torch.save(module, path)
    net = build(FileSpec(path))
    same(net, module, channels=2)
    assert (net.want.channels, net.want.crop) == (2, None)


# code


def test_code_with_its_weights(tmp_path):
    path, digest = code(tmp_path, HEAD)
    space = {}
    exec(HEAD, space)  # what the file says
    module = space["build"]().eval()
    weights = saved(
        {"module." + k: v for k, v in module.state_dict().items()}, tmp_path
    )
    net = build(FileSpec(weights, path, "build", digest))
    same(net, module)
    assert net.name == "model.py:build + my.pt"
    assert net.trained
    assert net.want.crop is None


def test_code_without_weights(tmp_path):
    path, digest = code(tmp_path, HEAD)
    net = build(FileSpec(None, path, "build", digest))
    assert not net.trained
    assert "random" in net.weights
    assert not net.module.training


# LOAD-12


def test_a_head_of_another_size_is_named_and_the_rest_can_be_loaded(tmp_path):
    path, digest = code(tmp_path, HEAD)
    space = {}
    exec(HEAD, space)
    state = space["build"]().state_dict()
    state["4.weight"], state["4.bias"] = torch.zeros(7, 4), torch.zeros(7)
    spec = FileSpec(saved(state, tmp_path), path, "build", digest)
    with pytest.raises(MisfitError) as caught:
        build(spec)
    for words in ("4.weight is 7×4, wanted 10×4", "4.bias is 7, wanted 10"):
        assert words in str(caught.value)
    assert caught.value.misfit.fitting == 2
    assert caught.value.misfit.reshaped == (
        Reshaped("4.weight", (7, 4), (10, 4)),
        Reshaped("4.bias", (7,), (10,)),
    )
    part = FileSpec(spec.weights_file, path, "build", digest, partial=True)
    net = build(part)
    assert net.weights == "2 of 4 tensors of my.pt; 4.weight, 4.bias random"
    assert not net.trained
    assert torch.equal(net.module[0].weight, state["0.weight"])
    assert net.module[4].weight.shape == (10, 4)


def test_another_networks_weights_are_never_shown_as_if_they_fitted(tmp_path):
    path, digest = code(tmp_path, HEAD)
    other = nn.Sequential(nn.Conv1d(1, 1, 1)).state_dict()
    names = {f"encoder.{k}": v for k, v in other.items()}
    weights = saved({**names, "extra": torch.zeros(2)}, tmp_path)
    with pytest.raises(MisfitError, match="4 missing") as caught:
        build(FileSpec(weights, path, "build", digest))
    assert len(caught.value.misfit.unexpected) == 3


def test_a_known_network_that_code_builds_gets_its_own_input(tmp_path):
    text = "import torchvision\ndef build():\n    return torchvision.models."
    path, digest = code(tmp_path, text + "squeezenet1_1(num_classes=3)\n")
    net = build(FileSpec(None, path, "build", digest))
    assert net.want == find("torchvision/squeezenet1_1").want
    assert net.labels is None


def test_modes_precisions_and_wrappers(tmp_path):
    text = HEAD.replace("nn.ReLU()", "nn.BatchNorm2d(4)") + (
        "def wrapped():\n    return nn.DataParallel(build().half())\n"
    )
    path, digest = code(tmp_path, text)
    net = build(FileSpec(None, path, "wrapped", digest))
    assert isinstance(net.module, nn.Sequential)
    assert not net.module.training
    assert {p.dtype for p in net.module.parameters()} == {torch.float32}
    notes = " ".join(net.notes)
    assert "training mode" in notes
    assert "float16 weights computed in float32" in notes


def test_what_code_says_comes_after_what_the_person_says(tmp_path):
    text = HEAD + 'INPUT_SIZE = (20, 30)\nMEAN = [0.5]\nLABELS = list("abcdefghij")\n'
    path, digest = code(tmp_path, text)
    spec = FileSpec(None, path, "build", digest)
    net = build(spec)
    assert (net.want.crop, net.want.mean) == ((20, 30), (0.5,) * 3)
    assert net.labels == tuple("abcdefghij")
    said = InputChoices(size=(9, 9))
    net = build(FileSpec(None, path, "build", digest, choices=said))
    assert (net.want.crop, net.want.mean) == ((9, 9), (0.5,) * 3)


def test_two_inputs(tmp_path):
    path, digest = code(
        tmp_path,
        "from torch import nn\n"
        "class Two(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.a, self.b = nn.Conv2d(3, 2, 3), nn.Conv2d(1, 2, 3)\n"
        "    def forward(self, x, y):\n"
        "        return (self.a(x) + self.b(y)).mean((2, 3))\n",
    )
    net = build(FileSpec(None, path, "Two", digest), no_check)
    assert isinstance(net.want, ImageWant)
    assert (net.want.channels, [w.channels for w in net.more]) == (3, [1])
    assert Path(net.name) == Path("model.py:Two")
