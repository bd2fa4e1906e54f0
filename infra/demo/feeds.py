"""What a site says it has: front page, feed, news sitemap and robots.txt, from what is out at a moment.

A feed's bytes change only when something came out or changed, never with the clock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.demo.network import Copy
from infra.demo.pages import templates
from infra.demo.sites import Site

FEED_ITEMS = 15
_TRACKING = "utm_source=rss&utm_medium=feed"


@dataclass(frozen=True, slots=True)
class Item:
    """A page in a feed. `published` is None where the page's date cannot be."""

    url: str
    link: str
    headline: str
    summary: str
    published: datetime | None
    modified: datetime | None


def items_of(site: Site, copies: Sequence[Copy], now: datetime) -> list[Item]:
    """What is out at `now`, the newest first."""
    out = [(copy, showing) for copy in copies if (showing := copy.at(now))]
    out.sort(key=lambda pair: (pair[0].showings[0].at, pair[0].path), reverse=True)
    items = []
    for copy, showing in out:
        piece = copy.piece(showing)
        published = copy.showings[0].at
        items.append(
            Item(
                url=copy.url,
                link=f"{copy.url}?{_TRACKING}" if site.tracked_feed else copy.url,
                headline=piece.headline,
                summary=piece.paragraphs[0][:200],
                published=None if copy.fault == "impossible_date" else published,
                modified=showing.at if showing.at != published else None,
            )
        )
    return items


def feed_bytes(site: Site, items: Sequence[Item]) -> bytes:
    """RSS 2.0 or Atom with the newest items; all of them stand in the sitemap."""
    return _render(f"{site.feed}.xml", site, items[:FEED_ITEMS])


def front_bytes(site: Site, items: Sequence[Item]) -> bytes:
    """The newest items, and what the site says of itself. Old and broken sites name no feed."""
    organisation = {
        "@context": "https://schema.org",
        "@type": "NewsMediaOrganization",
        "name": site.name,
        "url": site.absolute("/"),
        "address": {"@type": "PostalAddress", "addressLocality": site.market},
    }
    if site.owner_group:
        organisation["parentOrganization"] = {"@type": "Organization", "name": site.owner_group}
    said = "" if site.json_ld == "none" else json.dumps(organisation, ensure_ascii=False)
    return _render("front.html", site, items[:FEED_ITEMS], organisation=said)


def sitemap_bytes(site: Site, items: Sequence[Item]) -> bytes:
    return _render("news-sitemap.xml", site, items)


def sitemap_index_bytes(site: Site) -> bytes:
    return _render("sitemap_index.xml", site, ())


def robots_bytes(site: Site) -> bytes:
    """robots.txt; of the two sites that forbid crawling one still shows its feed and sitemap."""
    rules = {
        "robots_all": ["Disallow: /"],
        "robots_pages": ["Disallow: /", f"Allow: {site.feed_path}$", f"Allow: {site.sitemap_path}$"],
    }.get(site.fault, ["Disallow: /wp-admin/", "Disallow: /search"])
    lines = ["User-agent: *", *rules, "", f"Sitemap: {site.absolute(site.sitemap_path)}", ""]
    return "\n".join(lines).encode()


def _render(name: str, site: Site, items: Sequence[Item], **more: str) -> bytes:
    return templates().get_template(name).render(site=site, items=items, **more).encode()
