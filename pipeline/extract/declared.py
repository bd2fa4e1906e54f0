"""What a page says about itself outside its text, each value as declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin

from lxml import etree, html

from pipeline.extract.dates import Claim
from pipeline.extract.ldjson import Linked, read_linked
from pipeline.extract.people import clean_byline, people, split_authors
from pipeline.extract.text import key, squash
from pipeline.urls import original_url

_PUBLISHED = (
    "article:published_time", "article:published", "og:published_time", "datepublished", "date",
    "dc.date.issued", "dcterms.created", "dc.date", "parsely-pub-date", "sailthru.date", "pubdate",
    "publishdate", "publish-date", "article.published",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time",
    "article:modified",
    "og:updated_time",
    "datemodified",
    "dcterms.modified",
    "lastmod",
    "last-modified",
)
_AUTHORS = (
    "author",
    "article:author",
    "byl",
    "dc.creator",
    "parsely-author",
    "sailthru.author",
    "article:author_name",
)
_CREDITS = (
    *_AUTHORS, "dc.source", "dcterms.source", "source", "syndication-source", "original-source",
    "news_source", "article:publisher_name", "provider", "wire_source", "contentsource", "author.title",
)  # fmt: skip
_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:by|byline|by-line|authors?|writer|contributors?)(?:$|[\s_-])", re.IGNORECASE
)
_MAX_HEADLINE_WORDS, _MAX_BYLINE_WORDS = 40, 25
# asked of attributes, not of elements: half the time
_BYLINED = etree.XPath(
    "(//body//@class[contains(., 'yline') or contains(., 'uthor') or contains(., 'riter')"
    " or contains(., 'ontributor') or . = 'by'] | //body//@id[contains(., 'yline')]"
    " | //body//@itemprop[. = 'author'] | //body//@rel[. = 'author'])/.."
)
_DATED = etree.XPath("//@itemprop[. = 'datePublished']/..")
_NOT_BYLINE = re.compile(
    r"comment|related|bio|avatar|image|photo|caption|nav|footer|social|follow", re.IGNORECASE
)
# a byline without a person: a desk or a service, not the button or rubric that a class name caught
_HOUSE = re.compile(
    r"^(?:by|von|par)\b|press|reuters|\bAP\b|\bAFP\b|news|staff|\bCNN|wire|\bdpa\b", re.IGNORECASE
)
_PUBLISHED_TIME = re.compile(r"publish|posted|entry-date|created|dateline|pubdate", re.IGNORECASE)
_SITE_SUFFIX = re.compile(r"\s+(?:[|»•]|[-–—])\s+(?=[^|»•–—]{2,40}$)")
_TOPIC = re.compile(r"Article Topic Follows:\s*(?:<[^>]{0,200}>\s*)*([^<\r\n]{1,80})", re.IGNORECASE)
# pixels by which a service counts who republishes it; the second is of a plugin that many newsrooms use
_COUNTER = re.compile(
    r"https?://(?:counter\.theconversation\.(?:com|edu\.au)/content/\d+"
    r"|[\w.-]{1,80}/\?republication-pixel=true\b|pixel\.propublica\.org/pixel\.js)"
)
_URL_DATE = re.compile(r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?!\d)")
_LANGUAGE = re.compile(r"^[A-Za-z]{2}(?=$|[-_])")


@dataclass(frozen=True, slots=True)
class Signed:
    """A byline as printed and where it stood; the people it names, and where their names stood."""

    byline: str | None = None
    source: str | None = None
    authors: tuple[str, ...] = ()
    authors_source: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A page's own claims. Times are verbatim claims in the order in which they are believed."""

    headline: str = ""
    headline_source: str | None = None
    og_headline: str | None = None
    signed: Signed = Signed()
    published: tuple[Claim, ...] = ()
    modified: tuple[Claim, ...] = ()
    section: str | None = None
    section_source: str | None = None
    topic: str | None = None
    language: str | None = None
    language_source: str | None = None
    is_free: bool | None = None
    canonical: str | None = None
    is_amp: bool = False
    robots_noindex: bool = False
    news_noindex: bool = False
    json_ld_credits: tuple[str, ...] = ()
    meta_credits: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


def read_declared(tree: html.HtmlElement, text: str, url: str, feed_headline: str | None) -> Declared:
    """Read a page's meta tags, JSON-LD, byline elements and time tags."""
    metas = _Metas(tree)
    titles = _titles(tree, metas)
    linked = read_linked(tree, next((title for _, title in titles), ""))
    headline, source = _headline(
        [*titles[:1], ("json_ld", linked.headline or ""), *titles[1:]], feed_headline
    )
    section = metas.first("article:section") or metas.first("section")
    canonical = _canonical(tree, url)
    og_url = original_url(metas.first("og:url") or "")
    topic = _TOPIC.search(text)
    times = list(islice(tree.iter("time"), 20))
    spoken = (("json_ld", linked.language or ""), ("html", tree.get("lang") or ""))
    languages = [(source, code[0].lower()) for source, text in spoken if (code := _LANGUAGE.match(text))]
    return Declared(
        headline=headline,
        headline_source=source,
        og_headline=metas.first("og:title"),
        signed=_byline(tree, metas, linked),
        published=tuple(_published(tree, metas, linked, [time for time in times if not _is_modified(time)])),
        modified=(
            *_claims("json_ld", linked.modified, metas.all(_MODIFIED)),
            *(Claim("time_tag", _moment(time)) for time in times if _is_modified(time)),
        ),
        section=linked.section or section,
        section_source="json_ld" if linked.section else "meta" if section else None,
        topic=squash(topic[1]) if topic else None,
        language=languages[0][1] if languages else None,
        language_source=languages[0][0] if languages else None,
        is_free=False if metas.first("article:content_tier") == "locked" else linked.is_free,
        canonical=canonical,
        is_amp="amp" in tree.attrib or "⚡" in tree.attrib,
        robots_noindex=metas.forbids_index("robots", "googlebot"),
        news_noindex=metas.forbids_index("googlebot-news"),
        json_ld_credits=linked.credits,
        meta_credits=tuple(metas.all(_CREDITS)),
        # 12 of 540 archived pages named another outlet as canonical, none by og:url
        urls=tuple(dict.fromkeys(filter(None, (url, og_url, canonical, *_COUNTER.findall(text)[:3])))),
    )


class _Metas:
    """A page's meta tags by lower-case name, in document order."""

    def __init__(self, tree: html.HtmlElement) -> None:
        self._values: dict[str, list[str]] = {}
        for meta in tree.iter("meta"):
            # some metas have a property of their site's own and an itemprop that all know
            names = {meta.get(kind, "").lower() for kind in ("property", "name", "itemprop")}
            # Reuters once wrote value= where all others write content=
            value = squash(meta.get("content") or meta.get("value") or "")
            for name in names - {""} if value else ():
                self._values.setdefault(name, []).append(value)

    def first(self, name: str) -> str | None:
        return next(iter(self._values.get(name, ())), None)

    def all(self, names: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(value for name in names for value in self._values.get(name, ())))

    def forbids_index(self, *names: str) -> bool:
        rules = re.split(r"[,\s]+", " ".join(self.all(names)).lower())
        return "noindex" in rules or "none" in rules


def _titles(tree: html.HtmlElement, metas: _Metas) -> list[tuple[str, str]]:
    """Candidate headlines with their sources, in the order in which they are believed."""
    og, title = metas.first("og:title") or "", _text(tree.find(".//title"))
    whole = key(f"{og} {title}")
    h1s = [_h1(h1, whole) for h1 in islice(tree.iter("h1"), 5)]
    # pages carry h1s for their logo or section too: the one that the title repeats is the headline
    h1s.sort(key=lambda h1: not (key(h1) and key(h1) in whole))
    candidates = [("h1", h1s[0])] if h1s else []
    candidates += [("meta", og), ("title", title)]
    return [(source, text) for source, text in candidates if text]


def _h1(h1: html.HtmlElement, whole: str) -> str:
    """An h1's text; its first piece where only that is in the titles: then its end tag is missing."""
    text = _text(h1, _MAX_HEADLINE_WORDS)
    first = next(filter(None, map(squash, h1.itertext())), "")
    runs_on = key(text) not in whole and len(first.split()) >= 3 and key(first) in whole
    return first if runs_on else text


def _headline(candidates: list[tuple[str, str]], feed: str | None) -> tuple[str, str | None]:
    """The candidate that most others repeat; among equals the one believed first."""
    known = [(source, text) for source, text in candidates if text]
    voices = [key(text) for _, text in known] + ([key(feed)] if feed else [])
    if not known:
        return (squash(feed), "feed") if feed else ("", None)

    def agreeing(candidate: tuple[str, str]) -> int:
        return sum(_alike(key(candidate[1]), voice) for voice in voices)

    source, text = max(known, key=agreeing)  # max keeps the first among equals
    return (_SITE_SUFFIX.split(text)[0] if source in ("title", "meta") else text), source


def _alike(one: str, other: str) -> bool:
    a, b = set(one.split()), set(other.split())
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= 0.6


def _byline(tree: html.HtmlElement, metas: _Metas, linked: Linked) -> Signed:
    """The byline as printed, and the people that the page declares as authors."""
    printed = _printed_bylines(tree)
    declared = people(name for author in linked.authors for name in (author, *split_authors(author)))
    meta = people(name for value in metas.all(_AUTHORS) for name in split_authors(value))
    # byline elements of teasers name other people than the article's own data does
    own = [text for text in printed if not declared or _names_one_of(declared, text)]
    best = next((text for text in own if split_authors(text)), None)
    best = best or next((text for text in own if _HOUSE.search(text)), None)
    found = (("json_ld", declared), ("markup", split_authors(best or "")), ("meta", meta))
    source, authors = next((one for one in found if one[1]), (None, ()))
    if source == "markup" and len(meta) > len(authors) and set(authors) <= set(meta):
        source, authors = "meta", meta  # a byline element for each author: the first is not all of them
    if best:
        return Signed(best, "markup", authors, source)
    if linked.authors:
        return Signed(", ".join(linked.authors), "json_ld", authors, source)
    named = next((value for value in metas.all(_AUTHORS) if not value.startswith("http")), None)
    return Signed(named, "meta" if named else None, authors, source)


def _names_one_of(authors: Sequence[str], printed: str) -> bool:
    return any(name.casefold() in printed.casefold() for name in authors)


def _printed_bylines(tree: html.HtmlElement) -> list[str]:
    found = []
    for element in _BYLINED(tree):
        marks = " ".join(element.get(name, "") for name in ("class", "itemprop", "rel", "id"))
        if _BYLINE.search(marks) and not _NOT_BYLINE.search(marks):
            text = clean_byline(_text(element, _MAX_BYLINE_WORDS))
            if 1 <= len(text.split()) <= _MAX_BYLINE_WORDS and text.lower() != "by":
                found.append(text)
        if len(found) == 8:
            break
    return found


def _published(
    tree: html.HtmlElement, metas: _Metas, linked: Linked, times: list[html.HtmlElement]
) -> Iterator[Claim]:
    yield from _claims("json_ld", linked.published, metas.all(_PUBLISHED))
    for element in _DATED(tree):
        if element.tag != "meta":
            yield Claim("microdata", element.get("content") or element.get("datetime") or _text(element))
    times.sort(key=lambda time: not (time.get("pubdate") is not None or _PUBLISHED_TIME.search(_marks(time))))
    for time in times[:3]:
        yield Claim("time_tag", _moment(time))


def _moment(time: html.HtmlElement) -> str:
    return time.get("datetime") or _text(time)


def _is_modified(time: html.HtmlElement) -> bool:
    return bool(time.get("itemprop") == "dateModified")


def url_date(url: str) -> Iterator[Claim]:
    """The date in a URL's path (`/2017/01/18/`), the last thing to go by."""
    if found := _URL_DATE.search(url):
        yield Claim("url", f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}")


def _claims(source: str, linked: str | None, metas: Sequence[str]) -> Iterator[Claim]:
    if linked:
        yield Claim(source, linked)
    for value in metas:
        yield Claim("meta", value)


def _canonical(tree: html.HtmlElement, url: str) -> str | None:
    for link in tree.iter("link"):
        href = (link.get("href") or "").strip()
        if "canonical" in (link.get("rel") or "").lower().split() and href:
            href = original_url(href)
            try:
                return urljoin(url, href) if not url.startswith("file:") else href
            except ValueError:
                return None
    return None


def _marks(element: html.HtmlElement) -> str:
    parent = element.getparent()
    return f"{element.get('class', '')} {parent.get('class', '') if parent is not None else ''}"


def _text(element: html.HtmlElement | None, most: int = 1_000) -> str:
    """An element's text; its first piece only if it is longer than `most` words: its end tag is missing."""
    if element is None:
        return ""
    text = squash(" ".join(element.itertext()))
    if len(text.split()) <= most:
        return text
    return next(filter(None, map(squash, element.itertext())), "")
