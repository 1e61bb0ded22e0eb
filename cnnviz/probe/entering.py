"""Seeing every module that runs; those shown as one layer become one.

A ``forward`` wrapped on the instance (see ``guard.wrapped``) leads here. It keeps the
module path, and what goes into and comes out of a leaf.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cnnviz.probe import vocabulary as words
from cnnviz.probe.direct import Called, Way
from cnnviz.probe.flow import Origin
from cnnviz.probe.keeping import Keeper
from cnnviz.probe.notes import FIRST, Leaf, tensors_among
from cnnviz.probe.pending import Listed
from cnnviz.probe.replay import Call
from cnnviz.probe.values import tensors_in

_Forward = Callable[..., Any]
_Unseen = torch._C.DisableTorchFunction


class Entering:
    """Follows the modules of one run.

    Parameters
    ----------
    keeper
        Keeps what they do.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._scopes = keeper.scopes
        self._origins = keeper.origins
        self._contents = keeper.contents
        self._pending = keeper.pending
        structure = keeper.scopes.structure
        self._leaves = structure.leaves
        alone = not torch._C._len_torch_function_stack()  # nobody else watches
        self._ways = structure.ways if alone else {}

    def wrapper(self, module: nn.Module, forward: _Forward) -> _Forward:
        """Return what is to run in place of a module's ``forward``."""
        if id(module) not in self._leaves:
            return partial(self._inner, module, forward)
        way = self._ways.get(id(module))
        if way is None:
            return partial(self._leaf, module, forward)
        return partial(self._straight, module, way, forward)

    def _inner(
        self, module: nn.Module, forward: _Forward, *args: Any, **kwargs: Any
    ) -> Any:
        """Run a module of several layers, or one within a layer."""
        path = self._scopes.push(module)
        try:
            return forward(*args, **kwargs)
        except Exception as failure:
            self._keeper.fail(failure, path)
            raise
        finally:
            self._scopes.pop()

    # -- leaves that are one function ------------------------------------------

    def _straight(
        self,
        module: nn.Module,
        way: Way,
        forward: _Forward,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Make a leaf's only call, if it need not be watched for."""
        if (
            len(args) == 1
            and type(args[0]) is Tensor
            and not kwargs
            and self._origins.leaf is None
            and not self._contents.copying
        ):
            with _Unseen():
                done = self._run(module, way, args[0])
                if done is not None:
                    return done
        return self._leaf(module, forward, *args, **kwargs)

    def _run(self, module: nn.Module, way: Way, x: Tensor) -> Tensor | None:
        """Make a leaf's only call, and list it; None if it must be watched."""
        keeper, pending = self._keeper, self._pending
        at = pending.find(x)
        called = None if at is None else self._called(way, module, x)
        if at is None or called is None:
            return None
        function, own, rest, named = called
        if own and not self._origins.are_own(own):
            return None
        path = self._scopes.visit(module)
        keeper.next(path)
        if keeper.budget.limit:
            keeper.bring_back((x,), (pending.value(at),))
        name = words.word(function).name
        writes = bool(named and named["inplace"])
        try:
            if not writes:
                result: Tensor = function(x, *own, *rest, **named)
            elif name in words.CHOOSING and pending.leave(x, at):
                new: Any = function(x, *rest, inplace=False)
                result = x.set_(new)
            elif pending.leave(x, at, copied=True):
                result = function(x, *rest, inplace=True)
            else:
                return self._in_place(module, path, name, function, x, rest, named)
        except Exception as failure:
            if writes and pending.calls:
                pending.come_back(x, at)
            origin, held = self._settled(x)
            known = [t if t is None else self._origins.own_content(t) for t in own]
            call = Call(name, function, (held, *known, *rest), named)
            keeper.fail(failure, path, call, (origin,))
            raise
        if result is x and not writes:
            origin, held = self._settled(x)
            call = Call(name, function, (held, *rest), named)
            return self._kept(module, path, call, origin, x, result)
        pending.add(
            Listed(module, path, name, function, rest, named, (at,), writes, own),
            result,
        )
        return result

    def _in_place(
        self,
        module: nn.Module,
        path: str,
        name: str,
        function: Callable[..., Tensor],
        x: Tensor,
        rest: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Tensor:
        """Make a call that writes into a tensor of which others may know."""
        origin, held = self._settled(x)
        before = x._version
        result: Tensor = self._keeper.in_place(name, function, x, *rest)
        written = () if x._version == before else (0,)
        call = Call(name, function, (held, *rest), named, written)
        return self._kept(module, path, call, origin, x, result)

    def _settled(self, x: Tensor) -> tuple[Origin | None, Any]:
        """Return where a tensor comes from and what it holds, with nothing pending."""
        (origin,), (held,) = self._keeper.settled((x,))
        return origin, held

    def _kept(
        self,
        module: nn.Module,
        path: str,
        call: Call,
        origin: Origin | None,
        x: Tensor,
        result: Tensor,
    ) -> Tensor:
        """Keep a leaf's only call at once."""
        wrote = {id(x)} if call.written else frozenset()
        view = self._keeper.keep(
            module, path, True, (call,), (origin,), call.args[:1], (x,), (result,),
            FIRST, wrote, single=True,
        )  # fmt: skip
        return result if view is None else view

    def _called(self, way: Way, module: nn.Module, x: Tensor) -> Called | None:
        """Return a leaf's only call; it may refuse its input."""
        try:
            return way(module, x)
        except Exception as failure:
            self._keeper.fail(failure, self._scopes.visit(module))
            raise

    # -- leaves that are watched -----------------------------------------------

    def _leaf(
        self, module: nn.Module, forward: _Forward, *args: Any, **kwargs: Any
    ) -> Any:
        """Run a leaf and see what it does."""
        if self._origins.leaf is not None:
            return self._inner(module, forward, *args, **kwargs)
        with _Unseen():
            self._pending.settle()
        path = self._scopes.push(module)
        self._origins.leaf = leaf = Leaf(args, kwargs)
        try:
            if isinstance(module, torch.jit.ScriptModule):
                with _Unseen():
                    self.open(leaf)
            result = forward(*args, **kwargs)
            with _Unseen():
                if leaf.opened or self.open(leaf):
                    result = self._close(leaf, module, path, result)
        except Exception as failure:
            self._keeper.fail(failure, path)
            raise
        finally:
            self._origins.leaf = None
            self._scopes.pop()
        return result

    def open(self, leaf: Leaf) -> bool:
        """Note what goes into a leaf; False, and it is none, if that are no data."""
        self._origins.leaf = None
        leaf.given = given = tensors_among(leaf.args, leaf.kwargs)[0]
        frame = self._scopes.pop()  # what came from out of sight came before it
        leaf.origins = origins = [*map(self._origins.of, given)]
        self._scopes.enter(frame)
        if not any(origins):
            return False
        self._keeper.next(frame[1])
        leaf.held = self._keeper.held(given, origins)
        leaf.opened = True
        self._origins.leaf = leaf
        return True

    def _close(self, leaf: Leaf, module: nn.Module, path: str, result: Any) -> Any:
        """Note what came out of a leaf."""
        results = [result] if isinstance(result, Tensor) else tensors_in(result)
        if not results:
            return result
        view = self._keeper.keep(
            module,
            path,
            True,
            leaf.calls,
            leaf.origins,
            leaf.held,
            leaf.given,
            results,
            leaf.step(results[0]),
            leaf.written,
            single=isinstance(result, Tensor),
        )
        return result if view is None else view
