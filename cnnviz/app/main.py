"""Starting and ending the window."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from cnnviz.app.application import (
    application,
    caught,
    interrupted_by_ctrl_c,
    unseen,
)
from cnnviz.app.cli import Options
from cnnviz.app.controller import Controller
from cnnviz.app.face import first_source, source_of
from cnnviz.app.families import FIRST_MODEL, Mismatch, WrongTask, task_of
from cnnviz.app.loading import load
from cnnviz.app.memory import Bounded, Refocus
from cnnviz.app.misfits import Unopened
from cnnviz.app.settings import Settings, Theme
from cnnviz.app.wanted import Wanted
from cnnviz.app.window import Window
from cnnviz.core.errors import (
    InputError,
    MisfitError,
    MismatchError,
    ModelError,
    TaskError,
    UnknownNetworkError,
)
from cnnviz.core.models import NOTHING_SAID, FileSpec, Model, ModelSpec
from cnnviz.core.progress import Check
from cnnviz.core.tensors import TensorList
from cnnviz.core.trace import ImageSource, Request, Trace
from cnnviz.nets.catalog import find
from cnnviz.panels import saving
from cnnviz.session.runner import Runner

Answer = Trace | Mismatch | WrongTask | TensorList | Unopened


def run_request(asked: Request | Refocus, check: Check) -> Answer:
    """Run a request, or say what does not fit: table, kind of source, or weights.

    What is slow to load is loaded here, on the worker, by the first one that needs it:
    torch, and what paints lines.
    """
    check(0, 0, "loading PyTorch")
    load()
    from cnnviz.probe.execute import again, execute

    if isinstance(asked, Refocus):
        return again(asked.trace, asked.limit, asked.wanted, check)
    bounded = (
        asked if isinstance(asked, Bounded) else Bounded(asked.model, asked.source)
    )
    request = bounded.plain
    if not isinstance(request.source, ImageSource):
        import pyqtgraph  # noqa: F401 - see panels.strokes
    try:
        return execute(request, check, bounded.limit, bounded.wanted)
    except MismatchError as error:
        return Mismatch.of(request, error)
    except TaskError as error:
        if isinstance(request.model, ModelSpec):
            raise
        return WrongTask(request, str(error), error.wanted)
    except UnknownNetworkError as error:
        known = error.tensors, error.nearest, error.notes
        return TensorList(request, str(error), *known)
    except ModelError as error:
        if not isinstance(request.model, FileSpec):
            raise
        misfit = error.misfit if isinstance(error, MisfitError) else None
        return Unopened(request, str(error), misfit)


def run(options: Options) -> int:
    """Open the window and return the exit code when it is closed.

    Raises
    ------
    CnnvizError
        The model's name is unknown; or, for a screenshot, the picture was refused.
    """
    network = options.network()
    picture = options.screenshot
    request = first_request(network.file, network.name or None)
    own: Model | None = None
    if network.own and (options.trust or picture or network.code is None):
        own = network.model(options.trust)  # says if it cannot be without asking
    app = application()
    theme = options.theme if options.theme in ("light", "dark") else None
    with tempfile.TemporaryDirectory() as fresh:
        # a screenshot shows the layout of a first start and leaves no trace
        file = Path(fresh) / "cnnviz.ini" if picture else None
        runner = Runner(run_request, waiting=True)
        window = Window(Settings(file, cast("Theme | None", theme)), options.size)
        controller = Controller(window, runner, request)
        if network.own:
            _open_own(controller, network, own)
        with caught(window), interrupted_by_ctrl_c(window, window.close):
            try:
                if picture:
                    _screenshot(app, controller, picture)
                else:
                    # loading torch would slow the first painting down
                    queued = Qt.ConnectionType.QueuedConnection
                    window.painted.connect(gc.enable, queued)
                    window.painted.connect(runner.begin, queued)
                    window.show()
                    app.exec()
            finally:
                window.close()
    return 0


def _open_own(controller: Controller, network: Wanted, model: Model | None) -> None:
    """Open a network of the person's own, its code not before a yes to it.

    What was said about its input is remembered as if it had been said in the window.

    Parameters
    ----------
    model
        The network if nobody has to be asked.
    """
    own = controller.opening.own
    source = source_of(network.file) if network.file else None
    if network.choices != NOTHING_SAID and network.first is not None:
        controller.settings.keep_input_choices(network.first, network.choices)
    if isinstance(model, FileSpec):
        if model.code_file is not None:
            own.trust.lend(model.digest, model.code_file)
        own.show(model, source)
    else:
        own.bring(network.weights, network.code, source, network.builder)


def first_request(file: Path | None, model: str | None) -> Request:
    """Return what to show first: what was asked for, completed by what suits it.

    Raises
    ------
    ModelError
        There is no such network.
    """
    if model is not None:
        entry = find(model)
        source = source_of(file) if file else first_source(entry.task)
        return Request(ModelSpec(entry.name), source)
    source = source_of(file) if file else first_source("picture")
    return Request(ModelSpec(FIRST_MODEL[task_of(source)]), source)


@unseen()
def _screenshot(app: QApplication, controller: Controller, path: Path) -> None:
    """Save the window, which nobody sees, as soon as its first network is on show.

    Raises
    ------
    InputError
        The picture was refused, or the file cannot be written.
    """
    answers: list[str] = []

    def answered(sentence: str) -> None:
        answers.append(sentence)
        QTimer.singleShot(0, app.quit)

    def finished(found: Answer) -> None:
        if not isinstance(found, WrongTask):  # which is asked for anew
            answered(found.sentence if isinstance(found, Mismatch | Unopened) else "")

    window, runner = controller.window, controller.runner
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    runner.finished.connect(finished)
    runner.refused.connect(lambda _request, sentence: answered(sentence))
    runner.crashed.connect(lambda _request, text: answered(text.splitlines()[-1]))
    window.show()
    runner.begin()  # not before somebody listens to what it answers
    app.exec()
    if answers and answers[0]:
        raise InputError(answers[0])
    try:
        saving.write(path, saving.png(window.grab().toImage()))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
