"""What a visit brought home: a row for each page taken up and one for the outlet, whatever happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from pipeline.ingest.fetch import Tally
from pipeline.ingest.sources import Source, SourceState
from pipeline.ingest.state import OutletState

_GOOD = (SourceState.READ, SourceState.UNCHANGED)


@dataclass(frozen=True, slots=True)
class PageFetch:
    """A row of `segments.FETCHES`; see there. `raw_key` and `raw_offset` are filled in at the end."""

    run_id: str
    outlet_id: str
    url: str
    outcome: str
    fetched_at: datetime
    reason: str | None = None
    detail: str | None = None
    http_status: int | None = None
    final_url: str | None = None
    content_type: str | None = None
    charset: str | None = None
    raw_key: str | None = None
    raw_offset: int | None = None
    raw_sha256: str | None = None
    raw_bytes: int | None = None
    feed_headline: str | None = None
    feed_published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """A row of `segments.SITES`; see there."""

    run_id: str
    outlet_id: str
    state: str
    feeds_read: int
    feeds_unchanged: int
    feeds_failed: int
    pages_found: int
    pages_left: int
    requests: int
    bytes_fetched: int
    reason: str | None
    latency_median_ms: int | None = None
    latency_slowest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit brought home. `pages` in the order in which they were chosen."""

    site: SiteVisit
    pages: tuple[PageFetch, ...]
    state: OutletState


def readable(sources: Sequence[Source]) -> bool:
    """Whether any of an outlet's feeds and sitemaps answered with one."""
    return any(source.state in _GOOD for source in sources)


def site_visit(
    run_id: str,
    outlet_id: str,
    sources: Sequence[Source],
    pages: Sequence[PageFetch],
    found: int,
    bound: str,
    tally: Tally,
) -> SiteVisit:
    """The outlet's row: its `sources`, the `pages` taken of those that were `found` until a `bound` was
    reached, and what that cost."""

    def count(state: SourceState) -> int:
        return sum(source.state == state for source in sources)

    state, reason = _verdict(sources, pages)
    if found > len(pages):
        reason = reason or f"{found} pages found, {len(pages)} taken ({bound})"
    return SiteVisit(
        run_id=run_id,
        outlet_id=outlet_id,
        state=state,
        feeds_read=count(SourceState.READ),
        feeds_unchanged=count(SourceState.UNCHANGED),
        feeds_failed=count(SourceState.FAILED) + count(SourceState.FORBIDDEN),
        pages_found=found,
        pages_left=found - len(pages),
        requests=tally.requests,
        bytes_fetched=tally.bytes_fetched,
        reason=reason,
        latency_median_ms=_milliseconds(median(tally.seconds)) if tally.seconds else None,
        latency_slowest_ms=_milliseconds(max(tally.seconds)) if tally.seconds else None,
    )


def paused(run_id: str, outlet_id: str, known: OutletState) -> Visited:
    """What a run has of an outlet that is left alone for its troubles: a row that tells of them."""
    since = f"nothing could be read in {known.down} visits on end"
    until = f"{known.paused_until:%Y-%m-%d %H:%M} UTC"
    reason = f"{since}; asked again from {until}; last: {known.trouble}"
    return _unvisited(run_id, outlet_id, "paused", reason, known)


def postponed(run_id: str, outlet_id: str, known: OutletState, bound: str) -> Visited:
    """What a run has of an outlet to which its turn did not come, since a bound of the run was reached."""
    return _unvisited(run_id, outlet_id, "postponed", f"{bound} was reached before its turn", known)


def _unvisited(run_id: str, outlet_id: str, state: str, reason: str, known: OutletState) -> Visited:
    waiting = sum(page.waits for page in known.pages.values())
    site = SiteVisit(
        run_id=run_id,
        outlet_id=outlet_id,
        state=state,
        feeds_read=0,
        feeds_unchanged=0,
        feeds_failed=0,
        pages_found=waiting,
        pages_left=waiting,
        requests=0,
        bytes_fetched=0,
        reason=reason,
    )
    return Visited(site, (), known)


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


def _verdict(sources: Sequence[Source], pages: Sequence[PageFetch]) -> tuple[str, str | None]:
    """The outlet's state, and the first thing that went wrong."""
    good = [source for source in sources if source.state in _GOOD]
    bad = [source for source in sources if source not in good]
    failed = [page for page in pages if page.outcome == "quarantined" or page.reason == "outlet_down"]
    if not good:
        forbidden = all(source.state == SourceState.FORBIDDEN for source in bad)
        return "forbidden" if forbidden else "down", bad[0].reason
    if pages and all(page.reason == "robots" for page in pages):
        return "forbidden", pages[0].detail
    if bad:
        return "degraded", bad[0].reason
    if failed:
        first = failed[0]
        return "degraded", f"{len(failed)} of {len(pages)} pages failed, first {first.url}: {first.reason}"
    return "ok", None
