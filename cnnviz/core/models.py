"""Networks that can be asked for, and the inputs they want. All frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cnnviz.core.label_files import labels_beside

Task = Literal["picture", "series"]
"""What a network takes."""


@dataclass(frozen=True, slots=True)
class ImageWant:
    """The picture a network wants, in the order of its own transforms.

    Attributes
    ----------
    crop
        ``(height, width)`` cut from the centre, in pixels; None for a network of any
        size: the whole picture.
    resize
        Shorter side before the crop; a pair means exactly ``(height, width)``; None
        the least, in proportion, that covers the crop. Without a crop the most the
        shorter side may be, and a quarter of the longer: smaller pictures stay as
        they are.
    interpolation
        ``"bilinear"``, ``"bicubic"`` or ``"nearest"``; always antialiased.
    mean, std
        Per channel, subtracted from and divided into values in 0 … 1.
    channels
        3 for RGB, 1 for grey, 4 for RGB and how opaque a pixel is.
    """

    crop: tuple[int, int] | None = (224, 224)
    resize: int | tuple[int, int] | None = 256
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    channels: int = 3


@dataclass(frozen=True, slots=True)
class SeriesWant:
    """The series a network wants.

    Attributes
    ----------
    channels
        Names of the variables, in order.
    length
        Steps it was trained on; None for any number.
    rate
        Steps a second, in Hz; 0 if that is not known.
    mean, std
        Per channel, subtracted and divided by, in the variable's own unit; ``()`` for
        a network that learned none: those of the table itself.
    minimum
        Fewest steps a network of any length can run on.
    units
        Of the channels; ``()`` if unknown.
    """

    channels: tuple[str, ...]
    length: int | None
    rate: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    minimum: int = 1
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which network, and with which weights.

    Attributes
    ----------
    name
        A name of the catalogue.
    weights
        ``"best"``: trained ones where they are at hand; ``"random"``: never.
    seed
        Seed of random weights.
    channels
        Variables of the series, for a network of series with random weights; None
        for as many as it was trained on.
    """

    name: str
    weights: Literal["best", "random"] = "best"
    seed: int = 0
    channels: int | None = None

    @property
    def title(self) -> str:
        """What to call it while it is being opened."""
        return self.name


@dataclass(frozen=True, slots=True)
class InputChoices:
    """What a person said about the input of a network of their own.

    None leaves a choice to the network's files, and then to a guess.

    Attributes
    ----------
    task
        Pictures or series.
    size
        ``(height, width)`` of the picture in pixels; ``()`` as the picture is.
    mean, std
        Per channel; of a picture in 0 … 1, of a series in the variable's own unit.
    length
        Steps of a series; 0 for any number.
    rate
        Steps a second, in Hz.
    labels
        A text or JSON file with the names of the classes.
    """

    task: Task | None = None
    size: tuple[int, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    length: int | None = None
    rate: float | None = None
    labels: Path | None = None


NOTHING_SAID = InputChoices()


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A network of the person's own, from files.

    Attributes
    ----------
    weights_file
        A weights file; None for the random weights of the code.
    code_file
        A Python file that builds the network; None when the tensors tell which it is.
    builder
        Name of the function or class in ``code_file``; ``""`` finds the only one.
    digest
        SHA-256 of the code a person said yes to; nothing else is ever run.
    architecture
        Name in the catalogue to build; ``""`` recognises it from the tensors.
    partial
        Load what fits and leave the rest random, which is then said.
    choices
        What was said about the input.
    beside
        Files that are read with the code: modules it imports, labels it names.
    stamp
        Each file that is read, its size in bytes and the time of its last change in
        ns: written anew, it is another network. See ``stamped``.
    """

    weights_file: Path | None = None
    code_file: Path | None = None
    builder: str = ""
    digest: str = ""
    architecture: str = ""
    partial: bool = False
    choices: InputChoices = NOTHING_SAID
    beside: tuple[Path, ...] = ()
    stamp: tuple[tuple[Path, int, int], ...] = ()

    @property
    def name(self) -> str:
        """The files' names."""
        names = [path.name for path in self.paths]
        if self.code_file is not None and self.builder:
            names[0] += f":{self.builder}"
        return " + ".join(names)

    @property
    def title(self) -> str:
        """What to call it while it is being opened."""
        return self.name

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files it is made of."""
        return tuple(
            path for path in (self.code_file, self.weights_file) if path is not None
        )

    def stamped(self) -> FileSpec:
        """Return the same network as its files are now; a missing file counts as 0.

        Stamped are its files, what is beside them, and names of classes: chosen ones,
        and those found beside a file.
        """
        labels = self.choices.labels, *map(labels_beside, self.paths)
        files = *self.paths, *self.beside, *(file for file in labels if file)
        return replace(self, stamp=tuple(map(_stamp, dict.fromkeys(files))))


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return path, 0, 0
    return path, facts.st_size, facts.st_mtime_ns


@dataclass(frozen=True, slots=True)
class LiveSpec:
    """A module of a running Python program, kept by ``nets.live``.

    Attributes
    ----------
    name
        Its class.
    key
        Tells modules apart.
    want
        The input it takes; None when its sample came with it.
    """

    name: str
    key: int
    want: ImageWant | SeriesWant | None = None

    @property
    def title(self) -> str:
        """What to call it while it is being opened."""
        return self.name


Model = ModelSpec | FileSpec | LiveSpec
