"""What input a network takes that nobody has said anything about."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import nn

from cnnviz.core.errors import ModelError
from cnnviz.core.progress import Check
from cnnviz.nets.dry_run import Attempt, Shape, attempt, copied, count_inputs

_SIZES = (
    *(224, 32, 28, 64, 96, 128, 227, 256, 299, 48, 160, 192, 100, 150, 112, 84),
    *(40, 50, 80, 120, 180, 200, 240, 288, 300, 320, 384, 400, 416, 448, 480, 512),
)
"""Heights and widths that networks are commonly made for, the likeliest first."""
_LENGTHS = (
    *(128, 100, 64, 50, 32, 256, 512, 1000, 1024, 60, 96, 200, 30, 24, 48, 20, 10),
    *(125, 150, 180, 187, 140, 250, 300, 360, 400, 500, 750, 2000, 2048, 4096, 16),
)
_NEAR = 48
"""Steps or pixels searched one by one on both sides of where the size should be."""
_SECANTS = 8
_LARGEST = 1 << 16
_OTHER_SIZE = (160, 256)
_OTHER_LENGTH = (301,)
_LONGEST_MINIMUM = 1 << 12


@dataclass(frozen=True, slots=True)
class Guess:
    """What a network seems to take.

    Attributes
    ----------
    axes, channels
        Of each input: 2 for a picture, 1 for a series, and its channels.
    size
        ``(height, width)`` or ``(steps,)`` that runs; ``()`` when any does, None when
        none was found.
    minimum
        Fewest steps of a series of any length.
    classes
        Length of the vector that came out, or None.
    """

    axes: tuple[int, ...]
    channels: tuple[int, ...]
    size: Shape | None = None
    minimum: int = 1
    classes: int | None = None


def guess(module: nn.Module, size: Shape | None, axes: int, check: Check) -> Guess:
    """Find out what a network takes by running it on shapes alone.

    Channels are those the first convolution wants, corrected by what a run shows. A
    size is sought only if none is given: first 224 pixels or 128 steps, and if another
    size runs as well any will do; else the sizes that would suit the first dense layer
    that refuses what reaches it.

    Parameters
    ----------
    module
        In eval mode. It is left as found.
    size
        ``(height, width)`` or ``(steps,)`` if that is known; else None.
    axes
        2 or 1 if it is known that it takes pictures or series; else 0.
    check
        Called before each operation; what it raises is raised.

    Raises
    ------
    ModelError
        It takes neither pictures nor series.
    """
    first = _first_read(module, axes)
    count = count_inputs(module)
    search = _Search(module, [first] * count, check)
    found = search.at(size or search.usual[0])
    for place, (moves, wanted) in found.read.items():
        if found.output is None and moves == 0:
            which = f"input {place + 1}" if count > 1 else "the input"
            raise ModelError(
                f"{which} of the network is a row of {wanted} numbers; pictures and "
                "series can be shown, and from Python any arrays: "
                "cnnviz.trace(module, arrays)"
            )
    if found.output is None and first[1] == 0:
        found = search.flattened(found, size)
    if found.output is None and size is None:
        found = search.elsewhere(found)
    elif size is None and search.runs_at_another(found):
        search.size = ()
    ran = found.output is not None
    minimum = search.minimum() if ran and search.size == () else 1
    vector = found.output is not None and len(found.output) == 2
    return Guess(
        tuple(axes for axes, _ in search.reads),
        tuple(channels or 3 for _, channels in search.reads),
        search.size if ran else None,
        minimum,
        found.output[1] if vector and found.output else None,
    )


def _first_read(module: nn.Module, axes: int) -> tuple[int, int]:
    """Return axes and channels of the first layer; channels 0 if that tells none.

    Parameters
    ----------
    axes
        Look only for layers along so many axes; 0 for any.
    """
    kinds = {nn.Conv1d: 1, nn.Conv2d: 2}
    for layer in module.modules():
        for kind, moves in kinds.items():
            if isinstance(layer, kind) and axes in (0, moves):
                return moves, layer.in_channels
        if isinstance(layer, nn.RNNBase) and axes != 2:
            return 1, layer.input_size
    return axes or 2, 0


class _Search:
    """Runs on one network after the other shape.

    Attributes
    ----------
    reads
        Axes and channels of each input.
    size
        Of the last run.
    """

    def __init__(
        self, module: nn.Module, reads: Sequence[tuple[int, int]], check: Check
    ) -> None:
        self.reads = list(reads)
        self.size: Shape = ()
        self._device = "meta"
        self._original, self._check = module, check
        self._copy = copied(module)

    @property
    def usual(self) -> list[Shape]:
        """Common sizes, the likeliest first."""
        if self.reads[0][0] == 2:
            return [(side, side) for side in _SIZES]
        return [(steps,) for steps in _LENGTHS]

    def at(self, size: Shape) -> Attempt:
        """Run at a size; where a convolution wants other channels, once more."""
        for _ in range(len(self.reads) + 1):
            found = self._run(size)
            corrected = [found.read.get(i, read) for i, read in enumerate(self.reads)]
            known = all(axes in (1, 2) for axes, _ in corrected)
            if found.output is not None or corrected == self.reads or not known:
                break
            self.reads = corrected
            if self.reads[0][0] != len(size):
                size = self.usual[0]
        return found

    def _run(self, size: Shape) -> Attempt:
        self.size = size
        if self._copy is None:
            return Attempt()
        shapes = [
            (channels or 3, *(size if len(size) == axes else (size * 2)[:axes]))
            for axes, channels in self.reads
        ]
        found = attempt(self._copy, shapes, self._check, self._device)
        if found.unable and self._device == "meta":
            self._device = "cpu"
            self._copy = copied(self._original, "cpu")
            return self._run(size)
        return found

    def flattened(self, found: Attempt, size: Shape | None) -> Attempt:
        """Try pictures that a dense layer could read whole."""
        wanted = found.dense[1] if found.dense else 0
        for channels in (1, 3, 4):
            side = math.isqrt(wanted // channels)
            shape = size or (side, side)
            if side > 1 and channels * math.prod(shape) == wanted:
                self.reads = [(2, channels)] * len(self.reads)
                found = self._run(shape)
                if found.output is not None:
                    break
        return found

    def elsewhere(self, found: Attempt) -> Attempt:
        """Try other sizes, those first that suit the dense layer that refused one."""
        sizes: Iterable[Shape] = self.usual[1:]
        if found.dense is not None:
            sizes = self._around(self._suiting(found.dense))
        for size in sizes:
            later = self._run(size)
            if later.output is not None:
                return later
        return found

    def _suiting(self, dense: tuple[int, int]) -> int:
        """Return about the side, or the steps, from which the wanted number comes.

        By the secant method: but for what rounding takes, the number grows as the area
        of a map does whose sides are straight lines over the size of the input.
        """
        side, axes = self.size[0], len(self.size)
        goal = dense[1] ** (1 / axes)
        points = [(0.0, 0.0), (float(side), dense[0] ** (1 / axes))]
        for _ in range(_SECANTS):
            (x0, y0), (x1, y1) = points[-2:]
            if y0 == y1:
                break
            side = max(round(x1 + (goal - y1) * (x1 - x0) / (y1 - y0)), 1)
            if side == x1 or side > _LARGEST:
                break
            came = self._run((side,) * axes).dense
            if came is None:
                break
            points.append((float(side), came[0] ** (1 / axes)))
        return min(side, _LARGEST)

    def _around(self, near: int) -> Iterator[Shape]:
        """Yield sizes close to one: common ones first, then each one outwards."""
        axes = len(self.size)
        close = [s for s in self.usual if abs(s[0] - near) <= max(near // 8, 4)]
        yield from close
        if self._device == "meta":
            for away in range(_NEAR + 1):
                for side in (near + away, near - away):
                    if side > 0:
                        yield (side,) * axes

    def runs_at_another(self, found: Attempt) -> bool:
        """Tell whether another size gives an answer of the same kind."""
        size = self.size
        other = self._run(_OTHER_SIZE if len(size) == 2 else _OTHER_LENGTH)
        self.size = size
        if found.output is None or other.output is None:
            return False
        return len(other.output) == len(found.output)

    def minimum(self) -> int:
        """Return the fewest steps of a series that run."""
        if self.reads[0][0] != 1:
            return 1
        enough = 1
        while enough < _LONGEST_MINIMUM and not self._runs(enough):
            enough *= 2
        few = enough // 2
        while enough - few > 1:
            middle = (few + enough) // 2
            few, enough = (few, middle) if self._runs(middle) else (middle, enough)
        self.size = ()
        return enough

    def _runs(self, steps: int) -> bool:
        return self._run((steps,)).output is not None
