"""The maps behind a stage's pool; two pools over the same maps stand side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from cnnviz.core.layers import Array, Layer, Unit
from cnnviz.core.look import Look
from cnnviz.panels.frame import PanelFrame
from cnnviz.panels.maps_panel import MapsPanel
from cnnviz.panels.saving import Exporter

_REDUCTIONS = {"max": "Max pooled", "mean": "Average pooled", "norm": "Norm pooled"}


class PooledPanel(PanelFrame):
    """One mosaic per pooling layer of the stage.

    Signals
    -------
    picked(str, int, object)
        Pooling layer, channel and unit that were clicked.
    hovered(object)
        ``(layer, channel, unit, value)`` under the pointer, or None.
    said(str)
        What became of a picture or numbers that were saved.
    """

    picked = Signal(str, int, object)
    hovered = Signal(object)
    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("pooledPanel", "Pooled", parent)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self.set_content(self._split)
        self.parts: list[MapsPanel] = []
        self._names: list[str] = []
        self.show_nothing("Open a picture to see pooled maps.")

    def show_pools(
        self,
        layers: Sequence[Layer],
        look: Look,
        times: Sequence[Array | None] | None = None,
    ) -> None:
        """Show one or more pooling layers, one below the other.

        The first one's header is the panel's own.

        Parameters
        ----------
        times
            For each, when its steps were; see ``MapsPanel.show_maps``.
        """
        times = times or [None] * len(layers)
        self._names = [layer.name for layer in layers]
        while len(self.parts) < len(layers):
            self._add_part(len(self.parts))
        for part, layer, time in zip(self.parts, layers, times, strict=False):
            part.show_maps(layer, look, title_of(layer), time=time)
        for i, part in enumerate(self.parts):
            part.setVisible(i < len(layers))
        first = self.parts[0].header
        self.header.set_title(first.title())
        self.header.set_caption(first.caption())
        self.show_content()

    def ready(self, layers: Sequence[Layer], look: Look) -> Iterator[None]:
        """Make in steps what ``show_pools`` would show."""
        for part, layer in zip(self.parts, layers, strict=False):
            yield from part.ready(layer, look)

    def show_nothing(self, reason: str) -> None:
        """Show a sentence in place of the maps."""
        self.header.set_title("Pooled")
        super().show_nothing(reason)

    def _add_part(self, place: int) -> None:
        part = MapsPanel(f"pooledPanel{place}", "Pooled")
        part.header.setVisible(place > 0)
        part.picked.connect(lambda c, u, i=place: self._on_picked(i, c, u))
        part.hovered.connect(lambda found, i=place: self._on_hovered(i, found))
        for exporter in part.findChildren(Exporter):
            exporter.said.connect(self.said)
        self._split.addWidget(part)
        self.parts.append(part)

    def show_place(self, name: str, channel: int | None, unit: Unit | None) -> None:
        """Frame the chosen map of one of the layers and mark the place in it."""
        if name in self._names:
            self.parts[self._names.index(name)].show_place(channel, unit)

    def _on_picked(self, place: int, channel: int, unit: Unit) -> None:
        self.picked.emit(self._names[place], channel, unit)

    def _on_hovered(self, place: int, found: tuple[int, Unit, float] | None) -> None:
        self.hovered.emit(None if found is None else (self._names[place], *found))


def title_of(layer: Layer) -> str:
    """Name a pool by what it keeps."""
    reduction = layer.geometry.reduction if layer.geometry else "mean"
    return _REDUCTIONS.get(reduction, "Pooled")
