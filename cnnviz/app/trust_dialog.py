"""Asking before code of a file runs, and taking a yes back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLocale, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnviz.app.trust import Trust
from cnnviz.nets.code_facts import CodeFacts
from cnnviz.panels import theme

_DIGITS = 12
"""Digits of a hash that are shown."""
_NAMED = 30
"""Files beside that are named."""


def tr(text: str) -> str:
    """Translate a text of the dialogs."""
    return QCoreApplication.translate("TrustDialog", text)


def ask(
    parent: QWidget, facts: CodeFacts, then: Callable[[str], None], builder: str = ""
) -> TrustDialog:
    """Ask whether a file may run; nothing waits for the answer.

    Parameters
    ----------
    facts
        The file, as ``nets.code.builders_of`` read it; it has a digest.
    then
        Called after a yes with the name of the builder to use.
    builder
        The builder that is meant, if it is known.
    """
    dialog = TrustDialog(parent, facts, builder)
    dialog.agreed.connect(then)
    dialog.open()
    return dialog


class TrustDialog(QDialog):
    """Shows which code would run, all of it; runs nothing itself.

    Signals
    -------
    agreed(str)
        The person said yes; the name of the builder to use.
    """

    agreed = Signal(str)

    def __init__(self, parent: QWidget, facts: CodeFacts, builder: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("trustDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Run {}?").format(facts.path.name))
        question = _words(
            tr(
                "To show this network, cnnviz must run the Python code in {}. It runs "
                "with all the rights of your account, as if you had started it "
                "yourself. Say yes only to code that you know."
            ).format(facts.path.name)
        )
        self.code = QPlainTextEdit(visible(facts.text))
        self.code.setReadOnly(True)
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.code.setFont(font)
        metrics = self.code.fontMetrics()
        self.code.setMinimumHeight(8 * metrics.lineSpacing())
        self.code.setTabStopDistance(4 * metrics.horizontalAdvance(" "))
        self.builders = QComboBox(self)
        self.builders.addItems([builder] if builder else list(facts.builders))
        later = _words(
            tr(
                "The yes holds for exactly this content, and that of the files that "
                "run with it, until you take it back under Trusted files. If one of "
                "them changes, you are asked again."
            ),
            small=True,
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.run = buttons.addButton(
            tr("Run this file"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.run.setAutoDefault(False)
        self.cancel.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.agreed.emit(self.builders.currentText()))
        column = QVBoxLayout(self)
        column.setContentsMargins(*[3 * theme.GRID] * 4)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(question)
        column.addLayout(self._form(facts))
        column.addWidget(self.code, 1)
        column.addWidget(later)
        column.addWidget(buttons)
        self.resize(86 * theme.GRID, self.sizeHint().height())
        self.cancel.setFocus()

    def _form(self, facts: CodeFacts) -> QFormLayout:
        """Say which file it is, and what of it is used."""
        form = QFormLayout()
        form.setHorizontalSpacing(2 * theme.GRID)
        form.setVerticalSpacing(theme.GRID)
        where = re.sub(r"([/\\])", "\\1\u200b", visible(str(facts.path.absolute())))
        form.addRow(tr("File"), _words(where))  # it breaks behind each folder
        form.addRow(tr("Content"), _words(_content(facts)))
        if facts.beside:
            form.addRow(tr("Runs with it"), _words(_places(facts)))
        if self.builders.count() > 1:
            form.addRow(tr("Then calls"), self.builders)
        else:
            self.builders.hide()
            form.addRow(tr("Then calls"), _words(self.builders.currentText()))
        return form


class TrustedFiles(QDialog):
    """Lists every yes that was said, and takes it back.

    Parameters
    ----------
    trust
        What is listed.
    """

    def __init__(self, parent: QWidget, trust: Trust) -> None:
        super().__init__(parent)
        self.setObjectName("trustedFiles")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Trusted files"))
        self._trust = trust
        self.said = _words("")
        self.files = QTreeWidget()
        self.files.setHeaderLabels([tr("File"), tr("SHA-256"), tr("Since")])
        self.files.setRootIsDecorated(False)
        self.files.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.files.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.revoke = buttons.addButton(tr("Revoke"), role)
        self.revoke_all = buttons.addButton(tr("Revoke all"), role)
        self.close_button = buttons.button(QDialogButtonBox.StandardButton.Close)
        self.close_button.setDefault(True)
        self.revoke.clicked.connect(lambda: self._revoke(self.files.selectedItems()))
        self.revoke_all.clicked.connect(lambda: self._revoke(self._items()))
        buttons.rejected.connect(self.reject)
        self.files.itemSelectionChanged.connect(self._follow)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[3 * theme.GRID] * 4)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.said)
        column.addWidget(self.files, 1)
        column.addWidget(buttons)
        self.resize(86 * theme.GRID, 40 * theme.GRID)
        self._list()

    def _items(self) -> list[QTreeWidgetItem]:
        several = (self.files.topLevelItem(i) for i in range(self._count()))
        return [item for item in several if item is not None]

    def _count(self) -> int:
        return self.files.topLevelItemCount()

    def _list(self) -> None:
        self.files.clear()
        for one in reversed(self._trust.all()):
            short = one.digest[:_DIGITS]
            item = QTreeWidgetItem([visible(str(one.path)), short, _moment(one.when)])
            item.setData(0, Qt.ItemDataRole.UserRole, one.digest)
            item.setToolTip(0, str(one.path))
            item.setToolTip(1, one.digest)
            self.files.addTopLevelItem(item)
        self.said.setText(
            tr("The code in these files runs without asking while it stays the same.")
            if self._count()
            else tr("No file may run without asking.")
        )
        self._follow()

    def _follow(self) -> None:
        self.revoke.setEnabled(bool(self.files.selectedItems()))
        self.revoke_all.setEnabled(self._count() > 0)

    def _revoke(self, items: list[QTreeWidgetItem]) -> None:
        for item in items:
            self._trust.revoke(item.data(0, Qt.ItemDataRole.UserRole))
        self._list()


def visible(text: str) -> str:
    """Write out characters that hide or reorder what stands around them."""
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) == "Cf" else c for c in text
    )


def _words(text: str, *, small: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setFont(theme.caption_font() if small else theme.text_font())
    return label


def _content(facts: CodeFacts) -> str:
    """Say how much it is, from when, and which."""
    lines = facts.text.count("\n") + (not facts.text.endswith("\n"))
    parts = [f"{lines} line" if lines == 1 else f"{lines} lines"]
    try:
        kept = facts.path.stat()
    except OSError:
        pass
    else:
        parts.insert(0, QLocale.c().formattedDataSize(kept.st_size))
        parts.append(f"changed {_moment(datetime.fromtimestamp(kept.st_mtime))}")
    return " · ".join([*parts, f"SHA-256 {facts.digest[:_DIGITS]}…"])


def _places(facts: CodeFacts) -> str:
    """Name the files that run with it; of very many, the first."""
    home = facts.path.resolve().parent
    places = [visible(file.relative_to(home).as_posix()) for file in facts.beside]
    more = len(places) - _NAMED
    words = ", ".join(places[:_NAMED])
    return tr("{0} and {1} more").format(words, more) if more > 0 else words


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"
