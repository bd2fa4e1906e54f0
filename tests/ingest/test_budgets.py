"""What a run may cost is bounded, and what it leaves over is taken by the next ones."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Network
from pipeline.ingest.figures import Figures
from pipeline.lake.folder import FolderStore
from tests.ingest.site import World, harvest, outlet, run

HOSTS = tuple(f"{letter}.example" for letter in "abcdef")
PATHS = tuple(f"/{number}" for number in range(5))


def open_sites(world: World) -> None:
    for host in HOSTS:
        for path in PATHS:
            world.page(f"{host}{path}", f"<p>{host}{path}</p>" + "x" * 1000)
        world.feed(host, *PATHS, etag='"f"')


@pytest.mark.parametrize(
    "bound", [{"pages_per_run": 10}, {"requests_per_run": 20}, {"bytes_per_run": 15_000}]
)
def test_no_page_is_lost_and_none_is_asked_twice(
    world: World, lake: FolderStore, bound: dict[str, int]
) -> None:
    open_sites(world)
    sites = [outlet(host, max_concurrency=1) for host in HOSTS]
    fetched, (name,) = 0, bound
    for number in range(1, 12):
        world.asked.clear()
        counts, _, told = harvest(lake, world, *sites, number=number, total_concurrency=1, **bound)
        fetched += counts.fetched
        left = sum(row["pages_left"] for row in told.values() if row["state"] != "postponed")
        if number == 1:
            for host in HOSTS:
                world.feed(host)  # all have rolled out of their feeds
            assert 10 <= counts.fetched <= 15
            cut = [row for row in told.values() if row["state"] == "ok" and row["pages_left"]]
            assert [row["reason"] for row in cut] == [
                f"5 pages found, {5 - row['pages_left']} taken ({name})" for row in cut
            ]
            late = [row for row in told.values() if row["state"] == "postponed"]
            assert {row["reason"] for row in late} == {f"{name} was reached before its turn"}
            assert counts.outlets == len(HOSTS)
            assert counts.outlets_failed == 0
            met = {row["outlet_id"] for row in told.values() if row["state"] == "ok"}
            assert left == 5 * len(met) - counts.fetched
    # the feeds of the outlets that were postponed in the first run name nothing any more
    assert fetched == 5 * len(met)
    assert left == 0


def test_over_some_runs_each_outlet_has_its_turn(world: World, lake: FolderStore) -> None:
    open_sites(world)
    sites = [outlet(host) for host in HOSTS]
    first = set()
    for number in range(1, 30):
        told = harvest(lake, world, *sites, number=number, total_concurrency=1, requests_per_run=1)[2]
        first |= {row["outlet_id"] for row in told.values() if row["state"] == "ok"}
    assert first == {"a", "b", "c", "d", "e", "f"}


@given(st.integers(0, 10**12), st.lists(st.integers(1, 400), min_size=1, max_size=16))
def test_the_shares_of_shards_are_the_whole_but_for_rounding(bound: int, shards: list[int]) -> None:
    network = Network(pages_per_run=bound)
    shares = [network.share(part, sum(shards)).pages_per_run for part in shards]
    assert bound <= sum(shares) < bound + len(shards)
    assert all((share == 0) == (bound == 0) for share in shares), "0 means no bound"


def test_how_long_requests_took_is_told(world: World, lake: FolderStore) -> None:
    open_sites(world)
    _, _, told = harvest(lake, world, outlet("a.example"))
    assert 0 <= told["a"]["latency_median_ms"] <= told["a"]["latency_slowest_ms"] < 60_000


def test_figures_of_a_run_count_each_page_that_was_not_used_once(world: World, lake: FolderStore) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response(text="<p>late</p>", content_type="text/html")

    open_sites(world)
    world.status("a.example/0", 404)
    world.status("a.example/1", 404)
    world.answers["a.example/2"] = slow
    world.page("b.example/robots.txt", "User-agent: *\nDisallow: /3", Content_Type="text/plain")
    sites = [outlet("a.example"), outlet("b.example"), outlet("c.example", feeds=("http://c.example/no",))]
    counts, _, told = harvest(lake, world, *sites, pages_per_outlet=4)
    figures = Figures.of(lake, run(), ["000", "001"])
    assert figures.unused == {"http_404": 2, "robots": 1}
    assert sum(figures.unused.values()) == counts.quarantined + counts.skipped
    assert {name: one["unused"] for name, one in figures.outlets.items()} == {"a": 2, "b": 1, "c": 0}
    assert figures.outlets["a"]["latency_slowest_ms"] >= 300
    assert figures.whole["latency_slowest_ms"] == max(row["latency_slowest_ms"] for row in told.values())
    assert figures.whole["pages_left"] == 2
