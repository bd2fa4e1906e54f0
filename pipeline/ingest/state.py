"""What an outlet's servers told us last time, written last: it never speaks of data that is not stored.

Losing a state costs requests and rechecks of pages that no source names any more: without it everything that
is named is simply asked for again. What a run could not take waits here, whatever becomes of the feed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from pipeline.ingest.feeds import FeedItem
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
    """A page that a source named: as it was named last, the clock of the run that found it, and its last
    answer.

    `sha256` of its decoded bytes, None until it was fetched; `final_url`: where its URL led. `waits`: the
    next run asks for it, whatever its sources say. `missing`: it answered 404 or 410 last. `kept`: where its
    body is kept.
    """

    item: FeedItem
    first_seen: datetime
    answered_at: datetime | None = None
    validators: Validators = field(default_factory=Validators)
    sha256: str | None = None
    final_url: str | None = None
    kept: Kept | None = None
    waits: bool = False
    missing: bool = False

    def is_due(self, now: datetime, rechecks: Rechecks) -> bool:
        """Whether a run of this clock asks for it though no source names it anew."""
        if self.waits or self.answered_at is None:
            return self.waits
        return rechecks.passed(self._age(now)) > rechecks.passed(self._age(self.answered_at))

    def is_over(self, now: datetime, rechecks: Rechecks) -> bool:
        """Whether no later run needs to ask for it, but for a source that names it."""
        if self.waits or self.answered_at is None:
            return not self.waits
        too_old = self._age(now) > rechecks.last + rechecks.retry_hours
        return too_old or self._age(self.answered_at) >= rechecks.last

    def left(self, now: datetime, rechecks: Rechecks) -> PageSeen:
        """The same after a request that brought no answer: waiting, unless it has for too long."""
        return replace(self, waits=self._age(now) < rechecks.retry_hours)

    def _age(self, now: datetime) -> float:
        return (now - self.first_seen).total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Rechecks:
    """When known pages are asked for again, in hours after each was first seen: at these ages, ascending, and
    one that fails by each run for so long."""

    hours: tuple[float, ...] = ()
    retry_hours: float = 0.0

    @property
    def last(self) -> float:
        return self.hours[-1] if self.hours else 0.0

    def passed(self, age: float) -> int:
        """How many of the ages a page of this age has reached."""
        return bisect_right(self.hours, age)


@dataclass(frozen=True, slots=True)
class Pause:
    """For how many `hours` an outlet is left alone `after` so many visits on end in which nothing could be
    read (0: never), doubled by each further one, `longest` at most."""

    after: int
    hours: float
    longest: float

    def hours_after(self, down: int) -> float:
        if not self.after or down < self.after:
            return 0.0
        return min(self.longest, self.hours * 2.0 ** min(down - self.after, 32))


@dataclass(frozen=True, slots=True)
class Polling:
    """For how many seconds an outlet that was visited is left alone, at `least` and at `most`."""

    least: float = 0.0
    most: float = 0.0

    def rest(self, alone: float, new: int) -> float:
        """After `new` pages came in the `alone` seconds since the visit before: as long as one takes at that
        pace, and after none twice as long as before."""
        return min(self.most, max(self.least, alone / new if new else 2 * alone))


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A feed or sitemap as last read: what it said of its pages (`wanted.told_of`), an index's sitemaps by
    URL."""

    validators: Validators = field(default_factory=Validators)
    sha256: str | None = None
    pages: Mapping[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutletState:
    """Sources by URL, pages by normalised URL; by which clock the outlet was asked last, and for how many
    seconds after that it need not be; in how many visits on end nothing of it could be read, why, and when it
    is asked again for that."""

    sources: Mapping[str, SourceSeen] = field(default_factory=dict)
    pages: Mapping[str, PageSeen] = field(default_factory=dict)
    asked_at: datetime | None = None
    rest: float = 0.0
    down: int = 0
    trouble: str | None = None
    paused_until: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether a run of this clock asks it: not while it rests; one with an older clock does."""
        if self.asked_at is None or now < self.asked_at:
            return True
        return (now - self.asked_at).total_seconds() >= self.rest

    def is_paused(self, now: datetime) -> bool:
        """Whether a run of this clock must leave it alone; one with an older clock need not."""
        return bool(self.asked_at and self.paused_until and self.asked_at <= now < self.paused_until)

    def asked(self, now: datetime, before: OutletState, new: int, polling: Polling) -> OutletState:
        """This state after a visit at `now`, in which something could be read and so many pages were new;
        `before`: the state before it."""
        last = before.asked_at
        if last and now < last:
            return before.with_found(self)
        rest = polling.rest((now - last).total_seconds() if last else 0.0, new)
        return replace(self, asked_at=now, rest=rest, down=0, trouble=None, paused_until=None)

    def failed(self, now: datetime, before: OutletState, trouble: str, pause: Pause) -> OutletState:
        """This state after a visit at `now`, in which nothing could be read: why is `trouble`."""
        if before.asked_at and now < before.asked_at:
            return before.with_found(self)
        down = before.down + 1
        hours = pause.hours_after(down)
        until = now + timedelta(hours=hours) if hours else None
        return replace(self, asked_at=now, rest=0.0, down=down, trouble=trouble, paused_until=until)

    def spared(self) -> OutletState:
        """This state as if its last visit, that failed, had not been: it is due at once."""
        return replace(self, down=max(0, self.down - 1), paused_until=self.paused_until and self.asked_at)

    def with_found(self, other: OutletState) -> OutletState:
        """The sources and pages of the other, all else as here."""
        return replace(self, sources=other.sources, pages=other.pages)

    def pruned(self, roots: Iterable[str], now: datetime, rechecks: Rechecks) -> OutletState:
        """Without sources that nothing leads to any more, and pages that no source names and no run will
        ask for."""
        kept: dict[str, SourceSeen] = {}
        waiting = list(roots)
        while waiting:
            url = waiting.pop()
            if url in self.sources and url not in kept:
                kept[url] = self.sources[url]
                waiting += self.sources[url].children
        named = {page for source in kept.values() for page in source.pages}
        pages = {
            url: page for url, page in self.pages.items() if url in named or not page.is_over(now, rechecks)
        }
        return replace(self, sources=dict(sorted(kept.items())), pages=pages)


_JSON = TypeAdapter(OutletState)


def load_state(lake: Store, outlet_id: str) -> OutletState:
    """The outlet's state; an empty one if there is none, or if it was written by another version."""
    try:
        return _JSON.validate_json(lake.get(_key(outlet_id)))
    except (Missing, ValidationError):
        return OutletState()


def save_state(lake: Store, outlet_id: str, state: OutletState) -> None:
    lake.put(_key(outlet_id), _JSON.dump_json(state, exclude_defaults=True))


def _key(outlet_id: str) -> str:
    return f"state/outlet={outlet_id}.json"
