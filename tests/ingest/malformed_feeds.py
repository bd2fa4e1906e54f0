"""Feeds and sitemaps as nobody should send them, each read as a run reads it, over HTTP from a real server.

Printed by `python -m tests.ingest.malformed_feeds`: what became of each, and why. Documents that try to
make the reader ask for something name `{bait}`, a page of the same server: whoever asks for it is told on.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from pipeline.ingest.fetch import Fetcher, Tally
from pipeline.ingest.parser import Parser
from pipeline.ingest.robots import Robots
from pipeline.ingest.sources import SourceReader
from pipeline.ingest.state import OutletState
from tests.ingest.site import World, outlet, serving

MB = 1 << 20
HOST = "a.example"
_DAY = "<pubDate>Thu, 05 Mar 2026 09:00:00 GMT</pubDate>"


def _item(title: str = "Ferry", link: str = f"http://{HOST}/one", more: str = _DAY) -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def _rss(*items: str, dtd: str = "", head: str = '<?xml version="1.0"?>', attributes: str = "") -> str:
    channel = "".join(items or (_item(),))
    return f'{head}{dtd}<rss version="2.0"{attributes}><channel><title>N</title>{channel}</channel></rss>'


def _map(*entries: str, dtd: str = "") -> str:
    return f"{dtd}<urlset>{''.join(entries or (f'<url><loc>http://{HOST}/one</loc></url>',))}</urlset>"


def _bomb() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>'


def _padded(size: int) -> str:
    """A good feed of so many bytes."""
    items = [_item(f"Ferry {n}", f"http://{HOST}/{n}") for n in range(1000)]
    return _rss(*items, f"<item><description>{'x' * (size - len(_rss(*items)))}</description></item>")


def _gzip_bomb(size: int) -> bytes:
    return gzip.compress(_padded(size).encode(), mtime=0)


def _entity(value: str) -> str:
    return f'<!DOCTYPE x [<!ENTITY b "{value}">]>'


@dataclass(frozen=True, slots=True)
class Way:
    """How a document is broken. `expected`: outcome and, of its reason, a part; "" for no reason.

    `body` is made when it is tried. `items`: pages (or sitemaps) it gives. `streamed`: sent without a length.
    """

    name: str
    body: Callable[[], str | bytes]
    outcome: str
    expected: str
    items: int = 0
    sitemap: bool = False
    content_type: str = "application/rss+xml"
    coding: str | None = None
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a way: `outcome` and `reason` of the source, pages found, seconds, requests for bait."""

    way: Way
    outcome: str
    reason: str | None
    items: tuple[str, ...]
    headlines: tuple[str | None, ...]
    seconds: float
    baited: int

    @property
    def held(self) -> bool:
        """It is as expected, nobody asked for the bait, and no file of ours was read."""
        told = self.reason or ""
        right = self.way.expected in told if self.way.expected else not told
        return (
            right
            and self.outcome == self.way.outcome
            and len(self.items) == self.way.items
            and not self.baited
        )


def _failed(name: str, body: Callable[[], str | bytes], expected: str, **more: object) -> Way:
    return Way(name, body, "failed", expected, **more)  # type: ignore[arg-type]


def _read(name: str, body: Callable[[], str | bytes], items: int, expected: str = "", **more: object) -> Way:
    return Way(name, body, "read", expected, items, **more)  # type: ignore[arg-type]


_LATIN = 'encoding="utf-8"'
_JSON = {"version": "https://jsonfeed.org/version/1.1", "title": "N"}

WAYS: tuple[Way, ...] = (
    # what is no feed
    _failed("empty", lambda: "", "bad_feed"),
    _failed("blank lines only", lambda: "\n \n", "bad_feed"),
    _failed("an error page with status 200", lambda: "<html><body>Oops</body></html>", "appears to be HTML"),
    _failed("words", lambda: "Service temporarily away", "bad_feed"),
    _failed("binary", lambda: bytes(range(256)) * 40, "bad_feed"),
    _failed("a megabyte of <", lambda: "<" * MB, "bad_feed"),
    _failed(
        "a page that refreshes to a feed",
        lambda: '<html><meta http-equiv="refresh" content="0;url={bait}">',
        "HTML",
    ),
    _failed("a URL", lambda: "{bait}", "bad_feed"),
    _failed("an XML that is another", lambda: "<svg xmlns='http://www.w3.org/2000/svg'/>", "bad_feed"),
    _failed("a sitemap in place of a feed", _map, "bad_feed"),
    # broken XML
    _read("cut short", lambda: _rss(_item(), _item("Tide", f"http://{HOST}/two"))[:-60], 2, "broken XML"),
    _read(
        "tags not closed",
        lambda: _rss("<item><title>Ferry<link>http://a.example/one</link>"),
        0,
        "1 of 1 items without a link",
    ),
    _read(
        "bare ampersands",
        lambda: _rss(_item("Fish & chips", "http://a.example/one?a=1&b=2")),
        1,
        "broken XML",
    ),
    _read("unknown prefix", lambda: _rss(_item(more=f"<zz:x>1</zz:x>{_DAY}")), 1),
    _read("unknown entity", lambda: _rss(_item("Tide&nbsp;table")), 1, "undefined entity"),
    _read("control characters", lambda: _rss(_item("Fer\x01ry\x0b")), 1, "broken XML"),
    _read("NUL bytes", lambda: _rss(_item("Fer\0ry")), 1, "broken XML"),
    _read("junk before the declaration", lambda: "\n\n<!-- cache -->\n" + _rss(), 1, "broken XML"),
    _read("two documents in one", lambda: _rss() + _rss(), 1, "broken XML"),
    _read("CDATA never closed", lambda: _rss(_item(), "<item><title><![CDATA[x"), 1, "broken XML"),
    _read("comment never closed", lambda: _rss(_item(), "<!-- x"), 1, "broken XML"),
    _read(
        "attributes without quotes",
        lambda: _rss(_item(more=f"<guid isPermaLink=false>1</guid>{_DAY}")),
        1,
        "broken XML",
    ),
    _read("100,000 elements within each other", lambda: _rss(_item(), "<a>" * 100_000), 1, "broken XML"),
    _failed(
        "100,000 attributes",
        lambda: _rss(attributes="".join(f' a{n}="1"' for n in range(100_000))),
        "attributes",
    ),
    # entities, and what asks for something
    _read("entity bomb", lambda: _rss(_item("&l9;"), dtd=_bomb()), 0, "amplification"),
    _read(
        "quadratic entity bomb",
        lambda: _rss(_item("&b;" * 50_000), dtd=_entity("x" * 50_000)),
        0,
        "amplification",
    ),
    _read(
        "entity of a file",
        lambda: _rss(_item("&f;"), dtd='<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
        1,
    ),
    _read(
        "entity of an address",
        lambda: _rss(_item("&f;"), dtd='<!DOCTYPE x [<!ENTITY f SYSTEM "{bait}">]>'),
        1,
    ),
    _read("DTD at an address", lambda: _rss(dtd='<!DOCTYPE rss SYSTEM "{bait}">'), 1),
    _read(
        "parameter entity at an address",
        lambda: _rss(dtd='<!DOCTYPE x [<!ENTITY % p SYSTEM "{bait}"> %p;]>'),
        1,
    ),
    _read(
        "XInclude",
        lambda: _rss(
            _item(more=f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{{bait}}"/>{_DAY}')
        ),
        1,
    ),
    _read(
        "style sheet at an address", lambda: _rss(dtd='<?xml-stylesheet type="text/xsl" href="{bait}"?>'), 1
    ),
    # charsets
    _read(
        "windows-1252 that calls itself UTF-8",
        lambda: _rss(_item("Café – tide"), head=f"<?xml version='1.0' {_LATIN}?>").encode("cp1252"),
        1,
        "broken XML",
    ),
    _read(
        "UTF-8 that calls itself UTF-16",
        lambda: _rss(_item("Café"), head='<?xml version="1.0" encoding="utf-16"?>').encode(),
        1,
        "broken XML",
    ),
    _read("UTF-16 without a declaration", lambda: _rss(_item("Café"), head="").encode("utf-16"), 1),
    _read(
        "a charset that is none",
        lambda: _rss(_item("Café"), head='<?xml version="1.0" encoding="utf-99"?>').encode(),
        1,
        "broken XML",
    ),
    _read(
        "header and declaration disagree",
        lambda: _rss(_item("Café")).encode(),
        1,
        content_type="text/xml; charset=koi8-r",
    ),
    _read("called text/html", _rss, 1, content_type="text/html"),
    # links
    _read(
        "relative links",
        lambda: _rss(_item(link="one?id=7"), _item(link="//a.example/two"), _item(link="/three")),
        3,
    ),
    _read(
        "no links",
        lambda: _rss(*(f"<item><title>{n}</title>{_DAY}</item>" for n in range(3))),
        0,
        "3 of 3 items without a link",
    ),
    _read(
        "links that are none",
        lambda: _rss(
            *(
                _item(link=link)
                for link in (
                    "javascript:x",
                    "mailto:a@a.example",
                    "file:///etc/passwd",
                    "http://[::1",
                    "http://",
                )
            )
        ),
        0,
        "5 of 5 items without a link",
    ),
    _read("links with line breaks", lambda: _rss(_item(link="\n  http://a.example/one\n ")), 1),
    _read(
        "Atom links without href",
        lambda: "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title><link/></entry></feed>",
        0,
        "1 of 1 items without a link",
    ),
    # dates
    _read("no dates", lambda: _rss(_item(more=""), _item("Tide", more="")), 2, "2 of 2 items without a date"),
    _read(
        "dates that no calendar has",
        lambda: _rss(_item(more="<pubDate>Tue, 31 Feb 2026 25:61:00 GMT</pubDate>")),
        1,
        "without a date",
    ),
    _read(
        "dates that are words",
        lambda: _rss(_item(more="<pubDate>last Tuesday</pubDate>")),
        1,
        "without a date",
    ),
    _read(
        "dates without a day",
        lambda: _rss(_item(more="<pubDate>March 2026</pubDate>"), _item()),
        2,
        "1 of 2 items without a date",
    ),
    _read(
        "dates out of all time",
        lambda: _rss(_item(more="<pubDate>9999-12-31T23:59:59-12:00</pubDate>")),
        1,
        "without a date",
    ),
    _read(
        "a date of half a megabyte",
        lambda: _rss(_item(more=f"<pubDate>{'1 ' * (MB // 4)}</pubDate>")),
        1,
        "without a date",
    ),
    # JSON Feed
    _failed("JSON cut short", lambda: json.dumps(_JSON | {"items": [{"url": "/one"}]})[:-9], "bad_feed"),
    _failed("JSON that is no feed", lambda: '{"status": "ok"}', "bad_feed"),
    _failed("JSON items that are no list", lambda: json.dumps(_JSON | {"items": "none"}), "bad_feed"),
    _failed("JSON of a million brackets", lambda: "[" * 1_000_000, "bad_feed"),
    _failed("JSON items that are numbers", lambda: json.dumps(_JSON | {"items": [1, None]}), "bad_feed"),
    _read(
        "JSON Feed",
        lambda: json.dumps(_JSON | {"items": [{"url": "/one", "date_published": "2026-03-05T09:00:00Z"}]}),
        1,
    ),
    _read(
        "JSON dates that are words",
        lambda: json.dumps(_JSON | {"items": [{"url": "/one", "date_published": "yesterday"}]}),
        1,
        "without a date",
    ),
    # sizes and codings
    _failed("50 MB", lambda: _padded(50 * MB), "too_large: Content-Length"),
    _failed("50 MB, no length told", lambda: _padded(50 * MB), "too_large: more than", streamed=True),
    _failed("50 MB packed into 60 kB", lambda: _gzip_bomb(50 * MB), "too_large", coding="gzip"),
    _failed("50 MB in a .gz", lambda: _gzip_bomb(50 * MB), "bad_feed: more than"),
    _failed("two million empty items", lambda: _rss(*["<item/>"] * 2_000_000), "parsing it takes more than"),
    _failed(
        "15 MB of elements within each other",
        lambda: _rss("<item>" * 2_500_000),
        "parsing it takes more than",
    ),
    _read("15 MB", lambda: _padded(15 * MB), 1000, "1 of 1001 items without a link"),
    _read(
        "60,000 items",
        lambda: _rss(*(_item(link=f"/{n}") for n in range(60_000))),
        50_000,
        "50000 of 60000 items taken",
    ),
    _failed(
        "packed, and cut short", lambda: gzip.compress(_rss().encode())[:-20], "truncated", coding="gzip"
    ),
    _failed("not packed as it says", _rss, "corrupt", coding="gzip"),
    _failed(
        "packed in a way not asked for", lambda: zlib.compress(b"x"), "corrupt: Content-Encoding", coding="br"
    ),
    _read("a .gz", lambda: gzip.compress(_rss().encode()), 1),
    # sitemaps
    _failed(
        "sitemap: an error page", lambda: "<html><body>Oops</body></html>", "expected urlset", sitemap=True
    ),
    _failed("sitemap: a feed", _rss, "expected urlset or sitemapindex, got rss", sitemap=True),
    _read("sitemap: cut short", lambda: _map()[:-9] + "<url><loc>http", 1, "broken XML", sitemap=True),
    _read(
        "sitemap: relative",
        lambda: _map("<url><loc>/one</loc></url>", "<url><loc/></url>"),
        1,
        "1 of 2 entries",
        sitemap=True,
    ),
    _read("sitemap: empty", lambda: "<urlset/>", 0, "no entries", sitemap=True),
    _failed(
        "sitemap: entity bomb",
        lambda: _map("<url><loc>/&l9;</loc></url>", dtd=_bomb()),
        "bad_feed",
        sitemap=True,
    ),
    _read(
        "sitemap: entity of an address",
        lambda: _map(
            "<url><loc>&f;</loc></url>", dtd='<!DOCTYPE x SYSTEM "{bait}" [<!ENTITY f SYSTEM "{bait}">]>'
        ),
        0,
        "1 of 1 entries",
        sitemap=True,
    ),
    _failed("sitemap: too deep", lambda: "<urlset>" + "<url>" * 100_000, "depth", sitemap=True),
    _read(
        "sitemap: an index of itself",
        lambda: f"<sitemapindex><sitemap><loc>http://{HOST}/feed</loc></sitemap></sitemapindex>",
        0,
        "1 of 1 entries without a link",
        sitemap=True,
    ),
)


def _lay(world: World, way: Way) -> None:
    body = way.body()
    content = (body.encode() if isinstance(body, str) else body).replace(
        b"{bait}", f"http://127.0.0.1:{world.port}/bait".encode()
    )
    headers = {"Content-Type": way.content_type} | ({"Content-Encoding": way.coding} if way.coding else {})

    async def answer(request: web.Request) -> web.StreamResponse:
        if not way.streamed:
            return web.Response(body=content, headers=headers)
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            for start in range(0, len(content), MB):
                await response.write(content[start : start + MB])
        except ConnectionError:
            pass  # the reader has had enough
        return response

    world.answers = {f"{HOST}/feed": answer}


async def _try(world: World, way: Way) -> Result:
    _lay(world, way)
    world.asked.clear()
    url = f"http://{HOST}/feed"
    site = outlet(HOST, feeds=() if way.sitemap else (url,), sitemaps=(url,) if way.sitemap else ())
    network = world.network(connect_seconds=30.0, read_seconds=30.0)
    async with Fetcher(network) as fetcher:
        means = network, fetcher, Robots(fetcher), Parser(), Tally()
        reader = SourceReader(site, OutletState({}, {}), *means)
        start = time.perf_counter()
        source, *_ = await reader.read_all()
        seconds = time.perf_counter() - start
    reason = (source.reason or "").removeprefix(f"{url}: ") or None
    return Result(
        way,
        str(source.state),
        reason,
        source.children or tuple(item.url for item in source.items),
        tuple(item.headline for item in source.items),
        seconds,
        sum(asked.path == "/bait" for asked in world.asked),
    )


def try_all() -> tuple[Result, ...]:
    """Every way in its turn."""

    async def all_of_them(world: World) -> tuple[Result, ...]:
        return tuple([await _try(world, way) for way in WAYS])

    with serving() as world:
        return asyncio.run(all_of_them(world))


def main() -> int:
    results = try_all()
    print(f"{'way':<40}{'outcome':<9}{'pages':>6}{'s':>7}  reason")
    for one in results:
        told = "" if one.held else f"  EXPECTED {one.way.outcome}, {one.way.items}: {one.way.expected}"
        reason = (one.reason or "").replace("\n", " ")[:110]
        print(f"{one.way.name:<40}{one.outcome:<9}{len(one.items):>6}{one.seconds:>7.2f}  {reason}{told}")
    held = sum(one.held for one in results)
    print(f"\n{len(results)} ways, {held} with the outcome and reason they should have")
    return 0 if held == len(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
