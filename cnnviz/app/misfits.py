"""Networks of files that could not be opened, and which tensors did not fit."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from cnnviz.core.tensors import Misfit
from cnnviz.core.trace import Request
from cnnviz.panels import theme
from cnnviz.pictures.tensor_words import misfit_lines


@dataclass(frozen=True, slots=True)
class Unopened:
    """A network of the person's own that could not be opened.

    Attributes
    ----------
    request
        What was asked for.
    sentence
        Why not.
    misfit
        How its weights and its network differ, if that was the reason.
    """

    request: Request
    sentence: str
    misfit: Misfit | None = None


def show_misfit(parent: QWidget, title: str, misfit: Misfit) -> QDialog:
    """List every tensor that does not fit."""
    from cnnviz.app.dialogs import open_sheet

    text = misfit_lines(misfit)
    view = QPlainTextEdit(text)
    view.setReadOnly(True)
    view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    view.setMinimumSize(80 * theme.GRID, 50 * theme.GRID)
    return open_sheet(parent, title, view, text)
