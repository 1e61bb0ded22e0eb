"""Reading tables of series: what is decided, and that it is told."""

import csv
from pathlib import Path

import numpy as np
import pytest

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs import grid as grid_module
from cnnviz.inputs.series import read_table
from cnnviz.inputs.table import decisions, fill_missing, turn


@pytest.fixture
def table(tmp_path):
    """Read a table from text or bytes, as a file."""

    def read(data, name="sensor.csv", **choices):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_table(path, Choices(**choices))

    return read


def columns_of(table):
    """Return the variables as lists, by name."""
    return {name: table.values[:, j].tolist() for j, name in enumerate(table.names)}


def roles(table):
    return {column.name: column.role for column in table.columns}


# Cases from public bug reports


def test_a_byte_order_mark_and_quotes_do_not_stick_to_names(table):
    data = b'\xef\xbb\xbf"Sensor A","Sensor, B"\r\n1.5,2.5\r\n3.5,4.5\r\n'
    assert columns_of(table(data)) == {"Sensor A": [1.5, 3.5], "Sensor, B": [2.5, 4.5]}


def test_a_delimiter_at_the_end_of_rows_shifts_nothing(table):
    rows = "".join(f"{10 + i};{i * i};{-i / 4};\n" for i in range(5))
    assert columns_of(table("depth;flow;heat\n" + rows)) == {
        "depth": [10, 11, 12, 13, 14],
        "flow": [0, 1, 4, 9, 16],
        "heat": [0, -0.25, -0.5, -0.75, -1],
    }


def test_a_delimiter_at_the_end_of_every_line(table):
    read = table("depth;flow;\n1,5;2;\n2,5;3;\n")
    assert columns_of(read) == {"depth": [1.5, 2.5], "flow": [2, 3]}


@pytest.mark.parametrize("header", ["level\n", ""])
def test_one_column(table, header):
    values = [0.5, 1.25, -2.0, 3.75, 1e-3, 12.0]
    read = table(header + "\n".join(map(str, values)) + "\n")
    assert read.names == ("level" if header else "column 1",)
    assert read.values.ravel().tolist() == values


def test_one_column_of_decimal_commas(table):
    assert columns_of(table("level\n0,5\n1,25\n-2,0\n")) == {"level": [0.5, 1.25, -2]}


TEXT = "T [°C]\tDruck\n20,5\t1\n21,5\t2\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-32"), "utf-32-le"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("cp1252"), "cp1252"),
        (TEXT.replace("\t", ";").encode("cp1252"), "cp1252"),
        (TEXT.replace("\n", "\r\n").encode("utf-16"), "utf-16-le"),
        (TEXT.replace("\n", "\r").encode(), "utf-8"),
    ],
)
def test_encodings(table, data, encoding):
    read = table(data)
    assert read.encoding == encoding
    assert columns_of(read) == {"T [°C]": [20.5, 21.5], "Druck": [1, 2]}
    assert read.units == ("°C", "")


def test_korean_in_its_own_code_page(table):
    read = table("온도,습도\n21.5,40\n21.6,41\n".encode("cp949"))
    assert read.encoding == "cp949"
    assert read.names == ("온도", "습도")


@pytest.mark.parametrize(
    "word", ["Größe", "Übergröße ÄÖÜß", "température", "°C", "µm²"]
)
def test_western_words_are_not_taken_for_korean(table, word):
    read = table(f"{word};b\n1,5;2\n2,5;3\n".encode("cp1252"))
    assert read.names == (word, "b")


def test_bytes_without_a_place_in_windows_code_page(table):
    read = table("\x81é,b\n1,2\n3,4\n".encode("latin-1"))
    assert read.encoding == "latin-1"


def test_an_empty_line_in_one_column_is_a_missing_sample(table):
    values = np.round(np.sin(np.arange(20) / 2), 3).tolist()
    cells = ["" if i == 5 else str(value) for i, value in enumerate(values)]
    read = table("x\n" + "\n".join(cells) + "\n")
    assert len(read.values) == 20
    assert np.flatnonzero(np.isnan(read.values[:, 0])).tolist() == [5]
    assert read.missing[0].rows == (7,)
    filled = fill_missing(read, "interpolate")
    assert filled.values[5, 0] == pytest.approx((values[4] + values[6]) / 2)
    assert "straight lines" in filled.notes[-1]


def test_an_empty_first_sample_in_one_column(table):
    assert np.isnan(table("x\n\n1.5\n2.5\n").values[:, 0]).tolist() == [True] + 2 * [
        False
    ]


def test_empty_lines_between_rows_of_several_columns_are_left_out(table):
    read = table("a,b\n1,2\n\n3,4\n\n")
    assert columns_of(read) == {"a": [1, 3], "b": [2, 4]}
    assert read.rows.tolist() == [2, 4]
    assert "1 empty row left out." in read.notes


def test_lines_above_the_table(table):
    text = (
        "# logger 7\nUnit,volts\nRate (Hz),100\n\nt,a,b\n0.00,1,2\n0.01,3,4\n0.02,5,6\n"
    )
    read = table(text)
    assert read.dialect.header == 5
    assert columns_of(read) == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert read.rate == pytest.approx(100)
    assert read.rows.tolist() == [6, 7, 8]
    assert "2 lines above the table left out." in read.notes
    assert "1 comment line left out." in read.notes


def test_names_are_kept_literally(table):
    long = "very_long_" * 40
    text = (
        f'<b>bold</b>,"<img src=x>","=1+1",{long},\n1,2,3,4,5\n2,3,4,5,6\n6,7,8,9,1\n'
    )
    assert table(text).names == (
        *("<b>bold</b>", "<img src=x>", "=1+1", long, "(unnamed)"),
    )


def test_repeated_names_are_told_apart(table):
    read = table("x,x,,x,x (2)\n1,2,3,4,5\n5,6,7,8,9\n")
    assert len(set(read.names)) == 5
    assert read.names[:3] == ("x", "x (2)", "(unnamed)")
    assert read.values[:, 1].tolist() == [2, 6]
    assert any('"x"' in note for note in read.notes)


# Decisions


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_delimiters(table, delimiter):
    lines = [["time_s", "flow", "heat"], ["0", "1.5", "-2"], ["0.1", "2.5", "7e3"]]
    read = table("\n".join(delimiter.join(line) for line in lines))
    assert read.dialect.delimiter == delimiter
    assert columns_of(read) == {"flow": [1.5, 2.5], "heat": [-2, 7000]}
    assert read.time.tolist() == [0, 0.1]


def test_aligned_columns_and_a_comma_with_a_blank(table):
    assert columns_of(table("  a    b\n  1.0   2\n 10.5  33\n")) == {
        "a": [1, 10.5],
        "b": [2, 33],
    }
    assert columns_of(table('"a", "b"\n1.0, 2\n10.5, 33\n')) == {
        "a": [1, 10.5],
        "b": [2, 33],
    }


def test_a_line_that_names_the_delimiter(table):
    read = table("sep=|\na|b\n1,5|2\n2,5|3\n")
    assert columns_of(read) == {"a": [1.5, 2.5], "b": [2, 3]}
    assert read.rows.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('a,b\n"1,234.5",2\n"12,345.0",3\n', [1234.5, 12345]),
        (
            "a;b\n1.234,5;2\n12.345,0;3\n999,1;4\n1.234;5\n",
            [1234.5, 12345, 999.1, 1234],
        ),
        ("a;b\n1 234,5;2\n12 345,0;3\n", [1234.5, 12345]),
        ("a;b\n1\u202f234,5;2\n12\u00a0345,0;3\n", [1234.5, 12345]),
        ("a;b\n1'234.5;2\n12'345.0;3\n", [1234.5, 12345]),
        ("a;b\n1’234.5;2\n-12’345.0;3\n", [1234.5, -12345]),
        ("a;b\n1,234,567;2\n12.5;3\n", [1234567, 12.5]),
        ("a;b\n1,234;2\n2,345;3\n", [1.234, 2.345]),
        ('a,b\n"1,234",2\n"2,345",3\n', [1234, 2345]),
        ("a;b\n0.125;2\n1.5;3\n", [0.125, 1.5]),
        ("a;b\n−1,5;2\n+2,5e-3;3\n", [-1.5, 0.0025]),
        ("a;b\n,5;2\n1,5;3\n", [0.5, 1.5]),
    ],
)
def test_decimal_marks_and_thousands(table, text, values):
    assert table(text).values[:, 0].tolist() == values


def test_missing_words_and_empty_cells(table):
    words = ["NA", "", "n/a", "NaN", "null", "-", "#N/A", " na ", "?", "없음"]
    rows = [f"{i},{word}\n{i},{i}.5\n" for i, word in enumerate(words)]
    read = table("a,b\n" + "".join(rows))
    assert np.isnan(read.values[:, 1]).tolist() == [True, False] * len(words)
    assert read.missing[0].count == len(words)
    assert read.missing[0].rows == (2, 4, 6, 8, 10)
    assert read.missing[0].longest == 1
    assert '10 in "b" (rows 2, 4, 6, 8, 10, …)' in read.notes[-1]


def test_an_error_of_a_spreadsheet_at_the_start_of_a_line_is_no_comment(table):
    read = table("a,b\n1,1\n#N/A,2\n3,3\n#DIV/0!,4\n")
    assert read.rows.tolist() == [2, 3, 4, 5]
    assert np.isnan(read.values[:, 0]).tolist() == [False, True, False, True]


def test_a_few_other_words_count_as_missing_and_are_told(table):
    rows = "".join(f"{i},{i}\n" for i in range(50))
    read = table("a,b\n" + rows + "ERR,3\n4,5\n")
    assert np.isnan(read.values[50, 0])
    assert any('"ERR", first in row 52' in note for note in read.notes)


def test_numbers_that_mean_no_value(table):
    rng = np.random.default_rng(1)
    heat = np.round(rng.uniform(10, 30, 60), 2)
    heat[[7, 8, 40]] = -999
    steps = np.where(np.arange(60) < 30, 0, 999)  # a signal of two levels
    rows = [f"{a:g},{b}\n" for a, b in zip(heat, steps, strict=True)]
    read = table("heat,steps\n" + "".join(rows))
    assert read.missing_numbers == (-999,)
    assert np.flatnonzero(np.isnan(read.values[:, 0])).tolist() == [7, 8, 40]
    assert read.values[:, 1].tolist() == steps.tolist()
    assert any("-999 stands for a missing value" in note for note in read.notes)
    kept = table("heat,steps\n" + "".join(rows), missing_numbers=())
    assert kept.values[:, 0].tolist() == heat.tolist()
    other = table("heat,steps\n" + "".join(rows), missing_numbers=(999.0,))
    assert np.isnan(other.values[:, 1]).sum() == 30


def test_labels_text_and_row_numbers_are_left_out_and_said_so(table):
    rows = [
        f"{i},{i * 0.02:.2f},{np.sin(i):.3f},{'walk' if i < 40 else 'run'},"
        f"note {i},{i % 3},\n"
        for i in range(80)
    ]
    read = table("No,time_s,ax,activity,remark,label,\n" + "".join(rows))
    assert read.names == ("ax",)
    assert roles(read) == {
        "No": "left out",
        "time_s": "time",
        "ax": "variable",
        "activity": "label",
        "remark": "left out",
        "label": "label",
        "(unnamed)": "left out",
    }
    told = dict(decisions(read))
    assert told['"activity"'] == 'label: 2 words: "walk", "run"'
    assert told['"No"'] == "left out: row numbers"
    assert told['"remark"'].startswith("left out: text")


def test_a_named_count_is_a_variable(table):
    assert table("depth,flow\n10,1\n11,3\n12,4\n").names == ("depth", "flow")


def test_units_in_names_and_below_them(table):
    read = table("time,speed,T [°C],CO(GT),u (m/s)\n0,1,2,3,4\n1,2,3,4,5\n")
    assert read.units == ("", "°C", "", "m/s")
    read = table("time,speed,temp\n[s],[m/s],[°C]\n0.0,1,2\n0.1,3,4\n0.2,4,5\n")
    assert (read.names, read.units) == (("speed", "temp"), ("m/s", "°C"))
    assert read.rate == pytest.approx(10)


def test_names_in_a_comment(table):
    read = table("# made by hand\n# t x y\n1.0e0 2.0 3.0\n2.0e0 5.0 6.0\n")
    assert columns_of(read) == {"x": [2, 5], "y": [3, 6]}


def test_numbers_as_names(table):
    read = table("0,1,2\n0.5,1.5,2.5\n1.5,2.5,3.5\n")
    assert read.names == ("0", "1", "2")
    assert table("1,2,3\n2,4,6\n3,6,9\n").names == ("column 1", "column 2", "column 3")


def test_a_last_row_that_breaks_off(table):
    read = table("a,b,c\n1,2,3\n4,5,6\n7,8")
    assert len(read.values) == 2
    assert "The last row (4) breaks off and is left out." in read.notes


def test_rows_without_any_value_at_the_end(table):
    read = table("a;b\n1;2\n3;4\n;\n;\n")
    assert columns_of(read) == {"a": [1, 3], "b": [2, 4]}


def test_cells_over_several_lines(table):
    read = table('"a\nb",c,remark\n1,2,"x\ny"\n3,4,z\n')
    assert columns_of(read) == {"a b": [1, 3], "c": [2, 4]}
    assert read.rows.tolist() == [3, 5]


def test_text_pasted_from_a_spreadsheet():
    read = read_table("time\tx\r\n0,0\t1,5\r\n0,5\t2,5\r\n")
    assert read.title == "pasted table"
    assert columns_of(read) == {"x": [1.5, 2.5]}
    assert read.rate == pytest.approx(2)


def test_every_decision_is_told(table):
    read = table("Datum;Wert [V]\n03.02.2024 10:00;1,5\n03.02.2024 10:01;2,5\n")
    told = dict(decisions(read))
    assert told["columns divided by"] == "semicolons"
    assert told["decimal mark"] == "comma"
    assert told["names"] == "row 1"
    assert told["time"] == '"Datum", day/month/year hour:minute'
    assert told["begins"] == "2024-02-03 10:00:00"
    assert "evenly" in told["sampled at"]
    assert told["variables"] == "Wert [V]"


# The person's choices


def test_choices_win(table):
    text = "t;a;b;c\n0;1,5;7;u\n1;2,5;8;v\n2;3,5;9;w\n"
    assert table(text).names == ("a", "b")
    assert table(text, kept=("b", "t"), time=()).names == ("b", "t")
    assert table(text, time=()).time is None
    assert table(text, time=(), rate=25.0).rate == 25
    assert table(text, time=("b",), time_unit="ms").rate == pytest.approx(1000)
    assert table(text, header=0).names == ("column 1", "column 2", "column 3")
    assert len(table("0,1,2\n0.5,1.5,2.5\n1.5,2.5,3.5\n", header=0).values) == 3
    assert table("2019;2020\n1;2\n3;4\n", header=1).names == ("2019", "2020")
    assert table("a;b\n1.234;2\n2.345;3\n", decimal=",", thousands=".").values[
        :, 0
    ].tolist() == [1234, 2345]
    assert table("a,b\n1,5\n2,5\n", delimiter="", decimal=",").values[
        :, 0
    ].tolist() == [1.5, 2.5]
    assert table("x y\nz,b\n1,2\n3,4\n", header=2).names == ("z", "b")
    assert table("é,b\n1,2\n3,4\n".encode("latin-1"), encoding="cp850").names[0] == "Ú"
    assert np.isnan(
        table("a,b\n9,1\nweg,2\n4,3\n", missing_words=("weg",)).values[1, 0]
    )


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"kept": ("z",)}, 'expected a variable "z"'),
        ({"kept": ("c",)}, 'expected numbers in column "c"'),
        ({"time": ("z",)}, 'expected the time in column "z"'),
        ({"time": ("c",)}, 'expected times in "c"'),
        ({"header": 9}, "row 9"),
        ({"encoding": "klingon"}, "klingon"),
        ({"encoding": "ascii"}, "row 1: expected text in ascii"),
        ({"delimiter": "::"}, "one character"),
        ({"time": ("t",), "time_unit": "parsec"}, "parsec"),
    ],
)
def test_impossible_choices_are_refused(table, choices, words):
    text = "t;ä;b;c\n0;1,5;7;u\n1;2,5;8;v\n2;3,5;9;w\n"
    with pytest.raises(InputError) as caught:
        table(text, **choices)
    assert words in str(caught.value)


def test_variables_in_rows(table):
    read = table("x,1,2,3,4\ny,5,6,7,8\n", layout="rows")
    assert columns_of(read) == {"x": [1, 2, 3, 4], "y": [5, 6, 7, 8]}
    assert read.rows.tolist() == [2, 3, 4, 5]
    one = table("1,2,3,4\n", layout="rows")
    assert one.values[:, 0].tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match="time"):
        turn(table("time,a,b\n0,1,2\n1,2,3\n"))


# Missing values


def gappy(table):
    return table("time_s,a,b\n0,,1\n1,2,\n2,,\n6,,5\n7,7,\n")


def test_filling_along_the_time_axis(table):
    filled = fill_missing(gappy(table), "interpolate")
    assert filled.values[:, 0].tolist() == pytest.approx(
        [2, 2, 2 + 5 / 6, 6 + 1 / 6, 7]
    )
    assert filled.values[:, 1].tolist() == pytest.approx(
        [1, 1 + 4 / 6, 1 + 8 / 6, 5, 5]
    )


def test_holding_the_value_before(table):
    filled = fill_missing(gappy(table), "hold")
    assert filled.values[:, 0].tolist() == [2, 2, 2, 2, 7]
    assert filled.values[:, 1].tolist() == [1, 1, 1, 5, 5]
    assert "value before" in filled.notes[-1]


def test_refusing_missing_values(table):
    with pytest.raises(InputError) as caught:
        fill_missing(gappy(table), "refuse")
    assert 'sensor.csv, row 2, column "a": expected a number' in str(caught.value)
    assert "6 missing values" in str(caught.value)


def test_nothing_missing_changes_nothing(table):
    read = table("a,b\n1,2\n3,4\n")
    for policy in ("interpolate", "hold", "refuse"):
        assert fill_missing(read, policy) is read


EMPTY_COLUMNS = {
    "empty": ("", {}),
    "a word": ("gone", {"missing_words": ("gone",)}),
    "a number": ("-999", {"missing_numbers": (-999.0,)}),
    "chosen": ("NA", {"kept": ("b", "a", "c")}),
}


@pytest.mark.parametrize("policy", ["interpolate", "hold", "refuse"])
@pytest.mark.parametrize("name", EMPTY_COLUMNS)
def test_a_variable_without_a_value_is_left_out_and_said(table, name, policy):
    cell, choices = EMPTY_COLUMNS[name]
    text = "a,b,c\n" + "".join(f"{i},{cell},{i * i}\n" for i in range(20))
    read = table(text, **choices)
    assert columns_of(fill_missing(read, policy)) == {
        "a": [*range(20)],
        "c": [i * i for i in range(20)],
    }
    assert ('"b"', "left out: no value in any row") in decisions(read)
    assert not any(entry.name == "b" for entry in read.missing)


@pytest.mark.parametrize("policy", ["interpolate", "hold", "refuse"])
@pytest.mark.parametrize(("cell", "choices"), EMPTY_COLUMNS.values())
def test_a_row_without_a_value_is_left_out_and_said(table, cell, choices, policy):
    empty = ",".join([cell] * 20)
    text = f"a,{','.join(map(str, range(20)))}\nb,{empty}\nc{',7' * 20}\n"
    others = {key: choices[key] for key in choices if key != "kept"}
    filled = fill_missing(table(text, layout="rows", **others), policy)
    assert columns_of(filled) == {"a": [*range(20)], "c": [7] * 20}
    assert "missing" not in filled.notes[-1]
    assert 'Left out, no value in any column: "b".' in filled.notes


def test_a_step_without_a_value_stays_a_step(table):
    text = "a,1,-999,3,4\nb,5,-999,9,8\n"
    read = table(text, layout="rows", missing_numbers=(-999.0,))
    filled = fill_missing(read, "interpolate")
    assert columns_of(filled) == {"a": [1, 2, 3, 4], "b": [5, 7, 9, 8]}
    assert "2 missing values" in filled.notes[-1]


@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_a_table_without_a_value_is_refused(table, layout):
    with pytest.raises(InputError, match=r"expected .* got none"):
        table("a,b\n-9,-9\n-9,-9\n", layout=layout, missing_numbers=(-9.0,))


def test_values_cannot_be_written(table):
    with pytest.raises(ValueError, match="read-only"):
        table("a,b\n1,2\n3,4\n").values[0, 0] = 5


# Size


def long_text(steps, missing=0):
    rng = np.random.default_rng(5)
    values = np.round(rng.normal(size=(steps, 8)), 5)
    cells = [[f"{i / 50:.2f}", *map(str, row)] for i, row in enumerate(values.tolist())]
    for i in rng.integers(0, steps, missing):
        cells[i][1 + i % 8] = ("NA", "", "nan")[i % 3]
    lines = [",".join(row) for row in cells]
    return "time_s,a,b,c,d,e,f,g,h\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("missing", [0, 300])
def test_the_fast_way_reads_what_the_careful_way_reads(monkeypatch, missing):
    text = long_text(40_000, missing)
    monkeypatch.setattr(grid_module, "_CHUNK", 4096)
    fast = read_table(text)
    monkeypatch.setattr(grid_module._Reader, "read_plain", lambda *_: False)
    careful = read_table(text)
    np.testing.assert_array_equal(fast.values, careful.values)
    np.testing.assert_array_equal(fast.rows, careful.rows)
    assert fast.missing == careful.missing
    assert len(fast.values) == 40_000
    rows = list(csv.reader(text.splitlines()))
    for i in (0, 4095, 4096, 39_999):
        for name, cell in zip(rows[0][1:], rows[i + 1][1:], strict=True):
            value = fast.values[i, fast.names.index(name)]
            expected = float(cell) if cell not in ("NA", "") else np.nan
            np.testing.assert_equal(value, expected)


def test_a_bad_cell_far_below_is_found(monkeypatch):
    monkeypatch.setattr(grid_module, "_CHUNK", 512)
    text = "a;b\n" + "1;2\n" * 5000 + "1;3.5x\n" + "1;2\n" * 5000
    with pytest.raises(InputError, match=r'row 5002, column "b": .* got "3\.5x"'):
        read_table(text)


def test_a_path_may_be_text_or_path(tmp_path):
    path = tmp_path / "Straße 온도.csv"
    path.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    for given in (path, str(path), Path(str(path))):
        assert read_table(given).title == "Straße 온도.csv"
