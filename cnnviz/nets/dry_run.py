"""Runs of a network on shapes alone, to learn what input it takes.

The run is of a copy without memory (torch's meta device): it takes milliseconds
whatever the size, and leaves the network as it was.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from cnnviz.core.progress import Check
from cnnviz.nets.alone import own_chance
from cnnviz.nets.eager import eager

Shape = tuple[int, ...]
_CONVOLUTIONS = {F.conv1d: 1, F.conv2d: 2, F.conv3d: 3}
"""Functions, and the axes their kernels move along."""


@dataclass(slots=True)
class Attempt:
    """How one run went.

    Attributes
    ----------
    output
        Shape of the first tensor that came out, batch axis first; None when the run
        failed, or more or fewer than one answer came for the one input.
    read
        For each input that a convolution reads directly, the axes it moves along and
        the channels it wants; 0 axes and the numbers wanted where a dense layer reads
        it that they do not suit.
    dense
        Where the first dense layer refused its input: how many numbers came, and how
        many it wanted.
    unable
        The run failed because shapes alone do not do for this network.
    """

    output: Shape | None = None
    read: dict[int, tuple[int, int]] = field(default_factory=dict)
    dense: tuple[int, int] | None = None
    unable: bool = False


class _Watch(TorchFunctionMode):
    """Sees convolutions of the inputs and dense layers; asks whether to go on."""

    def __init__(self, inputs: Sequence[Tensor], check: Check) -> None:
        super().__init__()
        self._inputs = {id(tensor): i for i, tensor in enumerate(inputs)}
        self._check = check
        self.attempt = Attempt()
        self.stopped: BaseException | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        try:
            self._check(0, 0, "finding the input size")
        except BaseException as stopped:
            self.stopped = stopped  # whatever the network makes of it
            raise
        kwargs = kwargs or {}
        if func is F.linear or func in _CONVOLUTIONS:
            self._note(func, *_operands(args, kwargs))
        return func(*args, **kwargs)

    def _note(
        self, func: Callable[..., Any], x: Tensor, weight: Tensor, groups: int
    ) -> None:
        wanted = weight.shape[1] * groups
        place = self._inputs.get(id(x))
        if func is not F.linear:
            if place is not None:
                self.attempt.read[place] = _CONVOLUTIONS[func], wanted
        elif x.shape[-1] != wanted:
            if place is not None:
                self.attempt.read[place] = 0, wanted
            if self.attempt.dense is None:
                self.attempt.dense = x.shape[-1], wanted


def _operands(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Tensor, Tensor, int]:
    """Return the input of a layer, its weight, and its groups."""
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    given = dict(zip(names, args, strict=False)) | kwargs
    return given["input"], given["weight"], given.get("groups", 1)


def attempt(
    module: nn.Module, shapes: Sequence[Shape], check: Check, device: str = "meta"
) -> Attempt:
    """Run a copy of a network on zeros.

    Parameters
    ----------
    module
        From ``copied``.
    shapes
        Of its inputs, without batch axis.
    check
        Called before each operation; what it raises is raised.
    """
    inputs = [torch.zeros(1, *shape, device=device) for shape in shapes]
    watch = _Watch(inputs, check)
    result = watch.attempt
    try:
        with torch.no_grad(), own_chance(check), eager(), watch:
            answer = module(*inputs)
    except Exception as error:  # noqa: BLE001 - not our code
        answer = None
        result.unable = isinstance(error, NotImplementedError) or "meta" in str(error)
    if watch.stopped is not None:
        raise watch.stopped.with_traceback(None)
    tensors = [leaf for leaf in tree_leaves(answer) if isinstance(leaf, Tensor)]
    if tensors and tensors[0].shape[:1] == (1,):
        result.output = tuple(tensors[0].shape)
    return result


def copied(module: nn.Module, device: str = "meta") -> nn.Module | None:
    """Copy a network; on the meta device without its weights' memory.

    Returns
    -------
    Module or None
        None when it cannot be copied, or leaves shapes open until its first run.
    """
    tensors: list[Tensor] = [*module.parameters(), *module.buffers()]
    for part in module.modules():
        tensors += [value for value in vars(part).values() if isinstance(value, Tensor)]
    if any(map(is_lazy, tensors)):
        return None
    memo: dict[int, Any] = {}
    for tensor in tensors:
        twin = tensor.detach().to(device, copy=True)
        if isinstance(tensor, nn.Parameter):
            twin = nn.Parameter(twin, requires_grad=False)
        memo[id(tensor)] = twin
    try:
        return copy.deepcopy(module, memo)
    except Exception:  # noqa: BLE001 - not our code
        return None


def count_inputs(module: nn.Module) -> int:
    """Return how many inputs a network cannot do without; at least 1."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    required = [p for p in parameters if p.kind in positional and p.default is p.empty]
    return max(len(required), 1)
