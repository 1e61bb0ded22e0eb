"""The table, for people and for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.bench.measure import Bar, Row

HEADS = (
    "what", "cnnviz", "CPU", "against", "takes", "ratio", "quartiles", "bar", "",
    "note",
)  # fmt: skip
FOOT = (
    "ratio: cnnviz ÷ the other, of the same round; median, and quartiles beside it.\n"
    "× faster: the other ÷ cnnviz. Times and sizes are medians.\n"
    "CPU: of it, what the thread itself worked; a busy machine hardly changes that."
)


def number(value: float) -> str:
    """Write three digits, and no fewer than all before the point."""
    return f"{value:.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def quantity(value: float | None, unit: str) -> str:
    """Write a number with its unit."""
    return "" if value is None else f"{number(value)} {unit}"


def bar_words(bar: Bar | None, unit: str) -> str:
    """Write what is to be reached."""
    if bar is None:
        return ""
    if bar.kind == "faster":
        return f"≥ {bar.limit:g}×"
    return f"≤ {bar.limit:g}" + (f" {unit}" if bar.kind == "value" else "")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line's texts, as many as ``HEADS``."""
    turned = row.bar is not None and row.bar.kind == "faster"
    ratio = spread = ""
    if row.ratio is not None:
        ratio = f"{number(1 / row.ratio)}× faster" if turned else f"{row.ratio:.3f}"
    if row.spread is not None:
        low, high = row.spread
        if turned:
            spread = f"{number(1 / high)}–{number(1 / low)}"
        else:
            spread = f"{low:.3f}–{high:.3f}"
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    return (
        row.what,
        quantity(row.ours, row.unit),
        quantity(row.cpu, row.unit),
        row.against,
        quantity(row.theirs, row.unit),
        ratio,
        spread,
        bar_words(row.bar, row.unit),
        verdict,
        row.note,
    )


def table(rows: Sequence[Row]) -> str:
    """Return the lines of one group, aligned; numbers to the right."""
    lines = [HEADS, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = {1, 2, 4, 5}
    return "\n".join(
        "  ".join(
            text.rjust(width) if i in right else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def machine() -> dict[str, Any]:
    """Return where this ran."""
    found: dict[str, Any] = {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "display": os.environ.get("QT_QPA_PLATFORM", ""),
    }
    for name in ("torch", "torchvision", "PySide6-Essentials", "pyqtgraph", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def write(file: Path, rows: Sequence[Row], *, quick: bool) -> None:
    """Write everything as JSON: ``{"machine": …, "quick": …, "rows": […]}``.

    A row has the fields of ``Row``, and ``met``.
    """
    kept = [{**asdict(row), "met": row.met} for row in rows]
    whole = {"machine": machine(), "quick": quick, "rows": kept}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
