"""How many first-layer kernels look like noise, and what they look like."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEAD = 0.05
"""A kernel this much weaker than the median one is counted as dead."""


def _power(kernels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the power spectrum ``(O, k, k)``, summed over colours, scaled to sum 1."""
    power = np.square(np.abs(np.fft.fft2(kernels.astype(np.float64)))).sum(1)
    return power / np.maximum(power.sum((1, 2), keepdims=True), 1e-30)


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
        ``p``. ``1/k²`` for a flat spectrum, about 0.5 for a grating (a frequency and
        its mirror), 1 for a plain colour. White noise lies near ``(1 + 1/3) / k²``.
    """
    return np.square(_power(kernels)).sum((1, 2))


def _colourless(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take away each kernel's mean colour."""
    return kernels - kernels.mean((2, 3), keepdims=True)


def speckle(kernels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Estimate the share of each kernel's power that is a white noise floor.

    The floor is the median power of the frequencies above 0.25 cycles per pixel (the
    median, so that a fine grating does not count), times the number of frequencies.

    Returns
    -------
    array
        ``(O,)``: about 0.9 for white noise, 0 for a smooth kernel.
    """
    k = kernels.shape[-1]
    along = np.fft.fftfreq(k)
    fine = np.hypot(along[:, None], along[None]) > 0.25
    return np.median(_power(kernels)[:, fine], axis=1) * k * k


def noise_report(kernels: NDArray[np.float32], seed: int = 0) -> dict[str, float]:
    """Compare learned kernels with 10,000 Gaussian ones of the same shape.

    A kernel counts as noise when its spectrum is no more concentrated than the most
    concentrated 1 % of the random kernels; as formless when that holds once its mean
    colour is taken away, so that it is a plain colour at best; and as speckled when a
    white floor holds more than a fifth of the power beside its mean colour.

    Returns
    -------
    dict
        ``noise``, ``formless``, ``speckled``, ``dead``: shares of the kernels;
        ``threshold``, ``median``, ``random_median``: concentrations;
        ``floor``: the median share of that white floor.
    """
    rng = np.random.default_rng(seed)
    random = rng.standard_normal((10_000, *kernels.shape[1:]), dtype=np.float32)
    random_concentration = concentration(random)
    threshold = float(np.quantile(random_concentration, 0.99))
    learned = concentration(kernels)
    form = concentration(_colourless(kernels))
    formless = float(np.quantile(concentration(_colourless(random)), 0.99))
    floor = speckle(_colourless(kernels)) / np.median(speckle(_colourless(random)))
    strength = np.linalg.norm(kernels.reshape(len(kernels), -1), axis=1)
    return {
        "noise": float(np.mean(learned <= threshold)),
        "formless": float(np.mean(form <= formless)),
        "speckled": float(np.mean(floor > 0.2)),
        "dead": float(np.mean(strength < DEAD * np.median(strength))),
        "threshold": threshold,
        "median": float(np.median(learned)),
        "random_median": float(np.median(random_concentration)),
        "floor": float(np.median(floor)),
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
