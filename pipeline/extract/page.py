"""One page in, one result out: nothing here reads a clock, a network or another page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipeline.extract.body import Article, settle
from pipeline.extract.credit import Marks, WireRules, find_credit
from pipeline.extract.dates import Claim, Stated, choose_time
from pipeline.extract.declared import Declared, read_declared, url_date
from pipeline.extract.document import Document, parse, read_document
from pipeline.extract.language import language_of
from pipeline.extract.people import split_authors
from pipeline.extract.plain import read_plain
from pipeline.extract.reader import is_checked, read_lines
from pipeline.extract.result import Extracted, Page, Refused, outlet_of, reject
from pipeline.extract.standing import Told
from pipeline.extract.template import Template
from pipeline.extract.text import count_words
from pipeline.model import RawPage, Run
from pipeline.params import Params
from pipeline.urls import normalise_url, original_url, site_of

_PLAIN = ("plain", "1")


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
    """A page's row, or the one reason why it has none: too_large, charset, parse, too_short, impossible_date.

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


def _page(read: _Read, raw: RawPage, rules: WireRules, params: Params, run: Run) -> Page:
    article, declared = read.article, read.declared
    word_count = count_words(article.body)
    if word_count < params.min_words:
        raise Refused("too_short", f"{word_count} words, fewer than {params.min_words}")
    published = choose_time(_published(read, raw), run.now, params)
    modified = _modified(declared, run, params)
    byline, byline_source, authors = _byline(read)
    credit = find_credit(_marks(read, byline), rules)
    normalised = normalise_url(read.url)
    body_sha256 = hashlib.sha256(article.body.encode()).hexdigest()
    return Page(
        doc_id=raw.doc_id or _doc_id(normalised, body_sha256),
        url=read.url,
        url_normalised=normalised,
        outlet_id=outlet_of(raw, read.url),
        headline=read.headline,
        headline_source=_headline_source(read),
        byline=byline,
        byline_source=byline_source,
        authors=authors,
        contributors=tuple(name for name in article.contributors if name not in authors),
        dateline=article.dateline,
        dateline_place=article.dateline_place,
        published_at=published.at if published else None,
        published_at_source=published.source if published else None,
        modified_at=modified.at if modified else None,
        modified_at_source=modified.source if modified else None,
        section=declared.section,
        topic=article.topic or declared.topic,
        language=language_of(article.body, declared.language),
        declared_canonical_url=declared.canonical,
        robots_noindex=declared.robots_noindex,
        news_noindex=declared.news_noindex,
        copyright_line=article.copyright_line,
        copyright_year=article.copyright_year,
        image_credits=article.image_credits,
        wire_service=credit.service,
        wire_services=credit.services,
        wire_confidence=credit.confidence,
        wire_evidence=credit.evidence,
        notices=article.notices,
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


def _modified(declared: Declared, run: Run, params: Params) -> Stated | None:
    try:
        return choose_time(declared.modified, run.now, params)
    except Refused:
        return None  # a page is not lost over the lesser of its two times


def _byline(read: _Read) -> tuple[str | None, str | None, tuple[str, ...]]:
    """The byline, its source, and the authors; a byline in the text outranks what the markup says.

    Stations' markup names the station as author of wire copy. Where the markup's people are all
    named in the printed byline, it splits them better than we can.
    """
    printed, declared = read.article.byline, read.declared
    if not printed:
        return declared.byline, declared.byline_source, declared.authors
    if declared.authors and all(name.casefold() in printed.casefold() for name in declared.authors):
        return printed, "text", declared.authors
    return printed, "text", split_authors(printed) or declared.authors


def _marks(read: _Read, byline: str | None) -> Marks:
    return Marks(
        body=read.article.body,
        byline=byline or "",
        footer=read.article.footer,
        json_ld=read.declared.json_ld_credits,
        meta=read.declared.meta_credits,
        urls=read.declared.urls or (read.url,),
        site=site_of(read.url),
    )


def _headline_source(read: _Read) -> str | None:
    if read.extractor == _PLAIN and read.headline:
        return "text"
    return read.declared.headline_source


def _doc_id(url: str, body_sha256: str) -> str:
    return "d_" + hashlib.sha256(f"{url}\n{body_sha256}".encode()).hexdigest()[:16]
