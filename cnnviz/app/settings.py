"""What is remembered between starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, cast, get_args

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from cnnviz.core.look import Look, Scale
from cnnviz.pictures.colours import SEQUENTIAL

Theme = Literal["system", "light", "dark"]
LAYOUT_VERSION = 1
"""Raised when docks are renamed: an older layout is then ignored."""
RECENT = 10
"""Pictures remembered."""


def home() -> Path:
    """Return the folder for settings and logs; ``CNNVIZ_HOME`` overrides it."""
    chosen = os.environ.get("CNNVIZ_HOME")
    if chosen:
        return Path(chosen)
    where = QStandardPaths.StandardLocation.AppConfigLocation
    return Path(QStandardPaths.writableLocation(where))


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
    def recent(self) -> list[Path]:
        """Pictures opened lately, the newest first."""
        text = self._text("recent", "")
        return [Path(line) for line in text.split("\n") if line]

    def opened(self, path: Path) -> None:
        """Remember a picture."""
        path = path.absolute()
        paths = [path, *(p for p in self.recent if p != path)][:RECENT]
        self._store.setValue("recent", "\n".join(map(str, paths)))

    def forget_recent(self) -> None:
        """Empty the list of pictures."""
        self._store.remove("recent")

    @property
    def folder(self) -> str:
        """The folder a picture was opened from last."""
        return self._text("folder", "")

    @folder.setter
    def folder(self, value: str) -> None:
        self._store.setValue("folder", value)

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

    def sync(self) -> None:
        """Write the file now."""
        self._store.sync()
