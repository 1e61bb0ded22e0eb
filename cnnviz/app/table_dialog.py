"""How a table is read: what was decided, and what the person decides instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.series import Choices, TableFacts
from cnnviz.core.trace import SeriesSource
from cnnviz.panels import theme

_DELIMITERS = (
    (",", "comma"),
    (";", "semicolon"),
    ("\t", "tab"),
    ("|", "bar"),
    (" ", "space"),
    ("", "a single column"),
)
_DECIMALS = ((".", "point"), (",", "comma"))
_LAYOUTS = (("columns", "in columns"), ("rows", "in rows"))
_MISSING = (
    ("interpolate", "straight lines between neighbours"),
    ("hold", "the value before"),
    ("refuse", "refuse the table"),
)
_NAME_ROWS = 12
"""Rows of the file among which the names can be chosen."""


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("TableDialog", text)


@dataclass(frozen=True, slots=True)
class Reading:
    """A table as it is read now.

    Attributes
    ----------
    source
        The table and the person's choices.
    facts
        What was decided; None if the table could not be read at all.
    steps, length
        Of the table, and of the stretch that is fed; 0 if unknown.
    structure
        The network takes any number of variables.
    """

    source: SeriesSource
    facts: TableFacts | None = None
    steps: int = 0
    length: int = 0
    structure: bool = False


class TableDialog(QDialog):
    """Stays beside the window and blocks nothing; Apply reads the table anew.

    Signals
    -------
    chosen(object)
        The source with other choices.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget, reading: Reading) -> None:
        super().__init__(parent)
        self.setObjectName("tableDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Apply
            | QDialogButtonBox.StandardButton.Close
        )
        buttons.rejected.connect(self.close)
        self.apply = buttons.button(QDialogButtonBox.StandardButton.Apply)
        self.apply.setDefault(True)
        self.apply.clicked.connect(lambda: self.chosen.emit(self.source()))
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GRID] * 4)
        column.setSpacing(2 * theme.GRID)
        self._body = QWidget()
        column.addWidget(self._body, 1)
        column.addWidget(buttons)
        self.show_reading(reading)

    def show_reading(self, reading: Reading) -> None:
        """Show how a table is read now."""
        self._reading = reading
        self.setWindowTitle(f"{reading.source.title} – {tr('Table')}")
        facts = reading.facts
        body = QWidget()
        across = QHBoxLayout(body)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(3 * theme.GRID)
        form = QFormLayout()
        left = QVBoxLayout()
        left.addLayout(form)
        left.addStretch(1)
        across.addLayout(left)
        self._add_form(form, reading)
        self.columns = QListWidget(body)
        self.columns.setMinimumWidth(24 * theme.GRID)
        self.columns.setVisible(facts is not None)
        self.mapping: list[QComboBox] = []
        if facts is not None:
            across.addLayout(self._columns_of(facts))
            if not reading.structure:
                across.addWidget(self._mapping_of(facts))
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(self._body, body)
        self._body.deleteLater()
        self._body = body

    def _add_form(self, form: QFormLayout, reading: Reading) -> None:
        """Add what concerns the table as a whole."""
        mine, facts = reading.source.choices, reading.facts
        found = None if facts is None else facts.choices
        rows = [(n, f"row {n}") for n in range(1, _NAME_ROWS + 1)]
        self.delimiter = _box(_DELIMITERS, mine.delimiter, found and found.delimiter)
        self.decimal = _box(_DECIMALS, mine.decimal, found and found.decimal)
        self.header = _box(
            [(0, "no names"), *rows], mine.header, found and found.header
        )
        self.over = _box(_LAYOUTS, mine.layout, found and found.layout)
        names = () if facts is None else tuple(name for name, _ in facts.columns)
        times: list[tuple[Any, str]] = [((), "none; steps are counted")]
        times += [((name,), name) for name in names]
        for pair in (mine.time, found and found.time):
            if pair and (pair, " + ".join(pair)) not in times:
                times.append((pair, " + ".join(pair)))
        self.time = _box(times, mine.time, found and found.time)
        self.rate = QDoubleSpinBox()
        self.rate.setRange(0, 1e6)
        self.rate.setDecimals(3)
        self.rate.setSuffix(" Hz")
        self.rate.setSpecialValueText("not known")
        self.rate.setValue(mine.rate or 0)
        self.missing = _box(_MISSING, mine.missing, None, decided=True)
        self.start = QSpinBox()
        self.start.setRange(1, max(reading.steps - reading.length, 0) + 1)
        self.start.setValue(max(reading.source.start, 0) + 1)
        self.start.setEnabled(reading.steps > reading.length)
        for words, box in (
            ("Columns divided by", self.delimiter),
            ("Decimal mark", self.decimal),
            ("Names in", self.header),
            ("Variables stand", self.over),
            ("Time", self.time),
            ("Sampled at, without time", self.rate),
            ("Missing values become", self.missing),
            ("Begin at step", self.start),
        ):
            form.addRow(tr(words), box)
        pairs = () if facts is None else facts.pairs
        said = QLabel("\n".join(f"{what}: {answer}" for what, answer in pairs))
        said.setFont(theme.caption_font())
        said.setWordWrap(True)
        said.setMaximumWidth(48 * theme.GRID)
        said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form.addRow(said)

    def _columns_of(self, facts: TableFacts) -> QVBoxLayout:
        """List the columns, those that are variables ticked."""
        kept = self._reading.source.choices.kept or facts.choices.kept or ()
        for name, role in facts.columns:
            item = QListWidgetItem(name if role == "variable" else f"{name} ({role})")
            item.setData(Qt.ItemDataRole.UserRole, name)
            usable = name in facts.usable
            flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags if usable else Qt.ItemFlag.NoItemFlags)
            state = Qt.CheckState
            item.setCheckState(state.Checked if name in kept else state.Unchecked)
            self.columns.addItem(item)
        column = QVBoxLayout()
        column.addWidget(QLabel(tr("Variables")))
        column.addWidget(self.columns, 1)
        return column

    def _mapping_of(self, facts: TableFacts) -> QWidget:
        """Let a variable be chosen for each channel of the network."""
        names = facts.variables
        if self._reading.source.choices.layout != "rows" and facts.usable:
            names = tuple(dict.fromkeys((*facts.variables, *facts.usable)))
        sheet = QWidget()
        form = QFormLayout(sheet)
        form.addRow(QLabel(tr("The network's channels are fed")))
        mine = self._reading.source.mapping
        for i, channel in enumerate(facts.channels):
            auto = facts.mapping[i] if i < len(facts.mapping) else None
            box = _box([(n, n) for n in names], mine[i] if mine else None, auto)
            form.addRow(channel, box)
            self.mapping.append(box)
        area = QScrollArea()
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(sheet)
        area.setMinimumWidth(sheet.sizeHint().width() + 3 * theme.GRID)
        return area

    def kept(self) -> tuple[str, ...]:
        """Return the ticked columns."""
        items = (self.columns.item(i) for i in range(self.columns.count()))
        return tuple(
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        )

    def source(self) -> SeriesSource:
        """Return the source as the person wants it read now."""
        source, facts = self._reading.source, self._reading.facts
        kept: tuple[str, ...] | None = self.kept()
        mapping = self._mapped()
        if facts is not None and mapping is not None:
            every = {*(kept or ()), *mapping}
            kept = tuple(name for name, _ in facts.columns if name in every)
        if facts is None or kept == facts.choices.kept or not kept:
            kept = source.choices.kept if facts is None or kept else None
        choices: Choices = replace(
            source.choices,
            delimiter=self.delimiter.currentData(),
            decimal=self.decimal.currentData(),
            header=self.header.currentData(),
            layout=self.over.currentData(),
            time=self.time.currentData(),
            rate=self.rate.value() or None,
            missing=self.missing.currentData(),
            kept=kept,
        )
        if self._reading.structure and kept is not None:
            mapping = kept
        start = self.start.value() - 1
        return replace(source, choices=choices, mapping=mapping, start=start)

    def _mapped(self) -> tuple[str, ...] | None:
        """Return a variable for each channel, None if none was chosen by hand."""
        facts = self._reading.facts
        mine = [box.currentData() for box in self.mapping]
        if facts is None or all(name is None for name in mine):
            return None
        auto = [*facts.mapping, *([""] * len(mine))]
        names = tuple(m or a for m, a in zip(mine, auto, strict=False))
        return names if all(names) else None


def _box(
    options: Sequence[tuple[Any, str]],
    chosen: object,
    found: object,
    *,
    decided: bool = False,
) -> QComboBox:
    """Return a box of options; the first leaves the decision to the program.

    Parameters
    ----------
    chosen
        The person's choice, or None.
    found
        What the program decided.
    decided
        There is no leaving it to the program.
    """
    box = QComboBox()
    if not decided:
        words = next((said for value, said in options if value == found), "")
        box.addItem(f"found: {words}" if words else "find out", None)
    for value, said in options:
        box.addItem(said, value)
    at = next((i for i in range(box.count()) if box.itemData(i) == chosen), 0)
    box.setCurrentIndex(at)
    return box
