"""Sums over all republications, those of partitions that are carried over included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.drafting.changed import Changed
from pipeline.drafting.chrome import COVERED
from pipeline.drafting.scene import Bucket
from pipeline.lake.store import Store
from pipeline.model import Outlet
from pipeline.publish import accounts, marks, outlet_rows
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.schema import REPUBLICATIONS, STORIES

_COPY = ("story_id", "outlet_id", "first_seen_at", "wire_evidence.list.element.rule")
_STORY = ("story_id", "n_outlets")
_COVERED = pa.schema([REPUBLICATIONS.schema.field(name) for name in COVERED])


@dataclass(slots=True)
class Totals:
    """Counts of republications by outlet, by credit rule (recent ones are those since `recent`), and by the
    run that saw them first; and which were taken down."""

    recent: datetime
    by_run: accounts.Tally = field(default_factory=accounts.Tally)
    by_outlet: list[pa.Table] = field(default_factory=list)
    by_rule: list[pa.Table] = field(default_factory=list)
    taken: list[pa.Table] = field(default_factory=list)

    def add(self, bucket: Bucket) -> None:
        """Count what is drawn."""
        self.by_run += accounts.count([bucket.copies])
        self._count(bucket.copies, bucket.stories)
        self._take(bucket.copies)

    def carry(self, lake: Store, base: Manifest, found: Changed) -> None:
        """Count what is carried over from the last release: all partitions but those that differ; which runs
        saw it is told already."""
        known, days = found.every.known, set(found.days.to_pylist())
        self._take(known.filter(pc.invert(pc.is_in(known["seen_day"], value_set=found.days))))
        stories = {file.seen_day: file for file in base.tables[STORIES.name].files}
        for file in base.tables[REPUBLICATIONS.name].files:
            if file.seen_day not in days and file.rows:
                self._count(_read(lake, file, _COPY), _read(lake, stories[file.seen_day], _STORY))

    def covered(self) -> pa.Table:
        """The columns COVERED of all republications that were taken down."""
        return pa.concat_tables([_COVERED.empty_table(), *self.taken])

    def outlets(self, outlets: Sequence[Outlet], held: pa.Table, visits: pa.Table) -> pa.Table:
        """schema.OUTLETS. `held`: schema.QUARANTINE; `visits`: what `outlet_rows.last_visits` gave."""
        return outlet_rows.outlet_rows(outlets, self.by_outlet, held, visits)

    def rules(self, rules: pa.Table) -> pa.Table:
        """schema.WIRE_RULES, of these rules (rule, service, where, weight) and others that were found."""
        return marks.rule_rows(rules, self.by_rule)

    def _take(self, copies: pa.Table) -> None:
        taken = copies.filter(pc.is_valid(copies["takedown_id"])).select(COVERED)
        self.taken.append(taken.cast(_COVERED))

    def _count(self, copies: pa.Table, stories: pa.Table) -> None:
        self.by_outlet.append(outlet_rows.outlet_counts(copies, stories))
        self.by_rule.append(marks.rule_counts(copies, self.recent))


def _read(lake: Store, file: FileEntry, columns: Sequence[str]) -> pa.Table:
    with lake.open(file.key) as stored:
        return pq.ParquetFile(stored, pre_buffer=True).read(columns=list(columns))
