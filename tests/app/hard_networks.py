"""Networks that are hard to trace, as source, and what their layers must hold.

Each is computed again here in plain torch, step by step.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from cnnviz.probe import execute

HEAD = """
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(5)
"""
SMALL = HEAD + "    INPUT_SIZE = 9, 9\n"


@dataclass
class Case:
    """A network as source, and what its layers must hold.

    Attributes
    ----------
    source
        Below ``HEAD``; its class is ``Net``.
    steps
        From the module and its input to the values by layer, in run order.
    table
        ``(variables, steps)`` of the table it is fed; None for a picture.
    more
        Called with the window afterwards.
    """

    source: str
    steps: Any
    table: tuple[int, int] | None = None
    more: Any = None


def conv(module, x, **options):
    return F.conv2d(x, module.weight, module.bias, **options)


# -- in-place and reused layers --------------------------------------------------------


def in_place(net, x):
    """TRACE-01."""
    a = conv(net.body[0], x, padding=1)
    b = a.clamp(min=0)
    c = conv(net.body[2], b, padding=1)
    d = c.clamp(min=0)
    return {"body.0": a, "body.1": b, "body.2": c, "body.3": d,
            "body.4": F.max_pool2d(d, 2)}  # fmt: skip


def one_relu(net, x):
    """TRACE-02."""
    found = {}
    for i, stride in ((1, 1), (2, 1), (3, 2)):
        x = conv(getattr(net, f"conv{i}"), x, padding=1, stride=stride)
        found[f"conv{i}"] = x
        x = x.clamp(min=0)
        found["relu" if i == 1 else f"relu_{i - 1}"] = x
    return found


def two_sizes(net, x):
    """TRACE-05."""
    half = F.avg_pool2d(x, 2)
    first = F.conv2d(x, net.conv.weight, stride=2)
    second = F.conv2d(half, net.conv.weight, stride=2)
    return {"conv": first, "avg_pool2d": half, "conv_1": second}


def counted_once(person, parameters):
    assert person.trace.parameters == parameters
    said = person.window.layers.header.caption()
    assert f"{parameters} parameters" in said


def one_prelu(net, x):
    """TRACE-06."""
    found = {}
    for i in range(4):
        for again in range(2):
            x = F.prelu(x, net.act.weight)
            name = f"act_{2 * i + again}" if i or again else "act"
            found[name] = x
            if not again:
                x = F.conv1d(x, net.convs[i].weight, net.convs[i].bias)
                found[f"convs.{i}"] = x
    return found


def tied(net, x):
    """TRACE-07."""
    a = conv(net.a, x, padding=1)
    return {"a": a, "b": F.conv2d(a, net.a.weight, net.b.bias, padding=1)}


def sharing_is_said(person):
    counted_once(person, 3 * 3 * 9 + 3 + 3)
    person.store.select(layer="b")
    assert "weight shared with a" in person.window.layers.detail.text()


def lstm(net, x):
    """TRACE-08."""
    a = F.conv1d(x, net.conv.weight, net.conv.bias, padding=2)
    b = a.clamp(min=0)
    whole, (hidden, cell) = net.lstm(b.transpose(1, 2))
    last = F.linear(whole[:, -1], net.head.weight, net.head.bias)
    return {"conv": a, "relu": b, "lstm": whole, "lstm:h_n": hidden,
            "lstm:c_n": cell, "head": last}  # fmt: skip


def by_other_doors(net, x):
    """TRACE-10."""
    a = conv(net.c1, x)
    b = conv(net.c2, a)
    return {"c1": a, "c2": b, "c3": conv(net.c3, b)}


def rest_is_not_run(person):
    assert set(person.trace.not_run) == {"never", "spare"}
    used = 3 * 4 * 9 + 4 + 4 * 4 * 9 + 4 + 4 * 2 + 2
    assert person.trace.parameters_used == used
    assert person.trace.parameters == used + 2 * 37 + 37


def attention(net, x):
    """TRACE-11; the fast path of torch rounds in another way."""
    a = F.conv1d(x, net.conv.weight, net.conv.bias)
    whole = net.block(a.transpose(1, 2))
    return {"conv": a, "head": F.linear(whole.mean(1), net.head.weight, net.head.bias)}


def projection_ran(person):
    assert not [name for name in person.trace.not_run if "out_proj" in name]


def a_row_of_objects(net, x):
    """TRACE-13."""
    found = {}
    for i in range(3):
        x = F.conv1d(x, net.row[0].weight, net.row[0].bias, padding=1)
        found[f"row.{2 * i}"] = x
        x = F.leaky_relu(x, 0.1)
        found[f"row.{2 * i + 1}"] = x
    return found


def any_order_in_memory(net, x):
    """TRACE-15."""
    a = conv(net.conv, x, padding=1)
    return {"conv": a, "fc": F.linear(a.flatten(1), net.fc.weight, net.fc.bias)}


def shapes_are_in_order(person):
    assert person.trace["conv"].weight.shape == (8, 3, 3, 3)
    assert person.trace["conv"].shape == (8, 9, 9)


def left_in_training(net, x):
    """TRACE-16: by its running statistics, as in evaluation."""
    a = conv(net.body[0], x)
    scale = net.body[1].weight / (net.body[1].running_var + net.body[1].eps).sqrt()
    shift = net.body[1].bias - net.body[1].running_mean * scale
    return {"body.0": a, "body.1": a * scale[:, None, None] + shift[:, None, None]}


def buffers_stay(person):
    """Also after another picture; a value is explained by them."""
    (network,) = (
        n for (model, _), n in execute._built.items()
        if model == person.store.state.request.model
    )  # fmt: skip
    norm = network.module.body[1]
    before = norm.running_mean.clone(), norm.num_batches_tracked.clone()
    person.controller.reload()
    person.wait()
    assert torch.equal(norm.running_mean, before[0])
    assert torch.equal(norm.num_batches_tracked, before[1])
    person.store.select(layer="body.1", channel=2, unit=(1, 3))
    assert person.window.unit.reason is None
    shown = person.window.unit.value.text().replace("−", "-")
    value = person.trace["body.1"].output[2, 1, 3]
    assert float(shown) == pytest.approx(value, rel=1e-3)


def behind_a_relu(net, x):
    """TRACE-20: gradients through in-place operations."""
    a = conv(net.body[0], x)
    b = a.clamp(min=0)
    c = conv(net.body[2], b)
    return {"body.0": a, "body.1": b, "body.2": c, "body.3": c.clamp(min=0)}


def what_mattered(person):
    person.store.select(layer="body.2", channel=1, unit=(2, 2))
    person.do("mattered")
    runner = person.controller.spotlight.runner
    with person.hears(runner.finished) as answer:
        person.store.select(unit=(3, 2))
    found = answer.args[0]
    assert found.asked.unit == (3, 2)
    assert person.said == "" or "went wrong" not in person.said
    person.do("mattered")


CASES = {
    "TRACE-01": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True),
                nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            )
        def forward(self, x):
            return self.body(x)
        """,
        in_place,
    ),
    "TRACE-02": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
            self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
            self.conv3 = nn.Conv2d(4, 4, 3, padding=1, stride=2)
            self.relu = nn.ReLU(inplace=True)
        def forward(self, x):
            for layer in (self.conv1, self.conv2, self.conv3):
                x = self.relu(layer(x))
            return x
        """,
        one_relu,
    ),
    "TRACE-05": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, stride=2, bias=False)
        def forward(self, x):
            whole = self.conv(x).mean((2, 3))
            return whole - self.conv(F.avg_pool2d(x, 2)).mean((2, 3))
        """,
        two_sizes,
        more=partial(counted_once, parameters=81),
    ),
    "TRACE-06": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.PReLU(5)
            self.convs = nn.ModuleList(nn.Conv1d(5, 5, 1) for _ in range(4))
        def forward(self, x):
            for conv in self.convs:
                x = self.act(conv(self.act(x)))
            return x
        """,
        one_prelu,
        (5, 20),
        partial(counted_once, parameters=125),
    ),
    "TRACE-07": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Conv2d(3, 3, 3, padding=1)
            self.b = nn.Conv2d(3, 3, 3, padding=1)
            self.b.weight = self.a.weight
        def forward(self, x):
            return self.b(self.a(x))
        """,
        tied,
        more=sharing_is_said,
    ),
    "TRACE-08": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(2, 6, 5, padding=2)
            self.relu = nn.ReLU()
            self.lstm = nn.LSTM(6, 8, batch_first=True, bidirectional=True)
            self.head = nn.Linear(16, 3)
        def forward(self, x):
            x, _ = self.lstm(self.relu(self.conv(x)).transpose(1, 2))
            return self.head(x[:, -1])
        """,
        lstm,
        (2, 20),
    ),
    "TRACE-10": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.c2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
            self.c3 = nn.Conv2d(4, 2, 1)
            self.never, self.spare = nn.ReLU(), nn.Conv2d(4, 3, 3)
        def forward(self, x):
            x = self.c2.forward(self.c1(x))
            return F.conv2d(x, self.c3.weight, self.c3.bias)
        """,
        by_other_doors,
        more=rest_is_not_run,
    ),
    "TRACE-11": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(2, 24, 1)
            self.block = nn.TransformerEncoderLayer(24, 6, 32, batch_first=True)
            self.head = nn.Linear(24, 2)
        def forward(self, x):
            return self.head(self.block(self.conv(x).transpose(1, 2)).mean(1))
        """,
        attention,
        (2, 15),
        projection_ran,
    ),
    "TRACE-13": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            lin, act = nn.Conv1d(4, 4, 3, padding=1), nn.LeakyReLU(0.1, inplace=True)
            self.row = nn.Sequential(lin, act, lin, act, lin, act)
        def forward(self, x):
            return self.row(x)
        """,
        a_row_of_objects,
        (4, 12),
        partial(counted_once, parameters=52),
    ),
    "TRACE-15": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.fc = nn.Linear(8 * 9 * 9, 3)
            self.to(memory_format=torch.channels_last)
        def forward(self, x):
            x = self.conv(x)
            return self.fc(x.view(x.size(0), -1))
        """,
        any_order_in_memory,
        more=shapes_are_in_order,
    ),
    "TRACE-16": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 4, 4), nn.BatchNorm2d(4), nn.ReLU(),
                nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2),
            )
            for norm in (self.body[1], self.body[5]):
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 2)
            self.train()
        def forward(self, x):
            return self.body(x)
        """,
        left_in_training,
        more=buffers_stay,
    ),
    "TRACE-20": Case(
        """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 3, 3), nn.ReLU(inplace=True),
                nn.Conv2d(3, 2, 3), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1),
            )
        def forward(self, x):
            return self.body(x).flatten(1)
        """,
        behind_a_relu,
        more=what_mattered,
    ),
}

TCN = """
    import torch
    from torch import nn
    from torch.nn.utils.parametrizations import weight_norm

    class Chomp1d(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.size = size
        def forward(self, x):
            return x[:, :, :-self.size].contiguous()

    class Block(nn.Module):
        def __init__(self, given, wide, taps, dilation):
            super().__init__()
            pad = (taps - 1) * dilation
            def half(channels):
                conv = nn.Conv1d(channels, wide, taps, padding=pad, dilation=dilation)
                return [weight_norm(conv), Chomp1d(pad), nn.ReLU(), nn.Dropout(0.2)]
            self.net = nn.Sequential(*half(given), *half(wide))
            self.down = nn.Conv1d(given, wide, 1) if given != wide else None
            self.relu = nn.ReLU()
        def forward(self, x):
            rest = x if self.down is None else self.down(x)
            return self.relu(self.net(x) + rest)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(2)
            self.tcn = nn.Sequential(
                Block(3, 8, 3, 1), Block(8, 8, 3, 2), Block(8, 8, 3, 4)
            )
            self.head = nn.Linear(8, 4)
        def forward(self, x):
            return self.head(self.tcn(x)[:, :, -1])
"""
RESIDUAL = """
    import torch
    from torch import nn

    INPUT_SIZE = 32, 48

    class Block(nn.Module):
        def __init__(self, wide):
            super().__init__()
            self.a, self.b = (nn.Conv2d(wide, wide, 3, padding=1) for _ in range(2))
            self.norm = nn.BatchNorm2d(wide)
            self.relu = nn.ReLU(inplace=True)
        def forward(self, x):
            y = self.norm(self.b(self.relu(self.a(x))))
            y += x
            return self.relu(y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(2)
            self.stem = nn.Conv2d(3, 6, 5, stride=2)
            self.blocks = nn.Sequential(Block(6), Block(6))
            self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 5)
        def forward(self, x):
            return self.fc(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))
"""
