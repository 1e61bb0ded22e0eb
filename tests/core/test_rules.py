import numpy as np
import pytest
import torch
from graphs import (
    Run,
    check_every_unit,
    noise,
    traced,
)
from torch import nn

from cnnviz.core.geometry import receptive_field


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(2, 4, 3),
        nn.Conv2d(2, 4, (1, 5), (2, 3), (0, 4)),
        nn.Conv2d(2, 4, 3, dilation=(2, 3), padding=3),
        nn.Conv2d(2, 4, 2, stride=4),
        nn.Conv2d(2, 4, 3, 2, 1, groups=2),
        nn.Conv2d(2, 4, 3, padding=2, padding_mode="reflect"),
        nn.Conv2d(2, 4, 3, 2, 2, padding_mode="replicate"),
        nn.Conv2d(2, 4, 5, padding=3, dilation=1, padding_mode="circular"),
        nn.Conv2d(2, 4, (3, 4), padding="same", dilation=2),
        nn.ConvTranspose2d(2, 4, 3, 2, 1),
        nn.ConvTranspose2d(2, 4, 2, 3, output_padding=1),
        nn.ConvTranspose2d(2, 4, 3, 2, 2, output_padding=1, dilation=2, groups=2),
        nn.MaxPool2d(3, 2, 1),
        nn.MaxPool2d(2, 3, ceil_mode=True),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True, dilation=2),
        nn.AvgPool2d(3, 4, ceil_mode=True),
        nn.AvgPool2d((2, 3), 2, 1, count_include_pad=False),
        nn.LPPool2d(2, 3, 2),
        nn.AdaptiveAvgPool2d((3, 5)),
        nn.AdaptiveMaxPool2d((4, 2)),
        nn.BatchNorm2d(2),
        nn.PReLU(),
        nn.Upsample(scale_factor=2),
        nn.Upsample(scale_factor=(4, 2), mode="bilinear"),
        nn.Upsample((11, 20), mode="bilinear", align_corners=True),
        nn.Upsample((12, 7), mode="nearest"),
        nn.ZeroPad2d((1, 0, 2, 3)),
        nn.ZeroPad2d((-1, 2, 0, -2)),
        nn.ReflectionPad2d(2),
        nn.PixelUnshuffle(1),
        nn.ChannelShuffle(2),
        nn.Identity(),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_one_operation_between_two_convolutions(conv):
    made = conv(torch.zeros(1, 2, 9, 10)).shape[1]
    model = nn.Sequential(
        nn.Conv2d(1, 2, 2), conv, nn.Conv2d(made, 2, 2, groups=made // 2)
    )
    check_every_unit(model, 1, 10, 11)


def test_units_that_see_only_padding_see_nothing():
    trace = traced(nn.Conv1d(1, 1, 2, padding=3), noise(1, 5))
    field = receptive_field(trace, trace.layers[-1].name, (0,))
    assert field.box == ((-3, -2),)
    assert field.span is None
    assert not field.mask.any()


def residual(net, x):
    y = net.one(x)
    y = net.end(net.two(y) + net.short(y))
    return net.last(y)


def concatenated(net, x):
    x = net.stem(x)
    parts = [net.one(x), net.two(x), x]
    return net.last(net.end(torch.cat(parts, 1)))


def along_rows(net, x):
    x = net.one(x)
    return net.last(torch.cat([x[:, :, ::2], x[:, :, 3:5], x], 2))


def channels_apart(net, x):
    x = net.one(x)
    left, right = x.chunk(2, 1)
    return net.end(torch.cat([right, net.two(left), x[:, 1:2]], 1))


def turned(net, x):
    x = net.one(x).permute(0, 3, 1, 2).reshape(1 * len(x), -1, 4, 9)
    return net.end(x.transpose(2, 3))


def folded(net, x):
    x = net.one(x)
    return net.end(x.flatten(1)).view(-1, 3, 2)


def winners(net, x):
    x = net.one(x)
    return net.end(torch.maximum(x, x.flip(3)) + x.amax(2, keepdim=True))


GRAPHS = [
    Run(
        residual,
        one=nn.Conv2d(1, 2, 3, padding=1),
        two=nn.Conv2d(2, 2, 3, 2, 1),
        short=nn.Conv2d(2, 2, 1, 2),
        end=nn.ReLU(),
        last=nn.Conv2d(2, 1, 3),
    ),
    Run(
        concatenated,
        stem=nn.Conv2d(1, 2, 2),
        one=nn.Conv2d(2, 2, 3, padding=1),
        two=nn.MaxPool2d(5, 1, 2),
        end=nn.Identity(),
        last=nn.Conv2d(6, 3, 2, 2, groups=3),
    ),
    Run(along_rows, one=nn.Conv2d(1, 2, 3), last=nn.Conv2d(2, 2, (4, 1))),
    Run(
        channels_apart,
        one=nn.Conv2d(1, 4, 2, padding=1),
        two=nn.Conv2d(2, 1, 3, padding=1),
        end=nn.Conv2d(4, 4, 1, groups=4),
    ),
    Run(turned, one=nn.Conv2d(1, 4, 1), end=nn.Conv2d(11, 2, 2)),
    Run(folded, one=nn.Conv2d(1, 2, 3, 2), end=nn.Linear(40, 6)),
    Run(winners, one=nn.Conv2d(1, 2, 2, 3), end=nn.Conv2d(2, 2, 1)),
]


@pytest.mark.parametrize("model", GRAPHS, ids=lambda m: m.function.__name__)
def test_branches_merges_and_moves(model):
    check_every_unit(model, 1, 9, 11)


def test_flattened_values_know_their_place():
    trace = traced(
        nn.Sequential(nn.Conv2d(1, 3, 3, 2, 1), nn.Flatten()), noise(1, 9, 8)
    )
    for index in range(3 * 5 * 4):
        place = np.unravel_index(index, (3, 5, 4))
        flat = receptive_field(trace, "1", (), index)
        unit = receptive_field(trace, "0", tuple(map(int, place[1:])))
        np.testing.assert_array_equal(flat.mask, unit.mask)


def random_part(chance, channels, extent):
    """A random operation that fits a map, with its number of output channels."""
    k = [int(chance.integers(1, min(4, size) + 1)) for size in extent]
    s = [int(chance.integers(1, 4)) for _ in extent]
    d = [1 if each < 2 else int(chance.integers(1, 3)) for each in k]
    p = [int(chance.integers(0, each)) for each in k]
    half = [min(each, size // 2) for each, size in zip(p, k, strict=True)]
    groups = int(chance.choice([1, 2]))
    kind = chance.integers(0, 8)
    if kind < 3:
        mode = str(chance.choice(["zeros", "reflect", "circular"]))
        return nn.Conv2d(
            channels,
            2,
            k,
            s,
            p,
            d,
            groups if channels % 2 == 0 else 1,
            padding_mode=mode,
        )
    if kind == 3:
        return nn.ConvTranspose2d(channels, 2, k, s, half, dilation=d)
    if kind == 4:
        return nn.MaxPool2d(k, s, half, ceil_mode=bool(chance.integers(2)))
    if kind == 5:
        return nn.AvgPool2d(k, s, half, ceil_mode=bool(chance.integers(2)))
    if kind == 6:
        return nn.AdaptiveMaxPool2d([int(chance.integers(1, 6)) for _ in extent])
    return nn.ZeroPad2d([int(each) for each in chance.integers(-1, 3, 4)])


def random_network(seed):
    chance = np.random.default_rng(seed)
    x = torch.zeros(1, 1, 8, 9)
    parts = []
    while len(parts) < 4:
        part = random_part(chance, x.shape[1], x.shape[2:])
        try:
            made = part(x)
        except RuntimeError:  # a window larger than the map
            continue
        if 0 < made.shape[2] < 20 and 0 < made.shape[3] < 20:
            parts.append(part)
            x = made
    return nn.Sequential(*parts)


@pytest.mark.parametrize("seed", range(30))
def test_random_networks(seed):
    check_every_unit(random_network(seed), 1, 8, 9)
