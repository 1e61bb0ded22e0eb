"""One forward pass, every tensor operation kept as a layer."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, is_lazy

from cnnviz.core.errors import ModelError
from cnnviz.core.layers import Layer
from cnnviz.core.progress import Check
from cnnviz.nets.alone import alone
from cnnviz.nets.eager import eager
from cnnviz.probe.budget import Budget
from cnnviz.probe.builder import Builder
from cnnviz.probe.entering import Entering
from cnnviz.probe.failure import Reason, explain_failure
from cnnviz.probe.guard import untouched, wrapped
from cnnviz.probe.keeping import Keeper
from cnnviz.probe.mode import Functions
from cnnviz.probe.scopes import Scopes, Structure
from cnnviz.probe.values import tensors_in

__all__ = ["Check", "Recording", "record"]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Recording:
    """What one run left.

    Attributes
    ----------
    layers
        In run order.
    outputs
        Names of the layers whose values the network returned.
    error
        None, or where and why the run stopped, in one sentence.
    parameters, parameters_used, not_run
        As in ``core.trace.Trace``.
    seconds
        Duration of the run, recording included.
    bytes_kept, bytes_whole
        As in ``core.trace.Trace``.
    """

    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    error: str | None
    parameters: int
    parameters_used: int
    not_run: tuple[str, ...]
    seconds: float
    bytes_kept: int
    bytes_whole: int


def _no_check(done: int, expected: int, name: str) -> None:
    """Let every layer run."""


def record(
    model: nn.Module,
    inputs: Sequence[NDArray[Any] | Tensor],
    check: Check = _no_check,
    *,
    copy_weights: bool = False,
    budget: Budget | None = None,
) -> Recording:
    """Run a network once in evaluation mode and keep every operation.

    Parameters
    ----------
    model
        Any module. It is left as found: no wrappers, same flags, buffers, attributes
        and random states.
    inputs
        The network's positional inputs, each *without* batch axis; floating point
        arrays are cast to the type and device of the first parameter.
    check
        Called before each layer with (done, expected, name); may raise ``Cancelled``.
    copy_weights
        False lets the layers' weights share the memory of the network, which must
        then not be trained further; True copies them.
    budget
        How much may stay in memory; None for everything.

    Returns
    -------
    Recording
        If the network fails, what ran before with ``error`` set.

    Raises
    ------
    ModelError
        The network has no weights, only their shapes.
    Cancelled
        Raised by ``check``.
    """
    started = time.perf_counter()
    network = _ready(model)
    copying = distrust = False
    while True:
        run = _Run(
            network,
            inputs,
            check,
            copy_weights=copy_weights,
            copying=copying,
            distrust=distrust,
            budget=budget.renewed() if budget else Budget(),
        )
        if run.torn and not copying:
            copying = True
        elif run.lost and not distrust:
            copying = distrust = True
        else:
            break
        del run  # two would be too much for the memory
    return Recording(
        tuple(run.layers),
        tuple(dict.fromkeys(run.layers[p].name for p in run.producers if p >= 0)),
        _explained(run, network, inputs, check),
        run.scopes.parameters,
        run.scopes.parameters_used,
        run.scopes.not_run(),
        time.perf_counter() - started,
        *run.bytes,
    )


def _explained(
    run: _Run,
    network: Structure,
    inputs: Sequence[NDArray[Any] | Tensor],
    check: Check,
) -> str | None:
    """Return the sentence about a failure.

    Where the input was too small for a layer, it may be so for later ones too: what
    is said to be enough has been tried.
    """
    reason = run.reason
    while reason and reason.smallest and len(inputs) == 1:
        size = reason.smallest
        channels = inputs[0].shape[: inputs[0].ndim - len(size)]
        blank = torch.zeros(*channels, *size)
        later = _Run(
            network, [blank], check, copy_weights=False, budget=Budget(1)
        ).reason
        if later is None or later.smallest is None:
            break
        larger = tuple(map(max, size, later.smallest))
        if larger == size:
            break
        reason = reason._replace(smallest=larger)
    return reason and reason.sentence()


class _Run:
    """One forward pass.

    Attributes
    ----------
    reason
        Why it stopped, if it did.
    producers
        Indices of the layers whose values came out.
    torn
        A content on record was overwritten before it was copied.
    lost
        Values came out of which nobody knows where they were made.
    bytes
        Of what is in memory of the record, and of what there was.
    """

    def __init__(
        self,
        network: Structure,
        inputs: Sequence[NDArray[Any] | Tensor],
        check: Check,
        *,
        copy_weights: bool,
        copying: bool = False,
        distrust: bool = False,
        budget: Budget,
    ) -> None:
        tensors = [_to_tensor(values, network) for values in inputs]
        shapes = [tuple(t.shape[1:]) for t in tensors]
        failure: Exception | None = None
        result: Any = None
        self.scopes = scopes = Scopes(network, len(tensors))
        with (
            alone(check),
            torch.no_grad(),
            eager(),
            untouched(network.modules) as before,
        ):
            keeper = Keeper(
                scopes,
                before,
                tensors,
                check,
                copy_weights=copy_weights,
                copying=copying,
                distrust=distrust,
                budget=budget,
            )
            modules = Entering(keeper)
            with wrapped(network.modules, modules.wrapper):
                try:
                    with Functions(keeper, modules):
                        result = network.model(*tensors)
                except Exception as caught:  # noqa: BLE001 - not our code
                    failure = caught.with_traceback(None)  # which holds our frames
            tensors.clear()  # what they hold is now the record's alone
            keeper.pending.settle()
            keeper.contents.finish()
        if keeper.stopped is not None:
            raise keeper.stopped.with_traceback(None)
        builder = Builder(scopes, shapes)
        for event in keeper.journal.events:
            builder.add(event)
        self.layers = builder.layers
        self.bytes = budget.spent(keeper.journal.events)
        self.reason: Reason | None = None
        if failure is not None:
            self.reason = explain_failure(failure, keeper.failed, builder)
        keeper.failed = None  # the failure knows the recorder
        origins = [keeper.flow.origin(t) for t in tensors_in(result)]
        self.torn = keeper.contents.torn
        self.lost = bool(origins) and not any(origins)
        self.producers = [p for origin in origins if origin for p in origin.producers]


def _ready(model: nn.Module) -> Structure:
    """Return the network to run: uncompiled, and a copy if its shapes are open.

    Raises
    ------
    ModelError
        The network's weights are on the meta device.
    """
    network = Structure(getattr(model, "_orig_mod", model))
    parameters = network.parameters.values()
    if any(p.is_meta for p in parameters):
        named = network.model.named_parameters()
        name = next(name for name, parameter in named if parameter.is_meta)
        raise ModelError(
            f'The network has no weights to run with: "{name}" is on the meta '
            "device, which keeps shapes only."
        )
    if any(type(p) is not nn.Parameter and is_lazy(p) for p in parameters):
        return Structure(_copied(network.model))
    return network


def _copied(model: nn.Module) -> nn.Module:
    """Return a copy of a network whose shapes are open; torch's own copying fails."""
    open_buffers = {
        id(buffer): UninitializedBuffer()
        for buffer in model.buffers()
        if is_lazy(buffer)
    }
    return copy.deepcopy(model, open_buffers)


def _to_tensor(values: NDArray[Any] | Tensor, network: Structure) -> Tensor:
    """Return a row-major batch of one on the network's device and in its precision."""
    if isinstance(values, Tensor):
        tensor = values.detach().clone(memory_format=torch.contiguous_format)
    else:
        tensor = torch.from_numpy(np.array(values, copy=True, order="C"))
    first = next(iter(network.parameters.values()), None)
    if first is not None and tensor.is_floating_point() and first.is_floating_point():
        tensor = tensor.to(first.device, first.dtype)
    return tensor[None]
