"""Which network goes with which source: pictures and series, and what fits neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cnnviz.app.face import first_source
from cnnviz.core.errors import MismatchError
from cnnviz.core.series import TableFacts, TableSource, TextSource
from cnnviz.core.trace import ModelSpec, Request, SeriesSource, Source
from cnnviz.nets.catalog import find

Task = Literal["picture", "series"]

FIRST_MODEL: dict[Task, str] = {"picture": "alexnet", "series": "tcn"}


def task_of(source: Source) -> Task:
    """Return the kind of network a source needs."""
    return "series" if isinstance(source, TableSource | TextSource) else "picture"


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
        if self.reason != "channels":
            return None
        name = self.request.model.name
        return replace(self.request, model=ModelSpec(name, "random", channels=self.got))


class Families:
    """Remembers the last network and the last source of each kind."""

    def __init__(self) -> None:
        self._models = {task: ModelSpec(name) for task, name in FIRST_MODEL.items()}
        self._sources: dict[Task, Source] = {}

    def shown(self, request: Request) -> None:
        """Remember what was shown."""
        task = task_of(request.source)
        self._sources[task] = request.source
        self._models[task] = request.model

    def with_source(self, request: Request, source: Source) -> Request:
        """Return the request with another source, and a network that can take it."""
        model, task = request.model, task_of(source)
        if find(model.name).task != task:
            model = self._models[task]
        if model.channels is not None:
            model = ModelSpec(model.name)  # it was made for the table before
        return Request(model, source)

    def with_model(self, request: Request, model: ModelSpec) -> Request:
        """Return the request with another network, and a source that it can take."""
        task: Task = find(model.name).task
        source = request.source
        if task_of(source) != task:
            source = self._sources.get(task) or first_source(task)
        elif request.model.channels is not None and model.channels is None:
            # it would not fit the table: its structure does
            model = ModelSpec(model.name, "random", channels=request.model.channels)
        return Request(model, source)


def with_table(request: Request, source: SeriesSource) -> Request:
    """Return the request with its table read or mapped in another way.

    A network that shows structure only gets the width of the variables kept.
    """
    model = request.model
    if model.channels is not None and source.mapping is not None:
        model = replace(model, channels=len(source.mapping))
    return Request(model, source)
