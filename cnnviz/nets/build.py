"""From what a request asks for to a network that is ready to run."""

from __future__ import annotations

from cnnviz.core.models import LiveSpec, Model, ModelSpec
from cnnviz.core.progress import Check, no_check
from cnnviz.nets.known import build_known
from cnnviz.nets.network import Network


def build(model: Model, check: Check = no_check) -> Network:
    """Build a network: of the catalogue, from files, or one that lives in Python.

    Parameters
    ----------
    check
        Called before each step with (done, expected, what); may raise ``Cancelled``.

    Raises
    ------
    ModelError
        It cannot be built; see ``build_known`` and ``nets.own.open_files``.
    """
    if isinstance(model, ModelSpec):
        return build_known(model)
    if isinstance(model, LiveSpec):
        from cnnviz.nets.live import living

        return living(model)
    from cnnviz.nets.own import open_files

    return open_files(model, check)
