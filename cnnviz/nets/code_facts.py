"""What a Python file says of the networks it builds. It is read, and never run."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnnviz.core.errors import ModelError
from cnnviz.core.models import InputChoices
from cnnviz.nets.candidates import Candidates, candidates
from cnnviz.nets.code_beside import LARGEST, code_beside, digest_of, parsed
from cnnviz.nets.declared import NAMES, declared


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """A Python file that may build a network.

    Attributes
    ----------
    path
        The file.
    digest
        SHA-256 of its content and of all that is ``beside``, in hexadecimal, see
        ``nets.code_beside.digest_of``; ``""`` when it could not be read.
    builders
        Functions, classes and variables that can give a network without arguments,
        the likeliest first.
    reason
        Why there are none; ``""`` when there are.
    plain
        The first builder is the only one of its kind: nobody needs to choose.
    text
        The content of the file, as it was hashed.
    choices, labels
        What the file declares about its input, as far as it stands there literally.
    beside
        Files of its folder and below that it imports, and those that they import:
        they run with it.
    """

    path: Path
    digest: str = ""
    builders: tuple[str, ...] = ()
    reason: str = ""
    plain: bool = False
    text: str = ""
    choices: InputChoices = field(default_factory=InputChoices)
    labels: tuple[str, ...] | None = None
    beside: tuple[Path, ...] = ()

    @property
    def read_with(self) -> tuple[Path, ...]:
        """What is beside, and the file of labels that it names."""
        labels = self.choices.labels
        return self.beside if labels is None else (*self.beside, labels)

    @property
    def builder(self) -> str:
        """The builder to use when none is named.

        Raises
        ------
        ModelError
            There is none, or several could be meant.
        """
        if self.reason:
            raise ModelError(self.reason)
        if not self.plain:
            names = ", ".join(self.builders)
            raise ModelError(
                f"{self.path.name} holds several networks: {names}; say which, as in "
                f"{self.path.name}:{self.builders[0]}"
            )
        return self.builders[0]


def builders_of(path: Path) -> CodeFacts:
    """Read a Python file as text and find what in it builds a network.

    Nothing of the file is run or imported, whatever it holds.
    """
    try:
        content = read_code(path)
    except ModelError as error:
        return CodeFacts(path, reason=str(error))
    return facts_of(path, content)


def read_code(path: Path) -> bytes:
    """Return the content of a Python file.

    Raises
    ------
    ModelError
        It is missing, no file, empty, or too large to be code.
    """
    try:
        if path.is_dir():
            raise ModelError(f"{path} is a folder; a Python file was wanted")
        if path.exists() and not path.is_file():
            raise ModelError(f"{path} is no ordinary file; a Python file was wanted")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise ModelError(f"{path} is larger than {LARGEST // 10**6} MB: no code")
    if not content.strip():
        raise ModelError(f"{path} is empty; code that builds a network was wanted")
    return content


def facts_of(path: Path, content: bytes) -> CodeFacts:
    """Return what the content of a Python file says."""
    beside, text = code_beside(path, content), _text(content)
    digest = digest_of(path, content, beside)
    if text is None:
        return CodeFacts(path, digest, reason=f"{path.name} is not text: no code")
    try:
        tree = parsed(content, path)
    except SyntaxError as error:
        reason = f"{path.name}, line {error.lineno or 1}: {error.msg}"
        return CodeFacts(path, digest, reason=reason, text=text)
    except (ValueError, RecursionError, MemoryError):
        reason = f"{path.name} is nothing that Python can read"
        return CodeFacts(path, digest, reason=reason, text=text)
    found = candidates(statements(tree.body))
    names = found.ordered()
    reason = "" if names else _why_none(path, found)
    said = declared(_constants(tree.body), path.parent)
    return CodeFacts(
        path,
        digest,
        names,
        reason,
        found.is_plain(),
        text,
        said.choices,
        said.labels,
        tuple(beside),
    )


def _text(content: bytes) -> str | None:
    """Decode as Python does; None for what is no text."""
    if b"\0" in content:
        return None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeDecodeError):
        return None


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Go through the statements that an import runs, in order."""
    for statement in body:
        if isinstance(statement, ast.If):
            if not _asks_for_main(statement.test):
                yield from statements((*statement.body, *statement.orelse))
        elif isinstance(statement, ast.Try):
            handlers = [line for case in statement.handlers for line in case.body]
            yield from statements((*statement.body, *handlers, *statement.orelse))
        elif isinstance(statement, ast.With):
            yield from statements(statement.body)
        else:
            yield statement


def _asks_for_main(test: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(test)
    )


def _constants(body: Iterable[ast.stmt]) -> dict[str, object]:
    """Return the literal values of the constants that are read."""
    values: dict[str, object] = {}
    for statement in statements(body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        if name in NAMES:
            try:
                values[name] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                values.pop(name, None)  # known only when it runs
    return values


def _why_none(path: Path, found: Candidates) -> str:
    if found.wanting:
        wants = [f"{name} wants {', '.join(a)}" for name, a in found.wanting.items()]
        return (
            f"{path.name}: nothing in it builds a network without arguments "
            f"({'; '.join(wants)}); add a function build() that returns the network"
        )
    return (
        f"{path.name} has no network in it: expected a function build() or a class "
        "of torch.nn.Module"
    )
