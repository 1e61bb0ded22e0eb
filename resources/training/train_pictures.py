"""Train the two bundled picture networks.

    python resources/training/train_pictures.py alexnet --data FOLDER
    python resources/training/train_pictures.py vgg --data FOLDER --evaluate

FOLDER holds ``train.tar``, ``val.tar`` and ``classes.txt``. Training resumes from the
work folder (``--out``); the same seed gives the same run on the same machine.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from first_kernels import draw, noise_report
from folding import TrainingTwin, fold
from measure import accuracy, measure, report
from picture_data import Augmenter, class_names, hold_out, mix, read_split
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from cnnviz.core.trace import ImageWant
from cnnviz.nets import classic

MODELS = Path(__file__).resolve().parents[1] / "models"


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
    """

    size: int
    epochs: int
    rate: float
    smallest: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is trained."""

    build: Callable[[int], nn.Module]
    want: ImageWant
    cycles: tuple[Cycle, ...]
    batch: int = 64
    weight_decay: float = 1e-3
    smoothing: float = 0.1
    cut: float = 0.35
    blend: float = 0.25
    averaging: float = 0.997

    @property
    def epochs(self) -> int:
        """All epochs of all cycles."""
        return sum(cycle.epochs for cycle in self.cycles)


RECIPES = {
    "alexnet": Recipe(
        classic.bundled_alexnet,
        classic.ALEXNET_WANT,
        (Cycle(128, 20, 0.05, 0.3), Cycle(224, 10, 0.02, 0.35)),
    ),
    "vgg": Recipe(
        classic.bundled_vgg,
        classic.VGG_WANT,
        (Cycle(96, 20, 0.05, 0.3), Cycle(128, 12, 0.02, 0.35)),
    ),
}


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
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        others = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.SGD(
            [
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
        rng = Generator().manual_seed(self.seed * 10_000 + self.epoch)
        torch.manual_seed(self.seed * 10_000 + self.epoch)
        batches = len(self.data.labels) // self.recipe.batch
        began, total = time.monotonic(), 0.0
        self.net.train()
        views = self.data.epoch(cycle.size, self.recipe.batch, cycle.smallest, rng)
        for i, (pictures, labels) in enumerate(views):
            share = (self.epoch - before + i / batches) / cycle.epochs
            rate = cycle.rate * _schedule(share)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            total += self._step(pictures, labels, rng)
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

    def _step(self, pictures: Tensor, labels: Tensor, rng: Generator) -> float:
        recipe = self.recipe
        targets = F.one_hot(labels, self.classes).float()
        pictures, targets = mix(pictures, targets, rng, recipe.cut, recipe.blend)
        pictures = pictures.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.net(pictures)
        loss = F.cross_entropy(
            scores.float(), targets, label_smoothing=recipe.smoothing
        )
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        with torch.no_grad():
            news = self.net.state_dict()
            for name, value in self.mean.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(news[name], 1 - recipe.averaging)
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


def folded(recipe: Recipe, twin: TrainingTwin, classes: int) -> nn.Module:
    """Return the plain network with the twin's weights, in half precision's values."""
    plain = recipe.build(classes).eval()
    fold(twin, plain)
    return plain.half().float()


def ship(net: nn.Module, file: Path, classes: Sequence[str]) -> None:
    """Save the weights in half precision; renew ``SHA256SUMS`` beside the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    halves = {k: v.half().contiguous() for k, v in net.state_dict().items()}
    save_file(halves, file, {"classes": json.dumps(classes)})
    file.chmod(0o644)
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(file.parent.glob("*.safetensors"))
    ]
    (file.parent / "SHA256SUMS").write_text("".join(sums), "ascii")


def main() -> None:
    """Train, evaluate, or look at the kernels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("work"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, metavar="EPOCH")
    parser.add_argument(
        "--hold-out",
        action="store_true",
        help="train without a tenth of the pictures and measure on it",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="default: shipped")
    parser.add_argument("--evaluate", action="store_true", help="measure, no training")
    parser.add_argument("--kernels", type=Path, metavar="PNG", help="draw, no training")
    chosen = parser.parse_args()
    recipe = RECIPES[chosen.network]
    classes = class_names(chosen.data)
    file = chosen.save or MODELS / f"{chosen.network}.safetensors"

    if chosen.evaluate or chosen.kernels:
        net = recipe.build(len(classes)).eval()
        net.load_state_dict({k: v.float() for k, v in load_file(file).items()})
        if chosen.kernels:
            kernels = next(net.parameters()).detach().numpy()
            draw(kernels, chosen.kernels)
            print(json.dumps(noise_report(kernels), indent=1))
        if chosen.evaluate:
            counts = measure(net, read_split(chosen.data, "val"), recipe.want)
            print(report(counts, classes))
        return

    chosen.out.mkdir(parents=True, exist_ok=True)
    split, watch = read_split(chosen.data, "train"), None
    if chosen.hold_out:
        split, watch = hold_out(split)
    data = Augmenter(split, recipe.want.mean, recipe.want.std)
    checkpoint = chosen.out / f"{chosen.network}.pt"
    run = Run(recipe, data, len(classes), checkpoint, chosen.seed)
    while run.epoch < (chosen.stop_after or recipe.epochs):
        run.train_epoch()
        run.save()
        if watch is not None and (run.epoch % 4 == 0 or run.epoch == recipe.epochs):
            net = folded(recipe, run.mean, len(classes))
            print(f"held out: {accuracy(measure(net, watch, recipe.want)):.4f}")
    net = folded(recipe, run.mean, len(classes))
    ship(net, file, classes)
    print(f"saved {file}: {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
