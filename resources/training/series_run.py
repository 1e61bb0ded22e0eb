"""A training run of a series network: epochs, checkpoint, weight averaging."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from series_data import Augmenter
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval
from training_run import learn


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is trained.

    Attributes
    ----------
    build
        Makes it, untrained.
    length
        Steps of a window.
    epochs, batch
        How long, and how many windows at a time.
    rate, weight_decay
        Of AdamW; the rate rises, then falls as half a cosine.
    dropout
        Of the channels that hidden layers read, while training only.
    smoothing
        Share of each label given to all classes.
    mixing
        Parameter of mixup's beta distribution; 0 mixes nothing.
    averaging
        Share of the old in the running mean of the weights.
    """

    build: Callable[[], nn.Module]
    length: int = 128
    epochs: int = 40
    batch: int = 32
    rate: float = 3e-3
    weight_decay: float = 0.02
    dropout: float = 0.05
    smoothing: float = 0.1
    mixing: float = 0.0
    averaging: float = 0.995


def training_twin(plain: nn.Module, dropout: float) -> nn.Module:
    """Copy a network, with batch normalisation behind every hidden layer with weights.

    Normalisation is Ioffe and Szegedy's (2015); every such layer but the first reads
    through dropout of whole channels, as in Bai, Kolter and Koltun (2018).
    """
    twin = copy.deepcopy(plain)
    for i, (name, layer) in enumerate(_hidden(twin)):
        conv = isinstance(layer, nn.Conv1d)
        drop = (nn.Dropout1d if conv else nn.Dropout)(dropout if i else 0.0)
        norm = nn.BatchNorm1d(layer.out_channels if conv else layer.out_features)
        twin.set_submodule(name, nn.Sequential(drop, layer, norm))
    return twin


@torch.no_grad()
def folded(twin: nn.Module) -> nn.Module:
    """Return the plain network that computes what the twin does outside training."""
    plain = copy.deepcopy(twin).eval()
    for name, steps in list(plain.named_modules()):
        if isinstance(steps, nn.Sequential) and isinstance(steps[-1], nn.BatchNorm1d):
            _, layer, norm = steps
            conv = isinstance(layer, nn.Conv1d)
            fuse = fuse_conv_bn_eval if conv else fuse_linear_bn_eval
            plain.set_submodule(name, fuse(layer, norm))
    return plain


def _hidden(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the layers with weights, by name, but for the one that scores classes."""
    layers = [
        (name, module)
        for name, module in net.named_modules()
        if isinstance(module, nn.Conv1d | nn.Linear)
    ]
    return layers[:-1]


class Run:
    """A training run that can stop after any epoch and go on later.

    Parameters
    ----------
    recipe
        What to do.
    data
        Random windows.
    seed
        Of initial weights and of every epoch's randomness.
    checkpoint
        Where the state is kept; read when it exists. None keeps nothing.
    """

    def __init__(
        self, recipe: Recipe, data: Augmenter, seed: int, checkpoint: Path | None = None
    ) -> None:
        torch.manual_seed(seed)
        self.recipe, self.data, self.seed = recipe, data, seed
        self.checkpoint, self.epoch = checkpoint, 0
        self.net = training_twin(recipe.build(), recipe.dropout)
        self.mean = copy.deepcopy(self.net).eval()
        weights = list(self.net.parameters())
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in weights if p.ndim > 1]},
                {"params": [p for p in weights if p.ndim == 1], "weight_decay": 0.0},
            ],
            lr=recipe.rate,
            fused=True,
            weight_decay=recipe.weight_decay,
        )
        if checkpoint is not None and checkpoint.exists():
            state = torch.load(checkpoint, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.epoch = state["epoch"]

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if self.checkpoint is None:
            return
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def train_epoch(self) -> str:
        """Train one epoch; return a line that says how it went."""
        recipe = self.recipe
        rng = Generator().manual_seed(self.seed * 10_000 + self.epoch)
        torch.manual_seed(self.seed * 10_000 + self.epoch)
        began, total = time.monotonic(), 0.0
        batches = self.data.size // recipe.batch
        self.net.train()
        for i, (windows, labels) in enumerate(self.data.epoch(recipe.batch, rng)):
            share = (self.epoch + i / batches) / recipe.epochs
            for group in self.optimiser.param_groups:
                group["lr"] = recipe.rate * _schedule(share)
            total += self._step(windows, labels)
        self.epoch += 1
        took = time.monotonic() - began
        loss = total / batches
        return f"epoch {self.epoch}/{recipe.epochs} loss {loss:.3f} {took:.1f} s"

    def _step(self, windows: Tensor, labels: Tensor) -> float:
        recipe = self.recipe
        targets = F.one_hot(labels, self._classes()).float()
        if recipe.mixing:
            share = torch.distributions.Beta(recipe.mixing, recipe.mixing).sample()
            windows = torch.lerp(windows.flip(0), windows, share)
            targets = torch.lerp(targets.flip(0), targets, share)
        return learn(
            self.net,
            self.mean,
            self.optimiser,
            (windows, targets),
            smoothing=recipe.smoothing,
            longest=2.0,
            averaging=recipe.averaging,
        )

    def _classes(self) -> int:
        return list(self.net.parameters())[-1].numel()


def _schedule(share: float) -> float:
    """Return the rate's factor: a linear rise over 8 %, then half a cosine."""
    if share < 0.08:
        return share / 0.08 + 1e-3
    falling = torch.tensor((share - 0.08) / 0.92 * torch.pi)
    return float(0.5 * (1 + falling.cos())) + 1e-3
