"""What a release is held against: the last releases, and what the newest of them said of outlets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pyarrow as pa

from pipeline.lake.store import Store
from pipeline.publish.manifest import Manifest, find_manifest
from pipeline.publish.reader import read_files
from pipeline.schema import OUTLETS

_TOLD = ("outlet_id", "owner_group", "n_republications", "extraction_ok_share")
FEWEST = 3  # releases of which a median tells something


@dataclass(frozen=True, slots=True)
class Past:
    """`releases`: the newest first. `outlets`: of schema.OUTLETS of the newest its outlet_id, owner_group,
    n_republications and extraction_ok_share."""

    releases: tuple[Manifest, ...]
    outlets: pa.Table

    @property
    def newest(self) -> Manifest | None:
        return self.releases[0] if self.releases else None

    def median_value(self, check: str) -> float | None:
        """The median of a check's values; None where no release has it."""
        values = [told.value for release in self.releases for told in release.checks if told.check == check]
        return median(values) if values else None

    def median_growth(self, table: str) -> float | None:
        """The median of how many rows a release brought; None where there are too few releases to tell."""
        rows = [_rows(release, table) for release in self.releases]
        grown = [new - old for new, old in pairwise(rows)]
        return median(grown) if len(grown) >= FEWEST else None

    def lost(self, rows: Mapping[str, int], table: str) -> int:
        """How many rows fewer the table has now than in the newest."""
        return max(_rows(self.releases[0], table) - rows[table], 0) if self.releases else 0

    def growth(self, rows: Mapping[str, int], table: str) -> int:
        """How many rows more."""
        return rows[table] - (_rows(self.releases[0], table) if self.releases else 0)


NO_PAST = Past((), OUTLETS.schema.empty_table().select(list(_TOLD)))


def read_past(lake: Store, before: Manifest | None, releases: int) -> Past:
    """The release `before` and those that it follows, so many of them as far as they are kept."""
    found: list[Manifest] = []
    at = before
    while at and len(found) < releases:
        found.append(at)
        at = find_manifest(lake, at.previous) if at.previous else None
    if before is None:
        return NO_PAST
    return Past(tuple(found), read_files(lake, OUTLETS.name, before.tables[OUTLETS.name].files, _TOLD))


def _rows(release: Manifest, table: str) -> int:
    return release.tables[table].rows if table in release.tables else 0
