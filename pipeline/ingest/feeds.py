"""Feeds and sitemaps become items; what they contain is hostile until parsed, and nothing is asked for it.

RSS, Atom and JSON Feed: fastfeedparser, .018 ms an item against feedparser's 1.19 ms, which stands behind
it for what it cannot read. Both take a time with the square of an element's attributes, and feedparser one
with the square of some broken documents, so both are bounded. Sitemaps (sitemaps.org 0.9, with Google's
news extension): lxml iterparse without entities, DTD or network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from xml.parsers import expat

import fastfeedparser
import feedparser
from lxml import etree
from yarl import URL

from pipeline.times import in_utc, parse_time
from pipeline.urls import linked

_TAG = re.compile(r"<[^>]*>")
_MAX_ITEMS = 50_000  # sitemaps.org's limit for one file
# 100,000 attributes in 1 MB took 165 s; real ones have ten
_MANY_ATTRIBUTES = re.compile(rb"<(?:[^<>=]*+=){1000}")
# fastfeedparser fills what a date leaves open ("March 2026", "yesterday") from the clock; these leave nothing
_DATES = re.compile(
    rb"<(?:\w+:)?(?:pubDate|date|published|updated|issued|modified|created)\b[^>]*>\s*(?:<!\[CDATA\[)?([^<\]]*)"
    rb'|"date_(?:published|modified)"\s*:\s*"([^"]*)"',
    re.IGNORECASE,
)
_WHOLE_DATE = re.compile(r"\d{4}-\d\d-\d\d(?!\d)|(?:\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d")
_SAID = 300  # characters of a reason
_SLOW_BYTES = 512 << 10  # the most that feedparser is given: a second of the worst that we know


class FeedError(ValueError):
    """The document is neither a feed nor a sitemap, or too broken to tell."""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A page that a feed or sitemap names. `published_at`: UTC, None if not given or not a date; `modified`:
    when it was changed, as the document writes it."""

    url: str
    headline: str | None = None
    published_at: datetime | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class FullItem:
    """An item with the text that the feed itself gives, as HTML; empty if it gives a summary only."""

    link: str
    headline: str | None
    byline: str | None
    published_at: datetime | None
    content: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed or sitemap names: pages, or an index's further sitemaps (newest first, by their lastmod).

    `note`: what is wrong with a document that was read all the same, None if nothing is.
    """

    items: tuple[FeedItem, ...] = ()
    children: tuple[str, ...] = ()
    note: str | None = None


def parse_feed(content: bytes, url: str) -> Listing:
    """Items of an RSS, Atom or JSON Feed document, in its order; links are resolved against `url`.

    Items without an http(s) link are left out. Raises `FeedError` if it is not a feed.
    """
    entries = _entries(content)
    taken = entries[:_MAX_ITEMS]
    found = (
        _item(url, entry.get("link"), entry.get("title"), entry.get("published") or updated, updated)
        for entry in taken
        for updated in [entry.get("updated")]
    )
    items = tuple(item for item in found if item)
    undated = sum(item.published_at is None for item in items)
    return Listing(
        items,
        note=_note(
            (not entries, "no items"),
            (
                len(items) < len(taken),
                f"{len(taken) - len(items)} of {len(taken)} items without a link to a page",
            ),
            (undated, f"{undated} of {len(items)} items without a date"),
            (len(taken) < len(entries), f"{len(taken)} of {len(entries)} items taken"),
            (fault := _fault(content), f"broken XML: {fault}"),
        ),
    )


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


def parse_sitemap(content: bytes, url: str) -> Listing:
    """Pages of a urlset, or children of a sitemap index. Raises `FeedError` if it is neither."""
    rows: list[tuple[str, FeedItem]] = []  # (lastmod, item)
    root, entries, fault = "", 0, ""
    try:
        for kind, element in _elements(content):
            root = root or kind
            if kind in ("url", "sitemap"):
                entries += 1
                if row := _row(url, element):
                    rows.append(row)
                element.clear()
            if len(rows) >= _MAX_ITEMS:
                break
    except etree.XMLSyntaxError as error:
        if not rows:
            raise FeedError(f"not a sitemap: {error}"[:_SAID]) from None
        fault = str(error)  # what stands before it is good: a sitemap cut short still names pages
    if root not in ("urlset", "sitemapindex"):
        raise FeedError(f"expected urlset or sitemapindex, got {root or 'nothing'}"[:_SAID])
    note = _note(
        (not entries, "no entries"),
        (len(rows) < entries, f"{entries - len(rows)} of {entries} entries without a link to a page"),
        (len(rows) >= _MAX_ITEMS, f"the first {len(rows)} entries taken"),
        (fault, f"broken XML: {fault}"),
    )
    if root == "sitemapindex":
        newest_first = sorted(rows, key=lambda row: row[0], reverse=True)
        return Listing(children=tuple(item.url for _, item in newest_first), note=note)
    return Listing(tuple(item for _, item in rows), note=note)


def _note(*told: tuple[object, str]) -> str | None:
    """What holds of some things that may be wrong."""
    return "; ".join(text for holds, text in told if holds)[:_SAID] or None


def _fault(content: bytes) -> str:
    """Where and why a document is no well-formed XML; empty if it is, or is JSON."""
    if content.lstrip()[:1] in (b"{", b"["):
        return ""
    try:
        expat.ParserCreate().Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        return str(error)
    return ""


def _entries(content: bytes, with_content: bool = False) -> list[dict[str, Any]]:
    if _MANY_ATTRIBUTES.search(content):
        raise FeedError("not a feed: an element with a thousand attributes")
    problem = "no RSS, Atom or JSON Feed in it"
    try:
        entries = fastfeedparser.parse(
            content,
            include_content=with_content,
            include_tags=False,
            include_media=False,
            include_enclosures=False,
        )["entries"]
        if entries or len(content) > _SLOW_BYTES:
            _drop_guessed_dates(entries, content)
            return list(entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = str(error) or problem
    if len(content) <= _SLOW_BYTES:
        parsed = feedparser.parse(BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
        if parsed.get("version"):
            return list(parsed.entries)
    raise FeedError(f"not a feed: {problem}"[:_SAID])


def _drop_guessed_dates(entries: list[dict[str, Any]], content: bytes) -> None:
    """Leave only dates that the document itself states, to the day at least."""
    text = (
        content.decode("utf-16", "replace").encode() if content[:2] in (b"\xff\xfe", b"\xfe\xff") else content
    )
    stated = [(one or other).decode(errors="replace").strip() for one, other in _DATES.findall(text)]
    if all(map(_WHOLE_DATE.match, filter(None, stated))):
        return
    moments = set(map(_time, stated))
    for entry in entries:
        for name in ("published", "updated"):
            if _time(entry.get(name)) not in moments:
                entry[name] = None


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
    paths = ("{*}loc", "{*}news/{*}title", "{*}news/{*}publication_date", "{*}lastmod")
    link, headline, published, modified = map(element.findtext, paths)
    item = _item(base, link, headline, published, modified)
    return (modified or "", item) if item else None


def _item(
    base: str, link: str | None, headline: str | None, published: str | None, modified: str | None
) -> FeedItem | None:
    url = linked(URL(base), link)
    if not link or not url:
        return None
    if url.with_fragment(None) == URL(base):
        return None  # "http://", "//" and "#top" lead back to the feed
    return FeedItem(str(url), _line(headline), _time(published), _line(modified))


def _time(text: str | None) -> datetime | None:
    try:
        moment = parse_time(text or "")
        return in_utc(moment) if moment else None
    except ValueError:
        return None  # the page itself will say when it was published
