"""Another layer until it is painted, against the same grid in matplotlib.

Every layer is looked at for the first time: the network runs again before each round.
*By key* means one layer after the other, each at least 25 ms after the last was
painted, which is less than the pause of a key that is held down; the window makes the
next layer ready in between. *By click* means layers far from each other, for which
nothing but the colour scales is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from cnnviz.core.layers import Array
from tests.bench.desk import SIZE, Desk
from tests.bench.measure import (
    Bar,
    Plan,
    Row,
    Side,
    Taken,
    Times,
    compared,
    layer_rows,
    timed,
    worst_of,
)
from tests.bench.networks import spec

WORST, MEDIAN = Bar(16, "value"), Bar(6, "value")
FASTER = Bar(40, "faster")


def rows(plan: Plan) -> Iterator[Row]:
    """Go through VGG-16 beside matplotlib, then through ResNet-152."""
    with Desk(spec("torchvision/vgg16")) as desk:
        grids = _grids(desk)
        keyed, others = _keyed(desk, plan.of(9, 3), grids)
        yield from _shown("vgg16, by key", keyed, WORST)
        yield from _against(keyed, others)
        yield from _shown("vgg16, by click", _clicked(desk, plan.of(9, 3)), WORST)
    with Desk(spec("torchvision/resnet152")) as desk:
        keyed, _ = _keyed(desk, plan.of(3, 1), {})
        yield from _shown("resnet152, by key", keyed)
        yield from _shown("resnet152, by click", _clicked(desk, plan.of(9, 3)))


def _shown(
    what: str, taken: dict[str, list[Taken]], worst: Bar | None = None
) -> Iterator[Row]:
    middle = MEDIAN if worst else None
    for row in layer_rows("switch", what, taken, middle, worst):
        ready = "the next is made ready in 25 ms" if "key" in what else "first sight"
        yield replace(row, note=f"{row.note}; {ready}")


def _keyed(
    desk: Desk, rounds: int, others: dict[str, Side]
) -> tuple[dict[str, list[Taken]], Times]:
    """Go through all layers, and then let the others paint, so many times.

    One round before does not count; nor does the way to the first layer.
    """
    first, *names = [layer.name for layer in desk.trace.layers]
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    beside: Times = {name: [] for name in others}
    for done in range(-1, rounds):
        desk.store.select(layer=names[-1])
        desk.reload()
        desk.store.select(layer=first)
        desk.painted()
        for name in names:
            found = desk.timed(partial(desk.store.select, layer=name))
            if done >= 0:
                taken[name].append(found)
        for name, side in others.items():
            seconds = side()
            if done >= 0:
                beside[name].append(seconds)
    return taken, beside


def _clicked(desk: Desk, rounds: int) -> dict[str, list[Taken]]:
    """Jump to every third layer in each round, so that none is a neighbour's."""
    dice = np.random.default_rng(0)
    names = [layer.name for layer in desk.trace.layers]
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    for done in range(rounds):
        some = names[done % 3 :: 3]
        desk.store.select(layer=some[-1])
        desk.reload()
        for at in dice.permutation(len(some) - 1).tolist():
            found = desk.timed(partial(desk.store.select, layer=some[at]))
            taken[some[at]].append(found)
    return {name: found for name, found in taken.items() if found}


def _grids(desk: Desk) -> dict[str, Side]:
    """Return matplotlib's ways to show the largest layer; none if not installed."""
    if find_spec("matplotlib") is None:
        return {}
    maps = max((layer.maps for layer in desk.trace.layers), key=lambda m: m.size)
    return {
        "grid drawn anew": timed(anew(maps)),
        "axes kept, data set": timed(kept(maps)),
    }


def _against(taken: dict[str, list[Taken]], others: Times) -> Iterator[Row]:
    what = "vgg16, by key, worst layer"
    if not others:
        note = "matplotlib is not installed"
        yield Row("switch", what, against="matplotlib", bar=FASTER, note=note)
    ours = [one.wall for one in taken[worst_of(taken)]]
    for name, theirs in others.items():
        against, bar = f"matplotlib, {name}", None
        if name == "grid drawn anew":
            bar = FASTER
        yield compared("switch", what, ours, theirs, against, bar)


def anew(maps: Array) -> Callable[[], object]:
    """Show maps as notebooks do: a figure, an axes for each map, an image in it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def draw() -> None:
        figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100)
        canvas = FigureCanvasAgg(figure)
        for axes, each in zip(_axes(figure, len(maps)), maps, strict=False):
            axes.imshow(each, cmap="viridis", interpolation="nearest")
            axes.set_axis_off()
        canvas.draw()  # type: ignore[no-untyped-call]

    return draw


def kept(maps: Array) -> Callable[[], object]:
    """Show maps as fast as matplotlib can: figure, axes and images are there."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    images = []
    for axes, each in zip(_axes(figure, len(maps)), maps, strict=False):
        images.append(axes.imshow(each, cmap="viridis", interpolation="nearest"))
        axes.set_axis_off()

    def draw() -> None:
        for image, each in zip(images, maps, strict=True):
            image.set_data(each)
            image.autoscale()
        canvas.draw()  # type: ignore[no-untyped-call]

    return draw


def _axes(figure: Any, count: int) -> Any:
    """Return a square of axes, row by row."""
    side = round(count**0.5 + 0.49)
    return figure.subplots(side, side, squeeze=False).flat
