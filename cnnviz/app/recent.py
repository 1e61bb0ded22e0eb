"""The menu of what was opened lately."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QWidget

from cnnviz.app.settings import Settings
from cnnviz.core.models import FileSpec
from cnnviz.core.paths import is_there


def tr(text: str) -> str:
    """Translate a text of this menu."""
    return QCoreApplication.translate("RecentMenu", text)


class RecentMenu(QMenu):
    """Pictures and tables, then networks; what is gone is grey.

    Parameters
    ----------
    settings
        Remember them.
    show_file, show_network
        Called with what a person picks.
    """

    def __init__(
        self,
        settings: Settings,
        show_file: Callable[[Path], object],
        show_network: Callable[[FileSpec], object],
        parent: QWidget,
    ) -> None:
        super().__init__(tr("Open &recent"), parent)
        self._settings = settings
        self._show_file, self._show_network = show_file, show_network
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        files, networks = self._settings.recent, self._settings.networks
        for path in files:
            self._offer(short(path), [path], partial(self._show_file, path))
        if networks:  # a section's title is not painted in every style
            self.addSeparator()
            self.addAction(tr("Networks")).setEnabled(False)
        for spec in networks:
            words = " + ".join(map(short, spec.paths))
            self._offer(words, spec.paths, partial(self._show_network, spec))
        if not files and not networks:
            self.addAction(tr("Nothing opened yet")).setEnabled(False)
            return
        self.addSeparator()
        forget = self.addAction(tr("Clear list"))
        forget.setStatusTip(tr("Forget the files opened so far"))
        forget.triggered.connect(self._settings.forget_recent)

    def _offer(
        self, words: str, paths: Iterable[Path], show: Callable[[], object]
    ) -> None:
        action = self.addAction(words.replace("&", "&&"))
        action.setStatusTip(tr("Show this again"))
        action.setEnabled(all(map(is_there, paths)))
        action.triggered.connect(lambda _checked=False: show())


def short(path: Path) -> str:
    """Write a path from ``~`` where it is below it."""
    home = Path.home()
    return str("~" / path.relative_to(home)) if path.is_relative_to(home) else str(path)
