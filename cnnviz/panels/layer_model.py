"""The layers of a trace as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from cnnviz.core.changes import change_words
from cnnviz.core.geometry import FieldSize, field_size, read_input
from cnnviz.core.layers import Layer
from cnnviz.core.trace import Trace
from cnnviz.pictures.captions import count, layer_caption, size
from cnnviz.pictures.wording import kind_name

COLUMNS = ("layer", "kind", "output", "sees", "parameters", "multiply-adds")
NUMBERS = frozenset({4, 5})

Index = QModelIndex | QPersistentModelIndex

STAGE_ROLE = Qt.ItemDataRole.UserRole
"""True for rows of the current stage."""
FAULT_ROLE = Qt.ItemDataRole.UserRole + 1
"""True for layers that, computed again, gave something else."""
CHANGED_ROLE = Qt.ItemDataRole.UserRole + 2
"""True for layers whose weights are not those shown before."""


def field_words(field: FieldSize) -> str:
    """Write a receptive field's size: ``51×51``, or ``all`` where it is everything."""
    if not field.size:
        return ""
    return "all" if all(field.whole) else size(field.size)


def kind_words(layer: Layer) -> str:
    """Name a layer's kind in a word or two: ``ReLU``, ``max pool``, ``conv``."""
    if layer.kind == "other":
        return layer.op
    if layer.kind == "conv_transpose":
        return "transposed conv"
    if layer.kind in ("activation", "pool", "norm"):
        words = layer_caption(layer).partition(",")[0].partition(" to ")[0]
        sizes = ("tap", "taps")
        kept = (w for w in words.split() if not w[0].isdigit() and w not in sizes)
        return " ".join(kept)
    return kind_name(layer)


class LayerModel(QAbstractTableModel):
    """One row per layer, in run order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trace: Trace | None = None
        self._stage: frozenset[str] = frozenset()
        self._faults: frozenset[str] = frozenset()
        self._changed: Mapping[str, float] = {}

    def show_trace(self, trace: Trace | None) -> bool:
        """Hold another trace.

        Returns
        -------
        bool
            False when the rows stay what they were, as with another picture.
        """
        before = self._trace
        if trace and before and _rows(trace) == _rows(before):
            self._trace = trace
            self.show_faults(frozenset())
            self.show_changes({})
            return False
        self.beginResetModel()
        self._trace, self._stage = trace, frozenset()
        self._faults, self._changed = frozenset(), {}
        self.endResetModel()
        return True

    def show_stage(self, members: frozenset[str]) -> None:
        """Mark the layers of the current stage."""
        changed, self._stage = members ^ self._stage, members
        for row in sorted(row for name in changed if (row := self.row(name)) >= 0):
            cell = self.index(row, 0)
            self.dataChanged.emit(cell, cell, [STAGE_ROLE])

    def show_faults(self, names: frozenset[str]) -> None:
        """Mark the layers that disagree with themselves."""
        if names != self._faults:
            self._faults = names
            self._tell(FAULT_ROLE)

    def show_changes(self, relative: Mapping[str, float]) -> None:
        """Mark the layers whose weights changed; see ``core.changes.Changes``."""
        changed = {name: far for name, far in relative.items() if far != 0}
        if changed != self._changed:
            self._changed = changed
            self._tell(CHANGED_ROLE)

    def _tell(self, role: int) -> None:
        if self.rowCount():
            last = self.index(self.rowCount() - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [role])

    def layer(self, row: int) -> Layer:
        """Return the layer of a row."""
        assert self._trace is not None
        return self._trace.layers[row]

    def row(self, name: str) -> int:
        """Return the row of a layer, -1 if it did not run."""
        trace = self._trace
        return -1 if trace is None or name not in trace else trace.position(name)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of layers."""
        if parent.isValid() or self._trace is None:
            return 0
        return len(self._trace.layers)

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
        """Return text, alignment, tooltip and whether the stage is current."""
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(column)
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            STAGE_ROLE,
            FAULT_ROLE,
            CHANGED_ROLE,
        ):
            return None
        layer = self.layer(index.row())
        if role == STAGE_ROLE:
            return layer.name in self._stage
        if role == FAULT_ROLE:
            return layer.name in self._faults
        if role == CHANGED_ROLE:
            return layer.name in self._changed
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(self._told(layer))
        return self._text(layer, column)

    def _told(self, layer: Layer) -> Iterator[str]:
        """Yield the lines of a layer's tooltip."""
        yield layer.name
        yield layer_caption(layer)
        if layer.name in self._faults:
            yield "computed again, it gives something else"
        if layer.name in self._changed:
            far = change_words(self._changed[layer.name])
            by = far if far.startswith("from") else f"by {far}" if far else ""
            yield f"weights changed {by}".rstrip()

    def _text(self, layer: Layer, column: int) -> str:
        trace = self._trace
        assert trace is not None
        texts: tuple[Callable[[], str], ...] = (
            lambda: layer.name,
            lambda: kind_words(layer),
            lambda: size(layer.shape),
            lambda: field_words(
                field_size(trace, layer.name, read_input(trace, layer.name))
            ),
            lambda: count(layer.parameters) if layer.parameters else "",
            lambda: count(layer.macs) if layer.macs else "",
        )
        return texts[column]()


def _rows(trace: Trace) -> list[tuple[object, ...]]:
    """Return what the texts of the rows follow from."""
    inputs: list[tuple[object, ...]] = [
        (values.shape,) for values in trace.sample.values
    ]
    return inputs + [
        (
            layer.name,
            layer.kind,
            layer.op,
            layer.shape,
            layer.inputs,
            layer.geometry,
            layer.parameters,
            layer.macs,
        )
        for layer in trace.layers
    ]


def _aligned(column: int) -> Qt.AlignmentFlag:
    side = (
        Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    )
    return side | Qt.AlignmentFlag.AlignVCenter
