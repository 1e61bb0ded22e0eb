import numpy as np
import pytest
import torch
from graphs import (
    Run,
    agrees,
    alexnet,
    hooked_outputs,
    hull,
    mean_pooled,
    noise,
    positive,
    spots,
    support,
    traced,
    vgg16,
)
from torch import nn

from cnnviz.core.errors import InputError
from cnnviz.core.geometry import receptive_field
from cnnviz.core.trace import Trace


@pytest.mark.parametrize("build", [alexnet, vgg16])
def test_classic_stacks_at_corners_edges_and_centre(build):
    model = positive(build())
    trace = traced(model, noise(3, 224, 224))
    x = torch.rand(1, 3, 224, 224, dtype=torch.float64).add(0.5).requires_grad_()
    outputs = hooked_outputs(mean_pooled(model).double(), x)
    for layer in trace.layers:
        for unit in spots(layer.spatial):
            seen = support(outputs[layer.name], x, unit)
            agrees(receptive_field(trace, layer.name, unit), seen)


def central_sizes(trace, kinds):
    found = []
    for layer in trace.layers:
        if layer.kind in kinds and layer.spatial:
            unit = tuple(size // 2 for size in layer.spatial)
            found.append(receptive_field(trace, layer.name, unit).size)
    return found


def test_published_sizes():
    sizes = central_sizes(traced(alexnet(), noise(3, 224, 224)), ("conv", "pool"))
    assert [h for h, w in sizes if h == w] == [11, 19, 51, 67, 99, 131, 163, 195, 195]
    sizes = central_sizes(traced(vgg16(), noise(3, 224, 224)), ("conv", "pool"))
    assert max(sizes) == (212, 212)


def test_the_box_is_that_of_an_endless_input():
    """A larger input, with the same place in its middle, shows the whole box."""
    model = positive(
        nn.Sequential(
            nn.Conv2d(1, 2, 5, 2, 1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(2, 2, 3, dilation=2, padding=1),
            nn.AvgPool2d(2, 1),
        )
    )
    small = traced(model, noise(1, 24, 32))
    margin, jump = 40, 4
    wide = torch.zeros(1, 1, 24 + 2 * margin, 32 + 2 * margin, requires_grad=True)
    output = mean_pooled(model)(wide + 1)
    for unit in np.ndindex(*small["4"].spatial):
        moved = tuple(at + margin // jump for at in unit)
        seen = hull(support(output, wide, moved))
        expected = tuple((a - margin, b - margin) for a, b in seen)
        assert receptive_field(small, "4", unit).box == expected


def test_a_target_in_between():
    trace = traced(alexnet(), noise(3, 224, 224))
    field = receptive_field(trace, "8", (0, 6), target="3")
    assert field.mask.shape == (27, 27)
    # 3×3 on 3×3 on 3×3, stride-2 pool: rows (0 − 2)·2 … (0 + 2)·2 + 2
    assert field.box == ((-4, 6), (8, 18))
    assert field.span == ((0, 6), (8, 18))
    same = receptive_field(trace, "3", (4, 5), target="3")
    assert same.box == ((4, 4), (5, 5))
    assert np.argwhere(same.mask).tolist() == [[4, 5]]


def test_a_target_that_does_not_lead_there():
    def forward(net, x):
        return net.one(x) + net.two(x)

    model = Run(forward, one=nn.Conv2d(1, 2, 3), two=nn.Conv2d(1, 2, 3))
    trace = traced(model, noise(1, 6, 6))
    field = receptive_field(trace, "two", (0, 0), target="one")
    assert field.box == ()
    assert field.span is None
    assert not field.mask.any()


def test_two_inputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Conv1d(1, 2, 3)
            self.two = nn.Conv1d(1, 2, 5, padding=1)

        def forward(self, a, b):
            return self.one(a) + self.two(b)

    trace = traced(Two(), noise(1, 12), noise(1, 12))
    last = trace.layers[-1].name
    assert receptive_field(trace, last, (4,)).box == ((4, 6),)
    second = receptive_field(trace, last, (4,), target="input_1")
    assert second.box == ((3, 7),)
    assert (receptive_field(trace, last, (4,)).target, second.target) == (
        "input",
        "input_1",
    )


def test_what_cannot_be_known_is_assumed_and_said():
    class Outside(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Conv1d(1, 1, 3, padding=1)
            self.two = nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x):
            return self.two(torch.from_numpy(self.one(x).detach().numpy() * 2))

    trace = traced(Outside(), noise(1, 12))
    field = receptive_field(trace, "two", (4,))
    assert field.mask.all()
    assert not field.exact


def test_places_that_do_not_exist_are_refused_in_words():
    trace = traced(alexnet(), noise(3, 224, 224))
    with pytest.raises(InputError, match=r"no unit \(27, 0\): its maps are 27×27"):
        receptive_field(trace, "3", (27, 0))
    with pytest.raises(InputError, match="no unit"):
        receptive_field(trace, "3", (1,))
    with pytest.raises(InputError, match="3 has no channel 2: it has 2"):
        receptive_field(trace, "3", (1, 1), 2)
    with pytest.raises(KeyError, match="no layer 'features'"):
        receptive_field(trace, "features", (1, 1))


def test_a_trace_finds_its_own_receptive_fields():
    trace = traced(alexnet(), noise(3, 224, 224))
    assert isinstance(trace, Trace)
    assert trace.receptive_field("3", (4, 5)).size == (51, 51)
