"""The functions of ``import cnnviz``, and what the commands share with them.

torch is imported when a network is opened, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from cnnviz.core.models import ModelSpec
from cnnviz.core.resources import resource
from cnnviz.core.series import TableSource
from cnnviz.core.trace import ImageSource, Request, Sample, Trace

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cnnviz.nets.catalog import Entry
    from cnnviz.nets.network import Network

TABLES = frozenset(
    {
        *(".csv", ".tsv", ".tab", ".txt", ".dat", ".asc", ".prn", ".log"),
        *(".xls", ".xlsx", ".xlsm", ".ods", ".json", ".parquet", ".npy", ".mat"),
    }
)
"""Endings of files that are read as tables, if only to be refused in good words."""


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
    """Read a picture, or a table of a series, as a network wants it.

    Parameters
    ----------
    path
        A picture file; a CSV or the like for a network of series.
    net
        As `open_model` returns it.

    Returns
    -------
    Sample
        ``values[0]`` is the input, float32: ``(3, h, w)`` or ``(V, T)``. ``shown`` is
        the same picture as ``(h, w, 3)`` uint8, ``series`` the same variables, before
        mean and standard deviation.

    Raises
    ------
    InputError
        The file is damaged or too large, or not of the kind the network takes; or a
        table does not fit it.
    """
    from cnnviz.probe.sources import prepare, read

    source = source_of(Path(path))
    if net.task == "series":
        source = TableSource(source.path)
    return prepare(read(source), net, source)


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
    from cnnviz.nets.network import Network
    from cnnviz.probe.execute import trace_module

    if isinstance(net, Network):
        return trace_module(
            net.module,
            sample,
            title=net.name,
            weights=net.weights,
            labels=labels or net.labels,
        )
    return trace_module(net, sample, labels=labels)


def bundled_samples() -> tuple[Path, ...]:
    """Return the pictures that come with the program, the first one to show first."""
    inside = resource("samples").iterdir()
    return tuple(sorted(p for p in inside if p.suffix in (".png", ".jpg", ".webp")))


def bundled_series() -> tuple[Path, ...]:
    """Return the tables that come with the program, the first one to show first."""
    paths = sorted(resource("samples/series").glob("*.csv"))
    return tuple(sorted(paths, key=lambda p: not p.stem.startswith("exercise")))


def source_of(path: Path) -> ImageSource | TableSource:
    """Return what a file holds: a picture if it begins like one, else by its name."""
    table = path.suffix.lower() in TABLES and not _begins_like_a_picture(path)
    return TableSource(path) if table else ImageSource(path)


def _begins_like_a_picture(path: Path) -> bool:
    from cnnviz.inputs.signatures import picture_kind

    try:
        with path.open("rb") as file:
            return picture_kind(file.read(64)) is not None
    except OSError:
        return False  # whoever reads it says what is wrong


def first_source(task: str) -> ImageSource | TableSource:
    """Return the sample to begin with, for networks of pictures or of series."""
    samples = bundled_series() if task == "series" else bundled_samples()
    return source_of(samples[0])


def trace_file(model: str, file: Path | None = None) -> Trace:
    """Run a network of the catalogue on a file, as the window does.

    Parameters
    ----------
    model
        A name of the catalogue.
    file
        None for the first bundled sample of the network's kind.

    Raises
    ------
    InputError, ModelError
        One of them cannot be used.
    """
    from cnnviz.nets.catalog import find
    from cnnviz.probe.execute import execute

    task = find(model).task
    source = source_of(file) if file else first_source(task)
    return execute(Request(ModelSpec(model), source))
