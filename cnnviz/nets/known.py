"""Networks of the catalogue, built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ModelSpec, SeriesWant
from cnnviz.core.numbers import counted
from cnnviz.core.resources import resource
from cnnviz.nets.cache import check_digest, weights_file
from cnnviz.nets.catalog import Entry, file_facts, find
from cnnviz.nets.network import Network
from cnnviz.nets.signatures import todays_name

if TYPE_CHECKING:
    from torch import nn


def build_known(spec: ModelSpec) -> Network:
    """Build a network of the catalogue.

    ``"best"`` weights are those that are at hand: bundled, or downloaded before.
    Nothing is downloaded here; without a file the weights are random, and
    ``Network.weights`` says so.

    Raises
    ------
    ModelError
        No such network; its weights file is damaged (the message names the file); or
        it cannot be had for that many variables.
    """
    entry = find(spec.name)
    if spec.channels is not None:
        return _of_another_width(entry, spec, spec.channels)
    if entry.name == "handmade":
        return _handmade(entry)
    if entry.bundled:
        file: Path | None = resource(f"models/{entry.file}")
    else:
        file = weights_file(entry)
    labels = _labels(entry)
    if spec.weights == "random" or file is None:
        from cnnviz.nets.drawing import fresh

        module = fresh(layout(entry), spec.seed)
        words = f"random weights, seed {spec.seed}: not trained"
    else:
        module = load(entry, file)
        words = _source(entry, file)
    module.eval().requires_grad_(False)
    trained = not words.startswith("random")
    names = {}
    if entry.name == "tcn" and labels is not None:
        names = dict.fromkeys(("steps", "mean"), labels)
    return Network(module, entry.name, entry.want, labels, words, trained, names, entry)


def load(entry: Entry, file: Path) -> nn.Module:
    """Build a network with the weights of a file.

    A file of the catalogue's own name must have the catalogue's checksum.

    Raises
    ------
    ModelError
        The file is damaged or belongs to another network.
    """
    from cnnviz.nets.checkpoint import read_checkpoint
    from cnnviz.nets.containers import check_kind
    from cnnviz.nets.drawing import unmade
    from cnnviz.nets.weights import fit

    if file.name == entry.file:
        check_kind(file)
        check_digest(file, entry.sha256)
    state = dict(read_checkpoint(file).state)
    state = {todays_name(key): value for key, value in state.items()}
    module = unmade(layout(entry, loading=True))
    fit(module, state, file, entry.name)
    if entry.torchvision == "googlenet":
        _drop_training_heads(module)
    return module


def _of_another_width(entry: Entry, spec: ModelSpec, channels: int) -> Network:
    """Build a network of series for any number of variables, with random weights.

    It wants any variables, normalised by what they are themselves.

    Raises
    ------
    ModelError
        The network takes pictures, or learned weights are asked for.
    """
    want = entry.want
    if not isinstance(want, SeriesWant):
        raise ModelError(
            f"{entry.name} takes pictures, not {counted(channels, 'variable')}"
        )
    if spec.weights != "random":
        known = counted(len(want.channels), "variable")
        raise ModelError(
            f"{entry.name} was trained on {known}; for {channels} it has random "
            "weights only"
        )
    if channels < 1:
        raise ModelError(f"a series has at least 1 variable, not {channels}")
    from cnnviz.nets.drawing import fresh

    module = fresh(layout(entry, channels=channels), spec.seed)
    return Network(
        module.eval().requires_grad_(False),
        entry.name,
        replace(
            want,
            channels=tuple(f"variable {i}" for i in range(1, channels + 1)),
            mean=(),
            std=(),
            units=(),
        ),
        None,
        f"random weights, seed {spec.seed}, "
        f"for {counted(channels, 'variable')}: structure only",
        False,
        entry=entry,
    )


def _handmade(entry: Entry) -> Network:
    from cnnviz.nets.handmade import Handmade, channel_names

    return Network(
        Handmade().eval().requires_grad_(False),
        entry.name,
        entry.want,
        None,
        "hand-made kernels, nothing learned",
        False,
        channel_names(),
        entry,
    )


def _source(entry: Entry, file: Path) -> str:
    """Say where weights come from."""
    if entry.bundled:
        kind = "everyday classes" if entry.task == "picture" else "exercises"
        return f"trained on {entry.classes} {kind}, bundled"
    if file.name == entry.file:
        return f"ImageNet weights {entry.weights}"
    return f"weights of a file chosen by hand ({file.name})"


def _labels(entry: Entry) -> tuple[str, ...] | None:
    """Return the names of a network's classes where its training gave them any."""
    if entry.bundled:
        return tuple(file_facts(resource(f"models/{entry.file}"))["classes"])
    if entry.torchvision:
        from torchvision.models import AlexNet_Weights

        return tuple(AlexNet_Weights.DEFAULT.meta["categories"])
    return None


def layout(
    entry: Entry,
    loading: bool = False,
    channels: int | None = None,
    classes: int | None = None,
    size: int | None = None,
) -> Callable[[], nn.Module]:
    """Return what builds a network's layers.

    Parameters
    ----------
    loading
        As the catalogue's weights file has them: GoogLeNet's holds two more heads,
        used in training only.
    channels
        Variables of a network of series, channels of a picture; None for as many as
        it was trained on.
    classes
        Scores; None for as many as it was trained on.
    size
        Height and width of the picture, for a network that is made for one size.
    """
    classes = classes or entry.classes
    if isinstance(entry.want, SeriesWant):
        from cnnviz.nets import temporal

        kinds = {"tcn": temporal.TCN, "cnn1d": temporal.CNN1d}
        width = channels or len(entry.want.channels)
        return partial(kinds[entry.name], width, classes)
    assert entry.want.crop is not None
    make = _picture_layout(entry, loading, classes, size or entry.want.crop[0])
    width = channels or entry.want.channels
    return make if width == entry.want.channels else lambda: _with_stem(make(), width)


def _picture_layout(
    entry: Entry, loading: bool, classes: int, size: int
) -> Callable[[], nn.Module]:
    """Return what builds a network of RGB pictures."""
    if entry.torchvision is None:
        from cnnviz.nets import classic

        kinds: dict[str, Callable[[int], nn.Module]] = {
            "alexnet": classic.bundled_alexnet,
            "vgg": classic.bundled_vgg,
            "alexnet-2012": classic.AlexNet2012,
        }
        return partial(kinds[entry.name], classes)

    import torchvision

    name = entry.torchvision
    try:
        torchvision.models.get_model_builder(name)
    except ValueError as error:
        version = torchvision.__version__
        raise ModelError(f"torchvision {version} here has no {name}") from error
    # what torchvision's own builders choose when they are given these weights
    options: dict[str, Any] = {"num_classes": classes}
    if name in ("googlenet", "inception_v3"):
        options |= {"transform_input": True, "init_weights": False}
        options["aux_logits"] = loading or name == "inception_v3"
    elif name.startswith("vit_"):
        options["image_size"] = size
    return lambda: torchvision.models.get_model(name, weights=None, **options)


def _with_stem(module: nn.Module, channels: int) -> nn.Module:
    """Give a network another first convolution, which reads so many channels."""
    from torch import nn

    path, old = next(
        (path, layer)
        for path, layer in module.named_modules()
        if isinstance(layer, nn.Conv2d)
    )
    parent, _, name = path.rpartition(".")
    stem = nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,  # type: ignore[arg-type]
        old.stride,  # type: ignore[arg-type]
        old.padding,  # type: ignore[arg-type]
        old.dilation,  # type: ignore[arg-type]
        bias=old.bias is not None,
    )
    setattr(module.get_submodule(parent), name, stem)
    return module


def _drop_training_heads(module: Any) -> None:
    """Remove GoogLeNet's two extra heads, as torchvision does after loading."""
    module.aux_logits, module.aux1, module.aux2 = False, None, None
