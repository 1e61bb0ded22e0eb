"""Which statements of a Python file could give a network, told from their text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

CONVENTIONS = ("build", "build_model", "get_model", "create_model", "make_model")
"""Functions that build a network by their name alone, the likeliest first."""

_VARIABLES = ("model", "net", "network")
_MAKER = re.compile(
    r"(build|make|create|get|load|init|new)_?.*(model|net|network|cnn|tcn|classifier)",
    re.IGNORECASE,
)
_BASE = re.compile(
    r"(Module|Sequential|Net(V?\d+)?(_\w+)?|Network|VGG|Inception3|CNN|TCN"
    r"|Transformer|Classifier)$"
)


@dataclass(slots=True)
class Candidates:
    """What of a file could give a network without arguments.

    Attributes
    ----------
    conventional, makers, variables
        Names of functions known by convention, of other functions whose name says
        that they make a network, and of variables.
    classes
        Classes of modules.
    parts
        Those among them that another module of the file is made of.
    wanting
        What could give one, but wants arguments.
    """

    conventional: list[str] = field(default_factory=list)
    makers: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    wanting: dict[str, list[str]] = field(default_factory=dict)

    def ordered(self) -> tuple[str, ...]:
        """Return all names, the likeliest first."""
        return tuple(dict.fromkeys(name for group in self._groups() for name in group))

    def is_plain(self) -> bool:
        """Tell whether the likeliest is the only one of its kind."""
        first = next((group for group in self._groups() if group), [])
        return bool(self.conventional) or len(first) == 1

    def _groups(self) -> tuple[list[str], ...]:
        conventional = sorted(self.conventional, key=CONVENTIONS.index)
        # a whole stands below its parts
        classes, parts = self.classes[::-1], self.parts[::-1]
        return conventional, self.makers, classes, self.variables, parts


def candidates(statements: Iterable[ast.stmt]) -> Candidates:
    """Sort what a file defines, given the statements that an import runs, in order."""
    found = Candidates()
    modules: dict[str, tuple[ast.ClassDef, list[str]]] = {}
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name, args=arguments):
                if name in CONVENTIONS:
                    _sort(found, found.conventional, name, _required(arguments))
                elif _MAKER.match(name):
                    _sort(found, found.makers, name, _required(arguments))
            case ast.ClassDef(name=name):
                bases = [_last_name(base) for base in statement.bases]
                known = [modules[base] for base in bases if base in modules]
                if known or any(map(_BASE.search, bases)):
                    inherited = known[0][1] if known else []
                    modules[name] = statement, _init(statement, inherited)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                makes = isinstance(value, ast.Lambda) and not _required(value.args)
                if name in CONVENTIONS and (makes or isinstance(value, ast.Call)):
                    found.conventional.append(name)
                elif name in _VARIABLES and isinstance(value, ast.Call):
                    found.variables.append(name)
    for name, (definition, required) in modules.items():
        others = (other for other, _ in modules.values() if other is not definition)
        part = any(name in _names_in(other) for other in others)
        _sort(found, found.parts if part else found.classes, name, required)
    return found


def _sort(found: Candidates, kind: list[str], name: str, required: list[str]) -> None:
    if required:
        found.wanting[name] = required
    else:
        kind.append(name)


def _names_in(definition: ast.ClassDef) -> set[str]:
    """Return what the body of a class names."""
    nodes = (node for part in definition.body for node in ast.walk(part))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _init(definition: ast.ClassDef, inherited: list[str]) -> list[str]:
    """Return the arguments that making one requires."""
    for part in definition.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            return _required(part.args)[1:]
    return inherited


def _last_name(base: ast.expr) -> str:
    match base:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _required(arguments: ast.arguments) -> list[str]:
    """Return the names of arguments that have no default."""
    plain = [*arguments.posonlyargs, *arguments.args]
    required = plain[: len(plain) - len(arguments.defaults)]
    keywords = [
        argument
        for argument, default in zip(
            arguments.kwonlyargs, arguments.kw_defaults, strict=True
        )
        if default is None
    ]
    return [argument.arg for argument in (*required, *keywords)]
