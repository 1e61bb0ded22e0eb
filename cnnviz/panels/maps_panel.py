"""A layer's maps side by side."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from cnnviz.core.layers import Array, Layer, Unit
from cnnviz.core.look import Look
from cnnviz.panels.chosen_line import ChosenLine
from cnnviz.panels.frame import PanelFrame
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.scalebar import ScaleBar
from cnnviz.pictures.captions import counts_caption, layer_caption, size
from cnnviz.pictures.colours import table
from cnnviz.pictures.levels import Levels, coded, levels
from cnnviz.pictures.montage import as_tiles, heat_map


class MapsPanel(PanelFrame):
    """One tile per channel, or a heat map over time with the chosen channel as a line.

    Signals
    -------
    picked(int, object)
        Channel and unit that were clicked.
    hovered(object)
        ``(channel, unit, value)`` under the pointer, or None.
    """

    picked = Signal(int, object)
    hovered = Signal(object)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(name, title, parent)
        self.mosaic = MosaicView()
        self.line = ChosenLine(self.mosaic)
        self.scale = ScaleBar()
        self.set_content(self.line, self.scale)
        self._levels: Levels | None = None
        self._look, self._note = Look(), ""
        self.mosaic.picked.connect(self.picked)
        self.mosaic.hovered.connect(self.hovered)
        self.line.picked.connect(self.picked)
        self.line.hovered.connect(self.hovered)
        self.show_nothing("Open a picture to see maps.")

    def show_maps(
        self,
        layer: Layer,
        look: Look,
        title: str,
        signed: bool | None = None,
        time: Array | None = None,
    ) -> None:
        """Show a layer's output.

        Parameters
        ----------
        layer
            Its ``maps`` are shown.
        look
            Colours and scale.
        title
            First words of the header: ``"After ReLU"``.
        signed
            Zero in the middle of the scale; None: if a value is negative.
        time
            Of maps over time: when each step was, in seconds; None counts steps.
        """
        maps = layer.maps
        self.header.set_title(title)
        self.mosaic.setAccessibleName(f"{title}: maps of {layer.name}")
        if maps.size == 0:
            self.show_nothing(f"empty map ({size(layer.shape)})")
            return
        found = levels(maps, look.scale, look.bound, signed)
        self._levels, self._look = found, look
        self._note = counts_caption(found)
        self.mosaic.show_tiles(
            as_tiles(coded(maps, found)),
            maps,
            table(look.colours, found.signed, look.dark),
            heat_map(*maps.shape) if maps.ndim == 2 else None,
            stretch=maps.ndim == 2,
            name=f"{layer.name} {title}",
        )
        self.line.show_maps(maps, found, time, f"{layer.name} {title}")
        caption = [layer.name, size(layer.shape)]
        if layer.kind != "activation":
            caption.insert(1, layer_caption(layer))
        self.header.set_caption(" · ".join(caption))
        self._show_scale(None)
        self.show_content()

    def ready(
        self, layer: Layer, look: Look, signed: bool | None = None
    ) -> Iterator[None]:
        """Make in steps what ``show_maps`` would show."""
        maps = layer.maps
        found = levels(maps, look.scale, look.bound, signed)
        yield
        tiles = as_tiles(coded(maps, found))
        yield
        colours = table(look.colours, found.signed, look.dark)
        grid = heat_map(*maps.shape) if maps.ndim == 2 else None
        yield from self.mosaic.ready(tiles, colours, grid, stretch=maps.ndim == 2)

    def show_place(self, channel: int | None, unit: Unit | None) -> None:
        """Frame the chosen map and mark the place in it."""
        self.mosaic.show_place(channel, unit)
        self.line.show_place(channel, unit)
        self._show_scale(channel)

    def bound(self) -> float:
        """Return the largest absolute value the colour scale reaches, 0 if empty."""
        if self._levels is None or not self._levels.high.size:
            return 0.0
        ends = (*self._levels.low.tolist(), *self._levels.high.tolist())
        return float(max(map(abs, ends)))

    def _show_scale(self, channel: int | None) -> None:
        if self._levels is not None:
            look = self._look
            colours = table(look.colours, self._levels.signed, look.dark)
            self.scale.show_levels(self._levels, colours, channel, self._note)
