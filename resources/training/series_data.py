"""Recordings of movements for training: people, windows, and random views of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

MIRROR = torch.tensor([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
"""Signs that turn a left wrist's readings into a right one's.

The x axis lies along the forearm and points the other way on the other arm; turning
rates, which are pseudovectors, keep their x and change y and z.
"""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Recordings of several people.

    Attributes
    ----------
    values
        ``(C, T)`` float32 each, in the sensor's units (g, rad/s).
    labels, people
        ``(N,)`` int64: index into ``classes``; number of the person.
    channels, units, classes
        Names; unit of each channel.
    rate
        Readings a second.
    """

    values: list[NDArray[np.float32]]
    labels: NDArray[np.int64]
    people: NDArray[np.int64]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    classes: tuple[str, ...]
    rate: float

    def of(self, people: Collection[int]) -> "Recordings":
        """Return the recordings of some people."""
        chosen = [i for i, person in enumerate(self.people) if person in people]
        return Recordings(
            [self.values[i] for i in chosen],
            self.labels[chosen],
            self.people[chosen],
            self.channels,
            self.units,
            self.classes,
            self.rate,
        )

    def scale(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and standard deviation of each channel over all steps: (C,)."""
        steps = np.concatenate(self.values, 1).astype(np.float64)
        return steps.mean(1).astype(np.float32), steps.std(1).astype(np.float32)

    def windows(
        self, length: int, stride: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cut every recording into windows.

        Returns
        -------
        windows
            ``(W, C, length)`` float32.
        recording
            ``(W,)`` int64: which recording each window is from.
        """
        windows, recording = [], []
        for i, values in enumerate(self.values):
            for start in range(0, values.shape[1] - length + 1, stride):
                windows.append(values[:, start : start + length])
                recording.append(i)
        return np.stack(windows), np.array(recording)


def read_recordings(folder: Path) -> Recordings:
    """Read ``spar_series.npz``."""
    with np.load(folder / "spar_series.npz", allow_pickle=False) as file:
        values, ends = file["values"], file["offsets"]
        return Recordings(
            [np.ascontiguousarray(values[a:b].T) for a, b in pairwise(ends)],
            file["label"],
            file["subject"],
            tuple(map(str, file["channels"])),
            tuple(map(str, file["units"])),
            tuple(map(str, file["classes"])),
            float(file["rate_hz"]),
        )


@dataclass(frozen=True, slots=True)
class Views:
    """How much random views may differ from the recordings.

    Attributes
    ----------
    tempo
        Faster or slower by up to this factor (as a logarithm).
    turn
        Standard deviation of the watch's turn on the wrist, in radians per axis.
    strength
        Readings stronger or weaker by up to this share, each sensor by itself.
    noise
        Standard deviation of noise, in standard deviations of the channel.
    mirror
        Probability of the other arm.
    silence
        Probability that a channel fails.
    """

    tempo: float = 0.25
    turn: float = 0.2
    strength: float = 0.15
    noise: float = 0.05
    mirror: float = 0.5
    silence: float = 0.03


class Augmenter:
    """Random windows of recordings, a batch at a time.

    Parameters
    ----------
    recordings
        To take windows from; each class's recordings equally often.
    length
        Steps of a window.
    mean, std
        ``(C,)``: normalisation.
    views
        Amounts of variation.
    """

    def __init__(
        self,
        recordings: Recordings,
        length: int,
        mean: NDArray[np.float32],
        std: NDArray[np.float32],
        views: Views,
    ) -> None:
        self.length, self.views = length, views
        self.steps = torch.tensor([v.shape[1] for v in recordings.values])
        longest = int(self.steps.max())
        self.values = torch.stack(
            [
                torch.from_numpy(np.pad(v, ((0, 0), (0, longest - v.shape[1]))))
                for v in recordings.values
            ]
        )
        self.labels = torch.from_numpy(recordings.labels)
        self.mean = torch.from_numpy(mean)[:, None]
        self.std = torch.from_numpy(std)[:, None]
        self.size = int(self.steps.sum()) // (length // 2)

    def epoch(self, batch: int, rng: Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(batch, C, length)`` float32 windows and their labels.

        About as many as there are windows that overlap by half.
        """
        weights = self.steps / self.steps.sum()
        for _ in range(self.size // batch):
            chosen = torch.multinomial(weights, batch, True, generator=rng)
            yield self._views(chosen, rng), self.labels[chosen]

    def _views(self, chosen: Tensor, rng: Generator) -> Tensor:
        n, views = len(chosen), self.views

        def uniform(*shape: int) -> Tensor:
            return torch.rand(n, *shape, generator=rng) * 2 - 1

        def normal(*shape: int) -> Tensor:
            return torch.randn(n, *shape, generator=rng)

        longest = (self.steps[chosen] - 2) / self.length
        tempo = torch.minimum((uniform() * views.tempo).exp(), longest)
        free = self.steps[chosen] - 1 - tempo * (self.length - 1)
        start = (uniform() * 0.5 + 0.5) * free
        at = start[:, None] + tempo[:, None] * torch.arange(self.length)
        whole = at.long()
        index = whole[:, None].expand(-1, self.values.shape[1], -1)
        source = self.values[chosen]
        values = torch.lerp(
            source.gather(2, index),
            source.gather(2, index + 1),
            (at - whole)[:, None].float(),
        )
        values[:, 3:] *= tempo[:, None, None]
        turn = torch.matrix_exp(_crosses(normal(3) * views.turn))
        values = torch.cat([turn @ values[:, :3], turn @ values[:, 3:]], 1)
        strength = 1 + uniform(2) * views.strength
        values = values * strength.repeat_interleave(3, 1)[..., None]
        mirrored = torch.rand(n, 1, 1, generator=rng) < views.mirror
        values = torch.where(mirrored, values * MIRROR[:, None], values)
        values = (values - self.mean) / self.std
        values = values + normal(*values.shape[1:]) * views.noise
        silent = torch.rand(n, values.shape[1], 1, generator=rng) < views.silence
        return values.masked_fill(silent, 0.0)


def _crosses(axes: Tensor) -> Tensor:
    """Return the matrices ``(N, 3, 3)`` of the cross products with ``(N, 3)``."""
    x, y, z = axes.unbind(1)
    o = torch.zeros_like(x)
    rows = [torch.stack(row, 1) for row in ((o, -z, y), (z, o, -x), (-y, x, o))]
    return torch.stack(rows, 1)
