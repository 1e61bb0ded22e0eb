"""The trace against a plain forward pass, TorchLens, and hooks that clone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from cnnviz.probe.recorder import record
from tests.bench.child import Child
from tests.bench.measure import Bar, Plan, Row, Side, alternate, compared, timed
from tests.bench.networks import built, noise

NETWORKS = {
    "torchvision/alexnet": 1.10,
    "torchvision/vgg16": 1.10,
    "torchvision/resnet18": 1.25,
    "torchvision/googlenet": 1.25,
    "torchvision/squeezenet1_1": 1.25,
    "torchvision/mobilenet_v3_small": None,
    "torchvision/densenet121": None,
    "tcn": 2.0,
}
"""The most a trace may take, in plain forward passes."""

FASTER = Bar(3, "faster")


def rows(plan: Plan) -> Iterator[Row]:
    """Measure every network."""
    for name, most in NETWORKS.items():
        short = name.rpartition("/")[2]
        network, values = built(name), noise(name)
        module, x = network.module, torch.from_numpy(values)[None]
        hooked = Hooked(module)
        sides: dict[str, Side] = {
            "plain": timed(partial(forward, module, x)),
            "ours": timed(partial(record, module, [values])),
            "hooks": timed(partial(hooked, x)),
        }
        times = alternate(sides, plan)
        bar = None if most is None else Bar(most)
        ours = times["ours"]
        yield compared("record", short, ours, times["plain"], "plain forward", bar)
        yield compared("record", short, ours, times["hooks"], "leaf hooks + clone")
        yield _against_lens(name, short, sides["ours"], plan)


def forward(module: nn.Module, x: Tensor) -> Any:
    """Run a network as one does who wants its answer only."""
    with torch.no_grad():
        return module(x)


class Hooked:
    """The common way: a hook on every leaf module clones its output.

    The hooks stand for good, on a copy that shares the weights.
    """

    def __init__(self, module: nn.Module) -> None:
        tensors = (*module.parameters(), *module.buffers())
        self._module = copy.deepcopy(module, {id(t): t for t in tensors})
        self._kept: dict[str, Tensor] = {}
        for name, part in self._module.named_modules():
            if not any(True for _ in part.children()):
                part.register_forward_hook(self._keep(name))

    def _keep(self, name: str) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            self._kept[name] = output.clone()

        return keep

    def __call__(self, x: Tensor) -> None:
        """Run once; what was kept is let go, as a trace is."""
        forward(self._module, x)
        self._kept.clear()


def _against_lens(name: str, short: str, ours: Side, plan: Plan) -> Row:
    if find_spec("torchlens") is None:
        note = "TorchLens is not installed"
        return Row("record", short, against="TorchLens", bar=FASTER, note=note)
    with Child("tests.bench.lens", name) as lens:
        times = alternate({"ours": ours, "lens": lens}, plan, warm=1)
    return compared("record", short, times["ours"], times["lens"], "TorchLens", FASTER)
