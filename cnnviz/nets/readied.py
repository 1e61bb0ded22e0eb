"""Modules as they came, made ready to be looked at."""

from __future__ import annotations

import torch
from torch import nn

_MODAL = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout),
)
"""Layers that do something else in training."""


def unwrapped(module: nn.Module) -> nn.Module:
    """Return a network without what training wrapped it in."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if inner is None and isinstance(module, nn.DataParallel):
            inner = module.module
        if not isinstance(inner, nn.Module):
            return module
        module = inner


def readied(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """Bring a network to the CPU, to evaluation, to float32, without gradients.

    Kernels in channels-last order are laid out as usual: what they give could not be
    flattened by ``view``.

    Returns
    -------
    module
        The same one.
    notes
        What changed that has a part in the values.
    """
    notes = []
    if any(part.training and isinstance(part, _MODAL) for part in module.modules()):
        notes.append("in training mode as it came, shown in evaluation mode")
    kinds = {p.dtype for p in module.parameters() if p.is_floating_point()}
    notes += [
        f"{str(kind).removeprefix('torch.')} weights computed in float32"
        for kind in kinds - {torch.float32}
    ]
    if not any(p.is_meta for p in module.parameters()):
        module = module.cpu().to(memory_format=torch.contiguous_format)
    return module.eval().float().requires_grad_(False), tuple(notes)
