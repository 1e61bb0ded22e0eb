"""What the program holds at most, and whether it grows; each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.bench.measure import Bar, Plan, Row, compared, slope
from tests.bench.system import CAN_TELL

PEAK, GROWTH = Bar(1.3), Bar(5, "value")
HOLDS = "weights + activations"


def rows(plan: Plan) -> Iterator[Row]:
    """Open VGG-16, then drop pictures on AlexNet."""
    if not CAN_TELL:
        note = "only Linux says what a process holds"
        yield Row("memory", "vgg16 opened", unit="MB", bar=PEAK, note=note)
        yield Row("memory", "growth", unit="MB", bar=GROWTH, note=note)
        return
    for name, bar in (("recorded", None), ("opened", PEAK), ("dropped", None)):
        found = [_child(name) for _ in range(plan.of(3, 1))]
        yield compared(
            "memory",
            f"vgg16 {name}: peak",
            [float(one["peak"] - one["imports"]) for one in found],
            [float(one["holds"]) for one in found],
            HOLDS,
            bar,
            f"over {found[0]['imports'] / 1e6:.0f} MB of imports alone",
            "MB",
        )
    count, warm = plan.of(1000, 100), plan.of(100, 50)
    grew = _child("drops", str(count), str(warm))
    held = [size / 1e6 for size in grew["held"]]
    growth = slope(held, per=1000 // grew["every"])
    note = f"{held[0]:.0f} MB, after {count} drops {held[-1]:.0f} MB"
    what = "alexnet: growth per 1,000 drops"
    yield Row("memory", what, growth, "MB", bar=GROWTH, note=note)


def _child(*arguments: str) -> dict[str, Any]:
    """Run one of the measurements in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.holding", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
