"""No page is asked for that robots.txt withholds from us (RFC 9309; rules read by Protego).

A 4xx means that there are no rules; a server that fails or cannot be reached forbids everything
for this run. One request an origin.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from protego import Protego
from yarl import URL

from pipeline.ingest.fetch import Ask, Fetcher, FetchFailed, Gate, Tally
from pipeline.ingest.registry import on_site
from pipeline.model import Outlet
from pipeline.urls import site_of

_AGENT = "Wirefold"
_READ_BYTES = 512 << 10  # RFC 9309 2.5: at least 500 KiB must be read
_MAX_BYTES = 8 << 20
_LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class _Rules:
    """An origin's rules, or why there are none that allow anything."""

    parsed: Protego | None
    problem: str = ""


class Robots:
    """Rules by origin, each fetched once in the life of this object."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[str, asyncio.Task[_Rules]] = {}

    async def check(self, url: str, outlet: Outlet, tally: Tally) -> None:
        """Raise `FetchFailed` with reason robots (withheld) or robots_unreachable (for this run)."""
        origin, rules = str(URL(url).origin()), await self._of(url, outlet, tally)
        if rules.parsed is None:
            problem = f"{origin}/robots.txt: {rules.problem}"
            # retried already when it was fetched, and this run's answer is kept
            raise FetchFailed("robots_unreachable", problem, transient=True, retry_after=float("inf"))
        if not rules.parsed.can_fetch(url, _AGENT):
            raise FetchFailed("robots", f"{origin}/robots.txt withholds {URL(url).raw_path} from us")

    def on_site(self, outlet: Outlet, tally: Tally) -> Gate:
        """A gate for an outlet's own pages: `check`, and reason other_site for what is not on its domain."""

        async def may_ask(url: str) -> None:
            host = site_of(url) or ""
            if not on_site(host, outlet.domain):
                raise FetchFailed("other_site", f"{host} is not {outlet.domain}")
            await self.check(url, outlet, tally)

        return may_ask

    async def sitemaps(self, url: str, outlet: Outlet, tally: Tally) -> tuple[str, ...]:
        """The sitemaps that the robots.txt of the URL's origin names; none if it cannot be read."""
        rules = await self._of(url, outlet, tally)
        return tuple(rules.parsed.sitemaps) if rules.parsed else ()

    async def _of(self, url: str, outlet: Outlet, tally: Tally) -> _Rules:
        origin = str(URL(url).origin())
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._fetch(origin, outlet, tally))
        return await asyncio.shield(self._rules[origin])

    async def _fetch(self, origin: str, outlet: Outlet, tally: Tally) -> _Rules:
        url = f"{origin}/robots.txt"
        try:
            reply = await self._fetcher.get(Ask(url, outlet, tally, _MAX_BYTES))
        except FetchFailed as failed:
            if failed.status is not None and 400 <= failed.status < 500 and failed.status != 429:
                return _Rules(Protego.parse(""))
            return _Rules(None, str(failed))
        rules = Protego.parse(reply.content[:_READ_BYTES].decode("utf-8-sig", errors="replace"))
        if delay := rules.crawl_delay(_AGENT):
            self._fetcher.lane(url, outlet).slow_down(min(delay, _LONGEST_DELAY))
        return _Rules(rules)
