"""Seeing every operation of one run, and keeping each result the moment it exists.

A ``TorchFunctionMode`` sees each outermost torch function, operator and method;
wrapped ``forward`` methods keep the module path. Every result is on record at once;
what it holds is copied before anybody writes it, see ``contents``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnviz.core.progress import Check
from cnnviz.probe import vocabulary as words
from cnnviz.probe.contents import Contents, version
from cnnviz.probe.failure import Failed
from cnnviz.probe.flow import Origin
from cnnviz.probe.guard import Untouched
from cnnviz.probe.notes import (
    Event,
    Journal,
    Leaf,
    Noted,
    filled,
    place_of,
    tensors_among,
)
from cnnviz.probe.origins import Origins, changed
from cnnviz.probe.scopes import Scopes, within
from cnnviz.probe.values import Step, Value, tensors_in


class Recorder(TorchFunctionMode):
    """The mode and the wrapper around every ``forward``, for one run.

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

    Attributes
    ----------
    journal
        What is to become a layer, in order.
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
    ) -> None:
        super().__init__()
        self.journal = Journal()
        self.failed: Failed | None = None
        self.stopped: BaseException | None = None
        self.contents = Contents(copying=copying)
        self.origins = Origins(
            scopes,
            before,
            self.journal,
            self.contents,
            copy_weights=copy_weights,
            distrust=distrust,
        )
        self._scopes = scopes
        self._parameters = scopes.parameter_ids
        self._check = check
        for k, tensor in enumerate(inputs):
            origin = Origin((~k,), self.contents.of(tensor))
            self.origins.flow.learn(tensor, origin, wrote=True)

    # -- progress --------------------------------------------------------------

    def _next(self, name: str) -> None:
        """Tell what comes next; a stop stays one whatever the network catches."""
        if self.stopped is None:
            try:
                self._check(self.journal.layers, len(self._scopes.leaves), name)
            except BaseException as stop:
                self.stopped = stop
                raise
        else:
            raise self.stopped

    def _fail(
        self,
        failure: Exception,
        path: str,
        note: Noted | None = None,
        origins: Sequence[Origin | None] = (),
    ) -> None:
        """Remember where a failure was seen first."""
        if self.failed is None or not self.failed.explains(failure):
            self.failed = Failed(failure, path, note, origins)

    # -- modules ---------------------------------------------------------------

    def entered(
        self, module: nn.Module, forward: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run a module's ``forward``; a leaf becomes one layer."""
        path = self._scopes.push(module)
        leaf: Leaf | None = None
        if self.origins.leaf is None and id(module) in self._scopes.leaves:
            self.origins.leaf = leaf = Leaf(args, kwargs)
        try:
            if leaf is not None and isinstance(module, torch.jit.ScriptModule):
                with torch._C.DisableTorchFunction():
                    self._open(leaf)
            result = forward(*args, **kwargs)
            if leaf is not None:
                with torch._C.DisableTorchFunction():
                    if leaf.opened or self._open(leaf):
                        result = self._close(leaf, module, path, result)
        except Exception as failure:
            self._fail(failure, path)
            raise
        finally:
            if leaf is not None:
                self.origins.leaf = None
            self._scopes.pop()
        return result

    def _open(self, leaf: Leaf) -> bool:
        """Note what goes into a leaf; False, and it is none, if that are no data."""
        self.origins.leaf = None
        leaf.given = given = tensors_among(leaf.args, leaf.kwargs)[0]
        frame = self._scopes.pop()  # what came from out of sight came before it
        leaf.origins = origins = [*map(self.origins.of, given)]
        self._scopes.enter(frame)
        if not any(origins):
            return False
        self._next(self._scopes.path)
        leaf.held = self._held(given, origins)
        leaf.opened = True
        self.origins.leaf = leaf
        return True

    def _close(self, leaf: Leaf, module: nn.Module, path: str, result: Any) -> Any:
        """Note what came out of a leaf."""
        results = [result] if isinstance(result, Tensor) else tensors_in(result)
        if not results:
            return result
        values = self._results(results, leaf.given, leaf.held, leaf.written)
        step = leaf.step(results[0])
        event = Event(
            module, path, True, leaf.notes, leaf.origins, leaf.held, values, step
        )
        return self._keep(event, result, results, leaf.given, leaf.written)

    # -- functions -------------------------------------------------------------

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one torch function and note what it did."""
        kwargs = kwargs or {}
        word = words.word(func)
        if word.silent:
            return func(*args, **kwargs)
        given, places = tensors_among(args, kwargs)
        reads = word.reads and not (kwargs.get("inplace") or "out" in kwargs)
        leaf = self.origins.leaf
        if leaf is not None and not leaf.opened and not self._open(leaf):
            leaf = None
        origins = self._origins(word, given)
        if word.writes and given and origins[0] is None:
            self.origins.protect(given[0])
        if not any(origins):
            if not reads:
                self._about_to_write(word, given, kwargs)
            return self._untracked(word, func, args, kwargs, given)
        if leaf is None and word.name not in words.MOVES:
            self._next(within(self._scopes.path, word.name))
        held = self._held(given, origins)
        versions: list[int] | None = None
        if not reads or self.contents.copying:
            self._about_to_write(word, given, kwargs)
            versions = [*map(version, given)]
        own = [t for t in given if id(t) in self._parameters]
        try:
            result = func(*args, **kwargs)
        except Exception as failure:
            path = self._scopes.path
            if leaf is None:
                path = self._scopes.owner(own) or within(path, word.name)
            args, kwargs = filled(args, kwargs, places, held)
            note = Noted(word.name, func, args, kwargs, (), own)
            self._fail(failure, path, note, leaf.origins if leaf else origins)
            raise
        results = [result] if isinstance(result, Tensor) else tensors_in(result)
        written: Sequence[int] = ()
        if versions is not None:
            written = [i for i, n in enumerate(map(version, given)) if n != versions[i]]
            if word.writes:
                written, results = written[:1] or [0], results or given[:1]
            elif given[0].is_inference():
                written = changed(given, held, results)
        if not results:
            if word.name in words.ESCAPES:
                self.origins.escape(given[0])
            return result
        move = word.name in words.MOVES and not written
        if move and self._moved(given[0], origins[0], results[0]):
            return result
        args, kwargs = filled(args, kwargs, places, held)
        note = Noted(word.name, func, args, kwargs, tuple(written), own)
        wrote = {id(given[at]) for at in written}
        if leaf is not None:
            leaf.written |= wrote
            leaf.add(note, results)
            return result
        values = self._results(results, given, held, wrote)
        scopes = self._scopes
        event = Event(
            scopes.module, scopes.path, False, (note,), origins, held, values, None
        )
        return self._keep(event, result, results, given, wrote)

    def _about_to_write(
        self, word: words.Word, given: list[Tensor], kwargs: dict[str, Any]
    ) -> None:
        """Keep what a function may overwrite, and all that an unknown one is given."""
        known = word.reads or word.writes
        if word.writes or kwargs.get("inplace"):
            self.contents.about_to_write(given[:1], exposed=False)
        if not known or "out" in kwargs:
            self.contents.about_to_write(given, exposed=not known)

    def _origins(self, word: words.Word, given: list[Tensor]) -> list[Origin | None]:
        """Return where the arguments come from, as far as their values count."""
        if word.counting == 0:
            return [None] * len(given)
        if word.counting == 1:
            return [self.origins.of(given[0]), *[None] * (len(given) - 1)]
        return [*map(self.origins.of, given)]

    def _untracked(
        self,
        word: words.Word,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: list[Tensor],
    ) -> Any:
        """Run a function on constants; after numpy was used they may carry data."""
        self._scopes.touch(given)
        result = func(*args, **kwargs)
        carries = self.origins.escaped and word.name in words.FROM_OUTSIDE
        if carries and args and isinstance(args[0], (np.ndarray, list)):
            return result
        if all(map(self.origins.is_constant, given)):
            for tensor in tensors_in(result):
                self.origins.flow.constant(tensor)
        return result

    def _moved(self, given: Tensor, origin: Origin | None, result: Tensor) -> bool:
        """Follow a move without effect; False when type or shape changed."""
        if given.dtype != result.dtype or given.shape != result.shape:
            return False
        if origin is not None and isinstance(origin.value, Step):
            assert self.origins.leaf is not None
            self.origins.leaf.same(result, origin.value)
        elif result is not given and origin is not None:
            self.origins.flow.learn(result, origin, wrote=False)
        return True

    # -- keeping ---------------------------------------------------------------

    def _held(
        self, given: Sequence[Tensor], origins: Sequence[Origin | None]
    ) -> list[Any]:
        """Return what tensors hold: values, and steps within a leaf."""
        held = self.origins.held
        return [
            origin.value if origin and origin.value else held(tensor, origin)
            for tensor, origin in zip(given, origins, strict=True)
        ]

    def _results(
        self,
        results: Sequence[Tensor],
        given: Sequence[Tensor],
        held: Sequence[Value],
        wrote: set[int],
    ) -> list[Value]:
        """Return what results hold; arguments left as they were hold what they held."""
        values = []
        for result in results:
            at = None if id(result) in wrote else place_of(result, given)
            values.append(self.contents.of(result) if at is None else held[at])
        return values

    def _keep(
        self,
        event: Event,
        result: Any,
        results: Sequence[Tensor],
        given: Sequence[Tensor],
        wrote: set[int],
    ) -> Any:
        """Add an event, note what its tensors hold from now on, and return its result.

        A layer that hands back the very tensor that came in, as dropout does, returns
        a view of it, which tells the two apart for whoever reads one.
        """
        if isinstance(result, Tensor):
            if id(result) not in wrote and place_of(result, given) is not None:
                result = result.view_as(result)
            results = [result]
        several = not event.whole and event.notes[0].name in words.SPLITS
        first = self.journal.add(event, len(results) if several else 1)
        flow = self.origins.flow
        for k, (tensor, value) in enumerate(zip(results, event.results, strict=True)):
            origin = Origin((first + k if several else first,), value)
            flow.learn(tensor, origin, wrote=id(tensor) in wrote)
        for tensor in given if wrote else ():
            if id(tensor) in wrote.difference(map(id, results)):  # not returned
                flow.learn(tensor, Origin((first,), None), wrote=True)
        return result
