"""Tables that cannot be read: one sentence with file, row and column."""

import os

import numpy as np
import pytest

from cnnviz.core.errors import InputError
from cnnviz.core.series import Choices
from cnnviz.inputs.encoding import BYTE_LIMIT
from cnnviz.inputs.series import read_table

DROPPED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
WORKBOOK = b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml" + bytes(9) + b"xl/workbook"
FIFTY = "a,b\n" + "".join(f"{i},{i}\n" for i in range(50))


def refusal(tmp_path, data, name="prices.csv", **choices):
    """Return the sentence with which a table is refused."""
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(InputError) as caught:
        read_table(path, Choices(**choices))
    text = str(caught.value)
    assert text.startswith(name)
    assert "\n" not in text
    assert len(text) < 400
    return text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["empty", "0 bytes"]),
        (b"\n\n \n", ["only empty lines"]),
        ("a,b\n", ["no"]),
        ("a,b\n1,2\n", ["at least two rows", "got 1 row"]),
        (",".join(map(str, range(50))) + "\n", ["got 1 row", "variables in rows"]),
        ("name,city\nann,rome\nbob,oslo\n", ["column of numbers", '"name", "city"']),
        (
            "Dear all\nit has 2 words, or 3.\nYours, A\n",
            ["looks like text", "Dear all"],
        ),
        ("day,who\n2024-01-01,ann\n2024-01-02,bob\n", ["column of numbers"]),
        ("date,who\n20240101,ann\n20240102,bob\n", ["beside the time", '"who"']),
        ('{"a": [1, 2],\n "b": [3, 4]}\n', ["JSON"]),
        ("[[1, 2],\n [3, 4]]\n", ["JSON"]),
        ("<!DOCTYPE html><table><tr><td>1</td></tr></table>", ["a web page"]),
        (b"%PDF-1.7\n1 0 obj\n", ["a PDF document"]),
        (WORKBOOK, ["workbook", "export the sheet as CSV"]),
        (DROPPED, ["old Excel workbook", "export the sheet as CSV"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(80), ["a PNG picture"]),
        (b"\x93NUMPY\x01\x00v\x00{}", ["a NumPy array"]),
        (b"\x1f\x8b\x08\x00" + bytes(40), ["gzip"]),
        (bytes(range(256)) * 9, ["unknown kind"]),
        (b"a,b\n1,2\x01\n3,4\n", ["characters that no text has"]),
    ],
)
def test_what_is_no_table(tmp_path, data, words):
    text = refusal(tmp_path, data)
    assert all(word in text for word in words), text


def test_rows_of_different_length(tmp_path):
    text = refusal(tmp_path, "p,q,r\n4,4,4\n4,4\n5,5,5\n6,6,6,6\n")
    assert "line 3 has 2 fields, line 5 has 4, the header has 3" in text


def test_many_rows_of_different_length_are_counted(tmp_path):
    rows = "".join("1,2,3\n4,5\n" for _ in range(3000))
    assert "2,996 more lines differ" in refusal(
        tmp_path, "a,b,c\n1,2,3\n" + rows + "1,2,3"
    )


def test_rows_of_different_length_among_quotes(tmp_path):
    text = refusal(tmp_path, 'p,q,r\n4,"4\n",4\n4,4\n5,5,5\n6,6,6,6\n')
    assert "line 4 has 2 fields, line 6 has 4" in text


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ("a;b\n1,234.5;2\n1.234,5;3\n", ["row 2", '"1,234.5"', '"1.234,5"', "row 3"]),
        ("a;b\n1,234.5;1.234,5\n2;3\n", ["row 2", '"1,234.5"', '"1.234,5"']),
        ("a;b\n" + "1,5;2\n" * 900 + "1.25;2\n", ['"1,5"', '"1.25"', "row 902"]),
        ("a;b\n" + "1,5;2\n" * 9 + "1.234;2\n", ["row 11", '"1.234"', "decimal mark"]),
        ("a;b\n" + "3;2\n" * 5000 + "1,25;2\n" + "3;2\n" * 4000, ["5002", '"1,25"']),
    ],
)
def test_decimal_marks_that_contradict_each_other(tmp_path, data, places):
    text = refusal(tmp_path, data)
    assert all(place in text for place in places), text


def test_commas_that_are_both_decimal_and_delimiter(tmp_path):
    text = refusal(tmp_path, "a,b\n1,5,2,5\n1,6,2,7\n")
    assert "row 2: expected 2 cells as in the row of names, got 4" in text


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "∞", "1e999"])
def test_infinite_values(tmp_path, cell):
    text = refusal(tmp_path, f"a,vol\n1,2\n2,3\n3,{cell}\n4,5\n")
    assert 'prices.csv, row 4, column "vol": expected a finite number' in text


def test_infinite_values_in_a_column_that_is_not_kept_do_no_harm(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,inf\n2,3\n")
    assert read_table(path, Choices(kept=("a",))).names == ("a",)


@pytest.mark.parametrize("cell", ["12abc", "1.2.3.4", "1_000", "0x1F", "5 V"])
def test_a_cell_that_may_have_been_a_number(tmp_path, cell):
    text = refusal(tmp_path, FIFTY + f'"{cell}",3\n4,5\n')
    assert f'row 52, column "a": expected a number, got "{cell}"' in text


def test_times_that_fall(tmp_path):
    moments = ["10:00:00", "10:00:02", "10:00:01", "10:00:03"]
    rows = "".join(f"2024-01-01,{moment},{i}\n" for i, moment in enumerate(moments))
    text = refusal(tmp_path, "day,clock,x\n" + rows)
    assert "row 4: expected times that rise" in text
    assert "2024-01-01 10:00:01 after 2024-01-01 10:00:02 in row 3" in text
    numbers = "".join(f"{t},1\n" for t in (0, 1, 2, 4, 3, *range(5, 20)))
    assert "row 6: expected times that rise, got 3 after 4 in row 5" in refusal(
        tmp_path, "time_s,x\n" + numbers
    )


def test_dates_that_do_not_exist(tmp_path):
    text = refusal(tmp_path, "when,a\n29/01/2024,1\n30/02/2024,2\n01/03/2024,2\n")
    assert 'row 3, column "when"' in text
    assert '"30/02/2024"' in text


def test_quotes_that_are_never_closed(tmp_path):
    assert "never closed" in refusal(tmp_path, 'a,b\n1,"2\n' + "3,4\n" * 60_000)


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as handle:
        handle.truncate(BYTE_LIMIT + 1)  # takes no room on the disk
    with pytest.raises(InputError, match=r"huge.csv: .* at most 2 GB, got 2.0 GB"):
        read_table(path)


def test_paths_without_a_file(tmp_path):
    with pytest.raises(InputError, match="folder"):
        read_table(tmp_path)
    with pytest.raises(InputError, match=r"none\.csv: there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_table("nul\0.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="device"):
        read_table(tmp_path / "pipe.csv")


def test_any_bytes_are_read_or_refused_in_words(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "noise.csv"
    letters = b'0123456789.,;\t "\n\r-eE#/:aN\xe4\x00'
    read = 0
    for i in range(400):
        some = letters if i % 2 else b"0123456789.;;;\n\n"
        path.write_bytes(bytes(rng.choice([*some], rng.integers(1, 120)).tolist()))
        try:
            read += read_table(path).values.size > 0
        except InputError as error:
            assert str(error).startswith("noise.csv")  # noqa: PT017 - either is right
    assert read > 5
