"""Modules of the running program, so that a frozen request can speak of them."""

from __future__ import annotations

from itertools import count

from cnnviz.core.errors import ModelError
from cnnviz.core.models import LiveSpec
from cnnviz.nets.network import Network

_kept: dict[int, Network] = {}
_keys = count(1)


def keep(network: Network) -> LiveSpec:
    """Keep a network until ``forget``, and return what a request calls it."""
    spec = LiveSpec(network.name, next(_keys), network.want)
    _kept[spec.key] = network
    return spec


def living(spec: LiveSpec) -> Network:
    """Return a network that was kept.

    Raises
    ------
    ModelError
        It was forgotten.
    """
    try:
        return _kept[spec.key]
    except KeyError as error:
        raise ModelError(f"{spec.name} is no longer kept by the program") from error


def forget(spec: LiveSpec) -> None:
    """Keep a network no longer."""
    _kept.pop(spec.key, None)
