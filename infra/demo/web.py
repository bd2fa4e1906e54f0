"""What the network answers: a pure function of host, target and the simulated moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.demo.feeds import (
    feed_bytes,
    front_bytes,
    items_of,
    robots_bytes,
    sitemap_bytes,
    sitemap_index_bytes,
)
from infra.demo.network import Copy, Network
from infra.demo.pages import page_bytes
from infra.demo.sites import Site

_BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)
_XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before HTTP has its say. `slow` and `streamed` are for the server to act on."""

    status: int
    content_type: str
    body: bytes
    last_modified: datetime
    gzip: bool = False
    truncated: bool = False
    slow: bool = False
    streamed: bool = False

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'


class Web:
    """The network's sites by host and their pages by address."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._sites = {site.domain: site for site in network.sites}
        self._copies: dict[str, list[Copy]] = {site.domain: [] for site in network.sites}
        for copy in network.copies:
            self._copies[copy.site.domain].append(copy)
        self._pages = {(copy.site.domain, copy.path): copy for copy in network.copies}

    def reply(self, host: str, target: str, now: datetime) -> Reply | None:
        """The answer to a GET of `target` (path, with `?id=` where there is one); None: no such host."""
        site = self._sites.get(host)
        if site is None:
            return None
        if site.fault == "down":
            return Reply(500, "text/html", b"<h1>500 Internal Server Error</h1>\n", _BEGINNING)
        if target == "/robots.txt":
            return Reply(200, "text/plain; charset=utf-8", robots_bytes(site), _BEGINNING)
        if target == site.sitemap_path and site.sitemap_index:
            return Reply(200, _XML, sitemap_index_bytes(site), _BEGINNING)
        if target in ("/", site.feed_path, "/news-sitemap.xml"):
            return self._listing(site, target, now)
        copy = self._pages.get((host, target))
        showing = copy.at(now) if copy else None
        if copy is None or showing is None:
            return Reply(404, "text/html", b"<h1>404 Not Found</h1>\n", _BEGINNING)
        truncated = site.fault == "truncated_gzip"
        return Reply(
            200,
            "text/html; charset=utf-8",
            page_bytes(copy, showing, self.network.inserts),
            showing.at,
            gzip=site.gzip or truncated,
            truncated=truncated,
            slow=site.fault == "slow",
            streamed=copy.fault == "huge",
        )

    def _listing(self, site: Site, target: str, now: datetime) -> Reply:
        items = items_of(site, self._copies[site.domain], now)
        changed = [at for item in items for at in (item.published, item.modified) if at]
        match target:
            case "/":
                kind, body = "text/html; charset=utf-8", front_bytes(site, items)
            case site.feed_path:
                kind, body = f"application/{site.feed}+xml; charset=utf-8", feed_bytes(site, items)
            case _:
                kind, body = _XML, sitemap_bytes(site, items)
        return Reply(200, kind, body, max(changed, default=_BEGINNING))
