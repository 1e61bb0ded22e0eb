"""What to say when a person's own code failed."""

from __future__ import annotations

import importlib.util
import traceback
from pathlib import Path

from cnnviz.nets.as_found import is_own

_LONGEST = 400
_PACKAGES = {
    "cv2": "opencv-python",
    "PIL": "pillow",
    "pl_bolts": "lightning-bolts",
    "pytorch_lightning": "pytorch-lightning",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""What to install for a module of another name."""


def said_of(error: BaseException, path: Path, package: str) -> str:
    """Put into a sentence what code of a file raised.

    Parameters
    ----------
    error
        What it raised, at which line of which file.
    path
        The file that was run.
    package
        The package that its folder was, see ``nets.as_found.imported_beside``.
    """
    where = _where(error, path)
    match error:
        case ModuleNotFoundError(name=str(name)):
            return f"{where} needs {_missing(name, package)}"
        case SyntaxError(msg=words, lineno=line, filename=file) if file:
            return f"{Path(file).name}, line {line or 1}: {words}"
        case SystemExit(code=code):
            words = "" if code is None else f" ({_short(str(code))})"
            return f"{where} asked the whole program to end{words}; nothing was built"
        case EOFError():
            return f"{where} asked for something to be typed in, which nobody can here"
        case MemoryError():
            return f"{where}: there is not enough memory"
    words = _short(str(traceback.TracebackException.from_exception(error)))
    kind = type(error).__name__
    return f"{where}: {kind}: {words}" if words else f"{where}: {kind}"


def _where(error: BaseException, path: Path) -> str:
    """Name the last line that ran of the file, or of another one of its folder."""
    folder, found = path.resolve().parent, path.name
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file == path or (file.is_relative_to(folder) and is_own(str(file))):
            found = f"{file.name}, line {line},"
    return found.rstrip(",") if not isinstance(error, ModuleNotFoundError) else found


def _missing(name: str, package: str) -> str:
    """Say which module is missing, and where to get it."""
    first, _, rest = name.partition(".")
    if first == package:
        return f"{rest.replace('.', '/')}.py beside it, which is not there"
    if rest and importlib.util.find_spec(first) is not None:
        return f"{name}, which the {first} installed here has not"
    install = _PACKAGES.get(first, first)
    return f"the package {first}, which is not installed: pip install {install}"


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
