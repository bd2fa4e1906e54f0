"""The values that flow between rooms: frozen, slotted, plain.

Documents themselves flow as Arrow tables (`schema.py`, `segments.py`); what stands here is what
there is little of: outlets, runs, credits and their evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NO_OUTLET = "file"  # outlet_id of pages from files that name no site
_RUN_ID = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Outlet:
    """One affiliate site, as the registry describes it."""

    outlet_id: str
    name: str
    domain: str
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    owner_group: str | None = None
    market: str | None = None
    call_sign: str | None = None
    network: str | None = None
    time_zone: str = "UTC"
    language: str = "en"
    max_concurrency: int = 2
    delay_seconds: float = 0.0
    poll_minutes: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the pipeline. `now` is its only clock: timezone-aware UTC, given from outside.

    The id spells the clock (`20260305T200000Z`), so runs sort by time and a rerun is the same run.
    """

    run_id: str
    now: datetime

    @classmethod
    def at(cls, now: datetime) -> Run:
        """The run of a moment (to the second)."""
        now = now.astimezone(UTC).replace(microsecond=0)
        return cls(now.strftime(_RUN_ID), now)

    @classmethod
    def of(cls, run_id: str) -> Run:
        """The run of an id. Raises `ValueError` if it spells no clock."""
        return cls(run_id, datetime.strptime(run_id, _RUN_ID).replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that prove a credit: `text_of(where)[start:end] == quote`, offsets in characters.

    `where` names the column of `pages` that holds the text: body, byline, footer, headline; or, where the
    page says it outside its text, json_ld, meta or url (then the offsets are into that value).
    """

    rule: str
    where: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Which wire services a page credits, strongest first, and what proves it."""

    services: tuple[str, ...] = ()
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()

    @property
    def service(self) -> str | None:
        return self.services[0] if self.services else None


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page's bytes on their way into extraction, with all that is known from outside them.

    `doc_id` is set where the input gives one, and kept. `charset` and `content_type` are what the
    server declared. `url` may be a `file:` URL; then the page's own canonical URL names the outlet.
    `time_zone` (IANA) is the outlet's, for times that the page states without one.
    """

    url: str
    content: bytes
    fetched_at: datetime
    outlet_id: str | None = None
    doc_id: str | None = None
    content_type: str | None = None
    charset: str | None = None
    raw_key: str | None = None
    raw_offset: int | None = None
    feed_headline: str | None = None
    feed_byline: str | None = None
    feed_published_at: datetime | None = None
    time_zone: str | None = None
