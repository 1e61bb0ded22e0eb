"""Seeing every operation of one run, and keeping each result the moment it exists.

A ``TorchFunctionMode`` sees each outermost torch function, operator and method. Every
result is on record at once; what it holds is copied before anybody writes it, see
``contents``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from cnnviz.probe import vocabulary as words
from cnnviz.probe.contents import version
from cnnviz.probe.entering import Entering
from cnnviz.probe.flow import Origin
from cnnviz.probe.keeping import Keeper
from cnnviz.probe.notes import filled, tensors_among
from cnnviz.probe.origins import changed
from cnnviz.probe.pending import Listed
from cnnviz.probe.replay import Call
from cnnviz.probe.scopes import within
from cnnviz.probe.values import Step, mapped, tensors_in

_NOTHING: Set[int] = frozenset()
_UNDONE = object()


class Functions(TorchFunctionMode):
    """Sees the torch functions of one run.

    Parameters
    ----------
    keeper
        Keeps what they do.
    modules
        Knows in which module they run.
    """

    def __init__(self, keeper: Keeper, modules: Entering) -> None:
        super().__init__()
        self._keeper = keeper
        self._modules = modules
        self._scopes = keeper.scopes
        self._origins = keeper.origins
        self._contents = keeper.contents
        self._pending = keeper.pending

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
        keeper, leaf = self._keeper, self._origins.leaf
        given, places = tensors_among(args, kwargs)
        updated = _updated(word.name, args, kwargs)
        if word.plain and leaf is None and not (updated or self._contents.copying):
            done = self._listed(word, func, args, kwargs, given, places)
            if done is not _UNDONE:
                return done
        self._pending.settle()
        reads = word.reads and not (updated or kwargs.get("inplace") or "out" in kwargs)
        if leaf is not None and not leaf.opened and not self._modules.open(leaf):
            leaf = None
        origins = self._came_from(word, given)
        if word.writes and given and origins[0] is None:
            self._origins.protect(given[0])
        if not any(origins):
            if not reads:
                self._about_to_write(word, given, kwargs)
            return self._untracked(word, func, args, kwargs, given)
        if leaf is None and word.name not in words.MOVES:
            keeper.next(within(self._scopes.path, word.name))
        held = keeper.held(given, origins)
        if leaf is not None:
            leaf.join(given, origins, held)
        versions: list[int] | None = None
        in_place = word.name in words.CHOOSING and [*kwargs] == ["inplace"]
        if not reads or self._contents.copying:
            versions = [*map(version, given)]
            if not in_place:
                self._about_to_write(word, given, kwargs)
                self._contents.about_to_write(updated, exposed=False)
        own = [t for t in given if id(t) in keeper.parameters]
        try:
            if in_place and kwargs["inplace"]:
                result = keeper.in_place(word.name, func, *args)
            else:
                result = func(*args, **kwargs)
        except Exception as failure:
            path = self._scopes.path
            if leaf is None:
                path = self._scopes.owner(own) or within(path, word.name)
            call = Call(word.name, func, *filled(args, kwargs, places, held))
            keeper.fail(failure, path, call, leaf.origins if leaf else origins)
            raise
        for tensor in updated:
            torch.autograd.graph.increment_version(tensor)
        results = [result] if isinstance(result, Tensor) else tensors_in(result)
        written: Sequence[int] = ()
        wrote = _NOTHING
        if versions is not None:
            written = [i for i, n in enumerate(map(version, given)) if n != versions[i]]
            if word.writes:
                written, results = written[:1] or [0], results or given[:1]
            elif given[0].is_inference():
                written = changed(given, held, results)
            wrote = {id(given[at]) for at in written}
        if not results:
            if word.name in words.ESCAPES:
                keeper.escape(given[0], held[0])
            return result
        move = word.name in words.MOVES and not written
        if move and self._moved(given[0], origins[0], results[0]):
            return result
        args, kwargs = filled(args, kwargs, places, held)
        call = Call(word.name, func, args, kwargs, tuple(written))
        if leaf is not None:
            leaf.add(call, results, wrote)
            return result
        module, path, _ = self._scopes.frame
        view = keeper.keep(
            module,
            path,
            False,
            (call,),
            origins,
            held,
            given,
            results,
            None,
            wrote,
            single=isinstance(result, Tensor),
            parameters=own,
        )
        return result if view is None else view

    def _listed(
        self,
        word: words.Word,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: list[Tensor],
        places: Sequence[int | str] | None,
    ) -> Any:
        """Run a function that makes a tensor of data, to be looked at later.

        ``_UNDONE`` if it may do more, and was not run.
        """
        keeper, pending, name = self._keeper, self._pending, word.name
        nodes = None if "out" in kwargs else pending.find_all(given)
        if nodes is None:
            return _UNDONE
        wrote = bool(kwargs.get("inplace"))
        if wrote and not (
            name in words.CHOOSING
            and len(kwargs) == 1
            and args
            and given[0] is args[0]
            and pending.leave(given[0], nodes[0])
        ):
            return _UNDONE
        module, path, _ = self._scopes.frame
        keeper.next(within(path, name))
        if keeper.budget.limit:
            keeper.bring_back(given, [*map(pending.value, nodes)])
        try:
            if wrote:
                result = given[0].set_(func(*args, inplace=False))
            else:
                result = func(*args, **kwargs)
        except Exception as failure:
            if wrote:
                pending.come_back(given[0], nodes[0])
            origins, held = keeper.settled(given)
            call = Call(name, func, *filled(args, kwargs, places, held))
            keeper.fail(failure, within(path, name), call, origins)
            raise
        if places is None:  # lists may grow until they are looked at
            args, kwargs = mapped((args, kwargs), Tensor, _itself)
        if type(result) is Tensor and (wrote or not _is_among(result, given)):
            pending.add(
                Listed(
                    module, path, name, func, args, kwargs, nodes, wrote, None, places
                ),
                result,
            )
            return result
        results = tensors_in(result)
        if not results:
            return result
        origins, held = keeper.settled(given)
        calls = (Call(name, func, *filled(args, kwargs, places, held)),)
        single = isinstance(result, Tensor)
        view = keeper.keep(
            module, path, False, calls, origins, held, given, results, None, _NOTHING,
            single=single,
        )  # fmt: skip
        return result if view is None else view

    def _about_to_write(
        self, word: words.Word, given: list[Tensor], kwargs: dict[str, Any]
    ) -> None:
        """Keep what a function may overwrite, and all that an unknown one is given."""
        known = word.reads or word.writes
        if word.writes or kwargs.get("inplace"):
            self._contents.about_to_write(given[:1], exposed=False)
        if not known or "out" in kwargs:
            self._contents.about_to_write(given, exposed=not known)

    def _came_from(self, word: words.Word, given: list[Tensor]) -> list[Origin | None]:
        """Return where the arguments come from, as far as their values count."""
        if word.counting == 0:
            return [None] * len(given)
        if word.counting == 1:
            return [self._origins.of(given[0]), *[None] * (len(given) - 1)]
        return [*map(self._origins.of, given)]

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
        carries = self._origins.escaped and word.name in words.FROM_OUTSIDE
        if carries and args and isinstance(args[0], (np.ndarray, list)):
            return result
        if all(map(self._origins.is_constant, given)):
            for tensor in tensors_in(result):
                self._keeper.flow.constant(tensor)
        return result

    def _moved(self, given: Tensor, origin: Origin | None, result: Tensor) -> bool:
        """Follow a move without effect; False when type or shape changed."""
        if given.dtype != result.dtype or given.shape != result.shape:
            return False
        if origin is not None and isinstance(origin.value, Step):
            assert self._origins.leaf is not None
            self._origins.leaf.same(result, origin.value)
        elif result is not given and origin is not None:
            self._keeper.flow.learn(result, origin, wrote=False)
        return True


def _updated(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Sequence[Tensor]:
    """Return the statistics that a function writes into without telling."""
    if name not in words.UPDATING or not kwargs.get(words.UPDATING[name]):
        return ()
    stats = [each for each in args[1:3] if isinstance(each, Tensor)]
    return [each for each in stats if not each.is_inference()]


def _itself(tensor: Tensor) -> Tensor:
    return tensor


def _is_among(tensor: Tensor, others: Sequence[Tensor]) -> bool:
    """Tell whether a very tensor is among others."""
    return any(tensor is other for other in others)
