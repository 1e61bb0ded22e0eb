"""The classes the network finds most likely."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from cnnviz.core.layers import Array
from cnnviz.panels import theme
from cnnviz.panels.frame import Elided, PanelFrame
from cnnviz.panels.saving import Exporter, Numbers
from cnnviz.pictures.captions import exact, percent, top_classes

_ROW = 4 * theme.GRID
_BAR = 4


class ClassBars(QWidget):
    """Rows of label, share and a bar whose full width is 1.

    Signals
    -------
    classPicked(int)
        Index of the class that was clicked.
    """

    classPicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.text_font())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._rows: tuple[tuple[int, str, float], ...] = ()
        self._chosen: int | None = None
        self._under: int | None = None
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Expanding)

    def show_rows(
        self, rows: Sequence[tuple[int, str, float]], chosen: int | None
    ) -> None:
        """Show ``(index, label, probability)`` rows; one may be chosen, by index."""
        self._rows, self._chosen = tuple(rows), chosen
        said = ", ".join(f"{label} {percent(p)}" for _, label, p in self._rows)
        self.setAccessibleName(said)
        self.update()

    def sizeHint(self) -> QSize:
        """Prefer five rows."""
        return QSize(30 * theme.GRID, 5 * _ROW)

    @property
    def _height(self) -> int:
        """Of one row; less where the panel is low."""
        return max(min(_ROW, self.height() // max(len(self._rows), 1)), 1)

    def bar(self, row: int) -> QRectF:
        """Return where a row's bar is painted."""
        room = self.width() - 2 * theme.GRID
        share = min(max(self._rows[row][2], 0.0), 1.0)
        y = (row + 1) * self._height - _BAR - 4
        return QRectF(theme.GRID, y, room * share, _BAR)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the rows."""
        painter = QPainter(self)
        shade, metrics = theme.of(self), QFontMetrics(self.font())
        for row, (index, label, share) in enumerate(self._rows):
            line = QRect(0, row * self._height, self.width(), self._height)
            chosen = index == self._chosen
            if row == self._under or chosen:
                painter.fillRect(line, shade.color("raised"))
            if chosen:
                painter.fillRect(0, line.top(), 3, line.height(), shade.color("accent"))
            inner = line.adjusted(theme.GRID, 2, -theme.GRID, -_BAR - 4)
            said = percent(share)
            room = inner.width() - metrics.horizontalAdvance(said) - theme.GRID
            name = metrics.elidedText(label, Qt.TextElideMode.ElideRight, room)
            centre = Qt.AlignmentFlag.AlignVCenter
            painter.setPen(shade.color("text"))
            painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | centre, name)
            painter.setPen(shade.color("muted"))
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight | centre, said)
            bar = self.bar(row)
            track = QRectF(bar)
            track.setWidth(self.width() - 2 * theme.GRID)
            painter.fillRect(track, shade.color("hairline"))
            painter.fillRect(bar, shade.color("text"))
        painter.end()

    def _row_at(self, at: QPoint) -> int | None:
        row = at.y() // self._height
        return row if 0 <= row < len(self._rows) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what a click would choose, and the whole number."""
        under = self._row_at(event.position().toPoint())
        if under != self._under:
            self._under = under
            tip = "" if under is None else self._tip(under)
            self.setToolTip(tip)
            self.update()

    def _tip(self, row: int) -> str:
        index, label, share = self._rows[row]
        return f"{label}\nclass {index}, probability {exact(share)}"

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the row under the pointer."""
        super().leaveEvent(event)
        self._under = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Pick a class."""
        row = self._row_at(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and row is not None:
            self.classPicked.emit(self._rows[row][0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pick the first class with Enter, or the n-th by its digit."""
        digit = event.key() - Qt.Key.Key_1
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            digit = 0
        if 0 <= digit < len(self._rows):
            self.classPicked.emit(self._rows[digit][0])
        else:
            super().keyPressEvent(event)


class PredictionPanel(PanelFrame):
    """Top classes as bars; never stretched, so that doubt looks like doubt.

    Signals
    -------
    classPicked(int)
        Index of the class that was clicked.
    """

    classPicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("predictionPanel", "Prediction", parent)
        body = QWidget()
        self.bars = ClassBars()
        self.note = Elided(theme.caption_font(), "warning")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, theme.GRID // 2)
        column.setSpacing(0)
        line = QVBoxLayout()
        line.setContentsMargins(theme.GRID, 0, theme.GRID, 2)
        line.addWidget(self.note)
        column.addLayout(line)
        column.addWidget(self.bars, 1)
        self.set_content(body)
        self._scores: Array | None = None
        self.exporter = Exporter(
            self,
            lambda: "prediction",
            lambda: self.grab().toImage(),
            self._numbers,
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.exporter.open_menu(self.mapToGlobal(at))
        )
        self.bars.classPicked.connect(self.classPicked)
        self.show_nothing("Open a picture to see what the network takes it for.")

    def show_scores(
        self,
        scores: Array | None,
        labels: Sequence[str] | None,
        note: str = "",
        chosen: int | None = None,
    ) -> None:
        """Show the most likely classes.

        Parameters
        ----------
        scores
            ``(K,)`` probabilities; None when the network makes no vector.
        labels
            Class names, or None.
        note
            What the person should know: ``"random weights: these are no answers"``.
        chosen
            Index of the class chosen elsewhere.
        """
        self._scores = scores
        if scores is None or not len(scores):
            self.show_nothing("This network gives no class scores.")
            return
        rows = top_classes(scores, labels)
        self.bars.show_rows(rows, chosen)
        self.note.set_text(note)
        self.note.setVisible(bool(note))
        shown = len(rows)
        self.header.set_caption(f"top {shown} of {len(scores):,} classes")
        self.show_content()

    def _numbers(self) -> dict[str, Numbers]:
        if self._scores is None:
            return {}
        return {"probability": Numbers(self._scores[:, None], ("class",), ("p",))}
