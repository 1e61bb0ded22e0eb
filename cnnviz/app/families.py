"""Which network goes with which source: pictures and series, and what fits neither."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnnviz.app.face import first_source
from cnnviz.core.errors import MismatchError
from cnnviz.core.models import FileSpec, LiveSpec, Model, ModelSpec, Task
from cnnviz.core.series import TableFacts, TableSource, TextSource
from cnnviz.core.trace import ArraySource, Request, SeriesSource, Source
from cnnviz.nets.catalog import find

FIRST_MODEL: dict[Task, str] = {"picture": "alexnet", "series": "tcn"}


def task_of(source: Source) -> Task:
    """Return the kind of network a source needs."""
    series = isinstance(source, TableSource | TextSource) or (
        isinstance(source, ArraySource) and source.sample.series is not None
    )
    return "series" if series else "picture"


def as_now(model: Model) -> Model:
    """Return a network as its files are now."""
    return model.stamped() if isinstance(model, FileSpec) else model


def undated(model: Model) -> Model:
    """Return what a network is whenever its files were written, and run or not."""
    if isinstance(model, FileSpec):
        return replace(model, stamp=(), digest="", beside=())
    return replace(model, key=0) if isinstance(model, LiveSpec) else model


def width_of(model: Model) -> int | None:
    """Return the variables a network shows no more than its structure for, or None."""
    return model.channels if isinstance(model, ModelSpec) else None


@dataclass(frozen=True, slots=True)
class WrongTask:
    """A picture that came to a network of series, or the other way round.

    Attributes
    ----------
    request
        What was asked for.
    sentence
        Says what the network takes and what came.
    wanted
        What the network takes.
    """

    request: Request
    sentence: str
    wanted: Task


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A table that does not fit the network it was meant for.

    Attributes
    ----------
    request
        What was asked for.
    sentence
        Says what the network wants and what came.
    reason, wanted, got, facts
        See ``MismatchError``.
    """

    request: Request
    sentence: str
    reason: str
    wanted: int
    got: int
    facts: TableFacts | None

    @classmethod
    def of(cls, request: Request, error: MismatchError) -> Mismatch:
        """Say it of a request."""
        why = error.reason, error.wanted, error.got, error.facts
        return cls(request, str(error), *why)

    @property
    def structure(self) -> Request | None:
        """The same table through a network of its width with random weights."""
        model = self.request.model
        if self.reason != "channels" or not isinstance(model, ModelSpec):
            return None
        name = model.name
        return replace(self.request, model=ModelSpec(name, "random", channels=self.got))


class Families:
    """Remembers the last network and the last source of each kind."""

    def __init__(self) -> None:
        self._models: dict[Task, Model] = {
            task: ModelSpec(name) for task, name in FIRST_MODEL.items()
        }
        self._tasks: dict[Model, Task] = {}
        self._sources: dict[Task, Source] = {}

    def shown(self, request: Request) -> None:
        """Remember what was shown."""
        task = task_of(request.source)
        self._sources[task] = request.source
        self._models[task] = request.model
        self.learn(request.model, task)

    def learn(self, model: Model, task: Task) -> None:
        """Remember what a network takes that is not of the catalogue."""
        if not isinstance(model, ModelSpec):
            self._tasks[undated(model)] = task

    def task(self, model: Model) -> Task | None:
        """Return what a network takes; None before it was opened."""
        if isinstance(model, ModelSpec):
            return find(model.name).task
        return self._tasks.get(undated(model))

    def usual(self, source: Source) -> Request:
        """Return the request for a source through the network last shown of its kind.

        For when the present one cannot run.
        """
        return Request(as_now(self._models[task_of(source)]), source)

    def with_source(self, request: Request, source: Source) -> Request:
        """Return the request with another source, and a network that can take it."""
        model, task = request.model, task_of(source)
        if self.task(model) not in (task, None):
            model = as_now(self._models[task])
        if width_of(model) is not None:
            model = ModelSpec(model.name)  # it was made for the table before
        return Request(model, source)

    def with_model(self, request: Request, model: Model) -> Request:
        """Return the request with another network, and a source that it can take."""
        task, source = self.task(model), request.source
        width = width_of(request.model)
        if task is not None and task_of(source) != task:
            source = self._sources.get(task) or first_source(task)
        elif isinstance(model, ModelSpec) and width is not None:
            # it would not fit the table: its structure does
            width = model.channels or width
            model = replace(model, weights="random", channels=width)
        if isinstance(source, ArraySource) and not isinstance(model, LiveSpec):
            # the numbers are as another network wants them
            source = source.picture or first_source(task_of(source))
        return Request(model, source)


def with_table(request: Request, source: SeriesSource) -> Request:
    """Return the request with its table read or mapped in another way.

    A network that shows structure only gets the width of the variables kept.
    """
    model = request.model
    if width_of(model) is not None and source.mapping is not None:
        assert isinstance(model, ModelSpec)
        model = replace(model, channels=len(source.mapping))
    return Request(model, source)
