"""How each bundled picture network is trained."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from cnnviz.core.models import ImageWant
from cnnviz.nets import classic


@dataclass(frozen=True, slots=True)
class Cycle:
    """Some epochs at one picture size; the rate rises, then falls as a cosine.

    Attributes
    ----------
    size
        Height and width of the pictures, in pixels.
    rate
        Highest learning rate.
    smallest
        Smallest share of a picture that a view shows.
    first_decay
        Weight decay of the first layer, whose kernels people look at: a stronger one
        lets what is not learned any more fade.
    cut, blend
        Probabilities of CutMix and of mixup for a batch.
    dropout
        Behind the dense layers; narrow ones stand less than the usual half.
    averaging
        Share of the running mean of the weights that each step keeps.
    """

    size: int
    epochs: int
    rate: float
    smallest: float
    first_decay: float = 1e-3
    cut: float = 0.15
    blend: float = 0.1
    dropout: float = 0.25
    averaging: float = 0.997


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is trained."""

    build: Callable[[int], nn.Module]
    want: ImageWant
    cycles: tuple[Cycle, ...]
    batch: int = 64
    weight_decay: float = 1e-3
    smoothing: float = 0.1

    @property
    def epochs(self) -> int:
        """All epochs of all cycles."""
        return sum(cycle.epochs for cycle in self.cycles)


RECIPES = {
    "alexnet": Recipe(
        classic.bundled_alexnet,
        classic.ALEXNET_WANT,
        (
            Cycle(128, 20, 0.05, 0.3, cut=0.35, blend=0.25, dropout=0.5),
            Cycle(224, 5, 0.03, 0.45, first_decay=0.05, averaging=0.985),
            Cycle(224, 9, 0.03, 0.45, first_decay=0.02, averaging=0.99),
        ),
    ),
    "vgg": Recipe(
        classic.bundled_vgg,
        classic.VGG_WANT,
        (
            Cycle(96, 18, 0.05, 0.4),
            Cycle(96, 8, 0.04, 0.45, averaging=0.99),
        ),
    ),
}
