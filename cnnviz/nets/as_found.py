"""The process as it was before a person's own code ran in it."""

from __future__ import annotations

import importlib
import io
import os
import random
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from itertools import count
from pathlib import Path
from threading import get_ident
from types import ModuleType

import numpy as np

_OF_SYS = ("argv", "stdin", "stdout", "stderr", "excepthook", "dont_write_bytecode")
_PROTECTED = tuple(
    sysconfig.get_path(name) + os.sep
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
"""Folders of Python and of what is installed, wherever they lie."""

_number = count(1)
_brought: dict[str, ModuleType] = {}
"""Modules that the code run last has brought."""


@contextmanager
def left_as_found(path: Path) -> Iterator[None]:
    """Put the process's settings back that code of a file may change.

    Those of Python: arguments (the file's name meanwhile), standard streams (nothing
    can be read meanwhile), folder, warnings, random numbers, depth of recursion; those
    of torch: default type, threads, determinism, random numbers.
    """
    import torch

    ours = {name: getattr(sys, name) for name in _OF_SYS}
    depth, folder = sys.getrecursionlimit(), _folder()
    dice, drawn = random.getstate(), torch.get_rng_state()
    numbers = np.random.get_state()  # noqa: NPY002 - the code may use it
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    strict = torch.get_deterministic_debug_mode()
    sys.argv, sys.stdin = [str(path)], io.StringIO()
    sys.dont_write_bytecode = True  # nothing appears beside the person's files
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for name, value in ours.items():
            setattr(sys, name, value)
        sys.setrecursionlimit(depth)
        if folder is not None and _folder() != folder:
            os.chdir(folder)
        random.setstate(dice)
        np.random.set_state(numbers)  # noqa: NPY002
        torch.set_rng_state(drawn)
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        if torch.get_deterministic_debug_mode() != strict:  # it imports a compiler
            torch.set_deterministic_debug_mode(strict)


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return None


class Beside(MetaPathFinder):
    """Finds modules of a folder, before those of ``sys.path``, for one thread.

    Another one, such as the window's, that imports ``wave`` for the first time
    meanwhile must not run a ``wave.py`` of the folder.

    Parameters
    ----------
    folder
        Its modules are found.

    Attributes
    ----------
    package
        Name of a package that is the folder, for relative imports.
    """

    def __init__(self, folder: Path) -> None:
        self.package = f"_cnnviz_code_{next(_number)}"
        self._folder = folder
        self._thread: int | None = None

    def answer_here(self) -> None:
        """Answer the calling thread from now on, and no other."""
        self._thread = get_ident()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module that is in no package; a mere folder gives way to others."""
        if path is not None or get_ident() != self._thread:
            return None
        found = PathFinder.find_spec(fullname, [str(self._folder)], target)
        if found is None or found.loader is not None:
            return found
        other = PathFinder.find_spec(fullname, None, target)
        if other is not None and other.loader is not None:
            return other
        found.submodule_search_locations = [str(self._folder / fullname)]
        return found


@contextmanager
def imported_beside(folder: Path) -> Iterator[Beside]:
    """Let modules of a folder be imported, each of them anew.

    Yields what finds them, once a thread has asked it to. Afterwards ``sys.path`` is as
    before, and so is ``sys.modules`` but for what was imported; of what lies in the
    folder only until the next time, and nothing after an error, or what goes by a name
    of Python's or of something installed.
    """
    for name, module in _brought.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
    _brought.clear()
    before, places = dict(sys.modules), list(sys.path)
    here = _names_in(folder)
    for name, module in before.items():
        if lies_in(folder, module) or (name.partition(".")[0] in here and _own(module)):
            del sys.modules[name]
    beside = Beside(folder)
    spec = ModuleSpec(beside.package, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules[spec.name] = module_from_spec(spec)
    importlib.invalidate_caches()
    _find_with([beside])
    ended = False
    try:
        yield beside
        ended = True
    finally:
        _find_with([], beside)
        sys.path[:] = places
        for name, module in _new(folder, spec.name, before).items():
            if ended and not _installed(name):
                _brought[name] = module
            else:
                del sys.modules[name]
        sys.modules.update(before)


def _find_with(more: list[MetaPathFinder], less: MetaPathFinder | None = None) -> None:
    """Ask finders before ``sys.path`` is looked at, and one no longer.

    In a list of its own: other threads may be going through the one there is.
    """
    found = [finder for finder in sys.meta_path if finder is not less]
    at = found.index(PathFinder) if PathFinder in found else len(found)
    sys.meta_path = [*found[:at], *more, *found[at:]]


def _installed(name: str) -> bool:
    """Tell whether a name is also that of a module of Python's, or installed."""
    spec = PathFinder.find_spec(name.partition(".")[0])
    return spec is not None and bool(spec.origin) and not is_own(f"{spec.origin}")


def lies_in(folder: Path, module: ModuleType) -> bool:
    """Tell whether a module is of a folder, and not installed below it."""
    inside = str(folder) + os.sep
    return _own(module) and any(f"{p}".startswith(inside) for p in _places(module))


def is_own(place: str) -> bool:
    """Tell whether a file is of a person's own: not Python's, not installed."""
    installed = "site-packages" in place or "dist-packages" in place
    return not installed and not place.startswith(_PROTECTED)


def _names_in(folder: Path) -> set[str]:
    """Return the modules that could be imported from a folder."""
    return {
        path.stem
        for path in folder.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }


def _places(module: ModuleType) -> list[str]:
    """Return a module's file, or the folders of a package that has none."""
    facts = getattr(module, "__dict__", {})  # asking further could import something
    file = facts.get("__file__")
    found = [file] if file else facts.get("__path__", ())
    return [place for place in found if isinstance(place, str)]


def _own(module: ModuleType) -> bool:
    places = _places(module)
    name = getattr(module, "__name__", "")
    ours = name.partition(".")[0] in ("cnnviz", "__main__")
    return bool(places) and not ours and all(map(is_own, places))


def _new(
    folder: Path, package: str, before: dict[str, ModuleType]
) -> dict[str, ModuleType]:
    """Return the modules of a folder that were imported since."""
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name not in before
        and (name.partition(".")[0] == package or lies_in(folder, module))
    }
