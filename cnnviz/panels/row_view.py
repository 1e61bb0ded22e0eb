"""What tables of named rows share: the view, its columns, the line that filters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSizeF,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetrics,
    QFontMetricsF,
    QHoverEvent,
    QPainter,
    QPaintEvent,
    QStaticText,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
)

from cnnviz.panels import theme
from cnnviz.panels.layer_model import STAGE_ROLE, Index

_BESIDE = 7
"""Pixels between a cell's edge and its text: Qt's own margin and the style's."""


class Bars(QStyledItemDelegate):
    """Marks the current stage's rows with a bar, the current row's in full colour."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint the cell, then the bar at the left edge of the first column."""
        option.state &= ~QStyle.StateFlag.State_HasFocus
        super().paint(painter, option, index)
        if not index.column() and index.data(STAGE_ROLE):
            view = cast("QTreeView", self.parent())
            current = view.currentIndex().row() == index.row()
            self.paint_bar(view, painter, option.rect, current=current)

    @staticmethod
    def paint_bar(
        view: QTreeView, painter: QPainter, rect: QRect, *, current: bool
    ) -> None:
        """Paint the bar of a row."""
        colour = theme.of(view).color("accent", 255 if current else 130)
        painter.fillRect(QRect(0, rect.top(), 3, rect.height()), colour)

    def plain(self, _index: Index) -> bool:
        """Tell whether nothing but texts and a bar is painted in an index's row."""
        return True


@dataclass(slots=True)
class _Cells:
    """A plain row: its texts with their places, and whether it has a bar."""

    texts: list[tuple[QPointF, QStaticText]]
    marked: bool


class RowView(QTreeView):
    """A flat table whose rows are chosen as a whole.

    Plain rows are painted here from texts laid out once: asking style sheet and
    delegate for every cell takes twenty times as long, and a table is painted whole
    whenever its height changes.
    """

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__()
        self._cells: dict[int, _Cells | None] = {}
        self._under = self._current = -1
        self._lit: set[int] = set()
        self._ink, self._raised = QColor(), QColor()
        self.setModel(model)
        self.setFont(theme.caption_font())
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setIndentation(0)
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        for still in (self, self.viewport()):
            still.setAttribute(Qt.WidgetAttribute.WA_StaticContents)
        header = self.header()
        header.setFont(theme.caption_font())
        # with the table's own it would be painted whenever another row is chosen
        header.setSelectionModel(QItemSelectionModel(model, header))
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(3 * theme.GRID)
        for changed in (
            model.modelReset,
            model.layoutChanged,
            model.rowsInserted,
            model.rowsRemoved,
            header.sectionResized,
        ):
            changed.connect(self._cells.clear)
        model.dataChanged.connect(self._forget)
        across = self.horizontalScrollBar()  # bars stay where they are
        across.valueChanged.connect(lambda _at: self.viewport().update())

    def _forget(
        self, first: QModelIndex, last: QModelIndex, roles: Sequence[int]
    ) -> None:
        """Forget rows that changed; another stage changes no text."""
        for row in range(first.row(), last.row() + 1):
            cells = self._cells.get(row)
            if cells is not None and list(roles) == [STAGE_ROLE]:
                cells.marked = bool(first.sibling(row, 0).data(STAGE_ROLE))
            else:
                self._cells.pop(row, None)

    def viewportEvent(self, event: QEvent) -> bool:
        """Keep in mind which row the pointer is at."""
        kind = event.type()
        if kind in (QEvent.Type.HoverEnter, QEvent.Type.HoverMove):
            at = cast("QHoverEvent", event).position().toPoint()
            self._under = self.indexAt(at).row()
        elif kind in (QEvent.Type.HoverLeave, QEvent.Type.Leave):
            self._under = -1
        return super().viewportEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Lay texts out anew in another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._cells.clear()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Look up once what all rows need."""
        self._current = self.currentIndex().row()
        self._lit = {at.row() for at in self.selectionModel().selectedRows()}
        self._lit.add(self._under)
        shade = theme.of(self)
        self._ink, self._raised = shade.color("text"), shade.color("raised")
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), shade.color("canvas"))
        painter.end()
        super().paintEvent(event)

    def drawRow(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint a row: a plain one here, any other by the style."""
        row = index.row()
        if row not in self._cells:
            self._cells[row] = self._lay_out(index)
        cells = self._cells[row]
        if cells is None:
            super().drawRow(painter, option, index)
            return
        corner = QPointF(-self.header().offset(), option.rect.top())
        if row in self._lit:
            across = QSizeF(self.header().length(), option.rect.height())
            painter.fillRect(QRectF(corner, across), self._raised)
        painter.setPen(self._ink)
        for at, text in cells.texts:
            painter.drawStaticText(corner + at, text)
        if cells.marked:
            current = row == self._current
            Bars.paint_bar(self, painter, option.rect, current=current)

    def _lay_out(self, index: Index) -> _Cells | None:
        """Return a plain row's texts and where they go, or None for another row."""
        delegate = self.itemDelegate()
        if not isinstance(delegate, Bars) or not delegate.plain(index):
            return None
        metrics, header, texts = QFontMetricsF(self.font()), self.header(), []
        down = math.floor((self.rowHeight(index) - metrics.height()) / 2)
        for column in range(header.count()):
            cell = index.sibling(index.row(), column)
            room = header.sectionSize(column) - 2 * _BESIDE
            words = metrics.elidedText(str(cell.data()), self.textElideMode(), room)
            left: float = header.sectionPosition(column) + _BESIDE
            side = Qt.AlignmentFlag(cell.data(Qt.ItemDataRole.TextAlignmentRole))
            if side & Qt.AlignmentFlag.AlignRight:
                left += room - metrics.horizontalAdvance(words)
            text = QStaticText(words)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(font=self.font())
            texts.append((QPointF(left, down), text))
        return _Cells(texts, bool(index.data(STAGE_ROLE)))


def fit_columns(view: QTreeView, widest: Sequence[int]) -> None:
    """Give each column the width of its longest text, measured on some rows.

    Parameters
    ----------
    widest
        Pixels each column takes at most.
    """
    model, metrics = view.model(), QFontMetrics(view.font())
    rows = range(0, model.rowCount(), max(1, model.rowCount() // 64))
    for column, most in enumerate(widest):
        texts = [str(model.headerData(column, Qt.Orientation.Horizontal))]
        texts += [str(model.index(row, column).data()) for row in rows]
        wide = max(map(metrics.horizontalAdvance, texts))
        view.setColumnWidth(column, min(wide + 2 * theme.GRID, most))


def filter_line(words: str) -> QLineEdit:
    """Make the line above a table in which a part of a name is typed."""
    line = QLineEdit()
    line.setPlaceholderText(words)
    line.setClearButtonEnabled(True)
    line.setAcceptDrops(False)
    return line


class _Lines(QLabel):
    """Lines that can be selected once the pointer is over them.

    Until then they are no document, which is laid out twice as slowly and then asks to
    be painted a second time.
    """

    def setText(self, text: str) -> None:
        """Show other lines."""
        if not self.underMouse():
            self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        super().setText(text)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Let the lines be selected."""
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        super().enterEvent(event)


def detail_lines() -> QLabel:
    """Make the lines below a table that tell more of the current row."""
    detail = _Lines()
    detail.setFont(theme.caption_font())
    detail.setWordWrap(True)
    detail.setTextFormat(Qt.TextFormat.PlainText)
    detail.setContentsMargins(*[theme.GRID] * 4)
    return detail
