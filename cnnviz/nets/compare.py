"""How the tensors of a file differ from those of a network."""

from __future__ import annotations

from collections.abc import Mapping

from cnnviz.core.tensors import Misfit, Reshaped

Shapes = Mapping[str, tuple[int, ...]]


def compare(network: str, wanted: Shapes, found: Shapes) -> Misfit:
    """Compare names and shapes.

    Parameters
    ----------
    network
        Its name.
    wanted, found
        Shapes by name: of the network's tensors, and of the file's.
    """
    shared = [key for key in wanted if key in found]
    return Misfit(
        network,
        sum(wanted[key] == found[key] for key in shared),
        tuple(key for key in wanted if key not in found),
        tuple(key for key in found if key not in wanted),
        tuple(
            Reshaped(key, found[key], wanted[key])
            for key in shared
            if found[key] != wanted[key]
        ),
    )


def fits(difference: Misfit) -> bool:
    """Tell whether there is no difference."""
    return not (difference.missing or difference.unexpected or difference.reshaped)
