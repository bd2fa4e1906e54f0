"""What an outlet's servers told us last time, written last: it never speaks of data that is not stored.

Losing a state costs requests, never pages: without it everything is simply asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from pipeline.ingest.fetch import Validators
from pipeline.lake.store import Missing, Store


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page as last fetched: validators, the SHA-256 of its decoded bytes, and where its URL led."""

    validators: Validators
    sha256: str
    final_url: str | None = None


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
    """Sources by URL, pages by normalised URL."""

    sources: Mapping[str, SourceSeen] = field(default_factory=dict)
    pages: Mapping[str, PageSeen] = field(default_factory=dict)

    def pruned(self, roots: tuple[str, ...]) -> OutletState:
        """Without sources that nothing leads to any more, and pages that no source names."""
        kept = {url: self.sources[url] for url in self._reachable(roots)}
        named = {page for source in kept.values() for page in source.pages}
        return OutletState(kept, {url: seen for url, seen in self.pages.items() if url in named})

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
