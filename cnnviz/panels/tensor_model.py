"""The tensors of a weights file as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from cnnviz.core.tensors import TensorFacts
from cnnviz.panels.layer_model import STAGE_ROLE, Index
from cnnviz.pictures.captions import count, number, size
from cnnviz.pictures.tensor_words import kilobytes, module_of, odd_words

COLUMNS = ("tensor", "shape", "type", "min", "mean", "max", "std", "NaN, ∞", "kB")
ODD = COLUMNS.index("NaN, ∞")

ODD_ROLE = Qt.ItemDataRole.UserRole + 8
"""True where values that are no numbers are counted."""


def _summary(value: float, tensor: TensorFacts) -> str:
    """Write a statistic in few digits; nothing where there is no value for it."""
    if math.isnan(value):
        return ""
    whole = tensor.values is not None and tensor.values.dtype.kind in "biu"
    if whole and value == int(value):
        return count(int(value))
    return number(value, 3)


_TEXTS: tuple[Callable[[TensorFacts], str], ...] = (
    lambda t: t.name,
    lambda t: size(t.shape) if t.shape else "single",
    lambda t: t.dtype,
    lambda t: _summary(t.minimum, t),
    lambda t: _summary(t.mean, t),
    lambda t: _summary(t.maximum, t),
    lambda t: _summary(t.std, t),
    lambda t: count(t.nans + t.infinities) if t.values is not None else "",
    lambda t: kilobytes(t.nbytes),
)

_KEYS: tuple[Callable[[TensorFacts], Any], ...] = (
    lambda t: t.name,
    lambda t: t.size,
    lambda t: t.dtype,
    lambda t: t.minimum,
    lambda t: t.mean,
    lambda t: t.maximum,
    lambda t: t.std,
    lambda t: t.nans + t.infinities,
    lambda t: t.nbytes,
)


class TensorModel(QAbstractTableModel):
    """One row per tensor, in the order of the file or of a column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tensors: tuple[TensorFacts, ...] = ()
        self._rows: list[int] = []
        self._places: dict[str, int] = {}
        self._module: str | None = None

    def show_tensors(self, tensors: Sequence[TensorFacts]) -> None:
        """Hold other tensors, in the order given."""
        self._tensors = tuple(tensors)
        self.arrange(None)

    def arrange(self, column: int | None, descending: bool = False) -> None:
        """Order the rows by a column; None is the order of the file.

        Tensors without a value in that column come last either way.
        """
        self.beginResetModel()
        rows = list(range(len(self._tensors)))
        if column is not None:
            keys = [_KEYS[column](tensor) for tensor in self._tensors]
            known = [i for i in rows if not _nan(keys[i])]
            known.sort(key=lambda i: keys[i], reverse=descending)
            rows = known + [i for i in rows if _nan(keys[i])]
        self._rows = rows
        self._places = {self._tensors[i].name: row for row, i in enumerate(rows)}
        self.endResetModel()

    def show_current(self, name: str | None) -> None:
        """Mark the tensors that belong to the same module as one of them."""
        self._module = None if name is None else module_of(name)
        if self._rows:
            last = self.index(self.rowCount() - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [STAGE_ROLE])

    def tensor(self, row: int) -> TensorFacts:
        """Return the tensor of a row."""
        return self._tensors[self._rows[row]]

    def row(self, name: str) -> int:
        """Return the row of a tensor, -1 if there is none of that name."""
        return self._places.get(name, -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of tensors."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = 0
    ) -> Any:
        """Return a column's name and alignment."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(section)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        """Return text, alignment, tooltip, and what is to be marked."""
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(column)
        tensor = self.tensor(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return _TEXTS[column](tensor)
        if role == STAGE_ROLE:
            return module_of(tensor.name) == self._module
        if role == ODD_ROLE:
            return column == ODD and tensor.nans + tensor.infinities > 0
        if role == Qt.ItemDataRole.ToolTipRole:
            odd = odd_words(tensor)
            return f"{tensor.name}\n{odd}" if odd else tensor.name
        return None


def _nan(key: object) -> bool:
    return isinstance(key, float) and math.isnan(key)


def _aligned(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column < 3 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
