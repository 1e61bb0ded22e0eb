"""What the watchers of a run share: where it is, what came from where, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Any

from torch import Tensor, nn

from cnnviz.core.progress import Check
from cnnviz.probe import vocabulary as words
from cnnviz.probe.budget import Budget
from cnnviz.probe.contents import Contents
from cnnviz.probe.failure import Failed
from cnnviz.probe.flow import Flow, Origin
from cnnviz.probe.guard import Untouched
from cnnviz.probe.notes import Event, Journal
from cnnviz.probe.origins import Origins
from cnnviz.probe.pending import Pending
from cnnviz.probe.replay import Call
from cnnviz.probe.scopes import Scopes
from cnnviz.probe.values import Step, Value


class Keeper:
    """Keeps what is to become layers, in one run.

    Parameters
    ----------
    scopes, before
        The network's modules, and what it was before the run.
    inputs
        Its input tensors.
    check
        Called before each layer.
    copy_weights
        Copy weights instead of sharing the network's memory.
    copying
        Copy every content at once, though only a write of it makes that needful.
    distrust
        Take tensors of unknown origin for data from the input.
    budget
        How much of it may stay in memory.

    Attributes
    ----------
    journal
        What is to become a layer, in order.
    contents, flow, origins
        What tensors hold, and where they come from.
    pending
        Calls that no events were made of yet.
    failed
        Where a failure was last seen.
    stopped
        What ``check`` raised.
    """

    def __init__(
        self,
        scopes: Scopes,
        before: Untouched,
        inputs: Sequence[Tensor],
        check: Check,
        *,
        copy_weights: bool,
        copying: bool,
        distrust: bool,
        budget: Budget,
    ) -> None:
        self.scopes = scopes
        self.parameters = scopes.structure.parameters
        self.budget = budget
        self.journal = Journal(budget)
        self.failed: Failed | None = None
        self.stopped: BaseException | None = None
        self.contents = Contents(copying=copying)
        budget.let_go = self.contents.drop
        self.flow = Flow(self.contents)
        self.origins = Origins(
            scopes,
            before,
            self.journal,
            self.contents,
            self.flow,
            copy_weights=copy_weights,
            distrust=distrust,
        )
        self.pending = Pending(
            self.journal,
            self.origins,
            self.contents,
            self.flow,
            at_once=bool(budget.limit),
        )
        self._check = check
        self._expected = len(scopes.structure.leaves)
        for k, tensor in enumerate(inputs):
            origin = Origin((~k,), self.contents.of(tensor))
            self.flow.learn(tensor, origin, wrote=True)

    def next(self, name: str) -> None:
        """Tell what comes next; a stop stays one whatever the network catches."""
        if self.stopped is not None:
            raise self.stopped
        try:
            done = self.journal.layers + len(self.pending.calls)
            self._check(done, self._expected, name)
        except BaseException as stop:
            self.stopped = stop
            raise

    def fail(
        self,
        failure: Exception,
        path: str,
        call: Call | None = None,
        origins: Sequence[Origin | None] = (),
    ) -> None:
        """Remember where a failure was seen first."""
        if self.failed is None or not self.failed.explains(failure):
            self.failed = Failed(failure, path, call, origins)

    def held(
        self, given: Sequence[Tensor], origins: Sequence[Origin | None]
    ) -> list[Any]:
        """Return what tensors hold: values, and steps within a leaf."""
        look = self.origins.held
        held = [
            (origin and origin.value) or look(tensor, origin)
            for tensor, origin in zip(given, origins, strict=True)
        ]
        if self.budget.limit:
            self.bring_back(given, held)
        return held

    def settled(self, given: Sequence[Tensor]) -> tuple[list[Origin | None], list[Any]]:
        """Return where tensors come from and what they hold, with nothing pending."""
        self.pending.settle()
        origins = [*map(self.origins.of, given)]
        return origins, self.held(given, origins)

    def in_place(
        self, name: str, function: Callable[..., Any], x: Tensor, *more: Any
    ) -> Any:
        """Run a function in place without writing over what is on record.

        Where the record alone holds that memory too, it keeps it, and the tensor gets
        what the function makes elsewhere; otherwise a copy is made first.

        Parameters
        ----------
        name
            The function's plain name.
        x, more
            What to write into; further arguments.
        """
        if name in words.CHOOSING and not x.requires_grad and self.contents.leave(x):
            return x.set_(function(x, *more, inplace=False))
        self.contents.about_to_write((x,), exposed=False)
        return function(x, *more, inplace=True)

    def bring_back(
        self, given: Sequence[Tensor], held: Sequence[Any], layers: int = 1
    ) -> None:
        """Have contents that were dropped on record again, for a layer that is wanted.

        And for one that runs on tensors whose writes can only be seen.
        """
        for tensor, value in zip(given, held, strict=True):
            if isinstance(value, Value) and (
                self.budget.is_missed(value, self.journal.layers, layers)
                or (not value.kept and tensor.is_inference())
            ):
                self.contents.restore(value, tensor)
                self.budget.came_back(value)

    def escape(self, tensor: Tensor, value: Value | Step) -> None:
        """Note that code outside torch may now read and write a tensor.

        What it held stays on record: nothing else can tell of a write.
        """
        self.origins.escape(tensor)
        if self.budget.limit and isinstance(value, Value):
            if not value.kept:
                self.contents.restore(value, tensor)
                self.budget.came_back(value)
            self.budget.pin(value)

    def keep(
        self,
        module: nn.Module,
        path: str,
        whole: bool,
        calls: Sequence[Call],
        origins: Sequence[Origin | None],
        held: Sequence[Value],
        given: Sequence[Tensor],
        results: Sequence[Tensor],
        step: Step | None,
        wrote: Set[int],
        *,
        single: bool,
        parameters: Sequence[Tensor] = (),
    ) -> Tensor | None:
        """Add an event, and note what its tensors hold from now on.

        Parameters
        ----------
        module, path, whole, calls, origins, held, step, parameters
            See ``Event``.
        given, results
            The tensors that went in and that came out.
        wrote
            The ``id`` of those that were written.
        single
            The only result is a tensor and nothing around it.

        Returns
        -------
        tensor
            None; or, where a single result is the very tensor that came in, as with
            dropout, a view of it, by which the two can be told apart.
        """
        if not whole and calls[0].name in words.SPLITS:
            if self.budget.limit:
                self.bring_back(given, held, len(results))
            self._keep_pieces(module, path, calls, origins, held, results, parameters)
            return None
        by = (self.journal.layers,)
        values = []
        view: Tensor | None = None
        for tensor in results:
            written = id(tensor) in wrote
            at = None if written else _place(tensor, given)
            if at is not None:
                value = held[at]
                if single:
                    tensor = view = tensor.view_as(tensor)
            storage = self.contents.storage(tensor)
            if at is None:
                value = self.contents.of(tensor, storage)
            values.append(value)
            origin = Origin(by, value)
            self.flow.learn(tensor, origin, wrote=written, storage=storage)
        self.journal.add(
            Event(module, path, whole, calls, origins, held, values, step, parameters)
        )
        if wrote:
            returned = {*map(id, results)}
            for tensor in given:
                if id(tensor) in wrote and id(tensor) not in returned:
                    self.flow.learn(tensor, Origin(by, None), wrote=True)
        return view

    def _keep_pieces(
        self,
        module: nn.Module,
        path: str,
        calls: Sequence[Call],
        origins: Sequence[Origin | None],
        held: Sequence[Value],
        results: Sequence[Tensor],
        parameters: Sequence[Tensor],
    ) -> None:
        """Add an event whose every result is a layer."""
        values = [self.contents.of(tensor) for tensor in results]
        event = Event(
            module, path, False, calls, origins, held, values, None, parameters
        )
        first = self.journal.add(event, len(results))
        for k, (tensor, value) in enumerate(zip(results, values, strict=True)):
            self.flow.learn(tensor, Origin((first + k,), value), wrote=False)


def _place(tensor: Tensor, among: Sequence[Tensor]) -> int | None:
    """Return where a very tensor is among others."""
    for at, other in enumerate(among):
        if other is tensor:
            return at
    return None
