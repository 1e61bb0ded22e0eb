"""What a watch would measure on an arm that exercises: a stiff arm on a shoulder.

The watch's x axis points along the arm to the hand. It measures acceleration minus
gravity in g and its turning in rad/s, both along its own axes:

    ``f = Rᵀ (p̈ − g) / 9.81`` and ``ω`` from ``Rᵀ Ṙ = [ω]×``

with ``R`` the watch's orientation and ``p = L R e_x`` its place (any book on inertial
navigation). Derivatives are central differences on a grid eight times as fine.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RATE = 50
FINE = 8
ARM = 0.55
"""From shoulder to wrist, in m."""

GRAVITY = 9.81


def turn(axis: int, angle: Values) -> Values:
    """Return ``(T, 3, 3)`` rotations about a coordinate axis, angles in rad."""
    matrix = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1
    matrix[:, i, i] = matrix[:, j, j] = np.cos(angle)
    matrix[:, i, j], matrix[:, j, i] = -np.sin(angle), np.sin(angle)
    return matrix


def measured(orientation: Values, rng: np.random.Generator) -> Values:
    """Return what the watch measures, ``(T, 6)``, from fine ``(T·FINE, 3, 3)``."""
    step = 1 / (RATE * FINE)
    place = ARM * orientation[:, :, 0]
    acceleration = np.gradient(np.gradient(place, step, axis=0), step, axis=0)
    acceleration[:, 2] += GRAVITY  # z of the room points up
    force = np.einsum("tji,tj->ti", orientation, acceleration) / GRAVITY
    change = np.gradient(orientation, step, axis=0)
    skew = np.einsum("tji,tjk->tik", orientation, change)
    turning = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=1)
    values = np.concatenate([force, turning], axis=1)[FINE:-FINE:FINE]
    spread = np.array([0.012] * 3 + [0.03] * 3)
    return values + spread * rng.normal(size=values.shape)


def grid(seconds: float) -> Values:
    """Return fine times, with a margin for the derivatives."""
    return np.arange(int((seconds * RATE + 2) * FINE)) / (RATE * FINE)


def repeats(time: Values, rng: np.random.Generator, period: float) -> Values:
    """Return a phase that grows by 2π a repetition, each a little different."""
    count = int(time[-1] / period) + 3
    marks = np.concatenate([[0.0], np.cumsum(rng.normal(period, 0.05 * period, count))])
    return 2 * np.pi * np.interp(time, marks, np.arange(count + 1.0))


def soft(values: Values, seconds: float) -> Values:
    """Round off corners over a span of time."""
    width = int(seconds * RATE * FINE)
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, (width, width), mode="reflect", reflect_type="odd")
    rounded = np.convolve(padded, window / window.sum(), mode="same")
    return rounded[width:-width]


def raises(seconds: float = 10.0) -> Values:
    """Raise the straight arm to overhead and lower it again."""
    rng = np.random.default_rng(21)
    time = grid(seconds)
    phase = soft(repeats(time, rng, 2.3), 0.3)
    lift = (0.5 - 0.5 * np.cos(phase)) ** 0.75
    height = soft(np.radians(-8 + 168 * lift), 0.2)
    sway = np.radians(6) * np.sin(0.5 * phase + 0.7)
    twist = np.radians(-28 + 12 * np.sin(phase - 0.5))
    down = turn(1, np.full(len(time), np.pi / 2))
    lifted = turn(1, height)
    return measured(turn(2, sway) @ lifted @ down @ turn(0, twist), rng)


def pendulum(seconds: float = 10.0) -> Values:
    """Lean forward and let the hanging arm swing in circles."""
    rng = np.random.default_rng(22)
    time = grid(seconds)
    phase = soft(repeats(time, rng, 1.28), 0.3)
    width = np.radians(19 + 2.5 * np.sin(0.23 * phase))
    down = turn(1, np.full(len(time), np.pi / 2))
    twist = np.radians(-65 + 5 * np.sin(phase + 1.1))
    forward = np.radians(7) + width * np.cos(phase)
    sideways = width * np.sin(phase)
    return measured(turn(1, -forward) @ turn(0, sideways) @ down @ turn(0, twist), rng)
