"""R2 and R4: names and edges, against torch.fx and by hand."""

import warnings

import pytest
import torch
import torchvision
from networks import Net, build, conv
from test_record_outputs import SIZES, classifier
from torch import nn
from torchvision.models.feature_extraction import NodePathTracer

from cnnviz.probe.recorder import record

MOVES = {"contiguous", "detach", "size"}


def traced_by_fx(model):
    """Names and edges of a network as torchvision's tracer gives them."""
    tracer = NodePathTracer()
    graph = tracer.trace(model)
    names, edges = {}, {}
    for node in graph.nodes:
        if node.op == "placeholder":
            names[node] = "input"
        elif node.op in ("call_module", "call_function", "call_method"):
            sources = [names[n] for n in node.all_input_nodes if n in names]
            names[node] = tracer.node_to_qualname[node]
            if not (node.target is getattr or node.target in MOVES):
                edges[names[node]] = tuple(dict.fromkeys(sources))
    return edges


@pytest.mark.parametrize("name", SIZES)
def test_names_and_edges_are_those_of_torch_fx(name):
    model = classifier(name)
    recording = record(model, [torch.randn(3, SIZES[name], SIZES[name])])
    found = {
        layer.name: tuple(dict.fromkeys(layer.inputs)) for layer in recording.layers
    }
    assert found == traced_by_fx(model)
    assert list(found) == list(traced_by_fx(model))


def edges(name):
    model, inputs = build(name)
    return {layer.name: layer.inputs for layer in record(model, inputs).layers}


BY_HAND = {
    "written_through_a_view": {
        "one": ("input",),
        "view": ("one",),
        "clamp": ("view",),
        "transpose": ("clamp",),
        "getitem": ("transpose",),
        "mul": ("getitem",),
        "two": ("clamp", "mul"),
    },
    "written_through_data": {
        "one": ("input",),
        "relu": ("one",),
        "getitem": ("relu",),
        "mul": ("getitem",),
        "two": ("relu", "mul"),
        "add": ("two",),
    },
    "one_relu_for_all": {
        "one": ("input",),
        "relu": ("one",),
        "two": ("relu",),
        "relu_1": ("two",),
    },
    "entered_by_forward": {"one": ("input",), "two": ("one",), "three": ("two",)},
    "into_a_buffer": {"one": ("input",), "mul": ("one",), "two": ("mul",)},
    "some_channels_overwritten": {
        "one": ("input",),
        "getitem": ("one",),
        "two": ("one",),
        "add": ("getitem", "two"),
        "setitem": ("one", "add", "add"),
        "setitem_1": ("setitem",),
        "end": ("setitem_1",),
    },
    "several_inputs": {
        "cat": ("input", "input_1"),
        "one": ("cat",),
        "mean": ("one",),
        "fc": ("input_2",),
        "add": ("mean", "fc"),
        "relu": ("add",),
        "two": ("relu",),
    },
    "a_module_twice": {
        "stem": ("input",),
        "act": ("stem",),
        "mean": ("act",),
        "getitem": ("input",),
        "stem_1": ("getitem",),
        "act_1": ("stem_1",),
        "mean_1": ("act_1",),
        "sub": ("mean", "mean_1"),
    },
    "dropout_in_a_residual": {
        "one": ("input",),
        "two": ("one",),
        "drop": ("two",),
        "add": ("one", "drop"),
        "dropout": ("one",),
        "add_1": ("add", "dropout"),
    },
    "identities": {
        "one": ("input",),
        "same": ("one",),
        "add": ("same", "one"),
        "add_1": ("add", "one"),
    },
    "joined_with_itself": {
        "one": ("input",),
        "cat": ("one", "one"),
        "two": ("cat",),
        "mul": ("one", "one"),
        "mean": ("mul",),
        "add": ("two", "mean"),
    },
    "attention": {
        "cross": ("input", "input_1", "input_1"),
        "own": ("input", "input", "input"),
        "add": ("cross", "own"),
        "fc": ("add",),
    },
    "by_way_of_numpy": {"one": ("input",), "outside": ("one",), "two": ("outside",)},
    "constants_on_the_side": {"one": ("input",), "mul": ("one",)},
    "weights_from_data": {
        "mean": ("input",),
        "make": ("mean",),
        "view": ("make",),
        "conv2d": ("input", "view"),
    },
    "standardised_weights": {"0": ("input",), "1": ("0",), "2": ("1",)},
    "same_object_in_many_places": {
        "0": ("input",),
        "1": ("0",),
        "2": ("1",),
        "3": ("2",),
        "0_1": ("3",),
        "1_1": ("0_1",),
    },
    "hooked_by_its_owner": {
        "0": ("input",),
        "mul": ("0",),
        "1": ("mul",),
        "add": ("1",),
        "2": ("add",),
    },
    "expanded": {
        "cat": ("input",),
        "getitem": ("input",),
        "add": ("cat",),
        "fc": ("add",),
    },
}


@pytest.mark.parametrize("name", BY_HAND)
def test_edges_of_awkward_networks(name):
    assert edges(name) == BY_HAND[name]


def test_pieces_are_layers_of_their_own():
    found = edges("shuffled_channels")
    pieces = ("chunk", "two", "split", "split_1", "split_2", "chunk")
    assert found["cat"] == pieces
    assert found["two"] == ("chunk_1",)
    assert found["chunk"] == found["chunk_1"] == ("one",)
    assert found["stack"] == ("unbind", "unbind_1", "unbind_2")


def test_names_are_never_given_twice():
    def run(net, x):
        x = net.relu(net.relu(net.input(x)))
        return net.input_1(net.relu_1(x))

    parts = {"input": conv(3, 4), "relu": nn.ReLU(), "relu_1": nn.ReLU()}
    model = Net(lambda net, x, y: run(net, x) + y, input_1=conv(4, 4), **parts)
    recording = record(model, [torch.randn(3, 6, 6), torch.randn(4, 6, 6)])
    names = [layer.name for layer in recording.layers]
    assert len({*names, "input", "input_1"}) == len(names) + 2
    assert recording.layers[0].inputs == ("input",)
    assert recording.layers[1].inputs == (names[0],)
    assert recording.layers[-1].inputs == (names[-2], "input_1")


def test_moves_without_effect_are_no_layers():
    def run(net, x):
        x = x.detach().contiguous().to(torch.float32).float().cpu().clone()
        return net.one(x.to(net.one.weight).type_as(x).requires_grad_()).double()

    recording = record(Net(run, one=conv(3, 4)), [torch.randn(3, 6, 6)])
    assert [(layer.name, layer.inputs) for layer in recording.layers] == [
        ("one", ("input",)),
        ("double", ("one",)),
    ]


def test_what_only_takes_a_shape_is_no_edge():
    def run(net, x):
        grid = net.grid.expand_as(x) + torch.zeros_like(x) + x.new_ones(6)
        return net.one(x) * grid.to(x)[:, :1]

    model = Net(run, one=conv(3, 4), grid=nn.Parameter(torch.randn(1, 1, 6)))
    recording = record(model, [torch.randn(3, 6, 6)])
    assert {layer.name: layer.inputs for layer in recording.layers} == {
        "one": ("input",),
        "mul": ("one",),
    }


def test_a_view_of_a_constant_does_not_make_it_data():
    def run(net, x):
        bias, y = torch.broadcast_tensors(net.bias, net.one(x))
        return net.two(bias + y) * net.bias

    model = Net(
        run, one=conv(3, 4), two=conv(4, 4), bias=nn.Parameter(torch.ones(4, 1, 1))
    )
    layers = {
        layer.name: layer for layer in record(model, [torch.randn(3, 6, 6)]).layers
    }
    assert layers["mul"].inputs == ("two",)


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_the_whole_network_hangs_together(name):
    model = classifier(name)
    with warnings.catch_warnings():
        recording = record(model, [torch.randn(3, 64, 64)])
    known = {"input"}
    for layer in recording.layers:
        assert layer.inputs
        assert set(layer.inputs) <= known
        known.add(layer.name)


def test_data_changed_by_numpy_become_a_layer():
    def run(net, x):
        x = net.one(x)
        array = x.numpy()
        array[array < 0] = 0
        return net.two(x)

    model = Net(run, one=conv(3, 4), two=conv(4, 2))
    one, outside, two = record(model, [torch.randn(3, 6, 6)]).layers
    assert (outside.inputs, two.inputs) == (("one",), (outside.name,))
    assert one.output.min() < 0 == outside.output.min()


def test_lists_carry_data_too():
    def run(net, x):
        mean = net.one(x).mean((2, 3))
        return net.two(torch.tensor(mean.tolist()) + torch.tensor(1.0))

    model = Net(run, one=conv(3, 4), two=nn.Linear(4, 2))
    found = {x.name: x.inputs for x in record(model, [torch.randn(3, 6, 6)]).layers}
    assert found == {
        "one": ("input",),
        "mean": ("one",),
        "outside": ("mean",),
        "add": ("outside",),
        "two": ("add",),
    }


def test_an_operation_out_of_sight_is_shown_as_such():
    """A compiled function of TorchScript calls nothing that Python could see."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        swish = torch.jit.script(_swish)
    model = Net(
        lambda net, x: net.two(swish(net.one(x))), one=conv(3, 4), two=conv(4, 2)
    )
    one, outside, two = record(model, [torch.randn(3, 6, 6)]).layers
    assert (outside.inputs, two.inputs) == (("one",), (outside.name,))
    x = torch.from_numpy(one.output.copy())
    assert torch.allclose(torch.from_numpy(outside.output.copy()), _swish(x))


def _swish(x: torch.Tensor) -> torch.Tensor:
    return x * x.sigmoid()


def test_constants_made_elsewhere_are_no_data():
    kernel = torch.ones(1, 3, 3, 3)

    def run(net, x):
        return torch.nn.functional.conv2d(x, kernel / kernel.sum()) * net.scale

    model = Net(run, scale=nn.Parameter(torch.ones(1)))
    found = {x.name: x.inputs for x in record(model, [torch.randn(3, 6, 6)]).layers}
    assert found == {"conv2d": ("input",), "mul": ("conv2d",)}


def test_custom_operators_are_layers():
    def run(net, x):
        boxes = torch.tensor([[0.0, 0.0, 3.0, 3.0], [1.0, 1.0, 4.0, 4.0]])
        x = torch.ops.aten.relu(net.one(x))
        return torchvision.ops.roi_align(x, [boxes], (2, 2)).flatten(1)

    found = record(Net(run, one=conv(3, 4)), [torch.randn(3, 6, 6)]).layers
    assert [layer.name for layer in found] == ["one", "relu", "roi_align", "flatten"]
    assert all(layer.residual == 0 for layer in found)


def test_mapped_functions_do_not_end_the_trace():
    def run(net, x):
        x = net.one(x)
        scaled = torch.vmap(lambda row: row.relu() * 2)(x)
        return net.two(scaled)

    model = Net(run, one=conv(3, 4), two=conv(4, 2))
    x = torch.randn(3, 6, 6)
    one, outside, two = record(model, [x]).layers
    assert (outside.inputs, two.inputs) == (("one",), (outside.name,))
    assert (outside.output == 2 * one.output.clip(0)).all()


def test_operators_of_an_exported_network():
    model = nn.Sequential(conv(3, 4), nn.BatchNorm2d(4), nn.ReLU()).eval()
    nn.init.uniform_(model[1].running_mean)
    nn.init.uniform_(model[1].weight)
    exported = torch.fx.Graph()
    x = exported.placeholder("x")
    weights = {name: exported.get_attr(name) for name in model.state_dict()}
    y = exported.call_function(
        torch.ops.aten.conv2d.default,
        (x, weights["0.weight"], weights["0.bias"], [1, 1], [1, 1]),
    )
    y = exported.call_function(
        torch.ops.aten.batch_norm.default,
        (
            y,
            weights["1.weight"],
            weights["1.bias"],
            weights["1.running_mean"],
            weights["1.running_var"],
            False,
            0.1,
            1e-5,
            False,
        ),
    )
    exported.output(exported.call_function(torch.ops.aten.relu.default, (y,)))
    x = torch.randn(3, 6, 6)
    plain = record(model, [x]).layers
    found = record(torch.fx.GraphModule(model, exported), [x]).layers
    assert [layer.kind for layer in found] == ["conv", "norm", "activation"]
    for ours, theirs in zip(found, plain, strict=True):
        assert (ours.output == theirs.output).all()
    assert (found[0].weight == plain[0].weight).all()
    assert found[0].geometry == plain[0].geometry
    assert (found[1].weight == plain[1].weight).all()
    assert (found[1].options["running_mean"] == plain[1].options["running_mean"]).all()


def test_a_weight_made_of_data_and_put_into_a_module_is_an_edge():
    def run(net, x):
        net.one.weight = net.make(x.mean((2, 3))).view(2, 3, 3, 3)
        return net.one(x)

    one = conv(3, 2, bias=False)
    del one.weight
    found = {
        layer.name: layer.inputs
        for layer in record(
            Net(run, one=one, make=nn.Linear(3, 54)), [torch.randn(3, 6, 6)]
        ).layers
    }
    assert found == {
        "mean": ("input",),
        "make": ("mean",),
        "view": ("make",),
        "one": ("input", "view"),
    }


def test_statistics_written_from_data_are_an_edge():
    def run(net, x):
        net.norm.running_mean.copy_(x.mean((0, 2, 3)))
        return net.norm(x)

    model = Net(run, norm=nn.BatchNorm2d(3))
    found = {x.name: x.inputs for x in record(model, [torch.randn(3, 6, 6)]).layers}
    assert found["norm"] == ("input", "copy")
