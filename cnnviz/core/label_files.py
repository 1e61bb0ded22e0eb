"""Where names of classes lie beside a network's file."""

from __future__ import annotations

from pathlib import Path

from cnnviz.core.paths import is_there

_COMMON = (
    *("labels.txt", "classes.txt", "labels.json", "classes.json", "labels.csv"),
    *("classes.csv", "class_names.txt", "class_names.json", "class_to_idx.json"),
    *("idx_to_class.json", "class_index.json", "obj.names"),
)
"""What files of labels are commonly called."""


def labels_beside(file: Path) -> Path | None:
    """Return the file of labels beside a network's file, if there is one.

    One that has the network's own name (``my.labels.txt`` beside ``my.pt``) comes
    before one of a common name (``labels.txt``, ``classes.txt`` …).
    """
    own = [f"{file.stem}.labels{end}" for end in (".txt", ".json", ".csv")]
    own += [f"{file.stem}.names", f"{file.stem}_labels.txt", f"{file.stem}_labels.json"]
    for name in (*own, *_COMMON):
        if is_there(path := file.parent / name):
            return path
    return None
