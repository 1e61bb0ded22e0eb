"""What the network on show is called."""

from __future__ import annotations

from cnnviz.core.models import FileSpec, ModelSpec
from cnnviz.nets.catalog import find
from cnnviz.session.store import State

_RECOGNISED = "recognised as ", "built as "


def name_of(state: State) -> str:
    """Write the name of the network that was asked for.

    torchvision's AlexNet is not the bundled one. What a network of files was
    recognised as follows its name, and whether its weights are there in part only.
    """
    model = state.request.model
    if isinstance(model, ModelSpec):
        entry = find(model.name)
        return f"{entry.title} (torchvision)" if entry.torchvision else entry.title
    trace = state.trace
    notes = trace.about if trace and trace.request == state.request else ()
    known = [
        note.removeprefix(mark).partition(" with ")[0]
        for note in notes
        for mark in _RECOGNISED
        if note.startswith(mark)
    ]
    if isinstance(model, FileSpec) and model.partial:
        known.append("in part")
    return f"{model.title} ({', '.join(known)})" if known else model.title
