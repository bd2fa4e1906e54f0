"""From pages, pairs and the ledger to the files of a release, one bucket of stories at a time.

Narrow columns of all documents are held to lay the stories out; texts pass by once, are scattered to the
disk by bucket, and are in memory for one bucket only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline import chronicle
from pipeline.columns import Table
from pipeline.counts import Counts
from pipeline.judge import judgements_of
from pipeline.lake import ledger, order
from pipeline.lake.pages import Documents, documents, segments_until
from pipeline.lake.segment import ahead, read_batches, read_segment, read_segments
from pipeline.lake.store import Store
from pipeline.lake.templates import templates_after
from pipeline.match.words import Words
from pipeline.matching.pairs import standing_pairs
from pipeline.model import Outlet, Run
from pipeline.params import Params
from pipeline.publish import accounts, marks, tables, timeline
from pipeline.publish.drafts import Drafts, Partition
from pipeline.publish.layout import Layout, lay_out
from pipeline.publish.manifest import Manifest
from pipeline.publish.spill import Spill
from pipeline.schema import (
    BOILERPLATE,
    EDGES,
    OUTLETS,
    PICKUPS,
    QUARANTINE,
    REPUBLICATIONS,
    RUNS,
    STORIES,
    TEMPLATES,
    VERSIONS,
    WIRE_RULES,
)
from pipeline.segments import FETCHES, PAGES, PAIRS, RECALLS, SITES, TIME, segment_key
from pipeline.story.identity import seen_days, stories_of
from pipeline.story.presence import Presence, presence
from pipeline.story.recalls import find_recalls
from pipeline.story.registry import WATCHED
from pipeline.story.strictness import loose_ids, nearly, strict_ids
from pipeline.story.telling import tell
from pipeline.story.versions import TAKEN_BACK, Shown, holds, shown

_USED = {*REPUBLICATIONS.schema.names, *STORIES.schema.names, "fetched_at"}
_COLUMNS = tuple(name for name in PAGES.names if name in _USED)
# the place of a row's document in the order of the ids; of a pair's story in the layout
_DOCUMENT = pa.field("document", pa.int64(), nullable=False)
_STORY = pa.field("story", pa.int64(), nullable=False)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The partitions of a release, as files, where the pages of its run ended, and which runs come in."""

    partitions: list[Partition]
    counts: Counts
    data_runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Bucket:
    """The published rows of some stories, and the seen_day (date32) of each story and of each edge."""

    copies: pa.Table
    stories: pa.Table
    versions: pa.Table
    pickups: pa.Table
    story_days: pa.Array
    edges: pa.Table
    edge_days: pa.Array

    def tables(self) -> Iterator[tuple[Table, pa.Table, pa.Array]]:
        """Each table's rows with their days."""
        stories = self.stories["story_id"].combine_chunks()
        for table, rows in (
            (STORIES, self.stories),
            (REPUBLICATIONS, self.copies),
            (VERSIONS, self.versions),
            (PICKUPS, self.pickups),
        ):
            yield table, rows, self.story_days.take(pc.index_in(rows["story_id"].combine_chunks(), stories))
        yield EDGES, self.edges, self.edge_days


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
    drafts = Drafts(folder)
    published, by_outlet, by_rule = accounts.Tally(), list[pa.Table](), list[pa.Table]()
    watched = [STORIES.schema.empty_table().select(WATCHED)]
    since = marks.recent_since(run, params)
    runs = order.runs_until(lake, run)
    history = ledger.history(lake, runs)
    for bucket in ahead(_buckets(lake, run, history, params, outlets, read, folder)):
        for table, rows, days in bucket.tables():
            drafts.add(table, rows, days)
        published += accounts.count([bucket.copies])
        by_outlet.append(tables.outlet_counts(bucket.copies, bucket.stories))
        by_rule.append(marks.rule_counts(bucket.copies, since))
        watched.append(bucket.stories.select(WATCHED))
    chronicle.record(lake, runs, before, history, pa.concat_tables(watched), drafts)
    held = _held(lake, run)
    accounted = _runs(lake, run, published, held)
    drafts.add(RUNS, accounted, accounts.run_days(accounted))
    drafts.add(QUARANTINE, held, accounts.run_days(held))
    drafts.add(OUTLETS, tables.outlet_rows(outlets, by_outlet, held))
    drafts.add(WIRE_RULES, marks.rule_rows(rules, by_rule))
    drafts.add(TEMPLATES, tables.template_rows(templates_after(lake, run)))
    drafts.add(BOILERPLATE, read_segment(lake, segment_key("boilerplate", run.run_id, "all")))
    counts = accounts.counts_of_run(accounted, run.run_id)
    return Drafted(drafts.partitions(), counts, chronicle.came_in(runs, before))


def _buckets(
    lake: Store,
    run: Run,
    history: pa.Table,
    params: Params,
    outlets: Sequence[Outlet],
    read: Callable[[pa.Table], Words],
    folder: Path,
) -> Iterator[_Bucket]:
    """All stories, a bucket at a time, in the order of the published files. `history`: segments.LEDGER."""
    docs = documents(lake, run)
    story_ids = stories_of(history, docs.doc_ids)
    days = seen_days(history, story_ids)
    layout = lay_out(story_ids, days, docs.read(["word_count"])["word_count"].to_numpy())
    stood = _presence(lake, run, docs)
    at = shown(docs.read(["published_at", "modified_at", "fetched_at"]), stood.before, stood.last_seen_at)
    stood = stood.dated(at.since)
    recalls = _recalls(docs, layout, stood, at)
    pages = _scatter_pages(docs, layout, folder)
    pairs, ties = _scatter_pairs(lake, run, params, docs, layout, folder)
    said = judgements_of(lake, run)
    loose = loose_ids(layout.story_ids, *ties, history)
    for number in range(layout.bucket_count):
        rows = pages.read(number).sort_by("document")
        document = rows["document"].to_numpy()
        story = layout.story[document]
        placed = pa.table(
            {
                "story_id": layout.story_ids.take(story),
                "story_id_loose": loose.take(story),
                "first_seen_at": rows["fetched_at"],
                "last_seen_at": stood.last_seen_at.take(document),
                "replaced_at": stood.replaced_at.take(document),
                "gone_at": stood.gone_at.take(document),
            }
        ).combine_chunks()
        owners = tables.owner_groups(rows["outlet_id"].combine_chunks(), outlets).dictionary_encode()
        told = tell(
            rows,
            story,
            owners.indices.to_numpy().astype(np.int64),
            at.take(document),
            read,
            params,
        )
        strict = strict_ids(
            placed["story_id"].combine_chunks(), told["strict"].to_numpy(), rows["fetched_at"], rows["doc_id"]
        )
        placed = placed.append_column("story_id_strict", strict)
        numbered = placed.append_column("version_no", told["version_no"])
        own = recalls.filter(pc.is_in(recalls["story"], value_set=pa.array(np.unique(story))))
        own = own.append_column("story_id", layout.story_ids.take(own["story"].combine_chunks()))
        versions = timeline.versions(rows, told, numbered, own)
        copies = tables.republications(rows, told, placed, timeline.outdated(versions, numbered))
        kept = pairs.read(number)
        of_pair = kept["story"].combine_chunks()
        yield _Bucket(
            copies,
            tables.stories(copies, rows, told, versions, outlets),
            versions,
            timeline.pickups(copies, told, outlets),
            layout.days.take(story[tables.canonical_rows(told)]),
            tables.edges(kept, layout.story_ids.take(of_pair), said),
            layout.days.take(of_pair),
        )


def _presence(lake: Store, run: Run, docs: Documents) -> Presence:
    """Until when each document stood at its address."""
    columns = ["url", "final_url", "outcome", "http_status", "fetched_at"]
    fetches = read_segments(lake, FETCHES, segments_until(lake, "fetches", run), columns)
    urls = docs.read(["url"])["url"].combine_chunks()
    return presence(docs.doc_ids, urls, docs.first_seen_at, docs.last_seen_at, fetches)


def _recalls(docs: Documents, layout: Layout, stood: Presence, at: Shown) -> pa.Table:
    """segments.RECALLS: the notices that took the place of stories."""
    notices = docs.read(["notices"])["notices"].combine_chunks()
    killing = np.any([holds(notices, kind) for kind in TAKEN_BACK], axis=0)
    found, stories = find_recalls(killing, layout.story, stood.before)
    if not len(found):
        return RECALLS.empty_table()
    rows = docs.read([name for name in RECALLS.names if name in PAGES.names]).take(found)
    columns = {name: rows[name] for name in rows.column_names} | {
        "story": stories,
        "since": pa.array(at.since[found], TIME),
        "first_seen_at": docs.first_seen_at.take(found),
        "last_seen_at": stood.last_seen_at.take(found),
        "live": pc.and_(pc.is_null(stood.replaced_at), pc.is_null(stood.gone_at)).take(found),
    }
    return pa.table({name: columns[name] for name in RECALLS.names}).cast(RECALLS)


def _scatter_pages(docs: Documents, layout: Layout, folder: Path) -> Spill:
    """The pages of all documents by bucket, each with its place in the order of the ids."""
    spill = Spill(folder, "pages", pa.schema([*(PAGES.field(name) for name in _COLUMNS), _DOCUMENT]))
    for document, rows in docs.stream(_COLUMNS):
        spill.add(rows.append_column(_DOCUMENT, [document]), layout.buckets[layout.story[document]])
    return spill


def _scatter_pairs(
    lake: Store, run: Run, params: Params, docs: Documents, layout: Layout, folder: Path
) -> tuple[Spill, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The pairs that stand by the bucket of their first document, each with the place of its story; and the
    stories (int64[k] each) that pairs refused near the line tie."""
    spill = Spill(folder, "pairs", PAIRS.append(_STORY))
    ties = [np.zeros((2, 0), np.int64)]
    for rows in standing_pairs(lake, run, docs.doc_ids):
        own, other = (
            layout.story[pc.index_in(rows[name], value_set=docs.doc_ids).to_numpy()]
            for name in ("doc_id_a", "doc_id_b")
        )
        spill.add(rows.append_column(_STORY, [own]), layout.buckets[own])
        ties.append(np.stack([own, other])[:, nearly(rows, params).to_numpy()])
    near = np.concatenate(ties, axis=1)
    return spill, (near[0], near[1])


def _held(lake: Store, run: Run) -> pa.Table:
    """schema.QUARANTINE: what fetching and what extraction held back."""
    fetches = read_batches(lake, FETCHES, segments_until(lake, "fetches", run), FETCHES.names)
    failed = [rows.filter(pc.equal(rows["outcome"], "quarantined")) for rows in fetches]
    kept = read_segments(lake, QUARANTINE.schema, segments_until(lake, "quarantine", run))
    return accounts.quarantine(pa.concat_tables([FETCHES.empty_table(), *failed]), kept)


def _runs(lake: Store, run: Run, published: accounts.Tally, held: pa.Table) -> pa.Table:
    """schema.RUNS of all runs up to this one."""
    place = ["run_id", "outlet_id"]
    fetches = read_batches(lake, FETCHES, segments_until(lake, "fetches", run), [*place, "outcome"])
    extracted = read_batches(lake, PAGES, segments_until(lake, "pages", run), place)
    return accounts.runs(
        read_segments(lake, SITES, segments_until(lake, "sites", run)),
        accounts.count(fetches, "outcome"),
        accounts.count(extracted),
        published,
        accounts.count([held]),
    )
