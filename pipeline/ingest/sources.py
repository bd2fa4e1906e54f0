"""An outlet's feeds, sitemaps and section pages, each read at most once a run and only if it changed.

A source that fails is an outcome with its reason; nothing in a feed can raise.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

from yarl import URL

from pipeline.config import Network
from pipeline.ingest.body import Corrupt, TooLarge, Truncated, gunzipped
from pipeline.ingest.feeds import FeedError, FeedItem, Listing
from pipeline.ingest.fetch import PAGE_TYPES, Ask, Fetcher, FetchFailed, Reply, Tally, Validators
from pipeline.ingest.parser import Parser
from pipeline.ingest.robots import Robots
from pipeline.ingest.sections import read_section
from pipeline.ingest.state import OutletState, SourceSeen
from pipeline.model import Outlet

_MAX_CHILDREN = 16  # of an index: those of news, then the newest; older ones hold the archive
_MAX_SITEMAPS = 64
_DEEPEST = 2  # an index within an index: large groups have one a brand, and in it one a kind of page


class SourceState(StrEnum):
    READ = "read"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    FORBIDDEN = "forbidden"


class Kind(StrEnum):
    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, sitemap or section page after this run's look at it; `children` are an index's sitemaps.

    `reason`: why it failed, or what is wrong with one that was read all the same.
    """

    url: str
    state: SourceState
    items: tuple[FeedItem, ...] = ()
    children: tuple[str, ...] = ()
    validators: Validators = field(default_factory=Validators)
    sha256: str | None = None
    reason: str | None = None
    kind: Kind = Kind.FEED


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Reads the sources of one outlet."""

    outlet: Outlet
    known: OutletState
    network: Network
    fetcher: Fetcher
    robots: Robots
    parser: Parser
    tally: Tally

    async def read_all(self) -> tuple[Source, ...]:
        """Feeds, then sitemaps, each index followed by its sitemaps; section pages if these name no page."""
        sources = [await self._read(url, Kind.FEED) for url in self.outlet.feeds]
        seen: set[str] = set()
        for url in self.outlet.sitemaps:
            sources += [source async for source in self._sitemaps(url, seen)]
        if not any(map(self._names_pages, sources)):
            sources += [await self._read(url, Kind.SECTION) for url in self.outlet.sections]
        return tuple(sources)

    def _names_pages(self, source: Source) -> bool:
        known = self.known.sources.get(source.url, SourceSeen())
        return bool(source.items or (source.state == SourceState.UNCHANGED and known.pages))

    async def _sitemaps(self, url: str, seen: set[str], depth: int = 0) -> AsyncIterator[Source]:
        """A sitemap, and after an index those that it leads to; none of them twice (`seen`)."""
        if url in seen or len(seen) == _MAX_SITEMAPS:
            return
        seen.add(url)
        found = await self._read(url, Kind.SITEMAP)
        if found.children and depth == _DEEPEST:
            found = Source(url, SourceState.FAILED, reason=f"{url}: an index {depth} deep in others")
        yield found
        for child in found.children:
            async for source in self._sitemaps(child, seen, depth + 1):
                yield source

    async def _read(self, url: str, kind: Kind) -> Source:
        before = self.known.sources.get(url, SourceSeen())
        try:
            reply = await self.fetcher.get(
                Ask(
                    url,
                    self.outlet,
                    self.tally,
                    self.network.max_feed_bytes,
                    before.validators,
                    types=PAGE_TYPES if kind == Kind.SECTION else None,
                    gate=self._may_ask,
                )
            )
            sha256 = hashlib.sha256(reply.content).hexdigest()
            if reply.status == 304 or sha256 == before.sha256:
                # its sitemaps may have changed all the same
                return Source(url, SourceState.UNCHANGED, children=before.children)
            found = await self._parse(reply, kind)
        except FetchFailed as failed:
            state = SourceState.FORBIDDEN if failed.reason == "robots" else SourceState.FAILED
            return Source(url, state, reason=f"{url}: {failed}")
        return Source(
            url,
            SourceState.READ,
            found.items,
            tuple(sorted(found.children, key=_is_no_news)[:_MAX_CHILDREN]),
            reply.validators,
            sha256,
            found.note,
            kind,
        )

    async def _may_ask(self, url: str) -> None:
        await self.robots.check(url, self.outlet, self.tally)

    async def _parse(self, reply: Reply, kind: Kind) -> Listing:
        if kind == Kind.SECTION:
            return read_section(reply.content, reply.url, reply.charset, self.outlet.domain)
        try:
            content = gunzipped(reply.content, self.network.max_feed_bytes)
            return await self.parser.parse(content, reply.url, is_feed=kind == Kind.FEED)
        except (FeedError, TooLarge, Truncated, Corrupt) as error:
            raise FetchFailed("bad_feed", str(error)) from None


def _is_no_news(sitemap: str) -> bool:
    return "news" not in URL(sitemap).path.lower()
