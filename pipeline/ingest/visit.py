"""One outlet's turn in a run: every page found ends as one row, and nothing the outlet does raises.

robots → feeds and sitemaps (conditional) → pages (conditional) → WARC. What the next run will need
comes back as a state, for the caller to store last.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from yarl import URL

from pipeline.config import Network
from pipeline.ingest.budget import Budget
from pipeline.ingest.feeds import FeedItem
from pipeline.ingest.fetch import PAGE_TYPES, Ask, Fetcher, FetchFailed, Reply, Tally
from pipeline.ingest.parser import Parser
from pipeline.ingest.robots import Robots
from pipeline.ingest.sources import Kind, Source, SourceReader, SourceState
from pipeline.ingest.state import Kept, OutletState, PageSeen, Rechecks, SourceSeen
from pipeline.ingest.visited import PageFetch, Visited, readable, site_visit
from pipeline.ingest.wanted import told_of, wanted
from pipeline.model import Outlet
from pipeline.params import Params
from pipeline.urls import normalise_url

# not the page's failure: it is not ours to ask, not a page, or not asked
_SKIPPED = frozenset(
    {"robots", "robots_unreachable", "content_type", "other_site", "front_page", "outlet_down"}
)
_MISSING = ("http_404", "http_410", "front_page")


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
    budget: Budget
    found: Callable[[int], None]
    done: Callable[[], None]


class Visit:
    """`await Visit(outlet, known, means, keep).make()`; used once."""

    def __init__(self, outlet: Outlet, known: OutletState, means: Means, keep: Keep) -> None:
        self._outlet = outlet
        self._known = known
        self._means = means
        self._keep = keep
        self._tally = Tally(means.budget.spent)
        self._failures_in_a_row = 0
        self._rechecks = Rechecks(means.network.recheck_hours, means.network.retry_hours)
        self._seen = dict(known.pages)

    async def make(self) -> Visited:
        sources = await self._sources()
        pages = self._wanted(sources)
        chosen = pages[: self._means.network.pages_per_outlet]
        for left in pages[len(chosen) :]:
            self._leave(left)
        self._means.found(len(chosen))
        rows = await self._take_all(chosen)
        return self._brought(sources, rows, len(pages))

    async def _sources(self) -> tuple[Source, ...]:
        """All that the outlet has; after a pause one on trial, and if that cannot be read no other."""
        if not self._known.paused_until:
            return await self._read(self._outlet)
        tried, others = on_trial(self._outlet, self._known.down)
        sources = await self._read(tried)
        return (*sources, *await self._read(others)) if readable(sources) else sources

    async def _read(self, outlet: Outlet) -> tuple[Source, ...]:
        means = self._means
        return await SourceReader(
            outlet, self._known, means.network, means.fetcher, means.robots, means.parser, self._tally
        ).read_all()

    def _wanted(self, sources: Sequence[Source]) -> list[PageSeen]:
        """None of a site of which no source answers: its pages, too, would seem to be gone."""
        if not readable(sources):
            return []
        items = (item for source in sources for item in self._news(source))
        return wanted(items, self._known.pages, self._means.now, self._rechecks)

    def _news(self, source: Source) -> Iterator[FeedItem]:
        """Items of pages that are not known, or of which the source says something that it did not say last
        time. Of a known page the words of a link in a section say nothing."""
        told, before = told_of(source.items), self._known.sources.get(source.url, SourceSeen()).pages
        for item in source.items:
            key = normalise_url(item.url)
            if key not in self._known.pages or (source.kind != Kind.SECTION and told[key] != before.get(key)):
                yield item

    async def _take_all(self, chosen: Sequence[PageSeen]) -> tuple[PageFetch, ...]:
        rows: dict[int, PageFetch] = {}
        queue = iter(enumerate(chosen))

        async def worker(queue: Iterator[tuple[int, PageSeen]]) -> None:
            for number, page in queue:
                if self._means.budget.take():
                    rows[number] = await self._take(number, page)
                else:
                    self._leave(page)
                self._means.done()

        async with asyncio.TaskGroup() as group:
            for _ in range(self._outlet.max_concurrency):
                group.create_task(worker(queue))
        return tuple(rows[number] for number in sorted(rows))

    def _leave(self, page: PageSeen) -> None:
        self._seen[normalise_url(page.item.url)] = replace(page, waits=True)

    async def _take(self, number: int, page: PageSeen) -> PageFetch:
        try:
            if self._failures_in_a_row >= self._means.network.give_up_after:
                row = f"{self._failures_in_a_row} requests in a row failed"
                raise FetchFailed("outlet_down", row, transient=True)
            reply = await self._means.fetcher.get(
                Ask(
                    page.item.url,
                    self._outlet,
                    self._tally,
                    self._means.params.max_page_bytes,
                    page.validators,
                    PAGE_TYPES,
                    self._means.robots.on_site(self._outlet, self._tally),
                )
            )
            if _leads_home(page.item.url, reply.url):
                raise FetchFailed("front_page", f"leads to {reply.url}", status=reply.status)
        except FetchFailed as failed:
            return self._failed(page, failed)
        return self._answered(number, page, reply)

    def _answered(self, number: int, page: PageSeen, reply: Reply) -> PageFetch:
        self._failures_in_a_row = 0
        told = replace(page, answered_at=self._means.now, waits=False, missing=False)
        self._seen[normalise_url(page.item.url)] = told
        if reply.status == 304:
            self._keep(number, reply, page.kept)
            return self._row(page, "unchanged", reason="not_modified", http_status=304, final_url=reply.url)
        sha256 = hashlib.sha256(reply.content).hexdigest()
        same = page.sha256 == sha256
        kept = self._keep(number, reply, page.kept if same else None)
        self._seen[normalise_url(page.item.url)] = replace(
            told, validators=reply.validators, sha256=sha256, final_url=reply.url, kept=kept
        )
        if same:
            return self._row(page, "unchanged", reason="same_bytes", http_status=200, final_url=reply.url)
        return replace(
            self._row(page, "fetched", http_status=reply.status, final_url=reply.url),
            content_type=reply.content_type,
            charset=reply.charset,
            raw_sha256=sha256,
            raw_bytes=len(reply.content),
        )

    def _failed(self, page: PageSeen, failed: FetchFailed) -> PageFetch:
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed.transient else 0
        key, now, reason = normalise_url(page.item.url), self._means.now, failed.reason
        outcome = "skipped" if reason in _SKIPPED else "quarantined"
        if not failed.settled:
            self._seen[key] = page.left(now, self._rechecks)
        elif page.sha256 is None:
            self._seen.pop(key, None)  # asked again when a source that names it changes
        else:
            told = replace(page, answered_at=now, waits=False, missing=reason in _MISSING)
            if told.missing:
                # 410 is said on purpose, all else also by a site that is being mended: it must be said twice
                doubtful = reason != "http_410" and not page.missing
                told = replace(told, waits=doubtful)
                outcome, reason = "skipped", "missing" if doubtful else "gone"
            self._seen[key] = told
        # where its address led before says of which page it is told
        row = self._row(page, outcome, reason=reason, http_status=failed.status, final_url=page.final_url)
        return replace(row, detail=failed.detail)

    def _row(
        self,
        page: PageSeen,
        outcome: str,
        reason: str | None = None,
        http_status: int | None = None,
        final_url: str | None = None,
    ) -> PageFetch:
        return PageFetch(
            run_id=self._means.run_id,
            outlet_id=self._outlet.outlet_id,
            url=page.item.url,
            outcome=outcome,
            fetched_at=self._means.now,
            reason=reason,
            http_status=http_status,
            final_url=final_url,
            feed_headline=page.item.headline,
            feed_published_at=page.item.published_at,
        )

    def _brought(self, sources: tuple[Source, ...], rows: tuple[PageFetch, ...], found: int) -> Visited:
        means = self._means
        bound = means.budget.reached() or "pages_per_outlet"
        site = site_visit(means.run_id, self._outlet.outlet_id, sources, rows, found, bound, self._tally)
        return Visited(site, rows, self._next_state(sources))

    def _next_state(self, sources: tuple[Source, ...]) -> OutletState:
        read = {
            source.url: SourceSeen(
                source.validators,
                source.sha256,
                told_of(source.items),
                source.children,
            )
            for source in sources
            if source.state == SourceState.READ
        }
        state = OutletState({**self._known.sources, **read}, self._seen)
        roots = (*self._outlet.feeds, *self._outlet.sitemaps, *self._outlet.sections)
        return state.pruned(roots, self._means.now, self._rechecks)


def _leads_home(asked: str, led_to: str) -> bool:
    """Whether a page's address led to its site's front page, as sites do with pages that they took off."""
    front = URL(led_to)
    return front.path == "/" and not front.query_string and URL(asked).path not in ("", "/")


def on_trial(outlet: Outlet, turn: int) -> tuple[Outlet, Outlet]:
    """The outlet with one of its feeds, sitemaps and section pages, and with all others. Each has its turn:
    one may be gone for good."""
    urls = (*outlet.feeds, *outlet.sitemaps, *outlet.sections)
    one = urls[turn % len(urls)]
    kept, others = (
        replace(
            outlet,
            feeds=tuple(url for url in outlet.feeds if (url == one) == is_one),
            sitemaps=tuple(url for url in outlet.sitemaps if (url == one) == is_one),
            sections=tuple(url for url in outlet.sections if (url == one) == is_one),
        )
        for is_one in (True, False)
    )
    return kept, others
