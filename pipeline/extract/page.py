"""One page in, one result out: nothing here reads a clock, a network or another page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pipeline.extract.body import Article, settle
from pipeline.extract.credit import Marks, WireRules, find_credit
from pipeline.extract.dates import Claim, Stated, choose_time, dateline_date
from pipeline.extract.declared import Declared, Signed, read_declared, url_date
from pipeline.extract.document import Document, parse, read_document
from pipeline.extract.language import language_of
from pipeline.extract.notices import find_notices
from pipeline.extract.people import split_authors
from pipeline.extract.plain import read_plain
from pipeline.extract.reader import is_checked, read_lines
from pipeline.extract.result import Extracted, Page, Refused, outlet_of, reject
from pipeline.extract.shown import shown_in
from pipeline.extract.standing import Told
from pipeline.extract.template import Template
from pipeline.extract.text import count_words
from pipeline.extract.walls import asks_consent, asks_money
from pipeline.model import RawPage, Run
from pipeline.params import Params
from pipeline.urls import normalise_url, original_url, site_of

_PLAIN = ("plain", "1")
_TEASER, _DECLARED = "teaser", "declared"


@dataclass(frozen=True, slots=True)
class _Read:
    """A page after reading, before judging."""

    url: str
    headline: str
    declared: Declared
    article: Article
    extractor: tuple[str, str]
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A page's result, and what it told of its outlet's template."""

    extracted: Extracted
    told: Told | None = None


def extract_page(raw: RawPage, rules: WireRules, params: Params, run: Run) -> Extracted:
    """A page's row, or the one reason why it has none: too_large, charset, parse, consent_wall, paywall,
    too_short, impossible_date.

    Pure: the same arguments give the same result. Memory and time are bounded by `pool`, not here.
    """
    return read_page(raw, rules, params, run, None).extracted


def read_page(raw: RawPage, rules: WireRules, params: Params, run: Run, template: Template | None) -> Outcome:
    """The same by the template of the page's outlet, as far as that is sure of the page."""
    told = None
    try:
        read = _read(read_document(raw, params), raw, params, template)
        told = read.told
        return Outcome(Extracted(page=_page(read, raw, rules, params, run)), told)
    except Refused as refused:
        return Outcome(reject(raw, run.run_id, refused.reason, refused.detail), told)


def _read(document: Document, raw: RawPage, params: Params, template: Template | None) -> _Read:
    if document.markup is None:
        headline, article = read_plain(document.text)
        return _Read(raw.url, headline or raw.feed_headline or "", Declared(), article, _PLAIN)
    tree = parse(document.markup)
    declared = read_declared(tree, document.text, original_url(raw.url), raw.feed_headline)
    body = read_lines(document.markup, lambda: tree, template, is_checked(raw, params), params.min_words)
    article = settle(body.lines, declared.headline, body.photo_credits())
    url = _own_url(raw, declared)
    return _Read(url, declared.headline, declared, article, body.extractor, body.told)


def _own_url(raw: RawPage, declared: Declared) -> str:
    """For a page read from disk the address it names itself, else the one it was fetched from.

    A copy in a web archive is the page of the outlet from which the archive took it.
    """
    if not raw.url.startswith("file:"):
        return original_url(raw.url)
    return next((url for url in declared.urls if site_of(url)), raw.url)


def _identity(read: _Read) -> str:
    """The URL that says which page it is: of an AMP page the one it declares as the whole page, on its own
    site; canonical URLs of others name other outlets too often."""
    whole = read.declared.canonical
    if not read.declared.is_amp or not whole:
        return read.url
    own, other = (site_of(normalise_url(url)) or "" for url in (read.url, whole))
    return whole if own == other or own.endswith(f".{other}") else read.url


def _page(read: _Read, raw: RawPage, rules: WireRules, params: Params, run: Run) -> Page:
    article, declared, imprint = read.article, read.declared, read.article.imprint
    word_count = count_words(article.body)
    paywall = _paywall(read, raw, word_count, params)
    zone = ZoneInfo(raw.time_zone) if raw.time_zone else None
    modified = _modified(declared, run, params, zone)
    # a page is not published after it was changed; where its claims differ, the later one is a local time
    until = modified.at if modified and modified.offset is not None else None
    published = choose_time(_published(read, raw), run.now, params, zone, until)
    signed = _signed(read, raw)
    credit = find_credit(_marks(read, signed), rules)
    notices = find_notices(read.headline, article.body, article.footer)
    language, is_spoken = language_of(article.body, declared.language)
    normalised = normalise_url(_identity(read))
    body_sha256 = hashlib.sha256(article.body.encode()).hexdigest()
    return Page(
        doc_id=raw.doc_id or _doc_id(normalised, body_sha256),
        url=read.url,
        url_normalised=normalised,
        outlet_id=outlet_of(raw, read.url),
        headline=read.headline,
        headline_source=_headline_source(read),
        feed_headline=raw.feed_headline,
        og_headline=declared.og_headline,
        byline=signed.byline,
        byline_source=signed.source,
        authors=signed.authors,
        authors_source=signed.authors_source,
        contributors=tuple(name for name in imprint.contributors if name not in signed.authors),
        dateline=imprint.dateline,
        dateline_place=imprint.dateline_place,
        dateline_date=dateline_date(imprint.dateline or "", published.at if published else None),
        published_at=published.at if published else None,
        published_at_source=published.source if published else None,
        # feeds are read into UTC
        published_at_offset=published.offset if published and published.source != "feed" else None,
        modified_at=modified.at if modified else None,
        modified_at_source=modified.source if modified else None,
        modified_at_offset=modified.offset if modified else None,
        section=declared.section,
        section_source=declared.section_source,
        topic=article.topic or declared.topic,
        language=language,
        language_source="text" if is_spoken else declared.language_source,
        paywall=paywall,
        declared_canonical_url=declared.canonical,
        robots_noindex=declared.robots_noindex,
        news_noindex=declared.news_noindex,
        copyright_line=imprint.copyright_line,
        copyright_year=imprint.copyright_year,
        image_credits=article.image_credits,
        wire_service=credit.service,
        wire_services=credit.services,
        wire_confidence=credit.confidence,
        wire_evidence=credit.evidence,
        notices=tuple(dict.fromkeys(notice.rule for notice in notices)),
        notice_evidence=notices,
        body=article.body,
        footer=article.footer,
        body_sha256=body_sha256,
        word_count=word_count,
        extractor=read.extractor[0],
        extractor_version=read.extractor[1],
        fetched_at=raw.fetched_at,
        raw_key=raw.raw_key,
        raw_offset=raw.raw_offset,
        raw_sha256=hashlib.sha256(raw.content).hexdigest(),
        run_id=run.run_id,
    )


def _published(read: _Read, raw: RawPage) -> list[Claim]:
    feed = [Claim("feed", raw.feed_published_at.isoformat())] if raw.feed_published_at else []
    return [*read.declared.published, *feed, *url_date(read.url)]


def _modified(declared: Declared, run: Run, params: Params, zone: ZoneInfo | None) -> Stated | None:
    try:
        return choose_time(declared.modified, run.now, params, zone)
    except Refused:
        return None  # a page is not lost over the lesser of its two times


def _paywall(read: _Read, raw: RawPage, word_count: int, params: Params) -> str | None:
    """`teaser` if the page shows the beginning only, `declared` if it shows more but says it is not free.

    Raises `Refused` (consent_wall, paywall, too_short) if there is no article on the page. Short pages
    are parsed again for this, since reading takes their tree apart.
    """
    is_free = read.declared.is_free
    if word_count >= params.teaser_words:
        return _DECLARED if is_free is False else None
    shown = list(shown_in(read_document(raw, params)))
    is_short = word_count < params.min_words
    # a long banner over a brief is no wall
    if quote := asks_consent(shown if is_short else read.article.body.split("\n")):
        raise Refused("consent_wall", f"nothing but consent is asked for: {quote!r}")
    quote = asks_money(shown, is_free)
    if is_short:
        short = f"{word_count} words, fewer than {params.min_words}"
        raise Refused("paywall", f"{short}: {quote!r}") if quote else Refused("too_short", short)
    return _TEASER if quote else None


def _signed(read: _Read, raw: RawPage) -> Signed:
    """The byline and the people in it; a byline in the text outranks what the markup says.

    Stations' markup names the station as author of wire copy. Where the markup's people are all
    named in the printed byline, it splits them better than we can.
    """
    printed, own = read.article.byline, read.declared.signed
    if not printed and not own.byline and raw.feed_byline:
        return Signed(raw.feed_byline, "feed", split_authors(raw.feed_byline), "feed")
    if not printed:
        return own
    if own.authors and all(name.casefold() in printed.casefold() for name in own.authors):
        return Signed(printed, "text", own.authors, own.authors_source)
    if authors := split_authors(printed):
        return Signed(printed, "text", authors, "text")
    return Signed(printed, "text", own.authors, own.authors_source)


def _marks(read: _Read, signed: Signed) -> Marks:
    return Marks(
        body=read.article.body,
        byline=signed.byline or "",
        footer=read.article.footer,
        json_ld=read.declared.json_ld_credits,
        meta=read.declared.meta_credits,
        urls=read.declared.urls or (read.url,),
        site=site_of(read.url),
        is_printed=signed.source not in ("json_ld", "meta"),
    )


def _headline_source(read: _Read) -> str | None:
    if read.extractor == _PLAIN and read.headline:
        return "text"
    return read.declared.headline_source


def _doc_id(url: str, body_sha256: str) -> str:
    return "d_" + hashlib.sha256(f"{url}\n{body_sha256}".encode()).hexdigest()[:16]
