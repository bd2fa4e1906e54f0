"""A large feed is parsed beside the loop, to the same listing; a small one in it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest

from pipeline.ingest.feeds import FeedError, Listing, parse_feed, parse_sitemap
from pipeline.ingest.parser import Parser

BASE = "http://a.example/feed"


def feed(items: int) -> bytes:
    listed = "".join(
        f"<item><title>Ferry {number} — läuft</title><link>/ferry/{number}</link>"
        "<pubDate>Thu, 05 Mar 2026 09:00:00 GMT</pubDate></item>"
        for number in range(items)
    )
    return f'<rss version="2.0"><channel><title>N</title>{listed}</channel></rss>'.encode()


def sitemap(pages: int) -> bytes:
    listed = "".join(f"<url><loc>/page/{number}</loc></url>" for number in range(pages))
    return f"<urlset>{listed}</urlset>".encode()


async def parsed(content: bytes, is_feed: bool) -> tuple[Listing, int]:
    """The listing, and how often the loop had its turn meanwhile."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    beside = asyncio.create_task(others())
    listing = await Parser().parse(content, BASE, is_feed=is_feed)
    beside.cancel()
    return listing, turns


@pytest.mark.parametrize(("content", "is_feed"), [(feed(6_000), True), (sitemap(20_000), False)])
def test_a_large_one_lets_others_have_their_turns_and_reads_the_same(content: bytes, is_feed: bool) -> None:
    assert len(content) > 512 << 10
    listing, turns = asyncio.run(parsed(content, is_feed))
    assert listing == (parse_feed if is_feed else parse_sitemap)(content, BASE)
    assert turns > 5


def test_a_small_one_starts_no_process() -> None:
    listing, turns = asyncio.run(parsed(feed(10), is_feed=True))
    assert len(listing.items) == 10 and turns == 0


def test_a_large_one_that_is_none() -> None:
    with pytest.raises(FeedError, match="expected urlset or sitemapindex, got html"):
        asyncio.run(parsed(b"<html>" + b"<p>words</p>" * 100_000 + b"</html>", is_feed=False))


def test_one_that_stands_still_ends_itself() -> None:
    """It waits for the rest of the document, which never comes, and uses no CPU."""
    told = "from pipeline.ingest import parser; parser._WALL_SECONDS = 1; parser.main()"
    with subprocess.Popen([sys.executable, "-c", told, "feed", BASE], stdin=subprocess.PIPE) as child:
        assert child.wait(30) == -signal.SIGALRM
