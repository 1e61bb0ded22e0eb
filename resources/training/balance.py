"""First kernels of like strength, the network's answers unchanged.

Between the first convolution and the second stand only ReLU and max pooling, and for
``s > 0`` both give ``s·y`` when they are given ``s·x``. So a kernel and its bias may
be multiplied by ``s`` if the weights that read its map are divided by ``s``: every
output stays as it was, up to rounding. On a colour scale that all kernels share, weak
ones can then be seen as well as strong ones.
"""

import torch
from torch import nn

MOST = 4.0
"""Largest factor: a kernel that learned next to nothing must not look like one that
did."""


@torch.no_grad()
def balance(net: nn.Module, most: float = MOST) -> None:
    """Bring the first layer's kernels to one largest absolute value, in place.

    Parameters
    ----------
    net
        With ``features``: convolution, then ReLU and max pooling, then convolution
        without groups.
    most
        Largest factor on a kernel.

    Raises
    ------
    ValueError
        Something else stands between the two convolutions.
    """
    steps = list(net.features)
    first, second = [i for i, m in enumerate(steps) if isinstance(m, nn.Conv2d)][:2]
    between = steps[first + 1 : second]
    if not all(isinstance(m, nn.ReLU | nn.MaxPool2d) for m in between):
        raise ValueError("only ReLU and max pooling may stand between the convolutions")
    kernels, readers = steps[first], steps[second]
    if readers.groups != 1:
        raise ValueError("the second convolution must read every map")
    largest = kernels.weight.abs().amax((1, 2, 3))
    factor = (largest.max() / largest.clamp_min(1e-12)).clamp_max(most)
    kernels.weight.mul_(factor[:, None, None, None])
    kernels.bias.mul_(factor)
    readers.weight.div_(factor[None, :, None, None])
