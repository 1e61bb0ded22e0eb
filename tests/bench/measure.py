"""Two sides in turn: medians, ratios, bars."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal, NamedTuple

Side = Callable[[], float]
"""Does the thing once and returns how long it took, in seconds."""

Times = dict[str, list[float]]
"""Seconds by side; the n-th of all sides were taken in the same round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often things are repeated.

    Attributes
    ----------
    quick
        As seldom as still tells something.
    """

    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """Return one of two numbers."""
        return quick if self.quick else full

    @property
    def least(self) -> int:
        """Fewest rounds of an alternation."""
        return self.of(7, 3)

    @property
    def most(self) -> int:
        """Most rounds of an alternation."""
        return self.of(41, 9)

    @property
    def seconds(self) -> float:
        """How long an alternation goes on, if ``least`` and ``most`` let it."""
        return float(self.of(10, 2))


@dataclass(frozen=True, slots=True)
class Bar:
    """What is to be reached.

    Attributes
    ----------
    kind
        ``"ratio"``: ours ÷ theirs is at most ``limit``; ``"faster"``: theirs ÷ ours is
        at least ``limit``; ``"value"``: ours is at most ``limit``, in the row's unit.
    """

    limit: float
    kind: Literal["ratio", "faster", "value"] = "ratio"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    ours, theirs
        Medians in ``unit``; None: nothing was measured, and ``note`` says why.
    against
        What ``theirs`` is.
    ratio, spread
        Ours ÷ theirs of the same round: median and quartiles.
    cpu
        What ``ours`` is in CPU time of the one thread that counts, which a busy
        machine hardly changes; None: not measured.
    """

    group: str
    what: str
    ours: float | None = None
    unit: str = "ms"
    against: str = ""
    theirs: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    bar: Bar | None = None
    note: str = ""
    cpu: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None without a bar or a measurement."""
        if self.bar is None or self.ours is None:
            return None
        if self.bar.kind == "value":
            return self.ours <= self.bar.limit
        if self.ratio is None:
            return None
        if self.bar.kind == "ratio":
            return self.ratio <= self.bar.limit
        return self.ratio * self.bar.limit <= 1


class Taken(NamedTuple):
    """Seconds something took.

    Attributes
    ----------
    wall
        By the clock.
    cpu
        Of this thread's own work.
    """

    wall: float
    cpu: float


def clocked(act: Callable[[], object]) -> Taken:
    """Do something once."""
    wall, cpu = time.perf_counter(), time.thread_time()
    act()
    return Taken(time.perf_counter() - wall, time.thread_time() - cpu)


def timed(act: Callable[[], object]) -> Side:
    """Turn an action into a side; its result is let go inside the measured time."""

    def side() -> float:
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    return side


def alternate(
    sides: Mapping[str, Side],
    plan: Plan,
    warm: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> Times:
    """Run the sides in turn, another one first in every round.

    Parameters
    ----------
    warm
        Rounds before those that count.
    """
    names = list(sides)
    for _ in range(warm):
        for name in names:
            sides[name]()
    times: Times = {name: [] for name in names}
    end, done = clock() + plan.seconds, 0
    while done < plan.least or (done < plan.most and clock() < end):
        first = done % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(sides[name]())
        done += 1
    return times


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Return median, lower and upper quartile of the quotients, round by round."""
    found = [a / b for a, b in zip(ours, theirs, strict=True)]
    if len(found) == 1:
        return found[0], found[0], found[0]
    low, _, high = quantiles(found, n=4, method="inclusive")
    return median(found), low, high


def compared(
    group: str,
    what: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    against: str,
    bar: Bar | None = None,
    note: str = "",
    unit: str = "ms",
) -> Row:
    """Return the line that compares two sides' seconds (or bytes)."""
    ratio, low, high = ratios(ours, theirs)
    scale = SCALES[unit]
    return Row(
        group,
        what,
        median(ours) * scale,
        unit,
        against,
        median(theirs) * scale,
        ratio,
        (low, high),
        bar,
        note,
    )


SCALES = {"ms": 1e3, "s": 1.0, "MB": 1e-6}
"""From seconds and bytes to the units of the table."""


def worst_of(taken: Mapping[str, Sequence[Taken]]) -> str:
    """Return which layer's median is the longest by the clock."""
    return max(taken, key=lambda name: median(one.wall for one in taken[name]))


def layer_rows(
    group: str,
    what: str,
    taken: Mapping[str, Sequence[Taken]],
    middle: Bar | None = None,
    most: Bar | None = None,
) -> tuple[Row, Row]:
    """Return the lines of the median and of the worst layer, each by its median.

    Parameters
    ----------
    taken
        By layer.
    middle, most
        Their bars.
    """
    walls = [median(one.wall for one in each) * 1e3 for each in taken.values()]
    cpus = [median(one.cpu for one in each) * 1e3 for each in taken.values()]
    half, longest = f"{what}, median layer", f"{what}, worst layer"
    of = f"of {len(taken)} layers"
    return (
        Row(group, half, median(walls), bar=middle, note=of, cpu=median(cpus)),
        Row(group, longest, max(walls), bar=most, note=worst_of(taken), cpu=max(cpus)),
    )


def slope(values: Sequence[float], per: int = 1000) -> float:
    """Return how much values grow over ``per`` steps: the least-squares line's slope.

    From the normal equations; nan for fewer than two values.
    """
    n = len(values)
    if n < 2:
        return math.nan
    middle, mean = (n - 1) / 2, sum(values) / n
    up = sum((i - middle) * (value - mean) for i, value in enumerate(values))
    return per * up / (n * (n * n - 1) / 12)
