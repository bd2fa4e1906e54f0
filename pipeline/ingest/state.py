"""What an outlet's servers told us last time, written last: it never speaks of data that is not stored.

Losing a state costs requests, never pages: without it everything is simply asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from pipeline.ingest.fetch import Validators
from pipeline.lake.store import Missing, Store


@dataclass(frozen=True, slots=True)
class Kept:
    """The response record that holds a page's body: its URL, its time, its payload digest as in WARC."""

    url: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page as last fetched: validators, the SHA-256 of its decoded bytes, where its URL led, and where its
    body is kept."""

    validators: Validators
    sha256: str
    final_url: str | None = None
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A feed or sitemap as last read: its pages by normalised URL, an index's sitemaps by URL.

    Validators and `sha256` are kept only if all its pages were settled; without them the source
    counts as new, so that the pages left over are found again.
    """

    validators: Validators = field(default_factory=Validators)
    sha256: str | None = None
    pages: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutletState:
    """Sources by URL, pages by normalised URL; by which clock the outlet was asked last, and for how many
    seconds after that it need not be."""

    sources: Mapping[str, SourceSeen] = field(default_factory=dict)
    pages: Mapping[str, PageSeen] = field(default_factory=dict)
    asked_at: datetime | None = None
    rest: float = 0.0

    def is_due(self, now: datetime) -> bool:
        """Whether a run of this clock asks it: not while it rests; one with an older clock does."""
        if self.asked_at is None or now < self.asked_at:
            return True
        return (now - self.asked_at).total_seconds() >= self.rest

    def asked(self, now: datetime, before: OutletState, quiet: bool, most: float) -> OutletState:
        """This state after a visit at `now`; `before`: the state before it. A quiet outlet rests twice as
        long as it was left alone before, `most` seconds at most; any other is due at once."""
        last = before.asked_at
        if last and now < last:
            return replace(self, asked_at=last, rest=before.rest)
        alone = (now - last).total_seconds() if last else 0.0
        return replace(self, asked_at=now, rest=min(most, 2 * alone) if quiet else 0.0)

    def pruned(self, roots: tuple[str, ...]) -> OutletState:
        """Without sources that nothing leads to any more, and pages that no source names."""
        kept = {url: self.sources[url] for url in self._reachable(roots)}
        named = {page for source in kept.values() for page in source.pages}
        pages = {url: seen for url, seen in self.pages.items() if url in named}
        return replace(self, sources=kept, pages=pages)

    def _reachable(self, roots: tuple[str, ...]) -> Iterator[str]:
        for root in roots:
            if root in self.sources:
                yield root
                yield from (child for child in self.sources[root].children if child in self.sources)


_JSON = TypeAdapter(OutletState)


def load_state(lake: Store, outlet_id: str) -> OutletState:
    """The outlet's state; an empty one if there is none, or if it was written by another version."""
    try:
        return _JSON.validate_json(lake.get(_key(outlet_id)))
    except (Missing, ValidationError):
        return OutletState()


def save_state(lake: Store, outlet_id: str, state: OutletState) -> None:
    lake.put(_key(outlet_id), _JSON.dump_json(state))


def _key(outlet_id: str) -> str:
    return f"state/outlet={outlet_id}.json"
