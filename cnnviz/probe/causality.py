"""Change the future of a series and see which maps change in the past."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from cnnviz.core.ahead import own_step, time_layers
from cnnviz.core.errors import InputError, ModelError
from cnnviz.core.layers import Layer
from cnnviz.core.models import LiveSpec
from cnnviz.core.numbers import size
from cnnviz.core.progress import Check, no_check
from cnnviz.core.proof import Leak, Proof, Trial
from cnnviz.nets.alone import alone
from cnnviz.nets.build import build
from cnnviz.nets.live import snapshot
from cnnviz.probe.recorder import Recording, record

_SAME = 1e-9
"""Share of a layer's largest value below which a difference is rounding in float64."""


def prove(trial: Trial, check: Check = no_check) -> Proof:
    """Run the network of a trace on its input and on one with another future.

    The network is built anew or copied: the one behind the trace is shown elsewhere.

    Raises
    ------
    InputError
        See ``try_module``; or it is not known which network made the trace.
    ModelError
        The network failed on its way.
    Cancelled
        Raised by ``check``.
    """
    request = trial.trace.request
    if request is None:
        raise InputError("it is not known which network made this trace")
    with alone(check):  # what is copied must not be running
        module = build(request.model, check).module
        if isinstance(request.model, LiveSpec):
            module = snapshot(module)
    return try_module(module, trial, check)


def try_module(module: nn.Module, trial: Trial, check: Check = no_check) -> Proof:
    """Run a module twice in float64 and compare every layer along time.

    Parameters
    ----------
    module
        The network behind the trial's trace. It becomes float64.

    Raises
    ------
    InputError
        The trace is of no series, or no step follows the trial's.
    ModelError
        The network failed on its way, or is not the one behind the trace.
    """
    layers = time_layers(trial.trace)
    if not layers:
        raise InputError("only a network of series has a past and a future")
    given = np.asarray(trial.trace.sample.values[0], np.float64)
    if not 0 <= trial.step < given.shape[1] - 1:
        raise InputError(
            f"expected a step from 0 to {given.shape[1] - 2}, got {trial.step}"
        )
    module = module.double()
    before = _outputs(record(module, (given,), check), layers)
    after = _outputs(record(module, (_other_future(given, trial.step),), check), layers)
    leaks, unclear, changed = [], [], 0
    for layer, jump in layers:
        gaps, known, least = _compared(before[layer.name], after[layer.name])
        moved = gaps > least
        changed += bool(moved.any())
        steps = np.array([own_step(unit, jump) for unit in range(len(gaps))])
        early = steps <= trial.step
        if (moved & early).any():
            first = int(steps[(moved & early).argmax()])
            leaks.append(Leak(layer.name, first, float(gaps[early].max())))
        if not known[early].all():
            unclear.append(layer.name)
    return Proof(trial, len(layers), changed, tuple(leaks), tuple(unclear))


def _compared(
    old: NDArray[Any], new: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Return how far apart two outputs ``(…, T)`` are.

    Returns
    -------
    gaps
        ``(T,)`` the largest difference at each step, of values that can be compared.
    known
        ``(T,)`` whether every value could be; infinity and NaN cannot.
    least
        The difference beyond which it is more than rounding.
    """
    wide = np.result_type(old, np.float64)  # Booleans cannot be subtracted
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = np.abs(new.astype(wide) - old).reshape(-1, old.shape[-1])
    known = np.isfinite(gaps)
    gaps[~known] = 0
    most = np.abs(old.astype(wide)).max(where=np.isfinite(old), initial=1.0)
    return gaps.max(axis=0, initial=0), known.all(axis=0), _SAME * float(most)


def _other_future(given: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Return a series that is the same up to a step and strange after it."""
    chance = np.random.default_rng(0)
    other = given.copy()
    spread = np.abs(given).max(initial=1.0)
    shape = other[:, step + 1 :].shape
    other[:, step + 1 :] = spread * chance.normal(size=shape)
    return other


def _outputs(
    recording: Recording, wanted: Sequence[tuple[Layer, Fraction]]
) -> dict[str, NDArray[Any]]:
    """Return every layer's output by name.

    Raises
    ------
    ModelError
        The network failed on its way, or a wanted layer is not as it is on show: the
        network was changed since, or goes other ways for other values.
    """
    if recording.error is not None:
        raise ModelError(recording.error)
    found = {layer.name: np.asarray(layer.output) for layer in recording.layers}
    for layer, _ in wanted:
        if layer.name not in found:
            raise ModelError(
                "the network cannot be tried: run again, it has no layer "
                f"{layer.name}, which is on show"
            )
        if found[layer.name].shape != layer.shape:
            raise ModelError(
                f"the network cannot be tried: run again, its layer {layer.name} "
                f"gives {size(found[layer.name].shape)}, on show are "
                f"{size(layer.shape)}"
            )
    return found
