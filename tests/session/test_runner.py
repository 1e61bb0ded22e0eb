"""The worker: newest wins, late answers are dropped, nothing is left running."""

import ctypes
import sys
import threading
import time
import weakref
from asyncio import CancelledError
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel

from cnnviz.core.errors import Cancelled, InputError
from cnnviz.core.models import ModelSpec
from cnnviz.core.trace import ImageSource, Request, Sample, Trace
from cnnviz.session.runner import Runner


def request(name="net"):
    return Request(ModelSpec(name), ImageSource(Path("a.png")))


def answer(asked):
    return Trace(Sample((np.zeros((3, 2, 2), np.float32),)), (), request=asked)


class Heard:
    """Everything a runner said, in order."""

    def __init__(self, runner):
        self.all = []
        for name in ("started", "progressed", "finished", "refused", "crashed"):
            signal = getattr(runner, name)
            signal.connect(lambda *args, name=name: self.all.append((name, *args)))

    def of(self, name):
        return [said[1:] for said in self.all if said[0] == name]


@pytest.fixture
def make(qapp):
    """Make runners that are shut down with the test."""
    made = []

    def make(execute):
        runner = Runner(execute)
        made.append(runner)
        return runner, Heard(runner)

    yield make
    for runner in made:
        assert runner.shutdown(5)


@pytest.fixture
def gate():
    """A job waits here until the test opens it; opened at the end in any case."""
    event = threading.Event()
    yield event
    event.set()


def test_answer_arrives_on_the_owners_thread(make, qtbot):
    worked_on = []
    arrived_on = []

    def execute(asked, check):
        worked_on.append(threading.get_ident())
        return answer(asked)

    runner, _ = make(execute)
    runner.finished.connect(lambda _: arrived_on.append(threading.get_ident()))
    asked = request()
    with qtbot.waitSignal(runner.finished) as got:
        runner.submit(asked)
    assert got.args[0].request is asked
    assert arrived_on == [threading.get_ident()]
    assert worked_on != arrived_on


def test_started_is_said_at_once(make, gate):
    runner, heard = make(lambda asked, _: gate.wait(5) and answer(asked))
    asked = request()
    runner.submit(asked)
    assert heard.all == [("started", asked)]


def test_thirty_within_a_second_only_the_last_arrives(make, qtbot, gate):
    ran = []

    def execute(asked, check):
        ran.append(asked.model.name)
        gate.wait(5)
        check(0, 1, "layer")
        return answer(asked)

    runner, heard = make(execute)
    with qtbot.waitSignal(runner.finished):
        for i in range(30):
            runner.submit(request(f"net{i}"))
        gate.set()
    assert len(heard.of("finished")) == 1
    assert heard.of("finished")[0][0].request.model.name == "net29"
    assert not heard.of("refused") + heard.of("crashed")
    assert len(ran) <= 2  # the one that was running, and the last
    assert ran[-1] == "net29"


class Large:
    """A request that holds much."""


def test_requests_that_nobody_waits_for_are_let_go(qapp, gate):
    running = threading.Event()

    def execute(asked, check):
        running.set()
        gate.wait(5)

    runner = Runner(execute)
    runner.submit(request("slow"))
    assert running.wait(5)
    asked = [Large() for _ in range(6)]
    seen = [weakref.ref(each) for each in asked]
    while asked:
        runner.submit(asked.pop(0))
    assert [ref() is not None for ref in seen] == [False] * 5 + [True]
    assert not runner.shutdown(0)
    runner.cancel()
    gate.set()
    assert runner.shutdown(5)


def test_late_answer_of_a_job_that_never_checks_is_dropped(make, qtbot, gate):
    running = threading.Event()

    def execute(asked, check):
        if asked.model.name == "slow":
            running.set()
            gate.wait(5)
        return answer(asked)

    runner, heard = make(execute)
    runner.submit(request("slow"))
    assert running.wait(5)
    runner.submit(request("new"))
    with qtbot.waitSignal(runner.finished):
        gate.set()
    assert [got.request.model.name for (got,) in heard.of("finished")] == ["new"]


def test_answer_already_on_its_way_is_dropped(make, qtbot):
    """The answer waits in the event queue while a newer request is made."""
    runner, heard = make(lambda asked, check: answer(asked))
    on_its_way = threading.Event()
    runner._told.connect(
        lambda *_: on_its_way.set(), Qt.ConnectionType.DirectConnection
    )
    runner.submit(request("old"))
    assert on_its_way.wait(5)
    with qtbot.waitSignal(runner.finished):
        runner.submit(request("new"))
    assert [got.request.model.name for (got,) in heard.of("finished")] == ["new"]


def test_progress_comes_in_order_and_before_the_answer(make, qtbot):
    """Each step lasts until it was told of; numbers over 2 GB pass unharmed."""
    total, heard_of = 5_000_000_000, threading.Semaphore(0)

    def execute(asked, check):
        for part in range(3):
            check(total * part // 3, total, f"part {part}")
            assert heard_of.acquire(timeout=5)
        return answer(asked)

    runner, heard = make(execute)
    runner.progressed.connect(lambda *_: heard_of.release())
    with qtbot.waitSignal(runner.finished):
        runner.submit(request())
    assert heard.of("progressed") == [
        (total * i // 3, total, f"part {i}") for i in range(3)
    ]
    assert [said[0] for said in heard.all][-1] == "finished"


def test_however_often_a_job_checks_progress_is_told_a_few_times(make, qtbot, gate):
    """The last of it is never missed, though nothing follows it."""
    many = 20_000

    def execute(asked, check):
        for step in range(many):
            check(step, many, "many steps")
        check(many, many, "the long one")
        gate.wait(5)
        return answer(asked)

    runner, heard = make(execute)
    runner.progressed.connect(lambda done, *_: done == many and gate.set())
    with qtbot.waitSignal(runner.finished):
        runner.submit(request())
    told = heard.of("progressed")
    assert told[-1] == (many, many, "the long one")
    assert len(told) < many / 100
    assert told == sorted(told)


def test_progress_of_what_was_left_is_not_told(make, qtbot, gate):
    def execute(asked, check):
        if asked.model.name == "left":
            check(1, 2, "left")
            gate.wait(5)
        return answer(asked)

    runner, heard = make(execute)
    runner.submit(request("left"))
    while runner._progress is None:
        time.sleep(0.001)
    runner.submit(request("next"))
    runner._clock.timeout.emit()
    gate.set()
    with qtbot.waitSignal(runner.finished):
        pass
    assert heard.of("progressed") == []


def test_cancel_stops_the_job_and_is_silent(make, qtbot):
    running = threading.Event()
    stopped = threading.Event()

    def execute(asked, check):
        if asked.model.name == "next":
            return answer(asked)
        try:
            while True:
                check(0, 1, "layer")
                running.set()
        except Cancelled:
            stopped.set()
            raise

    runner, heard = make(execute)
    runner.submit(request())
    assert running.wait(5)
    runner.cancel()
    assert stopped.wait(5)
    with qtbot.waitSignal(runner.finished):
        runner.submit(request("next"))
    assert [said[0] for said in heard.all] == ["started", "started", "finished"]


def test_refusal_says_the_sentence_and_the_runner_goes_on(make, qtbot):
    def execute(asked, check):
        if asked.model.name == "bad":
            raise InputError("a.png: expected a picture, got a folder")
        return answer(asked)

    runner, heard = make(execute)
    bad = request("bad")
    with qtbot.waitSignal(runner.refused) as got:
        runner.submit(bad)
    assert got.args == [bad, "a.png: expected a picture, got a folder"]
    with qtbot.waitSignal(runner.finished):
        runner.submit(request("good"))
    assert not heard.of("crashed")


class Unspeakable(BaseException):
    """Says nothing about itself, as careless code may."""

    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError,
        SystemExit,
        KeyboardInterrupt,
        GeneratorExit,
        RecursionError,
        CancelledError,
        Unspeakable,
    ],
)
def test_crash_carries_the_traceback_and_the_runner_goes_on(make, qtbot, error):
    def broken_layer(asked, check):
        if asked.model.name == "bad":
            raise error("in the model")
        return answer(asked)

    runner, heard = make(broken_layer)
    with qtbot.waitSignal(runner.crashed) as got:
        runner.submit(request("bad"))
    assert "broken_layer" in got.args[1]
    assert error.__name__ in got.args[1]
    with qtbot.waitSignal(runner.finished):
        runner.submit(request("good"))
    assert not heard.of("refused")


def test_endless_recursion_is_a_crash(make, qtbot):
    def deeper(asked, check):
        return deeper(asked, check)

    runner, _ = make(deeper)
    with qtbot.waitSignal(runner.crashed) as got:
        runner.submit(request())
    assert "RecursionError" in got.args[1]


def raise_bare():
    raise MemoryError


@pytest.mark.parametrize(
    ("greedy", "wanted"),
    [
        (lambda: np.empty(2**57, np.float64), "1.00 EiB"),
        (lambda: np.empty(2**46, np.float32), "256 TiB"),
        (raise_bare, ""),
    ],
)
def test_too_little_memory_is_refused_in_words(make, qtbot, greedy, wanted):
    runner, heard = make(lambda asked, check: greedy())
    asked = request()
    with qtbot.waitSignal(runner.refused) as got:
        runner.submit(asked)
    assert got.args[0] is asked
    assert got.args[1].startswith("There is not enough memory")
    assert wanted in got.args[1]
    assert not heard.of("crashed")


def test_a_dead_thread_is_told_of_and_replaced(make, qtbot):
    """The thread is killed from outside, while it waits for something to do."""
    runner, heard = make(lambda asked, check: answer(asked))
    with qtbot.waitSignal(runner.finished):
        runner.submit(request("first"))
    first = runner._thread
    while sys._current_frames()[first.ident].f_code.co_name != "_work":
        time.sleep(0.001)
    time.sleep(0.05)  # it was about to wait
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(first.ident), ctypes.py_object(SystemExit)
    )
    with qtbot.waitSignal(runner.crashed):
        runner.submit(request("lost"))
    first.join(5)
    assert not first.is_alive()
    with qtbot.waitSignal(runner.finished) as got:
        runner.submit(request("next"))
    assert got.args[0].request.model.name == "next"
    assert len(heard.of("crashed")) == 1


def test_no_thread_before_there_is_something_to_do(make, qtbot):
    earlier = set(threading.enumerate())
    runner, _ = make(lambda asked, check: answer(asked))
    runner.begin()
    assert set(threading.enumerate()) == earlier
    with qtbot.waitSignal(runner.finished):
        runner.submit(request())
    assert len(set(threading.enumerate()) - earlier) == 1


def test_requests_wait_for_the_beginning(qapp, qtbot):
    earlier = set(threading.enumerate())
    runner = Runner(lambda asked, check: answer(asked), waiting=True)
    runner.submit(request("early"))
    assert set(threading.enumerate()) == earlier
    with qtbot.waitSignal(runner.finished) as got:
        runner.begin()
    assert got.args[0].request.model.name == "early"
    assert runner.shutdown(5)


def test_what_comes_after_the_end_starts_nothing(qapp):
    earlier = set(threading.enumerate())
    runner = Runner(lambda asked, check: answer(asked))
    assert runner.shutdown(5)
    runner.submit(request())
    assert set(threading.enumerate()) == earlier


def test_nothing_is_told_once_cancelled(qapp):
    """However near an answer is: after the call it is as if there were none."""
    runner = Runner(lambda asked, check: answer(asked))
    told = []
    runner._told.connect(lambda *_: told.append(1), Qt.ConnectionType.DirectConnection)
    for attempt in range(200):
        runner.submit(request())
        time.sleep(attempt * 2e-6 if attempt % 20 else 0.02)
        runner.cancel()
        said = len(told)
        assert not runner._thread.join(0.001)
        assert len(told) == said
    assert runner.shutdown(5)
    assert told, "some were in time"


def test_shutdown_during_a_run_ends_the_thread(qapp):
    running = threading.Event()

    def execute(asked, check):
        while True:
            check(0, 1, "layer")
            running.set()

    runner = Runner(execute)
    heard = Heard(runner)
    runner.submit(request())
    assert running.wait(5)
    assert runner.shutdown(5)
    qapp.processEvents()
    assert [said[0] for said in heard.all] == ["started"]


def test_shutdown_does_not_wait_for_ever(qapp, gate):
    running = threading.Event()

    def execute(asked, check):
        running.set()
        gate.wait(20)
        return answer(asked)

    runner = Runner(execute)
    runner.submit(request())
    assert running.wait(5)
    assert not runner.shutdown()
    gate.set()
    assert runner.shutdown(5)


def test_torch_is_not_needed(run_python):
    """The window is up before torch is loaded."""
    run_python("import sys, cnnviz.session.runner; assert 'torch' not in sys.modules")


NEEDS = (
    "this PySide6 loses references to {0}, and will abort the program after some "
    "thousand calls; on Python 3.11 use PySide6-Essentials < 6.12"
)


class Teller(QObject):
    told = Signal(int)


def test_qt_keeps_its_references(qtbot):
    """PySide6 6.12.0 before Python 3.12 drops one None or True per call."""
    label, teller = QLabel(), Teller()
    qtbot.addWidget(label)
    count = []
    teller.told.connect(count.append)
    for singleton, call in (
        (None, lambda i: label.setText(str(i))),
        (True, lambda i: teller.told.emit(i)),
    ):
        before = sys.getrefcount(singleton)
        for i in range(1000):
            call(i)
        lost = before - sys.getrefcount(singleton)
        assert abs(lost) < 100, NEEDS.format(singleton)
    for i in range(20_000):
        teller.told.emit(i)
    assert len(count) == 21_000
