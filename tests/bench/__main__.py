"""The command ``python -m tests.bench``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.measure import Plan, Row
from tests.bench.report import FOOT, table, write

GROUPS = {
    "record": "the trace against a plain forward pass, TorchLens, hooks and clones",
    "show": "a dropped picture until painted, against decode, transforms and forward",
    "switch": "another layer until painted, against the same grid in matplotlib",
    "hover": "the pointer moves until painted; the sum behind one value",
    "start": "the process's start until painted, against a bare Qt script and imports",
    "memory": "peak over weights and activations; growth over a thousand drops",
    "growth": "how record, show and switch grow with pixels and channels",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the groups asked for, print their tables, return 0."""
    lines = "\n".join(f"  {name:8}{about}" for name, about in GROUPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=f"groups:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="all if none")
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it there too")
    options = parser.parse_args(arguments)
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="cnnviz-bench-") as home:
        _prepare(home)
        try:
            for name in options.groups or GROUPS:
                rows += _measured(name, Plan(options.quick))
        finally:
            if options.json:
                write(options.json, rows, quick=options.quick)
    print(FOOT)
    return 0


def _prepare(home: str) -> None:
    """Set what only counts before Qt and torch are loaded; children inherit it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["CNNVIZ_HOME"] = home
    os.environ["TORCH_HOME"] = home  # networks are the same wherever this runs


def _measured(name: str, plan: Plan) -> list[Row]:
    """Run one group and print its table."""
    rows: list[Row] = []
    for row in importlib.import_module(f"tests.bench.{name}").rows(plan):
        rows.append(row)
        print(f"{name}: {row.what}", file=sys.stderr, flush=True)
    print(f"\n{name}: {GROUPS[name]}\n\n{table(rows)}\n", flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
