"""A process that says what it holds: ``recorded``, ``opened``, ``dropped``, ``drops``.

``imports`` are the bytes before anything is opened, with all libraries imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle
from typing import Any

import torchvision  # noqa: F401 - what the program imports counts as imports

import cnnviz.probe.influence  # noqa: F401
from cnnviz.core.layers import Layer
from cnnviz.probe.recorder import record
from tests.bench.desk import SAMPLES, Desk
from tests.bench.networks import built, noise, spec
from tests.bench.system import held, peak

NETWORK = "torchvision/vgg16"
EVERY = 10


def main(what: str, *numbers: str) -> dict[str, Any]:
    """Do one thing and return what it took."""
    if what == "drops":
        return {"held": list(_drops(*map(int, numbers))), "every": EVERY}
    imports = held()
    if what == "recorded":
        layers = record(built(NETWORK).module, [noise(NETWORK)]).layers
        return {"imports": imports, "peak": peak(), "holds": _holds(layers)}
    with Desk(spec(NETWORK), SAMPLES[0]) as desk:
        for path in SAMPLES[1:] if what == "dropped" else ():
            desk.fresh(partial(desk.drop, path))
            desk.idle()
        return {"imports": imports, "peak": peak(), "holds": _holds(desk.trace.layers)}


def _holds(layers: Sequence[Layer]) -> int:
    """Return the bytes of VGG-16's weights and activations; shared ones count once."""
    module = built(NETWORK).module
    tensors = (*module.parameters(), *module.buffers())
    weights = {t.data_ptr(): t.nbytes for t in tensors}
    maps = {layer.output.ctypes.data: layer.output.nbytes for layer in layers}
    return sum(weights.values()) + sum(maps.values())


def _drops(count: int, warm: int) -> Iterator[int]:
    """Drop pictures, and after so many more yield what is held at every tenth.

    After every other one the self-check may end; the next drop cuts the rest short.
    """
    files = cycle(SAMPLES[1:] + SAMPLES[:1])
    with Desk(spec("alexnet"), SAMPLES[0]) as desk:
        for done in range(1 - warm, count + 1):
            desk.fresh(partial(desk.drop, next(files)))
            if done % 2 == 0:
                desk.idle()
            if done >= 0 and done % EVERY == 0:
                yield held()


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
