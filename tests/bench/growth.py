"""How recording, showing and switching grow with the picture and the channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from statistics import median

import numpy as np
import torch
from torch import nn

from cnnviz.core.models import ImageWant
from cnnviz.nets.live import forget, keep
from cnnviz.nets.network import Network
from cnnviz.probe.recorder import record
from tests.bench.desk import SAMPLES, Desk
from tests.bench.measure import Plan, Row, Taken, Times, alternate, timed, worst_of
from tests.bench.networks import built
from tests.bench.record import forward
from tests.bench.system import available

SIZES = 224, 448, 896, 1792
CHANNELS = 64, 256, 512, 1024, 2048
NEED = 3.0
"""Times the activations: the trace before, the new one, and what the run needs."""

Found = dict[str, float]
"""Median seconds of ``"plain"``, ``"record"``, ``"show"`` and ``"switch"``."""


def rows(plan: Plan) -> Iterator[Row]:
    """Grow the picture through ResNet-18, then a convolution's channels."""
    network = built("torchvision/resnet18")
    pictures = [(f"{n}²", (n / SIZES[0]) ** 2, network, n) for n in SIZES]
    yield from _grown("resnet18", pictures, plan)
    wide = [(f"{n} channels", n / CHANNELS[0], _wide(n), 224) for n in CHANNELS]
    yield from _grown("conv, ReLU, pool", wide, plan)


def _wide(channels: int) -> Network:
    """Return a convolution of so many channels, with maps of 56 × 56."""
    torch.manual_seed(0)
    conv = nn.Conv2d(3, channels, 7, stride=4, padding=3)
    module = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2))
    module.eval().requires_grad_(False)
    like = built("torchvision/resnet18")
    return replace(like, module=module, name="wide", labels=None, entry=None)


def _grown(
    what: str, steps: list[tuple[str, float, Network, int]], plan: Plan
) -> Iterator[Row]:
    """Measure every step that there is memory for; compare with the first one.

    Parameters
    ----------
    steps
        What it is called, how many times the values of the first step, the network,
        and the rows and columns of its picture.
    """
    found: dict[str, tuple[float, Found]] = {}
    for step, times, network, size in steps:
        needs = NEED * _activations(network) * (size / 224) ** 2
        if needs > 0.8 * available():
            note = f"needs {needs / 1e9:.1f} GB, {available() / 1e9:.1f} are free"
            yield Row("growth", f"{what}, {step}", note=note)
        else:
            found[step] = times, _measured(network, size, plan)
    at = steps[0][0]
    for name in found[at][1] if at in found else ():
        for step, (times, medians) in found.items():
            ours, first = medians[name], found[at][1][name]
            yield Row(
                "growth",
                f"{what}, {step}: {name}",
                ours * 1e3,
                against=f"at {at}",
                theirs=first * 1e3,
                ratio=ours / first,
                note=f"{times:g}× the values",
            )


def _activations(network: Network) -> int:
    """Return the bytes of a trace at 224²."""
    layers = record(network.module, [np.zeros((3, 224, 224), np.float32)]).layers
    return sum(layer.output.nbytes for layer in layers)


def _measured(network: Network, size: int, plan: Plan) -> Found:
    """Record without the window, then drop pictures and walk through the layers."""
    values = np.random.default_rng(0).standard_normal((3, size, size), np.float32)
    x = torch.from_numpy(values)[None]
    few = replace(plan, quick=True)
    sides = {
        "plain": timed(partial(forward, network.module, x)),
        "record": timed(partial(record, network.module, [values])),
    }
    times: Times = alternate(sides, few, warm=1)
    found = {name: median(each) for name, each in times.items()}
    want = ImageWant(crop=(size, size), resize=size)
    spec = keep(replace(network, want=want, entry=None))
    files, shown = cycle(SAMPLES[1:] + SAMPLES[:1]), list[Taken]()
    with Desk(spec) as desk:
        layers = [layer.name for layer in desk.trace.layers]
        taken: dict[str, list[Taken]] = {name: [] for name in layers}
        for _ in range(plan.of(3, 2)):
            desk.store.select(layer=layers[-1])
            desk.painted()
            shown.append(desk.fresh(partial(desk.drop, next(files))))
            desk.idle()
            for name in layers:
                taken[name].append(desk.timed(partial(desk.store.select, layer=name)))
    forget(spec)
    found["show"] = median(one.wall for one in shown)
    found["switch, worst layer"] = median(one.wall for one in taken[worst_of(taken)])
    return found
