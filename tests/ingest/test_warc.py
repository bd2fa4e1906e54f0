"""WARC files that other tools read, and bodies that are counted while they arrive."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from pipeline.ingest.body import Body, TooLarge, Truncated
from pipeline.ingest.fetch import Reply, Validators
from pipeline.ingest.warc import WarcFile, WarcSpool, read_page
from pipeline.lake.folder import FolderStore
from tests.ingest.site import run


def reply(number: int) -> Reply:
    content = f"<p>Tide table {number}</p>".encode() * 200
    headers = (
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Content-Encoding", b"gzip"),
        (b"Transfer-Encoding", b"chunked"),
    )
    sent = gzip.compress(content, mtime=0)
    url = f"http://a.example/{number}"
    request = f"GET /{number} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
    validators = Validators('"1"', None)
    said = (headers, sent, content, "text/html", "utf-8", validators, request, "192.0.2.7")
    return Reply(url, 200, "HTTP/1.1 200 OK", *said)


def write(folder: Path, name: str, order: list[int]) -> WarcFile:
    with WarcSpool(folder, name, "Wirefold/0", run().now) as spool:
        for number in order:
            spool.add(number, reply(number))
        file = spool.finish()
    assert file is not None
    return file


def test_warcio_reads_the_file_and_finds_its_digests_right(tmp_path: Path) -> None:
    file = write(tmp_path, "a", [0, 1, 2])
    with file.path.open("rb") as stream:
        archive = ArchiveIterator(stream, check_digests="raise")
        found = []
        for record in archive:
            body = record.content_stream().read()
            assert record.digest_checker.passed
            assert record.rec_headers.protocol == "WARC/1.1"
            assert record.rec_headers.get_header("WARC-Record-ID").startswith("<urn:uuid:")
            if record.rec_type == "response":
                number = len(found)
                assert body == reply(number).content
                found.append(archive.get_record_offset())
    assert found == [file.offsets[number] for number in range(3)]


def test_the_order_of_arrival_does_not_show(tmp_path: Path) -> None:
    one, other = write(tmp_path, "one", [0, 1, 2, 3]), write(tmp_path, "other", [3, 1, 0, 2])
    assert one.path.read_bytes() == other.path.read_bytes()
    assert (one.sha256, one.offsets) == (other.sha256, other.offsets)


def test_a_page_is_read_from_its_offset_and_nowhere_else(tmp_path: Path) -> None:
    file = write(tmp_path, "a", [0, 1, 2])
    lake = FolderStore(str(tmp_path / "lake"))
    lake.put_file("raw/a.warc.gz", str(file.path))
    assert read_page(lake, "raw/a.warc.gz", file.offsets[1], 1 << 20).body == reply(1).content
    assert len(read_page(lake, "raw/a.warc.gz", file.offsets[1], 100).body) == 101
    for offset in (0, file.offsets[1] + 1):  # the warcinfo record; the middle of a member
        with pytest.raises((ValueError, OSError)):
            read_page(lake, "raw/a.warc.gz", offset, 100)


def test_nothing_kept_makes_no_file(tmp_path: Path) -> None:
    with WarcSpool(tmp_path, "a", "Wirefold/0", run().now) as spool:
        assert spool.finish() is None
    assert list(tmp_path.iterdir()) == []


def packed(coding: str, content: bytes) -> bytes:
    if coding == "bare deflate":
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return packer.compress(content) + packer.flush()
    if coding == "two members":
        half = len(content) // 2
        return gzip.compress(content[:half]) + gzip.compress(content[half:])
    return {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[coding](content)


@given(
    st.binary(max_size=5_000),
    st.sampled_from(["gzip", "two members", "deflate", "bare deflate", "identity"]),
    st.integers(1, 700),
)
def test_a_body_is_the_same_however_it_is_cut_into_chunks(content: bytes, coding: str, step: int) -> None:
    sent = packed(coding, content)
    header = {"two members": "gzip", "bare deflate": "deflate"}.get(coding, coding)

    def take(data: bytes, limit: int) -> bytes:
        body = Body(header, limit)
        for start in range(0, len(data), step):
            body.add(data[start : start + step])
        return body.finish()

    assert take(sent, 10_000) == content
    if len(content) > 1:
        with pytest.raises(TooLarge):
            take(sent, len(content) - 1)
    if coding in ("gzip", "deflate"):
        with pytest.raises(Truncated):
            take(sent[:-1], 10_000)
