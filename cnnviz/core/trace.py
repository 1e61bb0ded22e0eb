"""What crosses threads: requests, samples and traces. All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layers import Array, Layer, Unit
from cnnviz.core.models import InputChoices, Model
from cnnviz.core.series import Series, TableSource, TextSource

if TYPE_CHECKING:
    from cnnviz.core.explanation import Explanation
    from cnnviz.core.geometry import ReceptiveField
    from cnnviz.core.stages import Stage


NO_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A picture file."""

    path: Path

    @property
    def title(self) -> str:
        """What to call it on screen."""
        return self.path.name


@dataclass(frozen=True, slots=True, eq=False)
class PixelSource:
    """A picture that came as pixels: pasted, or dropped from a browser.

    Attributes
    ----------
    rgb
        ``(H, W, 3)`` uint8.
    """

    rgb: NDArray[np.uint8]
    title: str = "pasted picture"


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource:
    """Numbers of the running program, fed to its own network as they are."""

    sample: Sample

    @property
    def title(self) -> str:
        """What to call it on screen."""
        return self.sample.title

    @property
    def picture(self) -> PixelSource | None:
        """What another network can take of it; None if it is no picture."""
        shown = self.sample.shown
        return None if shown is None else PixelSource(shown, self.title)


SeriesSource = TableSource | TextSource
Source = ImageSource | PixelSource | ArraySource | SeriesSource


@dataclass(frozen=True, slots=True)
class Request:
    """One network on one source: the only thing the worker is asked for."""

    model: Model
    source: Source


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What the network saw.

    Attributes
    ----------
    values
        The input tensors without batch axis, float32; a picture is one ``(3, h, w)``,
        a series one ``(V, T)``.
    shown
        ``(h, w, 3)`` uint8: the picture after resizing and cropping, before
        mean and std; None when the input is no picture.
    title
        File name or the like.
    original
        ``(H0, W0)`` of the upright picture as it came; ``()`` when unknown.
    steps
        What was done, in order, one short phrase each.
    notes
        What the person should know about the file ("frame 1 of 3").
    series
        The variables before normalising when the input is a series.
    """

    values: tuple[Array, ...]
    shown: NDArray[np.uint8] | None = None
    title: str = "input"
    original: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    series: Series | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Trace:
    """Everything one run produced.

    Attributes
    ----------
    sample
        What the network saw.
    layers
        In run order.
    scores
        ``(K,)`` float64 probabilities of the classes, or None when the output is no
        vector. Softmax is applied only to outputs that are not probabilities yet.
    labels
        Class names, or None.
    outputs
        Names of the layers the network returned.
    error
        None, or the sentence that says where the run failed; ``layers`` then holds
        what ran before.
    parameters, parameters_used
        Of the whole network, each counted once; and of what ran.
    not_run
        Paths of modules without children that did not run for this input.
    about
        What the person should know about the network's files ("epoch 7").
    taken
        What the network's input is taken to be, said or guessed, for a network of the
        person's own.
    title, weights
        The network's name; where its weights come from, in words.
    trained
        False for random or hand-made weights: the scores then mean nothing.
    channel_names
        By layer, a name for each channel where there are any (``"Sobel x"``).
    seconds
        Time of the recorded run.
    bytes_kept, bytes_whole
        Memory of what is recorded of the run, and of what it would be if everything
        had been kept.
    """

    sample: Sample
    layers: tuple[Layer, ...]
    scores: NDArray[np.float64] | None = None
    labels: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = ()
    error: str | None = None
    parameters: int = 0
    parameters_used: int = 0
    not_run: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    taken: InputChoices | None = None
    title: str = ""
    weights: str = ""
    trained: bool = True
    channel_names: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: NO_NAMES
    )
    seconds: float = 0.0
    bytes_kept: int = 0
    bytes_whole: int = 0
    request: Request | None = None
    _index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the layers by name."""
        index = {layer.name: i for i, layer in enumerate(self.layers)}
        object.__setattr__(self, "_index", index)

    def __getitem__(self, name: str) -> Layer:
        """Return the layer of that name.

        Raises
        ------
        KeyError
            No such layer ran; the message lists the nearest names.
        """
        try:
            return self.layers[self._index[name]]
        except KeyError:
            import difflib

            near = difflib.get_close_matches(name, self._index, 3, 0.3)
            hint = f"; near: {', '.join(near)}" if near else ""
            raise KeyError(f"no layer {name!r} in this trace{hint}") from None

    def __contains__(self, name: object) -> bool:
        """Tell whether a layer of that name ran."""
        return name in self._index

    def position(self, name: str) -> int:
        """Return the run-order index of a layer."""
        return self._index[name]

    @property
    def macs(self) -> int:
        """Multiply-adds of the whole run."""
        return sum(layer.macs for layer in self.layers)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Layers with weights, each with what follows it. See ``core.stages``."""
        from cnnviz.core.stages import stages

        return stages(self.layers)

    def receptive_field(
        self, layer: str, unit: Unit, channel: int | None = None
    ) -> ReceptiveField:
        """Return what a unit can see of the input. See ``core.geometry``."""
        from cnnviz.core.geometry import receptive_field

        return receptive_field(self, layer, unit, channel)

    def explain(self, layer: str, channel: int, unit: Unit) -> Explanation:
        """Return the sum behind one value. See ``core.explain``."""
        from cnnviz.core.explain import explain

        return explain(self, layer, channel, unit)
