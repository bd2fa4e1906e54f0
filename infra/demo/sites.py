"""The sites of the network: every trait of an outlet is data here, so that no page knows a site by name.

Domains stand under `.example` (RFC 2606) and can never be anyone's. Call signs, owners and towns are
invented.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Site:
    """One outlet of the network.

    `json_ld`: right, graph (right, inside an @graph), wrong (the station claims to be the author; times
    without zone) or none. `fault`: empty, down (500 to everything), slow, robots_pages, robots_all or
    truncated_gzip. `services`: wires it runs; `towns`: whose local stories it prints.
    """

    site_id: str
    name: str
    domain: str
    template: str
    services: tuple[str, ...]
    towns: tuple[str, ...]
    market: str
    owner_group: str | None = None
    call_sign: str | None = None
    network: str | None = None
    time_zone: str = "America/New_York"
    feed: str = "rss"
    json_ld: str = "none"
    fault: str = ""
    straight_quotes: bool = False
    double_hyphen: bool = False
    canonical_to_origin: bool = False
    news_noindex: bool = False
    gzip: bool = False
    tracked_feed: bool = False
    sitemap_index: bool = False
    max_wires: int = 1_000_000
    max_concurrency: int = 4

    @property
    def readable(self) -> bool:
        """True if a polite reader gets its articles."""
        return self.fault in ("", "slow")

    @property
    def feed_path(self) -> str:
        return {"northline": "/feed/", "harborstone": "/news/feed.xml"}.get(
            self.template, "/atom.xml" if self.feed == "atom" else "/rss.xml"
        )

    @property
    def sitemap_path(self) -> str:
        return "/sitemap_index.xml" if self.sitemap_index else "/news-sitemap.xml"

    def absolute(self, path: str) -> str:
        return f"http://{self.domain}{path}"


_STATION = ("cnn", "ap")
_PAPER = ("ap", "reuters", "afp")


def _northline(call: str, town: str, zone: str, *more: str, **traits: Any) -> Site:
    return Site(
        call.lower(), f"{call} News", f"{call.lower()}.example", "northline", (*_STATION, "northline", *more),
        (town,), town, "Northline Media", call, time_zone=zone, json_ld="graph", **traits,
    )  # fmt: skip


def _harborstone(call: str, town: str, network: str, *more: str, **traits: Any) -> Site:
    return Site(
        call.lower(), f"{call} {town}", f"{call.lower()}.example", "harborstone",
        (*_STATION, "harborstone", *more), (town,), town, "Harborstone Broadcasting", call, network,
        json_ld="wrong", gzip=True, **traits,
    )  # fmt: skip


def _paper(
    site_id: str, name: str, template: str, services: tuple[str, ...], town: str, **traits: Any
) -> Site:
    return Site(site_id, name, f"{site_id}.example", template, services, (town,), town, **traits)


SITES: tuple[Site, ...] = (
    _northline("KVLT", "Port Amity", "America/Los_Angeles", "reuters", network="NBC"),
    _northline("KRVF", "Ravenna Falls", "America/Los_Angeles", "reuters", network="ABC"),
    _northline("KCSJ", "Cold Spring Junction", "America/Denver", network="CBS", straight_quotes=True),
    _northline("KLWX", "Lowell Crossing", "America/Denver", network="FOX"),
    _northline("KSBK", "Saint Brannock", "America/Boise", "afp", network="NBC", news_noindex=True),
    _harborstone("WWMR", "Westmoor", "CBS"),
    _harborstone("WTWC", "Twin Cedars", "NBC", straight_quotes=True, double_hyphen=True),
    _harborstone("WCLD", "Calder City", "ABC", "reuters", canonical_to_origin=True),
    _harborstone("WKVE", "Kettering Vale", "FOX", "afp", feed="atom"),
    _paper("bellhavendispatch", "Bellhaven Dispatch", "broadsheet", (*_PAPER, "cnn", "northline"),
           "Bellhaven", feed="atom", json_ld="right"),
    _paper("caldercitycourier", "Calder City Courier", "broadsheet", (*_PAPER, "harborstone"), "Calder City",
           json_ld="right", double_hyphen=True),
    _paper("millhavenledger", "The Millhaven Ledger", "gazette", _PAPER, "Millhaven",
           time_zone="America/Chicago"),
    _paper("tessamartimes", "Tessamar Times", "gazette", _PAPER, "Tessamar", time_zone="America/Chicago",
           straight_quotes=True),
    Site("lanternpost", "Lantern Post", "lanternpost.example", "portal", ("cnn", "ap", "reuters", "afp"),
         ("Juniper Flats", "Dry Fork", "Osprey Bay"), "National", json_ld="right", time_zone="UTC",
         tracked_feed=True, sitemap_index=True),
    _paper("harrowpointbeacon", "Harrow Point Beacon", "broken", ("cnn", *_PAPER), "Harrow Point"),
    _paper("ospreybaylog", "Osprey Bay Log", "weekly", ("ap",), "Osprey Bay", fault="slow", max_wires=1,
           max_concurrency=2),
    _paper("ravennafallsrecord", "Ravenna Falls Record", "gazette", _PAPER, "Ravenna Falls", fault="down"),
    _paper("valeobserver", "Vale Observer", "weekly", _PAPER, "Kettering Vale",
           fault="robots_pages"),
    _paper("juniperflatscourier", "Juniper Flats Courier", "weekly", _PAPER, "Juniper Flats",
           fault="robots_all"),
    _paper("dryforksentinel", "Dry Fork Sentinel", "weekly", _PAPER, "Dry Fork", fault="truncated_gzip"),
)  # fmt: skip


def scaled_sites(scale: int) -> tuple[Site, ...]:
    """The sites, and `scale - 1` further sets of them under numbered names, ids and domains."""
    return SITES + tuple(_numbered(site, number) for number in range(2, scale + 1) for site in SITES)


def _numbered(site: Site, number: int) -> Site:
    stem = site.domain.removesuffix(".example")
    return replace(
        site,
        site_id=f"{site.site_id}-{number}",
        name=f"{site.name} {number}",
        domain=f"{stem}-{number}.example",
        towns=tuple(f"{town} {number}" for town in site.towns),
        market=f"{site.market} {number}",
        call_sign=f"{site.call_sign}-{number}" if site.call_sign else None,
    )
