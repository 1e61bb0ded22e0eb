"""Networks of the person's own: weights files, with or without the code."""

from __future__ import annotations

from cnnviz.core.errors import ModelError
from cnnviz.core.models import FileSpec
from cnnviz.core.progress import Check
from cnnviz.nets.network import Network


def open_files(spec: FileSpec, check: Check) -> Network:
    """Build a network from files.

    Raises
    ------
    UnknownNetworkError
        The weights are sound, but belong to no known network.
    ModelError
        A file cannot be used; the message names it.
    Cancelled
        Raised by ``check``.
    """
    raise ModelError(f"{spec.name} cannot be opened")
