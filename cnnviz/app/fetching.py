"""Getting trained weights: by download, or from a file chosen by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox

from cnnviz.app.window import Window
from cnnviz.core.models import ModelSpec
from cnnviz.core.progress import Check
from cnnviz.core.trace import Trace
from cnnviz.nets.cache import in_words
from cnnviz.nets.catalog import Entry, find
from cnnviz.session.runner import Runner


@dataclass(frozen=True, slots=True)
class Fetch:
    """One errand: weights for a network.

    Attributes
    ----------
    name
        The network, by its name in the catalogue.
    file
        A file chosen by hand; None downloads.
    """

    name: str
    file: Path | None = None


def run_fetch(errand: Fetch, check: Check) -> Path:
    """Download weights, or take a file; gives its place in the cache.

    Raises
    ------
    ModelError
        In words: no connection, a wrong file, no space …
    Cancelled
        Raised by ``check``; a part that was downloaded stays.
    """
    entry = find(errand.name)
    if errand.file is not None:
        check(0, 0, f"checking {errand.file.name}")
        from cnnviz.nets.download import adopt

        return adopt(entry, errand.file)
    from cnnviz.nets.download import download

    def progress(done: int, total: int | None) -> None:
        check(done, total or 0, f"{entry.file} · {in_words(done)}")

    def go_on() -> None:
        check(0, 0, f"{entry.file}")

    return download(entry, progress=progress, check=go_on)


class Fetching(QObject):
    """Runs errands on a worker of its own, so that pictures can be looked at meanwhile.

    Signals
    -------
    fetched(str)
        The weights of that network are at hand now.
    """

    fetched = Signal(str)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._runner = Runner(run_fetch, self)
        self._name = ""
        self._runner.started.connect(lambda errand: self._start(errand))
        self._runner.progressed.connect(window.fetching.advance)
        self._runner.finished.connect(self._on_finished)
        self._runner.refused.connect(self._on_refused)
        self._runner.crashed.connect(self._on_crashed)
        window.fetching.cancelled.connect(self._cancel)
        window.closing.connect(self._runner.shutdown)

    def offer(self, trace: Trace) -> None:
        """Say that weights are random and could be had, if that is so."""
        model = trace.request.model if trace.request is not None else None
        if not isinstance(model, ModelSpec):
            return
        if trace.trained or model.weights == "random":
            return
        entry = find(model.name)
        if entry.url is None or entry.size is None:
            return
        self._window.notice.show_notice(
            f"{entry.title} is shown with {trace.weights}. "
            "Its trained weights are not on this computer.",
            action=f"Download {in_words(entry.size)}",
            then=lambda: self.download(entry.name),
        )

    def download(self, name: str) -> None:
        """Fetch a network's weights after asking."""
        entry = find(name)
        if entry.url is None:
            self._window.tell(_nothing_to_fetch(entry))
            return
        from cnnviz.nets.download import offer

        question = f"Download {offer(entry)}?"
        if self._ask(question):
            self._runner.submit(Fetch(name))

    def _ask(self, question: str) -> bool:
        button = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._window, "cnnviz", question, button.Yes | button.No
        )
        return answer == button.Yes

    def choose(self, name: str) -> None:
        """Ask for a weights file of a network."""
        entry = find(name)
        if entry.url is None:
            self._window.tell(_nothing_to_fetch(entry))
            return
        path, _ = QFileDialog.getOpenFileName(
            self._window,
            f"Weights for {entry.title}",
            "",
            "Weights (*.pth *.pt *.safetensors);;All files (*)",
        )
        if path:
            self._runner.submit(Fetch(name, Path(path)))

    def _start(self, errand: Fetch) -> None:
        self._window.fetching.start(find(errand.name).file or errand.name)
        self._name = errand.name

    def _on_finished(self, _path: Path) -> None:
        self._window.fetching.stop()
        self._window.notice.dismiss()
        self.fetched.emit(self._name)

    def _on_refused(self, errand: Fetch, sentence: str) -> None:
        self._window.fetching.stop()
        self._window.notice.show_notice(
            sentence,
            warning=True,
            action="Choose file…",
            then=lambda: self.choose(errand.name),
        )

    def _on_crashed(self, _errand: Fetch, text: str) -> None:
        self._window.fetching.stop()
        self._window.tell_fault(text)

    def _cancel(self) -> None:
        self._runner.cancel()
        self._window.fetching.stop()


def _nothing_to_fetch(entry: Entry) -> str:
    if entry.bundled:
        return f"{entry.title} comes with its trained weights."
    return f"{entry.title} has no trained weights to fetch."
