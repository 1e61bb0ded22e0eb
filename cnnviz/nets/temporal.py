"""Two networks for series, every step a module so that nothing is hidden.

A series is ``(N, C, T)``: one channel per variable, ``T`` steps at one sampling rate.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class CausalPad(nn.ConstantPad1d):
    """Zeros before the first step, so that a window never reaches past its own step.

    Parameters
    ----------
    steps
        ``(kernel - 1) * dilation`` of the convolution behind it.
    """

    def __init__(self, steps: int) -> None:
        super().__init__((steps, 0), 0.0)


class CausalBlock(nn.Module):
    """Two dilated causal convolutions with ReLU, and a way around them.

    The residual block of Bai, Kolter and Koltun, "An Empirical Evaluation of Generic
    Convolutional and Recurrent Networks for Sequence Modeling" (2018), figure 1b.
    Where they pad both ends and cut the last steps off, this pads the front only: the
    same values, and no map that seems to see the future.

    Parameters
    ----------
    channels, width
        Channels read and made. Where they differ, ``around`` is a convolution with one
        tap.
    kernel
        Taps.
    dilation
        Steps from one tap to the next.
    """

    def __init__(self, channels: int, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        reach = (kernel - 1) * dilation
        self.pad1 = CausalPad(reach)
        self.conv1 = nn.Conv1d(channels, width, kernel, dilation=dilation)
        self.relu1 = nn.ReLU()
        self.pad2 = CausalPad(reach)
        self.conv2 = nn.Conv1d(width, width, kernel, dilation=dilation)
        self.relu2 = nn.ReLU()
        self.around = nn.Conv1d(channels, width, 1) if channels != width else None
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, channels, T)`` to ``(N, width, T)``."""
        y = self.relu1(self.conv1(self.pad1(x)))
        y = self.relu2(self.conv2(self.pad2(y)))
        known = x if self.around is None else self.around(x)
        out: Tensor = self.relu(y + known)
        return out


class TCN(nn.Module):
    """A temporal convolutional network that never looks ahead.

    Blocks of growing dilation; then a convolution with one tap gives every step a score
    for each class, from that step and the past alone; the mean over time is the
    answer. Only this mean sees the whole series.

    One step sees ``1 + 2 * (kernel - 1) * sum(dilations)`` steps, itself the last of
    them; 125 with the defaults.

    Parameters
    ----------
    channels
        Variables of the series.
    classes
        Outputs.
    width
        Channels of every block.
    kernel
        Taps of every convolution in the blocks.
    dilations
        One per block.
    """

    def __init__(
        self,
        channels: int = 6,
        classes: int = 7,
        width: int = 32,
        kernel: int = 3,
        dilations: Sequence[int] = (1, 2, 4, 8, 16),
    ) -> None:
        super().__init__()
        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        for dilation in dilations:
            block = CausalBlock(channels, width, kernel, dilation)
            blocks[f"d{dilation}"], channels = block, width
        self.blocks = nn.Sequential(blocks)
        self.steps = nn.Conv1d(width, classes, 1)
        self.mean = nn.AdaptiveAvgPool1d(1)
        self.flatten = nn.Flatten()
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, channels, T)``, T of any length, to ``(N, classes)`` logits."""
        scores: Tensor = self.flatten(self.mean(self.steps(self.blocks(x))))
        return scores


class CNN1d(nn.Module):
    """Plain convolutions along time with pooling between; a unit sees both ways.

    Every kernel of the first layer is as tall as there are variables and moves along
    time only. Behind the first ReLU two pools read the same maps: the maximum keeps
    the moment, the average the course; both go on, one below the other.

    Parameters
    ----------
    channels
        Variables of the series.
    classes
        Outputs.
    widths
        Kernels of the four convolutions.
    kernels
        Their taps, odd.
    pool
        Steps of the first pools' windows.
    dense
        Width of the dense layer before the class layer.
    """

    def __init__(
        self,
        channels: int = 6,
        classes: int = 7,
        widths: Sequence[int] = (32, 48, 64, 64),
        kernels: Sequence[int] = (9, 5, 5, 3),
        pool: int = 4,
        dense: int = 64,
    ) -> None:
        super().__init__()
        reads = (channels, 2 * widths[0], widths[1], widths[2])
        convs = [
            nn.Conv1d(read, made, taps, padding=taps // 2)
            for read, made, taps in zip(reads, widths, kernels, strict=True)
        ]
        self.conv1, self.conv2, self.conv3, self.conv4 = convs
        self.relu1, self.relu2, self.relu3, self.relu4 = (nn.ReLU() for _ in convs)
        self.max_pool = nn.MaxPool1d(pool)
        self.average_pool = nn.AvgPool1d(pool)
        self.pool2 = nn.MaxPool1d(2)
        self.pool3 = nn.MaxPool1d(2)
        self.mean = nn.AdaptiveAvgPool1d(1)
        self.flatten = nn.Flatten()
        self.dense = nn.Linear(widths[3], dense)
        self.relu5 = nn.ReLU()
        self.classes = nn.Linear(dense, classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, channels, T)``, T at least ``4 * pool``, to ``(N, classes)``."""
        maps = self.relu1(self.conv1(x))
        both = torch.cat([self.max_pool(maps), self.average_pool(maps)], 1)
        maps = self.pool2(self.relu2(self.conv2(both)))
        maps = self.pool3(self.relu3(self.conv3(maps)))
        maps = self.relu4(self.conv4(maps))
        values = self.flatten(self.mean(maps))
        scores: Tensor = self.classes(self.relu5(self.dense(values)))
        return scores


def _initialise(net: nn.Module) -> None:
    """Set He, Zhang, Ren and Sun's (2015) initial weights, which suit ReLU."""
    for module in net.modules():
        if isinstance(module, nn.Conv1d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
