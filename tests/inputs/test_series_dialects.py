"""Any table written in any way comes back as it was."""

import csv
import io

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz.core.series import Choices
from cnnviz.inputs.cells import Style, to_numbers
from cnnviz.inputs.encoding import decode
from cnnviz.inputs.series import read_table

WORDS = st.text("abcdefghäöüß온도습 _[]°", min_size=1, max_size=9).map(
    lambda word: " ".join(word.split())
)
NAMES = st.lists(WORDS.filter(lambda w: w[:1].isalpha()), min_size=2, max_size=5)


@st.composite
def tables(draw):
    """Draw names, values with six significant digits, and a way to write them."""
    names = draw(NAMES.filter(lambda names: len(set(names)) == len(names)))
    steps = draw(st.integers(3, 12))
    number = st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.6g}"))
    rows = draw(
        st.lists(
            st.lists(number, min_size=len(names), max_size=len(names)),
            min_size=steps,
            max_size=steps,
        )
    )
    decimal = draw(st.sampled_from(".,"))
    delimiter = draw(st.sampled_from(";\t|" if decimal == "," else ",;\t|"))
    return names, np.array(rows), decimal, delimiter


def as_written(values):
    """Return the values with the six decimals that `written` gives them."""
    return np.array([[float(f"{value:.6f}") for value in row] for row in values])


def written(names, values, decimal, delimiter, quoting, end):
    """Write a table with the csv module."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(names)
    for row in values:
        writer.writerow([f"{value:.6f}".replace(".", decimal) for value in row])
    return out.getvalue()


@settings(deadline=None, max_examples=60)
@given(
    tables(),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_a_table_comes_back(tmp_path_factory, table, quoting, end, encoding, comment):
    names, values, decimal, delimiter = table
    text = written(names, values, decimal, delimiter, quoting, end)
    if comment:
        text = f"# a remark; with, marks|{end}" + text
    path = tmp_path_factory.getbasetemp() / "t.csv"
    path.write_bytes(text.encode(encoding))
    read = read_table(path, Choices(missing_numbers=(), time=(), kept=tuple(names)))
    assert read.dialect.delimiter == delimiter
    assert read.names == tuple(names)
    np.testing.assert_array_equal(read.values, as_written(values))


@settings(deadline=None, max_examples=40)
@given(tables(), st.integers(0, 10_000))
def test_blanks_are_missing_and_nothing_else_is(table, seed):
    names, values, decimal, delimiter = table
    rng = np.random.default_rng(seed)
    gone = rng.random(values.shape) < 0.2
    gone[:2] = gone[-1] = False
    gone[:, 0] = False
    text = written(names, values, decimal, delimiter, csv.QUOTE_MINIMAL, "\n")
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    for i, j in np.argwhere(gone):
        rows[i + 1][j] = rng.choice(["", "NA", "nan", " "])
    text = "\n".join(delimiter.join(row) for row in rows)
    read = read_table(text, Choices(missing_numbers=(), time=(), kept=tuple(names)))
    np.testing.assert_array_equal(
        read.values, np.where(gone, np.nan, as_written(values))
    )
    assert sum(entry.count for entry in read.missing) == gone.sum()


@settings(deadline=None, max_examples=40)
@given(st.text(min_size=1), st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_a_byte_order_mark_settles_the_encoding(text, encoding):
    assume(not {"\r", "\ufeff", "\0"} & {*text})
    assert decode(text.encode(encoding), "t")[0] == text


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=1, max_size=8),
    st.sampled_from([(".", ","), (",", "."), (".", " "), (",", "\u202f"), (".", "'")]),
)
def test_grouped_numbers(numbers, marks):
    decimal, group = marks
    cells = [
        f"{number:,.3f}".replace(",", "\0").replace(".", decimal).replace("\0", group)
        for number in numbers
    ]
    values, left = to_numbers(cells, Style(decimal), clear=False)
    assert left.bad == []
    assert left.grouped is None
    assert values.tolist() == [float(number) for number in numbers]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_are_read_to_the_last_bit(numbers):
    cells = [repr(number) for number in numbers]
    assert to_numbers(cells, Style())[0].tolist() == numbers
    comma = [cell.replace(".", ",") for cell in cells]
    assert to_numbers(comma, Style(","))[0].tolist() == numbers
