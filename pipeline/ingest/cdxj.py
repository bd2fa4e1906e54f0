"""The index of a WARC file as other tools read it (CDXJ): a line a capture, sorted by address and time.

    example,a)/news/1 20260305200000 {"url": ..., "mime": ..., "status": ..., "digest": ..., "length": ...,
                                      "offset": ..., "filename": ...}

Addresses are written as such tools look them up (SURT): the host from its end, without www, all in small
letters, so that what is below a host or a path lies together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

_PORTS = {"http": 80, "https": 443}
_WWW = re.compile(r"^www\d*\.")
_SAFE = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class Capture:
    """A response or revisit record: `length` and `offset` are those of its gzip member, in bytes. `mime` is
    None for a revisit."""

    url: str
    date: datetime
    mime: str | None
    status: int
    digest: str | None
    length: int
    offset: int = 0

    def at(self, offset: int) -> Capture:
        """The same at an offset."""
        return replace(self, offset=offset)


def cdxj(captures: Iterable[Capture], filename: str) -> bytes:
    """The index of the captures of a file."""
    return "".join(sorted(_line(capture, filename) for capture in captures)).encode()


def surt(url: str) -> str:
    """An http(s) URL as it is sorted: `http://www.A.example/B?z&a` is `example,a)/b?a&z`."""
    parts = urlsplit(url)
    host = _WWW.sub("", (parts.hostname or "").lower())
    place = ",".join(reversed(host.split("."))) if ":" not in host else host
    if parts.port not in (None, _PORTS.get(parts.scheme)):
        place += f":{parts.port}"
    path = _folded(parts.path).rstrip("/") or "/"
    query = "&".join(sorted(_folded(parts.query).split("&")))
    return f"{place}){path}" + (f"?{query}" if query else "")


def _line(capture: Capture, filename: str) -> str:
    said = {
        "url": capture.url,
        "mime": capture.mime or "warc/revisit",
        "status": str(capture.status),
        "digest": capture.digest,
        "length": str(capture.length),
        "offset": str(capture.offset),
        "filename": filename,
    }
    told = json.dumps({name: value for name, value in said.items() if value is not None})
    return f"{surt(capture.url)} {capture.date:%Y%m%d%H%M%S} {told}\n"


def _folded(text: str) -> str:
    """In small letters, with as few escapes as can be."""
    return quote_from_bytes(unquote_to_bytes(text), safe=_SAFE).lower()
