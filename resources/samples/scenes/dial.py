"""Dial and hands of the watch."""

from __future__ import annotations

import numpy as np

from scenes.gauge import CENTRE, DIAL, line, place, polar, steel, text
from scenes.paint import (
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


def dial(picture: np.ndarray, p: np.ndarray, q: np.ndarray) -> None:
    """Paint the dial: sunburst, tracks, small seconds, applied hour marks."""
    radius, angle = np.hypot(p, q), np.arctan2(p, -q)
    face = step(DIAL + 0.7, DIAL - 0.7, radius)
    rays = 0.5 + 0.34 * np.cos(2 * angle + 1.1) + 0.12 * np.cos(4 * angle + 0.5)
    rays += 0.06 * noise(angle * 120, radius / 60, 61) + 0.05 * noise(
        angle * 46, radius / 90, 62
    )
    blue = ramp(
        rays - 0.25 * step(70, DIAL, radius),
        [
            (-0.2, "#050d1c"),
            (0.25, "#0d2650"),
            (0.6, "#1f56a0"),
            (0.9, "#5c9fe0"),
            (1.1, "#a9d2f7"),
        ],
    )
    picture[:] = mix(picture, blue, face)
    picture[:] = mix(
        picture,
        linear("#02050c"),
        face * step(DIAL - 12, DIAL + 3, np.hypot(p + 3, q + 5)) * 0.7,
    )
    for minute in range(60):
        five = minute % 5 == 0
        mark = [polar(108 if five else 110, minute / 60), polar(115, minute / 60)]
        line(picture, mark, 1.6 if five else 0.8, "#e9eef4")

    small = np.hypot(p, q - 50)
    well = step(30.7, 29.3, small)
    grooves = (
        0.35 + 0.10 * np.sin(small * 3.3) + 0.25 * np.cos(np.arctan2(p, q - 50) * 2 + 1)
    )
    picture[:] = mix(picture, ramp(grooves, [(0, "#081226"), (0.8, "#2f5c98")]), well)
    picture[:] = mix(picture, linear("#c9d4e2"), step(1.4, 0.5, np.abs(small - 30)))
    for second in range(0, 60, 5):
        turn = 2 * np.pi * second / 60
        ends = [
            place(r * np.sin(turn), 50 - r * np.cos(turn))
            for r in (21 if second % 15 == 0 else 24, 28)
        ]
        line(picture, ends, 1.1, "#e9eef4")

    for hour in range(12):
        if hour in (3, 6):
            continue
        turn = hour / 12
        for offset in (-3.6, 3.6) if hour == 0 else (0.0,):
            bar(picture, p.shape, turn, offset, 78 if hour % 3 else 74, 104, 5.6)
    lay(picture, linear("#e9eef4"), text("CNN", 15, place(0, -52), 0))
    lay(picture, linear("#b9c8da"), text("AUTOMATIC", 7.5, place(0, -39), 0))

    window = np.array(
        [place(a, b) for a, b in ((80, -10), (104, -10), (104, 10), (80, 10))]
    )
    lay(picture, steel(np.array(0.8)), outline(p.shape, window + 0.0))
    pane = np.array([place(a, b) for a, b in ((82, -8), (102, -8), (102, 8), (82, 8))])
    lay(picture, linear("#f3f1ea"), outline(p.shape, pane))
    lay(picture, linear("#15181e"), text("25", 14, place(92, 0), 0))


def bar(
    picture: np.ndarray,
    shape: tuple[int, ...],
    turn: float,
    offset: float,
    inner: float,
    outer: float,
    width: float,
) -> None:
    """Paint one applied hour mark with a ridge, over its shadow."""
    angle = 2 * np.pi * turn
    along = place(np.sin(angle), -np.cos(angle)) - CENTRE
    across = np.array([-along[1], along[0]])
    centre = CENTRE + across * offset

    def strip(low: float, high: float) -> np.ndarray:
        return np.array(
            [
                centre + along * inner + across * low,
                centre + along * outer + across * low,
                centre + along * outer + across * high,
                centre + along * inner + across * high,
            ]
        )

    whole = strip(-width / 2, width / 2)
    lay(
        picture,
        linear("#01040a"),
        soften(outline(shape, moved(whole, 1.5, 3)), 1.6, shape) * 0.8,
    )
    light = float(across @ np.array([-0.6, -0.8]))
    for low, high, sign in ((-width / 2, 0, -1), (0, width / 2, 1)):
        value = np.array(0.68 + 0.30 * sign * light)
        lay(picture, steel(value), outline(shape, strip(low, high)))


def hands(picture: np.ndarray, p: np.ndarray, q: np.ndarray) -> None:
    """Paint the hands at nine minutes past ten, each over its shadow."""
    shape = p.shape
    second = 2 * np.pi * 37 / 60
    tip = place(22 * np.sin(second), 50 - 22 * np.cos(second))
    tail = place(-7 * np.sin(second), 50 + 7 * np.cos(second))
    line(picture, [tail, tip], 1.8, "#e9eef4")
    for turn, length, width, height in (
        ((10 + 9 / 60) / 12, 66, 9.5, 3.0),
        (9.2 / 60, 99, 7.5, 4.5),
    ):
        angle = 2 * np.pi * turn
        along = place(np.sin(angle), -np.cos(angle)) - CENTRE
        across = np.array([-along[1], along[0]])

        def at(
            u: float, v: float, along: np.ndarray = along, across: np.ndarray = across
        ) -> np.ndarray:
            return CENTRE + along * u + across * v

        half = width / 2
        full = np.array(
            [
                at(-14, -2),
                at(8, -half * 0.7),
                at(length * 0.8, -half),
                at(length, 0),
                at(length * 0.8, half),
                at(8, half * 0.7),
                at(-14, 2),
            ]
        )
        lay(
            picture,
            linear("#01040a"),
            soften(
                outline(shape, moved(full, height, height * 1.7)), height * 0.6, shape
            )
            * 0.75,
        )
        light = float(across @ np.array([-0.6, -0.8]))
        for sign in (-1, 1):
            part = np.array(
                [
                    at(-14, 0),
                    at(-14, 2 * sign),
                    at(8, half * 0.7 * sign),
                    at(length * 0.8, half * sign),
                    at(length, 0),
                ]
            )
            lay(
                picture,
                steel(np.array(0.70 + 0.28 * sign * light)),
                outline(shape, part),
            )
        lume = np.array(
            [
                at(length * 0.42, -half * 0.42),
                at(length * 0.78, -half * 0.55),
                at(length * 0.78, half * 0.55),
                at(length * 0.42, half * 0.42),
            ]
        )
        lay(picture, linear("#f3f7ee"), outline(shape, lume))
    sweep = 27.5 / 60
    angle = 2 * np.pi * sweep
    along = place(np.sin(angle), -np.cos(angle)) - CENTRE
    ends = [CENTRE - along * 30, CENTRE + along * 106]
    shadow = outline(shape, moved(np.array(ends), 6, 10.5), 2.4)
    lay(picture, linear("#01040a"), soften(shadow, 2.4, shape) * 0.6)
    line(picture, ends, 1.7, "#e2452f")
    line(picture, [CENTRE - along * 30, CENTRE - along * 16], 5, "#e2452f")
    away = np.hypot(p, q)
    hub = 0.62 + 0.38 * np.cos(np.arctan2(p, -q) * 2 + 0.9)
    picture[:] = mix(picture, steel(hub.clip(0, 1)), step(7.2, 6.2, away))
    picture[:] = mix(picture, linear("#e2452f"), step(4.0, 3.0, away))
