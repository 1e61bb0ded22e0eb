"""A schooner off a coast, late in the afternoon."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scenes.paint import (
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
    step,
)
from scenes.ship import WATERLINE, schooner

WIDTH, HEIGHT = 720, 600
HORIZON = 385.0
SUN = (655.0, 300.0)


def draw() -> Image.Image:
    """Return the finished picture."""
    x, y = grid(WIDTH, HEIGHT)
    picture = coast(sky(x, y), x, y)
    ship, alpha = schooner(x, y)
    picture = sea(picture, ship, alpha, x, y)
    picture = mix(picture, ship, alpha)
    picture = foam(picture, x, y)
    gulls(picture)
    glow = np.exp(-np.hypot(x - SUN[0], (y - SUN[1]) * 1.3) / 150)
    picture = picture + glow[..., None] * linear("#ffcf96") * 0.16
    return finish(picture, grain=0.006, seed=4)


def sky_colour(height: np.ndarray, aside: np.ndarray) -> np.ndarray:
    """Return the clear sky's colour.

    ``height`` is 0 at the horizon and 1 at the top of the picture, ``aside`` the
    distance from the sun along the horizon in picture widths.
    """
    cool = ramp(
        height,
        [(0, "#e9d9c6"), (0.12, "#cfd8dc"), (0.4, "#8fb6d6"), (1, "#3f7ab8")],
    )
    warm = ramp(
        height,
        [(0, "#ffd9a0"), (0.15, "#fbe3bd"), (0.45, "#a9c6dc"), (1, "#4b86c0")],
    )
    return mix(warm, cool, step(0.05, 0.9, aside))


def sky(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return sky and clouds over the whole picture."""
    height = ((HORIZON - y) / HORIZON).clip(0, 1)
    aside = np.abs(x - SUN[0]) / WIDTH
    picture = sky_colour(height, aside)

    # a layer of cloud seen in perspective: flatter and closer towards the horizon
    depth = 1 / (height + 0.16)
    u, v = (x - 330) / 300 * depth, 3.2 * depth

    def cover(du: float, dv: float) -> np.ndarray:
        return clouds(u * 1.15 + du, v + dv, 23, 7) + 0.35 * noise(
            u * 0.4 + du, v * 0.5 + dv, 80
        )

    thick = cover(0, 0)
    towards_sun = cover(0.10, -0.07)
    mask = step(0.02, 0.62, thick) * step(0.02, 0.16, height)
    lit = (0.62 + 0.9 * (thick - towards_sun)).clip(0.12, 1.1)
    cloud = ramp(
        lit, [(0.1, "#8d97ab"), (0.45, "#c9c7cd"), (0.75, "#fbeedd"), (1.1, "#fffaf0")]
    )
    return mix(picture, cloud, mask * 0.92)


def coast(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Add far hills and a lighthouse."""
    for seed, rise, base, colour in (
        (5, 34, 30, "#a9b6c6"),
        (9, 26, 16, "#7f92a4"),
        (13, 15, 6, "#5c7378"),
    ):
        left = step(430, -80, x) * rise
        right = step(600, 760, x) * rise * 0.55
        ridge = (left + right) * (1 + 0.35 * clouds(x / 90, x * 0 + seed, seed, 5))
        top = HORIZON - ridge - base * step(330, 60, x)
        wood = 1 + 0.12 * clouds(x / 7, y / 4, seed + 40, 3)
        land = step(-0.6, 0.6, y - top) * (ridge > 0.8)
        picture = mix(picture, linear(colour) * wood[..., None], land)
    head = 385 - 15 * step(46, 88, x) * step(150, 112, x)
    head = head + 2.5 * clouds(x / 14, x * 0, 91, 4) * step(46, 88, x)
    rock = ramp(clouds(x / 9, y / 5, 92, 5), [(-0.7, "#2f3b3c"), (0.8, "#7d8274")])
    inside = step(-0.5, 0.5, y - head) * step(44, 60, x) * step(156, 138, x)
    picture = mix(picture, rock, inside)
    tower = outline(x.shape, [(94, 376), (96.5, 318), (103.5, 318), (106, 376)])
    tx, ty = x[tower.box], y[tower.box]
    paint = mix(linear("#b6463c"), linear("#efe9df"), ((ty - 318) // 11.6) % 2 == 0)
    lay(picture, paint * (0.55 + 0.6 * step(95, 105, tx))[..., None], tower)
    for shape, colour in (
        ([(93, 318), (93, 315), (107, 315), (107, 318)], "#3b4148"),
        ([(96.5, 315), (96.5, 307), (103.5, 307), (103.5, 315)], "#ffe9b8"),
        ([(95, 307), (100, 300), (105, 307)], "#8e3a35"),
    ):
        lay(picture, linear(colour), outline(x.shape, shape))
    return picture


def sea(
    picture: np.ndarray,
    ship: np.ndarray,
    alpha: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Add water: sky and ship mirrored in waves, more of it at a grazing angle."""
    below = y > HORIZON
    fall = np.where(below, y - HORIZON, 1) + 0.7
    distance = 90 / fall
    across, along = (x - 360) / 90 * distance, distance * 14
    slope_x, slope_y = np.zeros_like(x), np.zeros_like(x)
    for size, strength, seed in (
        (3.4, 0.30, 1),
        (1.7, 0.42, 2),
        (0.8, 0.46, 3),
        (0.36, 0.42, 4),
        (0.17, 0.34, 5),
        (0.08, 0.22, 6),
    ):
        # waves finer than a pixel can show average out
        seen = step(0.5, 2.2, size / (distance**2 * 14 / 90 / 2.2))
        u, v = across / size * 0.55, along / size * 0.9
        height = noise(u + v * 0.25, v, 100 + seed)
        slope_x += strength * seen * (noise(u + 0.3 + v * 0.25, v, 100 + seed) - height)
        slope_y += strength * seen * (noise(u + v * 0.25, v + 0.3, 100 + seed) - height)

    grazing = 1 / (1 + (fall / 60) ** 1.2)
    mirror_height = (0.04 + 0.75 * (1 - grazing) + 1.5 * slope_y).clip(0, 1)
    mirrored = sky_colour(mirror_height, np.abs(x - SUN[0]) / WIDTH + 0.4 * slope_x)
    fresnel = (0.10 + 0.72 * grazing**1.4 - 0.9 * slope_y).clip(0.04, 0.9)
    deep = ramp(fall, [(0, "#3c6f86"), (60, "#205a70"), (215, "#0f3c50")])
    water = mix(deep, mirrored, fresnel)

    column = np.exp(-(((x - SUN[0]) / (26 + fall * 0.55)) ** 2))
    glitter = step(0.10, 0.42, slope_x * 0.6 + slope_y + 0.14 * column)
    water = water + (glitter * column)[..., None] * linear("#ffdca6") * 1.5
    crest = step(0.20, 0.42, slope_y + 0.25 * slope_x)
    water = mix(water, linear("#dfe9ea"), crest * 0.38)

    # the ship upside down, torn by the waves
    reach = np.maximum(y - WATERLINE, 0)
    rows = (WATERLINE - reach * 1.02 - slope_y * (10 + reach * 1.3)).clip(0, HEIGHT - 1)
    columns = (x + slope_x * (14 + reach * 1.2)).clip(0, WIDTH - 1)
    scale = x.shape[0] / HEIGHT
    index = (rows * scale).astype(int), (columns * scale).astype(int)
    image, cover = blur(ship * alpha[..., None], 1.2)[index], blur(alpha, 1.2)[index]
    strength = (y > WATERLINE) * 0.62 * np.exp(-reach / 230)
    tint = image * np.array([0.72, 0.86, 0.92]) + deep * (cover * 0.35)[..., None]
    water = water * (1 - cover * strength)[..., None] + tint * strength[..., None]

    haze = np.exp(-fall / 7) * 0.65
    water = mix(water, sky_colour(np.zeros_like(x), np.abs(x - SUN[0]) / WIDTH), haze)
    return mix(picture, water, step(-0.4, 0.4, y - HORIZON))


def foam(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Add the bow wave, spray along the side and the wake."""
    rough = clouds(x / 9, y / 4, 55, 5)
    bow = np.exp(-(((x - 512) / 22) ** 2) - ((y - 424) / 5.0) ** 2) * 1.5
    along = step(195, 260, x) * step(530, 470, x) * np.exp(-(((y - 427) / 2.6) ** 2))
    wake = step(40, 215, x) * step(235, 205, x) * np.exp(-(((y - 430) / 5.5) ** 2))
    trail = step(430, 520, x) * step(640, 540, x)
    trail = trail * np.exp(-(((y - 430 - (x - 512) * 0.09) / 3.2) ** 2)) * 0.8
    amount = bow + 0.75 * along + 0.7 * wake + trail
    mask = step(0.25, 0.95, amount * (0.85 + 0.7 * rough)).clip(0, 0.95)
    return mix(picture, linear("#f5f4ee"), mask)


def gulls(picture: np.ndarray) -> None:
    """Add a few gulls."""
    for px, py, span, tilt in (
        (150, 150, 17, 2), (186, 176, 12, -1), (566, 128, 14, -2), (120, 205, 9, 1)
    ):  # fmt: skip
        wing = np.vstack(
            [
                bezier(
                    (px - span, py - 3 + tilt),
                    (px - span / 2, py - 7),
                    (px, py),
                    count=14,
                ),
                bezier(
                    (px, py),
                    (px + span / 2, py - 8),
                    (px + span, py - 2 - tilt),
                    count=14,
                ),
            ]
        )
        lay(picture, linear("#f4f1ea"), outline(picture.shape, wing, 2.2))
        under = outline(picture.shape, moved(wing, 0, 1), 1.0) * 0.7
        lay(picture, linear("#59606a"), under)
