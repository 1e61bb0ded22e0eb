"""The networks that are measured, and what they are fed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.models import ImageWant, ModelSpec, SeriesWant
from cnnviz.nets.network import Network
from cnnviz.probe.execute import network_of


def spec(name: str) -> ModelSpec:
    """Return what the window is asked for; only networks of its own have weights."""
    return ModelSpec(name, "random" if "/" in name else "best")


def built(name: str) -> Network:
    """Return a network as the window would run it."""
    return network_of(spec(name))


def noise(name: str) -> NDArray[np.float32]:
    """Return an input for a network, without batch axis."""
    want = built(name).want
    if isinstance(want, ImageWant):
        shape: tuple[int, ...] = (3, *(want.crop or (224, 224)))
    else:
        assert isinstance(want, SeriesWant)
        shape = (len(want.channels), want.length or 256)
    return np.random.default_rng(0).standard_normal(shape, np.float32)
