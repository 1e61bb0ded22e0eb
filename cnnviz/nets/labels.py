"""Names of classes, from text, JSON or CSV files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnviz.core.errors import InputError

_LARGEST = 8_000_000
"""Bytes; a hundred times what the names of 20,000 classes take."""

_INSIDE = ("labels", "classes", "names", "class_names", "categories")
_NUMBERED_INSIDE = ("id2label", "idx_to_class", "label2id", "class_to_idx")
"""Keys under which JSON files of more than labels keep them."""

_WORDNET = re.compile(r"n\d{8}")
_NUMBER_FIRST = re.compile(r"(\d+)\s*(?:[:,;\t)=]|\s)\s*(.+)")
_NUMBER_LAST = re.compile(r"(.+?)\s*[:,;\t=]\s*(\d+)")


def read_labels(path: Path) -> tuple[str, ...]:
    """Read names of classes, in the order of the classes.

    Understood are one name a line; lines, or rows of a CSV with or without a header,
    of a number and a name or of a name and a number; WordNet numbers before names;
    JSON lists, ``{"0": "cat"}``, ``{"cat": 0}``, ImageNet's ``{"0": ["n02123045",
    "tabby"]}``, and any of these under a key such as ``"labels"`` or ``"id2label"``.
    Numbers begin at 0, or at 1, and none is left out.

    Raises
    ------
    InputError
        The file cannot be read, is no text, or holds something else.
    """
    text = _text(path)
    if text.lstrip().startswith(("[", "{")):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path.name} is no valid JSON: {error}") from error
        return _from_json(content, path.name)
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if not all(lines):
        number = lines.index("") + 1
        raise InputError(f"{path.name}, line {number}: expected a name, it is empty")
    return _from_lines(lines, path.name)


def _text(path: Path) -> str:
    """Return a file as text."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"cannot read {path.name}: {why}") from error
    if len(content) > _LARGEST:
        raise InputError(
            f"{path.name}: expected names of classes, this is more than "
            f"{_LARGEST // 1_000_000} MB"
        )
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is no text in UTF-8: byte {error.start} cannot be read; "
            "save it as UTF-8"
        ) from error
    if "\0" in text:
        raise InputError(f"{path.name}: expected text with names of classes")
    if not text.strip():
        raise InputError(f"{path.name}: expected names of classes, it is empty")
    return text


def _from_lines(lines: Sequence[str], title: str) -> tuple[str, ...]:
    rows: Sequence[str] = lines
    for skipped in (0, 1):  # a header
        rows = lines[skipped:]
        for pattern, number, name in ((_NUMBER_FIRST, 1, 2), (_NUMBER_LAST, 2, 1)):
            found = [pattern.fullmatch(row) for row in rows]
            pairs = [(int(m[number]), _name(m[name])) for m in found if m]
            if len(pairs) == len(rows) and _in_order(pairs) is not None:
                return _ordered(pairs, title)
    return tuple(_name(line) for line in lines)


def _name(words: str) -> str:
    """Return a name without quotes and without its WordNet number."""
    words = words.strip().strip(",").strip()
    if len(words) > 1 and words[0] == words[-1] and words[0] in "\"'":
        words = words[1:-1].replace('""', '"').strip()
    first, _, rest = words.partition(" ")
    return rest.strip() if _WORDNET.fullmatch(first) and rest else words


def _from_json(content: Any, title: str) -> tuple[str, ...]:
    if isinstance(content, list):
        return tuple(_plain(value, title) for value in content)
    assert isinstance(content, Mapping)
    for key in (*_NUMBERED_INSIDE, *_INSIDE):
        if isinstance(content.get(key), list | dict):
            return _from_json(content[key], title)
    if all(isinstance(value, int) for value in content.values()):
        return _ordered([(value, key) for key, value in content.items()], title)
    if not all(key.isdecimal() for key in content):
        first = next(key for key in content if not key.isdecimal())
        raise InputError(
            f"{title}: expected names of classes by number, got the key {first!r}"
        )
    return _ordered([(int(k), _plain(v, title)) for k, v in content.items()], title)


def _plain(value: Any, title: str) -> str:
    """Return the name in a JSON value: itself, or the last of a few."""
    if isinstance(value, Mapping):
        value = value.get("name", value.get("label"))
    if isinstance(value, list) and value:
        value = value[-1]
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise InputError(f"{title}: expected names of classes, got {value!r:.60}")
    return str(value)


def _ordered(pairs: Iterable[tuple[int, str]], title: str) -> tuple[str, ...]:
    pairs = sorted(pairs)
    names = _in_order(pairs)
    if names is None:
        numbers = {number for number, _ in pairs}
        gap = next(i for i in range(len(pairs) + 1) if i not in numbers)
        twice = len(numbers) < len(pairs)
        said = "one number stands twice" if twice else f"{gap} is not there"
        raise InputError(f"{title}: expected a name for each class from 0 on; {said}")
    return names


def _in_order(pairs: Iterable[tuple[int, str]]) -> tuple[str, ...] | None:
    """Return names by number when these go on from 0, or from 1, without a gap."""
    pairs = sorted(pairs)
    start = pairs[0][0] if pairs else -1
    whole = start in (0, 1) and all(n == start + i for i, (n, _) in enumerate(pairs))
    return tuple(name for _, name in pairs) if whole else None
