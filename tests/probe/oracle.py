"""What a network computes, seen another way: Python's entry points are replaced.

Every function that torch lets one override, every tensor method, and ``forward`` of
every class of module that is shown as one layer notes its result, copied when it
returns. Only outermost calls count. Data from the input are told by their storage;
all tensors are kept, so that no address is used twice.
"""

import inspect
from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import get_overridable_functions

NO_EFFECT = {
    "detach", "contiguous", "to", "cpu", "float", "double", "half", "bfloat16", "type",
    "type_as", "clone", "expand_as", "view_as", "alias_copy", "positive",
}  # fmt: skip
PIECES = {"chunk", "split", "unbind", "tensor_split"}
FROM_SHAPE = {
    "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like",
    "new_zeros", "new_ones", "new_empty", "new_full",
}  # fmt: skip
IN_PLACE = ("relu_", "leaky_relu_", "elu_", "threshold_", "selu_")
PROPERTIES = ("T", "mT", "H", "mH")


def tensors(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [t for part in value for t in tensors(part)]
    return []


class Oracle:
    """Collects ``(name, results)`` of the outermost calls on data."""

    def __init__(self, inputs):
        self.calls = []
        self.depth = 0
        self.kept = []
        self.tainted = set()
        for x in inputs:
            self.taint(x)

    def taint(self, tensor):
        self.kept.append(tensor)
        self.tainted.add(tensor.untyped_storage().data_ptr())

    def is_data(self, tensor):
        return tensor.untyped_storage().data_ptr() in self.tainted

    def wrap(self, name, function):
        def seen(*args, **kwargs):
            if self.depth:
                return function(*args, **kwargs)
            self.depth += 1
            try:
                return self.note(name, function, args, kwargs)
            finally:
                self.depth -= 1

        seen.__wrapped__ = function
        return seen

    def note(self, name, function, args, kwargs):
        given = tensors(args) + tensors(kwargs)
        data = any(self.is_data(t) for t in given) and name not in FROM_SHAPE
        before = [(t.shape, t.dtype) for t in given[:1]]
        result = function(*args, **kwargs)
        made = tensors(result) or (given[:1] if name == "__setitem__" else [])
        if data and made:
            for t in made:
                self.taint(t)
            same = [(t.shape, t.dtype) for t in made] == before
            if not (same and name.rstrip("_") in NO_EFFECT):
                copies = [t.detach().clone().resolve_conj() for t in made]
                if name in PIECES:
                    self.calls += [(name, [copy]) for copy in copies]
                else:
                    self.calls.append((name, copies))
        return result


def leaf_classes(model):
    """Classes of torch's own modules that are shown as one layer."""
    found = set()
    for module in model.modules():
        cls = next(c for c in type(module).__mro__ if "forward" in vars(c))
        own = cls.__module__.startswith("torch.nn.modules")
        if own and not issubclass(cls, (nn.Sequential, nn.Transformer)):
            children = {n for n, _ in module.named_children()} - {"parametrizations"}
            if not children or issubclass(cls, nn.MultiheadAttention):
                found.add(cls)
    return found


def entry_points():
    """Yield every function and method of torch that works on tensors."""
    known = get_overridable_functions()
    known[torch.nn.functional] += [getattr(F, name) for name in IN_PLACE]
    known[torch] += [getattr(torch, name) for name in IN_PLACE if hasattr(torch, name)]
    for space, functions in known.items():
        ours = set(functions)
        for attribute in dir(space):
            function = inspect.getattr_static(space, attribute)
            hidden = attribute in ("__get__", "__set__", "__len__", "__delete__")
            if not hidden and inspect.isroutine(function) and function in ours:
                yield space, attribute, function


@contextmanager
def watching(model, inputs):
    """Yield an ``Oracle`` that sees what happens in the block."""
    oracle = Oracle(inputs)
    with pytest.MonkeyPatch.context() as patch:
        for space, attribute, function in entry_points():
            wrapped = oracle.wrap(attribute, function)
            patch.setattr(space, attribute, wrapped)
        for name in PROPERTIES:
            getter = inspect.getattr_static(torch.Tensor, name).__get__
            patch.setattr(torch.Tensor, name, property(oracle.wrap(name, getter)))
        for cls in leaf_classes(model):
            patch.setattr(cls, "forward", oracle.wrap(cls.__name__, cls.forward))
        yield oracle


def watched(model, *inputs):
    """Run a network in evaluation mode; returns the calls and what it returned.

    Parameters
    ----------
    inputs
        Tensors without batch axis.
    """
    inputs = [x[None].clone() for x in inputs]
    model.eval()
    with torch.no_grad(), watching(model, inputs) as oracle:
        torch.backends.mha.set_fastpath_enabled(False)  # as overriding functions does
        result = model(*inputs)
    torch.backends.mha.set_fastpath_enabled(True)
    return oracle.calls, result
