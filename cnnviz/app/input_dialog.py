"""What a network of the person's own takes, where nothing in its files tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.app import typed
from cnnviz.app.input_field import Field, beside, mark
from cnnviz.core.errors import InputError
from cnnviz.core.models import InputChoices, Task
from cnnviz.core.numbers import size as size_words
from cnnviz.panels import theme

_TASKS: tuple[tuple[Task, str], ...] = (("picture", "pictures"), ("series", "series"))


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("InputDialog", text)


class InputDialog(QDialog):
    """Stays beside the window and blocks nothing.

    A guess that is left as it is stays a guess: it is not part of what was chosen, so
    that it follows the file when that changes.

    Parameters
    ----------
    title
        What to call the network.
    choices
        What was said before; it is filled in.
    guess
        What the program takes where nothing was said; filled in and marked.
    words
        A sentence about what is known of the input, or ``""``.

    Signals
    -------
    chosen(object)
        ``InputChoices``, after OK.
    """

    chosen = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        title: str,
        choices: InputChoices,
        guess: InputChoices,
        words: str = "",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("inputDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{title} – {tr('Input')}")
        self._choices, self._guess = choices, guess
        self.task = QComboBox()
        for task, said in _TASKS:
            self.task.addItem(tr(said), task)
        first = choices.task or guess.task or "picture"
        self.task.setCurrentIndex(self.task.findData(first))
        self.fields = _fields(choices, guess)
        self.choose = choose = QPushButton(tr("Choose…"))
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose_labels)
        self.fields["labels"].set_aside(choose)
        self.task_mark = mark()
        takes = QWidget()
        beside(takes, self.task, self.task_mark)
        self.form = QFormLayout()
        self.form.setVerticalSpacing(theme.GRID)
        self.form.setHorizontalSpacing(2 * theme.GRID)
        self.form.addRow(tr("Takes"), takes)
        for name, label in (
            ("size", tr("Size")),
            ("length", tr("Length")),
            ("rate", tr("Steps a second")),
            ("mean", tr("Mean")),
            ("std", tr("Standard deviation")),
            ("labels", tr("Names of classes")),
        ):
            self.form.addRow(label, self.fields[name])
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setForegroundRole(QPalette.ColorRole.BrightText)
        self.trouble.setMinimumHeight(self.trouble.fontMetrics().height())
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setDefault(True)
        self.cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._answer)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[3 * theme.GRID] * 4)
        column.setSpacing(2 * theme.GRID)
        if words:
            said_label = QLabel(words)
            said_label.setTextFormat(Qt.TextFormat.PlainText)
            said_label.setWordWrap(True)
            column.addWidget(said_label)
        column.addLayout(self.form)
        column.addWidget(self.trouble)
        column.addStretch(1)
        column.addWidget(buttons)
        self.task.currentIndexChanged.connect(self._follow)
        self._follow()
        self.setMinimumWidth(56 * theme.GRID)

    def _follow(self) -> None:
        """Show what pictures have, or what series have."""
        task = self.task.currentData()
        series = task == "series"
        guessed = self._choices.task is None and task == self._guess.task
        self.task_mark.setText(tr("guessed") if guessed else "")
        for name, shown in (("size", not series), ("length", series), ("rate", series)):
            self.form.setRowVisible(self.fields[name], shown)

    def _choose_labels(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Names of classes"))
        if path:
            self.fields["labels"].line.setText(path)

    def choices(self) -> InputChoices:
        """Return what was said.

        Raises
        ------
        InputError
            Something typed makes no sense; the cursor stands there.
        """
        task, values = self.task.currentData(), {}
        for name, field in self.fields.items():
            if self.form.isRowVisible(field):
                with _shown_if_refused(field):
                    values[name] = field.value()
        with _shown_if_refused(self.fields["mean"]):
            typed.same_count(values["mean"], values["std"])
        if self._choices.task is None and task == self._guess.task:
            task = None
        return InputChoices(task=task, **values)

    def _answer(self) -> None:
        try:
            choices = self.choices()
        except InputError as error:
            self.trouble.setText(f"{error}.")
            return
        self.chosen.emit(choices)
        self.accept()


@contextmanager
def _shown_if_refused(field: Field) -> Iterator[None]:
    """Put the cursor where something makes no sense."""
    try:
        yield
    except InputError:
        field.line.setFocus()
        field.line.selectAll()
        raise


def _fields(choices: InputChoices, guess: InputChoices) -> dict[str, Field]:
    """Return a line for each choice but the task."""

    def field(
        name: str,
        write: Callable[[Any], str],
        read: Callable[[str], Any],
        hint: str,
    ) -> Field:
        return Field(getattr(choices, name), getattr(guess, name), write, read, hint)

    return {
        "size": field(
            "size",
            lambda value: size_words(value) if value else "",
            typed.size,
            tr("height × width; empty: as the picture is"),
        ),
        "length": field(
            "length",
            lambda value: str(value) if value else "",
            typed.length,
            tr("steps; empty: any number"),
        ),
        "rate": field("rate", _number, _unless_empty(typed.rate), tr("Hz")),
        "mean": field(
            "mean", _numbers, _unless_empty(typed.mean), tr("one number a channel")
        ),
        "std": field(
            "std", _numbers, _unless_empty(typed.std), tr("one number a channel")
        ),
        "labels": field(
            "labels", str, _unless_empty(typed.labels), tr("a text or JSON file")
        ),
    }


def _unless_empty(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(text) if text.strip() else None


def _number(value: float) -> str:
    """Write a number so that it reads as the same one again."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(map(_number, values))
