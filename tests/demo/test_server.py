"""The server speaks HTTP as real sites do, and fails as real sites fail."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from lxml import html
from protego import Protego

from infra.demo.network import NOW, Copy
from infra.demo.server import DemoServer

SLOW = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(slow_seconds=SLOW) as running:
        yield running


def ask(
    server: DemoServer, host: str, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection(server.address, timeout=20)
    try:
        sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def pages(server: DemoServer, fault: str) -> list[Copy]:
    copies = server.service.network.copies
    return [copy for copy in copies if fault in (copy.fault, copy.site.fault)]


def test_conditional_requests_are_answered_304_until_something_changes(server: DemoServer) -> None:
    copy = next(copy for copy in server.service.network.copies if copy.follows and copy.site.readable)
    server.now = copy.showings[0].at
    for path in (copy.path, copy.site.feed_path, copy.site.sitemap_path):
        first = ask(server, copy.site.domain, path)
        by_tag = ask(server, copy.site.domain, path, If_None_Match=first.headers["ETag"])
        by_time = ask(server, copy.site.domain, path, If_Modified_Since=first.headers["Last-Modified"])
        assert (first.status, by_tag.status, by_time.status, by_tag.body) == (200, 304, 304, b"")
        server.now = copy.showings[1].at
        changed = ask(server, copy.site.domain, path, If_None_Match=first.headers["ETag"])
        later = ask(server, copy.site.domain, path, If_Modified_Since=first.headers["Last-Modified"])
        assert (changed.status, later.status) == (200, 200)
        server.now = copy.showings[0].at


def test_a_site_that_is_down_answers_500_to_everything(server: DemoServer) -> None:
    for path in ("/robots.txt", "/rss.xml", "/news-sitemap.xml", "/"):
        assert ask(server, "ravennafallsrecord.example", path).status == 500
    assert server.counts()["ravennafallsrecord.example", 500] == 4


def test_robots_forbid_pages_on_two_sites_and_allow_them_elsewhere(server: DemoServer) -> None:
    for copy in server.service.network.copies:
        if copy.site.fault in ("robots_pages", "robots_all", "slow"):
            robots = Protego.parse(ask(server, copy.site.domain, "/robots.txt").body.decode())
            assert robots.can_fetch(copy.url, "Wirefold") == (copy.site.fault == "slow")
            feed = robots.can_fetch(copy.site.absolute(copy.site.feed_path), "Wirefold")
            assert feed == (copy.site.fault != "robots_all")


def test_gzip_is_cut_short_on_one_site_and_whole_on_others(server: DemoServer) -> None:
    cut = pages(server, "truncated_gzip")[0]
    whole = next(copy for copy in server.service.network.copies if copy.site.gzip)
    answers = [ask(server, copy.site.domain, copy.path) for copy in (cut, whole)]
    assert all(answer.headers["Content-Encoding"] == "gzip" for answer in answers)
    with pytest.raises(EOFError):
        gzip.decompress(answers[0].body)
    assert b"</html>" in gzip.decompress(answers[1].body)


def test_the_slow_site_takes_its_time_and_peaks_are_counted(server: DemoServer) -> None:
    copies = pages(server, "slow")
    assert 0 < len(copies) <= 4
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: ask(server, copies[0].site.domain, copies[0].path).status, range(2)))
    assert done == [200, 200] and time.monotonic() - started >= SLOW
    assert server.peak(copies[0].site.domain) == 2
    assert server.peak("kvlt.example") == 0


def test_the_huge_page_comes_without_a_length(server: DemoServer) -> None:
    (copy,) = pages(server, "huge")
    answer = ask(server, copy.site.domain, copy.path)
    assert len(answer.body) >= 30 << 20 and answer.headers["Content-Length"] is None


def test_faulty_pages_are_faulty_as_told(server: DemoServer) -> None:
    (charset,), (date,), (empty,) = (
        pages(server, fault) for fault in ("charset", "impossible_date", "empty")
    )
    lying = ask(server, charset.site.domain, charset.path)
    assert "utf-8" in lying.headers["Content-Type"]
    with pytest.raises(UnicodeDecodeError):
        lying.body.decode()
    undated = ask(server, date.site.domain, date.path).body.decode()
    assert "2026-02-31T25:61:00" in undated and "2026-03-05" not in undated and "/2026/02/31/" in date.path
    entry = (
        ask(server, date.site.domain, "/news-sitemap.xml").body.decode().split(date.url)[1].split("</url>")[0]
    )
    assert "publication_date" not in entry and "lastmod" not in entry
    blank = html.fromstring(gzip.decompress(ask(server, empty.site.domain, empty.path).body).decode())
    assert len(blank.body.text_content().split()) < 25


def test_the_clock_and_the_log_answer_under_loopback_names_only(server: DemoServer) -> None:
    moved = json.dumps({"now": "2026-03-05T06:00:00Z"})
    assert ask(server, "kvlt.example", "/_clock", "POST", moved).status == 404
    assert server.now == NOW
    assert ask(server, "127.0.0.1", "/_clock", "POST", moved).status == 200
    assert server.now == datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
    for wrong in ("{}", "[]", '{"now": "2026-03-05"}', "nothing"):
        assert ask(server, "127.0.0.1", "/_clock", "POST", wrong).status == 400
    counts = json.loads(ask(server, "127.0.0.1", "/_log").body)
    assert counts == [{"host": "kvlt.example", "status": 404, "requests": 1, "peak": 1}]


def test_a_taken_port_is_an_error_at_once(server: DemoServer) -> None:
    with pytest.raises(OSError, match="address"), DemoServer(port=int(server.address.rpartition(":")[2])):
        pass
