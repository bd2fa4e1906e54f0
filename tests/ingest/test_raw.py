"""The raw zone as other tools find it: WARC records for warcio, indexes for CDX tools and for DuckDB."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from itertools import count
from typing import Any

import duckdb
import pytest
from aiohttp import web
from warcio.archiveiterator import ArchiveIterator
from warcio.indexer import Indexer

from pipeline.errors import Failed
from pipeline.ingest.cdxj import surt
from pipeline.lake.folder import FolderStore
from pipeline.lake.segment import read_segment
from pipeline.segments import segment_key
from tests.ingest.site import World, outlet, run
from tests.ingest.test_harvest import DyingStore, harvest

RECHECKED = {"recheck_hours": (1.0, 2.0)}  # known pages are asked for by the next two runs
_PROFILE = "http://netpreserve.org/warc/1.1/revisit/"


def records(lake: FolderStore, number: int, outlet_id: str = "a") -> list[dict[str, Any]]:
    """WARC and HTTP headers, payload and offset of each record of the outlet's file in that run."""
    [key] = (
        stored.key
        for stored in lake.list(f"raw/outlet={outlet_id}/{run(number).run_id}")
        if stored.key.endswith(".warc.gz")
    )
    found = []
    with lake.open(key) as stream:
        archive = ArchiveIterator(stream, check_digests="raise")
        for record in archive:
            body = record.content_stream().read()
            http = record.http_headers
            found.append(
                {
                    **dict(record.rec_headers.headers),
                    "http": dict(http.headers) if http else {},
                    "line": f"{http.protocol} {http.statusline}" if http else "",
                    "body": body,
                    "offset": archive.get_record_offset(),
                    "length": archive.get_record_length(),
                }
            )
    return found


def by_path(found: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    of_kind = [record for record in found if record["WARC-Type"] == kind]
    return {record["WARC-Target-URI"].partition(".example")[2]: record for record in of_kind}


def changing(world: World) -> None:
    """Pages that a later run finds as they were, in each of the ways there are, and one that has changed."""
    world.page("a.example/tagged", "<p>tagged</p>", ETag='"t1"')
    world.page("a.example/plain", "<p>plain</p>")
    world.page("a.example/corrected", "<p>first</p>")
    packed = count()

    async def anew(request: web.Request) -> web.StreamResponse:
        body = gzip.compress(b"<p>packed anew</p>", mtime=next(packed))
        return web.Response(body=body, content_type="text/html", headers={"Content-Encoding": "gzip"})

    world.answers["a.example/packed"] = anew
    world.feed("a.example", "/tagged", "/plain", "/corrected", "/packed")


def test_each_record_names_its_request_and_who_answered(world: World, lake: FolderStore) -> None:
    changing(world)
    harvest(lake, world, outlet("a.example"))
    found = records(lake, 1)
    kinds = [record["WARC-Type"] for record in found]
    assert kinds == ["warcinfo", *["response", "request"] * 4]
    assert len({record["WARC-Record-ID"] for record in found}) == len(found)
    for response, request in zip(found[1::2], found[2::2], strict=True):
        assert request["WARC-Concurrent-To"] == response["WARC-Record-ID"]
        assert request["WARC-Target-URI"] == response["WARC-Target-URI"]
        assert request["http"]["Host"].startswith("a.example")
        assert request["http"]["User-Agent"].startswith("Wirefold/")
        assert request["line"].startswith("GET /")
        assert response["WARC-IP-Address"] == "127.0.0.1"
        assert response["WARC-Date"] == "2026-03-05T13:00:00Z"
        assert response["WARC-Payload-Digest"].startswith("sha1:")


def test_what_has_not_changed_is_a_revisit_of_the_record_that_has_it(world: World, lake: FolderStore) -> None:
    changing(world)
    harvest(lake, world, outlet("a.example"), **RECHECKED)
    world.page("a.example/corrected", "<p>second</p>")
    for number in (2, 3):
        _, pages, _ = harvest(lake, world, outlet("a.example"), number=number, **RECHECKED)
        first, found = by_path(records(lake, 1), "response"), records(lake, number)
        revisits = by_path(found, "revisit")
        asked = by_path(found, "request")
        expected = {"/tagged": "server-not-modified", "/plain": "identical-payload-digest"}
        if number == 3:
            expected["/corrected"] = "identical-payload-digest"
            first["/corrected"] = by_path(records(lake, 2), "response")["/corrected"]
        assert {path: record["WARC-Profile"] for path, record in revisits.items()} == {
            path: _PROFILE + profile for path, profile in expected.items()
        }
        for path, record in revisits.items():
            assert record["WARC-Refers-To-Target-URI"] == first[path]["WARC-Target-URI"]
            assert record["WARC-Refers-To-Date"] == first[path]["WARC-Date"]
            assert record["WARC-Payload-Digest"] == first[path]["WARC-Payload-Digest"]
            assert record["body"] == b""
            assert pages[path]["raw_offset"] == record["offset"]
        assert asked["/tagged"]["http"]["If-None-Match"] == '"t1"'
        # another packing is another payload: replay would give headers of the one with bytes of the other
        assert by_path(found, "response")["/packed"]["body"] == b"<p>packed anew</p>"
        assert pages["/packed"]["reason"] == "same_bytes"


def test_the_index_says_what_warcio_finds_and_leads_to_each_record(world: World, lake: FolderStore) -> None:
    changing(world)
    for number in (1, 2):
        harvest(lake, world, outlet("a.example"), number=number, **RECHECKED)
    files = [stored.key for stored in lake.list("raw/outlet=a/") if stored.key.endswith(".warc.gz")]
    assert len(files) == 2
    for number, key in enumerate(files, start=1):
        stored, lines = lake.get(key), lake.get(key.replace(".warc.gz", ".cdxj")).decode().splitlines()
        assert lines == sorted(lines)
        captures = [json.loads(line.split(" ", 2)[2]) for line in lines]
        names = {
            "warc-target-uri": "url",
            "http:status": "status",
            "warc-payload-digest": "digest",
            **{name: name for name in ("offset", "length", "filename")},
        }
        found = io.StringIO()
        Indexer(["warc-type", *names], [], found).process_one(io.BytesIO(stored), found, key)
        told = [json.loads(line) for line in found.getvalue().splitlines()]
        expected = {one["offset"]: one for one in told if one["warc-type"] in ("response", "revisit")}
        assert len(captures) == len(expected)
        for line, capture in zip(lines, captures, strict=True):
            theirs = expected[capture["offset"]]
            assert {name: capture[ours] for name, ours in names.items()} == {n: theirs[n] for n in names}
            assert line.startswith(f"{surt(capture['url'])} 20260305{12 + number}0000 {{")
            assert capture["mime"] == {"response": "text/html"}.get(theirs["warc-type"], "warc/revisit")
            at = int(capture["offset"])
            record = zlib.decompress(stored[at : at + int(capture["length"])], 31)
            assert f"WARC-Target-URI: {capture['url']}\r\n".encode() in record
        assert {c["mime"] for c in captures} == {"text/html", *["warc/revisit"] * (number - 1)}


def test_duckdb_finds_a_page_in_the_raw_zone_alone(world: World, lake: FolderStore) -> None:
    changing(world)
    harvest(lake, world, outlet("a.example"))
    found = duckdb.sql(
        "select outlet_id, raw_key, raw_offset, raw_sha256, epoch(fetched_at) "
        f"from '{lake.url}/raw/fetches/*/*.parquet' where url = 'http://a.example/plain'"
    ).fetchall()
    [record] = [record for record in records(lake, 1) if record["body"] == b"<p>plain</p>"]
    [(outlet_id, key, offset, sha256, at)] = found
    assert (outlet_id, offset, at) == ("a", record["offset"], run().now.timestamp())
    assert lake.exists(key)
    assert len(sha256) == 64


@pytest.mark.parametrize("dies_at", ["sites/", "fetches/", "state/"])
def test_what_the_raw_zone_has_committed_is_not_asked_for_again(
    world: World, lake: FolderStore, dies_at: str
) -> None:
    changing(world)
    dying = DyingStore(lake.url)
    dying.prefix = dies_at
    with pytest.raises(Failed, match=dies_at):
        harvest(dying, world, outlet("a.example"))
    world.asked.clear()
    counts, *_ = harvest(lake, world, outlet("a.example"))
    assert (counts.fetched, world.asked) == (4, [])
    for kind in ("fetches", "sites"):
        key = segment_key(kind, run().run_id, "000")
        assert read_segment(lake, key).equals(read_segment(lake, f"raw/{key}"))


@pytest.mark.parametrize(
    ("url", "sorts_as"),
    [  # as the surt package (0.3.1) of the Internet Archive writes them
        ("http://www.a.example/1?utm_source=x", "example,a)/1?utm_source=x"),
        ("https://News.Example.com:8443/Path/To/?b=2&a=1#f", "com,example,news:8443)/path/to?a=1&b=2"),
        ("http://a.example", "example,a)/"),
        ("https://www2.a.example/x/", "example,a)/x"),
        ("http://a.example/%7Ejoe/a%20b?q=A%2FB", "example,a)/~joe/a%20b?q=a/b"),
        ("http://a.example/caf%C3%A9", "example,a)/caf%c3%a9"),
        ("https://a.example:443/x.html", "example,a)/x.html"),
        ("http://a.example/x?", "example,a)/x"),
        ("http://a.example/x?a=1&a=0&b", "example,a)/x?a=0&a=1&b"),
        ("http://a.example/index.php?id=1", "example,a)/index.php?id=1"),
    ],
)
def test_addresses_sort_as_cdx_tools_look_them_up(url: str, sorts_as: str) -> None:
    assert surt(url) == sorts_as
