"""What a site's home page says of the site: its feeds, its name and owner, where it is. Never a guess.

Markup is hostile until parsed, and whatever is said stays text: nothing here is asked for.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from selectolax.lexbor import LexborHTMLParser
from yarl import URL

from pipeline.urls import linked

_READ_CHARACTERS = 2 << 20
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_ORGANISATIONS = ("Organization", "NewsMediaOrganization", "BroadcastService", "LocalBusiness", "Newspaper")
_TIME_ZONE = re.compile(
    r"""time_?zone\w*["']?\s*[:=]\s*["'](UTC|[A-Za-z]+\\?/[A-Za-z_\\/]+)["']""", re.IGNORECASE
)
_CALL_SIGN = re.compile(r"\b[KW][A-Z]{2,3}\b")
_LANGUAGE = re.compile(r"[a-z]{2}(?![a-z])")
_LONGEST = 120  # characters of a name; what is longer is no name


@dataclass(frozen=True, slots=True)
class Home:
    """What a home page says, None or empty where it does not. `feeds`: absolute URLs, on any host."""

    feeds: tuple[str, ...] = ()
    name: str | None = None
    owner_group: str | None = None
    market: str | None = None
    call_sign: str | None = None
    time_zone: str | None = None
    language: str | None = None


def read_home(content: bytes, url: str, charset: str | None) -> Home:
    """Read a home page. `charset`: as its header declares it. What cannot be read counts as not said."""
    text = decoded(content, charset)
    page = LexborHTMLParser(text)
    organisation = _organisation(page)
    name = _name(organisation.get("name")) or _meta(page, "og:site_name") or _title(page)
    return Home(
        feeds=tuple(dict.fromkeys(_feeds(page, url))),
        name=name,
        owner_group=_name(organisation.get("parentOrganization")),
        market=_name(_part(organisation.get("address"), "addressLocality")),
        call_sign=_call_sign(_name(organisation.get("callSign")) or name, url),
        time_zone=_time_zone(text),
        language=_language(page),
    )


def decoded(content: bytes, charset: str | None) -> str:
    """As much of a page as is read for its links. `charset`: as its header declares it."""
    try:
        return content.decode(charset or "utf-8", errors="replace")[:_READ_CHARACTERS]
    except LookupError:
        return content.decode(errors="replace")[:_READ_CHARACTERS]


def _feeds(page: LexborHTMLParser, url: str) -> Iterator[str]:
    """Feeds that the page is the alternate of; those of comments are none of articles."""
    for link in page.css("link[rel][href]"):
        given = link.attributes
        rel, kind = (given.get("rel") or "").lower().split(), (given.get("type") or "").lower().strip()
        if "alternate" not in rel or kind not in _FEED_TYPES:
            continue
        feed = linked(URL(url), given.get("href"))
        if feed and "comments" not in feed.parts:
            yield str(feed)


def _organisation(page: LexborHTMLParser) -> dict[str, Any]:
    """The outermost organisation with a name that the page's JSON-LD tells of; empty if none."""
    waiting: deque[Any] = deque()
    for script in page.css('script[type="application/ld+json"]'):
        try:
            waiting.append(json.loads(script.text()))
        except (ValueError, RecursionError):
            continue  # sites break it; the rest of the page is still good
    while waiting:
        node = waiting.popleft()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            kinds = node.get("@type")
            named = kinds if isinstance(kinds, list) else [kinds]
            if _name(node.get("name")) and any(kind in _ORGANISATIONS for kind in named):
                return node
            waiting.extend(value for value in node.values() if isinstance(value, dict | list))
    return {}


def _part(value: Any, name: str) -> Any:
    one = value[0] if isinstance(value, list) and value else value
    return one.get(name) if isinstance(one, dict) else None


def _name(value: Any) -> str | None:
    """A name on one line, from a text or from what has one as `name`."""
    told = _part(value, "name") or value
    if not isinstance(told, str):
        return None
    line = " ".join("".join(letter for letter in told if letter.isprintable() or letter.isspace()).split())
    return line if 0 < len(line) <= _LONGEST else None


def _meta(page: LexborHTMLParser, name: str) -> str | None:
    found = page.css_first(f'meta[property="{name}"], meta[name="{name}"]')
    return _name(found.attributes.get("content")) if found else None


def _title(page: LexborHTMLParser) -> str | None:
    found = page.css_first("title")
    return _name(found.text()) if found else None


def _call_sign(name: str | None, url: str) -> str | None:
    """US call signs begin with K or W; one in a name counts only if the domain has it, too."""
    host = (URL(url).host or "").lower()
    return next((sign for sign in _CALL_SIGN.findall(name or "") if sign.lower() in host), None)


def _time_zone(text: str) -> str | None:
    """An IANA zone that the page's settings name."""
    zones = available_timezones()
    found = (match[1].replace("\\", "") for match in _TIME_ZONE.finditer(text))
    return next((zone for zone in found if zone in zones), None)


def _language(page: LexborHTMLParser) -> str | None:
    root = page.css_first("html")
    said = (root.attributes.get("lang") or "") if root else ""
    found = _LANGUAGE.match((said or _meta(page, "og:locale") or "").strip().lower())
    return found[0] if found else None
