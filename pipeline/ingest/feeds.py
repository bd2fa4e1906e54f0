"""Feeds and sitemaps become items; what they contain is hostile until parsed, and nothing is asked for it.

RSS and Atom: fastfeedparser, .018 ms an item against feedparser's 1.19 ms, which stands behind it for
what it cannot read. Sitemaps (sitemaps.org 0.9, with Google's news extension): lxml iterparse without
entities, DTD or network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import fastfeedparser
import feedparser
from lxml import etree
from yarl import URL

from pipeline.times import in_utc, parse_time

_TAG = re.compile(r"<[^>]*>")
_MAX_ITEMS = 50_000  # sitemaps.org's limit for one file


class FeedError(ValueError):
    """The document is neither a feed nor a sitemap, or too broken to tell."""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A page that a feed or sitemap names. `published_at`: UTC, None if not given or not a date."""

    url: str
    headline: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FullItem:
    """An item with the text that the feed itself gives, as HTML; empty if it gives a summary only."""

    link: str
    headline: str | None
    byline: str | None
    published_at: datetime | None
    content: str


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap's pages, or an index's further sitemaps (newest first, by their lastmod)."""

    items: tuple[FeedItem, ...] = ()
    children: tuple[str, ...] = ()


def parse_feed(content: bytes, url: str) -> tuple[FeedItem, ...]:
    """Items of an RSS or Atom document, in its order; links are resolved against `url`.

    Items without an http(s) link are left out. Raises `FeedError` if it is not a feed.
    """
    entries = _entries(content)
    items = (
        _item(url, entry.get("link"), entry.get("title"), entry.get("published") or entry.get("updated"))
        for entry in entries[:_MAX_ITEMS]
    )
    return tuple(item for item in items if item)


def parse_full(content: bytes, summary_words: int) -> tuple[FullItem, ...]:
    """Items of an RSS or Atom document with their texts (content:encoded, content), in its order.

    Many feeds have the whole text as description: one of fewer words than `summary_words` is a summary.
    Raises `FeedError` if it is not a feed.
    """
    return tuple(_full(entry, summary_words) for entry in _entries(content, with_content=True)[:_MAX_ITEMS])


def _full(entry: dict[str, Any], summary_words: int) -> FullItem:
    texts = [str(one.get("value") or "") for one in entry.get("content") or ()]
    summary = str(entry.get("description") or entry.get("summary") or "")
    # fastfeedparser repeats the description as content, feedparser does not
    full = next((text for text in texts if text and text != summary), "")
    if not full and len(_TAG.sub(" ", summary).split()) >= summary_words:
        full = summary
    return FullItem(
        link=str(entry.get("link") or "").strip(),
        headline=_line(entry.get("title")),
        byline=_line(entry.get("author")),
        published_at=_time(entry.get("published") or entry.get("updated")),
        content=full,
    )


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def parse_sitemap(content: bytes, url: str) -> Sitemap:
    """Pages of a urlset, or children of a sitemap index. Raises `FeedError` if it is neither."""
    rows: list[tuple[str, FeedItem]] = []  # (lastmod, item)
    root = ""
    try:
        for kind, element in _elements(content):
            root = root or kind
            if kind in ("url", "sitemap") and (row := _row(url, element)):
                rows.append(row)
            if kind in ("url", "sitemap"):
                element.clear()
            if len(rows) >= _MAX_ITEMS:
                break
    except etree.XMLSyntaxError as error:
        if not rows:
            raise FeedError(f"not a sitemap: {error}") from None
        # what stands before the fault is good: a sitemap cut short still names pages
    if root not in ("urlset", "sitemapindex"):
        raise FeedError(f"expected urlset or sitemapindex, got {root or 'nothing'}")
    if root == "sitemapindex":
        newest_first = sorted(rows, key=lambda row: row[0], reverse=True)
        return Sitemap(children=tuple(item.url for _, item in newest_first))
    return Sitemap(items=tuple(item for _, item in rows))


def _entries(content: bytes, with_content: bool = False) -> list[dict[str, Any]]:
    try:
        entries = fastfeedparser.parse(
            content,
            include_content=with_content,
            include_tags=False,
            include_media=False,
            include_enclosures=False,
        )["entries"]
        if entries:
            return list(entries)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # feedparser says below whether it is a feed at all
    parsed = feedparser.parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    if not parsed.get("version"):
        raise FeedError(f"not a feed: {str(parsed.get('bozo_exception', 'no RSS or Atom in it'))[:200]}")
    return list(parsed.entries)


def _elements(content: bytes) -> Iterator[tuple[str, etree._Element]]:
    """(local name, element) of the root at its start, of every other element at its end."""
    events = etree.iterparse(
        BytesIO(content),
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    started = False
    for event, element in events:
        if event == "end" or not started:
            started = True
            yield etree.QName(element).localname, element


def _row(base: str, element: etree._Element) -> tuple[str, FeedItem] | None:
    # by path: image:loc and image:title stand in the same entry
    item = _item(
        base,
        element.findtext("{*}loc"),
        element.findtext("{*}news/{*}title"),
        element.findtext("{*}news/{*}publication_date"),
    )
    return (element.findtext("{*}lastmod") or "", item) if item else None


def _item(base: str, link: str | None, headline: str | None, published: str | None) -> FeedItem | None:
    try:
        url = URL(base).join(URL((link or "").strip()))
    except ValueError:
        return None
    if not link or url.scheme not in ("http", "https") or not url.host:
        return None
    return FeedItem(str(url), _line(headline), _time(published))


def _time(text: str | None) -> datetime | None:
    try:
        moment = parse_time(text or "")
        return in_utc(moment) if moment else None
    except ValueError:
        return None  # the page itself will say when it was published
