"""From pages, pairs and the ledger to the files of a release, one bucket of stories at a time.

Narrow columns of all documents are held to lay the stories out; texts pass by once, are scattered to the
disk by bucket, and are in memory for one bucket only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import chronicle
from pipeline.counts import Counts
from pipeline.lake import ledger, order
from pipeline.lake.pages import Documents, documents, segments_until
from pipeline.lake.segment import ahead, read_batches, read_segment, read_segments
from pipeline.lake.store import Store
from pipeline.lake.templates import templates_after
from pipeline.match.words import Words
from pipeline.model import Outlet, Run
from pipeline.params import Params
from pipeline.publish import accounts, marks, tables
from pipeline.publish.drafts import Drafts, Partition
from pipeline.publish.layout import Layout, lay_out
from pipeline.publish.manifest import Manifest
from pipeline.publish.spill import Spill
from pipeline.schema import (
    BOILERPLATE,
    EDGES,
    OUTLETS,
    QUARANTINE,
    REPUBLICATIONS,
    RUNS,
    STORIES,
    TEMPLATES,
    WIRE_RULES,
)
from pipeline.segments import FETCHES, PAGES, PAIRS, SITES, segment_key
from pipeline.story.canonical import choose
from pipeline.story.identity import seen_days, stories_of
from pipeline.story.registry import WATCHED

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
    """The published rows of some stories, and the seen_day (date32) of each."""

    copies: pa.Table
    copy_days: pa.Array
    stories: pa.Table
    story_days: pa.Array
    edges: pa.Table
    edge_days: pa.Array


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
        drafts.add(STORIES, bucket.stories, bucket.story_days)
        drafts.add(REPUBLICATIONS, bucket.copies, bucket.copy_days)
        drafts.add(EDGES, bucket.edges, bucket.edge_days)
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
    pages = _scatter_pages(docs, layout, folder)
    pairs = _scatter_pairs(lake, run, docs, layout, folder)
    for number in range(layout.bucket_count):
        rows = pages.read(number).sort_by("document")
        document = rows["document"].to_numpy()
        story = layout.story[document]
        canonicals = choose(rows, story, read, params)
        copies = tables.republications(
            rows, docs.last_seen_at.take(document), layout.story_ids.take(story), canonicals
        )
        stories = tables.stories(copies, rows, canonicals, outlets)
        own = pairs.read(number)
        of_pair = own["story"].combine_chunks()
        of_story = story[tables.canonical_rows(canonicals)]
        yield _Bucket(
            copies,
            layout.days.take(story),
            stories,
            layout.days.take(of_story),
            tables.edges(own, layout.story_ids.take(of_pair)),
            layout.days.take(of_pair),
        )


def _scatter_pages(docs: Documents, layout: Layout, folder: Path) -> Spill:
    """The pages of all documents by bucket, each with its place in the order of the ids."""
    spill = Spill(folder, "pages", pa.schema([*(PAGES.field(name) for name in _COLUMNS), _DOCUMENT]))
    for document, rows in docs.stream(_COLUMNS):
        spill.add(rows.append_column(_DOCUMENT, [document]), layout.buckets[layout.story[document]])
    return spill


def _scatter_pairs(lake: Store, run: Run, docs: Documents, layout: Layout, folder: Path) -> Spill:
    """The kept pairs of the run by the bucket of their first document, each with the place of its story."""
    keys = [segment_key("pairs", run.run_id, "all")]
    first = read_segments(lake, PAIRS, keys, ["doc_id_a"])["doc_id_a"]
    story = layout.story[pc.index_in(first, value_set=docs.doc_ids).to_numpy()]
    spill = Spill(folder, "pairs", PAIRS.append(_STORY))
    start = 0
    for rows in read_batches(lake, PAIRS, keys, PAIRS.names):
        own = story[start : start + rows.num_rows]
        spill.add(rows.append_column(_STORY, [own]), layout.buckets[own])
        start += rows.num_rows
    return spill


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
