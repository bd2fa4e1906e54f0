"""WARC files of others, of which some are broken: a record that cannot be read is told, and costs no other.

After a broken record reading goes on at the next one: in gzip at the next member that begins a record, in
plain WARC at the next version line. Of files packed with zstd what follows is not found.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.ingest.warc import Archived, BadRecord, read_records

_GZIP, _ZSTD, _WARC = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"WARC/"
_BETWEEN = b"\r\n\r\n"
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d+)[ \t]*\r?\n", re.IGNORECASE)
_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class Broken:
    """A record, or what was meant to be one, at an offset in bytes: why it cannot be read."""

    offset: int
    detail: str


def read_archive(stream: BinaryIO, limit: int) -> Iterator[Archived | Broken]:
    """Response records as `warc.read_records` gives them, and each broken record, in the order of the file.

    `stream` can be sought. Raises `OSError` for what is no WARC file.
    """
    if not _begins(head := stream.read(4096)) and not head.startswith(_ZSTD):
        raise OSError("no WARC file")
    at: int | None = 0
    unsaid: str | None = None
    while at is not None:
        stream.seek(at)
        held: Archived | None = None  # until the next one is there: the last of a file may be cut off
        error: Exception | None = None
        try:
            for record in read_records(stream, limit):
                if unsaid:
                    yield Broken(at, unsaid)
                    unsaid = None
                if held:
                    yield held
                held = record
        except (OSError, ValueError) as raised:
            error = raised
        if held and (error or _whole(stream, held.offset)):
            yield held
        elif held:
            unsaid, at = None, held.offset
            error = BadRecord(held.offset, "the file ends within the record")
        if error is None:
            break
        if isinstance(error, BadRecord):
            unsaid, at = None, error.offset
            yield Broken(at, str(error))
        else:
            unsaid, at = unsaid or str(error), held.offset if held else at
        at = _next(stream, at + 1, head)
        while at is not None and not _whole(stream, at):
            yield Broken(at, unsaid or "a record that does not end where it says")
            unsaid = None
            at = _next(stream, at + 1, head)
    if unsaid:
        yield Broken(stream.tell(), unsaid)


def _begins(data: bytes) -> bool:
    """Whether a record begins here, packed or not."""
    if data.startswith(_GZIP):
        try:
            data = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, len(_WARC))
        except zlib.error:
            return False
    return data.startswith(_WARC)


def _next(stream: BinaryIO, start: int, head: bytes) -> int | None:
    """Where the next record begins, from an offset on; None at the end, or if it cannot be told."""
    if head.startswith(_ZSTD):
        return None
    mark, lead = (_GZIP, 0) if head.startswith(_GZIP) else (_BETWEEN + _WARC, len(_BETWEEN))
    stream.seek(start)
    base, data = start, b""
    while chunk := stream.read(_WINDOW):
        base, data = base + max(len(data) - len(mark), 0), data[-len(mark) :] + chunk
        found = data.find(mark)
        while found >= 0:
            stream.seek(base + found + lead)
            if _begins(stream.read(4096)):
                return base + found + lead
            found = data.find(mark, found + 1)
        stream.seek(base + len(data))
    return None


def _whole(stream: BinaryIO, at: int) -> bool:
    """Whether the record at an offset has as many bytes as it says, and its gzip member an end; True for one
    that lies within a larger member."""
    stream.seek(at)
    data = stream.read(_WINDOW)
    if not data.startswith((_GZIP, _WARC)):
        return True
    packer = zlib.decompressobj(16 + zlib.MAX_WBITS) if data.startswith(_GZIP) else None
    head, size, missing = b"", 0, 0
    while data:
        try:
            plain = packer.decompress(data) if packer else data
        except zlib.error:
            return False
        if not head:
            head, _, plain = plain.partition(_BETWEEN)
            said = _LENGTH.search(head + b"\r\n")
            if not said:
                return False
            missing = int(said[1])
        size += len(plain)
        if packer.eof if packer else size >= missing:
            break
        data = stream.read(_WINDOW)
    return size >= missing > 0 and (packer is None or packer.eof)
