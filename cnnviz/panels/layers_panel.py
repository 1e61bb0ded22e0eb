"""What ran: every layer with its numbers, and the current one explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np
from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.geometry import field_size, read_input, size_formulas
from cnnviz.core.layers import Layer
from cnnviz.core.ledger import ledger, lost_words, sharing_words
from cnnviz.core.stages import Stage, stage_of
from cnnviz.core.strange import strange_words
from cnnviz.core.trace import Trace
from cnnviz.panels import theme
from cnnviz.panels.frame import PanelFrame, laid_out_once
from cnnviz.panels.layer_model import (
    CHANGED_ROLE,
    FAULT_ROLE,
    Index,
    LayerModel,
    field_words,
)
from cnnviz.panels.row_view import (
    Bars,
    RowView,
    detail_lines,
    filter_line,
    fit_columns,
)
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.pictures.captions import (
    count,
    layer_caption,
    short_count,
    size,
)
from cnnviz.pictures.status import input_words

_WIDEST = tuple(cells * theme.GRID for cells in (16, 11, 13, 10, 13, 16))
"""Pixels each column takes by itself; the person may widen it."""

_FILTER_FROM = 12
"""The filter line is shown from so many layers on."""


class _Marks(Bars):
    """Marks layers that disagree with themselves, or whose weights changed."""

    def plain(self, index: Index) -> bool:
        """Tell whether a layer has no mark."""
        return not (index.data(FAULT_ROLE) or index.data(CHANGED_ROLE))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint the cell, then a mark at the end of the name."""
        super().paint(painter, option, index)
        if index.column():
            return
        shade = theme.of(cast("QTreeView", self.parent()))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if index.data(FAULT_ROLE):
            painter.setPen(shade.color("warning"))
            painter.drawText(option.rect, side, "≠ ")
        elif index.data(CHANGED_ROLE):
            painter.setPen(shade.color("text"))
            painter.drawText(option.rect, side, "• ")


class LayersPanel(PanelFrame):
    """A table of layers; below it the current one in words.

    Signals
    -------
    layerPicked(str)
        The layer that was clicked, or reached with the keys.
    strangeWanted()
        The line about dead and strange maps was clicked.
    """

    layerPicked = Signal(str)
    strangeWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("layersPanel", "Layers", parent)
        self._trace: Trace | None = None
        self._stages: tuple[Stage, ...] = ()
        self._showing = False
        self.model = LayerModel(self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self.model)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.filter = filter_line("Find a layer (Ctrl+F)")
        self.filter.textChanged.connect(self._on_filter)
        self.view = self._make_view()
        self.detail = detail_lines()
        self.strange = QToolButton()
        self.strange.setFont(theme.caption_font())
        self.strange.setToolTip("Go to the next strange map (N)")
        self.strange.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.strange.clicked.connect(self.strangeWanted)
        self.strange.hide()
        self._body = body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        line = QVBoxLayout()
        line.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID // 2)
        line.addWidget(self.filter)
        column.addLayout(line)
        column.addWidget(self.view, 1)
        column.addWidget(self.strange)
        column.addWidget(self.detail)
        self.set_content(body)
        self.exporter = Exporter(
            self, lambda: "layers", lambda: self.grab().toImage(), self._numbers
        )
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(
            lambda at: self.exporter.open_menu(self.view.mapToGlobal(at))
        )
        self.show_nothing("Open a picture to see the layers it runs through.")

    def _make_view(self) -> RowView:
        view = RowView(self._proxy)
        view.setItemDelegate(_Marks(view))
        view.selectionModel().currentRowChanged.connect(self._on_current)
        return view

    def show_trace(self, trace: Trace) -> None:
        """Show the layers of another run."""
        self._trace, self._stages = trace, trace.stages
        self._showing = True
        others = self.model.show_trace(trace)
        self._showing = False
        filtered = bool(self.filter.text())
        self.filter.setVisible(filtered or len(trace.layers) >= _FILTER_FROM)
        if others:
            fit_columns(self.view, _WIDEST)
        layers, kept = len(trace.layers), sum(layer.kept for layer in trace.layers)
        some = f"{count(kept)} kept of " if kept < layers else ""
        self.header.set_caption(
            f"{some}{count(layers)} · {short_count(trace.parameters)} parameters"
            f" · {short_count(trace.macs)} multiply-adds"
        )
        self.detail.setText(trace.error or "")
        self.show_content()

    def show_layer(self, name: str | None) -> None:
        """Make a layer the current one; nothing is emitted."""
        trace = self._trace
        if trace is None or name is None or name not in trace:
            return
        stage = stage_of(name, self._stages)
        members = frozenset(stage.members) if stage else frozenset({name})
        self.model.show_stage(members)
        index = self._proxy.mapFromSource(self.model.index(self.model.row(name), 0))
        self._showing = True
        self.view.setCurrentIndex(index)
        self._showing = False
        layer = trace[name]
        odd = strange_words(layer)
        with laid_out_once(self._body):  # the table gets its height before it paints
            self.detail.setText(details(trace, layer))
            self.strange.setText(f"{odd}  ›")
            self.strange.setVisible(bool(odd))
        if index.isValid():
            self.view.scrollTo(index)

    def ready(self, name: str) -> None:
        """Find out what ``show_layer`` would say."""
        if self._trace is not None:
            strange_words(self._trace[name])

    def show_faults(self, names: Iterable[str]) -> None:
        """Mark layers that, computed again, gave something else."""
        self.model.show_faults(frozenset(names))

    def show_changes(self, relative: Mapping[str, float]) -> None:
        """Mark layers whose weights changed since the run shown before."""
        self.model.show_changes(relative)

    def find_layer(self) -> None:
        """Put the cursor into the filter line."""
        self.filter.show()
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _numbers(self) -> dict[str, Numbers]:
        if self._trace is None:
            return {}
        columns = ("layer", "kind", "output", "parameters", "multiply-adds")
        rows = [
            (layer.name, layer.kind, size(layer.shape), layer.parameters, layer.macs)
            for layer in self._trace.layers
        ]
        return {"layers": Numbers(np.array(rows, str), ("step",), columns)}

    def _on_filter(self, text: str) -> None:
        current = self.view.currentIndex()
        row = self._proxy.mapToSource(current).row() if current.isValid() else -1
        self._showing = True
        self._proxy.setFilterFixedString(text)
        if row >= 0:
            back = self._proxy.mapFromSource(self.model.index(row, 0))
            self.view.setCurrentIndex(back)
        self._showing = False

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._showing and current.isValid():
            row = self._proxy.mapToSource(current).row()
            self.layerPicked.emit(self.model.layer(row).name)


def details(trace: Trace, layer: Layer) -> str:
    """Say in a few lines what a layer is: formula, parameters, field, inputs."""
    formulas, lost = size_formulas(layer), lost_words(layer)
    lines = [layer_caption(layer), *formulas, *([lost] if lost else [])]
    book = ledger(layer)
    numbers = [] if book is None else [sharing_words(book)]
    if layer.parameters and book is None:
        numbers.append(f"{count(layer.parameters)} parameters")
    if layer.macs:
        numbers.append(f"{count(layer.macs)} multiply-adds")
    if layer.shared_with:
        numbers.append(f"weight shared with {layer.shared_with}")
    lines += numbers
    source = read_input(trace, layer.name)
    field, which = (
        field_words(field_size(trace, layer.name, source)),
        input_words(source),
    )
    if field == "all":
        lines.append(f"each unit sees the whole {which}")
    elif field:
        lines.append(f"each unit sees {field} of the {which}")
    fed = zip(layer.inputs, layer.input_shapes, strict=True)
    lines.append("from " + ", ".join(f"{name} ({size(shape)})" for name, shape in fed))
    return "\n".join(lines)
