"""Section pages, where neither feed nor sitemap names pages: links to articles, told from navigation by what
they are, where they stand and what they say. A page that is missed costs less than a menu that is fetched.

Courlan's filters know the addresses of tags, authors, categories, archives and forms; the rest is points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from courlan.filters import is_navigation_page, is_not_crawlable, path_filter, type_filter
from selectolax.lexbor import LexborHTMLParser, LexborNode
from yarl import URL

from pipeline.ingest.feeds import FeedItem, Listing
from pipeline.ingest.home import decoded
from pipeline.ingest.registry import on_site
from pipeline.urls import linked, normalise_url

_MOST = 200  # links to articles: the newest stand first, and a front page has some sixty
_ENOUGH = 3  # points

# where menus stand; a header or a list of an article's own is none
_MENUS = ("nav", "footer", "form", "menu", "dialog")
_MENU_ROLES = ("navigation", "contentinfo", "menu", "menubar", "search", "dialog")
_MENU_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|footer|breadcrumbs?|pagination|social|share)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HEADINGS = ("h1", "h2", "h3", "h4")
_TEASERS = ("article", "main", "section")
# first segments of what is no text of news
_ELSEWHERE = frozenset(
    (
        *("about", "about-us", "account", "advertise", "app", "apps", "careers", "classifieds", "contact"),
        *("contact-us", "contests", "coupons", "games", "help", "jobs", "live", "livestream", "login"),
        *("newsletters", "obituaries", "photos", "podcasts", "privacy", "privacy-policy", "profile"),
        *("register", "search", "shop", "store", "subscribe", "subscription", "terms", "terms-of-use"),
        *("tv-listings", "tv-schedule", "watch", "watch-live", "weather"),
    )
)
_NO_TEXT = frozenset(("video", "videos", "pictures", "photos", "gallery", "slideshow", "people", "staff"))
_DATE = re.compile(r"/(?:19|20)\d\d[/-]?(?:0?[1-9]|1[0-2])(?:[/-]?(?:0?[1-9]|[12]\d|3[01]))?(?=[/-])")
_NUMBER = re.compile(r"\d{5}|[0-9a-f]{8}-[0-9a-f]{4}-")
_NUMBERED = re.compile(r"(?:id|p|nid|aid|story|article|storyid|articleid)", re.I)
_NEWS = frozenset(
    (
        *("news", "local", "local-news", "headlines", "latest", "latest-news", "top-stories"),
        *("us", "us-news", "world", "nation", "state"),
    )
)


@dataclass(slots=True)
class _Link:
    """What all links to one page say together."""

    url: str
    words: int = 0
    is_heading: bool = False


def read_section(content: bytes, url: str, charset: str | None, domain: str) -> Listing:
    """The articles that a section page links to, in its order, on the outlet's `domain` alone; without
    headlines and times, which links state in too many ways. What cannot be read names nothing.
    """
    found: dict[str, _Link] = {}
    own = normalise_url(url)
    for node, target in _links(LexborHTMLParser(decoded(content, charset)), url):
        key = normalise_url(str(target))
        if key == own or not on_site(target.host or "", domain) or not _may_be(key) or _in_menu(node):
            continue
        link = found.setdefault(key, _Link(str(target.with_fragment(None))))
        link.words = max(link.words, len(node.text(separator=" ").split()))
        link.is_heading |= _is_heading(node)
    articles = [link.url for key, link in found.items() if _points(key, link) >= _ENOUGH]
    note = None if articles else "no link to an article"
    return Listing(tuple(FeedItem(link) for link in articles[:_MOST]), note=note)


def news_sections(content: bytes, url: str, charset: str | None, domain: str) -> tuple[str, ...]:
    """Sections of news to which a home page's menus lead, in its order."""
    found = (
        str(target.with_fragment(None))
        for node, target in _links(LexborHTMLParser(decoded(content, charset)), url)
        if on_site(target.host or "", domain)
        and not target.query_string
        and _in_menu(node)
        and len(parts := target.path.strip("/").lower().split("/")) <= 2
        and parts[-1] in _NEWS
    )
    return tuple(dict.fromkeys(found))


def _links(page: LexborHTMLParser, url: str) -> Iterator[tuple[LexborNode, URL]]:
    """Links with where they lead, of http and https alone."""
    base = page.css_first("base[href]")
    try:
        root = URL(url).join(URL((base.attributes.get("href") or "") if base else ""))
    except ValueError:
        root = URL(url)
    for node in page.css("a[href]"):
        if target := linked(root, node.attributes.get("href")):
            yield node, target


def _may_be(url: str) -> bool:
    """Whether an article may have the address: none of a tag, an author, an archive, a form, a file."""
    parsed = URL(url)
    parents = parsed.path.strip("/").lower().split("/")
    return (
        parents != [""]
        and parents[0] not in _ELSEWHERE
        and _NO_TEXT.isdisjoint(parents)
        and type_filter(url, strict=True)
        and not is_navigation_page(url)
        and not is_not_crawlable(url)
        and path_filter(parsed.path, parsed.query_string)
    )


def _in_menu(node: LexborNode) -> bool:
    """Whether a link stands in what leads around the site; the head of a teaser does not."""
    above: list[LexborNode] = []
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "html"):
        above.append(parent)
        parent = parent.parent
    in_teaser = False
    for one in reversed(above):
        in_teaser |= one.tag in _TEASERS
        given = one.attributes
        role = (given.get("role") or "").lower()
        if one.tag in _MENUS or role in _MENU_ROLES:
            return True
        if (one.tag == "header" or role == "banner") and not in_teaser:
            return True
        if one.tag != "main" and _MENU_NAMES.search(f"{given.get('class') or ''} {given.get('id') or ''}"):
            return True
    return False


def _is_heading(node: LexborNode) -> bool:
    """Whether the link is a headline: in a heading, or around one."""
    around = any(node.css_first(name) is not None for name in _HEADINGS)
    above = [node.parent, node.parent.parent if node.parent else None]
    return around or any(one is not None and one.tag in _HEADINGS for one in above)


def _points(url: str, link: _Link) -> int:
    """How much speaks for an article: a date in the path 2, a slug of four words 2, a number 1; five words 1,
    a headline 1, but not a short one over a slug alone: sections have such titles."""
    parsed = URL(url)
    parts = parsed.path.rstrip("/").split("/")
    slug = parts[-1].partition(".")[0]
    is_long = len([word for word in slug.split("-") if word and not word.isdigit()]) >= 4
    numbered = any(_NUMBER.search(part) for part in parts[-2:]) or any(
        _NUMBERED.fullmatch(name) and value for name, value in parsed.query.items()
    )
    dated = _DATE.search(parsed.path) is not None
    says_much = link.words >= 5
    is_headline = link.is_heading and (dated or numbered or says_much)
    return 2 * dated + 2 * is_long + numbered + is_headline + says_much
