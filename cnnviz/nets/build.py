"""From a name of the catalogue to a network that is ready to run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import ModelError
from cnnviz.core.resources import resource
from cnnviz.core.trace import ImageWant, ModelSpec
from cnnviz.nets.cache import check_digest, weights_file
from cnnviz.nets.catalog import Entry, find

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network that is ready to run.

    Attributes
    ----------
    module
        On the CPU, in eval mode, float32, without gradients for its weights.
    entry
        Where it stands in the catalogue.
    want
        The input it takes.
    labels
        Name of each class, or None.
    weights
        Where its weights come from, in words.
    trained
        Whether it has learned anything.
    channel_names
        By layer, a name for each channel where there are any (``"Sobel x"``).
    """

    module: nn.Module
    entry: Entry
    want: ImageWant
    labels: tuple[str, ...] | None
    weights: str
    trained: bool
    channel_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def build(spec: ModelSpec) -> Network:
    """Build a network of the catalogue.

    ``"best"`` weights are those that are at hand: bundled, or downloaded before.
    Nothing is downloaded here; without a file the weights are random, and
    ``Network.weights`` says so.

    Raises
    ------
    ModelError
        No such network, or its weights file is damaged; the message names the file.
    """
    entry = find(spec.name)
    if entry.name == "handmade":
        return _handmade(entry)
    if entry.bundled:
        file: Path | None = resource(f"models/{entry.file}")
    else:
        file = weights_file(entry)
    labels = _labels(entry)
    if spec.weights == "random" or file is None:
        from cnnviz.nets.drawing import fresh

        module = fresh(_layout(entry), spec.seed)
        words = f"random weights, seed {spec.seed}: not trained"
    else:
        module = load(entry, file)
        words = _source(entry, file)
    module.eval().requires_grad_(False)
    trained = not words.startswith("random")
    return Network(module, entry, entry.want, labels, words, trained)


def load(entry: Entry, file: Path) -> nn.Module:
    """Build a network with the weights of a file.

    A file of the catalogue's own name must have the catalogue's checksum.

    Raises
    ------
    ModelError
        The file is damaged or belongs to another network.
    """
    from cnnviz.nets.drawing import unmade
    from cnnviz.nets.weights import check_kind, fit, read_state

    if file.name == entry.file:
        check_kind(file)
        check_digest(file, entry.sha256)
    state = read_state(file)
    if entry.family == "DenseNet":
        _rename_densenet(state)
    module = unmade(_layout(entry, loading=True))
    fit(module, state, file, entry.name)
    if entry.torchvision == "googlenet":
        _drop_training_heads(module)
    return module


def _handmade(entry: Entry) -> Network:
    from cnnviz.nets.handmade import Handmade, channel_names

    return Network(
        Handmade().eval().requires_grad_(False),
        entry,
        entry.want,
        None,
        "hand-made kernels, nothing learned",
        False,
        channel_names(),
    )


def _source(entry: Entry, file: Path) -> str:
    """Say where weights come from."""
    if entry.bundled:
        return f"trained on {entry.classes} everyday classes, bundled"
    if file.name == entry.file:
        return f"ImageNet weights {entry.weights}"
    return f"weights of a file chosen by hand ({file.name})"


def _labels(entry: Entry) -> tuple[str, ...] | None:
    """Return the names of a network's classes where its training gave them any."""
    if entry.bundled:
        from safetensors import safe_open

        with safe_open(resource(f"models/{entry.file}"), framework="pt") as file:
            return tuple(json.loads(file.metadata()["classes"]))
    if entry.torchvision:
        from torchvision.models import AlexNet_Weights

        return tuple(AlexNet_Weights.DEFAULT.meta["categories"])
    return None


def _layout(entry: Entry, loading: bool = False) -> Callable[[], nn.Module]:
    """Return what builds a network's layers.

    Parameters
    ----------
    loading
        As the weights file has them: GoogLeNet's holds two more heads, used in
        training only.
    """
    if entry.torchvision is None:
        from cnnviz.nets import classic

        return {
            "alexnet": classic.bundled_alexnet,
            "vgg": classic.bundled_vgg,
            "alexnet-2012": classic.AlexNet2012,
        }[entry.name]

    import torchvision

    name = entry.torchvision
    try:
        torchvision.models.get_model_builder(name)
    except ValueError as error:
        version = torchvision.__version__
        raise ModelError(f"torchvision {version} here has no {name}") from error
    # what torchvision's own builders choose when they are given these weights
    options: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        options = {"transform_input": True, "init_weights": False}
        options["aux_logits"] = loading or name == "inception_v3"
    elif name.startswith("vit_"):
        options = {"image_size": entry.want.crop[0]}
    return lambda: torchvision.models.get_model(name, weights=None, **options)


def _rename_densenet(state: Any) -> None:
    """Bring DenseNet's old names (``norm.1``) to today's (``norm1``), in place."""
    old = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")
    for key in list(state):
        if found := old.fullmatch(key):
            state[found[1] + found[2]] = state.pop(key)


def _drop_training_heads(module: Any) -> None:
    """Remove GoogLeNet's two extra heads, as torchvision does after loading."""
    module.aux_logits, module.aux1, module.aux2 = False, None, None
