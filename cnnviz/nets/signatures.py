"""What the tensors of each known network are called, kept short.

A network's *signature* counts its tensors by the module they belong to, numbers in the
names replaced by ``#``: ``{"conv1": 1, "layer#.#.bn#": 64, …}``. It tells in a moment
which few of eighty networks a weights file may belong to; only those are then built,
without memory, and compared tensor by tensor.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cnnviz.core.resources import resource

if TYPE_CHECKING:
    from torch import nn

_COUNTER = "num_batches_tracked"
_AUXILIARY = re.compile(r"(aux1|aux2|AuxLogits)\.")
_OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """One network's.

    Attributes
    ----------
    name
        In the catalogue.
    stem
        The weight that reads the input: its axis 1 is the input's channels.
    head
        The module that gives the scores: axis 0 of its weight is the classes.
    modules
        Tensors by module, see ``counted``.
    """

    name: str
    stem: str
    head: str
    modules: Counter[str]

    def as_row(self) -> dict[str, Any]:
        """Return what the table beside the program keeps of it."""
        names = {"name": self.name, "stem": self.stem, "head": self.head}
        return {**names, "modules": dict(self.modules)}


def matters(key: str) -> bool:
    """Tell whether a tensor has a part in the scores.

    Not batch norm's counters, which old files lack, nor the extra heads of GoogLeNet
    and Inception, used in training only and left out of some files.
    """
    return not key.endswith(_COUNTER) and not _AUXILIARY.match(key)


def todays_name(key: str) -> str:
    """Return today's name of a tensor: DenseNet once said ``norm.1`` for ``norm1``."""
    found = _OLD_DENSENET.fullmatch(key)
    return found[1] + found[2] if found else key


def counted(keys: Iterable[str]) -> Counter[str]:
    """Count tensors by module, with ``#`` for each number in its name."""
    return Counter(
        re.sub(r"\d+", "#", todays_name(key).rpartition(".")[0])
        for key in keys
        if matters(key)
    )


def signature(name: str, module: nn.Module) -> Signature:
    """Return the signature of a network, which may be without memory."""
    from torch import nn

    convolutions = (nn.Conv1d, nn.Conv2d)
    layers = {
        path: layer
        for path, layer in module.named_modules()
        if isinstance(layer, (*convolutions, nn.Linear)) and matters(f"{path}.")
    }
    stem = next(p for p, layer in layers.items() if isinstance(layer, convolutions))
    return Signature(
        name, f"{stem}.weight", list(layers)[-1], counted(module.state_dict())
    )


@cache
def signatures() -> tuple[Signature, ...]:
    """Return those of all networks with classes: ours, then torchvision's."""
    from cnnviz.nets.catalog import models
    from cnnviz.nets.drawing import unmade
    from cnnviz.nets.known import layout

    ours = [entry for entry in models() if entry.classes and not entry.torchvision]
    table = resource("torchvision/tensors.json").read_text(encoding="utf-8")
    return (
        *(signature(entry.name, unmade(layout(entry))) for entry in ours),
        *(
            Signature(row["name"], row["stem"], row["head"], Counter(row["modules"]))
            for row in json.loads(table)
        ),
    )
