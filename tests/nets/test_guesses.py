"""What input a network takes, found out without running it for real."""

import copy

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.core.models import ImageWant, InputChoices, SeriesWant
from cnnviz.core.progress import no_check
from cnnviz.nets.guesses import guess
from cnnviz.nets.wants import wants_of_unknown


def found(module, size=None, axes=0, check=no_check):
    return guess(module.eval(), size, axes, check)


def runs(module, guessed):
    """Run for real at what was guessed."""
    size = guessed.size or ((57, 90) if guessed.axes[0] == 2 else (guessed.minimum,))
    inputs = [torch.zeros(1, c, *size[: len(size)]) for c in guessed.channels]
    with torch.no_grad():
        out = module.eval()(*inputs)
    return out.shape


class LeNet(nn.Module):
    """Its flattening knows the size: a batch axis of -1 swallows any other."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.dense = nn.Linear(400, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.dense(x.view(-1, 400))


class Two(nn.Module):
    def __init__(self, first=3, second=1):
        super().__init__()
        self.left, self.right = nn.Conv2d(first, 4, 3), nn.Conv2d(second, 4, 3)
        self.head = nn.Linear(8, 5)

    def forward(self, x, y, scale=1.0):
        maps = [self.left(x).mean((2, 3)), self.right(y).mean((2, 3)) * scale]
        return self.head(torch.cat(maps, 1))


class Scaled(nn.Module):
    """The convolution does not read the input itself, and a value decides."""

    def __init__(self):
        super().__init__()
        self.conv, self.shift = nn.Conv2d(4, 2, 3), torch.zeros(1, 4, 1, 1)

    def forward(self, x):
        if x.abs().max().item() > 1e9:
            raise ValueError("too large")
        return self.conv(x - self.shift).mean((2, 3))


def flat(side, channels=3, pool=2):
    """A dense layer that suits one size only."""
    maps = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.MaxPool2d(pool))
    width = maps(torch.zeros(1, channels, side, side)).flatten(1).shape[1]
    return nn.Sequential(maps, nn.Flatten(), nn.Linear(width, 5))


def pooled(channels):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


def timed(channels, steps=None):
    maps = [nn.Conv1d(channels, 4, 3), nn.MaxPool1d(4), nn.Conv1d(4, 4, 7)]
    if steps is None:
        return nn.Sequential(*maps, nn.AdaptiveAvgPool1d(1), nn.Flatten())
    width = nn.Sequential(*maps)(torch.zeros(1, channels, steps)).numel()
    return nn.Sequential(*maps, nn.Flatten(), nn.Linear(width, 3))


@pytest.mark.parametrize(
    "module",
    [
        LeNet(),
        *(flat(side) for side in (17, 28, 64, 73, 120, 224, 300, 333, 611)),
        flat(96, 1, 3),
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.LayerNorm([4, 30, 30]), nn.Flatten()),
        torchvision.models.vit_b_32(image_size=96, num_classes=3),
        *(timed(5, steps) for steps in (31, 100, 478, 1600)),
    ],
)
def test_the_size_a_network_was_made_for(module):
    guessed = found(module)
    assert guessed.size
    assert runs(module, guessed)[0] == 1


def test_common_sizes_are_found_exactly():
    assert found(LeNet()).size == (32, 32)
    assert found(flat(224, pool=1)).size == (224, 224)
    assert found(flat(73, pool=1)).size == (73, 73)
    assert found(nn.Sequential(nn.Flatten(), nn.Linear(784, 10))).channels == (1,)


@pytest.mark.parametrize("channels", [1, 3, 4, 13])
def test_any_size(channels):
    guessed = found(pooled(channels))
    assert (guessed.size, guessed.channels, guessed.classes) == ((), (channels,), 4)
    assert runs(pooled(channels), guessed) == (1, 4)


def test_series_of_any_length_with_the_fewest_steps():
    module = timed(6)
    guessed = found(module)
    assert (guessed.axes, guessed.channels, guessed.size) == ((1,), (6,), ())
    assert runs(module, guessed) == (1, 4)
    with pytest.raises(RuntimeError):
        module(torch.zeros(1, 6, guessed.minimum - 1))


@pytest.mark.parametrize(("first", "second"), [(3, 1), (1, 3), (3, 3), (4, 2)])
def test_two_inputs(first, second):
    module = Two(first, second)
    guessed = found(module)
    assert guessed.channels == (first, second)
    assert runs(module, guessed) == (1, 5)


def test_values_that_decide_are_no_hindrance():
    guessed = found(Scaled())
    assert (guessed.size, guessed.channels) == ((), (4,))


@pytest.mark.parametrize(
    "wrap", [nn.utils.weight_norm, nn.utils.parametrizations.weight_norm]
)
@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_weight_norm(wrap):
    module = nn.Sequential(wrap(nn.Conv1d(2, 4, 3)), nn.Flatten(), nn.Linear(152, 3))
    assert found(module).size == (40,)


def test_the_network_stays_as_it_was():
    module = flat(40)
    module.register_buffer("runs", torch.zeros(1))
    module.register_forward_hook(lambda m, x, y: m.runs.add_(1))
    before = copy.deepcopy(module.state_dict())
    generator = torch.get_rng_state()
    found(module)
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())
    assert torch.equal(generator, torch.get_rng_state())
    assert not any(p.is_meta for p in module.parameters())


def test_what_runs_at_no_size_is_guessed_all_the_same():
    class Never(nn.Module):
        def forward(self, x):
            raise KeyError("no")

    guessed = found(Never())
    assert (guessed.size, guessed.channels) == (None, (3,))
    wanted = wants_of_unknown(Never(), InputChoices(), no_check)
    assert wanted.wants[0].crop == (224, 224)
    assert "does not run" in wanted.notes[0]


def test_shapes_left_open_are_not_filled():
    module = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    found(module)
    assert module[0].has_uninitialized_params()


def test_finding_out_can_be_stopped():
    def stop(*_):
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Cancelled

    class Patient(nn.Module):
        def forward(self, x):
            try:
                return x + 1
            except Exception:  # noqa: BLE001 - as people write
                return x

    calls = 3
    with pytest.raises(Cancelled):
        found(Patient(), check=stop)


# what is said


def wanted(module, **said):
    return wants_of_unknown(module.eval(), InputChoices(**said), no_check)


def test_what_was_said_comes_before_guesses():
    (want,) = wanted(pooled(3), size=(40, 90), mean=(0.5,), std=(0.1, 0.2, 0.3)).wants
    assert want == ImageWant((40, 90), None, mean=(0.5,) * 3, std=(0.1, 0.2, 0.3))


def test_nothing_said_is_nothing_kept_back():
    answer = wanted(pooled(1))
    (want,) = answer.wants
    assert (want.crop, want.mean, want.std) == (None, (0.0,), (1.0,))
    (note,) = answer.notes
    assert note.startswith("guessed: any size, the shorter side at most 224, values in")
    assert answer.taken == InputChoices("picture", (), (0.0,), (1.0,))


def test_everything_said_is_nothing_guessed():
    said = {"size": (9, 9), "mean": (0.0,), "std": (1.0,)}
    assert wanted(pooled(3), **said).notes == ()


def test_as_the_picture_is():
    (want,) = wanted(pooled(3), size=()).wants
    assert want.crop is None
    assert want.resize >= 224


def test_said_of_a_series():
    answer = wanted(timed(2), length=50, rate=20.0, mean=(1, 2), std=(3, 4))
    (want,) = answer.wants
    assert want == SeriesWant(
        ("variable 1", "variable 2"), 50, 20.0, (1, 2), (3, 4), minimum=1
    )
    assert answer.notes == ()
    assert answer.taken.length == 50


def test_a_series_of_which_nothing_was_said():
    (want,) = wanted(timed(3)).wants
    assert (want.length, want.rate, want.mean, want.minimum) == (None, 0, (), 30)


def test_what_was_said_of_several_inputs_goes_where_it_fits():
    left, right = wanted(Two(3, 1), mean=(0.1, 0.2, 0.3), size=(8, 8)).wants
    assert (left.mean, right.mean) == ((0.1, 0.2, 0.3), (0.0,))
    assert left.crop == right.crop == (8, 8)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"mean": (1.0, 2.0)}, "expected 3 means, one per input channel, got 2"),
        ({"std": (1.0, 0.0, 1.0)}, "stds above 0, got 0"),
        ({"mean": (float("nan"),)}, "finite means"),
        ({"size": (0, 5)}, "height and a width"),
        ({"size": (5, 9000)}, "8192"),
        ({"size": (5, 5, 5)}, "height and a width"),
    ],
)
def test_what_cannot_be_is_refused(said, words):
    with pytest.raises(ModelError, match=words):
        wanted(pooled(3), **said)


def test_rows_of_numbers_are_refused():
    class Described(Two):
        def forward(self, x, y):
            return self.head(y) + self.left(x).mean()

    with pytest.raises(ModelError, match=r"input 2 .* a row of 8 numbers"):
        wanted(Described())
    with pytest.raises(ModelError, match=r"the input .* a row of 784 numbers"):
        wanted(nn.Sequential(nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 3)))


def test_a_recurrent_network_reads_series():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cells, self.head = nn.GRU(6, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, x):
            return self.head(self.cells(x.transpose(1, 2))[0][:, -1])

    answer = wanted(Recurrent())
    assert len(answer.wants[0].channels) == 6
    assert (answer.wants[0].minimum, answer.classes) == (1, 3)


def test_volumes_are_refused():
    with pytest.raises(ModelError, match="volumes or videos"):
        wanted(nn.Sequential(nn.Conv3d(1, 2, 3)))


def test_a_network_that_gives_maps_has_no_classes():
    """Though a dense layer is inside; of what never ran, it is the best there is."""

    class Weighed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.dense = nn.Conv2d(3, 4, 3), nn.Linear(4, 4)

        def forward(self, x):
            maps = self.conv(x)
            return maps * self.dense(maps.mean((2, 3)))[..., None, None]

    assert wanted(Weighed()).classes is None
    assert wanted(Two()).classes == 5
