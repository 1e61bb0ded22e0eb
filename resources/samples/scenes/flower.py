"""A sunflower in front of a meadow out of focus."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scenes.paint import (
    Patch,
    bezier,
    blur,
    clouds,
    finish,
    grid,
    lay,
    linear,
    mix,
    moved,
    noise,
    outline,
    ramp,
    soften,
    step,
)

SIDE = 640
CENTRE = np.array([322.0, 292.0])
DISC = 96.0
LIGHT = np.array([-0.55, -0.83])
GOLDEN = np.pi * (3 - 5**0.5)


def draw() -> Image.Image:
    """Return the finished picture."""
    rng = np.random.default_rng(12)
    x, y = grid(SIDE, SIDE)
    picture = meadow(x, y, rng)
    stem(picture, x, y)
    flower = np.zeros(x.shape)
    for angle in np.arange(0, 2 * np.pi, 2 * np.pi / 17):
        sepal(picture, angle + rng.normal(0, 0.06), rng)
    rings = (
        (21, 246, 31, 0.0, 0.62),
        (21, 226, 30, 0.5, 0.80),
        (19, 196, 27, 0.25, 1.0),
    )
    for count, reach, half, shift, tone in rings:
        order = rng.permutation(count)
        for i in order:
            angle = (i + shift) * 2 * np.pi / count + rng.normal(0, 0.05)
            length = (reach - DISC + 22) * rng.uniform(0.9, 1.08)
            petal(
                picture,
                flower,
                x,
                y,
                angle,
                length,
                half * rng.uniform(0.85, 1.1),
                tone,
                rng,
            )
    disc(picture, x, y, rng)
    edge = np.hypot(x - SIDE / 2, y - SIDE / 2) / SIDE
    picture = picture * (1 - 0.35 * step(0.35, 0.8, edge))[..., None]
    return finish(picture, grain=0.006, seed=6)


def meadow(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a field and trees far behind the plane of focus."""
    wobble = 26 * noise(x / 150, x * 0, 3) + 14 * noise(x / 60, x * 0, 5)
    picture = ramp(
        y + wobble,
        [
            (0, "#9fc3d8"),
            (70, "#c6d9cf"),
            (130, "#6f9460"),
            (230, "#4c7a3c"),
            (330, "#79a044"),
            (470, "#5f8a34"),
            (640, "#35591f"),
        ],
    )
    patches = clouds(x / 130, y / 90, 7, 4)
    picture = picture * (1 + 0.28 * patches)[..., None]
    for _ in range(46):  # far flowers and gaps in the leaves, as discs of light
        place = rng.uniform((-20, 90), (660, 620))
        radius = rng.uniform(9, 30)
        away = np.hypot(x - place[0], y - place[1])
        ring = step(radius + 1.5, radius - 1.5, away) * (0.65 + 0.35 * away / radius)
        colour = ("#f3d44b", "#dfe7a0", "#a8c95a", "#f7efc0")[rng.integers(4)]
        picture = mix(picture, linear(colour), ring * rng.uniform(0.06, 0.26))
    return blur(picture, 5)


def stem(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Paint the stem and two leaves behind the flower."""
    middle = 330 + 16 * np.sin((y - 300) / 130)
    across = (x - middle) / 13
    body = step(1.04, 0.92, np.abs(across)) * (y > 300)
    round_light = 0.30 + 0.75 * np.sqrt((1 - across**2).clip(0, 1)) - 0.28 * across
    hair = 1 + 0.18 * noise(x / 1.6, y / 7, 33)
    colour = linear("#6d9a3c") * (round_light * hair)[..., None]
    picture[:] = mix(picture, colour, body)
    for side, base, tip in ((-1, (322, 560), (84, 540)), (1, (340, 520), (590, 496))):
        b, t = np.array(base, float), np.array(tip, float)
        up = np.array([0, -1.0])
        top = bezier(
            tuple(b),
            tuple(b + (t - b) * 0.25 + up * 95),
            tuple(b + (t - b) * 0.7 + up * 60),
            tuple(t),
        )
        bottom = bezier(
            tuple(t),
            tuple(b + (t - b) * 0.65 - up * 70),
            tuple(b + (t - b) * 0.2 - up * 56),
            tuple(b),
        )
        points = np.vstack([top, bottom])
        points = points + 2.2 * np.sin(np.arange(len(points)) * 1.9)[:, None] * up
        patch = outline(x.shape, points)
        px, py = x[patch.box], y[patch.box]
        along = (px - b[0]) / (t[0] - b[0])
        rib = b[1] + (t[1] - b[1]) * along - 16 * np.sin(np.pi * along)
        off = py - rib
        veins = np.abs(((along * 8 - np.abs(off) / 46) % 1) - 0.5)
        light = 0.62 - 0.006 * off + 0.20 * noise(px / 34, py / 26, 40 + side)
        light += 0.10 * step(0.12, 0.5, veins) + 0.06 * clouds(px / 9, py / 9, 50, 3)
        leaf = ramp(light, [(0.1, "#1f4017"), (0.6, "#4a8130"), (1.05, "#9cc45a")])
        leaf = mix(leaf, linear("#b9d48a"), step(0.06, 0.0, veins) * 0.35)
        leaf = mix(leaf, linear("#c4dc96"), step(2.0, 0.8, np.abs(off)) * 0.8)
        lay(picture, leaf, patch)


def blade(
    angle: float, start: float, length: float, half: float, bend: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the outline of a petal, and its unit vectors along and across."""
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    u = np.linspace(0, 1, 60)
    width = half * (
        np.sin(np.pi * u**0.72) ** 0.85 * (1 - 0.10 * u) + 0.28 * (1 - u) ** 2
    )
    middle = bend * length * u**2
    base = CENTRE + along * start

    def side(sign: int) -> np.ndarray:
        return (
            base + np.outer(u * length, along) + np.outer(middle + sign * width, across)
        )

    return np.vstack([side(1), side(-1)[::-1]]), along, across


def sepal(
    picture: np.ndarray,
    angle: float,
    rng: np.random.Generator,
) -> None:
    """Paint one green leaf behind the petals."""
    points, along, _ = blade(
        angle, DISC, 150 * rng.uniform(0.9, 1.1), 15, rng.normal(0, 0.1)
    )
    patch = outline(picture.shape, points)
    tone = rng.uniform(0.55, 0.85) * (1 + 0.3 * float(along @ LIGHT))
    lay(picture, linear("#5f8f38") * tone, patch)


def petal(
    picture: np.ndarray,
    flower: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    angle: float,
    length: float,
    half: float,
    tone: float,
    rng: np.random.Generator,
) -> None:
    """Paint one petal; its soft shadow falls on what is ``flower`` already."""
    start, bend = DISC - 22, rng.normal(0, 0.07)
    points, along, across = blade(angle, start, length, half, bend)
    shadow = soften(outline(x.shape, moved(points, 3, 7)), 4.5, x.shape)
    lay(picture, linear("#4a2503"), shadow * (0.42 * flower[shadow.box]))

    patch = outline(x.shape, points)
    flower[patch.box] = np.maximum(flower[patch.box], patch.mask)
    dx, dy = x[patch.box] - CENTRE[0], y[patch.box] - CENTRE[1]
    u = (dx * along[0] + dy * along[1] - start) / length
    v = (dx * across[0] + dy * across[1] - bend * length * u**2) / half
    seed = int(rng.integers(1 << 30))
    colour = ramp(
        u,
        [
            (0.0, "#a8480a"),
            (0.2, "#e08a0c"),
            (0.45, "#f8b710"),
            (0.8, "#ffd02e"),
            (1, "#ffe27a"),
        ],
    )
    streak = noise(v * 5.5, u * 1.6, seed) + 0.6 * noise(v * 13, u * 2.4, seed + 1)
    cup = float(across @ LIGHT) * v * 0.30 + float(along @ LIGHT) * (u - 0.4) * 0.34
    light = 0.92 + cup + 0.11 * streak - 0.17 * v**2
    light -= 0.22 * step(0.10, 0.0, np.abs(v)) * (1 - u) + 0.42 * step(0.35, 0.0, u)
    light += 0.12 * np.exp(-(((v + 0.35) / 0.16) ** 2)) * step(0.2, 0.5, u)
    warm = mix(colour, linear("#f08c0a"), (0.22 * step(0.2, -0.5, streak)).clip(0, 1))
    lay(
        picture,
        warm * (light.clip(0.1, 1.35) * tone * rng.uniform(0.92, 1.06))[..., None],
        patch,
    )


def disc(
    picture: np.ndarray, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> None:
    """Paint the florets in their spirals.

    H. Vogel, "A better way to construct the sunflower head", 1979.
    """
    away = np.hypot(x - CENTRE[0], y - CENTRE[1])
    fall = np.hypot(x - CENTRE[0] - 3, y - CENTRE[1] - 7)
    picture[:] = mix(
        picture, linear("#3a1b04"), step(DISC + 26, DISC - 10, fall) * 0.75
    )
    picture[:] = mix(picture, linear("#1d0d04"), step(DISC + 2, DISC - 3, away))

    count = 1150
    for i in range(count - 1, -1, -1):
        share = np.sqrt((i + 0.5) / count)
        radius = share * DISC * (1.01 + 0.02 * rng.normal())
        angle = i * GOLDEN + rng.normal(0, 0.01)
        spot = CENTRE + radius * np.array([np.cos(angle), np.sin(angle)])
        size = 2.5 + 1.5 * share
        low = ((spot - size - 2) * 2).astype(int)
        high = ((spot + size + 2) * 2).astype(int)
        box = slice(low[1], high[1]), slice(low[0], high[0])
        dx, dy = (x[box] - spot[0]) / size, (y[box] - spot[1]) / size
        r2 = dx**2 + dy**2
        dome = np.sqrt((1 - r2).clip(0, 1))
        bowl = (
            0.28 * float((spot - CENTRE) @ LIGHT) / DISC * (1 if share > 0.45 else -1)
        )
        light = 0.34 + 0.55 * dome - 0.62 * (dx * -LIGHT[0] + dy * -LIGHT[1]) + bowl
        tone = ramp(
            np.full_like(dx, share + rng.normal(0, 0.025)),
            [
                (0, "#7d7a2c"),
                (0.26, "#6b5320"),
                (0.42, "#3a1d0a"),
                (0.66, "#4d260b"),
                (0.80, "#a8600f"),
                (0.92, "#d98f16"),
                (1, "#b86a0c"),
            ],
        )
        spark = np.exp(-((dx + 0.35) ** 2 + (dy + 0.42) ** 2) / 0.06) * 0.30
        colour = tone * (light.clip(0.06, 1.4) * rng.uniform(0.8, 1.15))[..., None]
        colour = colour + spark[..., None] * linear("#ffe6b0") * (0.25 + 0.75 * share)
        lay(picture, colour, Patch(box, step(1.05, 0.8, np.sqrt(r2))))
