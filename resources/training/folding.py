"""Batch normalisation for training only.

The shipped networks keep the plain layout of their papers. While they train, every
hidden layer with weights is followed by batch normalisation (Ioffe and Szegedy
2015); afterwards it is folded into the weights, which changes no output.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FIRST_LAYER_SCALE = 0.02
"""Factor on the first layer's initial weights.

Behind batch normalisation the size of a kernel does not matter, only its direction,
and the gradient grows as the kernel shrinks (it is proportional to 1/|w|). Small
initial weights therefore turn quickly: what is learned soon outweighs the initial
noise, which otherwise stays visible in most of the 11×11 kernels.
"""


class TrainingTwin(nn.Module):
    """A network with ``features`` and ``classifier``, batch-normalised for training.

    Shares no weights with the plain network it is made from. Takes pictures of any
    size: the last maps are averaged or repeated to the size the dense layers expect.

    Parameters
    ----------
    plain
        The network; its ``classifier`` begins with ``Flatten`` and a ``Linear``.
    """

    def __init__(self, plain: nn.Module) -> None:
        super().__init__()
        self.features = _normalised(plain.features)
        self.classifier = _normalised(plain.classifier)
        convs = [m for m in self.features if isinstance(m, nn.Conv2d)]
        first_dense = next(m for m in self.classifier if isinstance(m, nn.Linear))
        self.side = round((first_dense.in_features / convs[-1].out_channels) ** 0.5)
        with torch.no_grad():
            convs[0].weight.mul_(FIRST_LAYER_SCALE)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 3, h, w)`` pictures to ``(N, classes)`` scores (logits)."""
        maps = F.adaptive_avg_pool2d(self.features(x), self.side)
        return self.classifier(maps)


def _normalised(steps: nn.Sequential) -> nn.Sequential:
    """Copy steps, with batch normalisation behind all weights but the class layer's."""
    last = list(steps)[-1]
    out: list[nn.Module] = []
    for step in steps:
        out.append(copy.deepcopy(step))
        if step is last:
            continue
        if isinstance(step, nn.Conv2d):
            out.append(nn.BatchNorm2d(step.out_channels))
        elif isinstance(step, nn.Linear):
            out.append(nn.BatchNorm1d(step.out_features))
    return nn.Sequential(*out)


@torch.no_grad()
def fold(twin: TrainingTwin, plain: nn.Module) -> None:
    """Write the twin's weights, batch normalisation folded in, into the plain network.

    With ``y = gamma (W x + b - mean) / sqrt(var + eps) + beta`` and
    ``s = gamma / sqrt(var + eps)``: weight ``s W``, bias ``s (b - mean) + beta``.

    Parameters
    ----------
    twin
        Left as it was.
    plain
        A network of the layout the twin was made from; its weights are replaced.
    """
    for part in ("features", "classifier"):
        source = list(getattr(twin, part))
        target = (m for m in getattr(plain, part) if hasattr(m, "weight"))
        for step, after in zip(source, [*source[1:], None], strict=True):
            if not isinstance(step, nn.Conv2d | nn.Linear):
                continue
            weight, bias = step.weight, step.bias
            if isinstance(after, nn.BatchNorm1d | nn.BatchNorm2d):
                scale = after.weight / torch.sqrt(after.running_var + after.eps)
                weight = weight * scale.view(-1, *[1] * (weight.ndim - 1))
                bias = (bias - after.running_mean) * scale + after.bias
            layer = next(target)
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
