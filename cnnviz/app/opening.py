"""What is opened: sources and networks, each bringing along one of the other kind."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from cnnviz.app import drops
from cnnviz.app.face import bundled_series
from cnnviz.app.families import (
    Families,
    Mismatch,
    WrongTask,
    as_now,
    task_of,
    undated,
    width_of,
    with_table,
)
from cnnviz.app.own_answers import OwnAnswers
from cnnviz.app.own_networks import OwnNetworks
from cnnviz.app.table_dialog import Reading, TableDialog
from cnnviz.app.window import Window
from cnnviz.core.models import FileSpec, Model, Task
from cnnviz.core.series import Series, TableSource, TextSource
from cnnviz.core.trace import Request, Sample, SeriesSource, Source
from cnnviz.nets.catalog import find
from cnnviz.session.store import Store


class Opening(QObject):
    """Turns what a person brings or picks into a request.

    Parameters
    ----------
    store
        Gets the request.
    window
        Where files are asked for, and things are said.
    """

    def __init__(self, store: Store, window: Window) -> None:
        super().__init__(window)
        self._store, self._window = store, window
        self._families = Families()
        self.own = OwnNetworks(store, window, self._families)
        self.answers = OwnAnswers(store, window, self.own)
        self._hungry: FileSpec | None = None
        self._dialog: TableDialog | None = None
        window.dataDropped.connect(self.bring)
        window.input.series.tableAsked.connect(self.show_table)
        window.input.series.startPicked.connect(self._start_at)

    def source(self, source: Source) -> None:
        """Show another source; the network follows if it cannot take it."""
        request, hungry = self._store.state.request, self._waiting_for(source)
        if hungry is not None:
            self._store.set_request(Request(hungry, source))
        elif self._store.state.tensors is not None:
            self._store.set_request(self._families.usual(source))
        elif source == request.source:
            self._store.reload()
        else:
            self._store.set_request(self._families.with_source(request, source))

    def _waiting_for(self, source: Source) -> Model | None:
        """Return the person's own network that nothing it can take has come for yet."""
        hungry = self._hungry
        if hungry and self._families.task(hungry) in (task_of(source), None):
            return as_now(hungry)
        return None

    def path(self, path: Path) -> None:
        """Show a file, whatever it holds."""
        self._take(drops.read_paths([path]))

    def model(self, model: Model) -> None:
        """Show another network; the source follows if it cannot be taken."""
        self._hungry = None
        request = self._store.state.request
        self._store.set_request(self._families.with_model(request, model))

    def task(self, model: Model) -> Task | None:
        """Return what a network takes; None before it was opened."""
        return self._families.task(model)

    def wrong_task(self, found: WrongTask) -> None:
        """Show a network, known only now, on a source that it can take."""
        request = found.request
        self._families.learn(request.model, found.wanted)
        self._store.set_request(self._families.with_model(request, request.model))
        self._window.say(f"{found.sentence}.")

    def ask_path(self) -> None:
        """Ask for a picture, a table or a network."""
        settings = self._window.settings
        path, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open picture, table or network"), settings.folder
        )
        if path:
            settings.folder = str(Path(path).parent)
            self.path(Path(path))

    def paste(self) -> None:
        """Show what is on the clipboard."""
        brought = drops.read_mime(QGuiApplication.clipboard().mimeData())
        if brought == drops.Brought():
            self._window.tell(
                self.tr("The clipboard holds no picture, no table and no file.")
            )
        self._take(brought)

    def bring(self, data: QMimeData) -> None:
        """Show what was dropped."""
        self._take(drops.read_mime(data))

    def _take(self, brought: drops.Brought) -> None:
        if brought.weights is not None or brought.code is not None:
            self._hungry = None
            self.own.bring(brought.weights, brought.code, brought.source)
        elif brought.source is not None:
            self.source(brought.source)
        if brought.words:
            self._window.tell(brought.words, warning=not brought.something)

    # -- tables ------------------------------------------------------------------------

    def shown(self, request: Request | None, sample: Sample) -> None:
        """Remember what is on show now; a dialog about its table follows."""
        if request is None:
            return
        self._families.shown(request)
        if self._hungry and undated(request.model) == undated(self._hungry):
            self._hungry = None
        self._say_structure(request)
        reading = _reading(request, sample.series)
        if self._dialog is None:
            return
        if reading is None:
            self._dialog.close()
        else:
            self._dialog.show_reading(reading)

    def _say_structure(self, request: Request) -> None:
        """Say that random weights show a structure and no more."""
        width = width_of(request.model)
        if width is not None:
            title = find(request.model.name).title
            many = "" if width == 1 else "s"
            self._window.tell(
                f"Structure only: {title} with random weights for {width} variable"
                f"{many}. It has learned nothing, and its scores mean nothing."
            )

    def offer(self, found: Mismatch) -> None:
        """Say that a table does not fit, and what could be done about it."""
        structure, source = found.structure, found.request.source
        assert isinstance(source, TableSource | TextSource)
        ours = isinstance(source, TableSource) and source.path in bundled_series()
        if structure is not None and ours and width_of(found.request.model) is None:
            self._store.set_request(structure)
            return
        ask = Reading(source, found.facts)
        action, then = "", None
        if structure is not None:
            action = self.tr("Structure only")
            then = partial(self._store.set_request, structure)
        self._window.notice.show_notice(
            f"{found.sentence}.{self._wait(found.request)}",
            warning=True,
            action=action,
            then=then,
            other=(self.tr("Table…"), lambda: self._open_dialog(ask)),
        )

    def refused(self, request: Request, sentence: str) -> None:
        """Say why a source is not shown, and what could be done about it."""
        source, model = request.source, request.model
        action, then, other = "", None, None
        if isinstance(model, FileSpec):
            action, then = self.tr("Input…"), partial(self.own.input.ask, model)
        if isinstance(source, TableSource | TextSource):
            ask = Reading(source)
            other = self.tr("Table…"), lambda: self._open_dialog(ask)
        if isinstance(source, TableSource):
            named = self.own.input.named_by(source.path)
            if named is not None:
                action, then = self.tr("Use as names of the classes"), named
        self._window.notice.show_notice(
            f"{sentence}{self._wait(request)}",
            warning=True,
            action=action,
            then=then,
            other=other,
        )

    def _wait(self, request: Request) -> str:
        """Keep a network of the person's own for the next source; say so."""
        shown, model = self._store.state.trace, request.model
        if not isinstance(model, FileSpec):
            return ""
        self._hungry = model
        if shown and shown.request and undated(shown.request.model) == undated(model):
            return ""
        kind = {"picture": "picture", "series": "table"}[task_of(request.source)]
        return self.tr(" {0} waits for a {1} that fits.").format(model.name, kind)

    def show_table(self) -> None:
        """Open the dialog about the table on show."""
        trace = self._store.state.trace
        if trace is not None and trace.request is not None:
            reading = _reading(trace.request, trace.sample.series)
            if reading is not None:
                self._open_dialog(reading)

    def _open_dialog(self, reading: Reading) -> None:
        if self._dialog is None:
            self._dialog = TableDialog(self._window, reading)
            self._dialog.chosen.connect(self._read_anew)
            self._dialog.finished.connect(self._forget_dialog)
        else:
            self._dialog.show_reading(reading)
        self._dialog.show()
        self._dialog.raise_()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _read_anew(self, source: SeriesSource) -> None:
        request, hungry = self._store.state.request, self._waiting_for(source)
        if hungry is not None:
            request = Request(hungry, source)
        elif task_of(request.source) != "series":
            request = self._families.with_source(request, source)
        self._store.set_request(with_table(request, source))

    def _start_at(self, step: int) -> None:
        """Feed the network another stretch of the table."""
        source = self._store.state.request.source
        if isinstance(source, TableSource | TextSource):
            self._read_anew(replace(source, start=step))


def _reading(request: Request, series: Series | None) -> Reading | None:
    """Gather how the table on show is read; None for a picture."""
    source = request.source
    if series is None or not isinstance(source, TableSource | TextSource):
        return None
    length = series.values.shape[1]
    structure = width_of(request.model) is not None
    return Reading(source, series.facts, series.total, length, structure)
