"""Seeing every module that runs; those shown as one layer become one.

A ``forward`` wrapped on the instance (see ``guard.wrapped``) leads here. It keeps the
module path, and what goes into and comes out of a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

import torch
from torch import Tensor, nn

from cnnviz.probe import vocabulary as words
from cnnviz.probe.direct import Called, Way
from cnnviz.probe.flow import Origin
from cnnviz.probe.keeping import Keeper
from cnnviz.probe.notes import FIRST, Leaf, Noted, filled, tensors_among
from cnnviz.probe.values import tensors_in


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
        structure = keeper.scopes.structure
        self._leaves = structure.leaves
        self._ways: dict[int, Way] = {}
        if not torch._C._len_torch_function_stack():  # nobody else watches
            self._ways = structure.ways

    def entered(
        self, module: nn.Module, forward: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run a module's ``forward``; a leaf becomes one layer."""
        path = self._scopes.push(module)
        try:
            if self._origins.leaf is not None or id(module) not in self._leaves:
                return forward(*args, **kwargs)
            way = self._ways.get(id(module))
            if way and len(args) == 1 and not kwargs and not self._contents.copying:
                with torch._C.DisableTorchFunction():
                    origin = self._origin(args[0])
                    call = origin and way(module, args[0])
                    if origin and call:
                        return self._run(call, module, path, args[0], origin)
            return self._watch(module, path, forward, args, kwargs)
        except Exception as failure:
            self._keeper.fail(failure, path)
            raise
        finally:
            self._scopes.pop()

    # -- leaves that are one function ------------------------------------------

    def _origin(self, x: Any) -> Origin | None:
        """Return where an input comes from whose writes are counted."""
        return (
            None if type(x) is not Tensor or x.is_inference() else self._origins.of(x)
        )

    def _run(
        self, call: Called, module: nn.Module, path: str, x: Tensor, origin: Origin
    ) -> Tensor:
        """Make a leaf's only call, and note it."""
        keeper = self._keeper
        keeper.next(path)
        func, args, kwargs = call
        given, places = tensors_among(args, kwargs)
        held: list[Any] = [self._origins.held(x, origin)]
        held += map(self._origins.constant, given[1:])
        args_held, kwargs_held = filled(args, kwargs, places, held)
        name = words.word(func).name
        note = Noted(name, func, args_held, kwargs_held, (), ())
        origins = (origin,)
        before = x._version
        if kwargs.get("inplace"):
            self._contents.about_to_write((x,), exposed=False)
        try:
            result: Tensor = func(*args, **kwargs)
        except Exception as failure:
            keeper.fail(failure, path, note, origins)
            raise
        wrote: Set[int] = frozenset()
        if x._version != before:
            note, wrote = note._replace(written=(0,)), {id(x)}
        view = keeper.keep(
            module,
            path,
            True,
            (note,),
            origins,
            held[:1],
            (x,),
            (result,),
            FIRST,
            wrote,
            single=True,
        )
        return result if view is None else view

    # -- leaves that are watched -----------------------------------------------

    def _watch(
        self,
        module: nn.Module,
        path: str,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Run a leaf and see what it does."""
        self._origins.leaf = leaf = Leaf(args, kwargs)
        try:
            if isinstance(module, torch.jit.ScriptModule):
                with torch._C.DisableTorchFunction():
                    self.open(leaf)
            result = forward(*args, **kwargs)
        finally:
            self._origins.leaf = None
        with torch._C.DisableTorchFunction():
            if leaf.opened or self.open(leaf):
                self._origins.leaf = None
                return self._close(leaf, module, path, result)
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
            leaf.notes,
            leaf.origins,
            leaf.held,
            leaf.given,
            results,
            leaf.step(results[0]),
            leaf.written,
            single=isinstance(result, Tensor),
        )
        return result if view is None else view
