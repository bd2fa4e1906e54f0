"""The tables `changes` and `registry` of a release: the last release's, and what came in since.

Nothing in them is told twice or lost: a release tells the events of all runs taken up since the run of the
last one, its own included, and numbers its changes on from there.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

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
    history: pa.Table,
    stories: pa.Table,
    drafts: Drafts,
) -> None:
    """Write both tables of the release of the last of these runs to the drafts.

    `runs`: all up to it, in order; `history`: their events (segments.LEDGER); `before`: the last release;
    `stories`: the columns WATCHED of all stories of this one.
    """
    files, told = (_files(before, table.name) for table in (REGISTRY, CHANGES))
    registry = read_dated(lake, REGISTRY, files, REGISTRY.schema.names).cast(DATED)
    # a release of an older version, without a registry, told nothing yet
    fresh = pa.array(came_in(runs, before if files else None), pa.string())
    events = history.filter(pc.is_in(history["run_id"], value_set=fresh))
    last = read_files(lake, STORIES.name, _files(before, STORIES.name), WATCHED)
    new = changes(events, last, stories, registry, runs[-1], sum(file.rows for file in told))
    registry = registry_after(registry, new)
    drafts.add(REGISTRY, registry.drop_columns("seen_day"), registry["seen_day"].combine_chunks())
    today = Run.of(runs[-1]).now.date()
    rows = [read_files(lake, CHANGES.name, [file for file in told if file.seen_day == today]), new]
    of_day = pa.concat_tables(rows)
    drafts.add(CHANGES, of_day, pa.repeat(pa.scalar(today, pa.date32()), of_day.num_rows))


def _files(release: Manifest | None, table: str) -> tuple[FileEntry, ...]:
    return release.tables[table].files if release and table in release.tables else ()
