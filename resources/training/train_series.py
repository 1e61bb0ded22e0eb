"""Train the two bundled networks of series.

    python resources/training/train_series.py tcn --data FOLDER
    python resources/training/train_series.py cnn1d --data FOLDER --evaluate

FOLDER holds ``spar_series.npz``. Training resumes from the work folder (``--out``); the
same seed gives the same run on the same machine. ``--cross-validate`` is what the
recipes were chosen by: it leaves two of the people 1–8 out at a time. People 9 and 10
are for ``--evaluate`` only.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from measure import accuracy, report
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from series_data import Augmenter, Recordings, Views, read_recordings
from series_run import Recipe, Run, folded
from torch import nn

from cnnviz.nets.temporal import TCN, CNN1d

MODELS = Path(__file__).resolve().parents[1] / "models"
LEARNED_FROM = range(1, 9)
HELD_OUT = (9, 10)
LEFT_OUT_TOGETHER = ((1, 2), (3, 4), (5, 6), (7, 8))
STRIDE = 64
"""Steps from one window to the next where accuracy is measured."""

RECIPES = {
    "tcn": (Recipe(TCN, epochs=30, dropout=0.0), Views()),
    "cnn1d": (Recipe(CNN1d, epochs=40), Views()),
}


@torch.no_grad()
def measure_people(
    net: nn.Module,
    recordings: Recordings,
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
    length: int,
) -> dict[int, NDArray[np.int64]]:
    """Count ``(true class, predicted class)`` pairs for each person: ``(K, K)`` each.

    Every window counts, whether or not others of its recording overlap it.
    """
    windows, recording = recordings.windows(length, STRIDE)
    scores = net(torch.from_numpy((windows - mean[:, None]) / std[:, None]))
    kinds = len(recordings.classes)
    counts = {}
    for person in sorted(set(recordings.people.tolist())):
        theirs = recordings.people[recording] == person
        counts[person] = np.zeros((kinds, kinds), np.int64)
        pairs = (recordings.labels[recording], scores.argmax(1).numpy())
        np.add.at(counts[person], tuple(side[theirs] for side in pairs), 1)
    return counts


def people_report(counts: dict[int, NDArray[np.int64]], classes: Sequence[str]) -> str:
    """Return accuracy over all windows, per class and per person as Markdown."""
    lines = [report(sum(counts.values()), classes), "", "| person | right |"]
    lines.append("| ---: | ---: |")
    for person, pairs in counts.items():
        lines.append(
            f"| {person} | {accuracy(pairs):.1%} ({np.trace(pairs)} of {pairs.sum()}) |"
        )
    return "\n".join(lines)


def ship(
    net: nn.Module,
    file: Path,
    recordings: Recordings,
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
    length: int,
) -> None:
    """Save the weights with what the network wants; renew the line in SHA256SUMS."""
    file.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "classes": recordings.classes,
        "channels": recordings.channels,
        "units": recordings.units,
        "mean": mean.tolist(),
        "std": std.tolist(),
        "rate": recordings.rate,
        "length": length,
    }
    weights = {name: value.contiguous() for name, value in net.state_dict().items()}
    save_file(weights, file, {name: json.dumps(fact) for name, fact in facts.items()})
    file.chmod(0o644)
    sums = file.parent / "SHA256SUMS"
    lines = sums.read_text("ascii").splitlines() if sums.exists() else []
    others = [line for line in lines if not line.endswith(f"  {file.name}")]
    others.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}")
    others.sort(key=lambda line: line.split()[1])
    sums.write_text("".join(f"{line}\n" for line in others), "ascii")


def train(
    name: str, recordings: Recordings, seed: int, checkpoint: Path | None = None
) -> tuple[nn.Module, NDArray[np.float32], NDArray[np.float32]]:
    """Train one network; return it with the normalisation it was trained with."""
    recipe, views = RECIPES[name]
    mean, std = recordings.scale()
    data = Augmenter(recordings, recipe.length, mean, std, views)
    run = Run(recipe, data, seed, checkpoint)
    while run.epoch < recipe.epochs:
        print(run.train_epoch(), flush=True)
        run.save()
    return folded(run.mean), mean, std


def cross_validate(name: str, recordings: Recordings, seed: int) -> None:
    """Train without two people at a time, and measure on those two."""
    counts: dict[int, NDArray[np.int64]] = {}
    for people in LEFT_OUT_TOGETHER:
        others = recordings.of([p for p in LEARNED_FROM if p not in people])
        net, mean, std = train(name, others, seed)
        length = RECIPES[name][0].length
        counts |= measure_people(net, recordings.of(people), mean, std, length)
        for person in people:
            print(f"person {person}: {accuracy(counts[person]):.4f}", flush=True)
    print(people_report(counts, recordings.classes))


def evaluate(name: str, file: Path, recordings: Recordings) -> None:
    """Measure a saved network on the people it has never seen."""
    with safe_open(file, "pt") as opened:
        facts = {key: json.loads(text) for key, text in opened.metadata().items()}
    mean, std = (np.array(facts[key], np.float32) for key in ("mean", "std"))
    net = RECIPES[name][0].build().eval()
    net.load_state_dict(load_file(file))
    unseen = recordings.of(HELD_OUT)
    counts = measure_people(net, unseen, mean, std, facts["length"])
    print(people_report(counts, recordings.classes))


def main() -> None:
    """Train, cross-validate or evaluate."""
    parser = argparse.ArgumentParser(description="Train a bundled network of series.")
    parser.add_argument("network", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("work"), metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", type=Path, metavar="FILE", help="default: shipped")
    parser.add_argument("--evaluate", action="store_true", help="measure, no training")
    parser.add_argument("--cross-validate", action="store_true", help="ship nothing")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    recordings = read_recordings(chosen.data)
    file = chosen.save or MODELS / f"{chosen.network}.safetensors"
    if chosen.evaluate:
        evaluate(chosen.network, file, recordings)
        return
    known = recordings.of(LEARNED_FROM)
    if chosen.cross_validate:
        cross_validate(chosen.network, known, chosen.seed)
        return
    chosen.out.mkdir(parents=True, exist_ok=True)
    checkpoint = chosen.out / f"{chosen.network}.pt"
    net, mean, std = train(chosen.network, known, chosen.seed, checkpoint)
    ship(net, file, known, mean, std, RECIPES[chosen.network][0].length)
    print(f"saved {file}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
