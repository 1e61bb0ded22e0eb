"""From a request to a trace: the only thing the worker runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnviz.core.errors import InputError
from cnnviz.core.layers import Layer
from cnnviz.core.models import LiveSpec, Model, ModelSpec
from cnnviz.core.progress import Check, no_check
from cnnviz.core.reach import reaches
from cnnviz.core.trace import Request, Sample, Trace
from cnnviz.nets.build import build
from cnnviz.nets.cache import weights_file
from cnnviz.nets.catalog import find
from cnnviz.nets.network import Network
from cnnviz.probe.budget import Budget, give_back
from cnnviz.probe.recorder import Recording, record
from cnnviz.probe.refocus import refocused
from cnnviz.probe.sources import prepare, read


def execute(
    request: Request,
    check: Check = no_check,
    limit: int = 0,
    wanted: Iterable[int] = (),
) -> Trace:
    """Run one network on one source.

    Parameters
    ----------
    request
        Which network, which source.
    check
        Called before each step with (done, expected, what); may raise ``Cancelled``.
    limit, wanted
        Bytes of memory for what is recorded, and the layers to be kept before others.
        See ``Budget``.

    Raises
    ------
    InputError
        The source cannot be read, or is not of the kind the network takes.
    ModelError
        The network cannot be built.
    Cancelled
        Raised by ``check``.
    """
    check(0, 0, f"reading {request.source.title}")
    found = read(request.source)
    check(0, 0, f"loading {request.model.title}")
    network = network_of(request.model, check)
    sample = prepare(found, network, request.source)
    recording = _within(network, sample, check, limit, wanted)
    trace = _trace(
        recording,
        sample,
        title=network.name,
        about=network.notes,
        taken=network.taken,
        weights=network.weights,
        trained=network.trained,
        labels=network.labels,
        channel_names=network.channel_names,
        request=request,
    )
    reaches(trace, "input")  # asked for as soon as it is shown, where it would block
    return trace


def _within(
    network: Network, sample: Sample, check: Check, limit: int, wanted: Iterable[int]
) -> Recording:
    """Run a network within a number of bytes."""
    budget = Budget(limit, wanted)
    recording = record(network.module, sample.values, check, budget=budget)
    if recording.bytes_kept < recording.bytes_whole:
        give_back()
    return recording


def again(
    trace: Trace, limit: int, wanted: Iterable[int], check: Check = no_check
) -> Trace:
    """Keep other layers of a trace, computed from what is kept, or from its network.

    Parameters
    ----------
    limit, wanted, check
        As in ``execute``.

    Raises
    ------
    InputError
        It is not known which network made the trace.
    ModelError
        The network cannot be built any more.
    Cancelled
        Raised by ``check``.
    """
    wanted = [*wanted]
    found = refocused(trace.layers, limit, wanted, check)
    if found is not None:
        return replace(trace, layers=found.layers, bytes_kept=found.bytes_kept)
    if trace.request is None:
        raise InputError("it is not known which network made this trace")
    network = network_of(trace.request.model, check)
    give_back()
    recording = _within(network, trace.sample, check, limit, wanted)
    return replace(
        trace,
        layers=recording.layers,
        outputs=recording.outputs,
        error=recording.error,
        seconds=recording.seconds,
        bytes_kept=recording.bytes_kept,
        bytes_whole=recording.bytes_whole,
    )


NETWORKS_KEPT = 2
_built: dict[tuple[Model, tuple[Path, int] | None], Network] = {}


def network_of(model: Model, check: Check = no_check) -> Network:
    """Return a network, built once while its weights stay the same."""
    if isinstance(model, LiveSpec):
        return build(model)
    at_hand = None
    if isinstance(model, ModelSpec):
        file = weights_file(find(model.name))
        at_hand = None if file is None else (file, file.stat().st_mtime_ns)
    key = model, at_hand
    network = _built.pop(key, None) or build(model, check)
    _built[key] = network  # the latest at the end
    for earlier in list(_built)[:-NETWORKS_KEPT]:
        _built.pop(earlier, None)  # another window's thread may have done so
    return network


def trace_module(
    module: nn.Module,
    sample: Sample | NDArray[Any] | Tensor | Sequence[NDArray[Any] | Tensor],
    check: Check = no_check,
    *,
    title: str = "",
    weights: str = "",
    labels: Sequence[str] | None = None,
    copy_weights: bool = True,
) -> Trace:
    """Run any module on any input and keep every operation.

    Parameters
    ----------
    module
        The network. It is left as found.
    sample
        A ``Sample``, one array or tensor, or a tuple of them for a network with
        several inputs; always without batch axis.
    labels
        Class names for the scores.
    copy_weights
        Copy the weights, so that training the module further changes no trace. False
        saves memory: the layers' weights are then views of the module's own.
    """
    if not isinstance(sample, Sample):
        several = isinstance(sample, (tuple, list))
        values = tuple(sample) if several else (sample,)
        sample = Sample(tuple(_array(v) for v in values))
    recording = record(module, sample.values, check, copy_weights=copy_weights)
    return _trace(
        recording,
        sample,
        title=title or type(module).__name__,
        weights=weights,
        labels=None if labels is None else tuple(labels),
    )


def _array(values: Any) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = np.array(values)
    array.flags.writeable = False
    return array


def _trace(recording: Recording, sample: Sample, **facts: Any) -> Trace:
    """Put a recording and what is known about its run into one trace."""
    return Trace(
        sample=sample,
        layers=recording.layers,
        scores=class_scores(recording.layers, recording.outputs),
        outputs=recording.outputs,
        error=recording.error,
        parameters=recording.parameters,
        parameters_used=recording.parameters_used,
        not_run=recording.not_run,
        seconds=recording.seconds,
        bytes_kept=recording.bytes_kept,
        bytes_whole=recording.bytes_whole,
        **facts,
    )


def class_scores(
    layers: Sequence[Layer], outputs: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return class probabilities from a network's first vector output.

    Softmax is applied unless the output is probabilities already (``≥ 0``, sum 1, or
    behind a sigmoid); log-probabilities are exponentiated.

    Returns
    -------
    array
        ``(K,)`` float64, or None when no output is a vector of two or more.
    """
    by_name = {layer.name: layer for layer in layers}
    for name in outputs:
        layer = by_name[name]
        vector = len(layer.shape) == 1 and layer.shape[0] > 1
        if not vector or not layer.kept or layer.output.dtype.kind != "f":
            continue
        values = layer.output.astype(np.float64)
        if layer.op in ("LogSoftmax", "log_softmax"):
            scores = np.exp(values)
        elif layer.op in ("Sigmoid", "sigmoid") or _probabilities(values):
            scores = values
        else:
            scores = np.exp(values - values.max())
            scores /= scores.sum()
        scores.flags.writeable = False
        return scores
    return None


def _probabilities(values: NDArray[np.float64]) -> bool:
    return bool((values >= 0).all()) and abs(float(values.sum()) - 1) < 1e-3
