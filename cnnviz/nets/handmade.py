"""Classic kernels, made by hand, in the layers of a network.

Each kernel reads the mean of red, green and blue: a third of it lies on every colour,
so it is drawn in grey and the identity's map is the grey picture itself. Kernels of
3×3 stand in the middle of 5×5, so that all have one size. The values are not flipped:
a network slides a kernel over the picture and multiplies what lies under it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
_SOBEL = np.outer([1, 2, 1], [-1, 0, 1])


def _kernel(values: object, divisor: float = 1) -> NDArray[np.float32]:
    """Return a kernel in the middle of 5×5."""
    small = np.asarray(values, np.float32) / np.float32(divisor)
    return np.pad(small, (5 - len(small)) // 2)


KERNELS: dict[str, NDArray[np.float32]] = {
    "identity": _kernel([[1]]),
    "box blur": _kernel(np.ones((5, 5)), 25),
    "Gaussian blur": _kernel(_BINOMIAL, 256),
    "sharpen": _kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "Sobel x": _kernel(_SOBEL),
    "Sobel y": _kernel(_SOBEL.T),
    "Laplacian": _kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "emboss": _kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
}
"""By name, each ``(5, 5)`` float32.

Sobel x answers where the picture gets brighter to the right, Sobel y where it gets
brighter downwards, the Laplacian on spots darker than what is around them (Gonzalez
and Woods, Digital Image Processing, chapter 3).
"""


class Handmade(nn.Module):
    """One convolution of classic kernels, ReLU, and two pools side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Conv2d(3, len(KERNELS), 5, padding=2, bias=False)
        self.relu = nn.ReLU()
        self.max_pool = nn.MaxPool2d(2)
        self.average_pool = nn.AvgPool2d(2)
        grey = torch.from_numpy(np.stack(list(KERNELS.values())) / 3)
        with torch.no_grad():
            self.filters.weight.copy_(grey[:, None].expand(-1, 3, -1, -1))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Map ``(N, 3, H, W)`` in 0 … 1 to both pooled ``(N, 8, H/2, W/2)``."""
        maps = self.relu(self.filters(x))
        return {"max": self.max_pool(maps), "average": self.average_pool(maps)}


def channel_names() -> dict[str, tuple[str, ...]]:
    """Return the kernels' names for the channels of every layer."""
    names = tuple(KERNELS)
    return dict.fromkeys(("filters", "relu", "max_pool", "average_pool"), names)
