"""A steel wrist watch on a pale ground."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scenes.dial import dial, hands
from scenes.gauge import (
    BEZEL,
    CASE,
    CENTRE,
    SIDE,
    TILT,
    ZOOM,
    line,
    place,
    polar,
    steel,
    text,
)
from scenes.paint import (
    SCALE,
    blur,
    clouds,
    finish,
    grid,
    lay,
    linear,
    mix,
    noise,
    outline,
    ramp,
    soften,
    step,
)


def draw() -> Image.Image:
    """Return the finished picture."""
    x, y = grid(SIDE, SIDE)
    dx, dy = (x - CENTRE[0]) / ZOOM, (y - CENTRE[1]) / ZOOM
    p = dx * np.cos(TILT) + dy * np.sin(TILT)  # along 9 … 3 o'clock
    q = -dx * np.sin(TILT) + dy * np.cos(TILT)  # along 12 … 6 o'clock
    picture = ground(x, y)
    band, band_mask = bracelet(p, q)
    case_mask = step(CASE + 1, CASE - 1, np.hypot(p, q)) + crown_mask(p, q)
    body = np.maximum(band_mask, case_mask.clip(0, 1))
    for shift, softness, strength in ((12, 6, 0.5), (30, 24, 0.5)):
        down, right = shift * SCALE, shift * SCALE // 2
        moved = np.pad(body, ((down, 0), (right, 0)), mode="edge")
        shadow = blur(moved[:-down, :-right], softness)
        picture = mix(picture, linear("#2a2c33"), shadow * strength)
    picture = mix(picture, band, band_mask)
    near = blur(case_mask.clip(0, 1), 9)
    picture = mix(picture, linear("#0c0d10"), near * band_mask * 0.75)
    case(picture, p, q)
    dial(picture, p, q)
    hands(picture, p, q)
    glass(picture, p, q)
    return finish(picture, grain=0.005, seed=8)


def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a pale cloth, lit from the upper left."""
    light = 1.02 - 0.34 * np.hypot(x - 180, y - 140) / SIDE
    weave = (
        1
        + 0.035 * np.sin(x * 2.4) * np.sin(y * 2.4)
        + 0.03 * clouds(x / 3, y / 3, 3, 3)
    )
    fold = 1 + 0.05 * noise(x / 220 + y / 330, y / 420, 17)
    return linear("#e3dfd6") * (light * weave * fold)[..., None]


def bracelet(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the band of links and its mask; it bends away at both ends."""
    far = np.abs(q)
    bend = ((far - 130) / 230).clip(0, 1)
    half = 66 - 12 * bend
    along = far + 26 * bend**2  # links look shorter where the band turns down
    across = p / half
    side = np.abs(across)
    middle = side < 0.40
    offset = np.where(middle, 0.5, 0.0)
    row = along / 27 + offset
    inside = row - np.floor(row)
    tone = np.random.default_rng(2).uniform(-0.06, 0.06, 64)[
        np.floor(row).astype(int) % 64
    ]

    rounded = np.sin(np.pi * inside.clip(0.0, 1)) ** 0.5
    brushed = 0.10 * noise(p / 0.9, q / 30, 21) + 0.05 * noise(p / 0.5, q / 60, 22)
    plain = 0.50 + 0.22 * (0.5 - inside) * 2 * np.sign(q) * -1 + brushed
    polish = (
        0.34
        + 0.60 * np.exp(-(((inside - 0.34) / 0.15) ** 2))
        + 0.20 * np.exp(-(((inside - 0.80) / 0.07) ** 2))
    )
    value = np.where(middle, polish + 0.02 * brushed, plain) * (0.35 + 0.65 * rounded)
    value = value + tone - 0.22 * across - 0.30 * bend
    joint = step(0.030, 0.012, np.abs(side - 0.40)) + step(0.97, 1.0, side) * 0.6
    gap = step(0.075, 0.02, np.minimum(inside, 1 - inside))
    value = value * (1 - 0.75 * joint.clip(0, 1)) * (1 - 0.85 * gap)
    value = value + 0.30 * step(0.05, 0.02, np.abs(side - 0.46)) * (1 - gap)
    mask = step(half + 0.7, half - 0.7, np.abs(p)) * (far > 60)
    notch = step(0.10, 0.03, np.minimum(inside, 1 - inside)) * (side > 0.9)
    return steel(value.clip(0, 1)), mask * (1 - notch)


def crown_mask(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the mask of crown and crown guard at 3 o'clock."""
    knob = step(24.7, 23.3, np.abs(p - 172)) * step(15.7, 14.3, np.abs(q))
    guard = step(34, 32, np.hypot((p - 146) / 0.85, q / 1.25))
    return np.maximum(knob, guard)


def case(picture: np.ndarray, p: np.ndarray, q: np.ndarray) -> None:
    """Paint lugs, crown, case and the turning bezel."""
    for sign in (-1, 1):
        for side in (-1, 1):
            corners = [(58, 112), (98, 96), (92, 148), (80, 172), (62, 174)]
            patch = outline(
                p.shape, np.array([place(side * a, sign * b) for a, b in corners])
            )
            u, v = p[patch.box] * side, q[patch.box] * sign
            value = 0.62 + 0.10 * noise(u / 40, v / 0.8, 30) - 0.006 * (v - 120)
            value += 0.35 * step(84, 90, u) - side * 0.10 - 0.4 * step(66, 62, u)
            shadow = soften(patch, 3, p.shape)
            lay(picture, linear("#101216"), shadow * 0.5)
            lay(picture, steel(value.clip(0, 1)), patch)

    guard = step(34, 32, np.hypot((p - 146) / 0.85, q / 1.25))
    picture[:] = mix(picture, steel(0.45 - q / 90 + 0.05 * noise(p / 30, q, 6)), guard)
    knob = step(24.7, 23.3, np.abs(p - 172)) * step(15.7, 14.3, np.abs(q))
    ridges = 0.5 + 0.5 * np.sin(np.arcsin((q / 15.7).clip(-1, 1)) * 15)
    barrel = (0.30 + 0.6 * ridges) * np.sqrt(1 - (q / 16.5).clip(-1, 1) ** 2) - q / 70
    barrel = barrel - 0.3 * step(190, 196, p)
    picture[:] = mix(picture, steel(barrel.clip(0, 1)), knob)

    radius, angle = np.hypot(p, q), np.arctan2(p, -q)
    glint = 0.50 + 0.30 * np.cos(2 * angle + 0.9) + 0.16 * np.cos(4 * angle - 0.6)
    body = step(CASE + 0.7, CASE - 0.7, radius)
    rim = glint + 0.25 * step(CASE - 8, CASE - 2, radius) * np.cos(angle + 0.7)
    picture[:] = mix(picture, steel(rim.clip(0, 1)), body)
    teeth = CASE - 7 + 1.6 * step(-0.5, 0.5, np.sin(angle * 90))
    coin = step(teeth + 0.7, teeth - 0.7, radius)
    milled = glint * (0.55 + 0.55 * step(-0.6, 0.6, np.sin(angle * 90)))
    picture[:] = mix(
        picture, linear("#0e1014"), step(CASE - 3.5, CASE - 6, radius) * 0.8
    )
    picture[:] = mix(picture, steel(milled.clip(0, 1)), coin)

    ring = step(CASE - 12.3, CASE - 13.7, radius)
    slope = np.cos(angle + 0.75)
    enamel = ramp(
        0.5 + 0.5 * slope * step(BEZEL - 14, CASE, radius) + 0.25 * np.cos(3 * angle),
        [(0, "#0a1020"), (0.6, "#14213e"), (1, "#3c5484"), (1.25, "#7f95bd")],
    )
    picture[:] = mix(picture, enamel, ring)
    for minute in range(60):
        if minute == 0:
            continue
        long = minute % 5 == 0
        if long and minute % 10 == 0:
            continue
        width, inner = (2.6, 127.5) if long else (1.0, 134.5)
        mark = [polar(inner, minute / 60), polar(142, minute / 60)]
        line(picture, mark, width, "#d8dde4")
    for minute in range(10, 60, 10):
        lay(
            picture,
            linear("#e8ecf1"),
            text(str(minute), 15, polar(134, minute / 60), minute / 60),
        )
    corner = np.array([polar(143, -0.017), polar(143, 0.017), polar(128, 0)])
    lay(picture, linear("#e8ecf1"), outline(p.shape, corner))
    pearl = np.hypot(*(np.stack([p, q]) - np.array([0, -138.5])[:, None, None]))
    picture[:] = mix(
        picture, ramp(pearl, [(0, "#ffffff"), (3, "#cfe6d2")]), step(3.4, 2.4, pearl)
    )
    inner = step(BEZEL - 9.3, BEZEL - 10.7, radius)
    mirror = 0.45 - 0.42 * np.cos(2 * angle + 0.9) - 0.15 * np.cos(5 * angle)
    picture[:] = mix(picture, steel(mirror.clip(0, 1)), inner)


def glass(picture: np.ndarray, p: np.ndarray, q: np.ndarray) -> None:
    """Lay the reflection of a window over the crystal."""
    radius = np.hypot(p, q)
    crystal = step(BEZEL - 10, BEZEL - 12, radius)
    slant = p * 0.83 + q * 0.56
    stripe = step(-86, -60, slant) * step(8, -22, slant) + 0.6 * step(
        22, 30, slant
    ) * step(48, 42, slant)
    picture += (crystal * stripe * 0.045)[..., None] * linear("#dfeaff")
    rim = (
        crystal
        * step(BEZEL - 26, BEZEL - 11, radius)
        * step(0.2, 1, -(p + q) / (radius + 1))
    )
    picture += (rim * 0.16)[..., None] * linear("#ffffff")
