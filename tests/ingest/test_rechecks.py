"""Known pages are asked for again at set ages, and what becomes of them is told: corrected, gone, back."""

from __future__ import annotations

import pytest

from pipeline.config import Network, load_config
from pipeline.errors import BadInput
from pipeline.ingest.state import load_state
from pipeline.lake.folder import FolderStore
from tests.ingest.site import World, harvest, outlet

AGES = (1.0, 6.0, 24.0, 72.0)


def test_a_page_is_asked_for_at_each_age_though_no_feed_names_it(world: World, lake: FolderStore) -> None:
    world.page("a.example/one", "<p>one</p>", ETag='"1"')
    world.feed("a.example", "/one")
    site, asked = outlet("a.example"), []
    for hour in range(80):
        if hour == 3:
            world.feed("a.example", "/two")
        _, pages, _ = harvest(lake, world, site, number=hour, recheck_hours=AGES)
        asked += [hour for path in pages if path == "/one"]
    assert asked == [0, 1, 6, 24, 72]
    tags = [one.headers.get("If-None-Match") for one in world.asked if one.path == "/one"]
    assert tags == [None, *['"1"'] * 4]
    assert "http://a.example/one" not in load_state(lake, "a").pages, "its schedule is over"


def test_a_run_that_comes_late_asks_once_for_all_ages_that_have_passed(
    world: World, lake: FolderStore
) -> None:
    world.page("a.example/one", "<p>one</p>")
    world.feed("a.example", "/one", etag='"1"')
    asked = {}
    for hour in (0, 30, 31, 71, 200, 201):
        asked[hour] = list(harvest(lake, world, outlet("a.example"), number=hour, recheck_hours=AGES)[1])
    assert [hour for hour, paths in asked.items() if paths] == [0, 30, 200]


def test_a_correction_is_seen_though_the_feed_does_not_tell(world: World, lake: FolderStore) -> None:
    world.page("a.example/one", "<p>first</p>", ETag='"1"')
    world.feed("a.example", "/one", etag='"f"')
    harvest(lake, world, outlet("a.example"), recheck_hours=AGES)
    world.page("a.example/one", "<p>corrected</p>", ETag='"2"')
    _, pages, _ = harvest(lake, world, outlet("a.example"), number=2, recheck_hours=AGES)
    assert pages["/one"]["outcome"] == "fetched"
    assert pages["/one"]["feed_headline"] == "News of /one"
    assert pages["/one"]["feed_published_at"].hour == 9


def test_gone_is_said_at_once_by_410_and_by_404_in_two_runs(world: World, lake: FolderStore) -> None:
    for path in ("/one", "/two", "/three"):
        world.page(f"a.example{path}", f"<p>{path}</p>", ETag=f'"{path}"')
    world.feed("a.example", "/one", "/two", "/three", etag='"f"')
    told: dict[int, dict[str, tuple[str, str | None]]] = {}
    for hour in range(8):
        if hour == 1:
            world.status("a.example/one", 410)
            world.status("a.example/two", 404)
            world.status("a.example/three", 404)
        if hour == 2:
            world.page("a.example/three", "<p>/three</p>", ETag='"/three"')
        if hour == 6:
            world.page("a.example/two", "<p>/two</p>")
        _, pages, sites = harvest(lake, world, outlet("a.example"), number=hour, recheck_hours=AGES)
        told[hour] = {path: (row["outcome"], row["reason"]) for path, row in pages.items()}
        assert sites["a"]["state"] == "ok", "a page that was taken off is no trouble"
    gone, missing = ("skipped", "gone"), ("skipped", "missing")
    assert told[1] == {"/one": gone, "/two": missing, "/three": missing}
    assert told[2] == {"/two": gone, "/three": ("unchanged", "not_modified")}
    assert told[3] == told[4] == told[5] == {}
    assert told[6] == {
        "/one": gone,
        "/two": ("unchanged", "same_bytes"),
        "/three": ("unchanged", "not_modified"),
    }


def test_gone_is_what_leads_to_the_front_page_in_two_runs(world: World, lake: FolderStore) -> None:
    world.page("a.example/one", "<p>one</p>")
    world.page("a.example/", "<p>all the news</p>", ETag='"home"')
    world.status("a.example/never", 302, Location="/")
    world.page("a.example/moved", "<p>elsewhere</p>")
    world.feed("a.example", "/one", "/never", "/moved", "/", etag='"f"')
    _, pages, _ = harvest(lake, world, outlet("a.example"), number=0, recheck_hours=AGES)
    assert {path: row["reason"] for path, row in pages.items()} == {
        "/one": None,
        "/never": "front_page",
        "/moved": None,
        "/": None,
    }
    world.status("a.example/one", 301, Location="http://www.a.example")
    world.page("www.a.example/", "<p>all the news</p>", ETag='"home"')
    world.status("a.example/moved", 301, Location="/?p=7")
    world.page("a.example/?p=7", "<p>elsewhere</p>")
    reasons = {}
    for hour in (1, 2, 3):
        _, pages, _ = harvest(lake, world, outlet("a.example"), number=hour, recheck_hours=AGES)
        reasons[hour] = {path: (row["outcome"], row["reason"]) for path, row in pages.items()}
    assert reasons[1]["/one"] == ("skipped", "missing")
    assert reasons[1]["/moved"] == ("unchanged", "same_bytes")
    assert reasons[2] == {"/one": ("skipped", "gone")}
    assert reasons[3] == {}


def test_nothing_is_gone_of_a_site_that_answers_404_to_everything(world: World, lake: FolderStore) -> None:
    world.page("a.example/one", "<p>one</p>")
    world.feed("a.example", "/one")
    harvest(lake, world, outlet("a.example"), recheck_hours=AGES)
    world.answers.clear()
    for hour in (2, 3, 4):
        _, pages, sites = harvest(lake, world, outlet("a.example"), number=hour, recheck_hours=AGES)
        assert (pages, sites["a"]["state"]) == ({}, "down")
    world.page("a.example/one", "<p>one</p>")
    world.feed("a.example", "/one")
    _, pages, _ = harvest(lake, world, outlet("a.example"), number=5, recheck_hours=AGES)
    assert pages["/one"]["outcome"] == "unchanged"


def test_a_page_that_fails_is_asked_for_by_each_run_for_so_long(world: World, lake: FolderStore) -> None:
    world.status("a.example/one", 503)
    world.feed("a.example", "/one", etag='"f"')
    asked = [
        hour for hour in range(8) if harvest(lake, world, outlet("a.example"), number=hour, retry_hours=4)[1]
    ]
    assert asked == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("ages", ["[6, 1]", "[0]", "[1, 1]"])
def test_ages_rise(ages: str, tmp_path: object) -> None:
    path = tmp_path / "wirefold.toml"  # type: ignore[operator]
    path.write_text(f'lake = "lake"\n[network]\nrecheck_hours = {ages}\n')
    with pytest.raises(BadInput, match="recheck_hours: expected hours above 0, each more than"):
        load_config(path)
    assert Network().recheck_hours[-1] == AGES[-1]
