"""The pointer moves until the box is painted; the sum behind one value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from statistics import median

import numpy as np

from cnnviz.core.layers import Layer, Unit
from cnnviz.panels.canvas import Canvas
from tests.bench.desk import Desk
from tests.bench.measure import Bar, Plan, Row, Times, per_layer, timed
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
            yield _clicked(short, desk, some)


def _pointed(
    short: str, desk: Desk, layers: tuple[Layer, ...], count: int
) -> Iterator[Row]:
    """Point at places of all maps at random; none is pointed at twice."""
    dice = np.random.default_rng(0)
    mosaic, channel = desk.window.maps.mosaic, desk.window.channel.map
    for title, canvas in (("maps", mosaic.canvas), ("channel", channel.canvas)):
        times: Times = {}
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
        yield from _lines(f"{short}, pointer over {title}", times, OVERLAY)


def _move(desk: Desk, canvas: Canvas, dice: np.random.Generator) -> float | None:
    row, column = dice.uniform(0, canvas.size_px)
    return desk.answered(lambda: desk.point(canvas, row, column))


def _explained(
    short: str, desk: Desk, layers: tuple[Layer, ...], count: int
) -> Iterator[Row]:
    """Take values of every layer apart, without the window."""
    dice = np.random.default_rng(1)
    trace, times = desk.trace, Times()
    for layer in layers:
        times[layer.name] = []
        for at in range(count + 1):
            channel, unit = _place(layer, dice)
            explain = timed(partial(trace.explain, layer.name, channel, unit))
            taken = explain()
            if at:
                times[layer.name].append(taken)
    yield from _lines(f"{short}, explain a unit", times, EXPLAIN)


def _clicked(short: str, desk: Desk, layers: tuple[Layer, ...]) -> Row:
    """Choose a unit in every layer until its sum is painted."""
    dice, times = np.random.default_rng(2), Times()
    for layer in layers:
        desk.store.select(layer=layer.name)
        desk.painted()
        found = []
        for _ in range(3):
            channel, unit = _place(layer, dice)
            act = partial(desk.store.select, layer.name, channel, unit)
            found.append(desk.timed(act))
        times[layer.name] = [median(found)]
    half, worst, longest = per_layer(times)
    note = f"worst {longest * 1e3:.3g} ms: {worst}"
    return Row("hover", f"{short}, choose a unit, median layer", half * 1e3, note=note)


def _place(layer: Layer, dice: np.random.Generator) -> tuple[int, Unit]:
    """Choose a channel and a unit of a layer."""
    channel = int(dice.integers(layer.channels))
    return channel, tuple(int(dice.integers(size)) for size in layer.spatial)


def _lines(what: str, times: Times, bar: Bar) -> Iterator[Row]:
    half, worst, longest = per_layer(times)
    note = f"of {len(times)} layers"
    yield Row("hover", f"{what}, median layer", half * 1e3, bar=bar, note=note)
    yield Row("hover", f"{what}, worst layer", longest * 1e3, bar=bar, note=worst)
