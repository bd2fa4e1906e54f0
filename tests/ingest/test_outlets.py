"""`wirefold outlets` on the demo network: a registry is checked and tried, an entry is proposed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.demo.registry import registry_toml
from infra.demo.server import DemoServer
from infra.demo.sites import SITES
from pipeline.cli import app
from pipeline.errors import BadInput, Failed
from pipeline.ingest.discover import discover
from pipeline.ingest.home import Home, read_home
from pipeline.ingest.registry import load_outlets
from pipeline.params import Params
from tests.ingest.site import World

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer(slow_seconds=0.1) as running:
        yield running


@pytest.fixture
def config(server: DemoServer, tmp_path: Path) -> Path:
    path = tmp_path / "wirefold.toml"
    path.write_text(f'lake = "lake"\n[network]\nretries = 0\ntest_address = "{server.address}"\n')
    return path


def outlets(*args: object) -> Result:
    return CliRunner().invoke(app, ["outlets", *map(str, args)])


def test_each_outlet_of_the_demo_is_tried_and_its_trouble_is_named(server: DemoServer, config: Path) -> None:
    result = outlets("check", ROOT / "infra/demo/outlets.toml", "--config", config, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    trials: dict[str, dict[str, Any]] = {one["outlet_id"]: one for one in found["trials"]}
    assert list(trials) == [site.site_id for site in SITES]
    bad = {name: one["problem"] for name, one in trials.items() if one["problem"]}
    assert set(bad) == {site.site_id for site in SITES if not site.readable}
    for name, reason in (
        ("ravennafallsrecord", "robots_unreachable: "),
        ("juniperflatscourier", "robots: "),
        ("valeobserver", "robots: "),
        ("dryforksentinel", "truncated: "),
    ):
        assert f": {reason}" in bad[name]
    assert {one["robots"] for name, one in trials.items() if name not in bad} == {"allows"}
    assert all(one["pages"] and one["bytes"] and one["newest"] for n, one in trials.items() if n not in bad)
    notes = [source["reason"] for source in trials["harrowpointbeacon"]["sources"] if source["reason"]]
    assert notes
    assert "broken XML" in notes[0], "read all the same, and told"


def test_the_table_has_a_line_an_outlet(tmp_path: Path, config: Path) -> None:
    registry = tmp_path / "outlets.toml"
    registry.write_text(registry_toml([site for site in SITES if site.site_id in ("kvlt", "valeobserver")]))
    result = outlets("check", registry, "--config", config)
    assert result.exit_code == 1
    lines = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}
    assert lines["kvlt"][1] == "2/2"
    assert lines["kvlt"][-2:] == ["allows", "ok"]
    assert "valeobserver.example/robots.txt withholds" in result.stdout
    assert result.stdout.endswith("2 outlets, 1 with a problem\n")


def test_all_that_is_wrong_with_a_registry_is_told_with_its_lines(tmp_path: Path) -> None:
    registry = tmp_path / "outlets.toml"
    entry = '[[outlet]]\nid = "{id}"\nname = "N"\ndomain = "{domain}"\n{more}\n'
    registry.write_text(
        entry.format(id="A b", domain="a.example", more='time_zone = "Mars/Base"')
        + entry.format(id="b", domain="nowhere", more='feeds = ["ftp://b.example/feed"]')
    )
    result = outlets("check", registry, "--offline")
    assert result.exit_code == 2
    told = result.stderr.splitlines()
    places = [line.partition(f"{registry}:")[2].partition(": ")[0] for line in told]
    assert sorted(places) == ["10", "2", "5", "9"]
    assert any("expected an IANA time zone" in line for line in told)
    registry.write_text(entry.format(id="a", domain="a.example", more="") * 2)
    faults = json.loads(outlets("check", registry, "--offline", "--json").stdout)["faults"]
    assert len(faults) == 3, "no feeds, the same id, no feeds"


def test_offline_asks_nobody(server: DemoServer, config: Path) -> None:
    before = len(server.log)
    result = outlets("check", ROOT / "infra/demo/outlets.toml", "--offline", "--config", config)
    assert (result.exit_code, len(server.log)) == (0, before)
    assert result.stdout.endswith("20 outlets\n")


def test_what_is_discovered_is_what_the_registry_of_the_demo_says(config: Path, tmp_path: Path) -> None:
    """But for what no home page says. An old site names neither feed nor owner."""
    for site in SITES:
        if site.fault not in ("", "slow"):
            continue
        result = outlets("discover", site.domain, "--config", config)
        assert result.exit_code == 0, result.output
        (tmp_path / "found.toml").write_text(result.stdout)
        (found,) = load_outlets(tmp_path / "found.toml")
        assert (found.outlet_id, found.name, found.domain) == (site.site_id, site.name, site.domain)
        assert found.feeds == (site.absolute(site.feed_path),)
        assert found.sitemaps == (site.absolute(site.sitemap_path),)
        assert found.call_sign == site.call_sign
        if site.json_ld != "none":
            assert (found.owner_group, found.market) == (site.owner_group, site.market)
        assert found.time_zone in ("UTC", site.time_zone)


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("ravennafallsrecord.example", "robots_unreachable"),
        ("juniperflatscourier.example", "withholds / from us"),
        ("nobody.example", "http_404"),
    ],
)
def test_a_home_page_that_cannot_be_read_is_a_failure_with_its_reason(
    config: Path, domain: str, reason: str
) -> None:
    result = outlets("discover", domain, "--config", config)
    assert isinstance(result.exception, Failed)
    assert reason in str(result.exception)


def test_what_is_no_domain_is_bad_input(world: World) -> None:
    for text in ("", "x y", "localhost", "http://", "10.0.0.7", "kmrx.example/feed"):
        with pytest.raises(BadInput, match="expected a domain"):
            discover(text, world.network(), Params())
    assert world.asked == []


def test_a_hostile_home_page_gives_one_entry_and_leads_nowhere(world: World, tmp_path: Path) -> None:
    organisation = {"@type": "Organization", "name": 'A\n[[outlet]]\nid = "evil"\x7f'}
    world.page(
        "a.example/",
        f"""<html lang="es-US"><link rel="alternate" type="application/rss+xml" href="/feed">
        <link rel="alternate" type="application/rss+xml" href="http://127.0.0.1:{world.port}/secret">
        <link rel="alternate" type="application/rss+xml" href="http://b.example/&#10;id = 1&#10;#">
        <link rel="alternate" type="application/rss+xml" href="/empty?&#10;&#10;[[outlet]]">
        <link rel="alternate" type="application/atom+xml" href="/same">
        <script type="application/ld+json">{"[" * 100_000}</script>
        <script type="application/ld+json">{json.dumps(organisation)}</script>""",
    )
    world.feed("a.example", "/one")
    world.answers["a.example/same"] = world.answers["a.example/feed"]
    found = discover("http://a.example/", world.network(), Params())
    (tmp_path / "found.toml").write_text(found.toml())
    (entry,) = load_outlets(tmp_path / "found.toml")
    assert (entry.outlet_id, entry.language, entry.feeds) == ("a", "es", ("http://a.example/feed",))
    assert len(tomllib.loads(found.toml())["outlet"]) == 1
    told = " ".join(found.notes)
    assert "not on a.example" in told
    assert "names the same pages" in told
    assert "/empty" in told
    assert {asked.host for asked in world.asked} == {"a.example"}


def test_a_site_without_any_feed_is_a_failure(world: World) -> None:
    world.page("a.example/", "<title>A</title>")
    with pytest.raises(Failed, match="no feed, sitemap or section with pages"):
        discover("a.example", world.network(), Params())


def test_json_feeds_and_usual_addresses_are_found(world: World) -> None:
    item = {"url": "http://a.example/one", "title": "Ferry", "date_published": "2026-03-05T09:00:00Z"}
    feed = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "A", "items": [item]})
    world.page("a.example/news.json", feed, Content_Type="application/feed+json")
    link = '<link rel="alternate home" type="application/feed+json" href="news.json">'
    world.page("a.example/", f"<title>KABC 7</title>{link}")
    assert discover("a.example", world.network(), Params()).outlet.feeds == ("http://a.example/news.json",)
    world.page("a.example/", "<title>A</title>")
    world.page("a.example/feed.json", feed, Content_Type="application/json")
    assert discover("a.example", world.network(), Params()).outlet.feeds == ("http://a.example/feed.json",)


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (b"", Home()),
        (b"\xff\xfe\x00<", Home()),
        (b"<title>KVLT: the one</title>", Home(name="KVLT: the one", call_sign="KVLT")),
        (b"<title>KIDS of WEST</title>", Home(name="KIDS of WEST")),
        (rb"<script>x={'timezone':'America\/Denver'}</script>", Home(time_zone="America/Denver")),
        (b'<script>x={"timeZone":"Mars/Base"}</script>', Home()),
        (b'<html lang="x-klingon">', Home()),
        (b'<html lang="EN_us">', Home(language="en")),
    ],
)
def test_only_what_a_page_says_is_said(html: bytes, said: Home) -> None:
    assert read_home(html, "http://www.kvlt.example/", "utf-99") == said
