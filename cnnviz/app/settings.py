"""What is remembered between starts."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, cast, get_args

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from cnnviz.core.look import Look, Scale
from cnnviz.core.models import FileSpec, InputChoices, Task
from cnnviz.pictures.colours import SEQUENTIAL

Theme = Literal["system", "light", "dark"]
LAYOUT_VERSION = 2
"""Raised when docks or how they are kept change: an older layout is then ignored."""
RECENT = 10
"""Pictures remembered, and networks."""
INPUTS = 100
"""Files whose input choices are remembered."""
_MOST_MEMORY = 1e6
"""Gigabytes; NaN and infinity are not below it."""
_LONGEST = 10**9
"""Pixels or steps."""


def home() -> Path:
    """Return the folder for settings and logs; ``CNNVIZ_HOME`` overrides it."""
    chosen = os.environ.get("CNNVIZ_HOME")
    if chosen:
        return Path(chosen)
    where = QStandardPaths.StandardLocation.GenericConfigLocation
    return Path(QStandardPaths.writableLocation(where)) / "cnnviz"


def log_file() -> Path:
    """Return where the log is."""
    return home() / "cnnviz.log"


class Settings:
    """Typed access to one INI file.

    Parameters
    ----------
    path
        The file; by default ``cnnviz.ini`` in ``home()``.
    theme
        Theme of this start only, whatever is remembered.
    """

    def __init__(self, path: Path | None = None, theme: Theme | None = None) -> None:
        path = path or home() / "cnnviz.ini"
        self._store = QSettings(str(path), QSettings.Format.IniFormat)
        self._forced = theme

    def _text(self, key: str, default: str) -> str:
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    @property
    def theme(self) -> Theme:
        """Light, dark, or as the desktop says."""
        value = self._forced or self._text("theme", "system")
        return cast("Theme", value if value in get_args(Theme) else "system")

    @theme.setter
    def theme(self, value: Theme) -> None:
        self._forced = None
        self._store.setValue("theme", value)

    def look(self) -> Look:
        """Return the remembered presentation; what is unknown is as at first."""
        scale = self._text("scale", "layer")
        if scale not in ("layer", "map"):
            scale = "layer"  # a locked bound belongs to what was on screen
        colours = self._text("colours", Look().colours)
        if colours not in SEQUENTIAL:
            colours = Look().colours
        return Look(colours, cast("Scale", scale))

    def keep_look(self, look: Look) -> None:
        """Remember the presentation."""
        self._store.setValue("colours", look.colours)
        self._store.setValue("scale", look.scale)

    @property
    def memory(self) -> float:
        """Gigabytes that maps may take; 0 for a part of what is free."""
        try:
            gigabytes = float(self._text("memory", "0"))
        except ValueError:
            return 0.0
        return gigabytes if 0 < gigabytes <= _MOST_MEMORY else 0.0

    @memory.setter
    def memory(self, gigabytes: float) -> None:
        self._store.setValue("memory", f"{gigabytes:g}")

    @property
    def recent(self) -> list[Path]:
        """Pictures opened lately, the newest first."""
        text = self._text("recent", "")
        return [Path(line) for line in text.split("\n") if line]

    def opened(self, path: Path) -> None:
        """Remember a picture."""
        path = path.absolute()
        paths = [path, *(p for p in self.recent if p != path)][:RECENT]
        self._store.setValue("recent", "\n".join(map(str, paths)))

    @property
    def networks(self) -> list[FileSpec]:
        """Networks of files opened lately, the newest first; no more than the files."""
        found = []
        for record in self.records("networks"):
            match record:
                case {"weights": str(weights), "code": str(code), "builder": str(name)}:
                    files = [Path(file) if file else None for file in (weights, code)]
                    found.append(FileSpec(files[0], files[1], name))
        return [spec for spec in found if spec.paths]

    def network_opened(self, spec: FileSpec) -> None:
        """Remember a network of files."""
        weights, code = (
            path.absolute() if path else None
            for path in (spec.weights_file, spec.code_file)
        )
        opened = FileSpec(weights, code, spec.builder)
        others = [known for known in self.networks if known != opened]
        self.keep_records(
            "networks",
            [
                {
                    "weights": str(one.weights_file or ""),
                    "code": str(one.code_file or ""),
                    "builder": one.builder,
                }
                for one in (opened, *others)[:RECENT]
            ],
        )

    def forget_recent(self) -> None:
        """Empty the lists of pictures and networks."""
        self._store.remove("recent")
        self._store.remove("networks")

    @property
    def folder(self) -> str:
        """The folder a picture was opened from last."""
        return self._text("folder", "")

    @folder.setter
    def folder(self, value: str) -> None:
        self._store.setValue("folder", value)

    @property
    def network_folder(self) -> str:
        """The folder a network was opened from last."""
        return self._text("networkFolder", "")

    @network_folder.setter
    def network_folder(self, value: str) -> None:
        self._store.setValue("networkFolder", value)

    def layout(self) -> tuple[QByteArray, QByteArray]:
        """Return window geometry and dock state, empty when never kept."""
        found = []
        for key in ("geometry", "docks"):
            value = self._store.value(key)
            found.append(value if isinstance(value, QByteArray) else QByteArray())
        return found[0], found[1]

    def keep_layout(self, geometry: QByteArray, docks: QByteArray) -> None:
        """Remember window geometry and dock state."""
        self._store.setValue("geometry", geometry)
        self._store.setValue("docks", docks)

    def records(self, key: str) -> list[dict[str, Any]]:
        """Return what ``keep_records`` kept; what is damaged is nothing."""
        try:
            found = json.loads(self._text(key, "[]"))
        except (ValueError, RecursionError):
            return []
        several = found if isinstance(found, list) else []
        return [record for record in several if isinstance(record, dict)]

    def keep_records(self, key: str, records: Sequence[dict[str, Any]]) -> None:
        """Remember records of plain values."""
        self._store.setValue(key, json.dumps(list(records), ensure_ascii=False))

    def input_choices(self, path: Path) -> InputChoices | None:
        """Return what was said about a network's input; None if nobody was asked."""
        name = str(path.absolute())
        for record in self.records("inputs"):
            if record.get("file") == name:
                return _choices(record)
        return None

    def keep_input_choices(self, path: Path, choices: InputChoices) -> None:
        """Remember what was said about a network's input, by the network's file."""
        record: dict[str, Any] = {"file": str(path.absolute())}
        for one in fields(choices):
            value = getattr(choices, one.name)
            if value is not None:
                record[one.name] = str(value) if isinstance(value, Path) else value
        known = self.records("inputs")
        others = [one for one in known if one.get("file") != record["file"]]
        self.keep_records("inputs", [*others, record][-INPUTS:])

    def sync(self) -> None:
        """Write the file now."""
        self._store.sync()


def _choices(record: dict[str, Any]) -> InputChoices:
    """Read choices; what is damaged was not chosen."""
    task = record.get("task")
    size = _whole(record.get("size"))
    length = _whole([record.get("length")])
    rate = _numbers([record.get("rate")], above=0.0)
    return InputChoices(
        task=cast("Task", task) if task in get_args(Task) else None,
        size=size if size == () or (size and len(size) == 2 and all(size)) else None,
        mean=_numbers(record.get("mean")),
        std=_numbers(record.get("std"), above=0.0),
        length=length[0] if length else None,
        rate=rate[0] if rate else None,
        labels=_file(record.get("labels")),
    )


def _whole(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    fine = all(type(v) is int and 0 <= v <= _LONGEST for v in value)
    return tuple(value) if fine else None


def _numbers(value: object, above: float = -math.inf) -> tuple[float, ...] | None:
    """Return numbers that a float can be: JSON has NaN and any number of digits."""
    if not isinstance(value, list):
        return None
    largest = sys.float_info.max
    fine = all(
        type(v) in (int, float) and abs(v) <= largest and v > above for v in value
    )
    return tuple(value) if fine else None


def _file(value: object) -> Path | None:
    """Return a path of characters that the system's paths may have."""
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return None
    return Path(value)
