"""A file from a server, from any byte on. RFC 9110."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from cnnviz.core.errors import ModelError
from cnnviz.nets.cache import in_words
from cnnviz.nets.containers import foreign

BLOCK = 1 << 18
"""Bytes read in one go."""
PATIENCE = 10.0
"""Seconds without a byte after which the connection counts as cut."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sends: the file from byte ``start`` on, ``total`` in all."""

    response: http.client.HTTPResponse
    host: str
    start: int
    total: int | None
    etag: str

    def blocks(self, hint: str) -> Iterator[bytes]:
        """Yield the bytes as they come.

        Raises
        ------
        ModelError
            The connection was cut before the end.
        """
        done, why = self.start, ""
        try:
            while block := self.response.read1(BLOCK):
                done += len(block)
                yield block
        except (OSError, http.client.HTTPException) as error:
            why = f" ({cause(error)})"
        if why or (self.total is not None and done != self.total):
            whole = f" of {in_words(self.total)}" if self.total is not None else ""
            raise ModelError(
                f"the connection to {self.host} was cut at {in_words(done)}{whole}"
                f"{why}; what came is kept, and the next attempt goes on there. {hint}"
            )


def ask(url: str, start: int, known: str, hint: str) -> Answer | None:
    """Ask for a file from byte ``start`` on; None when there is nothing behind it.

    RFC 9110, sections 13.1.5 (If-Range), 14.2 (Range) and 15.5.17 (416).
    """
    host = urlsplit(url).hostname or url
    headers = {"User-Agent": "cnnviz", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if known:
            headers["If-Range"] = known
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - ours
    try:
        # a new opener each time reads the proxy from the environment as it is now
        response = urllib.request.build_opener().open(request, timeout=PATIENCE)
        beginning = response.peek(64)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                return None
            said = f"{error.code} {error.reason}"
        raise ModelError(f"{host} answered “{said}”. {hint}") from error
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(f"no connection to {host}: {cause(error)}. {hint}") from error
    partial = response.status == http.client.PARTIAL_CONTENT
    if partial and _begins(response) != start:
        response.close()
        return ask(url, 0, "", hint)
    if not partial:
        start = 0
    what = foreign(beginning) if start == 0 else None
    if what is not None:
        response.close()
        raise ModelError(f"{host} sent {what}, not the weights. {hint}")
    etag = response.headers.get("ETag", "")
    total = None if response.length is None else start + response.length
    return Answer(response, host, start, total, "" if etag.startswith("W/") else etag)


def _begins(response: http.client.HTTPResponse) -> int:
    """Return the first byte of a partial answer, -1 when it does not say."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def cause(error: BaseException) -> str:
    """Say what the system says."""
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
