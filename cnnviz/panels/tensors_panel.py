"""What a weights file holds: every tensor with its numbers."""

from __future__ import annotations

from typing import cast

import numpy as np
from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.tensors import TensorList
from cnnviz.panels import theme
from cnnviz.panels.frame import PanelFrame
from cnnviz.panels.layer_model import Index
from cnnviz.panels.row_view import (
    Bars,
    RowView,
    detail_lines,
    filter_line,
    fit_columns,
)
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.panels.tensor_model import COLUMNS, ODD, ODD_ROLE, TensorModel
from cnnviz.pictures.captions import size
from cnnviz.pictures.tensor_words import list_words, tensor_lines

_WIDEST = tuple(cells * theme.GRID for cells in (36, 15, 9, 11, 11, 11, 11, 9, 10))
"""Pixels each column takes by itself; the person may widen it."""

_NAME = 14 * theme.GRID
"""Pixels a name is left at least where room is short."""


class _Odd(Bars):
    """Writes counts of values that are no numbers in the colour of warnings."""

    def plain(self, index: Index) -> bool:
        """Tell whether a tensor has no value that is no number."""
        return not index.sibling(index.row(), ODD).data(ODD_ROLE)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave the text out that is painted here."""
        super().initStyleOption(option, index)
        if index.data(ODD_ROLE):
            option.text = ""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint the cell."""
        super().paint(painter, option, index)
        if index.data(ODD_ROLE):
            view = cast("QTreeView", self.parent())
            painter.setFont(view.font())
            painter.setPen(theme.of(view).color("warning"))
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            room = option.rect.adjusted(0, 0, -theme.GRID + 1, 0)
            painter.drawText(room, side, str(index.data()))


class TensorsPanel(PanelFrame):
    """A table of tensors; below it the current one in words.

    A click on a column's name orders the rows by it: up, down, as in the file.

    Signals
    -------
    tensorPicked(str)
        The tensor that was clicked, or reached with the keys.
    """

    tensorPicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("tensorsPanel", "Tensors", parent)
        self._found: TensorList | None = None
        self._name: str | None = None
        self._showing = False
        self._wanted = 0
        self.model = TensorModel(self)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self.model)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.filter = filter_line("Find a tensor (Ctrl+F)")
        self.filter.textChanged.connect(self._on_filter)
        self.view = self._make_view()
        self.detail: QLabel = detail_lines()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        line = QVBoxLayout()
        line.setContentsMargins(theme.GRID, 0, theme.GRID, theme.GRID // 2)
        line.addWidget(self.filter)
        column.addLayout(line)
        column.addWidget(self.view, 1)
        column.addWidget(self.detail)
        self.set_content(body)
        self.exporter = Exporter(
            self, lambda: "tensors", lambda: self.grab().toImage(), self._numbers
        )
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(
            lambda at: self.exporter.open_menu(self.view.mapToGlobal(at))
        )
        self.show_nothing("Open a weights file to see what it holds.")

    def _make_view(self) -> RowView:
        view = RowView(self._proxy)
        view.setItemDelegate(_Odd(view))
        view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = view.header()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self._on_order)
        view.selectionModel().currentRowChanged.connect(self._on_current)
        return view

    def show_tensors(self, found: TensorList) -> None:
        """Show the tensors of another file, or of the same file written anew."""
        self._found = found
        self._showing = True
        self.model.show_tensors(found.tensors)
        self.view.header().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._showing = False
        fit_columns(self.view, _WIDEST)
        self._wanted = sum(map(self.view.columnWidth, range(len(COLUMNS))))
        self._fit_name()
        self.header.set_caption(list_words(found))
        self.detail.setText("")
        self.show_content()

    def show_tensor(self, name: str | None) -> None:
        """Make a tensor the current one; nothing is emitted."""
        self._name = name
        row = -1 if name is None else self.model.row(name)
        if self._found is None or row < 0:
            return
        self._showing = True
        self.model.show_current(name)
        index = self._proxy.mapFromSource(self.model.index(row, 0))
        self.view.setCurrentIndex(index)
        self._showing = False
        if index.isValid():
            self.view.scrollTo(index)
        self.detail.setText(tensor_lines(self.model.tensor(row), self._found.nearest))

    @property
    def wanted_width(self) -> int:
        """Pixels in which every column can be read."""
        return self._wanted + 2 * theme.GRID

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the names what the numbers leave."""
        super().resizeEvent(event)
        self._fit_name()

    def _fit_name(self) -> None:
        """Shorten the names where the numbers would be out of sight."""
        rest = sum(map(self.view.columnWidth, range(1, len(COLUMNS))))
        room = self.width() - 2 * theme.GRID - rest
        self.view.setColumnWidth(0, min(max(room, _NAME), self._wanted - rest))

    def names(self) -> list[str]:
        """Return the tensors that are listed, from the top down."""
        rows = (self._proxy.index(row, 0) for row in range(self._proxy.rowCount()))
        return [str(index.data()) for index in rows]

    def find_tensor(self) -> None:
        """Put the cursor into the filter line."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _on_order(self, column: int, order: Qt.SortOrder) -> None:
        down = order is Qt.SortOrder.DescendingOrder
        self._showing = True
        self.model.arrange(column if column >= 0 else None, down)
        self._showing = False
        self.show_tensor(self._name)

    def _on_filter(self, text: str) -> None:
        self._showing = True
        self._proxy.setFilterFixedString(text)
        self._showing = False
        self.show_tensor(self._name)

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._showing and current.isValid():
            row = self._proxy.mapToSource(current).row()
            self.tensorPicked.emit(self.model.tensor(row).name)

    def _numbers(self) -> dict[str, Numbers]:
        if self._found is None:
            return {}
        rows = [
            (
                *(t.name, size(t.shape), t.dtype),
                *(t.minimum, t.mean, t.maximum, t.std),
                *(t.nans, t.infinities, t.nbytes),
            )
            for t in self._found.tensors
        ]
        columns = (*COLUMNS[:-2], "NaN", "infinite", "bytes")
        return {"tensors": Numbers(np.array(rows, str), ("tensor",), columns)}
