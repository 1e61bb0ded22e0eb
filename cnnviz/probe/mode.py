"""Seeing every operation of one run, and keeping each result the moment it exists.

A ``TorchFunctionMode`` sees each outermost torch function, operator and method;
wrapped ``forward`` methods keep the module path. Every result is copied at once, so
that nothing later, in place or not, changes it.
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
from cnnviz.probe.failure import Failed
from cnnviz.probe.flow import Origin, version
from cnnviz.probe.guard import Untouched
from cnnviz.probe.notes import (
    Argument,
    Event,
    Journal,
    Leaf,
    Noted,
    apart,
    arguments,
    call_of,
    captured,
)
from cnnviz.probe.origins import Origins, changed
from cnnviz.probe.scopes import Scopes, within
from cnnviz.probe.values import Step, capture, tensors_in


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
        distrust: bool,
    ) -> None:
        super().__init__()
        self.journal = Journal()
        self.failed: Failed | None = None
        self.stopped: BaseException | None = None
        self.origins = Origins(
            scopes,
            before,
            self.journal,
            copy_weights=copy_weights,
            distrust=distrust,
        )
        self._scopes = scopes
        self._parameters = scopes.parameter_ids
        self._check = check
        for k, tensor in enumerate(inputs):
            origin = Origin((~k,), capture(tensor))
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
        before: Sequence[Argument] = (),
    ) -> None:
        """Remember where a failure was seen first."""
        if self.failed is None or not self.failed.explains(failure):
            self.failed = Failed(failure, path, note, before)

    # -- modules ---------------------------------------------------------------

    def entered(
        self, module: nn.Module, forward: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run a module's ``forward``; a leaf becomes one layer."""
        alone = self.origins.leaf is None and id(module) in self._scopes.leaves
        given: list[Tensor] = []
        if alone:
            with torch._C.DisableTorchFunction():
                given = tensors_in((args, kwargs) if kwargs else args)
                origins = [*map(self.origins.of, given)]
                alone = any(origins)
        path = self._scopes.push(module)
        try:
            if alone:
                return self._run_leaf(module, forward, args, kwargs, given, origins)
            return forward(*args, **kwargs)
        except Exception as failure:
            self._fail(failure, path)
            raise
        finally:
            self._scopes.pop()

    def _run_leaf(
        self,
        module: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: Sequence[Tensor],
        origins: Sequence[Origin | None],
    ) -> Any:
        """Run a module that is shown as one layer, and note it."""
        path = self._scopes.path
        with torch._C.DisableTorchFunction():
            self._next(path)
            before = arguments(origins, [*map(self.origins.held, given, origins)])
        self.origins.leaf = leaf = Leaf(before)
        try:
            result = forward(*args, **kwargs)
        finally:
            self.origins.leaf = None
        with torch._C.DisableTorchFunction():
            results = tensors_in(result)
            if results:
                step = leaf.step(results[0])
                values = captured(results, given, before, leaf.written)
                event = Event(module, path, True, leaf.notes, before, values, step)
                result = apart(result, given, leaf.written)
                self._keep(event, given, tensors_in(result), leaf.written)
        return result

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
        given = tensors_in((args, kwargs) if kwargs else args)
        origins = self._origins(word, given)
        if word.writes and given and origins[0] is None:
            self.origins.protect(given[0])
        if not any(origins):
            return self._untracked(word, func, args, kwargs, given)
        leaf, path = self.origins.leaf, self._scopes.path
        if leaf is None and word.name not in words.MOVES:
            self._next(within(path, word.name))
        held = [*map(self.origins.held, given, origins)]
        versions = [*map(version, given)]
        own = [t for t in given if id(t) in self._parameters]
        try:
            result = func(*args, **kwargs)
        except Exception as failure:
            if leaf is None:
                path = self._scopes.owner(own) or within(path, word.name)
            note = Noted(word.name, call_of(func, args, kwargs, held), own)
            before = arguments(origins, held) if leaf is None else leaf.before
            self._fail(failure, path, note, before)
            raise
        results = tensors_in(result)
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
        note = Noted(word.name, call_of(func, args, kwargs, held, written), own)
        wrote = {id(given[at]) for at in written}
        if leaf is not None:
            leaf.add(note, results, wrote)
            return result
        before = arguments(origins, held)
        values = captured(results, given, before, wrote)
        module = self._scopes.module
        event = Event(module, path, False, (note,), before, values, None)
        if isinstance(result, Tensor):
            result = apart(result, given, wrote)
            results = [result]
        self._keep(event, given, results, wrote)
        return result

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
            self.origins.leaf.put(result, origin)
        elif result is not given and origin is not None:
            self.origins.flow.learn(result, origin, wrote=False)
        return True

    # -- keeping ---------------------------------------------------------------

    def _keep(
        self,
        event: Event,
        given: Sequence[Tensor],
        results: Sequence[Tensor],
        wrote: set[int],
    ) -> None:
        """Add an event, and note what its tensors hold from now on."""
        several = not event.whole and event.notes[0].name in words.SPLITS
        first = self.journal.add(event, len(results) if several else 1)
        flow = self.origins.flow
        for k, (tensor, value) in enumerate(zip(results, event.results, strict=True)):
            origin = Origin((first + k if several else first,), value)
            flow.learn(tensor, origin, wrote=id(tensor) in wrote)
        for tensor in given if wrote else ():
            if id(tensor) in wrote.difference(map(id, results)):  # not returned
                flow.learn(tensor, Origin((first,), None), wrote=True)
