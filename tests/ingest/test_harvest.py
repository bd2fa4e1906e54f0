"""A shard against real servers on loopback: what is asked, what is kept, what a fault becomes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from itertools import pairwise
from statistics import median

import pytest
from aiohttp import web

from pipeline.counts import Counts
from pipeline.errors import Failed
from pipeline.ingest.harvest import ingest_shard
from pipeline.ingest.warc import read_page
from pipeline.lake.folder import FolderStore
from pipeline.params import Params
from tests.ingest.site import World, harvest, outlet, run

MIB = 1 << 20


def test_pages_are_kept_as_sent_and_found_again_by_their_offset(world: World, lake: FolderStore) -> None:
    plain, packed = b"<p>The ferry sails.</p>", "<p>Die Fähre fährt.</p>".encode("latin-1") * 50
    world.page("a.example/one?id=7", plain)
    world.page(
        "a.example/two",
        gzip.compress(packed),
        Content_Encoding="gzip",
        Content_Type="text/html; charset=latin-1",
    )
    world.feed("a.example", "/one?id=7", "/two", "/two?utm_source=rss#top")
    counts, pages, sites = harvest(lake, world, outlet("a.example"))

    assert counts == Counts(fetched=2, outlets=1, bytes_fetched=sites["a"]["bytes_fetched"]), (
        "a tracking parameter is no other page"
    )
    for path, content in (("/one?id=7", plain), ("/two", packed)):
        row = pages[path]
        page = read_page(lake, row["raw_key"], row["raw_offset"], MIB)
        assert page.body == content
        assert page.url == row["final_url"] == f"http://a.example{path}"
        assert page.date == run().now
        assert row["raw_sha256"] == hashlib.sha256(content).hexdigest()
    assert (pages["/two"]["charset"], pages["/two"]["content_type"]) == ("latin-1", "text/html")
    assert pages["/two"]["feed_headline"] == "News of /two"
    assert pages["/two"]["feed_published_at"].hour == 9
    assert sites["a"]["state"] == "ok"
    agents = {asked.headers["User-Agent"] for asked in world.asked}
    assert len(agents) == 1
    assert agents.pop().startswith("Wirefold/")


def test_a_page_and_its_variants_are_asked_for_once_by_its_address(world: World, lake: FolderStore) -> None:
    page = "/2026/ferry-sails-again-20260305"
    world.page(f"www.a.example{page}", "<p>ferry</p>")
    links = (f"{page}/amp", page, f"{page}?outputType=amp", f"{page}?id=7")
    world.feed("www.a.example", *links)
    world.page(f"www.a.example{page}?id=7", "<p>another</p>")
    site = outlet("a.example", feeds=("http://www.a.example/feed",))
    counts, pages, _ = harvest(lake, world, site)
    assert counts.fetched == 2
    assert pages.keys() == {page, f"{page}?id=7"}
    assert world.paths("www.a.example")[2:] == [page, f"{page}?id=7"]


def test_an_unchanged_feed_costs_one_request_and_asks_for_no_page(world: World, lake: FolderStore) -> None:
    world.page("a.example/one", "<p>one</p>")
    world.feed("a.example", "/one", etag='"1"')
    world.page("b.example/one", "<p>one</p>")
    world.feed("b.example", "/one")  # without validators: known by its bytes
    both = (outlet("a.example"), outlet("b.example"))
    assert harvest(lake, world, *both)[0].fetched == 2
    world.asked.clear()

    counts, pages, sites = harvest(lake, world, *both, number=2)
    assert counts.fetched == 0
    assert not pages
    assert world.paths("a.example") == world.paths("b.example") == ["/robots.txt", "/feed"]
    assert {site["feeds_unchanged"] for site in sites.values()} == {1}


def test_a_quiet_outlet_is_asked_ever_more_rarely_within_bounds(world: World, lake: FolderStore) -> None:
    for host in ("a.example", "b.example"):
        world.page(f"{host}/one", "<p>one</p>")
        world.feed(host, "/one", etag='"1"')
    both = (outlet("a.example"), outlet("b.example"))
    asked: dict[int, list[str]] = {}
    for hour in range(1, 18):
        if hour != 1:
            world.page(f"b.example/{hour}", f"<p>{hour}</p>")
            world.feed("b.example", "/one", f"/{hour}", etag=f'"{hour}"')
        if hour == 12:
            world.page("a.example/two", "<p>two</p>")
            world.feed("a.example", "/one", "/two", etag='"2"')
        _, _, sites = harvest(lake, world, *both, number=hour, poll_minutes=(0, 240))
        asked[hour] = list(sites)
    assert [hour for hour, ids in asked.items() if "a" in ids] == [1, 2, 4, 8, 12, 16]
    assert all("b" in ids for ids in asked.values())


def test_an_outlet_is_asked_by_how_much_is_new_within_its_own_bounds(world: World, lake: FolderStore) -> None:
    sites = {
        "busy": outlet("busy.example", poll_minutes=(120, 600)),  # four new pages an hour
        "slow": outlet("slow.example", poll_minutes=(0, 600)),  # a page every five hours
        "free": outlet("free.example"),  # as the configuration says, and silent
    }
    named: dict[str, list[str]] = {name: [] for name in sites}
    asked: dict[str, list[int]] = {name: [] for name in sites}
    for hour in range(40):
        for name, new in (("busy", 4), ("slow", hour % 5 == 0), ("free", hour == 0)):
            for number in range(new):
                named[name].append(f"/{hour}-{number}")
                world.page(f"{name}.example{named[name][-1]}", f"<p>{hour} {number}</p>")
            world.feed(f"{name}.example", *named[name], etag=f'"{len(named[name])}"')
        for name in harvest(lake, world, *sites.values(), number=hour, poll_minutes=(0, 60))[2]:
            asked[name].append(hour)
    assert asked["busy"] == [*range(0, 40, 2)]
    assert asked["free"] == [*range(40)]
    gaps = [after - before for before, after in pairwise(asked["slow"])]
    assert 3 <= sum(gaps[-6:]) / 6 <= 7, gaps


def test_a_known_page_of_which_a_feed_says_something_new_is_asked_for_conditionally(
    world: World, lake: FolderStore
) -> None:
    world.page("a.example/tagged", "<p>tagged</p>", ETag='"t1"')
    world.page("a.example/plain", "<p>plain</p>")
    world.page("a.example/corrected", "<p>first</p>", ETag='"c1"')
    world.page("a.example/same", "<p>same</p>")
    known = ("/tagged", "/plain", "/corrected", "/same")
    world.feed("a.example", *known, etag='"1"')
    harvest(lake, world, outlet("a.example"))
    world.asked.clear()

    world.page("a.example/corrected", "<p>second</p>", ETag='"c2"')
    world.page("a.example/new", "<p>new</p>")
    world.feed("a.example", *known, "/new", etag='"2"', corrected=known[:3])
    counts, pages, _ = harvest(lake, world, outlet("a.example"), number=2)

    outcomes = {path: (row["outcome"], row["reason"]) for path, row in pages.items()}
    assert outcomes == {
        "/tagged": ("unchanged", "not_modified"),
        "/plain": ("unchanged", "same_bytes"),
        "/corrected": ("fetched", None),
        "/new": ("fetched", None),
    }
    assert (counts.fetched, counts.unchanged) == (4, 2)
    tags = {asked.path: asked.headers.get("If-None-Match") for asked in world.asked}
    assert tags["/tagged"] == '"t1"'
    assert tags["/corrected"] == '"c1"'
    assert world.paths("a.example")[2] == "/new", "what is new is asked for first"


def test_robots_withholds_pages_sites_and_for_a_broken_server_everything(
    world: World, lake: FolderStore
) -> None:
    for host in ("a.example", "b.example", "c.example"):
        world.feed(host, "/open", "/closed/one")
        world.page(f"{host}/open", "<p>open</p>")
    world.page("a.example/robots.txt", "User-agent: *\nDisallow: /closed/", Content_Type="text/plain")
    world.page("b.example/robots.txt", "User-agent: wirefold\nDisallow: /", Content_Type="text/plain")
    world.status("c.example/robots.txt", 500)
    counts, pages, sites = harvest(lake, world, *map(outlet, ("a.example", "b.example", "c.example")))

    assert pages["/closed/one"]["outcome"] == "skipped"
    assert pages["/closed/one"]["reason"] == "robots"
    assert (counts.fetched, counts.skipped, counts.outlets_failed) == (2, 1, 1)
    assert {name: site["state"] for name, site in sites.items()} == {
        "a": "ok",
        "b": "forbidden",
        "c": "down",
    }
    assert "http_500" in sites["c"]["reason"]
    assert world.paths("a.example") == ["/robots.txt", "/feed", "/open"]
    assert world.paths("b.example") == world.paths("c.example") == ["/robots.txt"]


def test_each_fault_of_a_page_is_a_row_with_its_reason(world: World, lake: FolderStore) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response(text="late")

    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        for _ in range(30):
            await response.write(b"x" * MIB)
        return response

    async def cut_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<p>only this")
        assert request.transport
        request.transport.close()
        return response

    packed = gzip.compress(b"<p>A tide table.</p>" * 500)
    world.page("a.example/good", "<p>good</p>")
    world.page("a.example/long", b"x" * (30 * MIB))
    world.page("a.example/bomb", gzip.compress(b"\0" * (30 * MIB)), Content_Encoding="gzip")
    world.page("a.example/truncated", packed[:-20], Content_Encoding="gzip")
    world.page("a.example/no-gzip", b"<p>plain</p>", Content_Encoding="gzip")
    world.page("a.example/file.pdf", b"%PDF-", Content_Type="application/pdf")
    world.status("a.example/gone", 410)
    world.status("a.example/broken", 502)
    world.status("a.example/metadata", 302, Location="http://169.254.169.254/latest/meta-data/")
    world.status("a.example/literal", 301, Location=f"http://127.0.0.1:{world.port}/good")
    world.status("a.example/number", 302, Location=f"http://2130706433:{world.port}/good")
    world.status("a.example/localhost", 302, Location=f"http://localhost:{world.port}/good")
    world.status("a.example/file", 302, Location="file:///etc/passwd")
    world.status("a.example/loop", 302, Location="/loop2")
    world.status("a.example/loop2", 302, Location="/loop")
    world.status("a.example/away", 302, Location="http://other.example/good")
    world.status("a.example/moved", 301, Location="http://www.a.example/good")
    world.page("www.a.example/good", "<p>moved</p>")
    world.answers |= {
        "a.example/slow": slow,
        "a.example/chunked": chunked,
        "a.example/cut-off": cut_off,
    }
    expected = {
        "/good": ("fetched", None),
        "/long": ("quarantined", "too_large"),
        "/bomb": ("quarantined", "too_large"),
        "/chunked": ("quarantined", "too_large"),
        "/truncated": ("quarantined", "truncated"),
        "/cut-off": ("quarantined", "cut_off"),
        "/no-gzip": ("quarantined", "corrupt"),
        "/file.pdf": ("skipped", "content_type"),
        "/missing": ("quarantined", "http_404"),
        "/gone": ("quarantined", "http_410"),
        "/broken": ("quarantined", "http_502"),
        "/metadata": ("quarantined", "not_public"),
        "/literal": ("quarantined", "not_public"),
        "/number": ("skipped", "other_site"),
        "/file": ("quarantined", "not_public"),
        "/loop": ("quarantined", "redirect_loop"),
        "/localhost": ("skipped", "other_site"),
        "/away": ("skipped", "other_site"),
        "/moved": ("fetched", None),
        "/slow": ("quarantined", "timeout"),
    }

    world.feed("a.example", *expected)
    counts, pages, sites = harvest(
        lake, world, outlet("a.example", max_concurrency=8), connect_seconds=0.5, read_seconds=0.5
    )
    assert {path: (row["outcome"], row["reason"]) for path, row in pages.items()} == expected
    assert all(row["detail"] for row in pages.values() if row["outcome"] == "quarantined")
    assert counts.fetched == len(expected)
    assert counts.fetched - counts.settled == 2, "the two good ones are settled by extraction"
    assert sites["a"]["state"] == "degraded"
    assert world.paths("127.0.0.1") == world.paths("localhost") == world.paths("other.example") == []
    assert sites["a"]["bytes_fetched"] < 20 * MIB, "a declared length over the cap is not even begun"


def test_no_host_is_asked_by_more_at_once_or_sooner_than_it_allows(world: World, lake: FolderStore) -> None:
    async def takes_a_while(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.03)
        return web.Response(text=request.path, content_type="text/html")

    paths = [f"/{number}" for number in range(12)]
    for host in ("a.example", "b.example"):
        world.feed(host, *paths)
        world.answers |= {f"{host}{path}": takes_a_while for path in paths}
    world.page("b.example/robots.txt", "User-agent: *\nCrawl-delay: 0.1", Content_Type="text/plain")
    outlets = (
        outlet("a.example", max_concurrency=3),
        outlet("a.example", max_concurrency=3, outlet_id="a-too"),
        outlet("b.example", max_concurrency=3),
    )
    counts, _, _ = harvest(lake, world, *outlets)

    assert counts.fetched == 36
    assert world.peak["a.example"] == 3
    starts = [asked.at for asked in world.asked if asked.host == "b.example"][2:]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert median(gaps) > 0.095, "one that arrives late makes one gap long and the next one short"


def test_what_may_pass_is_retried_when_the_server_says(world: World, lake: FolderStore) -> None:
    async def busy_once(request: web.Request) -> web.StreamResponse:
        if world.paths("a.example").count("/busy") == 1:
            return web.Response(status=503, headers={"Retry-After": "1"})
        return web.Response(text="<p>now</p>", content_type="text/html")

    world.answers["a.example/busy"] = busy_once
    world.status("a.example/later", 429, Retry_After="3600")
    world.status("a.example/gone", 404)
    world.feed("a.example", "/busy", "/later", "/gone")
    _, pages, _ = harvest(lake, world, outlet("a.example"), retries=2)

    assert pages["/busy"]["outcome"] == "fetched"
    first, second = (asked.at for asked in world.asked if asked.path == "/busy")
    assert second - first >= 1
    assert pages["/later"]["reason"] == "http_429"
    assert world.paths("a.example").count("/later") == 1, "an hour is the next run's business"
    assert world.paths("a.example").count("/gone") == 1


def test_a_failed_page_is_asked_for_again_though_its_feed_has_not_changed(
    world: World, lake: FolderStore
) -> None:
    world.status("a.example/one", 503)
    world.page("a.example/two", "<p>two</p>", ETag='"2"')
    world.feed("a.example", "/one", "/two", etag='"1"')
    assert harvest(lake, world, outlet("a.example"))[1]["/one"]["reason"] == "http_503"

    world.page("a.example/one", "<p>one</p>")
    _, pages, _ = harvest(lake, world, outlet("a.example"), number=2)
    assert {path: row["outcome"] for path, row in pages.items()} == {"/one": "fetched"}
    assert harvest(lake, world, outlet("a.example"), number=3)[0].fetched == 0


def test_pages_over_the_cap_come_in_the_next_runs(world: World, lake: FolderStore) -> None:
    paths = [f"/{number}" for number in range(5)]
    for path in paths:
        world.page(f"a.example{path}", f"<p>{path}</p>", ETag=f'"{path}"')
    world.feed("a.example", *paths, etag='"1"')
    fetched = []
    for number in (1, 2, 3):
        _, pages, sites = harvest(lake, world, outlet("a.example"), number=number, pages_per_outlet=2)
        fetched += [path for path, row in pages.items() if row["outcome"] == "fetched"]
        if number == 1:
            assert "5 pages found" in sites["a"]["reason"]
            world.feed("a.example", *paths[:1])  # they have rolled out of the feed
    assert sorted(fetched) == paths


def test_a_site_that_keeps_failing_is_left_alone(world: World, lake: FolderStore) -> None:
    paths = [f"/{number}" for number in range(10)]
    for path in paths:
        world.status(f"a.example{path}", 500)
    world.feed("a.example", *paths, etag='"1"')
    counts, pages, sites = harvest(lake, world, outlet("a.example", max_concurrency=1), give_up_after=3)

    assert len(world.paths("a.example")) == 2 + 3
    assert (counts.quarantined, counts.skipped) == (3, 7)
    assert {row["reason"] for row in pages.values()} == {"http_500", "outlet_down"}
    assert sites["a"]["state"] == "degraded"


def test_sitemaps_and_their_indexes_are_read_and_packed_ones_too(world: World, lake: FolderStore) -> None:
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = "".join(f"<sitemap><loc>http://a.example/{name}</loc></sitemap>" for name in ("s1.xml.gz", "s2"))
    pages = f"<urlset {space}><url><loc>http://a.example/one</loc></url></urlset>"
    world.page("a.example/index", f"<sitemapindex {space}>{index}</sitemapindex>", ETag='"i"')
    world.page("a.example/s1.xml.gz", gzip.compress(pages.encode()), Content_Type="application/gzip")
    world.status("a.example/s2", 503)
    world.page("a.example/one", "<p>one</p>", ETag='"1"')
    site = outlet("a.example", feeds=(), sitemaps=("http://a.example/index",))
    counts, _, sites = harvest(lake, world, site)
    assert counts.fetched == 1
    assert sites["a"]["state"] == "degraded"

    more = pages.replace("/one", "/two")
    world.page("a.example/s2", more)
    world.page("a.example/two", "<p>two</p>")
    _, second, sites = harvest(lake, world, site, number=2)
    assert second["/two"]["outcome"] == "fetched", "the index answered 304 before its sitemap was read"
    assert sites["a"]["state"] == "ok"


def test_a_broken_feed_takes_nothing_else_with_it(world: World, lake: FolderStore) -> None:
    world.page("a.example/feed", "<html><p>We have moved.</html>")
    world.feed("b.example", "/one")
    world.page("b.example/one", "<p>one</p>")
    counts, _, sites = harvest(lake, world, outlet("a.example"), outlet("b.example"))
    assert (counts.fetched, counts.outlets_failed) == (1, 1)
    assert (sites["a"]["state"], sites["b"]["state"]) == ("down", "ok")
    assert "bad_feed" in sites["a"]["reason"]


def test_a_rerun_does_no_work_and_gives_the_same_counts(world: World, lake: FolderStore) -> None:
    world.feed("a.example", "/one", "/missing")
    world.page("a.example/one", "<p>one</p>")
    first, _, _ = harvest(lake, world, outlet("a.example"))
    before = [(stored.key, lake.get(stored.key)) for stored in lake.list("")]
    world.asked.clear()
    again, _, _ = harvest(lake, world, outlet("a.example"))
    assert again == first
    assert world.asked == []
    assert [(stored.key, lake.get(stored.key)) for stored in lake.list("")] == before


class DyingStore(FolderStore):
    """Dies, as a killed process would, when it is about to write under `prefix`."""

    prefix = ""

    def _die(self, key: str) -> None:
        if self.prefix and key.startswith(self.prefix):
            raise Failed(f"killed at {key}")

    def put(self, key: str, data: bytes) -> None:
        self._die(key)
        super().put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._die(key)
        return super().put_if_absent(key, data)

    def put_file(self, key: str, path: str) -> None:
        self._die(key)
        super().put_file(key, path)


@pytest.mark.parametrize("dies_at", ["raw/", "raw/sites/", "raw/fetches/"])
def test_killed_anywhere_the_rerun_has_every_page(world: World, lake: FolderStore, dies_at: str) -> None:
    world.feed("a.example", "/one", "/two", etag='"1"')
    world.page("a.example/one", "<p>one</p>", ETag='"1"')
    world.page("a.example/two", "<p>two</p>", ETag='"2"')
    dying = DyingStore(lake.url)
    dying.prefix = dies_at
    with pytest.raises(Failed, match=dies_at):
        harvest(dying, world, outlet("a.example"))
    assert not lake.exists("state/outlet=a.json"), "a state must not speak of what is not committed"

    counts, pages, _ = harvest(lake, world, outlet("a.example"))
    assert counts.fetched == 2
    bodies = {read_page(lake, row["raw_key"], row["raw_offset"], MIB).body for row in pages.values()}
    assert bodies == {b"<p>one</p>", b"<p>two</p>"}


def test_of_two_attempts_at_once_the_first_to_commit_holds(world: World, lake: FolderStore) -> None:
    world.feed("a.example", "/one")
    world.page("a.example/one", "<p>first</p>")

    class Overtaken(FolderStore):
        def put_file(self, key: str, path: str) -> None:
            world.page("a.example/one", "<p>second, and longer</p>")
            harvest(lake, world, outlet("a.example"))
            super().put_file(key, path)

    _, pages, _ = harvest(Overtaken(lake.url), world, outlet("a.example"))
    row = pages["/one"]
    body = read_page(lake, row["raw_key"], row["raw_offset"], MIB).body
    assert body == b"<p>second, and longer</p>", "the slower one has not written over it"
    assert row["raw_sha256"] == hashlib.sha256(body).hexdigest()


def test_progress_counts_pages(world: World, lake: FolderStore) -> None:
    world.feed("a.example", "/one", "/two")
    told: list[tuple[int, int]] = []
    ingest_shard(
        lake,
        run(),
        "000",
        [outlet("a.example")],
        world.network(),
        Params(),
        lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 2), (1, 2), (2, 2)]
