"""Outlets on trial: each feed and sitemap is read and one page fetched, as a run would; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.config import Network
from pipeline.ingest.feeds import FeedItem
from pipeline.ingest.fetch import PAGE_TYPES, Ask, Fetcher, FetchFailed, Tally
from pipeline.ingest.parser import Parser
from pipeline.ingest.registry import on_site
from pipeline.ingest.robots import Robots
from pipeline.ingest.sources import Source, SourceReader, SourceState
from pipeline.ingest.state import OutletState
from pipeline.model import Outlet
from pipeline.params import Params
from pipeline.urls import normalise_url, site_of

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """A feed or sitemap: its state (read, failed, forbidden), the outlet's pages it names, what is wrong."""

    url: str
    state: str
    pages: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of an outlet's trial. `problem`: the first thing that must be mended, None if nothing must.

    `robots`: allows, withholds or unreachable. `newest`: when the newest page was published, UTC.
    `article`: the page that was fetched, or that could not be; `bytes` of it, None if it could not.
    """

    outlet_id: str
    domain: str
    sources: tuple[SourceTrial, ...]
    robots: str
    pages: int
    newest: datetime | None
    article: str | None
    bytes: int | None
    requests: int
    problem: str | None


def try_outlets(
    outlets: Sequence[Outlet], network: Network, params: Params, report: Report
) -> tuple[Trial, ...]:
    """Try every outlet, as many at once as a run visits, in their order. Nothing that a site does raises."""

    async def all_of_them() -> tuple[Trial, ...]:
        slots, done = asyncio.Semaphore(network.total_concurrency), 0
        async with Fetcher(network) as fetcher:
            robots = Robots(fetcher)

            async def one(outlet: Outlet) -> Trial:
                nonlocal done
                async with slots:
                    trial = await _try(outlet, network, params, fetcher, robots)
                done += 1
                report(done, len(outlets))
                return trial

            return tuple(await asyncio.gather(*map(one, outlets)))

    return asyncio.run(all_of_them())


async def read_sources(
    outlet: Outlet, network: Network, fetcher: Fetcher, robots: Robots, tally: Tally
) -> tuple[Source, ...]:
    """An outlet's feeds and sitemaps as if they had never been read."""
    means = network, fetcher, robots, Parser(), tally
    return await SourceReader(outlet, OutletState({}, {}), *means).read_all()


def own_pages(items: Iterable[FeedItem], domain: str) -> dict[str, FeedItem]:
    """Items that lie on the outlet's domain, by their normalised URLs."""
    return {normalise_url(item.url): item for item in items if on_site(site_of(item.url) or "", domain)}


async def _try(outlet: Outlet, network: Network, params: Params, fetcher: Fetcher, robots: Robots) -> Trial:
    tally = Tally()
    read = await read_sources(outlet, network, fetcher, robots, tally)
    sources = tuple(
        SourceTrial(one.url, str(one.state), len(own_pages(one.items, outlet.domain)), one.reason)
        for one in read
    )
    pages = own_pages((item for one in read for item in one.items), outlet.domain)
    dates = [item.published_at for item in pages.values() if item.published_at]
    newest = max(dates, default=None)
    page = next((item.url for item in pages.values() if item.published_at == newest), None)
    size, failed = await _fetch(page, outlet, params, fetcher, robots, tally) if page else (None, None)
    return Trial(
        outlet_id=outlet.outlet_id,
        domain=outlet.domain,
        sources=sources,
        robots=_robots(read, failed),
        pages=len(pages),
        newest=newest,
        article=page,
        bytes=size,
        requests=tally.requests,
        problem=_problem(outlet, read, page, failed),
    )


async def _fetch(
    url: str, outlet: Outlet, params: Params, fetcher: Fetcher, robots: Robots, tally: Tally
) -> tuple[int | None, FetchFailed | None]:
    gate = robots.on_site(outlet, tally)
    try:
        reply = await fetcher.get(Ask(url, outlet, tally, params.max_page_bytes, types=PAGE_TYPES, gate=gate))
    except FetchFailed as failed:
        return None, failed
    return len(reply.content), None


def _robots(read: Sequence[Source], failed: FetchFailed | None) -> str:
    reasons = [one.reason or "" for one in read if one.state == SourceState.FAILED]
    if any(": robots_unreachable: " in reason for reason in reasons):
        return "unreachable"
    withheld = any(one.state == SourceState.FORBIDDEN for one in read)
    return "withholds" if withheld or (failed and failed.reason == "robots") else "allows"


def _problem(
    outlet: Outlet, read: Sequence[Source], page: str | None, failed: FetchFailed | None
) -> str | None:
    for one in read:
        if one.state != SourceState.READ:
            return one.reason
    if failed:
        return f"{page}: {failed}"
    if page is None:
        noted = next((f" ({one.url}: {one.reason})" for one in read if one.reason), "")
        return f"no feed or sitemap names a page on {outlet.domain}{noted}"
    return None
