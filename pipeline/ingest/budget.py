"""What a run may cost: once a bound is reached nothing more is begun, and what is left over waits.

A shard has its share of each bound. What was begun is ended, so a run may cost some more: a page for each
open request, and the feeds and sitemaps of the outlets whose turn it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.config import Network
from pipeline.ingest.fetch import Tally


@dataclass(slots=True)
class Budget:
    """`spent` is what all outlets have cost so far, `pages` how many were taken up."""

    network: Network
    spent: Tally = field(default_factory=Tally)
    pages: int = 0

    def reached(self) -> str | None:
        """The name of the bound that is reached; never none again once it was one."""
        bounds = (
            ("pages_per_run", self.pages),
            ("requests_per_run", self.spent.requests),
            ("bytes_per_run", self.spent.bytes_fetched),
        )
        return next((name for name, spent in bounds if 0 < getattr(self.network, name) <= spent), None)

    def take(self) -> bool:
        """Whether one more page may be asked for; it counts then."""
        if self.reached():
            return False
        self.pages += 1
        return True
