"""One page, asked for as politely and as guardedly as all others: robots.txt, public addresses, caps."""

from __future__ import annotations

import asyncio

from pipeline.config import Network
from pipeline.errors import Failed
from pipeline.ingest.fetch import Ask, Fetcher, FetchFailed, Reply, Tally
from pipeline.ingest.robots import Robots
from pipeline.model import Outlet, RawPage, Run
from pipeline.params import Params
from pipeline.urls import site_of


def fetch_page(url: str, run: Run, network: Network, params: Params) -> RawPage:
    """The page at a URL. Raises `Failed` with the reason, in the words of quarantine, if there is none."""
    try:
        reply = asyncio.run(_fetch(url, network, params))
    except FetchFailed as failed:
        raise Failed(f"{url}: {failed}") from None
    return RawPage(
        url=reply.url,
        content=reply.content,
        fetched_at=run.now,
        content_type=reply.content_type,
        charset=reply.charset,
    )


async def _fetch(url: str, network: Network, params: Params) -> Reply:
    site = site_of(url) or url
    outlet, tally = Outlet(site, site, site), Tally()
    async with Fetcher(network) as fetcher:
        robots = Robots(fetcher)

        async def gate(hop: str) -> None:
            await robots.check(hop, outlet, tally)

        return await fetcher.get(Ask(url, outlet, tally, params.max_page_bytes, gate=gate))
