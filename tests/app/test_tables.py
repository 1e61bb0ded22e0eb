"""Tables fit their paper and say the same to people and to programs."""

import io
import re

import numpy as np
import pytest
from torch import nn

import cnnviz
from cnnviz.app.tables import Paper, Table, layers_table, models_as_json, models_table
from cnnviz.nets.catalog import models

TABLE = Table(
    ("name", "words", "n"),
    [("a", "short", "1"), ("bb", "quite a long sentence about it", "1,234")],
    numeric=frozenset({"n"}),
    yields=("words",),
    strong=frozenset({1}),
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_columns_line_up():
    lines = TABLE.text(Paper()).splitlines()
    assert [line.find(word) for line, word in zip(
        lines, ("words", "short", "quite"), strict=True
    )] == [6, 6, 6]  # fmt: skip
    assert {len(line) for line in lines} == {len(lines[2])}
    assert lines[1].endswith("    1")


def test_without_a_limit_nothing_is_cut():
    assert "quite a long sentence about it" in TABLE.text(Paper())


def test_a_narrow_terminal_shortens_the_column_that_gives_way():
    lines = TABLE.text(Paper(width=30)).splitlines()
    assert max(map(len, lines)) == 30
    assert "quite a long senten…" not in lines[2]
    assert re.search(r"quite.*…  1,234$", lines[2])


def test_a_very_narrow_terminal_keeps_what_does_not_give_way():
    assert TABLE.text(Paper(width=1)).splitlines()[2].endswith("1,234")


def test_colour_adds_nothing_but_escapes():
    coloured = TABLE.text(Paper(colour=True))
    assert coloured.count("\x1b[1m") == coloured.count("\x1b[0m") == 2
    assert re.sub(r"\x1b\[\dm", "", coloured) == TABLE.text(Paper())


@pytest.mark.parametrize(
    ("environment", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False),
     ({"NO_COLOR": ""}, True)],
)  # fmt: skip
def test_no_color(environment, colour):
    assert Paper.of(Terminal(), environment).colour is colour


def test_a_file_is_endless_and_plain():
    assert Paper.of(io.StringIO(), {}) == Paper(width=None, colour=False)


def test_models_table_and_values_agree():
    entries = models()
    values = models_as_json(entries)
    lines = models_table(entries, Paper()).splitlines()[1:]
    assert len(lines) == len(values) == len(entries)
    for line, value, entry in zip(lines, values, entries, strict=True):
        assert line.split()[0] == value["name"] == entry.name
        assert f"{value['parameters']:,}" in line
        assert value["weights"] in line
        if entry.task == "picture":
            assert value["input"] == [entry.want.channels, *entry.want.crop]
        else:
            assert value["input"] == [len(entry.want.channels), entry.want.length]
        assert "×".join(map(str, value["input"])) in line


def test_a_slice_is_called_one():
    class Chomp(nn.Module):
        def forward(self, x):
            return x[:, :, :-2]

    trace = cnnviz.trace(Chomp(), np.ones((2, 9), np.float32))
    (row,) = layers_table(trace, Paper()).splitlines()[3:4]
    assert row.split()[1:3] == ["slice", "2×7"]
