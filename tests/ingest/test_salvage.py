"""Broken WARC files: each broken record is told, and every other one comes."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable

import pytest

from pipeline.ingest.salvage import Broken, read_archive
from pipeline.ingest.warc import WarcFile
from tests.ingest.test_warc import reply, write

MIB = 1 << 20


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> WarcFile:
    return write(tmp_path_factory.mktemp("warc"), "a", list(range(6)))


def told(data: bytes) -> list[int | str]:
    """The numbers of the pages that come, and what is said of the others."""
    found: list[int | str] = []
    for record in read_archive(io.BytesIO(data), MIB):
        if isinstance(record, Broken):
            assert 0 <= record.offset <= len(data)
            found.append(record.detail)
        else:
            number = int(record.url.rpartition("/")[2])
            assert record.body == reply(number).content
            found.append(number)
    return found


def overwritten(data: bytes, at: int, with_: bytes) -> bytes:
    return data[:at] + with_ + data[at + len(with_) :]


_BAD, _CUT = "Gzip decompression error: data error", "the file ends within the record"
_DAMAGE: dict[str, tuple[Callable[[bytes, dict[int, int]], bytes], list[int | str]]] = {
    "none": (lambda data, at: data, [0, 1, 2, 3, 4, 5]),
    "within one": (lambda data, at: overwritten(data, at[2] + 200, bytes(30)), [0, 1, _BAD, 3, 4, 5]),
    "within two": (
        lambda data, at: overwritten(overwritten(data, at[2] + 200, bytes(30)), at[3] + 200, bytes(30)),
        [0, 1, _BAD, _BAD, 4, 5],
    ),
    "within the first": (lambda data, at: overwritten(data, at[0] + 50, bytes(50)), [_BAD, 1, 2, 3, 4, 5]),
    "where one begins": (lambda data, at: overwritten(data, at[2], b"zzz"), [0, 1, _BAD, 3, 4, 5]),
    "cut in a header": (lambda data, at: data[: at[4] + 150], [0, 1, 2, 3, "no WARC-Date that can be read"]),
    "cut in a body": (lambda data, at: data[: at[4] + 500], [0, 1, 2, 3, _CUT]),
    "something else between": (
        lambda data, at: data[: at[2]] + gzip.compress(b"no record\r\n\r\n") + data[at[2] :],
        [0, 1, "Invalid WARC header", 2, 3, 4, 5],
    ),
    "something else at the end": (lambda data, at: data + b"x" * 400, [0, 1, 2, 3, 4, 5, _BAD]),
}


@pytest.mark.parametrize("damage", _DAMAGE)
def test_packed_files(file: WarcFile, damage: str) -> None:
    harm, expected = _DAMAGE[damage]
    assert told(harm(file.path.read_bytes(), file.offsets)) == expected


def _with_length(plain: bytes, length: bytes) -> bytes:
    """The third response says that it has so many bytes."""
    found = list(re.finditer(rb"Content-Length: (\d+)", plain))[5]
    return plain[: found.start(1)] + length + plain[found.end(1) :]


def test_plain_files(file: WarcFile) -> None:
    plain = gzip.decompress(file.path.read_bytes())
    assert told(plain) == [0, 1, 2, 3, 4, 5]
    unnamed = plain.replace(
        b"WARC-Target-URI: http://a.example/2\r", b"WARC-Target-UR: http://a.example/2\r", 1
    )
    assert told(unnamed) == [0, 1, "no WARC-Target-URI that can be read", 3, 4, 5]
    assert told(_with_length(plain, b"99999")) == [0, 1, _BAD, 3, 4, 5]
    last = plain.rindex(b"WARC-Type: response")
    assert told(plain[: last + 450]) == [0, 1, 2, 3, 4, _CUT]


def test_a_file_that_is_one_member_is_read(file: WarcFile) -> None:
    """Against the standard, and there are such."""
    assert told(gzip.compress(gzip.decompress(file.path.read_bytes()))) == [0, 1, 2, 3, 4, 5]


def test_damage_far_from_the_next_record_is_passed_over(file: WarcFile) -> None:
    """Further than what is looked through at once, with what looks like a beginning where two looks meet."""
    data, at = file.path.read_bytes(), file.offsets
    noise = b"\x1f\x8b\x08" + bytes(MIB - 2) + b"\x1f\x8b\x08" * 5 + bytes(MIB)
    assert told(data[: at[2]] + noise + data[at[2] :])[-4:] == [2, 3, 4, 5]


@pytest.mark.parametrize("data", [b"", b"not a WARC file" * 9, gzip.compress(b"nor this", mtime=0)])
def test_what_is_no_warc_file_is_an_error(data: bytes) -> None:
    with pytest.raises(OSError, match="no WARC file"):
        told(data)
