"""The arithmetic of ``tests/bench``, with sides and clocks made up."""

import json
import math
from importlib.util import find_spec
from itertools import count

import pytest

from tests.bench.__main__ import GROUPS, main
from tests.bench.measure import (
    Bar,
    Plan,
    Row,
    Taken,
    alternate,
    compared,
    layer_rows,
    ratios,
    slope,
)
from tests.bench.report import HEADS, cells, number, table, write


def test_sides_take_turns_and_each_is_first_once():
    called = []

    def side(name):
        return lambda: called.append(name) or len(called)

    ticks = count(0, 100)  # the budget is used up at once
    sides = {name: side(name) for name in "abc"}
    times = alternate(sides, Plan(quick=True), warm=1, clock=lambda: next(ticks))
    assert "".join(called) == "abc" + "abc" + "bca" + "cab"
    assert times == {"a": [4, 9, 11], "b": [5, 7, 12], "c": [6, 8, 10]}


def test_alternation_ends_at_the_most_rounds_though_there_is_time():
    times = alternate({"a": lambda: 1.0}, Plan(quick=True), clock=lambda: 0.0)
    assert times == {"a": [1.0] * Plan(quick=True).most}


def test_quotients_are_taken_round_by_round():
    # a machine that is ten times slower in the second round
    assert ratios([2, 20, 6], [1, 10, 2]) == (2, 2, 2.5)
    assert ratios([3], [2]) == (1.5, 1.5, 1.5)


def test_a_comparison_in_milliseconds_and_megabytes():
    row = compared("g", "w", [0.002, 0.003, 0.010], [0.001] * 3, "plain", Bar(3))
    assert (row.ours, row.theirs) == pytest.approx((3, 1))
    assert row.ratio == pytest.approx(3)
    assert row.spread == pytest.approx((2.5, 6.5))
    assert compared("g", "w", [3e6], [2e6], "", unit="MB").ours == pytest.approx(3)


@pytest.mark.parametrize(
    ("bar", "met"),
    [
        (Bar(0.25), True),
        (Bar(0.24), False),
        (Bar(4, "faster"), True),
        (Bar(4.1, "faster"), False),
        (Bar(10, "value"), True),
        (Bar(9.9, "value"), False),
        (None, None),
    ],
)
def test_bars(bar, met):
    row = Row("g", "w", 10.0, theirs=40.0, ratio=0.25, bar=bar)
    assert row.met is met


def test_what_was_not_measured_meets_nothing():
    assert Row("g", "w", bar=Bar(1)).met is None
    assert Row("g", "w", 5.0, bar=Bar(1)).met is None, "nothing to compare with"


def test_median_and_worst_layer():
    taken = {
        "a": [Taken(0.001, 0.001), Taken(0.002, 0.001), Taken(0.900, 0.001)],
        "b": [Taken(0.004, 0.003)] * 3,
        "c": [Taken(0.003, 0.002)] * 3,
    }
    half, worst = layer_rows("g", "w", taken, Bar(3, "value"), Bar(3, "value"))
    assert (half.ours, half.cpu, half.met) == (pytest.approx(3), pytest.approx(2), True)
    assert (worst.ours, worst.cpu) == pytest.approx((4, 3))
    assert worst.met is False
    assert worst.note == "b"


def test_slope_of_a_line_and_of_nothing():
    assert slope([5 + 0.25 * i for i in range(40)], per=100) == pytest.approx(25)
    assert slope([7.0] * 9) == 0
    assert math.isnan(slope([1.0]))


def test_numbers_have_three_digits():
    values = 0.012345, 9.999, 99.94, 99.96, 2059.4
    assert [*map(number, values)] == ["0.0123", "10", "99.9", "100", "2059"]


def test_the_table_says_bars_beside_ratios():
    slow = Row("g", "net", 33.0, "ms", "plain", 30.0, 1.1, (1.0, 1.2), Bar(1.05))
    fast = Row("g", "net", 5.0, "ms", "other", 20.0, 0.25, (0.2, 0.5), Bar(3, "faster"))
    none = Row("g", "net", bar=Bar(3, "faster"), note="not installed")
    assert cells(slow)[1:9] == (
        "33 ms", "", "plain", "30 ms", "1.100", "1.000–1.200", "≤ 1.05", "MISSED",
    )  # fmt: skip
    assert cells(fast)[5:9] == ("4× faster", "2–5", "≥ 3×", "met")
    assert cells(none)[1:] == (*[""] * 6, "≥ 3×", "", "not installed")
    lines = table([slow, fast, none]).splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:3] == list(HEADS[:3])
    ends = {line.index(text) + len(text) for line, text in
            zip(lines[1:3], ("33 ms", "5 ms"), strict=True)}  # fmt: skip
    assert len(ends) == 1, "numbers end in one column"


def test_json_has_all_fields_and_the_verdict(tmp_path):
    file = tmp_path / "bench.json"
    row = Row("g", "w", 1.0, ratio=2.0, spread=(1.5, 2.5), bar=Bar(1.5))
    write(file, [row, Row("g", "v", note="not here")], quick=True)
    found = json.loads(file.read_text("utf-8"))
    assert found["quick"] is True
    assert {"python", "torch", "cores"} <= set(found["machine"])
    first, second = found["rows"]
    assert (first["ratio"], first["spread"], first["met"]) == (2.0, [1.5, 2.5], False)
    assert first["bar"] == {"limit": 1.5, "kind": "ratio"}
    assert (second["ours"], second["met"], second["note"]) == (None, None, "not here")


def test_only_groups_that_exist(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["record", "nonsense"])
    assert ended.value.code == 2
    assert "no such group: nonsense" in capsys.readouterr().err


def test_every_group_is_a_module():
    assert all(find_spec(f"tests.bench.{name}") for name in GROUPS)
