"""The worker: one thread, one job at a time, the newest request wins.

The window submits a frozen request and goes on. The worker thread runs the injected
function and tells the outcome through a queued signal, so that everything public
happens on the thread that made the runner. Every submission draws a ticket; what
arrives with an older ticket is dropped. Asking the job to stop is only a courtesy.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from cnnviz.core.errors import Cancelled, CnnvizError, memory_sentence
from cnnviz.core.progress import Check

Execute: TypeAlias = Callable[[Any, Check], object]
"""From a frozen request to a frozen answer, such as a trace."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    request: object
    sentence: str


@dataclass(frozen=True, slots=True)
class _Crash:
    request: object
    text: str


_Job: TypeAlias = tuple[int, object]
_Progress: TypeAlias = tuple[int, int, int, str]

_TICK = 100
"""Milliseconds between two looks at the progress of a job."""


class Runner(QObject):
    """Runs requests on one worker thread. Use from one thread only.

    Parameters
    ----------
    execute
        What the worker does with a request. It is called with the request and a
        `Check`, which it should call before each step, and returns the trace.
    parent
        Qt's owner.
    waiting
        Requests wait until `begin` is called.

    Signals
    -------
    started(request)
        A request was taken; emitted by `submit` itself.
    progressed(done: int, total: int, what: str)
        How far the job is, in steps or bytes. Looked up a few times a second while it
        runs: to tell of every step would slow the job down.
    finished(trace)
        The answer to the newest request.
    refused(request, sentence: str)
        The job raised a `CnnvizError`, or there was not enough memory; the sentence
        is for the person.
    crashed(request, text: str)
        The job raised anything else; the text is its traceback, for the log. The
        request is None when it is not known.
    """

    started = Signal(object)
    progressed = Signal(object, object, str)  # int would overflow at 2 GB
    finished = Signal(object)
    refused = Signal(object, str)
    crashed = Signal(object, str)

    _told = Signal(int, object)

    def __init__(
        self, execute: Execute, parent: QObject | None = None, *, waiting: bool = False
    ) -> None:
        super().__init__(parent)
        self._execute = execute
        self._ticket = 0
        self._lock = threading.Lock()  # once cancelled, nothing is told any more
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        self._progress: _Progress | None = None
        self._seen: _Progress | None = None
        self._clock = QTimer(self, interval=_TICK)
        self._clock.timeout.connect(self._on_tick)
        self._ended = False
        self._waiting = waiting
        self._thread = self._new_thread()

    def _new_thread(self) -> threading.Thread:
        # A daemon: a step that never ends must not keep the program from ending.
        return threading.Thread(target=self._work, name="cnnviz worker", daemon=True)

    def begin(self) -> None:
        """Let a runner work that was made to wait; once is enough."""
        self._waiting = False
        if not self._jobs.empty():
            self._wake()

    def _wake(self) -> None:
        """See that there is a thread: at first there is none, and a job may end it."""
        if self._ended or self._thread.is_alive():
            return
        if self._thread.ident is not None:
            self._thread = self._new_thread()
        self._thread.start()

    def submit(self, request: object) -> None:
        """Run a request; whatever was asked before is forgotten."""
        self.cancel()
        self._jobs.put((self._ticket, request))
        if not self._ended:
            self._clock.start()
        if not self._waiting:
            self._wake()
        self.started.emit(request)

    def cancel(self) -> None:
        """Forget what was asked. Nothing more of it is heard."""
        with self._lock:
            self._ticket += 1
        with suppress(Empty):
            while not self._ended:  # what waits may hold large arrays
                self._jobs.get_nowait()
        self._clock.stop()

    def shutdown(self, seconds: float = 0.0) -> bool:
        """Cancel and end the thread; the runner cannot be used afterwards.

        Parameters
        ----------
        seconds
            How long to wait for the job's present step, which nothing can cut short.

        Returns
        -------
        bool
            False when that step did not end within this time. It will be the last.
        """
        self._ended = True
        self.cancel()
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    # On the worker thread

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._run(*job)
                del job  # its arrays must not live until the next one
        except BaseException:  # noqa: BLE001 - the thread was killed between its jobs
            self._tell(self._ticket, _Crash(None, traceback.format_exc()))

    def _run(self, ticket: int, request: object) -> None:
        def check(done: int, total: int, what: str) -> None:
            if ticket != self._ticket:
                raise Cancelled
            self._progress = ticket, done, total, what

        if ticket != self._ticket:
            return
        try:
            self._tell(ticket, self._execute(request, check))
        except Cancelled:
            pass
        except CnnvizError as error:
            self._tell(ticket, _Refusal(request, str(error)))
        except BaseException as error:  # noqa: BLE001 - the one place; code may exit
            sentence = memory_sentence(error)
            if sentence is None:
                self._tell(ticket, _Crash(request, traceback.format_exc()))
            else:
                self._tell(ticket, _Refusal(request, sentence))

    def _tell(self, ticket: int, message: object) -> None:
        with self._lock:
            if ticket == self._ticket:
                self._told.emit(ticket, message)

    # On the owner's thread

    def _on_tick(self) -> None:
        newest = self._progress
        if newest is None or newest is self._seen:
            return
        self._seen = newest
        ticket, *progress = newest
        if ticket == self._ticket:
            self.progressed.emit(*progress)

    def _on_told(self, ticket: int, message: object) -> None:
        if ticket != self._ticket:
            return
        self._clock.stop()
        match message:
            case _Refusal(request, sentence):
                self.refused.emit(request, sentence)
            case _Crash(request, text):
                self.crashed.emit(request, text)
            case _:
                self.finished.emit(message)
