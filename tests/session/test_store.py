"""What is known: pure rules first, then what is announced."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from cnnviz.core.layers import Geometry, Layer
from cnnviz.core.look import Look
from cnnviz.core.models import ModelSpec
from cnnviz.core.selection import Selection
from cnnviz.core.trace import ImageSource, Request, Sample, Trace
from cnnviz.session.store import State, Store, choose, receive

ASKED = Request(ModelSpec("net"), ImageSource(Path("a.png")))


def window(size, stride, padding=0, reduction=""):
    return Geometry(
        kernel=(size, size),
        stride=(stride, stride),
        padding=((padding, padding),) * 2,
        dilation=(1, 1),
        reduction=reduction,
        padding_mode="-inf" if reduction == "max" else "zeros",
    )


def network(
    pixels=16, channels=8, names=("conv1", "relu1", "pool1", "conv2"), asked=ASKED
):
    """Conv 3×3 padded, ReLU, max pool 2×2, conv 3×3 padded; then flatten, linear."""
    conv1, relu1, pool1, conv2 = names
    half = pixels // 2

    def layer(name, kind, fed, shape, axes, **more):
        return Layer(name, kind, kind, (fed,), np.zeros(shape, "f"), axes, **more)

    big, small = (channels, pixels, pixels), (channels, half, half)
    rgb = (3, pixels, pixels)
    flat = (channels * half * half,)
    weight1 = np.zeros((channels, 3, 3, 3), "f")
    weight2 = np.zeros((channels, channels, 3, 3), "f")
    same, halved = window(3, 1, 1), window(2, 2, reduction="max")
    layers = (
        layer(conv1, "conv", "input", big, "CHW", geometry=same, weight=weight1,
              input_shapes=(rgb,)),
        layer(relu1, "activation", conv1, big, "CHW", input_shapes=(big,)),
        layer(pool1, "pool", relu1, small, "CHW", geometry=halved, input_shapes=(big,)),
        layer(conv2, "conv", pool1, small, "CHW", geometry=same, weight=weight2,
              input_shapes=(small,)),
        layer("flatten", "flatten", conv2, flat, "C", input_shapes=(small,)),
        layer("fc", "linear", "flatten", (5,), "C", weight=np.zeros((5, *flat), "f"),
              input_shapes=(flat,)),
    )  # fmt: skip
    return Trace(Sample((np.zeros(rgb, "f"),)), layers, request=asked)


@pytest.fixture
def shown():
    """The state with a network shown and a unit chosen in its first layer."""
    return choose(receive(State(ASKED), network()), "conv1", 3, (6, 10))


class TestChoose:
    def test_nothing_can_be_chosen_before_the_first_trace(self):
        assert choose(State(ASKED), "conv1", 0, (0, 0)) == State(ASKED)

    def test_a_place(self, shown):
        assert shown.selection == Selection("conv1", 3, (6, 10))

    def test_what_is_not_named_stays(self, shown):
        assert choose(shown, channel=5).selection == Selection("conv1", 5, (6, 10))
        assert choose(shown, unit=(1, 2)).selection == Selection("conv1", 3, (1, 2))

    def test_none_means_all(self, shown):
        assert choose(shown, channel=None).selection == Selection(
            "conv1", None, (6, 10)
        )
        assert choose(shown, unit=None).selection == Selection("conv1", 3, None)

    def test_whole_map_stays_whole_in_the_next_layer(self, shown):
        whole = choose(shown, unit=None)
        assert choose(whole, "pool1").selection == Selection("pool1", 3, None)

    def test_too_large_is_clamped(self, shown):
        got = choose(shown, "pool1", 99, (99, -4)).selection
        assert got == Selection("pool1", 7, (7, 0))

    def test_a_layer_that_did_not_run_is_no_choice(self, shown):
        assert choose(shown, "gone", 1, (0, 0)) == shown

    def test_changing_the_layer_keeps_the_place(self, shown):
        # pool1 (3, 5) sees rows 5-8 and columns 9-12 of the input, padding included;
        # conv1 (6, 10) sees rows 5-7 and columns 9-11
        assert choose(shown, "relu1").selection.unit == (6, 10)
        assert choose(shown, "pool1").selection.unit == (3, 5)
        assert choose(shown, "conv2").selection.unit == (3, 5)

    def test_there_and_back_loses_nothing(self, shown):
        state = shown
        for name in ("relu1", "pool1", "conv2", "flatten", "fc", "pool1", "conv1"):
            state = choose(state, name)
        assert state.selection.unit == (6, 10)

    def test_choosing_a_neuron_does_not_lose_the_place(self, shown):
        neuron = choose(shown, "fc", 2, ())
        assert neuron.selection == Selection("fc", 2, ())
        assert choose(neuron, "conv1").selection == Selection("conv1", 2, (6, 10))

    def test_a_neuron_chosen_first_stays_chosen(self):
        state = choose(receive(State(ASKED), network()), "fc", 2, ())
        assert choose(state, channel=4).selection == Selection("fc", 4, ())

    def test_it_is_pure(self, shown):
        before = replace(shown)
        choose(shown, "pool1", 1, (0, 0))
        assert shown == before
        with pytest.raises(FrozenInstanceError):
            shown.selection = Selection()


class TestReceive:
    def test_first_trace_shows_the_first_stage(self):
        state = receive(State(ASKED, status="busy"), network())
        assert state.selection == Selection("conv1", 0, None)
        assert state.status == "idle"

    def test_another_picture_keeps_everything(self, shown):
        assert receive(shown, network()).selection == shown.selection

    def test_random_weights_keep_everything(self, shown):
        deep = choose(shown, "conv2", 6)
        random = Request(ModelSpec("net", "random"), ASKED.source)
        assert receive(deep, network(asked=random)).selection == deep.selection

    def test_a_smaller_network_clamps(self, shown):
        """THREAD-05: the old selection does not exist in the new trace."""
        far = choose(shown, "conv1", 7, (15, 15))
        got = receive(far, network(channels=4))
        assert got.selection == Selection("conv1", 3, (15, 15))

    def test_other_names_take_the_first_stage_and_keep_the_place(self, shown):
        other = network(names=("a", "b", "c", "d"))
        assert receive(shown, other).selection == Selection("a", 3, (6, 10))

    @pytest.mark.parametrize(
        ("layer", "counterpart", "unit"),
        [("conv1", "a", (6, 10)), ("relu1", "b", (6, 10)), ("pool1", "c", (3, 5))],
    )
    def test_the_part_in_the_stage_is_kept(self, shown, layer, counterpart, unit):
        other = network(names=("a", "b", "c", "d"))
        got = receive(choose(shown, layer), other).selection
        assert got == Selection(counterpart, 3, unit)

    def test_handmade_to_learned_and_back_keeps_the_place(self, shown):
        other = network(names=("a", "b", "c", "d"))
        back = receive(receive(shown, other), network())
        assert back.selection == shown.selection

    def test_another_resolution_keeps_the_place_in_the_picture(self, shown):
        # the middle of pixel 6 of 16 is 6.5/16 of the way, which is 19.5/48
        large = network(pixels=48, names=("a", "b", "c", "d"))
        assert receive(shown, large).selection.unit == (19, 31)
        assert receive(shown, network(pixels=48)).selection.unit == (19, 31)

    def test_a_run_without_layers_selects_nothing(self, shown):
        empty = Trace(Sample((np.zeros((3, 1, 1), "f"),)), (), error="too small")
        state = receive(shown, empty)
        assert state.selection == Selection()
        assert receive(state, network()).selection == Selection("conv1", 0, None)


class Heard:
    def __init__(self, store):
        self.changes, self.requests = [], []
        store.changed.connect(lambda old, new: self.changes.append((old, new)))
        store.requestChanged.connect(self.requests.append)


@pytest.fixture
def store(qapp):
    return Store(ASKED)


@pytest.fixture
def heard(store):
    store.set_trace(network())
    return Heard(store)


class TestStore:
    def test_nothing_is_asked_before_it_is_told_to(self, store):
        heard = Heard(store)
        store.reload()
        assert heard.requests == [ASKED]
        assert store.state.status == "busy"

    def test_a_change_is_announced_once_with_before_and_after(self, store, heard):
        old = store.state
        store.select("pool1", 2, (1, 1))
        assert heard.changes == [(old, store.state)]
        assert store.state.selection == Selection("pool1", 2, (1, 1))

    def test_equal_values_are_not_announced(self, store, heard):
        store.select(**{
            name: getattr(store.state.selection, name)
            for name in ("layer", "channel", "unit")
        })  # fmt: skip
        store.set_look(Look())
        store.set_trace(store.state.trace)
        store.set_model(ModelSpec("net"))
        store.set_source(ImageSource(Path("a.png")))
        assert heard.changes == heard.requests == []

    def test_look(self, store, heard):
        store.set_look(Look(before=True))
        assert store.state.look.before
        assert len(heard.changes) == 1

    def test_model_and_source_make_requests(self, store, heard):
        other = ImageSource(Path("b.png"))
        store.set_source(other)
        store.set_model(ModelSpec("vgg"))
        assert heard.requests == [
            Request(ModelSpec("net"), other),
            Request(ModelSpec("vgg"), other),
        ]
        assert store.state.status == "busy"

    def test_what_is_shown_stays_until_the_answer(self, store, heard):
        before = store.state
        store.set_model(ModelSpec("vgg"))
        assert store.state.trace is before.trace
        assert store.state.selection == before.selection
        asked = heard.requests[-1]
        store.set_trace(network(names=("a", "b", "c", "d"), asked=asked))
        assert store.state.selection.layer == "a"
        assert store.state.status == "idle"

    def test_a_refused_request_is_forgotten(self, store, heard):
        store.set_source(ImageSource(Path("broken.png")))
        store.withdraw()
        assert store.state.request == ASKED
        assert store.state.status == "idle"
        store.set_model(ModelSpec("vgg"))
        assert heard.requests[-1] == Request(ModelSpec("vgg"), ASKED.source)

    def test_a_refused_request_can_be_tried_again(self, store, heard):
        for _ in range(2):
            store.set_source(ImageSource(Path("broken.png")))
            store.withdraw()
        assert len(heard.requests) == 2

    def test_a_first_request_that_was_refused_can_be_tried_again(self, store):
        heard = Heard(store)
        store.reload()
        store.withdraw()
        store.set_source(ASKED.source)
        assert heard.requests == [ASKED, ASKED]
