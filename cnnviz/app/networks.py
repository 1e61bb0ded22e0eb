"""The menu of networks: the catalogue's, and the person's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from cnnviz.app.actions import choices
from cnnviz.core.models import FileSpec, Model, ModelSpec
from cnnviz.nets.cache import in_words
from cnnviz.nets.catalog import Entry, models, state


class NetworkMenu(QMenu):
    """Every network with where its weights are; torchvision's by family.

    A family's files are looked for when it is shown: the folder may be far away.
    Below them the latest one of the person's own, once there is one.

    Parameters
    ----------
    title
        Of the menu.
    chosen
        Called with the name of the network a person picks.
    again
        Called with the network of their own if they pick that.
    """

    def __init__(
        self,
        title: str,
        chosen: Callable[[str], object],
        again: Callable[[FileSpec], object],
        parent: QWidget,
    ) -> None:
        super().__init__(title, parent)
        self._chosen, self._group = chosen, QActionGroup(self)
        self.networks: dict[str, QAction] = {}
        ours = [entry for entry in models() if entry.torchvision is None]
        self._offer(self, ours)
        self._refresh(ours)
        families: dict[str, list[Entry]] = {}
        for entry in models():
            if entry.torchvision is not None:
                families.setdefault(entry.family, []).append(entry)
        vision = self.addMenu("torchvision")
        for family, entries in families.items():
            under = vision.addMenu(family)
            self._offer(under, entries)
            under.aboutToShow.connect(lambda es=tuple(entries): self._refresh(es))
        self.addSeparator()
        self._latest: FileSpec | None = None
        self.own = self.addAction("Your own")
        self.own.setStatusTip("Show the latest network of your own")
        self.own.setCheckable(True)
        self.own.setVisible(False)
        self._group.addAction(self.own)
        self.own.triggered.connect(lambda _checked=False: self._show_latest(again))

    def _show_latest(self, again: Callable[[FileSpec], object]) -> None:
        if self._latest is not None:
            again(self._latest)

    def _offer(self, menu: QMenu, entries: Sequence[Entry]) -> None:
        options = [(entry.name, entry.title, entry.description) for entry in entries]
        self.networks |= choices(menu, options, self._chosen, self._group)

    def _refresh(self, entries: Sequence[Entry]) -> None:
        """Say anew where the weights are: a file may have been copied in."""
        for entry in entries:
            self.networks[entry.name].setText(_words(entry))

    def show_chosen(self, model: Model) -> None:
        """Mark the network on show."""
        if isinstance(model, FileSpec):
            self._latest = model
            self.own.setText(model.name.replace("&", "&&"))
            self.own.setStatusTip(" + ".join(map(str, model.paths)))
            self.own.setVisible(True)
            self.own.setChecked(True)
            return
        known = isinstance(model, ModelSpec)
        chosen = self.networks.get(model.name) if known else None
        if chosen is not None:
            chosen.setChecked(True)
        elif (marked := self._group.checkedAction()) is not None:
            marked.setChecked(False)


def _words(entry: Entry) -> str:
    """Name a network and say where its weights are."""
    where: str = state(entry)
    if where == "to be downloaded" and entry.size:
        where += f", {in_words(entry.size)}"
    return f"{entry.title}\t{where}"
