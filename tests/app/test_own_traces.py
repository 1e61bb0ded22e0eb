"""Networks that are hard to trace, as Python files that a person opens and agrees to.

Each is dropped on the window and run after a click on the dialog's button; what the
window then holds must equal plain torch, computed here step by step.
"""

import numpy as np
import pytest
import torch
from hard_networks import CASES, HEAD, RESIDUAL, SMALL, TCN
from own import bring, built, save, scores, small_picture, write_code
from PIL import Image
from PySide6.QtWidgets import QLabel
from torch import nn

from cnnviz.app.input_dialog import InputDialog
from cnnviz.probe import execute


def write_table(path, variables, steps, seed=0):
    dice = np.random.default_rng(seed)
    rows = [",".join(f"v{i}" for i in range(variables))]
    rows += [",".join(f"{x:.5f}" for x in row)
             for row in dice.normal(size=(steps, variables))]  # fmt: skip
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("name", CASES)
def test_every_layer_equals_plain_torch(opened, tmp_path, name):
    case = CASES[name]
    whole = (SMALL if case.table is None else HEAD) + case.source
    code = write_code(tmp_path / "model.py", whole)
    if case.table is None:
        source = small_picture(tmp_path / "p.png", size=(9, 9))
    else:
        source = write_table(tmp_path / "t.csv", *case.table)
    bring(opened, code, source)
    trace = opened.trace
    assert trace.error is None
    assert trace.request.source.path == source
    x = torch.from_numpy(trace.sample.values[0].copy())[None]
    net = built(whole, "Net").to(memory_format=torch.contiguous_format)
    with torch.no_grad():
        expected = case.steps(net, x)
        outcome = net(x)[0].numpy()
    np.testing.assert_allclose(scores(opened), outcome, rtol=1e-4, atol=1e-5)
    for layer, values in expected.items():
        layer, _, extra = layer.partition(":")
        found = trace[layer].output
        if extra:
            found = dict(trace[layer].extras)[extra].reshape(values.shape)
        else:
            values = values[0]
        np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-5, err_msg=layer)
    names = [layer for layer in expected if ":" not in layer]
    positions = [trace.position(layer) for layer in names]
    if name != "TRACE-05":
        assert positions == sorted(positions), "in run order"
    if case.more is not None:
        case.more(opened)


BRANCHES = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 5)
            self.relu = nn.ReLU()
        def forward(self, x):
            bright = x.mean() > 0.5
            x = self.a(x) if bright else self.b(x)
            for _ in range(1 if bright else 2):
                x = self.relu(x)
            return x
"""


def test_a_path_that_depends_on_the_picture(opened, tmp_path):
    """TRACE-12: each picture shows the layers it went through."""
    code = write_code(tmp_path / "model.py", SMALL + BRANCHES)
    bright, dark = tmp_path / "bright.png", tmp_path / "dark.png"
    Image.new("RGB", (9, 9), (240, 230, 250)).save(bright)
    Image.new("RGB", (9, 9), (10, 30, 20)).save(dark)
    bring(opened, code, bright)
    names = [layer.name for layer in opened.trace.layers]
    assert "a" in names
    assert "b" not in names
    assert names[-1] == "relu"
    assert "b" in opened.trace.not_run
    opened.show_picture(dark)
    names = [layer.name for layer in opened.trace.layers]
    assert "b" in names
    assert "a" not in names
    assert names[-2:] == ["relu", "relu_1"]
    assert "a" in opened.trace.not_run
    assert opened.selection[0] in names


def test_a_run_that_fails_leaves_nothing_behind(opened, tmp_path):
    """TRACE-14: a size that does not fit; once it is right, each step is there once."""
    source = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(144, 2)
        def forward(self, x):
            return self.fc(self.conv(x).flatten(1))
    """
    wrong = SMALL.replace("9, 9", "10, 10") + source
    bring(opened, write_code(tmp_path / "model.py", wrong))
    assert "256" in opened.said
    assert "144" in opened.said
    assert [layer.name for layer in opened.trace.layers] == ["conv", "flatten"]
    opened.do("networkInput")
    (dialog,) = opened.window.findChildren(InputDialog)
    dialog.fields["size"].line.setText("8 × 8")
    dialog.ok.click()
    opened.wait()
    assert opened.said == "" or "144" not in opened.said
    assert [layer.name for layer in opened.trace.layers] == ["conv", "flatten", "fc"]
    net = built(wrong, "Net")
    x = torch.from_numpy(opened.trace.sample.values[0].copy())[None]
    with torch.no_grad():
        np.testing.assert_allclose(scores(opened), net(x)[0], rtol=1e-4, atol=1e-6)
    for (model, _), network in execute._built.items():
        if model == opened.store.state.request.model:
            for module in network.module.modules():
                assert not module._forward_hooks
                assert not module._forward_pre_hooks


@pytest.mark.parametrize(
    ("source", "table", "layer", "unit"),
    [
        (TCN, (3, 60), "tcn.2.net.4", (40,)),
        (RESIDUAL, None, "blocks.1.b", (5, 7)),
    ],
    ids=["TCN", "residual"],
)
@pytest.mark.parametrize("weighted", [False, True], ids=["random", "weights"])
def test_whole_networks_open_run_and_explain(
    opened, tmp_path, source, table, layer, unit, weighted
):
    """A TCN with weight norm and chomps, and a residual network of one's own."""
    code = write_code(tmp_path / "model.py", source)
    paths = [code]
    net = built(source, "Net")
    if weighted:
        for parameter in net.parameters():
            nn.init.normal_(parameter, std=0.2)
        paths.append(save(tmp_path / "w.pt", net, "module.{}".format, epoch=3))
    if table is not None:
        paths.append(write_table(tmp_path / "t.csv", *table))
    bring(opened, *paths)
    x = torch.from_numpy(opened.trace.sample.values[0].copy())[None]
    with torch.no_grad():
        np.testing.assert_allclose(scores(opened), net(x)[0], rtol=1e-4, atol=1e-5)
    assert opened.trace.scores.shape == (len(net(x)[0]),)
    for part in opened.trace.layers:
        gap = part.residual
        assert gap is None or gap <= 1e-4 * max(1, np.abs(part.output).max())
    opened.store.select(layer=layer, channel=3, unit=unit)
    assert opened.window.unit.reason is None
    value = opened.trace[layer].maps[(3, *unit)]
    shown = opened.window.unit.value.text().replace("−", "-")
    assert float(shown) == pytest.approx(value, rel=1e-3)
    account = opened.trace.explain(layer, 3, unit)
    assert account.total == pytest.approx(value, rel=1e-4, abs=1e-6)
    label = opened.window.findChild(QLabel, "checkText")
    opened.until(lambda: "largest difference" in label.text())
    assert "disagree" not in label.text()
