"""From a source to a sample: files are read once, whatever is asked of them next."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import InputError, MismatchError, TaskError
from cnnviz.core.models import ImageWant, SeriesWant
from cnnviz.core.numbers import counted
from cnnviz.core.series import Choices, TableSource, TextSource
from cnnviz.core.trace import (
    ArraySource,
    ImageSource,
    PixelSource,
    Sample,
    SeriesSource,
    Source,
)
from cnnviz.inputs.facts import facts_of
from cnnviz.inputs.fit import fit_table, upright
from cnnviz.inputs.image import read_image
from cnnviz.inputs.picture import Picture
from cnnviz.inputs.prepare import prepare_image
from cnnviz.inputs.series import read_table
from cnnviz.inputs.table import Table, fill_missing
from cnnviz.nets.network import Network

Read = Picture | NDArray[np.uint8] | Table | Sample


def read(source: Source) -> Read:
    """Read a source, or return what was read of it before.

    Raises
    ------
    InputError
        It cannot be read.
    """
    if isinstance(source, ArraySource):
        return source.sample
    if isinstance(source, PixelSource):
        return source.rgb
    if isinstance(source, TextSource):
        return _pasted(source.text, source.choices, source.title)
    try:
        changed = source.path.stat().st_mtime_ns
    except OSError:
        changed = 0  # reading says what is wrong with the path
    if isinstance(source, ImageSource):
        return _decoded(source.path, changed)
    return _parsed(source.path, source.choices, changed)


@lru_cache(maxsize=2)
def _decoded(path: Path, _changed: int) -> Picture:
    return read_image(path)


@lru_cache(maxsize=2)
def _parsed(path: Path, choices: Choices, _changed: int) -> Table:
    return read_table(path, choices)


@lru_cache(maxsize=1)
def _pasted(text: str, choices: Choices, title: str) -> Table:
    return read_table(text, choices, title)


def prepare(found: Read, network: Network, source: Source) -> Sample:
    """Make of what was read what a network wants.

    A network with several inputs is given the same picture or series in each of them.

    Raises
    ------
    InputError
        It is not of the kind the network takes, or does not fit it.
    """
    if isinstance(found, Sample):
        return found
    if network.want is None:
        raise InputError(
            f"{network.name} was shown on numbers as they are, and it is not known how "
            f"{source.title} becomes such numbers; say it with cnnviz.show(…, "
            "want=cnnviz.InputChoices(mean=…, std=…))"
        )
    wants = (network.want, *network.more)
    if len({type(want) for want in wants}) > 1:
        raise InputError(
            f"{network.name} takes a picture and a series at once; from Python such "
            "inputs can be shown: cnnviz.trace(net, (picture, series))"
        )
    samples = [_prepared(found, want, network.name, source) for want in wants]
    first = samples[0]
    if len(samples) == 1:
        return first
    shared = f"the same for each of the network's {len(samples)} inputs"
    steps = [
        f"input {i}: {step}"
        for i, sample in enumerate(samples, 1)
        for step in sample.steps
    ]
    if all(sample.steps == first.steps for sample in samples):
        steps = list(first.steps)
    notes = dict.fromkeys(note for sample in samples for note in sample.notes)
    return replace(
        first,
        values=tuple(values for sample in samples for values in sample.values),
        steps=(shared, *steps),
        notes=tuple(notes),
    )


def _prepared(
    found: Picture | NDArray[np.uint8] | Table,
    want: ImageWant | SeriesWant,
    name: str,
    source: Source,
) -> Sample:
    """Make of what was read one input of a network."""
    if isinstance(found, Table):
        if isinstance(want, ImageWant):
            raise TaskError(
                f"{name} takes a picture; {source.title} is a series (CSV)", "picture"
            )
        assert isinstance(source, TableSource | TextSource)
        return series_sample(found, want, source)
    if isinstance(want, SeriesWant):
        many = counted(len(want.channels), "variable")
        raise TaskError(
            f"{name} takes a series (CSV) of {many}; {source.title} is a picture",
            "series",
        )
    return prepare_image(found, want, source.title)


def series_sample(table: Table, want: SeriesWant, source: SeriesSource) -> Sample:
    """Fill missing values, map variables to channels, cut or pad, and normalise.

    Parameters
    ----------
    table
        As read with the source's choices.

    Returns
    -------
    Sample
        Its series has NaN where a value was missing.

    Raises
    ------
    InputError
        The table does not fit the network; see ``inputs.fit.fit_table``.
    """
    try:
        table = upright(table, want)  # what is missing is filled along time
        full = fill_missing(table, source.choices.missing)
        sample = fit_table(full, want, source.mapping, source.start)
    except MismatchError as error:
        error.facts = facts_of(table, source.choices, want.channels, ())
        raise
    assert sample.series is not None
    series = sample.series
    if table.missing:
        holes = fit_table(table, want, source.mapping, source.start).series
        assert holes is not None
        series = replace(holes, fed=series.values)
    if series.total > series.values.shape[1]:
        whole = fit_table(table, replace(want, length=None), source.mapping).series
        assert whole is not None
        series = replace(series, whole=whole.values)
    facts = facts_of(table, source.choices, want.channels, series.names)
    return replace(sample, series=replace(series, facts=facts))
