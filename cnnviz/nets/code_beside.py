"""Files of a folder that code imports, which run with it: told from its text."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.machinery import all_suffixes
from pathlib import Path

LARGEST = 4_000_000
"""Bytes of a file that may still be code a person wrote."""

_ENDINGS = frozenset(all_suffixes())
"""Of files that can be imported: source, bytecode, and extensions."""


def code_beside(path: Path, content: bytes) -> dict[Path, bytes]:
    """Return the files beside code that it imports, and those that they import.

    Meant are ``import`` statements anywhere in a file, plain or relative. What is
    found only while code runs (by ``importlib``, or in other folders) is not known
    from its text, and not among them. Nothing is run.

    Parameters
    ----------
    path
        The file; its folder is where plain imports look first.
    content
        What is in it.

    Returns
    -------
    dict
        Path and content, sorted by path; ``b""`` for a file that cannot be read.
    """
    path = path.resolve()
    home, found = path.parent, dict[Path, bytes]()
    modules = cache(_modules)
    waiting = [(path, content)]
    while waiting:
        by, text = waiting.pop()
        for level, name in _imports(text):
            start = home if level == 0 else by.parents[min(level, len(by.parents)) - 1]
            if not start.is_relative_to(home):
                continue
            for part in name.split("."):
                here = modules(start)
                for each in here if part == "*" else (part,):
                    inside = modules(start / each).get("__init__", ())
                    for file in (*here.get(each, ()), *inside):
                        if file != path and file not in found:
                            found[file] = _content(file)
                            waiting.append((file, found[file]))
                start /= part
    return dict(sorted(found.items()))


def digest_of(path: Path, content: bytes, beside: Mapping[Path, bytes]) -> str:
    """Return the SHA-256 of code and of the files that run with it, in hexadecimal.

    Of code alone it is that of its bytes. Each file beside adds its place and its own
    SHA-256, set apart by NUL, which no Python file may hold.
    """
    home, whole = path.resolve().parent, hashlib.sha256(content)
    for file, other in beside.items():
        place, own = (
            file.relative_to(home).as_posix(),
            hashlib.sha256(other).hexdigest(),
        )
        whole.update(f"\0{place}\0{own}".encode(errors="surrogateescape"))
    return whole.hexdigest()


def parsed(content: bytes, path: Path) -> ast.Module:
    """Return what stands in a Python file.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        It is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(content, str(path))


@lru_cache(maxsize=1024)
def _imports(content: bytes) -> tuple[tuple[int, str], ...]:
    """Return the level and the dotted name of each import that code may do.

    Of ``from a import b``, b may be a module too.
    """
    if len(content) > LARGEST:
        return ()
    try:
        tree = parsed(content, Path())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found: dict[tuple[int, str], None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= dict.fromkeys((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            front = f"{node.module}." if node.module else ""
            found |= dict.fromkeys((node.level, front + a.name) for a in node.names)
    return tuple(found)


def _modules(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a folder by the module that they are; none for a folder."""
    found: dict[str, list[Path]] = {}
    for entry in _entries(folder):
        name, dot, ending = entry.name.partition(".")
        if not dot:
            found.setdefault(name, [])
        elif dot + ending in _ENDINGS and entry.is_file():
            found.setdefault(name, []).append(entry)
    return found


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:  # it is none
        return


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
