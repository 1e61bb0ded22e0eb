"""Training of the networks of series: windows, random views, folding, going on."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.core.resources import resource
from cnnviz.nets.temporal import TCN, CNN1d


@pytest.fixture
def room(monkeypatch):
    """The training modules, for this test only."""
    there = set(sys.modules)
    monkeypatch.syspath_prepend(str(resource("training")))
    import series_data
    import series_run

    class Room:
        data, run = series_data, series_run

    yield Room
    for name in set(sys.modules) - there:
        if name.startswith("series_"):
            del sys.modules[name]


@pytest.fixture
def recordings(room):
    """Two recordings each of three people; the first value tells the place."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(6, 40 + 3 * i)).astype("f") for i in range(6)]
    labels, people = np.array([0, 1, 0, 1, 0, 1]), np.array([1, 1, 2, 2, 3, 3])
    names = tuple("abcdef")
    return room.data.Recordings(values, labels, people, names, names, ("x", "y"), 50.0)


def test_people_are_kept_apart(recordings):
    assert recordings.of((1, 3)).people.tolist() == [1, 1, 3, 3]
    windows, recording = recordings.of((2,)).windows(16, 8)
    assert recording.tolist() == [0] * 4 + [1] * 5  # 46 and 49 steps
    np.testing.assert_array_equal(windows[5], recordings.values[3][:, 8:24])


def test_scale_is_that_of_all_steps(recordings):
    mean, std = recordings.scale()
    steps = np.hstack(recordings.values)
    np.testing.assert_allclose(mean, steps.mean(1), atol=1e-6)
    np.testing.assert_allclose(std, steps.std(1), atol=1e-6)


def views(room, recordings, **amounts):
    nothing = dict.fromkeys(
        ("tempo", "turn", "strength", "noise", "mirror", "silence"), 0.0
    )
    data = room.data.Augmenter(
        recordings,
        16,
        np.full(6, 0.5, "f"),
        np.full(6, 2.0, "f"),
        room.data.Views(**(nothing | amounts)),
    )
    ((windows, labels), *_) = data.epoch(20, torch.Generator().manual_seed(0))
    return windows.double().numpy() * 2 + 0.5, labels.numpy()


def test_views_without_variation_are_steps_between_neighbours(room, recordings):
    windows, labels = views(room, recordings)
    assert windows.shape == (20, 6, 16)
    for window, label in zip(windows, labels, strict=True):
        fits = []
        for values in (
            v
            for v, k in zip(recordings.values, recordings.labels, strict=True)
            if k == label
        ):
            for start in range(values.shape[1] - 16):
                first, second = (values[:, start + i : start + i + 16] for i in (0, 1))
                slope = (second - first).ravel()
                share = slope @ (window - first).ravel() / (slope @ slope)
                fits.append(np.abs(first + share * (second - first) - window).max())
        assert min(fits) < 1e-4


def test_a_turned_watch_feels_as_much(room, recordings):
    plain, _ = views(room, recordings)
    turned, _ = views(room, recordings, turn=0.5)
    assert np.abs(turned - plain).max() > 0.1
    for sensor in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(
            np.linalg.norm(turned[:, sensor], axis=1),
            np.linalg.norm(plain[:, sensor], axis=1),
            atol=1e-4,
        )


def test_the_other_arm_keeps_the_laws_of_motion(room):
    """Turning rates of a mirrored motion are those of its mirrored axes.

    A vector ``r`` that turns at rate ``w`` moves at ``w × r``; mirrored, its motion
    must follow from the mirrored rate in the same way.
    """
    rng = np.random.default_rng(0)
    position, rate = rng.normal(size=(2, 3))
    signs = room.data.MIRROR.double().numpy()
    np.testing.assert_allclose(
        np.cross(signs[3:] * rate, signs[:3] * position),
        signs[:3] * np.cross(rate, position),
    )


@pytest.mark.parametrize("make", [TCN, CNN1d])
def test_folding_changes_no_output(room, make):
    torch.manual_seed(0)
    plain = make()
    twin = room.run.training_twin(plain, 0.2)
    norms = [part for part in twin.modules() if isinstance(part, nn.BatchNorm1d)]
    assert len(norms) == sum(p.ndim > 1 for p in plain.parameters()) - 1
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
        nn.init.normal_(norm.running_mean, std=0.1)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
    shipped = room.run.folded(twin)
    assert list(shipped.state_dict()) == list(plain.state_dict())
    x = torch.randn(3, 6, 64)
    with torch.no_grad():
        expected, got = twin.eval()(x), shipped(x)
    assert expected.std() > 1e-2
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_a_run_goes_on_where_it_stopped(room, recordings, tmp_path):
    mean, std = recordings.scale()
    data = room.data.Augmenter(recordings, 16, mean, std, room.data.Views())
    recipe = room.run.Recipe(lambda: TCN(6, 2, 4, 2, (1,)), 16, epochs=2, batch=8)

    def end(stopping, checkpoint):
        run = room.run.Run(recipe, data, 3, checkpoint)
        while run.epoch < recipe.epochs:
            run.train_epoch()
            run.save()
            if stopping:
                run = room.run.Run(recipe, data, 3, checkpoint)
        return room.run.folded(run.mean).state_dict()

    whole, parts = end(False, tmp_path / "a.pt"), end(True, tmp_path / "b.pt")
    for name, value in whole.items():
        assert torch.equal(value, parts[name])
