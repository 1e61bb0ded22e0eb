"""The functions of ``import cnnviz``, and what the commands share with them.

torch is imported when a network is opened, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from cnnviz.core.resources import resource
from cnnviz.core.trace import ImageSource, ModelSpec, Request, Sample, Trace

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cnnviz.nets.build import Network
    from cnnviz.nets.catalog import Entry


def models() -> tuple[Entry, ...]:
    """Return the catalogue: names, the input each wants, where weights come from."""
    from cnnviz.nets import catalog

    return catalog.models()


def open_model(
    name: str, weights: Literal["best", "random"] = "best", seed: int = 0
) -> Network:
    """Open a network of the catalogue.

    Parameters
    ----------
    name
        As `models` lists it: ``"alexnet"``, ``"torchvision/resnet18"`` …
    weights
        ``"best"``: trained ones where they are at hand; ``"random"``: never.
    seed
        Seed of random weights.

    Returns
    -------
    Network
        Its ``module`` is the ``torch.nn.Module``; ``want``, ``labels`` and
        ``weights`` say what it takes, its classes, and where its weights come from.

    Raises
    ------
    ModelError
        No such network, or its weights file is damaged.
    """
    from cnnviz.nets.build import build

    return build(ModelSpec(name, weights, seed))


def open_sample(path: str | PathLike[str], net: Network) -> Sample:
    """Read a picture as a network wants it.

    Parameters
    ----------
    path
        A picture file.
    net
        As `open_model` returns it.

    Returns
    -------
    Sample
        ``values[0]`` is the ``(3, h, w)`` float32 input; ``shown`` the same picture
        as ``(h, w, 3)`` uint8, before mean and standard deviation.

    Raises
    ------
    InputError
        The file is no picture, damaged, or too large; or the network takes none.
    """
    from cnnviz.inputs.image import read_image
    from cnnviz.probe.execute import picture_sample

    picture = read_image(path)
    return picture_sample(picture, net, picture.title)


def trace(
    net: Network | nn.Module,
    sample: Sample | NDArray[Any] | Tensor | Sequence[NDArray[Any] | Tensor],
    labels: Sequence[str] | None = None,
) -> Trace:
    """Run a network once and keep every operation.

    Parameters
    ----------
    net
        What `open_model` returned, or any ``torch.nn.Module``. It is left as found.
    sample
        What `open_sample` returned, or an array or tensor *without* batch axis; a
        tuple of them for a network with several inputs.
    labels
        Class names for the scores; a network of the catalogue brings its own.

    Returns
    -------
    Trace
        When the network fails on the way, ``error`` says where and why, and
        ``layers`` holds what ran before.
    """
    from cnnviz.nets.build import Network
    from cnnviz.probe.execute import trace_module

    if isinstance(net, Network):
        return trace_module(
            net.module,
            sample,
            title=net.entry.name,
            weights=net.weights,
            labels=labels or net.labels,
        )
    return trace_module(net, sample, labels=labels)


def bundled_samples() -> tuple[Path, ...]:
    """Return the pictures that come with the program, the first one to show first."""
    inside = resource("samples").iterdir()
    return tuple(sorted(p for p in inside if p.suffix in (".png", ".jpg", ".webp")))


def trace_file(model: str, image: Path | None = None) -> Trace:
    """Run a network of the catalogue on a picture file, as the window does.

    Parameters
    ----------
    model
        A name of the catalogue.
    image
        None for the first bundled picture.

    Raises
    ------
    InputError, ModelError
        One of them cannot be used.
    """
    from cnnviz.probe.execute import execute

    source = ImageSource(image or bundled_samples()[0])
    return execute(Request(ModelSpec(model), source))
