"""Raw pages as WARC 1.1: one gzip member a record, so that a page is read from its offset alone.

Bodies are kept as they were sent, content coding included; only the transfer coding is gone, which
the connection consumed. A page that has not changed is a revisit record, which names the one that has
its body. The same replies give the same bytes: record ids are UUIDv5, and records stand in the order of
their number, not of their arrival.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from fastwarc.warc import ArchiveIterator, WarcRecordType

from pipeline.ingest.cdxj import Capture
from pipeline.ingest.fetch import Reply
from pipeline.ingest.state import Kept
from pipeline.lake.store import Store

_HOP_HEADERS = frozenset({b"transfer-encoding", b"connection", b"keep-alive"})
_REVISIT = "http://netpreserve.org/warc/1.1/revisit/"
_NOT_MODIFIED, _SAME_PAYLOAD = f"{_REVISIT}server-not-modified", f"{_REVISIT}identical-payload-digest"
# of 150 news pages, 133 kB each: level 3 takes .9 ms and leaves 29.5 kB, level 6 1.8 ms and 26.6 kB
_LEVEL = 3
# a body that came packed: level 1 takes .3 ms and gains 100 bytes
_STORED = 0
_GZIP = 16 + zlib.MAX_WBITS
# headers alone do not need the usual 256 KB of tables
_SMALL = (16 + 10, 4)
_HTTP = "application/http; msgtype="


@dataclass(frozen=True, slots=True)
class Archived:
    """A response record: `body` is decoded, `offset` in bytes from the start of the file."""

    offset: int
    url: str
    date: datetime
    status: int | None
    headers: tuple[tuple[str, str], ...]
    content_type: str | None
    charset: str | None
    body: bytes


class BadRecord(ValueError):
    """A response record that lacks what all have; `offset` in bytes from the start of the file."""

    def __init__(self, offset: int, detail: str) -> None:
        super().__init__(detail)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class WarcFile:
    """A finished file: where it lies, the SHA-256 of its bytes, the offset of each number's response or
    revisit record, and all of these as captures, in the order of the file."""

    path: Path
    sha256: str
    offsets: dict[int, int]
    captures: tuple[Capture, ...]


@dataclass(frozen=True, slots=True)
class _Spooled:
    """What lies in the spool for a number: its records' bytes, the first of them the capture's."""

    start: int
    length: int
    capture: Capture


class WarcSpool:
    """Takes records in any order, in a scratch folder, and writes the file in the order of their numbers.

    Memory holds one record at a time.
    """

    def __init__(self, folder: Path, name: str, software: str, now: datetime) -> None:
        self._path = folder / f"{name}.warc.gz"
        self._software = software
        self._now = now
        self._spool = (folder / f"{name}.spool").open("w+b")
        self._spooled: dict[int, _Spooled] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()
        Path(self._spool.name).unlink()

    def add(self, number: int, reply: Reply, kept: Kept | None = None) -> Kept | None:
        """Take a reply; where its body is kept now, None if nowhere.

        `kept`: where the same page's body is kept, if it is the same as the reply's once decoded. It is kept
        again if it was packed in another way.
        """
        digest = _digest(reply.sent)
        if reply.status == 304:
            profile = _NOT_MODIFIED
        elif kept and kept.digest == digest:
            profile = _SAME_PAYLOAD
        else:
            profile, kept = None, Kept(reply.url, self._now, digest)
        member, request = self._records(number, reply, kept, profile, digest)
        capture = Capture(
            url=reply.url,
            date=self._now,
            mime=None if profile else reply.content_type,
            status=reply.status,
            digest=kept.digest if kept else None,
            length=len(member),
        )
        self._spooled[number] = _Spooled(self._spool.seek(0, 2), len(member) + len(request), capture)
        self._spool.write(member + request)
        return kept

    def finish(self) -> WarcFile | None:
        """The file, or None if there was no record."""
        if not self._spooled:
            return None
        captures: dict[int, Capture] = {}
        with self._path.open("w+b") as file:
            file.write(_info_record(self._software, self._now))
            for number, spooled in sorted(self._spooled.items()):
                captures[number] = spooled.capture.at(file.tell())
                self._spool.seek(spooled.start)
                file.write(self._spool.read(spooled.length))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        offsets = {number: capture.offset for number, capture in captures.items()}
        return WarcFile(self._path, digest, offsets, tuple(captures.values()))

    def _records(
        self, number: int, reply: Reply, kept: Kept | None, profile: str | None, digest: str
    ) -> tuple[bytes, bytes]:
        """The record of the reply, a revisit if it has a profile, and that of its request."""
        subject = f"{number} {reply.url} {self._now.isoformat()} {digest}"
        identity, when = _identity(subject), _date(self._now)
        fields = [("WARC-Target-URI", reply.url), ("WARC-Date", when)]
        if reply.address:
            fields.append(("WARC-IP-Address", reply.address))
        body = reply.sent
        if profile:
            body = b""
            fields.append(("WARC-Profile", profile))
            if kept:
                fields.append(("WARC-Refers-To-Target-URI", kept.url))
                fields.append(("WARC-Refers-To-Date", _date(kept.at)))
        if kept:
            fields.append(("WARC-Payload-Digest", kept.digest))
        kind = "revisit" if profile else "response"
        level = _LEVEL if reply.sent == reply.content else _STORED
        member = _member(kind, identity, fields, f"{_HTTP}response", _head(reply), body, level)
        told = [
            ("WARC-Target-URI", reply.url),
            ("WARC-Date", when),
            ("WARC-Concurrent-To", f"<urn:uuid:{identity}>"),
        ]
        asked = _identity(f"request {subject}")
        return member, _member("request", asked, told, f"{_HTTP}request", reply.request)


def read_page(lake: Store, key: str, offset: int, limit: int) -> Archived:
    """The page at an offset of a raw file; its body is cut after `limit` + 1 bytes.

    Raises `Missing` for an unknown key, `OSError` or `ValueError` if no response record begins there.
    """
    with lake.open(key) as stream:
        stream.seek(offset)
        page = next(read_records(stream, limit), None)
    if page is None or page.offset != offset:
        raise ValueError(f"{key}: no response record at {offset}")
    return page


def read_records(stream: BinaryIO, limit: int) -> Iterator[Archived]:
    """Response records of a WARC file (plain, gzip or zstd), with decoded bodies, in its order.

    A body over `limit` bytes is cut after `limit` + 1, which tells that it was longer. Raises `BadRecord`,
    or `OSError` for what is no record; after either nothing more comes.
    """
    for record in ArchiveIterator(
        stream, record_types=WarcRecordType.response, auto_decode="all", strict_mode=False
    ):
        http = record.http_headers
        date: datetime | None = record.record_date
        url = (record.headers.get("WARC-Target-URI") or "").strip("<>")
        if not url or date is None:
            raise BadRecord(record.stream_pos, f"no WARC-{'Date' if url else 'Target-URI'} that can be read")
        yield Archived(
            offset=record.stream_pos,
            url=url,
            date=date.astimezone(UTC),
            status=http.status_code if http else None,
            headers=http.to_tuples() if http else (),
            content_type=record.http_content_type,
            charset=record.http_charset,
            body=record.reader.read(limit + 1),
        )


def _head(reply: Reply) -> bytes:
    """Status line and headers; those that spoke of the connection are told in other words."""
    lines = [reply.status_line.encode("latin-1", "replace")]
    for name, value in reply.headers:
        name = b"X-Archive-Orig-" + name if name.lower() in _HOP_HEADERS else name
        lines.append(name + b": " + value)
    return b"\r\n".join([*lines, b"", b""])


def _info_record(software: str, now: datetime) -> bytes:
    content = f"software: {software}\r\nformat: WARC File Format 1.1\r\n".encode()
    fields = [("WARC-Date", _date(now))]
    identity = _identity(f"warcinfo {software} {now.isoformat()}")
    return _member("warcinfo", identity, fields, "application/warc-fields", content)


def _member(
    kind: str,
    identity: uuid.UUID,
    fields: Iterable[tuple[str, str]],
    content_type: str,
    head: bytes,
    body: bytes = b"",
    level: int = _LEVEL,
) -> bytes:
    """A record whose block is `head` and `body`, as one gzip member."""
    digest = hashlib.sha1(head, usedforsecurity=False)  # what WARC tools check
    digest.update(body)
    named = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", f"<urn:uuid:{identity}>"),
        *fields,
        ("WARC-Block-Digest", _named(digest.digest())),
        ("Content-Type", content_type),
        ("Content-Length", str(len(head) + len(body))),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in named)
    window, memory = (_GZIP, zlib.DEF_MEM_LEVEL) if body else _SMALL
    packer = zlib.compressobj(level, zlib.DEFLATED, window, memory)
    record = b"".join((f"WARC/1.1\r\n{lines}\r\n".encode(), head, body, b"\r\n\r\n"))
    return packer.compress(record) + packer.flush()


def _identity(subject: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, subject)


def _digest(payload: bytes) -> str:
    return _named(hashlib.sha1(payload, usedforsecurity=False).digest())


def _named(digest: bytes) -> str:
    return f"sha1:{base64.b32encode(digest).decode()}"


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
