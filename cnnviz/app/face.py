"""The functions of ``import cnnviz``, and what the commands share with them.

torch is imported when a network is opened, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from cnnviz.core.errors import ModelError
from cnnviz.core.models import FileSpec, InputChoices, Model, ModelSpec
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
    name: str | PathLike[str],
    weights: Literal["best", "random"] = "best",
    seed: int = 0,
    *,
    code: str | PathLike[str] | None = None,
    trust: bool = False,
    choices: InputChoices | None = None,
) -> Network:
    """Open a network of the catalogue, or your own.

    Parameters
    ----------
    name
        A name that `models` lists: ``"alexnet"``, ``"torchvision/resnet18"`` …; or a
        weights file (``.pt``, ``.pth``, ``.ckpt``, ``.safetensors``); or
        ``"model.py:build"`` for what code builds. A ``Path`` is always a file.
    weights
        For the catalogue, ``"best"``: trained ones where they are at hand;
        ``"random"``: never.
    seed
        Seed of random weights.
    code
        The code that a weights file belongs to, ``"model.py:build"``; without it the
        network is recognised by its tensors. Its function, class or variable can be
        left out when there is only one.
    trust
        Code is run only with True, with all the rights you have.
    choices
        What input your own network takes; what is left out is found out or guessed,
        and ``notes`` say so.

    Returns
    -------
    Network
        Its ``module`` is the ``torch.nn.Module``; ``want``, ``labels``, ``weights``
        and ``notes`` say what it takes, its classes, where its weights come from and
        what else is known.

    Raises
    ------
    UnknownNetworkError
        The tensors of a file belong to no known network; its ``tensors`` list them.
    MisfitError
        They do not fit the network; its ``misfit`` says where.
    ModelError
        There is no such network or file, it is damaged, or code is not trusted.
    """
    from cnnviz.nets.build import build

    model = model_of(name, code, trust, choices)
    if isinstance(model, ModelSpec):
        model = ModelSpec(model.name, weights, seed)
    return build(model)


def model_of(
    name: str | PathLike[str],
    code: str | PathLike[str] | None = None,
    trust: bool = False,
    choices: InputChoices | None = None,
) -> ModelSpec | FileSpec:
    """Return what a request calls a network; see `open_model`.

    Raises
    ------
    ModelError
        Code is not trusted, or no network stands in it.
    """
    file = file_meant(name) if code is None else Path(name)
    if file is None:
        return ModelSpec(str(name))
    said = choices or InputChoices()
    if code is None and split_builder(name)[0].suffix.lower() != ".py":
        return FileSpec(file, choices=said).stamped()
    from cnnviz.nets.code_facts import builders_of

    path, builder = split_builder(name if code is None else code)
    facts = builders_of(path)
    builder = builder or facts.builder
    if not trust:
        raise ModelError(
            f"{path} is a program and was not run; if you know what it does, say that "
            "it can be trusted (trust=True, or --trust)"
        )
    weights = None if code is None else file
    spec = FileSpec(
        weights, path, builder, facts.digest, choices=said, beside=facts.read_with
    )
    return spec.stamped()


def file_meant(name: str | PathLike[str]) -> Path | None:
    """Return the file a name stands for; None for a name of the catalogue."""
    if not isinstance(name, str):
        return Path(name)
    if any(name == entry.name for entry in models()):
        return None
    path, _ = split_builder(name)
    ending = path.suffix[1:]  # “squeezenet1.1” has none
    meant = path.exists() or (ending and not ending.isdecimal())
    return path if meant else None


def split_builder(name: str | PathLike[str]) -> tuple[Path, str]:
    """Split ``model.py:build`` into file and builder."""
    path, _, builder = str(name).rpartition(":")
    if path.lower().endswith(".py"):
        return Path(path), builder
    return Path(name), ""


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
        Class names for the scores; None for those that `open_model` found.

    Returns
    -------
    Trace
        When the network fails on the way, ``error`` says where and why, and
        ``layers`` holds what ran before.

    Raises
    ------
    ModelError
        ``net`` is neither.
    """
    from cnnviz.nets.network import Network, module_of
    from cnnviz.probe.execute import trace_module

    module = module_of(net)
    if isinstance(net, Network):
        traced = trace_module(
            module,
            sample,
            title=net.name,
            weights=net.weights,
            labels=labels or net.labels,
        )
        return replace(
            traced,
            about=net.notes,
            taken=net.taken,
            trained=net.trained,
            channel_names=net.channel_names,
        )
    return trace_module(module, sample, labels=labels)


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


def trace_file(model: str | Model, file: Path | None = None) -> Trace:
    """Run a network on a file, as the window does.

    Parameters
    ----------
    model
        A name of the catalogue, a weights file, or what `model_of` returned.
    file
        None for the first bundled sample of the network's kind.

    Raises
    ------
    InputError, ModelError
        One of them cannot be used.
    """
    from cnnviz.probe.execute import execute, network_of

    if isinstance(model, str):
        model = model_of(model)
    source = source_of(file) if file else first_source(network_of(model).task)
    return execute(Request(model, source))
