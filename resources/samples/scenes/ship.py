"""A two-masted schooner under full sail, seen from the side."""

from __future__ import annotations

import numpy as np

from scenes.paint import (
    Patch,
    bezier,
    clouds,
    lay,
    linear,
    mix,
    noise,
    outline,
    ramp,
    step,
)

Layers = list[tuple[np.ndarray, Patch]]
"""Colours and where they go, the farthest first."""

WATERLINE = 422.0


def schooner(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ship's colours and its mask."""
    layers: Layers = []
    rigging(layers, x)
    canvas(layers, x, y)
    spar(layers, x, ((331, 388), (328, 52)), 5.2)
    spar(layers, x, ((427, 388), (425, 70)), 4.8)
    spar(layers, x, ((326, 363), (190, 352)), 4.0)  # main boom
    spar(layers, x, ((326, 150), (238, 92)), 3.4)  # main gaff
    spar(layers, x, ((424, 366), (343, 362)), 3.4)  # fore boom
    spar(layers, x, ((424, 158), (352, 110)), 3.0)  # fore gaff
    spar(layers, x, ((520, 384), (622, 352)), 4.6)  # bowsprit
    shrouds(layers, x)
    hull(layers, x, y)
    flag = np.vstack(
        [
            bezier((328, 53), (316, 47), (306, 58), (292, 53)),
            bezier((292, 62), (306, 68), (316, 57), (328, 63)),
        ]
    )
    layers.append((linear("#b93a32"), outline(x.shape, flag)))

    colour, alpha = np.zeros((*x.shape, 3)), np.zeros(x.shape)
    for paint, patch in layers:
        lay(colour, paint, patch)
        alpha[patch.box] += (1 - alpha[patch.box]) * patch.mask
    solid = np.maximum(alpha, 1e-6)[..., None]
    return np.where(alpha[..., None] > 0, colour / solid, 0), alpha


def canvas(layers: Layers, x: np.ndarray, y: np.ndarray) -> None:
    """Append the sails, the farthest first."""
    flying = np.vstack(
        [
            bezier((430, 84), (520, 215), (612, 351)),
            bezier((612, 351), (575, 356), (536, 344)),
            bezier((536, 344), (496, 230), (430, 84)),
        ]
    )
    sail(layers, x, y, flying, ((612, 351), (430, 84)), 0.98, 60)
    jib = np.vstack(
        [
            bezier((430, 130), (500, 250), (566, 364)),
            bezier((566, 364), (520, 372), (474, 362)),
            bezier((474, 362), (462, 250), (430, 130)),
        ]
    )
    sail(layers, x, y, jib, ((566, 364), (430, 130)), 0.92, 64)
    topsail = np.vstack(
        [
            bezier((325, 62), (324, 105), (323, 146)),
            bezier((323, 146), (285, 118), (242, 92)),
            bezier((242, 92), (290, 82), (325, 62)),
        ]
    )
    sail(layers, x, y, topsail, ((323, 146), (325, 62)), 0.84, 68)
    fore = np.vstack(
        [
            bezier((422, 162), (420, 260), (421, 362)),
            bezier((421, 362), (385, 370), (345, 359)),
            bezier((345, 359), (331, 240), (353, 113)),
            bezier((353, 113), (390, 134), (422, 162)),
        ]
    )
    sail(layers, x, y, fore, ((421, 362), (422, 162)), 0.94, 72, (0.15, 0.29))
    main = np.vstack(
        [
            bezier((323, 154), (322, 255), (323, 359)),
            bezier((323, 359), (260, 368), (194, 349)),
            bezier((194, 349), (196, 215), (240, 95)),
            bezier((240, 95), (284, 122), (323, 154)),
        ]
    )
    sail(layers, x, y, main, ((323, 359), (323, 154)), 1.0, 76, (0.15, 0.29))


def sail(
    layers: Layers,
    x: np.ndarray,
    y: np.ndarray,
    edge: np.ndarray,
    luff: tuple[tuple[float, float], tuple[float, float]],
    tone: float,
    seed: int,
    reefs: tuple[float, ...] = (),
) -> None:
    """Append one sail: cloth filled by the wind, seams, light from behind."""
    patch = outline(x.shape, edge)
    rope = outline(x.shape, np.vstack([edge, edge[:1]]), 0.9)
    x, y, mask = x[patch.box], y[patch.box], patch.mask
    (x0, y0), (x1, y1) = luff
    length = np.hypot(x1 - x0, y1 - y0)
    away = np.abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length
    up = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length**2
    width = max((away * (mask > 0.5)).max(), 1)
    belly = away / width
    light = 0.60 + 0.46 * np.cos((belly - 0.66) * 2.5) - 0.20 * step(0.30, 0, belly)
    light += 0.13 * noise(away / 34 + up * 2, up * 4.2, seed)
    light += 0.05 * noise(away / 6 + up * 9, up * 22, seed + 1)
    light += 0.02 * noise(away / 1.3, up * length / 1.3, seed + 2)
    seam = np.abs((up * length / 15 + belly * 0.7) % 1 - 0.5)
    light -= 0.17 * step(0.055, 0.0, seam)
    for reef in reefs:  # rows of short ropes to take in sail
        knots = step(0.16, 0.05, np.abs((away / 9) % 1 - 0.5))
        light -= 0.34 * knots * step(0.022, 0.010, np.abs(up - reef + 0.01))
    colour = mix(
        linear("#f6efe2"),
        linear("#ffd9a4"),
        step(0.2, 1.1, up * 0.4 + belly * 0.5),
    )
    colour = colour * (light * tone)[..., None]
    layers.append((colour, patch))
    layers.append((linear("#8d7550"), rope * 0.8))


def rigging(layers: Layers, x: np.ndarray) -> None:
    """Append the stays behind the sails."""
    for ends in (
        [(426, 74), (620, 352)],
        [(329, 56), (426, 82)],
        [(328, 90), (425, 160)],
        [(425, 120), (590, 362)],
        [(238, 92), (328, 62)],
        [(190, 352), (328, 70)],
        [(352, 110), (425, 84)],
    ):
        line(layers, x.shape, ends, 0.8, "#4a4038")


def shrouds(layers: Layers, x: np.ndarray) -> None:
    """Append the ropes that hold the masts, with their ladders."""
    for mast, top in ((330, 118), (426, 126)):
        feet = [mast - 20, mast - 9, mast + 4, mast + 15]
        for foot in feet:
            line(layers, x.shape, [(mast, top), (foot, 386)], 0.7, "#3a322c", 0.85)
        for share in np.linspace(0.25, 0.97, 17):
            row = top + (386 - top) * share
            ends = [(mast + (foot - mast) * share, row) for foot in (feet[0], feet[-1])]
            line(layers, x.shape, ends, 0.5, "#3a322c", 0.6)


def hull(layers: Layers, x: np.ndarray, y: np.ndarray) -> None:
    """Append hull, deck houses, rail and crew."""
    for left, right, top in ((268, 308, 372), (352, 398, 374), (452, 482, 377)):
        box = outline(x.shape, [(left, 392), (left, top), (right, top), (right, 392)])
        light = 0.75 + 0.25 * step(left, right, x[box.box])
        wood = linear("#e7dcc8") * light[..., None]
        layers.append((wood, box))
        roof = [(left - 2, top), (right + 2, top)]
        line(layers, x.shape, roof, 3, "#8a5a34")
        for window in np.arange(left + 7, right - 4, 10):
            pane = [
                (window, top + 4),
                (window, top + 9),
                (window + 5, top + 9),
                (window + 5, top + 4),
            ]
            layers.append((linear("#2c3a44"), outline(x.shape, pane)))
    for place, size in ((222, 17), (232, 16), (414, 15), (492, 14)):
        body = [
            (place, 390),
            (place - 2.4, 383),
            (place - 1.5, 390 - size + 4),
            (place + 1.5, 390 - size + 4),
            (place + 2.4, 383),
        ]
        layers.append((linear("#39506b"), outline(x.shape, body)))
        line(
            layers,
            x.shape,
            [(place, 390 - size), (place, 390 - size + 3)],
            3,
            "#d9a783",
        )

    sheer = bezier((188, 381), (330, 402), (455, 398), (548, 372))
    stem = bezier((548, 372), (536, 396), (520, 414), (506, WATERLINE + 6))
    keel = bezier((506, WATERLINE + 6), (360, WATERLINE + 9), (222, WATERLINE + 6))
    stern = bezier((222, WATERLINE + 6), (204, 416), (196, 400), (188, 381))
    shape = x.shape
    patch = outline(shape, np.vstack([sheer, stem, keel, stern]))
    x, y = x[patch.box], y[patch.box]
    deck = np.interp(x, sheer[:, 0], sheer[:, 1])
    down = y - deck
    round_side = 0.55 + 0.55 * step(200, 530, x) - 0.012 * down
    planks = 1 - 0.22 * step(0.12, 0, np.abs((down / 4.6) % 1 - 0.5))
    grain = 1 + 0.08 * clouds(x / 40, y / 2.2, 31, 4)
    side = ramp(
        down,
        [
            (0, "#f0e6d2"),
            (4.6, "#f0e6d2"),
            (5.4, "#1f4a52"),
            (26, "#173a44"),
            (40, "#12303a"),
        ],
    )
    side = np.where(
        (down > 7.2)[..., None] & (down < 8.6)[..., None], linear("#d8b25a"), side
    )
    water = WATERLINE - 4 + 1.2 * noise(x / 18, x * 0, 8)
    side = np.where((y > water)[..., None], linear("#8c3b30"), side)
    layers.append((side * (round_side * planks * grain)[..., None], patch))
    for port in range(252, 500, 27):
        level = np.interp(port, sheer[:, 0], sheer[:, 1]) + 13.5
        away = np.hypot(x - port, y - level)
        layers.append((linear("#caa257"), Patch(patch.box, step(3.1, 2.4, away))))
        layers.append((linear("#22343a"), Patch(patch.box, step(2.1, 1.5, away))))
    rail = np.column_stack([sheer[:, 0], sheer[:, 1] - 6])
    line(layers, shape, rail, 1.5, "#7a4c2a")
    for post in np.arange(200, 545, 9):
        level = np.interp(post, sheer[:, 0], sheer[:, 1])
        line(layers, shape, [(post, level), (post, level - 6)], 0.9, "#e8dcc6")


def spar(
    layers: Layers,
    x: np.ndarray,
    ends: tuple[tuple[float, float], tuple[float, float]],
    width: float,
) -> None:
    """Append a round wooden pole, dark on the side turned from the sun."""
    line(layers, x.shape, list(ends), width, "#6e4424")
    shift = width * 0.2
    lit = [(px + shift, py - shift * 0.4) for px, py in ends]
    line(layers, x.shape, lit, width * 0.4, "#d39a5c")


def line(
    layers: Layers,
    shape: tuple[int, ...],
    points: list[tuple[float, float]] | np.ndarray,
    width: float,
    colour: str,
    strength: float = 1.0,
) -> None:
    """Append a rope, a spar or a rail."""
    layers.append((linear(colour), outline(shape, points, width) * strength))
