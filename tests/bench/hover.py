"""The pointer moves until the box is painted; the sum behind one value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from cnnviz.core.layers import Layer, Unit
from cnnviz.panels.canvas import Canvas
from tests.bench.desk import Desk
from tests.bench.measure import Bar, Plan, Row, Taken, clocked, layer_rows
from tests.bench.networks import spec

OVERLAY, EXPLAIN = Bar(8, "value"), Bar(30, "value")
NETWORKS = "torchvision/vgg16", "torchvision/resnet152"


def rows(plan: Plan) -> Iterator[Row]:
    """Move over the maps of every layer, then take values apart."""
    for name in NETWORKS:
        short = name.rpartition("/")[2]
        with Desk(spec(name)) as desk:
            # so many layers of a deep network, evenly spread
            some = desk.trace.layers[:: 1 + len(desk.trace.layers) // 60]
            yield from _pointed(short, desk, some, plan.of(9, 4))
            yield from _explained(short, desk, some, plan.of(9, 4))
            yield from _clicked(short, desk, some)


def _pointed(
    short: str, desk: Desk, layers: tuple[Layer, ...], count: int
) -> Iterator[Row]:
    """Point at places of all maps at random; none is pointed at twice."""
    dice = np.random.default_rng(0)
    mosaic, channel = desk.window.maps.mosaic, desk.window.channel.map
    for title, canvas in (("maps", mosaic.canvas), ("channel", channel.canvas)):
        times: dict[str, list[Taken]] = {}
        for layer in layers:
            if len(layer.spatial) != 2 or layer.output.size < 2 * count:
                continue
            desk.store.select(layer=layer.name, channel=0, unit=(0, 0))
            desk.painted()
            found = [_move(desk, canvas, dice) for _ in range(count + 1)]
            times[layer.name] = [taken for taken in found[1:] if taken]
        if any(not taken for taken in times.values()):
            silent = [name for name, taken in times.items() if not taken]
            raise RuntimeError(f"nothing is painted when {silent} are pointed at")
        what = f"{short}, pointer over {title}"
        yield from layer_rows("hover", what, times, OVERLAY, OVERLAY)


def _move(desk: Desk, canvas: Canvas, dice: np.random.Generator) -> Taken | None:
    row, column = dice.uniform(0, canvas.size_px)
    return desk.answered(lambda: desk.point(canvas, row, column))


def _explained(
    short: str, desk: Desk, layers: tuple[Layer, ...], count: int
) -> Iterator[Row]:
    """Take values of every layer apart, without the window."""
    dice = np.random.default_rng(1)
    trace, times = desk.trace, dict[str, list[Taken]]()
    for layer in layers:
        times[layer.name] = []
        for at in range(count + 1):
            channel, unit = _place(layer, dice)
            taken = clocked(partial(trace.explain, layer.name, channel, unit))
            if at:
                times[layer.name].append(taken)
    what = f"{short}, explain a unit"
    yield from layer_rows("hover", what, times, EXPLAIN, EXPLAIN)


def _clicked(short: str, desk: Desk, layers: tuple[Layer, ...]) -> Iterator[Row]:
    """Choose a unit in every layer until its sum is painted."""
    dice, times = np.random.default_rng(2), dict[str, list[Taken]]()
    for layer in layers:
        desk.store.select(layer=layer.name)
        desk.painted()
        found = []
        for _ in range(3):
            channel, unit = _place(layer, dice)
            act = partial(desk.store.select, layer.name, channel, unit)
            found.append(desk.timed(act))
        times[layer.name] = found
    yield from layer_rows("hover", f"{short}, choose a unit", times)


def _place(layer: Layer, dice: np.random.Generator) -> tuple[int, Unit]:
    """Choose a channel and a unit of a layer."""
    channel = int(dice.integers(layer.channels))
    return channel, tuple(int(dice.integers(size)) for size in layer.spatial)
