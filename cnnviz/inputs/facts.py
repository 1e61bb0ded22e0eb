"""What was found in a table, in a form that the window can show and change."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.core.series import Choices, TableFacts
from cnnviz.inputs.table import Table, decisions


def facts_of(
    table: Table,
    choices: Choices,
    channels: Sequence[str],
    mapping: Sequence[str],
) -> TableFacts:
    """Gather what was decided about a table.

    Parameters
    ----------
    table
        As read, before missing values were filled.
    choices
        What the person decided; the rest is filled in.
    channels, mapping
        Of the network, and for each the variable it is fed.
    """
    names = [column.name for column in table.columns]
    clock = table.clock
    decided = Choices(
        encoding=table.encoding if table.encoding != "text" else None,
        delimiter=table.dialect.delimiter,
        decimal="," if table.style.decimal == "," else ".",
        thousands=table.style.thousands,
        header=table.dialect.header or 0,
        layout=table.layout or "columns",
        time=() if clock is None else tuple(names[j] for j in clock.columns),
        time_order=choices.time_order,
        time_unit=choices.time_unit,
        rate=choices.rate,
        kept=tuple(c.name for c in table.columns if c.role == "variable"),
        missing=choices.missing,
        missing_words=choices.missing_words,
        missing_numbers=table.missing_numbers,
    )
    return TableFacts(
        columns=tuple((column.name, column.role) for column in table.columns),
        usable=tuple(column.name for column in table.columns if column.numeric),
        variables=table.names,
        channels=tuple(channels),
        mapping=tuple(mapping),
        choices=decided,
        pairs=decisions(table),
    )
