"""Networks under torch.compile run as they were written."""

import torch
from networks import conv
from torch import nn

from cnnviz.probe.recorder import record


def test_compiled_networks_run_as_they_were_written():
    part = torch.compile(nn.Sequential(conv(4, 4), nn.ReLU()))
    plain = nn.Sequential(conv(3, 4), nn.ReLU(inplace=True), part)
    x = torch.randn(3, 5, 5)
    for model in (plain, torch.compile(plain)):
        layers = record(model, [x]).layers
        assert [layer.name for layer in layers] == ["0", "1", "2.0", "2.1"]
        assert layers[0].output.min() < 0 == layers[1].output.min()
    plain.compile()
    assert [layer.name for layer in record(plain, [x]).layers] == [
        "0",
        "1",
        "2.0",
        "2.1",
    ]
