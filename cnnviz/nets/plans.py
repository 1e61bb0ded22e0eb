"""A known network with the numbers that the tensors of a file decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnviz.core.models import ImageWant
from cnnviz.nets.catalog import Entry, find
from cnnviz.nets.compare import Shapes
from cnnviz.nets.known import layout
from cnnviz.nets.signatures import Signature

if TYPE_CHECKING:
    from torch import nn

_MOST_CLASSES = 10_000_000
_MOST_CHANNELS = 100_000
_MOST_PIXELS = 1 << 14
"""More than these no network has; a file that claims more belongs to none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which known network, and how large where that is left open.

    Attributes
    ----------
    entry
        Which one.
    classes
        Scores: length of the class layer's axis 0.
    channels
        Channels of the input: length of the first kernels' axis 1.
    size
        Height and width of the picture of a Vision Transformer, which learned a
        position for each patch of it; None for networks of any size.
    """

    entry: Entry
    classes: int
    channels: int
    size: int | None = None

    def make(self) -> nn.Module:
        """Build the network, without heads that are used in training only.

        Its weights are fresh; inside ``drawing.unmade`` they are shapes without
        memory.
        """
        module: Any = layout(
            self.entry, channels=self.channels, classes=self.classes, size=self.size
        )()
        for part in ("aux1", "aux2", "AuxLogits"):
            if hasattr(module, part):
                setattr(module, part, None)
                module.aux_logits = False
        if hasattr(module, "transform_input"):
            module.transform_input = False
        built: nn.Module = module
        return built

    @property
    def perhaps_imagenet(self) -> bool:
        """Whether its classes may be ImageNet's."""
        return self.entry.torchvision is not None and self.classes == 1000

    @property
    def words(self) -> str:
        """``"VGG16 with 7 classes, 1 input channel"``."""
        classes = f"{self.classes} class{'es' * (self.classes != 1)}"
        what = "input channel" if self.entry.task == "picture" else "variable"
        channels = f"{self.channels} {what}{'s' * (self.channels != 1)}"
        size = f", for {self.size}×{self.size} pixels" if self.size else ""
        return f"{self.entry.title} with {classes}, {channels}{size}"


def planned(one: Signature, shapes: Shapes) -> Plan:
    """Read from tensors what a network leaves open.

    Parameters
    ----------
    shapes
        By the network's own names. What they do not say stays as in the catalogue.
    """
    entry = find(one.name)
    want = entry.want
    usual = want.channels if isinstance(want, ImageWant) else len(want.channels)
    head, stem = shapes.get(f"{one.head}.weight", ()), shapes.get(one.stem, ())
    classes = head[0] if head else 0
    channels = stem[1] if len(stem) > 1 else 0
    return Plan(
        entry,
        classes if 0 < classes <= _MOST_CLASSES else entry.classes,
        channels if 0 < channels <= _MOST_CHANNELS else usual,
        _patched_size(entry, shapes),
    )


def _patched_size(entry: Entry, shapes: Shapes) -> int | None:
    """Return the picture's height and width from the number of learned positions."""
    if not (entry.torchvision or "").startswith("vit_"):
        return None
    positions = shapes.get("encoder.pos_embedding", ())
    patch = int(entry.name.rpartition("_")[2])
    patches = positions[1] - 1 if len(positions) == 3 else 0
    size = math.isqrt(max(patches, 0)) * patch
    if 0 < size <= _MOST_PIXELS:
        return size
    assert isinstance(entry.want, ImageWant)
    assert entry.want.crop is not None
    return entry.want.crop[0]
