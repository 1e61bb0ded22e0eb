"""Kernels over time: the chosen one large, and all of them in a mosaic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QPainterPath, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnviz.core.layers import Array, Unit
from cnnviz.core.look import Look
from cnnviz.panels import theme
from cnnviz.panels.frame import Elided
from cnnviz.panels.kernel_rows import KernelRows
from cnnviz.panels.marks import Stroke
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.pictures.captions import count
from cnnviz.pictures.colours import GAP, table
from cnnviz.pictures.levels import Levels, levels, quantise
from cnnviz.pictures.taps import offsets, spread, tap_at

_MOST = 8_000_000
"""Cells of all kernels; of more, only the chosen kernel is shown."""

_SHARE = 0.45
"""Share of the height that the chosen kernel takes, at most."""

_SAVED = 2
"""Saved pictures have so many pixels for one on the screen."""


class TapsView(QWidget):
    """Variables down, steps across, signed colours; taps at their true distance.

    Signals
    -------
    channelPicked(int)
        The kernel, so the output channel, that was clicked.
    hovered(object)
        ``(channel, (input channel, tap), value)`` under the pointer, or None.
    """

    channelPicked = Signal(int)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Elided(theme.caption_font())
        self.rows = KernelRows()
        self.mosaic = MosaicView()
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        line = QVBoxLayout()
        line.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        line.addWidget(self.words)
        column.addLayout(line)
        column.addWidget(self.rows)
        column.addWidget(self.mosaic, 1)
        self._weight: Array = np.zeros((0, 1, 1), np.float32)
        self._codes: NDArray[np.uint8] = np.zeros((0, 1, 1), np.uint8)
        self._table: NDArray[np.uint8] = np.zeros((256, 4), np.uint8)
        self._levels = levels(self._weight, signed=True)
        self._names: tuple[str, ...] = ()
        self._dilation = 1
        self._ahead: int | None = 0
        self._channel = 0
        self._name = "kernels"
        self._strings = Stroke(self.mosaic.canvas, "hairline", below=True)
        self.exporter = Exporter(self, lambda: self._name, self.image, self._numbers)
        canvas = self.mosaic.canvas
        canvas.menuRequested.disconnect(self.mosaic.exporter.open_menu)
        canvas.menuRequested.connect(self.exporter.open_menu)
        canvas.viewChanged.connect(self._string)
        self.mosaic.picked.connect(
            lambda channel, _tap: self.channelPicked.emit(channel)
        )
        self.mosaic.hovered.connect(self._on_mosaic_hovered)
        self.rows.hovered.connect(self._on_rows_hovered)

    def show_kernels(
        self,
        weight: Array,
        dilation: int = 1,
        names: Sequence[str] = (),
        look: Look | None = None,
        chosen: int | None = None,
        *,
        ahead: int | None = 0,
        name: str = "kernels",
    ) -> None:
        """Show other kernels.

        Parameters
        ----------
        weight
            ``(O, I, k)``, earliest tap first.
        dilation
            Steps from one tap to the next.
        names
            Of the I input channels: the variables in the first layer, else ``()``.
        look
            Colours and scale.
        chosen
            The kernel that is shown large and framed; None shows the first one large.
        ahead
            Steps by which the last tap lies after the step that is computed: 0 for a
            causal convolution, None if it is not known.
        name
            For files.
        """
        look = look or Look()
        self._weight, self._dilation, self._ahead = weight, dilation, ahead
        self._names, self._name = tuple(names), name
        self._levels = levels(weight, look.scale, look.bound, signed=True)
        self._codes = quantise(weight, self._levels)
        self._table = table(look.colours, True, look.dark)
        out, inner, taps = weight.shape
        cells = out * inner * ((taps - 1) * dilation + 1 + 2 * self._margin)
        self.mosaic.setVisible(out > 1 and cells <= _MOST)
        if not self.mosaic.isHidden():
            wide = weight.astype(np.result_type(weight, np.float32), copy=False)
            self.mosaic.show_tiles(
                spread(self._codes, dilation, GAP, self._margin),
                spread(wide, dilation, np.nan, self._margin),
                self._table,
                extreme=True,
                name=name,
            )
        self.show_channel(chosen)

    def show_channel(self, channel: int | None) -> None:
        """Show a kernel large and frame it; None shows the first one, unframed."""
        out, inner, taps = self._weight.shape
        framed = channel if channel is not None and 0 <= channel < out else None
        self._channel = framed or 0
        self.mosaic.show_place(framed, None)
        if out:
            self.rows.show_kernel(
                self._codes[self._channel],
                self._table,
                self._dilation,
                self._names,
                self._ahead,
            )
        self.words.set_text(_words(self._channel, inner, taps, self._dilation))
        self._share()

    @property
    def levels(self) -> Levels:
        """The colour scale of the kernels on show."""
        return self._levels

    def image(self) -> QImage:
        """Return what is shown, in twice the density."""
        image = QImage(self.size() * _SAVED, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SAVED)
        image.fill(theme.of(self).color("canvas"))
        self.render(image)
        return image

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Divide the height anew."""
        super().resizeEvent(event)
        self._share()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy and save."""
        self.exporter.open_menu(event.globalPos())

    @property
    def _margin(self) -> int:
        """Empty steps beside each kernel: its taps stay closer than another's."""
        return self._dilation // 2

    def _share(self) -> None:
        """Give the chosen kernel what it needs, and the mosaic the rest."""
        wanted, most = self.rows.sizeHint().height(), int(self.height() * _SHARE)
        if self.mosaic.isHidden():
            self.rows.setMinimumHeight(0)
            self.rows.setMaximumHeight(self.height())
        else:
            self.rows.setFixedHeight(min(wanted, most))
        self._column.activate()

    def _string(self) -> None:
        """Draw a hairline from the first tap of each small kernel to its last."""
        path = QPainterPath()
        for channel in range(len(self._weight) if self._dilation > 1 else 0):
            tile = self.mosaic.tile(channel)
            if tile is not None:
                path.moveTo(tile.left() + self._margin, tile.center().y())
                path.lineTo(tile.right() - self._margin, tile.center().y())
        self._strings.show(path)

    def _weight_at(self, channel: int, inner: int, tap: int) -> tuple[int, Unit, float]:
        value = float(self._weight[channel, inner, tap])
        return channel, (inner, tap), value

    def _on_mosaic_hovered(self, found: tuple[int, Unit, object] | None) -> None:
        said = None
        if found is not None:
            channel, (inner, step), _value = found
            taps = self._weight.shape[2]
            tap = tap_at(step, taps, self._dilation, self._margin)
            said = None if tap is None else self._weight_at(channel, inner, tap)
        self.hovered.emit(said)

    def _on_rows_hovered(self, found: tuple[int, int] | None) -> None:
        weight = None if found is None else self._weight_at(self._channel, *found)
        self.hovered.emit(weight)

    def _numbers(self) -> dict[str, Numbers]:
        if not self._weight.size:
            return {}
        steps = offsets(self._weight.shape[2], self._dilation, self._ahead)
        words = tuple(map(str, steps.tolist()))
        return {"weight": Numbers(self._weight, ("kernel", "input"), words)}


def _words(channel: int, inner: int, taps: int, dilation: int) -> str:
    """Say which kernel is shown large, and how far it reaches."""
    many = "" if taps == 1 else "s"
    parts = [f"kernel {channel}", f"{count(inner)} × {taps} tap{many}"]
    if dilation > 1 and taps > 1:
        parts += [f"dilation {dilation}", f"over {(taps - 1) * dilation + 1} steps"]
    return " · ".join(parts)
