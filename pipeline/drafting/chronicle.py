"""The tables `changes` and `registry` of a release: the last release's, and what came in since.

Nothing in them is told twice or lost: a release tells the events of all runs taken up since the run of the
last one, its own included, and numbers its changes on from there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import ledger
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.drafts import Drafts
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.publish.reader import read_dated, read_files
from pipeline.schema import CHANGES, REGISTRY, STORIES
from pipeline.story.registry import DATED, WATCHED, changes, registry_after


def came_in(runs: tuple[str, ...], before: Manifest | None) -> tuple[str, ...]:
    """Which of the runs, in their order, come in with the release that follows `before`."""
    return runs[runs.index(before.run_id) + 1 :] if before else runs


def record(
    lake: Store,
    runs: tuple[str, ...],
    before: Manifest | None,
    stories: pa.Table,
    drafts: Drafts,
    days: pa.Array | None = None,
) -> None:
    """Write both tables of the release of the last of these runs to the drafts.

    `runs`: all up to it, in order; `before`: the last release; `stories`: the columns WATCHED of all stories
    of this one, or of those in the partitions `days` (date32), if only these differ from the last release. Of
    the registry only partitions that differ are written then.
    """
    files, told = (_files(before, table.name) for table in (REGISTRY, CHANGES))
    registry = read_dated(lake, REGISTRY, files, REGISTRY.schema.names).cast(DATED)
    # a release of an older version, without a registry, told nothing yet
    events = ledger.history(lake, came_in(runs, before if files else None))
    looked_at = set(days.to_pylist()) if days is not None else None
    last = read_files(lake, STORIES.name, _files(before, STORIES.name, looked_at), WATCHED)
    known = registry if days is None else registry.filter(pc.is_in(registry["seen_day"], value_set=days))
    new = changes(events, last, stories, known, runs[-1], sum(file.rows for file in told))
    rows = registry_after(registry, new)
    if days is not None:
        rows = rows.filter(pc.is_in(rows["seen_day"], value_set=_differing(registry, rows)))
    drafts.add(REGISTRY, rows.drop_columns("seen_day"), rows["seen_day"].combine_chunks())
    today = Run.of(runs[-1]).now.date()
    of_day = pa.concat_tables([read_files(lake, CHANGES.name, _files(before, CHANGES.name, {today})), new])
    drafts.add(CHANGES, of_day, pa.repeat(pa.scalar(today, pa.date32()), of_day.num_rows))


def _differing(before: pa.Table, after: pa.Table) -> pa.Array:
    """The partitions (date32) in which the registry (DATED) differs; its old rows come first and in order."""
    differs = np.ones(len(after), bool)
    differs[: len(before)] = False
    for name in ("current_story_id", "state", "last_changed_release"):
        differs[: len(before)] |= pc.not_equal(before[name], after[name].slice(0, len(before))).to_numpy()
    return after["seen_day"].filter(pa.array(differs)).unique()


def _files(
    release: Manifest | None, table: str, days: Collection[date] | None = None
) -> tuple[FileEntry, ...]:
    files = release.tables[table].files if release and table in release.tables else ()
    return tuple(file for file in files if days is None or file.seen_day in days)
