"""What was decided about a table, in lines short enough for a narrow panel."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.core.series import TableFacts


def table_lines(facts: TableFacts) -> tuple[tuple[str, ...], ...]:
    """Say how a table was read.

    Returns
    -------
    Lines, each in ever fewer words: how it is written; its time; what is missing or
    left out, if anything is.
    """
    known = dict(facts.pairs)
    divided, decimal = known["columns divided by"], known["decimal mark"]
    names = known["names"]
    written = (f"divided by {divided}", f"decimal {decimal}", f"names: {names}")
    lines = [_shorter((*written, known["characters"]))]
    begins = f", from {known['begins']}" if "begins" in known else ""
    time = [f"time: {known['time']}{begins}", f"{known['steps']} steps"]
    if "sampled at" in known:
        rate = known["sampled at"]
        time.insert(1, rate)
        short = (f"{rate.partition(' (')[0]}", time[-1])
        lines.append((" · ".join(time), " · ".join(time[1:]), " · ".join(short)))
    else:
        lines.append((" · ".join(time), time[0]))
    odd = tuple(_odd(facts))
    if odd:
        lines.append((" · ".join(odd), *odd))
    return tuple(lines)


def _odd(facts: TableFacts) -> Iterator[str]:
    """Yield what is missing and what was left out."""
    known = dict(facts.pairs)
    if "missing" in known:
        yield known["missing"]
    if "taken for missing" in known:
        yield f"taken for missing: {known['taken for missing']}"
    gone = [name for name, role in facts.columns if role in ("label", "left out")]
    if gone:
        yield f"left out: {', '.join(gone)}"


def _shorter(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Join parts, the last ones dropped one by one."""
    return tuple(" · ".join(parts[:n]) for n in range(len(parts), 0, -1))
