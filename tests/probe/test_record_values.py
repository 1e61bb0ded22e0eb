"""R3, R5, R9: values as they were, weights as used, structures followed."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from networks import NETWORKS, Net, build, conv
from torch import nn

from cnnviz.probe.recorder import record


def by_name(model, *inputs, **more):
    return {layer.name: layer for layer in record(model, inputs, **more).layers}


# -- R3: nothing later changes an output -----------------------------------------------


def arrays(layer):
    """Every array that a layer shows."""
    options = [v for v in layer.options.values() if isinstance(v, np.ndarray)]
    extras = [array for _, array in layer.extras]
    held = (layer.output, layer.weight, layer.bias, *extras, *options)
    return [array for array in held if array is not None]


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_every_array_is_read_only(name):
    model, inputs = build(name)
    for layer in record(model, inputs).layers:
        for array in arrays(layer):
            assert not array.flags.writeable, layer.name


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_later_runs_and_training_change_nothing(name):
    model, inputs = build(name)
    layers = record(model, inputs, copy_weights=True).layers
    before = [array.copy() for layer in layers for array in arrays(layer)]
    for tensor in inputs:
        tensor.fill_(9)
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.fill_(7)
    after = [array for layer in layers for array in arrays(layer)]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)


def test_a_convolution_keeps_what_an_in_place_relu_overwrites():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True))
    x = torch.randn(3, 6, 6)
    layers = by_name(model, x)
    made = F.conv2d(x[None], model[0].weight, model[0].bias)[0].detach().numpy()
    assert (made < 0).any()
    np.testing.assert_array_equal(layers["0"].output, made)
    np.testing.assert_array_equal(layers["1"].output, np.maximum(made, 0))


def test_the_input_is_kept_from_the_network():
    given = np.ones((2, 3, 3), np.float32)

    def run(net, x):
        return x.mul_(3) + net.one

    layers = by_name(Net(run, one=nn.Parameter(torch.ones(1))), given)
    assert (given == 1).all()
    assert (layers["mul"].output == 3).all()
    assert (layers["add"].output == 4).all()


def test_a_repetition_takes_no_memory():
    """Five tebibytes, were they written out."""

    def run(net, x):
        huge = net.fc(x)[:, :, None].expand(-1, -1, 10**12)
        return huge[:, :, 5] + huge.transpose(1, 2)[:, 7]

    layers = by_name(Net(run, fc=nn.Linear(3, 5)), torch.randn(3))
    expand = layers["expand"]
    assert expand.shape == (5, 10**12)
    assert expand.output[3, 999] == layers["fc"].output[3]
    assert layers["transpose"].shape == (10**12, 5)
    assert expand.residual is expand.replay.routes() is None
    np.testing.assert_array_equal(layers["add"].output, 2 * layers["fc"].output)
    assert layers["add"].residual == 0


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_not_rounded(kind):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU()).to(kind)
    x = torch.randn(4)
    layers = by_name(model, x)
    made = F.linear(x.to(kind), model[0].weight, model[0].bias)
    assert layers["0"].output.dtype == layers["0"].weight.dtype == np.float32
    np.testing.assert_array_equal(layers["0"].output, made.detach().float())
    np.testing.assert_array_equal(layers["0"].weight, model[0].weight.detach().float())


def test_complex_values_stay_complex():
    model, inputs = build("fourier")
    layers = by_name(model, *inputs)
    spectrum = torch.fft.rfft2(torch.from_numpy(layers["one"].output.copy()))
    np.testing.assert_array_equal(layers["fft_rfft2"].output, spectrum)


def test_sparse_values_are_shown_dense():
    def run(net, x):
        return (net.fc(x).relu().to_sparse() * 2).to_dense()

    layers = by_name(Net(run, fc=nn.Linear(4, 4)), torch.randn(4))
    relu = layers["relu"].output
    np.testing.assert_array_equal(layers["to_sparse"].output, relu)
    np.testing.assert_array_equal(layers["to_dense"].output, 2 * relu)
    assert layers["mul"].residual is None


def test_empty_and_single_values():
    class Chomp(nn.Module):
        def forward(self, x):
            return x[:, :, :-0].contiguous()

    model = nn.Sequential(nn.Conv1d(1, 2, 1), Chomp(), nn.ReLU())
    layers = record(model, [torch.arange(6.0)[None]]).layers
    assert [layer.shape for layer in layers] == [(2, 6), (2, 0), (2, 0)]
    assert [layer.residual for layer in layers] == [0, 0, 0]
    total = by_name(Net(lambda net, x: x.sum() + net.p, p=nn.Parameter(torch.ones(()))),
                    torch.ones(3))  # fmt: skip
    assert total["add"].shape == ()
    assert total["add"].output == 4


def test_whole_numbers_stay_whole():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2))
    layers = by_name(model, np.array([4, 1]))
    table = model[0].weight.detach().numpy()
    np.testing.assert_array_equal(layers["0"].output, table[[4, 1]])
    assert layers["0"].residual == 0


def test_an_operation_between_inputs_of_no_parameters():
    model = Net(lambda net, a, b: {"sum": a + b, "top": torch.topk(a, 2)})
    recording = record(model, [np.array([1.0, 5, 3]), np.array([1.0, 1, 1])])
    add, topk = recording.layers
    assert add.output.dtype == np.float64
    np.testing.assert_array_equal(topk.output, [5, 3])
    np.testing.assert_array_equal(topk.extras[0][1], [1, 2])
    assert recording.outputs == ("add", "topk")


# -- R5: the weight of this very call ----------------------------------------------


def effective(layer, x):
    """A convolution done again with the weight that is shown."""
    made = F.conv2d(
        torch.tensor(x)[None],
        torch.tensor(layer.weight),
        padding=layer.geometry.padding[0][0],
    )[0]
    return (
        made if layer.bias is None else made + torch.tensor(layer.bias)[:, None, None]
    )


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(
    "name",
    [
        "parametrized",
        "normalised_the_old_way",
        "tied_weights",
        "standardised_weights",
        "channels_last",
        "writes_its_own_weights",
        "entered_by_forward",
    ],
)
def test_the_weight_shown_gives_the_output_shown(name):
    model, inputs = build(name)
    values = {"input": inputs[0].numpy()}
    for layer in record(model, inputs).layers:
        values[layer.name] = layer.output
        if layer.kind == "conv":
            again = effective(layer, values[layer.inputs[0]])
            np.testing.assert_allclose(layer.output, again, atol=1e-5)


def test_a_weight_written_between_two_calls_is_shown_as_it_was_in_each():
    def run(net, x):
        first = net.fc(x)
        net.fc.weight.data.mul_(2)
        second = net.fc(x)
        with torch.no_grad():
            net.fc.weight += 1
        return first + second + net.fc(x)

    model = Net(run, fc=nn.Linear(3, 2, bias=False))
    kept = model.fc.weight.detach().clone()
    layers = by_name(model, torch.randn(3))
    np.testing.assert_array_equal(layers["fc"].weight, kept)
    np.testing.assert_array_equal(layers["fc_1"].weight, kept * 2)
    np.testing.assert_array_equal(layers["fc_2"].weight, kept * 2 + 1)
    np.testing.assert_array_equal(model.fc.weight.detach(), kept)


def test_norms_show_the_statistics_they_used():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    nn.init.uniform_(model[1].running_mean)
    nn.init.uniform_(model[1].running_var, 1, 2)
    norm = by_name(model, torch.randn(3, 5, 5))["1"]
    np.testing.assert_array_equal(norm.options["running_mean"], model[1].running_mean)
    np.testing.assert_array_equal(norm.options["running_var"], model[1].running_var)
    assert norm.options["eps"] == model[1].eps


def test_weights_are_shared_or_copied_as_asked():
    model = nn.Linear(3, 2)
    shared = record(model, [torch.ones(3)]).layers[0]
    copied = record(model, [torch.ones(3)], copy_weights=True).layers[0]
    kept = model.weight.detach().clone()
    with torch.no_grad():
        model.weight.fill_(8)
    assert (shared.weight == 8).all()
    np.testing.assert_array_equal(copied.weight, kept)


# -- R9: tuples, dicts, data classes ---------------------------------------------


def test_outputs_in_structures_are_found():
    model, inputs = build("returns_structures")
    assert record(model, inputs).outputs == ("mean", "two", "relu")


def test_structures_between_modules_are_followed():
    class Two(nn.Module):
        def forward(self, x):
            return {"low": x[:, :2], "high": (x[:, 2:], [x.mean()])}

    class Join(nn.Module):
        def forward(self, *, parts):
            high, (mean,) = parts["high"]
            return torch.cat([parts["low"], high], 1) * mean

    model = Net(lambda net, x: net.join(parts=net.two(x)), two=Two(), join=Join())
    found = {
        layer.name: layer.inputs for layer in record(model, [torch.ones(4)]).layers
    }
    assert found == {
        "two.getitem": ("input",),
        "two.getitem_1": ("input",),
        "two.mean": ("input",),
        "join.cat": ("two.getitem", "two.getitem_1"),
        "join.mul": ("join.cat", "two.mean"),
    }


def test_recurrent_states_are_further_outputs():
    model, inputs = build("lstm")
    layer = by_name(model, *inputs)["lstm"]
    with torch.no_grad():
        x = model.conv(inputs[0][None]).transpose(1, 2)
        out, (h, c) = model.lstm(x)
    assert [name for name, _ in layer.extras] == ["h_n", "c_n"]
    np.testing.assert_array_equal(layer.output, out[0])
    np.testing.assert_array_equal(layer.extras[0][1], h[:, 0])
    np.testing.assert_array_equal(layer.extras[1][1], c[:, 0])
    assert layer.options["bidirectional"] is False


def test_packed_sequences_run():
    def run(net, x):
        packed = nn.utils.rnn.pack_padded_sequence(x, [5], batch_first=True)
        out, _ = net.gru(packed)
        return nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0]

    model = Net(run, gru=nn.GRU(3, 2, batch_first=True, bidirectional=True))
    x = torch.randn(5, 3)
    recording = record(model, [x])
    assert recording.error is None
    with torch.no_grad():
        np.testing.assert_array_equal(recording.layers[-1].output, model(x[None])[0])
    gru = next(layer for layer in recording.layers if layer.name == "gru")
    assert gru.options["bidirectional"] is True


def test_axes_are_named_through_moves():
    def run(net, x):
        x = net.conv(x)
        x = net.fc(x.permute(0, 2, 3, 1))
        return net.end(x.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2).mean(1)

    model = Net(run, conv=conv(3, 4), fc=nn.Linear(4, 5), end=conv(5, 2))
    assert {k: v.axes for k, v in by_name(model, torch.randn(3, 6, 7)).items()} == {
        "conv": "CHW",
        "permute": "HWC",
        "fc": "HWC",
        "permute_1": "CHW",
        "end": "CHW",
        "flatten": "CT",
        "transpose": "TC",
        "mean": "C",
    }
