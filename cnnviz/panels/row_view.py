"""What tables of named rows share: the view, its columns, the line that filters."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter
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


class Bars(QStyledItemDelegate):
    """Marks the current stage's rows with a bar, the current row's in full colour."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint the cell, then the bar at the left edge of the first column."""
        option.state &= ~QStyle.StateFlag.State_HasFocus
        super().paint(painter, option, index)
        if index.column() or not index.data(STAGE_ROLE):
            return
        view = self.parent()
        assert isinstance(view, QTreeView)
        current = view.currentIndex().row() == index.row()
        colour = theme.of(view).color("accent", 255 if current else 130)
        rect = option.rect
        painter.fillRect(QRect(0, rect.top(), 3, rect.height()), colour)


def row_view(model: QAbstractItemModel) -> QTreeView:
    """Make a flat table whose rows are chosen as a whole."""
    view = QTreeView()
    view.setModel(model)
    view.setFont(theme.caption_font())
    view.setRootIsDecorated(False)
    view.setUniformRowHeights(True)
    view.setAllColumnsShowFocus(False)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setIndentation(0)
    view.setAcceptDrops(False)
    view.viewport().setAcceptDrops(False)
    header = view.header()
    header.setFont(theme.caption_font())
    header.setStretchLastSection(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setMinimumSectionSize(3 * theme.GRID)
    return view


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


def detail_lines() -> QLabel:
    """Make the lines below a table that tell more of the current row."""
    detail = QLabel()
    detail.setFont(theme.caption_font())
    detail.setWordWrap(True)
    detail.setTextFormat(Qt.TextFormat.PlainText)
    detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    detail.setContentsMargins(*[theme.GRID] * 4)
    return detail
