"""A test card: stripes, checks, dots, letters, ramps, textures and fine rings.

The centre crop of a network keeps the middle seven eighths: exactly the tiles.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scenes.paint import SCALE, clouds, finish, grid, linear, mix, noise, ramp, step

SIDE, TILE, MARGIN, GAP = 640, 140, 40, 7
INK, PAPER = "#15171c", "#f4f1e8"

Tile = Callable[[np.ndarray, np.ndarray], np.ndarray]


def draw() -> Image.Image:
    """Return the finished picture."""
    x, y = grid(SIDE, SIDE)
    picture = ramp(x + y, [(0, "#4a5a78"), (640, "#5c5470"), (1280, "#7a5a5e")])
    tiles: dict[tuple[int, int], Tile] = {
        (0, 0): chirp,
        (0, 1): zebra,
        (0, 2): red_green,
        (0, 3): lambda u, v: chirp(v, u),
        (1, 0): floor,
        (1, 3): dots,
        (2, 0): letters,
        (2, 3): hues,
        (3, 0): steps,
        (3, 1): plaid,
        (3, 2): balls,
        (3, 3): bricks,
    }
    for (row, column), tile in tiles.items():
        left, top = MARGIN + column * TILE, MARGIN + row * TILE
        box = tuple(slice(at * SCALE, (at + TILE) * SCALE) for at in (top, left))
        u, v = x[box] - left, y[box] - top
        picture[box] = mix(picture[box], tile(u, v), rounded(u, v))
    return finish(rings(picture, x - SIDE / 2, y - SIDE / 2))


def rounded(u: np.ndarray, v: np.ndarray, corner: float = 12) -> np.ndarray:
    """Return the mask of a tile with round corners."""
    half = (TILE - GAP) / 2 - corner
    du = (np.abs(u - TILE / 2) - half).clip(0)
    dv = (np.abs(v - TILE / 2) - half).clip(0)
    return step(corner + 0.5, corner - 0.5, np.hypot(du, dv))


def wave(phase: np.ndarray, sharp: float = 1.0) -> np.ndarray:
    """Return stripes in 0 … 1, one per unit of phase; ``sharp`` hardens the edges."""
    return (0.5 + 0.5 * sharp * np.sin(2 * np.pi * phase)).clip(0, 1)


def between(dark: str, light: str, share: np.ndarray) -> np.ndarray:
    """Return a mixture of two colours."""
    return mix(linear(dark), linear(light), share)


def chirp(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return upright stripes that grow finer, softer towards the bottom."""
    share = wave(u / 36 + (u / 46) ** 2 / 2.2, 6)
    soft = wave(u / 36 + (u / 46) ** 2 / 2.2)
    return between(
        INK, PAPER, mix(share[..., None], soft[..., None], step(50, 110, v))[..., 0]
    )


def zebra(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the fork-and-merge stripes of a hide, rising to the right."""
    bend = 0.42 * noise(u / 48, v / 48, 3) + 0.12 * noise(u / 17, v / 17, 4)
    share = wave((u + v) / 2**0.5 / 19 + bend, 5)
    return between("#1b1613", "#f3ead9", share)


def red_green(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return falling stripes of two colours of about equal brightness."""
    return between("#c8402f", "#3d8a3f", wave((u - v) / 2**0.5 / 17, 4))


def floor(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a chequered floor running to the horizon."""
    depth = 1900 / (v - 30).clip(3)
    across = (u - TILE / 2) * depth / 95
    blur = (depth / 26).clip(0.4, 50)
    check = np.sin(np.pi * across / 12) * np.sin(np.pi * depth / 12)
    share = (0.5 + check * 3 / blur).clip(0, 1)
    share = np.where(v < 36, 0.5, share)
    sky = ramp(v, [(0, "#3d6fa8"), (38, "#e8d9bd")])
    return mix(between("#22262e", "#efe9dc", share), sky, step(40, 36, v))


def dots(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return dots that grow along the tile, on a shaded ground."""
    cell = 16.6
    du, dv = (u + 4) % cell - cell / 2, (v + 4) % cell - cell / 2
    size = 1.8 + 4.6 * np.floor((v + 4) / cell) / 8
    mask = step(size + 0.7, size - 0.7, np.hypot(du, dv))
    ground = ramp(u, [(0, "#f6e7c1"), (TILE, "#e8a24a")])
    return mix(ground, linear("#2b3f7a"), mask)


def letters(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return letters large and small."""
    fine = 4
    sheet = Image.new("L", (u.shape[1] * fine, u.shape[0] * fine))
    pen = ImageDraw.Draw(sheet)
    for words, size, place in (
        ("Ag", 62, (18, -4)),
        ("K5&R", 30, (20, 66)),
        ("kernel map 3x3", 14, (20, 108)),
    ):
        font = ImageFont.load_default(size * SCALE * fine)
        pen.text(tuple(at * SCALE * fine for at in place), words, 255, font)
    mask = np.asarray(sheet.reduce(fine)) / 255
    return mix(ramp(v, [(0, "#fbf7ee"), (TILE, "#e2ddd0")]), linear(INK), mask)


def hues(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return every hue around a wheel, paler inwards."""
    du, dv = u - TILE / 2, v - TILE / 2
    angle, away = np.arctan2(dv, du), np.hypot(du, dv) / 62
    channels = [
        (0.5 + 0.62 * np.cos(angle - shift)).clip(0, 1) ** 1.6
        for shift in (0, 2 * np.pi / 3, 4 * np.pi / 3)
    ]
    wheel = np.stack(channels, axis=-1)
    wheel = mix(np.ones(3) * 0.9, wheel, away.clip(0, 1))
    return mix(linear("#23262d") + 0 * wheel, wheel, step(1.0, 0.97, away))


def steps(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a smooth ramp, the same in eight steps, and reversed."""
    share = (u - 4) / (TILE - 8)
    stairs = np.floor(share * 8) / 7
    value = np.where(v < 47, share, np.where(v < 94, stairs, 1 - share)).clip(0, 1)
    return np.repeat((value**2.2)[..., None], 3, axis=2)


def plaid(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a woven cloth at an angle."""
    a = (u * 0.87 + v * 0.5) / 23
    b = (-u * 0.5 + v * 0.87) / 23
    cloth = between("#1d3f75", "#e9c24b", wave(a, 2.2) * 0.6 + wave(b, 2.2) * 0.4)
    line = step(0.42, 0.49, np.abs(a % 1 - 0.5)) + step(0.42, 0.49, np.abs(b % 1 - 0.5))
    return mix(cloth, linear("#a8322c"), (line * 0.8).clip(0, 1))


def balls(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return three shaded balls and their shadows."""
    picture = ramp(v, [(0, "#d9e2e4"), (TILE, "#9fb0b4")])
    for cu, cv, size, colour in (
        (92, 48, 33, "#3f8f8a"),
        (44, 62, 26, "#d8602f"),
        (84, 102, 23, "#7c4aa0"),
    ):
        shade = np.hypot((u - cu - 9) / 1.15, (v - cv - size * 0.72) / 0.55)
        picture = mix(
            picture, linear("#1f2a30"), step(size * 1.25, size * 0.4, shade) * 0.55
        )
        du, dv = (u - cu) / size, (v - cv) / size
        r2 = du**2 + dv**2
        up = np.sqrt((1 - r2).clip(0, 1))
        light = (0.5 * up - 0.5 * du - 0.6 * dv).clip(0, 2) + 0.10
        shine = (0.62 * up - 0.48 * du - 0.62 * dv).clip(0, 1) ** 28
        body = linear(colour) * (light * 1.25)[..., None] + shine[..., None] * 0.9
        picture = mix(picture, body, step(1.02, 0.97, np.sqrt(r2)))
    return picture


def bricks(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return a wall of rough bricks."""
    row = np.floor((v + 3) / 22)
    shift = (u + 3 + (row % 2) * 22) / 44
    du, dv = (shift % 1) * 44, (v + 3) % 22
    inside = step(
        1.2, 3.4, np.minimum(np.minimum(du, 44 - du), np.minimum(dv, 22 - dv))
    )
    pick = np.random.default_rng(9).uniform(0.55, 1.15, (16, 16))
    tone = pick[row.astype(int) % 16, np.floor(shift).astype(int) % 16]
    rough = 1 + 0.30 * clouds(u / 9, v / 9, 41, 4)
    edge = 1 + 0.35 * step(6, 2, dv) - 0.40 * step(17, 21, dv)
    wall = linear("#a4553a") * (tone * rough * edge)[..., None]
    mortar = linear("#b9b2a4") * (1 + 0.2 * clouds(u / 4, v / 4, 47, 3))[..., None]
    return mix(mortar, wall, inside)


def rings(picture: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Lay rings that grow finer outwards around a star of spokes over the middle."""
    away, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    plate = wave((away / 48) ** 2 * 1.18, 1.0)
    disc = between(INK, PAPER, plate)
    star = (0.5 + np.sin(angle * 18) * away / 11).clip(0, 1)
    star = np.where(away < 9, 0.5, star)
    disc = mix(disc, between("#122a5c", "#ffd98a", star), step(62.7, 61.3, away))
    disc = mix(disc, linear("#c8402f"), step(3.2, 1.8, np.abs(away - 63)))
    disc = mix(disc, linear("#15171c"), step(2.4, 1.0, np.abs(away - 132)))
    return mix(picture, disc, step(133.2, 131.8, away))
