"""What the command line prints: tables for people, plain values for programs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from cnnviz.core.geometry import FieldSize, field_size, read_input, size_formulas
from cnnviz.core.layers import WEIGHTED, Layer
from cnnviz.core.models import ImageWant
from cnnviz.core.numbers import count, size
from cnnviz.core.trace import Trace
from cnnviz.pictures.status import input_words
from cnnviz.pictures.wording import kind_name

if TYPE_CHECKING:
    from cnnviz.nets.catalog import Entry

GAP = "  "
NARROWEST = 9
"""Characters a column that gives way keeps at least."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is printed on.

    Attributes
    ----------
    width
        Columns of the terminal; None when there is no limit, as in a file.
    colour
        Whether bold and dim may be used.
    """

    width: int | None = None
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str]) -> Paper:
        """Describe a stream. ``NO_COLOR`` of any value turns colour off."""
        if not stream.isatty():
            return cls()
        plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
        return cls(shutil.get_terminal_size().columns, not plain)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a heading.

    Attributes
    ----------
    heading
        One title per column; a title in ``numeric`` is set flush right.
    rows
        One text per column each.
    yields
        Titles of the columns that give way on narrow paper, the first one first.
    strong
        Indices of rows to stand out.
    """

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[str] = frozenset()
    yields: Sequence[str] = ()
    strong: frozenset[int] = field(default=frozenset())

    def text(self, paper: Paper) -> str:
        """Lay the table out."""
        widths = [max(map(len, column)) for column in zip(*self._lines(), strict=True)]
        if paper.width is not None:
            self._narrow(widths, paper.width)
        lines = []
        for i, cells in enumerate(self._lines(), start=-1):
            line = GAP.join(
                self._cell(cell, title, width)
                for cell, title, width in zip(cells, self.heading, widths, strict=True)
            ).rstrip()
            if paper.colour and (i == -1 or i in self.strong):
                line = f"\x1b[1m{line}\x1b[0m"
            lines.append(line)
        return "\n".join(lines)

    def _lines(self) -> Iterable[Sequence[str]]:
        yield self.heading
        yield from self.rows

    def _narrow(self, widths: list[int], room: int) -> None:
        for title in self.yields:
            at = self.heading.index(title)
            excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
            widths[at] -= max(0, min(excess, widths[at] - NARROWEST))

    def _cell(self, cell: str, title: str, width: int) -> str:
        if len(cell) > width:
            cell = cell[: width - 1] + "…"
        return cell.rjust(width) if title in self.numeric else cell.ljust(width)


def layers_table(trace: Trace, paper: Paper) -> str:
    """Tabulate the layers of a trace, with totals below."""
    rows = [
        (
            layer.name,
            kind_name(layer),
            size(layer.shape),
            ", ".join(size_formulas(layer)),
            count(layer.parameters) if layer.parameters else "",
            count(layer.macs) if layer.macs else "",
            _field(trace, layer),
        )
        for layer in trace.layers
    ]
    table = Table(
        (
            "layer",
            "kind",
            "shape",
            "formula",
            "parameters",
            "multiply-adds",
            "receptive field",
        ),
        rows,
        numeric=frozenset({"parameters", "multiply-adds"}),
        yields=("formula", "layer"),
        strong=frozenset(i for i, x in enumerate(trace.layers) if x.kind in WEIGHTED),
    )
    seen = ", ".join(size(values.shape) for values in trace.sample.values)
    head = f"{trace.title} · {trace.weights} · {trace.sample.title} · input {seen}"
    total = f"{count(trace.parameters)} parameters"
    if trace.parameters_used != trace.parameters:
        total += f", {count(trace.parameters_used)} of them used"
    total += f" · {count(trace.macs)} multiply-adds · {len(trace.layers)} layers"
    return "\n\n".join((head, table.text(paper), total))


def layers_as_json(trace: Trace) -> dict[str, Any]:
    """Describe the layers of a trace by plain values."""
    return {
        "model": trace.title,
        "weights": trace.weights,
        "sample": trace.sample.title,
        "input": [list(values.shape) for values in trace.sample.values],
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "op": layer.op,
                "inputs": list(layer.inputs),
                "shape": list(layer.shape),
                "formula": list(size_formulas(layer)),
                "parameters": layer.parameters,
                "multiply_adds": layer.macs,
                "receptive_field": list(field_size(trace, layer.name).size),
                "jump": list(field_size(trace, layer.name).jump),
            }
            for layer in trace.layers
        ],
        "parameters": trace.parameters,
        "parameters_used": trace.parameters_used,
        "multiply_adds": trace.macs,
        "error": trace.error,
    }


def models_table(models: Sequence[Entry], paper: Paper) -> str:
    """Tabulate the catalogue."""
    from cnnviz.nets.catalog import state

    rows = [
        (
            entry.name,
            size(_input(entry)),
            count(entry.parameters),
            _where(state(entry), entry.size),
            entry.description,
        )
        for entry in models
    ]
    table = Table(
        ("name", "input", "parameters", "weights", "description"),
        rows,
        numeric=frozenset({"parameters"}),
        yields=("description",),
        strong=frozenset(i for i, entry in enumerate(models) if entry.bundled),
    )
    return table.text(paper)


def models_as_json(models: Sequence[Entry]) -> list[dict[str, Any]]:
    """Describe the catalogue by plain values."""
    from cnnviz.nets.catalog import state

    return [
        {
            "name": entry.name,
            "title": entry.title,
            "family": entry.family,
            "description": entry.description,
            "input": list(_input(entry)),
            "classes": entry.classes,
            "parameters": entry.parameters,
            "weights": state(entry),
            "bytes": entry.size,
        }
        for entry in models
    ]


def _field(trace: Trace, layer: Layer) -> str:
    """Write ``51×51 step 8``: what a unit sees, and how far its neighbour is moved.

    Where it does not see the first input: ``3×3 step 1 of the second input``.
    """
    source = read_input(trace, layer.name)
    words = _field_words(field_size(trace, layer.name, source))
    return words if source == "input" else f"{words} of the {input_words(source)}"


def _field_words(field: FieldSize) -> str:
    steps = {jump for jump in field.jump if jump is not None}
    if not field.size:
        return "nothing"
    if all(field.whole):
        return f"{size(field.size)} all"
    return f"{size(field.size)} step {'×'.join(f'{step:g}' for step in sorted(steps))}"


def _input(entry: Entry) -> tuple[int, ...]:
    """Return the shape of the input; any number of steps is left out."""
    want = entry.want
    if isinstance(want, ImageWant):
        return (want.channels, *(want.crop or ()))
    variables = len(want.channels)
    return (variables,) if want.length is None else (variables, want.length)


def _where(state: str, size: int | None) -> str:
    if size is None:
        return state
    return f"{state}, {size / 1e6:.1f} MB"
