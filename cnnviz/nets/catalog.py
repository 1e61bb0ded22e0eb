"""What can be opened: names, the input each wants, where its weights come from.

Nothing here imports torch, so the list is there at once.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cnnviz.core.errors import ModelError
from cnnviz.core.models import ImageWant, SeriesWant
from cnnviz.core.resources import resource

State = Literal[
    "bundled",
    "downloaded",
    "to be downloaded",
    "no weights needed",
    "random weights",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of the catalogue.

    Attributes
    ----------
    name
        What it is called in commands, in ``ModelSpec`` and in the Model menu.
    title, family
        For the menu: how it is written, and the group it belongs to.
    description
        One line.
    want
        The input it was trained on.
    classes
        Number of scores; 0 when it gives none.
    parameters
        Number of learned values.
    bundled
        Its weights come with the program.
    file
        Name of its weights file; None when there is none.
    size
        Of that file in bytes; for a file to be downloaded right to about 1 kB.
    url
        Where to download it.
    sha256
        First hexadecimal digits of the file's SHA-256, all 64 of a bundled file.
    weights
        Which training the file comes from, in torchvision's words.
    causal
        Before it averages over the whole series, no unit reads a step after its own.
    """

    name: str
    title: str
    family: str
    description: str
    want: ImageWant | SeriesWant
    classes: int
    parameters: int
    bundled: bool = False
    file: str | None = None
    size: int | None = None
    url: str | None = None
    sha256: str = ""
    weights: str = ""
    causal: bool = False

    @property
    def task(self) -> Literal["picture", "series"]:
        """What it takes."""
        return "picture" if isinstance(self.want, ImageWant) else "series"

    @property
    def torchvision(self) -> str | None:
        """Torchvision's own name, or None for a network of this program."""
        room, _, name = self.name.partition("/")
        return name if room == "torchvision" else None


_ALEXNET = ImageWant(crop=(224, 224), resize=224)
_VGG = ImageWant(crop=(96, 96), resize=96)
_HANDMADE = ImageWant(
    crop=_ALEXNET.crop,
    resize=_ALEXNET.resize,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
)


def bundled_hashes() -> Mapping[str, str]:
    """Return the SHA-256 of each bundled weights file by name.

    They stand in ``models/SHA256SUMS``, in the format of ``sha256sum``.
    """
    lines = resource("models/SHA256SUMS").read_text(encoding="ascii").splitlines()
    pairs = (line.split() for line in lines)
    return {file: digest for digest, file in pairs}


def _bundled(entry: Entry) -> Entry:
    """Add what is known of a weights file that comes with the program."""
    file = f"{entry.name}.safetensors"
    size = resource(f"models/{file}").stat().st_size
    digest = bundled_hashes()[file]
    return replace(entry, bundled=True, file=file, size=size, sha256=digest)


def file_facts(file: Path) -> dict[str, Any]:
    """Return what a bundled weights file says of itself: ``"classes"`` and the like.

    Only its header is read.
    """
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as opened:
        return {name: json.loads(fact) for name, fact in opened.metadata().items()}


def _series(name: str, minimum: int) -> SeriesWant:
    """Return the series a bundled network was trained on, as its file says.

    Parameters
    ----------
    minimum
        Fewest steps that leave one behind all pools.
    """
    facts = file_facts(resource(f"models/{name}.safetensors"))
    return SeriesWant(
        channels=tuple(facts["channels"]),
        length=facts["length"],
        rate=facts["rate"],
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        minimum=minimum,
        units=tuple(facts["units"]),
    )


def _own() -> Iterator[Entry]:
    """Yield the networks of this program."""
    yield _bundled(
        Entry(
            "alexnet",
            "AlexNet",
            "Bundled",
            "AlexNet's layout of 2012, trained on 13 everyday classes",
            _ALEXNET,
            13,
            5_556_429,
        )
    )
    yield _bundled(
        Entry(
            "vgg",
            "VGG",
            "Bundled",
            "VGG's idea with fewer channels, trained on 13 everyday classes",
            _VGG,
            13,
            2_965_453,
        )
    )
    yield _bundled(
        Entry(
            "tcn",
            "TCN",
            "Bundled",
            "Dilated causal convolutions, trained on 7 exercises felt by a watch",
            _series("tcn", minimum=1),
            7,
            28_999,
            causal=True,
        )
    )
    yield _bundled(
        Entry(
            "cnn1d",
            "CNN over time",
            "Bundled",
            "Plain convolutions and pools along time, trained on the same exercises",
            _series("cnn1d", minimum=16),
            7,
            49_559,
        )
    )
    yield Entry(
        "handmade",
        "Hand-made kernels",
        "Without training",
        "One convolution with classic kernels: blur, sharpen, edges, emboss",
        _HANDMADE,
        0,
        600,
    )
    yield Entry(
        "alexnet-2012",
        "AlexNet 2012",
        "Without training",
        "Krizhevsky, Sutskever and Hinton 2012, the paper's layout, random weights",
        ImageWant(crop=(224, 224), resize=256),
        1000,
        60_965_224,
    )


def _torchvision() -> Iterator[Entry]:
    """Yield torchvision's classification networks from the table kept beside us."""
    table = resource("torchvision/networks.json").read_text(encoding="utf-8")
    for row in json.loads(table):
        yield Entry(
            f"torchvision/{row['name']}",
            row["title"],
            row["family"],
            f"{row['paper']}, ImageNet, {row['top1']:.1f} % top-1",
            ImageWant(
                crop=(row["crop"], row["crop"]),
                resize=row["resize"],
                interpolation=row["interpolation"],
                mean=tuple(row["mean"]),
                std=tuple(row["std"]),
            ),
            row["classes"],
            row["parameters"],
            file=row["file"],
            size=row["size"],
            url=row["url"],
            sha256=row["sha256"],
            weights=row["weights"],
        )


@cache
def models() -> tuple[Entry, ...]:
    """Return every network: the bundled ones first, the default at the head."""
    return (*_own(), *_torchvision())


def find(name: str) -> Entry:
    """Return the network of that name.

    Raises
    ------
    ModelError
        There is none; the message lists the nearest names.
    """
    known = {entry.name: entry for entry in models()}
    if name in known:
        return known[name]
    same = [full for full in known if full.endswith(f"/{name.lower()}")]
    near = same or difflib.get_close_matches(name.lower(), known, 3, 0.5)
    hint = f"near: {', '.join(near)}" if near else "“cnnviz models” lists all"
    raise ModelError(f"there is no network called {name!r}; {hint}")


def state(entry: Entry) -> State:
    """Tell where a network's weights are now.

    ``"downloaded"`` looks into torch.hub's folder, see ``nets.cache``.
    """
    from cnnviz.nets.cache import weights_file

    if entry.bundled:
        return "bundled"
    if entry.file is None:
        return "random weights" if entry.classes else "no weights needed"
    return "to be downloaded" if weights_file(entry) is None else "downloaded"
