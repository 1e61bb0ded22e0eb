"""A dropped picture until it is painted, against decode, transforms and forward."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn
from torchvision.models import AlexNet_Weights, VGG16_Weights, Weights

from tests.bench.desk import SAMPLES, Desk
from tests.bench.measure import Bar, Plan, Row, Side, alternate, compared, timed
from tests.bench.networks import built, spec

NETWORKS: dict[str, tuple[Weights, Bar | None]] = {
    "torchvision/vgg16": (VGG16_Weights.IMAGENET1K_V1, Bar(1.25)),
    "torchvision/alexnet": (AlexNet_Weights.IMAGENET1K_V1, None),
}
"""Whose transforms the other side uses, and the bar."""

AGAINST = "decode, transforms, forward"


def rows(plan: Plan) -> Iterator[Row]:
    """Drop pictures on one network after the other."""
    for name, (weights, bar) in NETWORKS.items():
        with Desk(spec(name)) as desk:
            sides: dict[str, Side] = {
                "show": partial(_shown, desk, cycle(SAMPLES[1:] + SAMPLES[:1])),
                "plain": timed(
                    partial(
                        _read, built(name).module, weights.transforms(), cycle(SAMPLES)
                    )
                ),
            }
            times = alternate(sides, plan)
        short = name.rpartition("/")[2]
        ours, theirs = times["show"], times["plain"]
        yield compared("show", short, ours, theirs, AGAINST, bar)


def _shown(desk: Desk, files: Iterator[Path]) -> float:
    """Drop the next picture, and wait for the self-check, which is not counted."""
    taken = desk.fresh(partial(desk.drop, next(files)))
    desk.idle()
    return taken.wall


def _read(module: nn.Module, transforms: Any, files: Iterator[Path]) -> None:
    """Do by hand what a script does to get the same answer, without the layers."""
    with Image.open(next(files)) as image, torch.no_grad():
        module(transforms(image.convert("RGB"))[None])
