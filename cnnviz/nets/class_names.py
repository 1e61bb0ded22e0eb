"""Which names a network of the person's own gives its classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os.path import realpath
from pathlib import Path

from cnnviz.core.errors import InputError
from cnnviz.core.label_files import labels_beside
from cnnviz.nets.labels import read_labels

Names = tuple[str, ...]


def class_names(
    classes: int | None,
    chosen: Path | None,
    stated: Sequence[tuple[str, Names | None]],
    files: Sequence[Path],
    imagenet: bool,
) -> tuple[Names | None, tuple[str, ...]]:
    """Find names for classes: chosen, stated, in a file beside, or ImageNet's.

    The first that are as many as there are classes; of others, and of files that
    cannot be used, a note says why not.

    Parameters
    ----------
    classes
        How many scores the network gives; None if that is not known.
    chosen
        A file that a person chose, or that code names.
    stated
        Where names were stated, and which.
    files
        The network's own; labels are looked for beside them.
    imagenet
        It may be one of ImageNet's 1000 classes.

    Returns
    -------
    names
        One for each class, or None.
    notes
        Where they come from if there are classes for them, and what was not used.
    """
    notes: list[str] = []
    for source, names in _sources(chosen, stated, files, notes):
        if classes is None:
            return names, tuple(notes)
        if len(names) == classes:
            return names, (*notes, f"names of the classes: {source}")
        notes.append(
            f"{source}: {len(names)} names of classes, but the network gives {classes} "
            "scores; they are not used"
        )
    if imagenet:
        from torchvision.models import AlexNet_Weights

        names = tuple(AlexNet_Weights.DEFAULT.meta["categories"])
        return names, (*notes, "names of the classes: ImageNet's, a guess")
    return None, tuple(notes)


def _sources(
    chosen: Path | None,
    stated: Sequence[tuple[str, Names | None]],
    files: Sequence[Path],
    notes: list[str],
) -> Iterator[tuple[str, Names]]:
    """Yield what there is, best first; files are only read when they are wanted."""
    looked_at = set()
    if chosen is not None:
        looked_at.add(realpath(chosen))
        yield from _read(chosen, notes)
    yield from ((source, names) for source, names in stated if names)
    for file in files:
        beside = labels_beside(file)
        if beside is not None and realpath(beside) not in looked_at:
            looked_at.add(realpath(beside))
            yield from _read(beside, notes)


def _read(path: Path, notes: list[str]) -> Iterator[tuple[str, Names]]:
    try:
        yield path.name, read_labels(path)
    except InputError as error:
        notes.append(f"{error}; no names are taken from it")
