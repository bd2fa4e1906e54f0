"""A page ends as exactly one of two things: a row of `pages`, or a rejection with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pipeline.model import NO_OUTLET, Evidence, RawPage
from pipeline.urls import site_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One row of `segments.PAGES`; its fields are that table's columns."""

    doc_id: str
    url: str
    url_normalised: str
    outlet_id: str
    headline: str
    headline_source: str | None
    feed_headline: str | None
    og_headline: str | None
    byline: str | None
    byline_source: str | None
    authors: tuple[str, ...]
    authors_source: str | None
    contributors: tuple[str, ...]
    dateline: str | None
    dateline_place: str | None
    dateline_date: date | None
    published_at: datetime | None
    published_at_source: str | None
    published_at_offset: int | None
    modified_at: datetime | None
    modified_at_source: str | None
    modified_at_offset: int | None
    section: str | None
    section_source: str | None
    topic: str | None
    language: str | None
    language_source: str | None
    paywall: str | None
    declared_canonical_url: str | None
    robots_noindex: bool
    news_noindex: bool
    copyright_line: str | None
    copyright_year: int | None
    image_credits: tuple[str, ...]
    wire_service: str | None
    wire_services: tuple[str, ...]
    wire_confidence: float
    wire_evidence: tuple[Evidence, ...]
    notices: tuple[str, ...]
    notice_evidence: tuple[Evidence, ...]
    body: str
    footer: str
    body_sha256: str
    word_count: int
    extractor: str
    extractor_version: str
    fetched_at: datetime
    raw_key: str | None
    raw_offset: int | None
    raw_sha256: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a page cannot be used: `reason` is one of the words in `schema.QUARANTINE`."""

    run_id: str
    outlet_id: str
    url: str
    reason: str
    detail: str
    raw_key: str | None
    raw_offset: int | None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of one raw page: exactly one of `page` and `rejection` is set."""

    page: Page | None = None
    rejection: Rejection | None = None

    def __post_init__(self) -> None:
        if (self.page is None) == (self.rejection is None):
            raise ValueError("a page is either extracted or rejected")


class Refused(Exception):
    """Raised inside this room when a page cannot be used; `extract_page` turns it into a row."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def outlet_of(raw: RawPage, url: str) -> str:
    """The outlet a page belongs to: as given, else its host without `www.`, else `file`."""
    return raw.outlet_id or site_of(url) or NO_OUTLET


def reject(raw: RawPage, run_id: str, reason: str, detail: str) -> Extracted:
    """The quarantine row of a page."""
    outlet = outlet_of(raw, raw.url)
    return Extracted(
        rejection=Rejection(run_id, outlet, raw.url, reason, detail[:500], raw.raw_key, raw.raw_offset)
    )
