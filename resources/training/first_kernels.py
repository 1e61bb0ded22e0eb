"""How many first-layer kernels look like noise, and what they look like."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEAD = 0.05
"""A kernel this much weaker than the median one is counted as dead."""


def concentration(kernels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Measure how few spatial frequencies hold a kernel's power.

    Parameters
    ----------
    kernels
        ``(O, 3, k, k)``.

    Returns
    -------
    array
        ``(O,)``: the inverse participation ratio ``sum(p²)`` of the power spectrum
        ``p`` (summed over colours, scaled to sum 1). ``1/k²`` for a flat spectrum,
        about 0.5 for a grating (a frequency and its mirror), 1 for a plain colour.
        White noise lies near ``(1 + 1/3) / k²``.
    """
    power = np.square(np.abs(np.fft.fft2(kernels.astype(np.float64)))).sum(1)
    flat = power.reshape(len(power), -1)
    share = flat / np.maximum(flat.sum(1, keepdims=True), 1e-30)
    return np.square(share).sum(1)


def noise_report(kernels: NDArray[np.float32], seed: int = 0) -> dict[str, float]:
    """Compare learned kernels with random ones of the same shape.

    A kernel counts as noise when its spectrum is no more concentrated than the most
    concentrated 1 % of 10,000 Gaussian kernels.

    Returns
    -------
    dict
        ``noise`` and ``dead``: shares of the kernels, in 0 … 1; ``threshold``,
        ``median`` and ``random_median``: concentrations.
    """
    rng = np.random.default_rng(seed)
    random = concentration(
        rng.standard_normal((10_000, *kernels.shape[1:]), dtype=np.float32)
    )
    threshold = float(np.quantile(random, 0.99))
    learned = concentration(kernels)
    strength = np.linalg.norm(kernels.reshape(len(kernels), -1), axis=1)
    return {
        "noise": float(np.mean(learned <= threshold)),
        "dead": float(np.mean(strength < DEAD * np.median(strength))),
        "threshold": threshold,
        "median": float(np.median(learned)),
        "random_median": float(np.median(random)),
    }


def draw(
    kernels: NDArray[np.float32], path: Path, columns: int = 16, zoom: int = 6
) -> None:
    """Save the kernels as one picture; each is scaled to its own largest value."""
    count, _, k, _ = kernels.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (k + 1) + 1, columns * (k + 1) + 1, 3), 24, np.uint8)
    for i, kernel in enumerate(kernels):
        top, left = (1 + (k + 1) * at for at in divmod(i, columns))
        level = 0.5 + 0.5 * kernel / max(float(np.abs(kernel).max()), 1e-12)
        tile = np.round(level * 255).astype(np.uint8).transpose(1, 2, 0)
        sheet[top : top + k, left : left + k] = tile
    large = sheet.repeat(zoom, 0).repeat(zoom, 1)
    Image.fromarray(large).save(path)
