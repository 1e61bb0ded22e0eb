"""A training run: epochs, checkpoint, weight averaging, progress."""

import sys
import time
from pathlib import Path

import torch
from folding import TrainingTwin
from picture_data import Augmenter, mix
from recipes import Cycle, Recipe
from torch import Generator, Tensor, nn
from torch.nn import functional as F


class Run:
    """A training run that can stop after any epoch and go on later.

    Parameters
    ----------
    recipe
        What to do.
    data
        The training pictures.
    classes
        Number of classes.
    checkpoint
        Where the state is kept; read when it exists.
    seed
        Of initial weights and of every epoch's randomness.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Augmenter,
        classes: int,
        checkpoint: Path,
        seed: int,
    ) -> None:
        torch.manual_seed(seed)
        self.recipe, self.data, self.classes = recipe, data, classes
        self.checkpoint, self.seed, self.epoch = checkpoint, seed, 0
        channels_last = torch.channels_last
        self.net = TrainingTwin(recipe.build(classes)).to(memory_format=channels_last)
        self.mean = TrainingTwin(recipe.build(classes)).to(memory_format=channels_last)
        self.mean.load_state_dict(self.net.state_dict())
        self.mean.eval()
        first, *decayed = (p for p in self.net.parameters() if p.ndim > 1)
        others = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.SGD(
            [
                {"params": [first]},
                {"params": decayed, "weight_decay": recipe.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=0.1,
            momentum=0.9,
            nesterov=True,
        )
        if checkpoint.exists():
            state = torch.load(checkpoint, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.epoch = state["epoch"]

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def train_epoch(self) -> None:
        """Train one epoch, with a progress bar."""
        cycle, before = self._cycle()
        for module in self.net.modules():
            if isinstance(module, nn.Dropout):
                module.p = cycle.dropout
        rng = Generator().manual_seed(self.seed * 10_000 + self.epoch)
        torch.manual_seed(self.seed * 10_000 + self.epoch)
        batches = len(self.data.labels) // self.recipe.batch
        began, total = time.monotonic(), 0.0
        self.net.train()
        self.optimiser.param_groups[0]["weight_decay"] = cycle.first_decay
        views = self.data.epoch(cycle.size, self.recipe.batch, cycle.smallest, rng)
        for i, (pictures, labels) in enumerate(views):
            share = (self.epoch - before + i / batches) / cycle.epochs
            rate = cycle.rate * _schedule(share)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            targets = F.one_hot(labels, self.classes).float()
            total += self._step(
                *mix(pictures, targets, rng, cycle.cut, cycle.blend), cycle.averaging
            )
            took = time.monotonic() - began
            _bar(
                f"epoch {self.epoch + 1}/{self.recipe.epochs} {cycle.size} px",
                (i + 1) / batches,
                f"loss {total / (i + 1):.3f} rate {rate:.4f} {took:.0f} s",
            )
        self.epoch += 1

    def _cycle(self) -> tuple[Cycle, int]:
        before = 0
        for cycle in self.recipe.cycles:
            if self.epoch < before + cycle.epochs:
                return cycle, before
            before += cycle.epochs
        raise ValueError("this run is finished")

    def _step(self, pictures: Tensor, targets: Tensor, averaging: float) -> float:
        pictures = pictures.to(memory_format=torch.channels_last)
        return learn(
            self.net,
            self.mean,
            self.optimiser,
            (pictures, targets),
            smoothing=self.recipe.smoothing,
            longest=5.0,
            averaging=averaging,
        )


def learn(
    net: nn.Module,
    mean: nn.Module,
    optimiser: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor],
    *,
    smoothing: float,
    longest: float,
    averaging: float,
) -> float:
    """Take one step down the gradient, in bfloat16 arithmetic; gives the loss.

    Parameters
    ----------
    net, mean
        What learns, and the running mean of its weights.
    batch
        Inputs, and targets ``(N, classes)`` that sum to 1.
    smoothing
        Share of each target that is spread over all classes.
    longest
        Norm at which the gradient is clipped.
    averaging
        Share of the running mean that the step keeps.
    """
    inputs, targets = batch
    with torch.autocast("cpu", torch.bfloat16):
        scores = net(inputs)
    loss = F.cross_entropy(scores.float(), targets, label_smoothing=smoothing)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), longest)
    optimiser.step()
    with torch.no_grad():
        news = net.state_dict()
        for name, value in mean.state_dict().items():
            if value.is_floating_point():
                value.lerp_(news[name], 1 - averaging)
    return float(loss.detach())


def _schedule(share: float) -> float:
    """Return the rate's factor: a linear rise over 8 %, then half a cosine."""
    if share < 0.08:
        return share / 0.08 + 1e-3
    falling = torch.tensor((share - 0.08) / 0.92 * torch.pi)
    return float(0.5 * (1 + falling.cos())) + 1e-3


def _bar(title: str, share: float, words: str) -> None:
    """Draw the progress bar; only its finished state when output is no terminal."""
    if not sys.stdout.isatty() and share < 1:
        return
    filled = round(share * 24)
    end = "\n" if share >= 1 else ""
    print(f"\r{title} [{'#' * filled:<24}] {words}", end=end, flush=True)
