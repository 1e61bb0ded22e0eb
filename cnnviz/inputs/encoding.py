"""From a file to text: which characters it is written in."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from cnnviz.core.errors import InputError
from cnnviz.inputs.signatures import looks_like, picture_kind

BYTE_LIMIT = 2_000_000_000
"""Bytes above which a file is refused unread: its numbers would fill the memory."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's mark does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{])")
_HANGUL = re.compile("[가-힣]")
_HIGH = re.compile("[^\x00-\x7f]")
_DOCUMENTS = ("a PDF document", "a PostScript document", "a web page", "an SVG drawing")


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises
    ------
    InputError
        No such file, a folder, not readable, or above ``BYTE_LIMIT``.
    """
    name = path.name or str(path)
    try:
        if path.is_dir():
            raise InputError(f"{name}: expected a table (CSV), this is a folder")
        if path.exists() and not path.is_file():
            raise InputError(f"{name}: expected a table (CSV), this is a device")
        size = path.stat().st_size
        if size > BYTE_LIMIT:
            raise InputError(
                f"{name}: expected a table of at most {BYTE_LIMIT / 1e9:.0f} GB, "
                f"got {size / 1e9:.1f} GB"
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file") from error
    except PermissionError as error:
        raise InputError(f"{name}: there is no permission to read it") from error
    except MemoryError as error:
        raise InputError(f"{name}: there is not enough memory for this file") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: it cannot be read ({error})") from error


def decode(data: bytes, title: str, encoding: str | None = None) -> tuple[str, str]:
    r"""Turn a file's bytes into text.

    A byte-order mark decides; then UTF-16 without a mark, told by its zero bytes;
    then UTF-8 if all of it is sound; then Korean (cp949) if most characters outside
    ASCII come out as hangul syllables of KS X 1001; else Windows' western code page.

    Parameters
    ----------
    data
        The whole file.
    title
        What to call it in sentences.
    encoding
        The person's choice, a codec of Python's.

    Returns
    -------
    text
        Without byte-order mark, lines ending in ``\n``.
    encoding
        Name of the codec.

    Raises
    ------
    InputError
        Empty, a workbook, a picture or other data that is no text, or bytes that the
        chosen encoding does not have.
    """
    if not data:
        raise InputError(f"{title}: expected a table, the file is empty (0 bytes)")
    mark, found = next(
        ((m, name) for m, name in _MARKS if data.startswith(m)), (b"", "")
    )
    name = encoding or found or _unmarked(data, title)
    if name.lower().replace("_", "-") in ("utf-16", "utf-32") and found:
        name = found
    try:
        text = data[len(mark) if found else 0 :].decode(name)
    except LookupError as error:
        raise InputError(f"{title}: there is no encoding called {name}") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{title}, row {line}: expected text in {name}, "
            f"got the byte {data[error.start]:#04x}"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


def _unmarked(data: bytes, title: str) -> str:
    """Tell the encoding of a file without byte-order mark; refuse what is no text."""
    head = data[:4096]
    if b"\0" in head and (wide := _wide(head)):
        return wide
    _refuse_documents(data, head, title)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp949" if _is_korean(data) else _western(data)
    return "utf-8"


def _wide(head: bytes) -> str | None:
    """Tell UTF-16 by where its zero bytes are: Latin letters have every other one."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.5 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.5 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _refuse_documents(data: bytes, head: bytes, title: str) -> None:
    """Refuse what other programs write, with what to do instead.

    Raises
    ------
    InputError
        The bytes are no text, or text of another kind of document.
    """
    wanted = f"{title}: expected a table as text (CSV)"
    if head.startswith(b"PK\x03\x04") and (
        b"xl/" in data or b"opendocument.spreadsheet" in head
    ):
        raise InputError(
            f"{wanted}, this is a spreadsheet's workbook; open it there and export "
            "the sheet as CSV"
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{wanted}, this is an old Excel workbook or another Office document; "
            "open it there and export the sheet as CSV"
        )
    if _JSON.match(head):
        raise InputError(f"{wanted}, this looks like JSON")
    words = looks_like(head[:512])
    if words in _DOCUMENTS:
        raise InputError(f"{wanted}, this looks like {words}")
    if _CONTROL.search(head):
        if kind := picture_kind(head):
            words = f"a {kind} picture"
        elif words == "text":
            words = "data: it holds characters that no text has"
        raise InputError(f"{wanted}, this looks like {words}")


def _is_korean(data: bytes) -> bool:
    """Tell Korean from a western code page.

    Both decode nearly any bytes: in cp949 a degree sign before ``C`` is a rare
    syllable, and two umlauts in a row are a Chinese character. Korean text is mostly
    syllables of the older set (EUC-KR), which rare ones and Chinese are not.
    """
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        return False
    high = _HIGH.findall(text)
    common = [c for c in high[:5000] if _HANGUL.match(c) and _in_euc_kr(c)]
    return 2 * len(common) >= len(high[:5000])


def _in_euc_kr(letter: str) -> bool:
    try:
        return len(letter.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def _western(data: bytes) -> str:
    """Return Windows' western code page, or Latin-1 where bytes have no place in it."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
