"""TorchLens on one network, in a process of its own: it leaves torch wrapped."""

from __future__ import annotations

import sys

import torch

from tests.bench.child import serve
from tests.bench.measure import timed
from tests.bench.networks import built, noise


def main(name: str) -> None:
    """Trace a network, everything saved, each time a line comes in."""
    import torchlens

    module = built(name).module
    x = torch.from_numpy(noise(name))[None]

    def trace() -> None:
        with torch.no_grad():
            torchlens.trace(module, x)

    serve(timed(trace))


if __name__ == "__main__":
    main(sys.argv[1])
