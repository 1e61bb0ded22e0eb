"""Files that may be written anew while they are on show."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in ns; both 0 for a file that is not."""

_CALM = 250
"""Milliseconds a file must keep its size before it counts as whole."""
_LOOKS = 20
"""So often at most is an unfinished file looked at after each sign of life."""


def stamp_of(path: Path) -> Stamp:
    """Return what tells one state of a file from another."""
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_size, facts.st_mtime_ns


class FileWatch(QObject):
    """Tells that a file was written anew, as soon as it is whole.

    A file is written in pieces, or beside its place and then moved there, so that it
    is empty, cut short or missing for a moment. Its folder is watched with it, because
    a file that was replaced is another one to the system.

    Signals
    -------
    rewritten(tuple)
        Paths of files that are not as they were when their watch began.
    vanished(tuple)
        Paths of files that are gone or empty, and stayed so for a while.
    """

    rewritten = Signal(tuple)
    vanished = Signal(tuple)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[Path, Stamp] = {}
        self._last: dict[Path, Stamp] = {}
        self._looks = 0
        self._system = QFileSystemWatcher(self)
        self._system.fileChanged.connect(self._begin)
        self._system.directoryChanged.connect(self._begin)
        self._calm = QTimer(self, singleShot=True, interval=_CALM)
        self._calm.timeout.connect(self._look)

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch these files and no others; those watched already keep their past."""
        known = {p: self._known.get(p) or stamp_of(p) for p in paths}
        if known.keys() == self._known.keys():
            return
        self._known = known
        old = [*self._system.files(), *self._system.directories()]
        if old:
            self._system.removePaths(old)
        self._begin()  # what was about to be heard is not heard any more

    def stop(self) -> None:
        """Watch nothing, and forget what was about to be told."""
        self.watch(())
        self._calm.stop()

    def _listen(self) -> None:
        """Ask the system for signs of life; of a replaced file, of the new one."""
        wanted = {str(p) for path in self._known for p in (path, path.parent)}
        heard = {*self._system.files(), *self._system.directories()}
        missing = [p for p in wanted - heard if Path(p).exists()]
        if missing:
            self._system.addPaths(missing)

    def _begin(self) -> None:
        self._listen()
        self._looks = 0
        if not self._calm.isActive():
            self._calm.start()

    def _look(self) -> None:
        """Tell what changed if it is calm now, else look once more."""
        self._listen()
        now = {path: stamp_of(path) for path in self._known}
        last, self._last = self._last, now
        self._looks += 1
        moving = [
            path
            for path, stamp in now.items()
            if stamp != self._known[path]
            and (not stamp[0] or stamp[0] != last.get(path, (0, 0))[0])
        ]
        if moving and self._looks < _LOOKS:
            self._calm.start()
            return
        self._last = {}
        fresh = [p for p, s in now.items() if s[0] and s != self._known[p]]
        gone = [p for p, s in now.items() if not s[0] and self._known[p][0]]
        self._known |= {path: now[path] for path in (*fresh, *gone)}
        if fresh:
            self.rewritten.emit(tuple(fresh))
        if gone:
            self.vanished.emit(tuple(gone))
