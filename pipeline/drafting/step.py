"""Draws the tables of a release up: of all pages, or only the partitions that differ from the last release.

Both give the same bytes. Partitions are carried over where a release stands that was drawn by the same code
with the same params and outlets, and all runs that come in are later than what it holds and were matched onto
it; else all is drawn anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import __version__
from pipeline.columns import Table
from pipeline.counts import Counts
from pipeline.drafting import chronicle
from pipeline.drafting.changed import Changed, what_changed
from pipeline.drafting.chrome import shown_chrome
from pipeline.drafting.onto import onto_scene
from pipeline.drafting.scene import STORY_TABLES, Desk, buckets
from pipeline.drafting.totals import Totals
from pipeline.drafting.whole import whole_scene
from pipeline.judge import judgements_of
from pipeline.lake import ledger, order
from pipeline.lake.pages import segments_of, segments_until
from pipeline.lake.segment import ahead, read_batches, read_segment, read_segments
from pipeline.lake.store import Store
from pipeline.lake.takedowns import takedowns_before
from pipeline.lake.templates import templates_after
from pipeline.match.words import Words
from pipeline.matching.result import done
from pipeline.model import Outlet, Run
from pipeline.params import Params
from pipeline.publish import accounts, marks
from pipeline.publish.drafts import Drafts, Partition
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.publish.outlet_rows import last_visits, template_rows
from pipeline.publish.reader import read_files
from pipeline.publish.rights import Rights, expiring, kept_since, takedown_rows
from pipeline.schema import (
    BOILERPLATE,
    CHANGES,
    OUTLETS,
    QUARANTINE,
    REGISTRY,
    RUNS,
    STORIES,
    TABLES,
    TAKEDOWNS,
    TEMPLATES,
    WIRE_RULES,
)
from pipeline.segments import FETCHES, HELD, PAGES, SITES, segment_key
from pipeline.story.identity import live
from pipeline.story.registry import WATCHED

_REDIRECT = ("story_id", "current_story_id")


@dataclass(frozen=True, slots=True)
class Drafted:
    """The partitions of a release, as files, and which tables they are all of; where the pages of its run
    ended, which runs come in, a digest of what else it was drawn by, and how many takedowns it honours."""

    partitions: list[Partition]
    replaces: tuple[str, ...]
    counts: Counts
    data_runs: tuple[str, ...]
    drawn_by: str
    takedowns: int


def draw_up(
    lake: Store,
    run: Run,
    params: Params,
    outlets: Sequence[Outlet],
    rules: pa.Table,
    read: Callable[[pa.Table], Words],
    folder: Path,
    before: Manifest | None,
) -> Drafted:
    """Write the tables of all pages up to the run, in the order of lake.order, to `folder`.

    `rules`: those of wire credits (rule, service, where, weight). `read` gives the words of some pages
    (columns outlet_id and body of segments.PAGES) as they were compared. `before`: the last release.
    """
    runs = order.runs_until(lake, run)
    coming = chronicle.came_in(runs, before)
    said = takedowns_before(lake, run)
    drawn_by = _drawn_by(params, outlets, said)
    base = before if before and _stands(lake, before, runs, coming, drawn_by) else None
    found = _what_changed(lake, run, coming, base, params) if base else None
    rights = Rights(_as_they_go_on(lake, said, coming if base else runs, base), run.now, params)
    drafts, totals = Drafts(folder), Totals(marks.recent_since(run, params))
    if base and found:
        scene = onto_scene(lake, runs, base, found, folder)
        totals.carry(lake, base, found)
    else:
        scene = whole_scene(lake, run, params, folder)
    watched = [STORIES.schema.empty_table().select(WATCHED)]
    for bucket in ahead(
        buckets(scene, Desk(outlets, params, judgements_of(lake, run), rights, read), folder)
    ):
        for table, rows, days in bucket.tables():
            drafts.add(table, rows, days)
        totals.add(bucket)
        watched.append(bucket.stories.select(WATCHED))
    chronicle.record(lake, runs, before, pa.concat_tables(watched), drafts, found.days if found else None)
    keys = partial(segments_of, lake, runs=coming) if base else partial(segments_until, lake, run=run)
    held, accounted = _account(lake, keys, totals.by_run)
    since = kept_since(params.keep_quarantine_days, run.now)
    held = rights.held(held.filter(pc.greater_equal(accounts.run_days(held), pa.scalar(since))))
    for table, rows in ((RUNS, accounted), (QUARANTINE, held)):
        own = _of_days(lake, table, rows, base)
        drafts.add(table, own, accounts.run_days(own))
    earlier = read_files(lake, QUARANTINE.name, _quarantined(base, since) if base else ())
    stood = read_files(lake, OUTLETS.name, base.tables[OUTLETS.name].files) if base else None
    visits = last_visits(accounted, stood)
    drafts.add(OUTLETS, totals.outlets(outlets, pa.concat_tables([earlier, held]), visits))
    drafts.add(WIRE_RULES, totals.rules(rules))
    drafts.add(TEMPLATES, rights.of_outlets(template_rows(templates_after(lake, run))))
    chrome = read_segment(lake, segment_key("boilerplate", run.run_id, "all"))
    drafts.add(BOILERPLATE, shown_chrome(lake, runs, chrome, totals.covered(), rights))
    drafts.add(TAKEDOWNS, takedown_rows(said))
    partitions = drafts.partitions()
    return Drafted(
        [*partitions, *(_emptied(base, found, partitions, since) if base and found else ())],
        () if base else tuple(table.name for table in TABLES if table.partitioned and table is not CHANGES),
        accounts.counts_of_run(accounted, run.run_id),
        coming,
        drawn_by,
        len(said),
    )


def _what_changed(lake: Store, run: Run, coming: Sequence[str], base: Manifest, params: Params) -> Changed:
    """What differs from the release `base` once the runs come in, texts that expired since included."""
    found = what_changed(lake, coming, base, params)
    days = {file.seen_day for file in base.tables[STORIES.name].files if file.seen_day}
    expired = pa.array(sorted(expiring(days, base.created_at, run.now, params)), pa.date32())
    return replace(found, days=pa.concat_arrays([found.days, expired]).unique())


def _as_they_go_on(lake: Store, said: pa.Table, runs: Sequence[str], base: Manifest | None) -> pa.Table:
    """The takedowns (segments.TAKEDOWNS) with stories by the ids under which they go on after these runs,
    which follow `base`."""
    of_story = pc.equal(said["kind"], "story")
    if not pc.any(of_story).as_py():
        return said
    ids = said["value"].combine_chunks()
    if base:
        known = read_files(lake, REGISTRY.name, base.tables[REGISTRY.name].files, _REDIRECT)
        at = pc.index_in(ids, value_set=known["story_id"])
        ids = pc.coalesce(known["current_story_id"].take(at).combine_chunks(), ids)
    now = pc.if_else(of_story, live(ledger.history(lake, runs), ids), said["value"])
    return said.set_column(said.column_names.index("value"), said.schema.field("value"), now)


def _drawn_by(params: Params, outlets: Sequence[Outlet], said: pa.Table) -> str:
    """A digest of what the rows of a partition depend on beside pages: code, schemas, params, owners,
    takedowns."""
    told = {
        "code": __version__,
        "schemas": {table.name: table.schema_sha256() for table in TABLES},
        "params": params.digest(),
        # an outlet without a group is told as one that nobody registered
        "owners": sorted((outlet.outlet_id, outlet.owner_group) for outlet in outlets if outlet.owner_group),
        "takedowns": said["takedown_id"].to_pylist(),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _stands(lake: Store, base: Manifest, runs: Sequence[str], coming: Sequence[str], drawn_by: str) -> bool:
    """Whether partitions of the release can be carried over."""
    if base.drawn_by != drawn_by:
        return False
    if any((told := done(lake, run_id)) is None or told.whole for run_id in coming):
        return False
    # what was fetched before could change what addresses told then
    fetched = read_segments(lake, PAGES, segments_of(lake, "pages", coming), ["fetched_at"])["fetched_at"]
    times = [Run.of(run_id).now for run_id in coming]
    earliest = min([*times, pc.min(fetched).as_py()] if len(fetched) else times)
    return bool(earliest > max(Run.of(run_id).now for run_id in runs[: -len(coming)]))


def _account(
    lake: Store, keys: Callable[[str], tuple[str, ...]], published: accounts.Tally
) -> tuple[pa.Table, pa.Table]:
    """schema.QUARANTINE, what fetching and what extraction held back, and schema.RUNS of some runs, of which
    `keys` gives one kind of segments."""
    place, ended = ["run_id", "outlet_id"], ("outcome", "reason")
    fetches = read_batches(lake, FETCHES, keys("fetches"), FETCHES.names)
    failed = [rows.filter(pc.equal(rows["outcome"], "quarantined")) for rows in fetches]
    kept = read_segments(lake, HELD, keys("quarantine"))
    held = accounts.quarantine(pa.concat_tables([FETCHES.empty_table(), *failed]), kept)
    return held, accounts.runs(
        read_segments(lake, SITES, keys("sites")),
        accounts.count(read_batches(lake, FETCHES, keys("fetches"), [*place, *ended]), *ended),
        accounts.count(read_batches(lake, PAGES, keys("pages"), place)),
        published,
        accounts.count([held], "reason"),
    )


def _of_days(lake: Store, table: Table, rows: pa.Table, base: Manifest | None) -> pa.Table:
    """Rows of runs, and with them those that the last release has in their partitions."""
    days = set(accounts.run_days(rows).to_pylist())
    old = [file for file in base.tables[table.name].files if file.seen_day in days] if base else []
    return pa.concat_tables([read_files(lake, table.name, old), rows])


def _quarantined(base: Manifest, since: date) -> list[FileEntry]:
    """The files of the last release's quarantine from this day on."""
    return [file for file in base.tables[QUARANTINE.name].files if file.seen_day and file.seen_day >= since]


def _emptied(
    base: Manifest, found: Changed, partitions: Sequence[Partition], since: date
) -> Iterator[Partition]:
    """The partitions of the last release that nothing is left in, and of quarantine those before a day."""
    written = {(partition.table.name, partition.seen_day) for partition in partitions}
    for table in STORY_TABLES:
        for day in {file.seen_day for file in base.tables[table.name].files} & set(found.days.to_pylist()):
            if (table.name, day) not in written:
                yield Partition(table, day, Path(), 0)
    kept = _quarantined(base, since)
    for file in base.tables[QUARANTINE.name].files:
        if file not in kept:
            yield Partition(QUARANTINE, file.seen_day, Path(), 0)
