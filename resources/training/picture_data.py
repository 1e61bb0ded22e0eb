"""Pictures for training: decoding, augmentation, and the program's own preparation."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional as F

CANVAS = 192
"""Longest side of a picture of the set, in pixels."""


@dataclass(frozen=True, slots=True)
class Split:
    """Decoded pictures of one split.

    Attributes
    ----------
    pictures
        ``(h, w, 3)`` uint8 each.
    labels
        ``(N,)`` int64, index into the class names.
    """

    pictures: list[NDArray[np.uint8]]
    labels: Tensor


def class_names(folder: Path) -> tuple[str, ...]:
    """Return the class names in label order."""
    return tuple((folder / "classes.txt").read_text("utf-8").splitlines())


def read_split(folder: Path, split: str) -> Split:
    """Decode ``train`` or ``val``; members of the archive are ``CLASS/NAME.jpg``."""
    label = {name: i for i, name in enumerate(class_names(folder))}
    pictures, labels = [], []
    with tarfile.open(folder / f"{split}.tar") as archive:
        members = [m for m in archive.getmembers() if m.isfile()]
        for member in sorted(members, key=lambda m: m.name):
            file = archive.extractfile(member)
            assert file is not None
            image = Image.open(io.BytesIO(file.read())).convert("RGB")
            pictures.append(np.asarray(image))
            labels.append(label[member.name.split("/")[0]])
    return Split(pictures, torch.tensor(labels))


def hold_out(split: Split, every: int = 10) -> tuple[Split, Split]:
    """Split off every tenth picture, for choosing settings without the val split."""

    def part(chosen: list[int]) -> Split:
        return Split([split.pictures[i] for i in chosen], split.labels[chosen])

    everything = range(len(split.pictures))
    return (
        part([i for i in everything if i % every]),
        part([i for i in everything if not i % every]),
    )


class Augmenter:
    """Random views of the training pictures, a batch at a time.

    Every picture lies in the middle of a square canvas, its edge pixels repeated
    outwards, so that one affine sampling per batch does crop, flip and rotation.
    """

    def __init__(self, split: Split, mean: tuple[float, ...], std: tuple[float, ...]):
        count = len(split.pictures)
        self.canvas = torch.empty(count, 3, CANVAS, CANVAS, dtype=torch.uint8)
        self.extent = torch.empty(count, 2)
        for i, picture in enumerate(split.pictures):
            h, w = picture.shape[:2]
            top, left = (CANVAS - h) // 2, (CANVAS - w) // 2
            around = ((top, CANVAS - h - top), (left, CANVAS - w - left), (0, 0))
            padded = np.pad(picture, around, mode="edge")
            self.canvas[i] = torch.from_numpy(padded).permute(2, 0, 1)
            self.extent[i] = torch.tensor([h, w]) / CANVAS
        self.labels = split.labels
        self.mean = torch.tensor(mean).view(3, 1, 1)
        self.std = torch.tensor(std).view(3, 1, 1)

    def epoch(
        self, size: int, batch: int, smallest: float, rng: Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(batch, 3, size, size)`` float32 pictures and their labels.

        Parameters
        ----------
        size
            Height and width, in pixels.
        batch
            Pictures a batch; a last smaller one is dropped.
        smallest
            Smallest share of a picture's area that a view may show.
        rng
            Source of all randomness.
        """
        order = torch.randperm(len(self.labels), generator=rng)
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start : start + batch]
            views = self._views(chosen, size, smallest, rng)
            views = _jitter(views, rng)
            yield (views - self.mean) / self.std, self.labels[chosen]

    def _views(
        self, chosen: Tensor, size: int, smallest: float, rng: Generator
    ) -> Tensor:
        n = len(chosen)

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(n, generator=rng) * (high - low) + low

        extent = self.extent[chosen]
        area = uniform(smallest, 1.0) * extent.prod(1)
        ratio = torch.exp(uniform(-0.288, 0.288))
        height = torch.minimum((area / ratio).sqrt(), extent[:, 0])
        width = torch.minimum((area * ratio).sqrt(), extent[:, 1])
        y = uniform(-1, 1) * (extent[:, 0] - height)
        x = uniform(-1, 1) * (extent[:, 1] - width)
        flip = (torch.rand(n, generator=rng) < 0.5) * -2.0 + 1
        turned = torch.rand(n, generator=rng) < 0.5
        angle = uniform(-0.26, 0.26) * turned
        cos, sin = angle.cos(), angle.sin()
        rows = torch.stack([width * cos * flip, -height * sin, x], 1)
        columns = torch.stack([width * sin * flip, height * cos, y], 1)
        grid = F.affine_grid(
            torch.stack([rows, columns], 1), [n, 3, size, size], align_corners=False
        )
        return F.grid_sample(
            self.canvas[chosen].float() / 255,
            grid,
            padding_mode="border",
            align_corners=False,
        )


def _jitter(views: Tensor, rng: Generator) -> Tensor:
    """Vary brightness, contrast, saturation and tint; turn one in ten grey."""
    n = len(views)

    def around(amount: float, channels: int = 1) -> Tensor:
        noise = torch.rand(n, channels, 1, 1, generator=rng) * 2 - 1
        return 1 + amount * noise

    views = views * around(0.35) * around(0.06, 3)
    middle = views.mean((1, 2, 3), keepdim=True)
    views = (views - middle) * around(0.35) + middle
    grey = views.mean(1, keepdim=True)
    keep_colour = torch.rand(n, 1, 1, 1, generator=rng) >= 0.1
    views = (views - grey) * around(0.4) * keep_colour + grey
    return views.clamp(0, 1)


def mix(
    views: Tensor, targets: Tensor, rng: Generator, cut: float, blend: float
) -> tuple[Tensor, Tensor]:
    """Mix a batch with its own reverse: CutMix or mixup, or leave it.

    Parameters
    ----------
    views, targets
        ``(N, 3, h, w)`` pictures and ``(N, K)`` class probabilities.
    cut, blend
        Probability of CutMix (Yun et al. 2019, box area uniform) and of mixup
        (Zhang et al. 2018, share uniform in 0 … 0.4).
    """
    kind, share, at_y, at_x = torch.rand(4, generator=rng).tolist()
    if kind < cut:
        h, w = views.shape[2:]
        box_h, box_w = round(h * share**0.5), round(w * share**0.5)
        top, left = round(at_y * (h - box_h)), round(at_x * (w - box_w))
        box = (..., slice(top, top + box_h), slice(left, left + box_w))
        other = views.flip(0)
        views[box] = other[box]
        share = box_h * box_w / (h * w)
    elif kind < cut + blend:
        share *= 0.4
        views = views.lerp(views.flip(0), share)
    else:
        return views, targets
    return views, targets.lerp(targets.flip(0), share)
