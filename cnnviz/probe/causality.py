"""Change the future of a series and see which maps change in the past."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from cnnviz.core.ahead import own_step, time_layers
from cnnviz.core.errors import InputError, ModelError
from cnnviz.core.models import LiveSpec
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
        The network failed on its way.
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
    before = _outputs(record(module, (given,), check))
    after = _outputs(record(module, (_other_future(given, trial.step),), check))
    leaks, changed = [], 0
    for layer, jump in layers:
        old, new = before[layer.name], after[layer.name]
        gaps = np.abs(new - old).reshape(-1, old.shape[-1]).max(axis=0)
        moved = gaps > _SAME * max(float(np.abs(old).max()), 1.0)
        changed += bool(moved.any())
        steps = np.array([own_step(unit, jump) for unit in range(len(gaps))])
        early = moved & (steps <= trial.step)
        if early.any():
            most = float(gaps[steps <= trial.step].max())
            leaks.append(Leak(layer.name, int(steps[early.argmax()]), most))
    return Proof(trial, len(layers), changed, tuple(leaks))


def _other_future(given: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Return a series that is the same up to a step and strange after it."""
    chance = np.random.default_rng(0)
    other = given.copy()
    spread = np.abs(given).max(initial=1.0)
    shape = other[:, step + 1 :].shape
    other[:, step + 1 :] = spread * chance.normal(size=shape)
    return other


def _outputs(recording: Recording) -> dict[str, NDArray[np.float64]]:
    """Return every layer's output by name.

    Raises
    ------
    ModelError
        The network failed on its way.
    """
    if recording.error is not None:
        raise ModelError(recording.error)
    return {layer.name: np.asarray(layer.output) for layer in recording.layers}
