"""The benchmark of ingest fetches what it says from a server that counts, and its claims can break."""

from __future__ import annotations

from pathlib import Path

from infra.demo.server import Request
from infra.demo.sites import SITES
from tests.benchmarks import ingesting
from tests.benchmarks.ingesting import serving

SOUND = [site for site in SITES if not site.fault][:3]


def test_both_read_the_same_pages(tmp_path: Path) -> None:
    with serving(1) as (server, _):
        config = ingesting._configured(tmp_path / "sound", SOUND, server.address)
        ours = ingesting._part("fetch", config, 1)
        asked = {(request.host, request.target) for request in server.log if request.status == 200}
        server.service.log.clear()
        bare = ingesting._part("bare", config, 1)
        again = {(request.host, request.target) for request in server.log}
    assert ours.pages == bare.pages > 30
    assert again < asked
    assert {target for _, target in asked - again} == {
        "/robots.txt",
        *(path for site in SOUND for path in (site.feed_path, site.sitemap_path)),
    }
    assert min(ours.wall, ours.cpu, bare.wall, bare.cpu) > 0


def test_each_claim_breaks() -> None:
    shy = next(site for site in SITES if site.fault == "robots_pages")
    site = SOUND[0]
    row = {"outlet_id": site.site_id, "outcome": "quarantined", "reason": "timeout"}
    whole, same = (Request(site.domain, site.feed_path, status) for status in (200, 304))
    assert ingesting._middle([1.1, 1.2, 3.0]) == ("1.20", True)
    assert ingesting._middle([1.3, 1.2, 3.0]) == ("1.30", False)
    for broken, held in (
        (ingesting._busiest([site], {site.domain: 5}), ingesting._busiest([site], {site.domain: 4})),
        (
            ingesting._within_robots(SITES, [Request(shy.domain, "/a.html", 200)]),
            ingesting._within_robots(SITES, [Request(shy.domain, shy.feed_path, 200)]),
        ),
        (ingesting._contained(SITES, [row]), ingesting._contained(SITES, [row | {"outcome": "fetched"}])),
        (
            ingesting._conditional(SITES, [whole], []),
            ingesting._conditional(SITES, [Request(site.domain, "/robots.txt", 200), same], []),
        ),
        (ingesting._conditional(SITES, [], []), ingesting._conditional(SITES, [same], [])),
        (ingesting._contained(SITES, []), ingesting._contained(SITES, [row | {"outcome": "fetched"}])),
    ):
        assert (broken.held, held.held) == (False, True), broken.claim
