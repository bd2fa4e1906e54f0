"""Addable counts: every page taken up by a run ends in exactly one status, and the sum is checked.

A step returns `Counts`; the counts of shards add up to those of the run. They are small and plain,
so they travel through Airflow's XCom, asset events and JSON as they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """Where a fetched page ended. Exactly one holds for each page of a run."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of pages (all `int`, unit: pages unless the name says otherwise).

    `fetched` is every page the run took up: requested, or refused before a request (robots.txt).
    """

    fetched: int = 0
    published: int = 0
    unchanged: int = 0
    quarantined: int = 0
    skipped: int = 0
    outlets: int = 0
    outlets_failed: int = 0
    bytes_fetched: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    @property
    def settled(self) -> int:
        """Pages that ended in a status."""
        return self.published + self.unchanged + self.quarantined + self.skipped

    @property
    def conserved(self) -> bool:
        """True if no page was lost and none was counted twice."""
        return self.fetched == self.settled

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, int]) -> Self:
        return cls(**values)
