"""From a domain to a registry's entry: what the home page and robots.txt name is read before it is proposed.

Feeds under the usual addresses are tried only where the home page names none; so are sitemaps. Where no feed
is found, section pages are tried, too: the home page and the news in its menus.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yarl import URL

from pipeline.config import Network
from pipeline.errors import BadInput, Failed
from pipeline.ingest.fetch import PAGE_TYPES, Ask, Fetcher, FetchFailed, Reply, Tally
from pipeline.ingest.home import Home, read_home
from pipeline.ingest.registry import entry_toml, host_name, on_site
from pipeline.ingest.robots import Robots
from pipeline.ingest.sections import news_sections
from pipeline.ingest.sources import Source
from pipeline.ingest.trial import own_pages, read_sources
from pipeline.model import Outlet
from pipeline.params import Params

_USUAL_FEEDS = ("/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/rss", "/feed.json")
_USUAL_SITEMAPS = ("/news-sitemap.xml", "/sitemap_index.xml", "/sitemap.xml")
_MOST = 6  # feeds tried, and sitemaps: large sites name dozens, by section and by month
_MOST_SECTIONS = 4
_FEW = 5  # links to articles, from which on a page is a section
_UNFIT = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """An outlet as its site tells of it. `notes`: what was left out and why, what nobody said."""

    outlet: Outlet
    notes: tuple[str, ...]

    def toml(self) -> str:
        """The entry for a registry, the notes as comments before it."""
        # a note quotes the site, and a line break in it would end the comment
        comments = ["".join(c for c in " ".join(note.split()) if c.isprintable()) for note in self.notes]
        return "".join(f"# {comment}\n" for comment in comments) + entry_toml(self.outlet)


def discover(site: str, network: Network, params: Params) -> Proposal:
    """Propose an entry for a domain, or for the domain of a URL.

    Raises `BadInput` if it is neither, `Failed` if its home page cannot be read or nothing names pages.
    """
    try:
        host = host_name(URL(site).raw_host or "" if "://" in site else site)
    except ValueError:
        raise BadInput(f"{site!r}: expected a domain such as kmrx.example") from None
    return asyncio.run(_discover(host, network, params))


async def _discover(host: str, network: Network, params: Params) -> Proposal:
    domain = host.removeprefix("www.")
    outlet, tally = Outlet(_id_of(domain), domain, domain, max_concurrency=1), Tally()
    async with Fetcher(network) as fetcher:
        robots = Robots(fetcher)
        reply = await _home(host, outlet, params, fetcher, robots, tally)
        home = read_home(reply.content, reply.url, reply.charset)
        named = await robots.sitemaps(reply.url, outlet, tally)
        notes: list[str] = []
        feeds = _candidates(home.feeds, _USUAL_FEEDS, "feeds", reply.url, domain, notes)
        maps = _candidates(named, _USUAL_SITEMAPS, "sitemaps", reply.url, domain, notes)
        tried = replace(outlet, feeds=feeds, sitemaps=maps)
        sources = await read_sources(tried, network, fetcher, robots, tally)
        sections: tuple[str, ...] = ()
        if not any(own_pages(source.items, domain) for source in sources if source.url in feeds):
            menus = news_sections(reply.content, reply.url, reply.charset, domain)
            listed = replace(outlet, sections=tuple(dict.fromkeys((reply.url, *menus)))[:_MOST_SECTIONS])
            read = await read_sources(listed, network, fetcher, robots, tally)
            sections = tuple(_listing(read, domain, notes))
    guessed = {url for urls, said in ((feeds, home.feeds), (maps, named)) if not said for url in urls}
    pages = _pages(sources, domain)
    good_feeds, good_maps = (
        tuple(_good([s for s in sources if s.url in urls], pages, guessed, notes)) for urls in (feeds, maps)
    )
    found = replace(_with(outlet, home, good_feeds, good_maps), sections=sections)
    if not found.feeds and not found.sitemaps and not sections:
        why = "; ".join(notes) or "none is named"
        raise Failed(f"{domain}: no feed, sitemap or section with pages; {why}"[:1000])
    unsaid = [name for name in ("time_zone", "owner_group", "market") if not getattr(home, name)]
    if unsaid:
        notes.append(f"the home page does not say: {', '.join(unsaid)}")
    return Proposal(found, tuple(notes))


async def _home(
    host: str, outlet: Outlet, params: Params, fetcher: Fetcher, robots: Robots, tally: Tally
) -> Reply:
    """The home page by https, else by http."""
    gate, problems = robots.on_site(outlet, tally), []
    for scheme in ("https", "http"):
        url = f"{scheme}://{host}/"
        ask = Ask(url, outlet, tally, params.max_page_bytes, types=PAGE_TYPES, gate=gate)
        try:
            return await fetcher.get(ask)
        except FetchFailed as failed:
            problems.append(f"{url}: {failed}")
    raise Failed("; ".join(problems))


def _candidates(
    named: tuple[str, ...],
    usual: tuple[str, ...],
    what: str,
    home: str,
    domain: str,
    notes: list[str],
) -> tuple[str, ...]:
    """The URLs to try: those named on the outlet's hosts, news first, else the usual ones."""
    own = [url for url in dict.fromkeys(named) if on_site(_host(url), domain)]
    notes += [f"{url}: left out, it is not on {domain}" for url in named if url not in own]
    if not named:
        notes.append(f"the site names no {what}; the usual addresses were tried")
        own = [str(URL(home).join(URL(path))) for path in usual]
    own.sort(key=lambda url: "news" not in URL(url).path.lower())
    if len(own) > _MOST:
        notes.append(f"{what}: the first {_MOST} of {len(own)} were tried")
    return tuple(own[:_MOST])


def _pages(sources: Sequence[Source], domain: str) -> dict[str, set[str]]:
    """The outlet's pages that each source names, those of an index's sitemaps counted as its own."""
    above: dict[str, set[str]] = {}
    pages: dict[str, set[str]] = {}
    for source in sources:  # an index comes before its sitemaps
        own = above.setdefault(source.url, set()) | {source.url}
        for child in source.children:
            above.setdefault(child, set()).update(own)
        for url in own:
            pages.setdefault(url, set()).update(own_pages(source.items, domain))
    return pages


def _good(
    sources: Sequence[Source], pages: Mapping[str, set[str]], guessed: set[str], notes: list[str]
) -> Iterator[str]:
    """Those that name pages, of those that name the same the first; a bad guess leaves no note."""
    taken: dict[str, set[str]] = {}
    for source in sources:
        named = pages[source.url]
        twin = next((url for url, others in taken.items() if named == others), None)
        if named and not twin:
            taken[source.url] = named
            yield source.url
        elif source.url not in guessed:
            why = f"it names the same pages as {twin}" if named else source.reason or "it names no page"
            notes.append(f"{source.url}: left out, {why.removeprefix(f'{source.url}: ')}")


def _listing(sections: Sequence[Source], domain: str, notes: list[str]) -> Iterator[str]:
    """Sections that link to articles, none of which is all in those before it."""
    seen: set[str] = set()
    for section in sections:
        named = set(own_pages(section.items, domain))
        if len(named) >= _FEW and named - seen:
            seen |= named
            yield section.url
        else:
            why = f"{len(named)} links to articles, {len(named - seen)} of them new"
            notes.append(f"{section.url}: left out, {section.reason or why}")
    if seen:
        notes.append("no feed was found: sections are read where feeds and sitemaps name no page")


def _with(outlet: Outlet, home: Home, feeds: tuple[str, ...], sitemaps: tuple[str, ...]) -> Outlet:
    return Outlet(
        outlet_id=outlet.outlet_id,
        name=home.name or outlet.domain,
        domain=outlet.domain,
        feeds=feeds,
        sitemaps=sitemaps,
        owner_group=home.owner_group,
        market=home.market,
        call_sign=home.call_sign,
        time_zone=home.time_zone or outlet.time_zone,
        language=home.language or outlet.language,
    )


def _id_of(domain: str) -> str:
    """`www.kmrx.example` → kmrx; the last label, the public suffix of most, tells nobody anything."""
    bare = domain.removeprefix("www.").rpartition(".")[0]
    return _UNFIT.sub("-", bare.lower()).strip("-")[:64] or "outlet"


def _host(url: str) -> str:
    try:
        return URL(url).raw_host or ""
    except ValueError:
        return ""
