"""Networks with which a recorder may go wrong. Each knows the input it wants."""

import dataclasses
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize, spectral_norm, weight_norm
from torch.utils.checkpoint import checkpoint

NETWORKS = {}


def network(*shapes):
    """Enter a function that builds a network taking inputs of these shapes."""

    def enter(build):
        NETWORKS[build.__name__] = (build, shapes)
        return build

    return enter


def build(name):
    """Return a network of ours and inputs for it, always the same."""
    make, shapes = NETWORKS[name]
    torch.manual_seed(0)
    model = make().eval()
    return model, [torch.randn(shape) for shape in shapes]


class Net(nn.Module):
    """A module whose ``forward`` is a function, and whose parts are given."""

    def __init__(self, function, /, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def conv(i, o, k=3, **more):
    return nn.Conv2d(i, o, k, padding=more.pop("padding", k // 2), **more)


@network((3, 8, 8))
def written_through_a_view():
    def run(net, x):
        x = net.one(x)
        x.view(-1).clamp_(min=0)
        x.transpose(2, 3)[:, 0].mul_(2)
        return net.two(x)

    return Net(run, one=conv(3, 4), two=conv(4, 2))


@network((3, 8, 8))
def one_relu_for_all():
    def run(net, x):
        x = net.relu(net.one(x))
        return net.relu(net.two(x))

    return Net(run, one=conv(3, 4), two=conv(4, 2), relu=nn.ReLU(inplace=True))


@network((3, 8, 8))
def functions_in_place():
    def run(net, x):
        x = F.relu(net.one(x), inplace=True)
        x = F.max_pool2d(F.leaky_relu_(net.two(x), 0.1), 2)
        x += 1
        x = torch.relu_(x.sub_(0.5))
        return F.log_softmax(torch.flatten(x, 1), dim=1)

    return Net(run, one=conv(3, 4), two=conv(4, 2))


@network((3, 8, 8))
def entered_by_forward():
    def run(net, x):
        return F.conv2d(net.two.forward(net.one(x)), net.three.weight, net.three.bias)

    parts = {"one": conv(3, 4), "two": conv(4, 4), "three": conv(4, 2, 1)}
    return Net(run, **parts)


@network((3, 8, 8))
def decided_by_values():
    def run(net, x):
        x = net.one(x) if x.mean() > 0 else net.two(x)
        while x.abs().max().item() > 1:
            x = x / 2
        return x.relu() if bool((x > 0).any()) else x

    return Net(run, one=conv(3, 4), two=conv(3, 4, 5))


@network((3, 8, 8))
def into_a_buffer():
    def run(net, x):
        out = torch.empty(1, 4, 8, 8)
        torch.mul(net.one(x), 2, out=out)
        return net.two(out)

    return Net(run, one=conv(3, 4), two=conv(4, 2))


@network((3, 8, 8))
def some_channels_overwritten():
    def run(net, x):
        x = net.one(x)
        x[:, :2] += net.two(x)
        x[:, 3] = 0
        return net.end(x)

    return Net(run, one=conv(3, 4), two=conv(4, 2), end=conv(4, 1))


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    more: dict[str, Any]


class Pair(NamedTuple):
    a: torch.Tensor
    b: Any


@network((3, 8, 8))
def returns_structures():
    def run(net, x):
        one = net.one(x)
        two = net.two(one)
        return OrderedDict(
            answer=Answer(one.mean((2, 3)), {"map": two}),
            rest=(Pair(two.relu(), 3), []),
        )

    return Net(run, one=conv(3, 4), two=conv(4, 2))


@network((3, 8, 8), (1, 8, 8), (5,))
def several_inputs():
    def run(net, x, y, z):
        joined = net.one(torch.cat([x, y], 1))
        return net.two((joined.mean((2, 3)) + net.fc(z)).relu())

    return Net(run, one=conv(4, 4), fc=nn.Linear(5, 4), two=nn.Linear(4, 2))


@network((3, 9, 9))
def a_module_twice():
    def run(net, x):
        return net.act(net.stem(x)).mean((2, 3)) - net.act(net.stem(x[:, :, ::2])).mean(
            (2, 3)
        )

    return Net(run, stem=conv(3, 4, 5), act=nn.Softplus())


class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        return x.clamp(min=0) * factor

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


@network((3, 8, 8))
def autograd_function():
    return Net(
        lambda net, x: net.two(Scale.apply(net.one(x), 2.0)),
        one=conv(3, 4),
        two=conv(4, 2),
    )


@network((6, 10))
def lstm():
    def run(net, x):
        out, (h, _) = net.lstm(net.conv(x).transpose(1, 2))
        return net.fc(out[:, -1]) + h[0]

    return Net(
        run,
        conv=nn.Conv1d(6, 5, 3),
        lstm=nn.LSTM(5, 4, batch_first=True),
        fc=nn.Linear(4, 4),
    )


@network((7, 8))
def transformer():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return Net(lambda net, x: net.fc(net.enc(x).mean(1)), enc=layer, fc=nn.Linear(8, 2))


@network((7, 8), (5, 8))
def attention():
    return Net(
        lambda net, x, y: net.fc(net.cross(x, y, y)[0] + net.own(x, x, x)[0]),
        cross=nn.MultiheadAttention(8, 2, batch_first=True),
        own=nn.MultiheadAttention(8, 4, batch_first=True),
        fc=nn.Linear(8, 2),
    )


@network((3, 8, 8))
def checkpointed():
    return Net(
        lambda net, x: net.end(checkpoint(net.block, x, use_reentrant=False)),
        block=nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4)),
        end=conv(4, 2),
    )


@network((3, 8, 8))
def parametrized():
    class Symmetric(nn.Module):
        def forward(self, w):
            return w + w.flip(-1)

    own = conv(4, 4)
    parametrize.register_parametrization(own, "weight", Symmetric())
    return nn.Sequential(
        parametrizations.weight_norm(conv(3, 4)),
        parametrizations.spectral_norm(conv(4, 4)),
        own,
    )


@network((3, 8, 8))
def normalised_the_old_way():
    with_warning = spectral_norm(conv(4, 4))
    return nn.Sequential(weight_norm(conv(3, 4)), with_warning)


@network((4, 8, 8))
def tied_weights():
    one, two = conv(4, 4), conv(4, 4)
    two.weight = one.weight
    return nn.Sequential(one, nn.ReLU(), two)


@network((3, 8, 8))
def half():
    return nn.Sequential(conv(3, 4), nn.ReLU(inplace=True), conv(4, 2)).half()


@network((3, 8, 8))
def bfloat16():
    return nn.Sequential(
        conv(3, 4), nn.BatchNorm2d(4), nn.ReLU(inplace=True), conv(4, 2)
    ).bfloat16()


@network((3, 8, 8))
def channels_last():
    model = nn.Sequential(conv(3, 4), nn.BatchNorm2d(4), nn.ReLU(True), conv(4, 2))
    return model.to(memory_format=torch.channels_last)


@network((3, 8, 9))
def padded_by_the_module():
    return nn.Sequential(
        conv(3, 4, padding_mode="circular"),
        conv(4, 4, 5, padding_mode="reflect"),
        nn.Conv2d(4, 4, (2, 3), padding="same", padding_mode="replicate"),
        nn.Conv2d(4, 4, (3, 5), padding="same", dilation=(2, 1)),
        nn.ZeroPad2d((1, 2, 0, 3)),
    )


@network((3, 8, 8))
def dropout_in_a_residual():
    def run(net, x):
        x = net.one(x)
        return x + net.drop(net.two(x)) + F.dropout(x, 0.5, net.training)

    return Net(run, one=conv(3, 4), two=conv(4, 4), drop=nn.Dropout2d(0.3))


@network((3, 8, 8))
def identities():
    def run(net, x):
        x = net.one(x)
        y = net.same(x)
        return y + net.nothing(x) + x.contiguous().detach().to(torch.float32)

    return Net(run, one=conv(3, 4), same=nn.Identity(), nothing=nn.Sequential())


@network((4, 8, 8))
def shuffled_channels():
    def run(net, x):
        a, b = net.one(x).chunk(2, 1)
        c, d, e = torch.split(x, [1, 2, 1], dim=1)
        x = torch.cat([a, net.two(b), c, d, e, a], 1)
        x = x.view(1, 2, 5, 8, 8).transpose(1, 2).contiguous().flatten(1, 2)
        return torch.stack(x.unbind(1)[:3]).sum(0)

    return Net(run, one=conv(4, 4), two=conv(2, 2))


@network((3, 8, 8))
def joined_with_itself():
    def run(net, x):
        x = net.one(x)
        return net.two(torch.cat([x, x], 1)) + (x * x).mean(1, keepdim=True)

    return Net(run, one=conv(3, 4), two=conv(8, 2))


@network((3, 8, 8))
def hooked_by_its_owner():
    model = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 2))
    model[0].register_forward_hook(lambda module, inputs, output: output * 2)
    model[2].register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
    return model


@network((3, 8, 8))
def graph_module():
    def run(net, x):
        x = net.one(x)
        return net.two(torch.relu(x) + x).flatten(1)

    class Traced(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = conv(3, 4), conv(4, 2)

        def forward(self, x):
            return run(self, x)

    return torch.fx.symbolic_trace(Traced())


@network((3, 8, 8))
def fourier():
    def run(net, x):
        spectrum = torch.fft.rfft2(net.one(x))
        spectrum = spectrum * torch.view_as_complex(net.filter)
        return torch.fft.irfft2(spectrum, s=x.shape[-2:]).relu() + spectrum.abs().mean()

    return Net(run, one=conv(3, 4), filter=nn.Parameter(torch.randn(4, 8, 5, 2)))


class Counting(nn.Module):
    """Writes buffers, keeps state in attributes, and learns while it runs."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(4, 1, 1))
        self.one, self.calls, self.history = conv(3, 4), 0, ["start"]
        self.cache, self.names = {}, {"a"}
        self.last = None

    def forward(self, x):
        x = self.one(x)
        self.seen += 1
        self.mean.data.lerp_(x[0].mean((1, 2), keepdim=True), 0.1)
        self.calls += 1
        self.history.append(x)
        self.cache["x"] = x
        self.names.add("b")
        self.last = x
        self.late = x
        return x - self.mean


@network((3, 8, 8))
def keeps_state():
    return Counting()


@network((4, 8, 8))
def same_object_in_many_places():
    act, same = nn.LeakyReLU(0.1, inplace=True), conv(4, 4)
    return nn.Sequential(same, act, same, act, nn.Sequential(same, act))


class StandardisedConv(nn.Conv2d):
    def forward(self, x):
        w = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)


@network((3, 8, 8))
def standardised_weights():
    return nn.Sequential(
        StandardisedConv(3, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        StandardisedConv(4, 2, 3, bias=False),
    )


@network((3, 8, 8))
def constants_on_the_side():
    def run(net, x):
        grid = net.soft(net.up(torch.linspace(-1, 1, 4).view(1, 1, 2, 2)))
        return net.one(x) * grid

    return Net(
        run, one=conv(3, 4), up=nn.Upsample(scale_factor=4), soft=nn.Softmax(dim=-1)
    )


class ClampedConv(nn.Conv2d):
    """Keeps its weight small, each time it runs, as some EEG networks do."""

    def forward(self, x):
        self.weight.data = torch.renorm(self.weight.data, 2, 0, maxnorm=0.5)
        self.bias.data.clamp_(-0.01, 0.01)
        return super().forward(x)


@network((3, 8, 8))
def writes_its_own_weights():
    return nn.Sequential(ClampedConv(3, 4, 3), nn.ReLU(), ClampedConv(4, 2, 3))


@network((3, 8, 8))
def written_through_data():
    def run(net, x):
        x = net.one(x)
        x.data.relu_()
        x.detach()[:, 1].mul_(3)
        return net.two(x) + 1

    return Net(run, one=conv(3, 4), two=conv(4, 2))


@network((3, 8, 8))
def in_inference_mode():
    class Decorated(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.relu, self.two = conv(3, 4), nn.ReLU(True), conv(4, 2)

        @torch.inference_mode()
        def forward(self, x):
            x = self.relu(self.one(x))
            x += 1
            return self.two(F.relu(x, inplace=True)).sigmoid_()

    return Decorated()


@network((3, 8, 8))
def transposed_and_resized():
    def run(net, x):
        x = net.up(net.one(x))
        x = F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
        return F.adaptive_avg_pool2d(F.pad(x, (1, 0, 2, -1), value=1.0), (3, 2))

    return Net(run, one=conv(3, 4), up=nn.ConvTranspose2d(4, 2, 3, 2, 1, 1))


@network((12,))
def embedded():
    def run(net, x):
        codes = (x > 0).long()
        return net.norm(net.table(codes)).sum(1)

    return Net(run, table=nn.Embedding(2, 4), norm=nn.LayerNorm(4))


@network((3, 8, 8))
def weights_from_data():
    def run(net, x):
        kernel = net.make(x.mean((2, 3))).view(2, 3, 3, 3)
        return F.conv2d(x, kernel, padding=1)

    return Net(run, make=nn.Linear(3, 54))


@network((3, 8, 8))
def gated():
    def run(net, x):
        x = net.one(x)
        scale = net.fc(x.mean((2, 3))).sigmoid()[:, :, None, None]
        return torch.where(x > 0, x * scale, torch.zeros_like(x)).amax((2, 3))

    return Net(run, one=conv(3, 4), fc=nn.Linear(4, 4))


@network((4, 6))
def expanded():
    def run(net, x):
        token = net.token.expand(x.shape[0], -1, -1)
        x = torch.cat([token, x], 1) + net.token.expand_as(x[:, :1])
        return net.fc(x.to(net.token).type_as(net.token))

    return Net(run, token=nn.Parameter(torch.randn(1, 1, 6)), fc=nn.Linear(6, 2))


@network((3, 8, 8))
def by_way_of_numpy():
    def run(net, x):
        array = np.clip(net.one(x).detach().numpy(), 0, None)
        return net.two(torch.from_numpy(array))

    return Net(run, one=conv(3, 4), two=conv(4, 2))
