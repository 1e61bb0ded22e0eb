"""A network that is ready to run, wherever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ImageWant, InputChoices, SeriesWant, Task
from cnnviz.nets.catalog import Entry

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network that is ready to run.

    Attributes
    ----------
    module
        On the CPU, in eval mode, float32, without gradients for its weights.
    name
        Of the catalogue, or of its files.
    want
        The input it takes; None for one of the running program of which it is not
        known how pictures or series become the numbers it is fed.
    labels
        Name of each class, or None.
    weights
        Where its weights come from, in words.
    trained
        Whether it has learned anything.
    channel_names
        By layer, a name for each channel where there are any (``"Sobel x"``).
    entry
        Where it stands in the catalogue; None for a network of the person's own.
    notes
        What the person should know about its files.
    more
        What further inputs want, for a network with several.
    taken
        The input in a person's terms, said or guessed, for a network of their own.
    """

    module: nn.Module
    name: str
    want: ImageWant | SeriesWant | None
    labels: tuple[str, ...] | None
    weights: str
    trained: bool
    channel_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entry: Entry | None = None
    notes: tuple[str, ...] = ()
    more: tuple[ImageWant | SeriesWant, ...] = ()
    taken: InputChoices | None = None

    @property
    def task(self) -> Task:
        """What it takes."""
        return "series" if isinstance(self.want, SeriesWant) else "picture"


def module_of(model: Network | nn.Module) -> nn.Module:
    """Return the module of a network, or one that is given itself.

    Raises
    ------
    ModelError
        It is something else.
    """
    from torch import nn

    module = model.module if isinstance(model, Network) else model
    if not isinstance(module, nn.Module):
        raise ModelError(
            "expected a torch.nn.Module, or what cnnviz.open_model returned, got "
            f"{model!r:.80}"
        )
    return module
