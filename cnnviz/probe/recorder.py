"""One forward pass, every tensor operation kept as a layer."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
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
from cnnviz.probe.builder import Builder
from cnnviz.probe.failure import Reason, explain_failure
from cnnviz.probe.guard import untouched, wrapped
from cnnviz.probe.mode import Recorder
from cnnviz.probe.scopes import Scopes
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
    """

    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    error: str | None
    parameters: int
    parameters_used: int
    not_run: tuple[str, ...]
    seconds: float


def _no_check(done: int, expected: int, name: str) -> None:
    """Let every layer run."""


def record(
    model: nn.Module,
    inputs: Sequence[NDArray[Any] | Tensor],
    check: Check = _no_check,
    *,
    copy_weights: bool = False,
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
    model = _ready(model)
    run = _Run(model, inputs, check, copy_weights=copy_weights)
    if run.torn:
        run = _Run(model, inputs, check, copy_weights=copy_weights, copying=True)
    if run.lost:
        run = _Run(
            model,
            inputs,
            check,
            copy_weights=copy_weights,
            copying=True,
            distrust=True,
        )
    return Recording(
        tuple(run.layers),
        tuple(dict.fromkeys(run.layers[p].name for p in run.producers if p >= 0)),
        _explained(run, model, inputs, check),
        run.scopes.parameters,
        run.scopes.parameters_used,
        run.scopes.not_run(),
        time.perf_counter() - started,
    )


def _explained(
    run: _Run, model: nn.Module, inputs: Sequence[NDArray[Any] | Tensor], check: Check
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
        later = _Run(model, [blank], check, copy_weights=False).reason
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
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Sequence[NDArray[Any] | Tensor],
        check: Check,
        *,
        copy_weights: bool,
        copying: bool = False,
        distrust: bool = False,
    ) -> None:
        tensors = [_to_tensor(values, model) for values in inputs]
        failure: Exception | None = None
        result: Any = None
        self.scopes = scopes = Scopes(model, len(tensors))
        with torch.no_grad(), _eager(), untouched(scopes.modules) as before:
            recorder = Recorder(
                scopes,
                before,
                tensors,
                check,
                copy_weights=copy_weights,
                copying=copying,
                distrust=distrust,
            )
            with wrapped(scopes.modules, recorder.entered):
                try:
                    with recorder:
                        result = model(*tensors)
                except Exception as caught:  # noqa: BLE001 - not our code
                    failure = caught.with_traceback(None)  # which holds our frames
            recorder.contents.finish()
        if recorder.stopped is not None:
            raise recorder.stopped.with_traceback(None)
        builder = Builder(scopes, [tuple(t.shape[1:]) for t in tensors])
        for event in recorder.journal.events:
            builder.add(event)
        self.layers = builder.layers
        self.reason: Reason | None = None
        if failure is not None:
            self.reason = explain_failure(failure, recorder.failed, builder)
        recorder.failed = None  # the failure knows the recorder
        origins = [recorder.origins.flow.origin(t) for t in tensors_in(result)]
        self.torn = recorder.contents.torn
        self.lost = bool(origins) and not any(origins)
        self.producers = [p for origin in origins if origin for p in origin.producers]


def _ready(model: nn.Module) -> nn.Module:
    """Return the module to run: uncompiled, and a copy if its shapes are open.

    Raises
    ------
    ModelError
        The network's weights are on the meta device.
    """
    model = getattr(model, "_orig_mod", model)
    lazy = False
    for name, parameter in model.named_parameters():
        lazy = lazy or is_lazy(parameter)
        if parameter.is_meta:
            raise ModelError(
                f'The network has no weights to run with: "{name}" is on the meta '
                "device, which keeps shapes only."
            )
    return _copied(model) if lazy else model


def _copied(model: nn.Module) -> nn.Module:
    """Return a copy of a network whose shapes are open; torch's own copying fails."""
    open_buffers = {
        id(buffer): UninitializedBuffer()
        for buffer in model.buffers()
        if is_lazy(buffer)
    }
    return copy.deepcopy(model, open_buffers)


def _eager() -> AbstractContextManager[Any]:
    """Return a context in which compiled functions run as they were written."""
    if "torch._dynamo" not in sys.modules:  # nothing can have been compiled
        return nullcontext()
    stance: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return stance


def _to_tensor(values: NDArray[Any] | Tensor, model: nn.Module) -> Tensor:
    """Return a row-major batch of one on the network's device and in its precision."""
    if isinstance(values, Tensor):
        tensor = values.detach().clone(memory_format=torch.contiguous_format)
    else:
        tensor = torch.from_numpy(np.array(values, copy=True, order="C"))
    first = next(model.parameters(), None)
    if first is not None and tensor.is_floating_point() and first.is_floating_point():
        tensor = tensor.to(first.device, first.dtype)
    return tensor[None]
