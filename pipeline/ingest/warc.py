"""Raw pages as WARC 1.1: one gzip member a record, so that a page is read from its offset alone.

Bodies are kept as they were sent, content coding included; only the transfer coding is gone, which
the connection consumed. The same replies give the same bytes: record ids are UUIDv5 of URL, time
and digest, and records stand in the order of their number, not of their arrival.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from fastwarc.stream_io import GzipWriter
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pipeline.ingest.fetch import Reply
from pipeline.lake.store import Store

_HOP_HEADERS = frozenset({b"transfer-encoding", b"connection", b"keep-alive"})


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


@dataclass(frozen=True, slots=True)
class WarcFile:
    """A finished file: where it lies, the SHA-256 of its bytes, and each record's offset by number."""

    path: Path
    sha256: str
    offsets: dict[int, int]


class WarcSpool:
    """Takes records in any order, in a scratch folder, and writes the file in the order of their numbers.

    Memory holds one record at a time.
    """

    def __init__(self, folder: Path, name: str, software: str, now: datetime) -> None:
        self._path = folder / f"{name}.warc.gz"
        self._info = _info_record(software, now)
        self._now = now
        self._spool = (folder / f"{name}.spool").open("w+b")
        self._places: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()
        Path(self._spool.name).unlink()

    def add(self, number: int, reply: Reply) -> None:
        member = _response_record(reply, self._now)
        self._places[number] = (self._spool.seek(0, 2), len(member))
        self._spool.write(member)

    def finish(self) -> WarcFile | None:
        """The file, or None if there was no record."""
        if not self._places:
            return None
        offsets: dict[int, int] = {}
        with self._path.open("w+b") as file:
            file.write(self._info)
            for number, (start, length) in sorted(self._places.items()):
                offsets[number] = file.tell()
                self._spool.seek(start)
                file.write(self._spool.read(length))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return WarcFile(self._path, digest, offsets)


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

    A body over `limit` bytes is cut after `limit` + 1, which tells that it was longer.
    """
    for record in ArchiveIterator(
        stream, record_types=WarcRecordType.response, auto_decode="all", strict_mode=False
    ):
        http = record.http_headers
        yield Archived(
            offset=record.stream_pos,
            url=(record.headers.get("WARC-Target-URI") or "").strip("<>"),
            date=record.record_date.astimezone(UTC),
            status=http.status_code if http else None,
            headers=http.to_tuples() if http else (),
            content_type=record.http_content_type,
            charset=record.http_charset,
            body=record.reader.read(limit + 1),
        )


def _response_record(reply: Reply, now: datetime) -> bytes:
    head = reply.status_line.encode("latin-1", "replace") + b"\r\n"
    for name, value in reply.headers:
        name = b"X-Archive-Orig-" + name if name.lower() in _HOP_HEADERS else name
        head += name + b": " + value + b"\r\n"
    record = _record(WarcRecordType.response, head + b"\r\n" + reply.sent, reply.url, now)
    record.headers["WARC-Target-URI"] = reply.url
    record.is_http = True
    return _member(record, payload=reply.sent)


def _info_record(software: str, now: datetime) -> bytes:
    content = f"software: {software}\r\nformat: WARC File Format 1.1\r\n".encode()
    record = _record(WarcRecordType.warcinfo, content, "warcinfo", now)
    record.headers["Content-Type"] = "application/warc-fields"
    return _member(record)


def _record(kind: WarcRecordType, content: bytes, subject: str, now: datetime) -> WarcRecord:
    digest = hashlib.sha256(content).hexdigest()
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{subject} {now.isoformat()} {digest}")
    record = WarcRecord()
    record.init_headers(kind, f"uuid:{identity}".encode())
    record.record_date = now
    record.set_bytes_content(content)
    return record


def _member(record: WarcRecord, payload: bytes | None = None) -> bytes:
    buffer = BytesIO()
    writer = GzipWriter(buffer, compression_level=6)
    digest = None if payload is None else hashlib.sha1(payload).digest()  # noqa: S324 (what WARC tools check)
    record.write(writer, checksum_data=True, payload_digest=digest)
    writer.finish()
    return buffer.getvalue()
