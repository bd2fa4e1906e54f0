"""Feeds, sitemaps and dates as sites really write them, and as nobody should."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.ingest.feeds import FeedError, FeedItem, parse_feed, parse_sitemap
from tests.ingest.site import rss

BASE = "http://a.example/news/feed"
SITEMAP = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
)


def test_rss_and_atom_give_the_same_items() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><entry>
        <title>Ferry  &amp; tide</title><link rel="alternate" href="../one?id=7&amp;p=2"/>
        <published>2026-03-05T02:00:00-07:00</published></entry></feed>"""
    other = """<rss version="2.0"><channel><title>N</title><item>
        <title><![CDATA[Ferry & tide]]></title><link> /one?id=7&amp;p=2 </link>
        <pubDate>Thu, 05 Mar 2026 02:00:00 MST</pubDate></item>
        <item><title>No link</title></item>
        <item><title>Mail</title><link>mailto:desk@a.example</link></item></channel></rss>"""
    item = FeedItem("http://a.example/one?id=7&p=2", "Ferry & tide", datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert parse_feed(atom.encode(), BASE).items == (item,)
    assert parse_feed(other.encode(), BASE).items == (item,)


def test_a_feed_cut_short_gives_what_it_has() -> None:
    whole = rss("a.example", "/one", "/two").encode()
    items = parse_feed(whole[: whole.index(b"News of /two")], BASE).items
    assert items[0].url == "http://a.example/one"


def test_what_is_no_feed_is_said_so() -> None:
    for content in (b"", b"<html><body>404</body></html>", b"\x00\x01\x02", b"just words"):
        with pytest.raises(FeedError):
            parse_feed(content, BASE)
        with pytest.raises(FeedError):
            parse_sitemap(content, BASE)


def test_a_news_sitemap_entry_is_not_confused_by_its_images() -> None:
    sitemap = f"""{SITEMAP}<url><loc>http://a.example/one</loc>
        <news:news><news:publication><news:name>Beacon</news:name></news:publication>
        <news:publication_date>2026-03-05</news:publication_date><news:title>Tide</news:title></news:news>
        <image:image><image:loc>http://a.example/i.jpg</image:loc><image:title>Pier</image:title></image:image>
        </url><url><loc>http://a.example/two</loc></url>"""
    expected = (
        FeedItem("http://a.example/one", "Tide", datetime(2026, 3, 5, tzinfo=UTC)),
        FeedItem("http://a.example/two"),
    )
    assert parse_sitemap(f"{sitemap}</urlset>".encode(), BASE).items == expected
    assert parse_sitemap(sitemap.encode(), BASE).items == expected, "cut short"


def test_an_index_names_its_newest_sitemaps_first() -> None:
    rows = "".join(
        f"<sitemap><loc>http://a.example/{year}.xml</loc><lastmod>{year}-01-01</lastmod></sitemap>"
        for year in (2024, 2026, 2025)
    )
    children = parse_sitemap(f"<sitemapindex>{rows}</sitemapindex>".encode(), BASE).children
    assert [child[-8:-4] for child in children] == ["2026", "2025", "2024"]


def test_entities_are_neither_read_nor_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "secret">{levels}]>', "&l9;"
    file = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{(tmp_path / "secret").as_uri()}">]>', "&f;"
    for dtd, entity in (bomb, file):
        loc, link = f"<loc>http://a.example/{entity}</loc>", f"<link>http://a.example/{entity}</link>"
        items: list[FeedItem] = []
        with suppress(FeedError):
            items += parse_sitemap(f"{dtd}<urlset><url>{loc}</url></urlset>".encode(), BASE).items
        with suppress(FeedError):
            items += parse_feed(
                f"{dtd}<rss><channel><item>{link}</item></channel></rss>".encode(), BASE
            ).items
        assert not [item for item in items if "secret" in item.url]


def test_a_date_that_is_not_whole_is_none_whatever_day_it_is() -> None:
    """The parser would fill it from the clock."""
    dates = ("March 2026", "yesterday", "2 hours ago", "5 March", "2026-03", "Thursday 9:00")
    whole = ("Thu, 05 Mar 2026 02:00:00 MST", "<![CDATA[2026-03-05T09:00:00Z]]>", "March 5, 2026 09:00 GMT")
    items = "".join(
        f"<item><link>/{n}</link><pubDate>{date}</pubDate></item>" for n, date in enumerate((*dates, *whole))
    )
    feed = f'<rss version="2.0"><channel><title>N</title>{items}</channel></rss>'
    for content in (feed.encode(), feed.encode("utf-16")):
        found = [item.published_at for item in parse_feed(content, BASE).items]
        assert found == [None] * len(dates) + [datetime(2026, 3, 5, 9, tzinfo=UTC)] * len(whole)
