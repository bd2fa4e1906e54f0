"""Sums over all republications, those of partitions that are carried over included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.drafting.scene import Bucket
from pipeline.lake.store import Store
from pipeline.model import Outlet
from pipeline.publish import accounts, marks, outlet_rows
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.schema import REPUBLICATIONS, STORIES

_COPY = ("story_id", "outlet_id", "first_seen_at", "wire_evidence.list.element.rule")
_STORY = ("story_id", "n_outlets")


@dataclass(slots=True)
class Totals:
    """Counts of republications by outlet, by credit rule (recent ones are those since `recent`), and by the
    run that saw them first."""

    recent: datetime
    by_run: accounts.Tally = field(default_factory=accounts.Tally)
    by_outlet: list[pa.Table] = field(default_factory=list)
    by_rule: list[pa.Table] = field(default_factory=list)

    def add(self, bucket: Bucket) -> None:
        """Count what is drawn."""
        self.by_run += accounts.count([bucket.copies])
        self._count(bucket.copies, bucket.stories)

    def carry(self, lake: Store, base: Manifest, days: set[date]) -> None:
        """Count what is carried over from the last release: all partitions but those of these days; which
        runs saw it is told already."""
        stories = {file.seen_day: file for file in base.tables[STORIES.name].files}
        for file in base.tables[REPUBLICATIONS.name].files:
            if file.seen_day not in days and file.rows:
                self._count(_read(lake, file, _COPY), _read(lake, stories[file.seen_day], _STORY))

    def outlets(self, outlets: Sequence[Outlet], held: pa.Table, visits: pa.Table) -> pa.Table:
        """schema.OUTLETS. `held`: schema.QUARANTINE; `visits`: what `outlet_rows.last_visits` gave."""
        return outlet_rows.outlet_rows(outlets, self.by_outlet, held, visits)

    def rules(self, rules: pa.Table) -> pa.Table:
        """schema.WIRE_RULES, of these rules (rule, service, where, weight) and others that were found."""
        return marks.rule_rows(rules, self.by_rule)

    def _count(self, copies: pa.Table, stories: pa.Table) -> None:
        self.by_outlet.append(outlet_rows.outlet_counts(copies, stories))
        self.by_rule.append(marks.rule_counts(copies, self.recent))


def _read(lake: Store, file: FileEntry, columns: Sequence[str]) -> pa.Table:
    with lake.open(file.key) as stored:
        return pq.ParquetFile(stored, pre_buffer=True).read(columns=list(columns))
