"""Networks that a Python file of the person's own builds, once they said yes to it."""

from __future__ import annotations

import inspect
import random
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.core.errors import ModelError
from cnnviz.core.models import InputChoices
from cnnviz.core.progress import Check
from cnnviz.nets.as_found import Beside, imported_beside, left_as_found
from cnnviz.nets.aside import Failed, run_aside
from cnnviz.nets.code_facts import CodeFacts, builders_of, facts_of, read_code
from cnnviz.nets.code_words import said_of
from cnnviz.nets.declared import declared

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Built", "CodeFacts", "builders_of", "run_builder"]

SEED = 0
"""Of the random weights, so that the same file builds the same network."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A network that code built.

    Attributes
    ----------
    module
        As the code left it: on its device, in its mode, of its type.
    title
        The module's class.
    choices, labels
        What the code declares about its input, see ``nets.declared``.
    notes
        A sentence for each declaration that says nothing usable.
    """

    module: nn.Module
    title: str
    choices: InputChoices = field(default_factory=InputChoices)
    labels: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def run_builder(path: Path, builder: str, digest: str, check: Check) -> Built:
    """Run a Python file and the builder in it.

    The file runs with all rights of the person's account, and so does what it imports;
    nothing here confines it. A process that it ends (``os._exit``, a crash) is ended.

    Parameters
    ----------
    path
        The file. Modules beside it can be imported, plainly or relatively, and are
        imported anew each time.
    builder
        A function or class, called without arguments, or a variable; ``""`` for the
        one that is plainly meant.
    digest
        What the person said yes to: that of ``CodeFacts``, of the file and of those
        beside that it imports.
    check
        Called several times a second; when it raises, the code is told to stop and
        is not waited for.

    Raises
    ------
    ModelError
        The content is another one, and nothing was run; or the code failed; or it
        gave no module.
    Cancelled
        Raised by ``check``.
    """
    content = read_code(path)
    if not digest:
        raise ModelError(f"{path.name} was not run: nobody has said yes to it")
    facts = facts_of(path, content)
    if facts.digest != digest:
        names = ", ".join(file.name for file in facts.beside)
        which = f"{path.name} or what it imports ({names})" if names else path.name
        raise ModelError(
            f"{which} has changed since you said yes to it; nothing of it was run"
        )
    path = path.absolute()
    name = builder or facts.builder
    what = f"running {path.name}"
    check(0, 0, what)
    with left_as_found(path), imported_beside(path.resolve().parent) as beside:
        ended = run_aside(lambda: _run(content, path, name, beside), check, what)
        if isinstance(ended, Failed):
            if isinstance(ended.error, _UnfitError):
                raise ModelError(str(ended.error)) from ended.error
            raise ModelError(
                said_of(ended.error, path, beside.package)
            ) from ended.error
    return ended


class _UnfitError(Exception):
    """What a file has under the builder's name gives no network; says why."""


def _run(content: bytes, path: Path, name: str, beside: Beside) -> Built:
    """Run the very content a person said yes to, as a module made for it."""
    import torch

    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - the code may use it
    torch.manual_seed(SEED)
    beside.answer_here()
    file = ModuleType(f"{beside.package}.{path.stem}")
    file.__file__, file.__package__ = str(path), beside.package
    sys.modules[file.__name__] = file
    exec(compile(content, str(path), "exec", dont_inherit=True), vars(file))  # noqa: S102
    if not hasattr(file, name):
        raise _UnfitError(f"{path.name} has nothing called {name}")
    found = _made(getattr(file, name), f"{name} of {path.name}")
    said = declared(vars(file), path.parent)
    return Built(found, type(found).__name__, said.choices, said.labels, said.notes)


def _made(builder: Any, what: str) -> nn.Module:
    """Return the module that a builder gives."""
    import torch
    from torch import nn

    found = builder
    if not isinstance(builder, nn.Module):
        if not callable(builder):
            raise _UnfitError(
                f"{what} is {_kind(builder)}; expected a function or a class that "
                "builds a network"
            )
        with suppress(ValueError):  # it does not tell its arguments
            try:
                inspect.signature(builder).bind()
            except TypeError as error:
                raise _UnfitError(
                    f"{what} is called without arguments: {error}"
                ) from error
        found = builder()
        what = f"{what} returned"
        if isinstance(found, type) and issubclass(found, nn.Module):
            found = found()
    if isinstance(found, nn.DataParallel):
        found = found.module
    found = getattr(found, "_orig_mod", found)  # torch.compile wraps it
    if isinstance(found, torch.jit.ScriptModule):
        raise _UnfitError(
            f"{what} TorchScript, which hides what it computes; expected the module "
            "before torch.jit"
        )
    if not isinstance(found, nn.Module):
        raise _UnfitError(f"{what} {_kind(found)}; expected a torch.nn.Module")
    return found


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return f"a tuple of ({', '.join(type(v).__name__ for v in value)})"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"an object of the type {type(value).__name__}"
