"""Networks with fresh weights, quickly: none is drawn twice, or at all if not needed.

``nn.Conv2d`` and ``nn.Linear`` draw initial weights on creation; most networks then
draw again, and loading a file throws both away. Without that VGG16 takes about half
the time to build, and 10 ms before loading a file.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnviz.nets.alone import own_chance

_PART = 1 << 21
"""Values drawn in one go; more are spread over threads."""

_FILLING = frozenset(
    {
        *("normal_", "uniform_", "trunc_normal_", "kaiming_uniform_", "constant_"),
        *("fill_", "zero_", "erfinv_", "mul_", "add_", "clamp_"),
    }
)
"""What initialisation does to a weight, in place."""


class _Unmade(TorchFunctionMode):
    """Creates weights without memory, on torch's meta device.

    Only what ``torch.empty`` makes, so that tables a network computes for itself
    while it is built are real. What has no memory is not filled: torch would load its
    compiler for that, which takes a second.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.empty:
            kwargs = {**kwargs, "device": "meta"}
        if getattr(func, "__name__", "") in _FILLING:
            tensor = args[0] if args else kwargs.get("tensor")
            if isinstance(tensor, Tensor) and tensor.is_meta:
                return tensor
        return func(*args, **kwargs)


class _DrawOnce(TorchFunctionMode):
    """Puts off the layers' own first draw: a NaN marks a weight that waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[Tensor, dict[str, Any]]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is nn.init.kaiming_uniform_:
            tensor: Tensor = kwargs["tensor"]
            tensor.detach().view(-1)[0] = torch.nan
            self._waiting.append((tensor, kwargs))
            return tensor
        if func in (nn.init.normal_, Tensor.normal_):
            return _normal(*args, **kwargs)
        return func(*args, **kwargs)

    def draw_the_rest(self) -> None:
        """Draw the weights that the network did not set by itself."""
        for tensor, how in self._waiting:
            if tensor.detach().view(-1)[0].isnan():
                nn.init.kaiming_uniform_(**how)


def _normal(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what ``tensor.normal_`` does, a large tensor in parts with seeds of their own.

    The values do not depend on the number of threads.
    """
    flat = tensor.detach().view(-1)
    if generator is not None or flat.numel() <= _PART:
        flat.normal_(mean, std, generator=generator)
        return tensor
    parts = torch.split(flat, _PART)
    seeds = torch.randint(1 << 62, (len(parts),)).tolist()

    def draw(part: Tensor, seed: int) -> None:
        part.normal_(mean, std, generator=torch.Generator().manual_seed(seed))

    with ThreadPoolExecutor() as pool:
        list(pool.map(draw, parts, seeds))
    return tensor


def fresh(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network with random weights, drawn as the network itself asks for.

    The same seed gives the same weights; torch's global random state stays as it was.

    Parameters
    ----------
    make
        Builds the network.
    seed
        0 or more.
    """
    with own_chance():
        torch.default_generator.manual_seed(seed)
        with _DrawOnce() as once:
            module = make()
        once.draw_the_rest()
    return module


def unmade(make: Callable[[], nn.Module]) -> nn.Module:
    """Build a network whose weights have shapes but no memory (the meta device)."""
    with _Unmade():
        return make()
