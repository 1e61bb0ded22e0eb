"""Files on show that are written anew: shown again, and what changed is marked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from cnnviz.app.families import as_now, undated
from cnnviz.app.file_watch import FileWatch
from cnnviz.app.own_networks import OwnNetworks
from cnnviz.app.window import Window
from cnnviz.core.changes import Changes, Compared, changes_words, compare
from cnnviz.core.models import FileSpec, LiveSpec, Model
from cnnviz.core.series import TableSource
from cnnviz.core.trace import ImageSource, Request, Trace
from cnnviz.session.runner import Runner
from cnnviz.session.store import State, Store


def files_of(request: Request) -> tuple[Path, ...]:
    """Return the files that a request is made of."""
    model, source = request.model, request.source
    paths = _read_for(model)
    if isinstance(source, ImageSource | TableSource):
        paths += (source.path,)
    return paths


def rewritten_files(before: FileSpec, now: FileSpec) -> tuple[str, ...]:
    """Return the names of those files of one network that are not as they were."""
    changed = {*before.stamp} ^ {*now.stamp}
    both = (*now.stamp, *before.stamp)
    return tuple(dict.fromkeys(one[0].name for one in both if one in changed))


def _read_for(model: Model) -> tuple[Path, ...]:
    """Return the files that were read for a network, or are to be."""
    return (
        tuple(path for path, *_ in model.stamp) if isinstance(model, FileSpec) else ()
    )


class Watching(QObject):
    """Asks again for what is on show when its files change.

    While a request is running nothing is asked: a training that writes faster than
    its network can be shown must not keep it from being shown at all.

    Parameters
    ----------
    store
        Says what is on show.
    window
        Its notice bar and its layersPanel say what changed.
    own
        Knows whether code may run.
    """

    _idle = Signal()

    def __init__(self, store: Store, window: Window, own: OwnNetworks) -> None:
        super().__init__(window)
        self._store, self._window, self._own = store, window, own
        self._waiting: set[Path] = set()
        self._marked: tuple[FileSpec | LiveSpec, Mapping[str, float]] | None = None
        # queued: asking while the store tells of a change would tell in disorder
        self._idle.connect(self._catch_up, Qt.ConnectionType.QueuedConnection)
        self._files = FileWatch(self)
        self._files.rewritten.connect(self._on_rewritten)
        self._files.vanished.connect(self._on_vanished)
        self._runner = Runner(compare, self)
        self._runner.finished.connect(self._on_compared)
        self._runner.crashed.connect(lambda _asked, text: window.tell_fault(text))
        store.requestChanged.connect(self._on_request)
        store.changed.connect(self._on_changed)
        window.closing.connect(self._files.stop)
        window.closing.connect(self._runner.shutdown)

    def again(self) -> None:
        """Show the present files as they are now."""
        request = self._store.state.request
        fresh = self._own.fresh(request)
        if fresh == request:
            self._store.reload()
        elif fresh is not None:
            self._store.set_request(fresh)

    def _on_request(self, request: Request) -> None:
        self._runner.cancel()
        self._files.watch(files_of(request))

    def _on_rewritten(self, paths: tuple[Path, ...]) -> None:
        self._waiting.update(paths)
        self._catch_up()

    def _on_vanished(self, paths: tuple[Path, ...]) -> None:
        names = ", ".join(path.name for path in paths)
        words = self.tr("{0}: gone, or empty. Shown is what was read before.")
        model = self._store.state.request.model
        if set(paths) & set(_read_for(model)):
            self._window.tell(words.format(names), warning=True)
        else:  # as pictures are that another program lent for a drop
            self._window.say(words.format(names))

    def _catch_up(self) -> None:
        """Ask for what was written anew, unless something is on its way already."""
        if self._store.state.status == "busy":
            return
        waiting, self._waiting = self._waiting, set()
        request = self._store.state.request
        source = request.source
        if isinstance(source, ImageSource | TableSource) and source.path in waiting:
            self._window.say(self.tr("{0} was written anew.").format(source.title))
            self.again()
        elif waiting and as_now(request.model) != request.model:
            self.again()

    def _on_changed(self, old: State, new: State) -> None:
        if new.trace is not None and new.trace is not old.trace:
            self._on_shown(old.trace, new.trace)
        if new.status == "idle" and old.status == "busy":
            self._files.watch(files_of(new.request))
            self._idle.emit()

    def _on_shown(self, before: Trace | None, now: Trace) -> None:
        """Compare the weights with those before, or mark again what is known."""
        model, last = _model_of(now), _model_of(before)
        if model is None:
            return
        if self._marked is not None and self._marked[0] == model:
            self._window.layers.show_changes(self._marked[1])
        elif last is not None and last != model and undated(last) == undated(model):
            assert before is not None
            self._runner.submit(Compared(before, now))

    def _on_compared(self, found: Changes) -> None:
        now, last = _model_of(found.after), _model_of(found.before)
        if found.after is not self._store.state.trace or not (now and last):
            return
        self._marked = now, found.relative
        self._window.layers.show_changes(found.relative)
        if isinstance(now, LiveSpec) or isinstance(last, LiveSpec):
            self._window.say(f"{now.name}: {changes_words(found)}.")
        elif not self._window.notice.text():
            names = " and ".join(rewritten_files(last, now))
            words = self.tr("{0} was written anew: {1}.")
            self._window.tell(words.format(names, changes_words(found)))


def _model_of(trace: Trace | None) -> FileSpec | LiveSpec | None:
    """Return a trace's network if it is of files, or of the running program."""
    model = trace.request.model if trace is not None and trace.request else None
    return model if isinstance(model, FileSpec | LiveSpec) else None
