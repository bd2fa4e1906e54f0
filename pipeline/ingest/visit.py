"""One outlet's turn in a run: every page found ends as one row, and nothing the outlet does raises.

robots → feeds and sitemaps (conditional) → pages (conditional) → WARC. What the next run will need
comes back as a state, for the caller to store last.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from pipeline.config import Network
from pipeline.ingest.feeds import FeedItem
from pipeline.ingest.fetch import PAGE_TYPES, Ask, Fetcher, FetchFailed, Reply, Tally, Validators
from pipeline.ingest.parser import Parser
from pipeline.ingest.robots import Robots
from pipeline.ingest.sources import Source, SourceReader, SourceState
from pipeline.ingest.state import Kept, OutletState, PageSeen, SourceSeen
from pipeline.model import Outlet
from pipeline.params import Params
from pipeline.urls import normalise_url

# not the page's failure: it is not ours to ask, not a page, or not asked
_SKIPPED = frozenset({"robots", "robots_unreachable", "content_type", "other_site", "outlet_down"})


@dataclass(frozen=True, slots=True)
class PageFetch:
    """A row of `segments.FETCHES`; see there. `raw_key` and `raw_offset` are filled in at the end."""

    run_id: str
    outlet_id: str
    url: str
    outcome: str
    fetched_at: datetime
    reason: str | None = None
    detail: str | None = None
    http_status: int | None = None
    final_url: str | None = None
    content_type: str | None = None
    charset: str | None = None
    raw_key: str | None = None
    raw_offset: int | None = None
    raw_sha256: str | None = None
    raw_bytes: int | None = None
    feed_headline: str | None = None
    feed_published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """A row of `segments.SITES`; see there."""

    run_id: str
    outlet_id: str
    state: str
    feeds_read: int
    feeds_unchanged: int
    feeds_failed: int
    pages_found: int
    requests: int
    bytes_fetched: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit brought home. `pages` in the order in which they were chosen."""

    site: SiteVisit
    pages: tuple[PageFetch, ...]
    state: OutletState


class Keep(Protocol):
    """Takes a page's reply into the raw zone, under the number of its row (see `warc.WarcSpool.add`)."""

    def __call__(self, number: int, reply: Reply, kept: Kept | None) -> Kept | None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What all visits of a shard share."""

    run_id: str
    now: datetime
    network: Network
    params: Params
    fetcher: Fetcher
    robots: Robots
    parser: Parser
    found: Callable[[int], None]
    done: Callable[[], None]


class Visit:
    """`await Visit(outlet, known, means, keep).make()`; used once."""

    def __init__(self, outlet: Outlet, known: OutletState, means: Means, keep: Keep) -> None:
        self._outlet = outlet
        self._known = known
        self._means = means
        self._keep = keep
        self._tally = Tally()
        self._failures_in_a_row = 0
        self._complete = True
        self._seen = dict(known.pages)

    async def make(self) -> Visited:
        sources = await SourceReader(
            self._outlet,
            self._known,
            self._means.network,
            self._means.fetcher,
            self._means.robots,
            self._means.parser,
            self._tally,
        ).read_all()
        items = self._distinct(item for source in sources for item in source.items)
        chosen = items[: self._means.network.pages_per_outlet]
        self._means.found(len(chosen))
        pages = await self._take_all(chosen)
        roots = (*self._outlet.feeds, *self._outlet.sitemaps)
        lost = any(source.state == SourceState.FAILED and source.url not in roots for source in sources)
        if lost or len(chosen) < len(items):
            self._complete = False
        site = self._site(sources, pages, len(items))
        return Visited(site, pages, self._next_state(sources))

    def _distinct(self, items: Iterable[FeedItem]) -> list[FeedItem]:
        """Each page once, those not seen before first, then by what was published last."""
        distinct: dict[str, FeedItem] = {}
        for item in items:
            known = distinct.setdefault(normalise_url(item.url), item)
            if known.published_at is None and item.published_at:
                distinct[normalise_url(item.url)] = replace(
                    known, published_at=item.published_at, headline=known.headline or item.headline
                )

        def rank(page: tuple[str, FeedItem]) -> tuple[bool, float]:
            published = page[1].published_at
            return page[0] in self._known.pages, -published.timestamp() if published else 0.0

        return [item for _, item in sorted(distinct.items(), key=rank)]

    async def _take_all(self, items: list[FeedItem]) -> tuple[PageFetch, ...]:
        pages: dict[int, PageFetch] = {}
        queue = iter(enumerate(items))

        async def worker(queue: Iterator[tuple[int, FeedItem]]) -> None:
            for number, item in queue:
                pages[number] = await self._take(number, item)
                self._means.done()

        async with asyncio.TaskGroup() as group:
            for _ in range(self._outlet.max_concurrency):
                group.create_task(worker(queue))
        return tuple(pages[number] for number in sorted(pages))

    async def _take(self, number: int, item: FeedItem) -> PageFetch:
        key = normalise_url(item.url)
        before = self._known.pages.get(key)
        try:
            if self._failures_in_a_row >= self._means.network.give_up_after:
                row = f"{self._failures_in_a_row} requests in a row failed"
                raise FetchFailed("outlet_down", row, transient=True)
            reply = await self._means.fetcher.get(
                Ask(
                    item.url,
                    self._outlet,
                    self._tally,
                    self._means.params.max_page_bytes,
                    before.validators if before else Validators(),
                    PAGE_TYPES,
                    self._means.robots.on_site(self._outlet, self._tally),
                )
            )
        except FetchFailed as failed:
            return self._failed(item, failed)
        self._failures_in_a_row = 0
        if reply.status == 304:
            self._keep(number, reply, before.kept if before else None)
            return self._row(item, "unchanged", reason="not_modified", http_status=304, final_url=reply.url)
        sha256 = hashlib.sha256(reply.content).hexdigest()
        same = before if before and before.sha256 == sha256 else None
        kept = self._keep(number, reply, same.kept if same else None)
        self._seen[key] = PageSeen(reply.validators, sha256, reply.url, kept)
        if same:
            return self._row(item, "unchanged", reason="same_bytes", http_status=200, final_url=reply.url)
        return replace(
            self._row(item, "fetched", http_status=reply.status, final_url=reply.url),
            content_type=reply.content_type,
            charset=reply.charset,
            raw_sha256=sha256,
            raw_bytes=len(reply.content),
        )

    def _failed(self, item: FeedItem, failed: FetchFailed) -> PageFetch:
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed.transient else 0
        self._complete &= failed.settled
        outcome = "skipped" if failed.reason in _SKIPPED else "quarantined"
        # where its address led before says of which page it is told
        known = self._known.pages.get(normalise_url(item.url))
        led = known.final_url if known else None
        row = self._row(item, outcome, reason=failed.reason, http_status=failed.status, final_url=led)
        return replace(row, detail=failed.detail)

    def _row(
        self,
        item: FeedItem,
        outcome: str,
        reason: str | None = None,
        http_status: int | None = None,
        final_url: str | None = None,
    ) -> PageFetch:
        return PageFetch(
            run_id=self._means.run_id,
            outlet_id=self._outlet.outlet_id,
            url=item.url,
            outcome=outcome,
            fetched_at=self._means.now,
            reason=reason,
            http_status=http_status,
            final_url=final_url,
            feed_headline=item.headline,
            feed_published_at=item.published_at,
        )

    def _site(self, sources: tuple[Source, ...], pages: tuple[PageFetch, ...], found: int) -> SiteVisit:
        def count(state: SourceState) -> int:
            return sum(source.state == state for source in sources)

        state, reason = _verdict(sources, pages)
        if found > len(pages):
            reason = reason or f"{found} pages found, {len(pages)} taken (pages_per_outlet)"
        return SiteVisit(
            run_id=self._means.run_id,
            outlet_id=self._outlet.outlet_id,
            state=state,
            feeds_read=count(SourceState.READ),
            feeds_unchanged=count(SourceState.UNCHANGED),
            feeds_failed=count(SourceState.FAILED) + count(SourceState.FORBIDDEN),
            pages_found=found,
            requests=self._tally.requests,
            bytes_fetched=self._tally.bytes_fetched,
            reason=reason,
        )

    def _next_state(self, sources: tuple[Source, ...]) -> OutletState:
        read = {
            source.url: SourceSeen(
                source.validators if self._complete else Validators(),
                source.sha256 if self._complete else None,
                tuple(sorted({normalise_url(item.url) for item in source.items})),
                source.children,
            )
            for source in sources
            if source.state == SourceState.READ
        }
        state = OutletState({**self._known.sources, **read}, self._seen)
        return state.pruned((*self._outlet.feeds, *self._outlet.sitemaps))


def _verdict(sources: tuple[Source, ...], pages: tuple[PageFetch, ...]) -> tuple[str, str | None]:
    """The outlet's state, and the first thing that went wrong."""
    good = [source for source in sources if source.state in (SourceState.READ, SourceState.UNCHANGED)]
    bad = [source for source in sources if source not in good]
    failed = [page for page in pages if page.outcome == "quarantined" or page.reason == "outlet_down"]
    if not good:
        forbidden = all(source.state == SourceState.FORBIDDEN for source in bad)
        return "forbidden" if forbidden else "down", bad[0].reason
    if pages and all(page.reason == "robots" for page in pages):
        return "forbidden", pages[0].detail
    if bad:
        return "degraded", bad[0].reason
    if failed:
        first = failed[0]
        return "degraded", f"{len(failed)} of {len(pages)} pages failed, first {first.url}: {first.reason}"
    return "ok", None
