"""Accuracy of a picture network, on pictures prepared exactly as the program does."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from picture_data import Split
from torch import nn

from cnnviz.core.models import ImageWant
from cnnviz.inputs.prepare import prepare_image


@torch.no_grad()
def measure(net: nn.Module, split: Split, want: ImageWant) -> NDArray[np.int64]:
    """Count ``(true class, predicted class)`` pairs: ``(K, K)``."""
    predicted = []
    for start in range(0, len(split.pictures), 32):
        pictures = [
            torch.tensor(prepare_image(rgb, want).values[0])
            for rgb in split.pictures[start : start + 32]
        ]
        predicted.append(net(torch.stack(pictures)))
    scores = torch.cat(predicted)
    counts = np.zeros((scores.shape[1],) * 2, np.int64)
    np.add.at(counts, (split.labels.numpy(), scores.argmax(1).numpy()), 1)
    return counts


def accuracy(counts: NDArray[np.int64]) -> float:
    """Share of pictures on the diagonal, in 0 … 1."""
    return float(np.trace(counts) / counts.sum())


def report(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Return accuracy, accuracy per class and confusion as a Markdown text."""
    right, total = np.trace(counts), counts.sum()
    lines = [f"Accuracy {right / total:.4f} ({right} of {total})", ""]
    lines.append("| true ＼ called | " + " | ".join(classes) + " | right |")
    lines.append("| --- |" + " ---: |" * (len(classes) + 1))
    for name, row in zip(classes, counts, strict=True):
        cells = [str(n) if n else "·" for n in row]
        hit = counts[classes.index(name), classes.index(name)] / max(row.sum(), 1)
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {hit:.1%} |")
    return "\n".join(lines)
