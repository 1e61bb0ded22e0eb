"""Which network and which sample the command line means, decided without opening."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cnnviz.app.face import file_meant, model_of, split_builder
from cnnviz.app.kinds import is_code, is_weights
from cnnviz.core.errors import ModelError
from cnnviz.core.models import NOTHING_SAID, FileSpec, InputChoices, Model, ModelSpec
from cnnviz.nets.catalog import find


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Attributes
    ----------
    file
        Picture or table; None for a bundled sample.
    name
        Of the catalogue; ``""`` for another network, or for the one that suits.
    weights, code
        Files of a network of the person's own; of a ``name`` only weights.
    builder
        What in the code builds it; ``""`` for the one that is plainly meant.
    choices
        What was said about its input.
    """

    file: Path | None = None
    name: str = ""
    weights: Path | None = None
    code: Path | None = None
    builder: str = ""
    choices: InputChoices = NOTHING_SAID

    @property
    def own(self) -> bool:
        """Whether it is a network of the person's own."""
        return self.weights is not None or self.code is not None

    @property
    def first(self) -> Path | None:
        """The file by which things about the network are remembered."""
        return self.code or self.weights

    def model(self, trust: bool) -> Model:
        """Return the network, to be run without asking anybody.

        Raises
        ------
        ModelError
            It is code, and ``trust`` is False; or there is no network in the code.
        """
        choices = self.choices
        if self.code is not None:
            code = f"{self.code}:{self.builder}" if self.builder else str(self.code)
            if self.weights is None:
                return model_of(code, None, trust, choices)
            return model_of(self.weights, code, trust, choices)
        if self.weights is not None:
            spec = FileSpec(self.weights, architecture=self.name, choices=choices)
            return spec.stamped()
        return ModelSpec(self.name)


def wanted(
    file: Path | None = None,
    model: str | None = None,
    weights: Path | None = None,
    choices: InputChoices = NOTHING_SAID,
) -> Wanted:
    """Sort what was given: a file can be a network too.

    Parameters
    ----------
    file
        A picture or a table; or weights, or code.
    model
        A name of the catalogue, a weights file, or ``model.py:build``.
    weights
        A weights file, for what ``model`` is or by itself.
    choices
        What was said about the input of a network of files.

    Raises
    ------
    ModelError
        Two networks were given, or two weights files; or there is no such network; or
        it is one of the catalogue, whose input is known.
    """
    found = Wanted(weights=weights, choices=choices)
    if model is not None:
        if file_meant(model) is None:
            found = replace(found, name=find(model).name)
        else:
            found = _with_network(found, model)
    if file is not None:
        path, _ = split_builder(file)
        if is_code(path) or is_weights(path):
            found = _with_network(found, file)
        else:
            found = replace(found, file=file)
    if choices != NOTHING_SAID and not found.own:
        raise ModelError(
            f"the input of {found.name or 'a bundled network'} is known; size, mean, "
            "std, length, rate and labels can be said of a network of your own"
        )
    return found


def _with_network(found: Wanted, text: str | Path) -> Wanted:
    """Add code or a weights file, of which there can be one each."""
    path, builder = split_builder(text)
    if is_code(path):
        if found.name or found.code:
            raise ModelError(
                f"expected one network, got {found.name or found.code} and {path}"
            )
        return replace(found, code=path, builder=builder)
    if found.weights is not None:
        raise ModelError(f"expected one weights file, got {found.weights} and {path}")
    return replace(found, weights=path)
