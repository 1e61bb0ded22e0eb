"""AlexNet of 2012 and a small VGG, every step a module so that nothing is hidden."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from cnnviz.core.models import ImageWant

ALEXNET_WANT = ImageWant(crop=(224, 224), resize=224)
"""What the bundled ``alexnet`` was trained and measured on."""
VGG_WANT = ImageWant(crop=(96, 96), resize=96)
"""What the bundled ``vgg`` was trained and measured on."""


def _dense(inputs: int, dense: Sequence[int], classes: int) -> nn.Sequential:
    """Flatten, dense layers with ReLU and dropout, and the class layer."""
    steps: list[nn.Module] = [nn.Flatten()]
    for width in dense:
        steps += [nn.Linear(inputs, width), nn.ReLU(inplace=True), nn.Dropout()]
        inputs = width
    return nn.Sequential(*steps, nn.Linear(inputs, classes))


def _initialise(net: nn.Module) -> None:
    """Set He, Zhang, Ren and Sun's (2015) initial weights, which suit ReLU."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class AlexNet2012(nn.Module):
    """The network of Krizhevsky, Sutskever and Hinton (2012), 3×224×224 pictures.

    Five convolutions, the first with 96 kernels 11×11; ReLU, overlapping max pools
    3×3 stride 2, flatten 256×6×6 = 9216, dense layers with dropout behind each.

    Parameters
    ----------
    classes
        Outputs of the last layer.
    dense
        Widths of the dense layers between flatten and the class layer.
    two_towers
        Convolutions 2, 4 and 5 read only half of the channels each (two groups), as
        when the network was spread over two graphics cards.
    response_norm
        Local response normalisation behind the first two ReLUs (section 3.3).
        With the defaults the network has 60,965,224 parameters.
    """

    def __init__(
        self,
        classes: int = 1000,
        dense: Sequence[int] = (4096, 4096),
        two_towers: bool = True,
        response_norm: bool = True,
    ) -> None:
        super().__init__()
        groups = 2 if two_towers else 1

        def end(pool: bool, norm: bool = False) -> list[nn.Module]:
            steps: list[nn.Module] = [nn.ReLU(inplace=True)]
            if norm and response_norm:
                # the paper's alpha is per channel; torch divides its alpha by size
                steps.append(nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2))
            if pool:
                steps.append(nn.MaxPool2d(3, stride=2))
            return steps

        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4, padding=2),
            *end(pool=True, norm=True),
            nn.Conv2d(96, 256, 5, padding=2, groups=groups),
            *end(pool=True, norm=True),
            nn.Conv2d(256, 384, 3, padding=1),
            *end(pool=False),
            nn.Conv2d(384, 384, 3, padding=1, groups=groups),
            *end(pool=False),
            nn.Conv2d(384, 256, 3, padding=1, groups=groups),
            *end(pool=True),
        )
        self.classifier = _dense(256 * 6 * 6, dense, classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 3, 224, 224)`` pictures to ``(N, classes)`` scores (logits)."""
        scores: Tensor = self.classifier(self.features(x))
        return scores


class SmallVGG(nn.Module):
    """Configuration A of Simonyan and Zisserman (2014) with fewer channels.

    Blocks of convolutions 3×3, stride 1, padding 1, each with ReLU; a max pool 2×2
    ends a block; then flatten, two dense layers and the class layer.

    Parameters
    ----------
    classes
        Outputs of the last layer.
    blocks
        Channels of each convolution, block by block.
    dense
        Widths of the dense layers between flatten and the class layer.
    size
        Height and width of the input pictures, divisible by 2 to the power of the
        number of blocks.
    """

    def __init__(
        self,
        classes: int = 13,
        blocks: Sequence[Sequence[int]] = (
            (32,),
            (64,),
            (128, 128),
            (256, 256),
            (256, 256),
        ),
        dense: Sequence[int] = (256, 256),
        size: int = 96,
    ) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        channels = 3
        for block in blocks:
            for width in block:
                steps += [
                    nn.Conv2d(channels, width, 3, padding=1),
                    nn.ReLU(inplace=True),
                ]
                channels = width
            steps.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*steps)
        side = size >> len(blocks)
        self.classifier = _dense(channels * side * side, dense, classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 3, size, size)`` pictures to ``(N, classes)`` scores (logits)."""
        scores: Tensor = self.classifier(self.features(x))
        return scores


def bundled_alexnet(classes: int = 13) -> AlexNet2012:
    """Return the plain layout of ``models/alexnet.safetensors``, untrained.

    AlexNet's layout on one card, without response normalisation and with dense
    layers of 192.
    """
    return AlexNet2012(classes, (192, 192), two_towers=False, response_norm=False)


def bundled_vgg(classes: int = 13) -> SmallVGG:
    """Return the plain layout of ``models/vgg.safetensors``, untrained."""
    return SmallVGG(classes)
