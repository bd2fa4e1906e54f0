"""Which pages a visit asks for, and in which order: none that waits or is due is ever left out of both.

New pages come first, then those that wait or whose recheck is due, then known ones of which a source says
something new; within each, what was published last.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from pipeline.ingest.feeds import FeedItem
from pipeline.ingest.state import PageSeen, Rechecks
from pipeline.urls import normalise_url


def told_of(items: Iterable[FeedItem]) -> dict[str, str]:
    """What a source says of its pages, by normalised URL, as a short digest."""
    said: dict[str, list[str]] = defaultdict(list)
    for item in items:
        said[normalise_url(item.url)].append(f"{item.headline}\n{item.published_at}\n{item.modified}")
    return {key: _digest("\n".join(said[key])) for key in sorted(said)}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=6).hexdigest()


def wanted(
    named: Iterable[FeedItem], known: Mapping[str, PageSeen], now: datetime, rechecks: Rechecks
) -> list[PageSeen]:
    """Each page once, as the state knows it, or as one that is new at `now`.

    `named`: pages that are new, or of which a source says something new; `known`: pages by normalised URL;
    those of them that are due are asked for, too.
    """
    due = {key: page for key, page in known.items() if page.is_due(now, rechecks)}
    pages: dict[str, PageSeen] = {}
    for item in named:
        key = normalise_url(item.url)
        before = pages.get(key)
        if before is None:
            seen = known.get(key)
            pages[key] = replace(seen, item=item) if seen else PageSeen(item, now)
        else:
            pages[key] = replace(before, item=_both(before.item, item, key))

    def rank(page: tuple[str, PageSeen]) -> tuple[int, float]:
        key, seen = page
        urgency = 0 if seen.sha256 is None else 1 if key in due else 2
        published = seen.item.published_at
        return urgency, -published.timestamp() if published else 0.0

    return [page for _, page in sorted((due | pages).items(), key=rank)]


def _both(one: FeedItem, other: FeedItem, key: str) -> FeedItem:
    """What two mentions of a page tell: the page's own address before that of a variant, and a time."""
    url = other.url if other.url == key else one.url
    if one.published_at or not other.published_at:
        return replace(one, url=url)
    return FeedItem(url, one.headline or other.headline, other.published_at, one.modified or other.modified)
