"""What the input of a network of the person's own is, where they say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from cnnviz.app.window import Window
from cnnviz.core.errors import InputError
from cnnviz.core.models import FileSpec, InputChoices
from cnnviz.session.store import Store

if TYPE_CHECKING:
    from cnnviz.app.input_dialog import InputDialog


class OwnInput(QObject):
    """Asks about size, mean, std and labels, and remembers the answers by file.

    Parameters
    ----------
    store
        Its network is asked about.
    window
        Where the dialogs open.
    show
        Shows a network with what is remembered of its input.
    """

    def __init__(
        self, store: Store, window: Window, show: Callable[[FileSpec], object]
    ) -> None:
        super().__init__(window)
        self._store, self._window, self._show = store, window, show
        self._dialog: InputDialog | None = None

    def ask(self, spec: FileSpec | None = None) -> None:
        """Ask about the input of a network, by default of the one on show."""
        spec = spec or self._present()
        if spec is None:
            return
        if self._dialog is not None:
            self._dialog.reject()
        trace, guess, about = self._store.state.trace, InputChoices(), ""
        if trace is not None and trace.request and trace.request.model == spec:
            guess, about = trace.taken or guess, "\n".join(trace.about)
        from cnnviz.app.input_dialog import InputDialog

        dialog = InputDialog(self._window, spec.title, spec.choices, guess, about)
        dialog.chosen.connect(lambda choices: self._keep(spec, choices))
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.show()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def ask_labels(self) -> None:
        """Ask for a file with the names of the classes."""
        spec = self._present()
        if spec is None:
            return
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Names of the classes of {0}").format(spec.title),
            str(spec.paths[-1].parent),
            self.tr("Text and JSON (*.txt *.json *.csv *.names);;All files (*)"),
        )
        if name:
            self._keep(spec, replace(spec.choices, labels=Path(name)))

    def named_by(self, path: Path) -> partial[None] | None:
        """Return what takes the names of the classes from a file, if it can be meant.

        It can if it holds as many names as the network on show gives scores.
        """
        from cnnviz.nets.labels import read_labels

        trace = self._store.state.trace
        if trace is None or trace.request is None or trace.scores is None:
            return None
        spec = trace.request.model
        try:
            fit = len(read_labels(path)) == len(trace.scores)
        except InputError:
            return None
        if not fit or not isinstance(spec, FileSpec):
            return None
        return partial(self._keep, spec, replace(spec.choices, labels=path))

    def _present(self) -> FileSpec | None:
        """Return the network on show if it is of files; say so if it is not."""
        model = self._store.state.request.model
        if isinstance(model, FileSpec):
            return model
        self._window.tell(
            self.tr("The input of {0} is known; only of your own files it can be set.")
            .format(model.title)
        )  # fmt: skip
        return None

    def _keep(self, spec: FileSpec, choices: InputChoices) -> None:
        self._window.settings.keep_input_choices(spec.paths[0], choices)
        self._show(spec)
