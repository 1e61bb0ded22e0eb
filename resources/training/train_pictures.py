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
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from balance import balance
from first_kernels import draw, noise_report
from folding import TrainingTwin, fold
from measure import accuracy, measure, report
from picture_data import Augmenter, class_names, hold_out, read_split
from recipes import RECIPES, Recipe
from safetensors.torch import load_file, save_file
from torch import nn
from training_run import Run

MODELS = Path(__file__).resolve().parents[1] / "models"


def folded(recipe: Recipe, twin: TrainingTwin, classes: int) -> nn.Module:
    """Return the plain network with the twin's weights, in half precision's values."""
    plain = recipe.build(classes).eval()
    fold(twin, plain)
    balance(plain)
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
    parser = argparse.ArgumentParser(description="Train a bundled network.")
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
