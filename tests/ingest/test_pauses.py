"""An outlet of which nothing can be read is left alone, tried again with one request, and told of."""

from __future__ import annotations

from pathlib import Path

from infra.demo.registry import registry_toml
from infra.demo.sites import SITES
from pipeline import steps
from pipeline.config import load_config
from pipeline.ingest.visit import on_trial
from pipeline.lake.folder import FolderStore
from pipeline.model import Run
from pipeline.publish.release import read_table
from tests.e2e.network import EVENING
from tests.ingest.site import World, harvest, outlet

PAUSE = {"pause_after": 3, "pause_hours": 2, "longest_pause_hours": 6}


def test_an_outlet_that_stays_down_is_tried_ever_more_rarely(world: World, lake: FolderStore) -> None:
    feeds = ("http://a.example/feed", "http://a.example/more")
    world.status("a.example/feed", 503)
    world.status("a.example/more", 503)
    asked: dict[int, list[str]] = {}
    reasons = {}
    for hour in range(22):
        world.asked.clear()
        counts, _, sites = harvest(lake, world, outlet("a.example", feeds=feeds), number=hour, **PAUSE)
        asked[hour] = world.paths("a.example")
        assert (counts.outlets, counts.outlets_failed) == (1, 1)
        assert sites["a"]["state"] == ("down" if asked[hour] else "paused")
        reasons[hour] = sites["a"]["reason"]
    everything = ["/robots.txt", "/feed", "/more"]
    assert {hour: paths for hour, paths in asked.items() if paths} == {
        **dict.fromkeys((0, 1, 2), everything),
        4: ["/robots.txt", "/more"],  # after two hours
        8: ["/robots.txt", "/feed"],  # after four
        14: ["/robots.txt", "/more"],  # after six, and so on
        20: ["/robots.txt", "/feed"],
    }
    assert reasons[3] == (
        "nothing could be read in 3 visits on end; asked again from 2026-03-05 16:00 UTC; "
        "last: http://a.example/feed: http_503: answered 503 Service Unavailable"
    )


def test_one_that_is_up_again_is_read_whole_at_once_and_stands_as_before(
    world: World, lake: FolderStore
) -> None:
    feeds = ("http://a.example/feed", "http://a.example/more")
    world.page("a.example/one", "<p>one</p>")
    world.feed("a.example", "/one")
    world.status("a.example/more", 404)
    site = outlet("a.example", feeds=feeds)
    harvest(lake, world, site, **PAUSE)
    world.status("a.example/feed", 503)
    for hour in (2, 3, 4):
        harvest(lake, world, site, number=hour, **PAUSE)
    world.page("a.example/two", "<p>two</p>")
    world.feed("a.example", "/one", "/two")
    states = {}
    for hour in range(5, 12):
        _, pages, sites = harvest(lake, world, site, number=hour, **PAUSE)
        states[hour] = (sites["a"]["state"], sorted(pages))
    assert states[5] == ("paused", [])
    assert states[6] == ("down", []), "its turn was the feed that is gone for good"
    assert {states[hour][0] for hour in (7, 8, 9)} == {"paused"}
    assert states[10] == ("degraded", ["/two"])
    assert states[11] == ("degraded", []), "asked by each run again"


def test_a_run_of_an_older_clock_does_not_move_the_pause(world: World, lake: FolderStore) -> None:
    world.status("a.example/feed", 503)
    for hour in (10, 11, 12):
        harvest(lake, world, outlet("a.example"), number=hour, **PAUSE)
    before = lake.get("state/outlet=a.json")
    assert harvest(lake, world, outlet("a.example"), number=4, **PAUSE)[2]["a"]["state"] == "down"
    assert lake.get("state/outlet=a.json") == before
    assert harvest(lake, world, outlet("a.example"), number=13, **PAUSE)[2]["a"]["state"] == "paused"


def test_each_source_has_its_turn() -> None:
    site = outlet("a.example", feeds=("f1", "f2"), sitemaps=("s1",))
    turns = [on_trial(site, turn) for turn in range(6)]
    assert [(*one.feeds, *one.sitemaps) for one, _ in turns] == [("f1",), ("f2",), ("s1",)] * 2
    for one, others in turns:
        assert {*one.feeds, *others.feeds, *one.sitemaps, *others.sitemaps} == {"f1", "f2", "s1"}


def test_a_pause_is_told_in_runs_and_fails_no_run(world: World, tmp_path: Path) -> None:
    sites = [site for site in SITES if site.site_id in ("kvlt", "valeobserver")]
    (tmp_path / "outlets.toml").write_text(registry_toml(sites))
    path = tmp_path / "wirefold.toml"
    path.write_text(
        f'lake = "lake"\ncache = "cache"\n[network]\nretries = 0\n'
        f'test_address = "127.0.0.1:{world.port}"\npause_after = 1\npause_hours = 3\n'
    )
    config = load_config(path)
    lake = steps.open_lake(config)
    for hour in (0, 1):
        now = Run.at(EVENING.replace(hour=hour))
        for shard in steps.plan(config):
            steps.ingest(lake, now, config, shard.shard)
            steps.extract(lake, now, config, shard.shard)
        assert steps.settle(lake, now, config).outlets_failed == 2
        steps.match(lake, now, config)
        steps.story(lake, now, config)
        steps.publish(lake, now, config)
    told = {(row["run_id"][9:11], row["outlet_id"]): row for row in read_table(lake, "runs").to_pylist()}
    assert {key: row["state"] for key, row in told.items()} == {
        **dict.fromkeys((("00", "kvlt"), ("00", "valeobserver")), "down"),
        **dict.fromkeys((("01", "kvlt"), ("01", "valeobserver")), "paused"),
    }
    assert "asked again from 2026-03-05 03:00 UTC" in told["01", "kvlt"]["reason"]
    assert steps.in_trouble(lake, now, config) == {"kvlt": "paused", "valeobserver": "paused"}
