"""One function a task: `f(lake, run, config, ...) -> counts`. The dags and the command line call these.

In order: plan → ingest × shards → extract × shards → settle → match → story → publish; `maintain`
stands beside. Each step reads and writes the lake and gives the same bytes when it is run again for
the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Config
from pipeline.counts import Counts
from pipeline.errors import Failed
from pipeline.extract import boilerplate
from pipeline.extract.credit import load_rules
from pipeline.extract.pool import extract_many
from pipeline.ingest.harvest import counts_of, ingest_shard
from pipeline.ingest.registry import load_outlets, shard_outlets
from pipeline.ingest.warc import read_page
from pipeline.lake import index, ledger
from pipeline.lake.locate import open_store
from pipeline.lake.pages import Seen, distinct, segments_until
from pipeline.lake.segment import read_segment, write_segment
from pipeline.lake.store import Store
from pipeline.match.candidates import candidates, representatives
from pipeline.match.cluster import Clusters, cluster
from pipeline.match.pairs import kept_pairs
from pipeline.match.sign import Shingled, shingle, sign
from pipeline.match.verify import verify
from pipeline.model import Outlet, RawPage, Run
from pipeline.params import Params
from pipeline.publish import accounts, checks, tables
from pipeline.publish.release import (
    Partition,
    collect_garbage,
    complete_current,
    write_release,
)
from pipeline.schema import EDGES, OUTLETS, QUARANTINE, REPUBLICATIONS, RUNS, STORIES
from pipeline.segments import CLUSTERS, FETCHES, PAGES, SITES, segment_key
from pipeline.story.canonical import choose
from pipeline.story.identity import identify, replay

# called with (done, total) as pages are worked off; total may grow
Progress = Callable[[int, int], None]
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of the outlets that one task takes: its id and the outlets' ids."""

    shard: str
    outlets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching found. Units: documents, pairs, clusters; `capped` counts buckets too large to
    multiply out."""

    pages: int
    new_pages: int
    candidates: int
    accepted: int
    capped: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the stories in this run."""

    stories: int
    created: int
    merged: int
    split: int


@dataclass(frozen=True, slots=True)
class Released:
    """A published release. `changed_stories` counts stories new, changed or gone since the last one."""

    release: str
    stories: int
    republications: int
    quarantined: int
    changed_stories: int
    pages: Counts


def open_lake(config: Config, s3_client: Any = None) -> Store:
    """The configured lake, probed for conditional writes. Raises `Failed` if it ignores them."""
    lake = open_store(config.lake, single_writer=config.single_writer, s3_client=s3_client)
    lake.probe()
    return lake


def plan(config: Config) -> tuple[Shard, ...]:
    """Split the registry's outlets into shards. Raises `BadInput` on a broken registry or rules file."""
    load_rules(config.wires)
    return tuple(Shard(shard, tuple(o.outlet_id for o in own)) for shard, own in _shards(config).items())


def ingest(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Fetch a shard's new pages into the raw zone. A broken outlet is a row, never an error.

    Raises `Failed` for a new run whose clock lies before that of a finished one.
    """
    ledger.check_order(lake, run.run_id)
    return ingest_shard(lake, run, shard, _shards(config)[shard], config.network, config.params, progress)


def extract(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Read a shard's fetched pages into `pages` and `quarantine` segments; no work if they are there."""
    key = segment_key("pages", run.run_id, shard)
    if not lake.exists(key):
        fetches = read_segment(lake, segment_key("fetches", run.run_id, shard))
        fetched = fetches.filter(pc.equal(fetches["outcome"], "fetched"))
        parts = extract_many(
            _raw_pages(lake, fetched, config.params),
            load_rules(config.wires),
            config.params,
            run,
            partial(_tell, progress, fetched.num_rows),
        )
        pages, held = _concat(parts)
        write_segment(lake, segment_key("quarantine", run.run_id, shard), held)
        write_segment(lake, key, pages)  # last: its presence says that the shard is done
    extracted = read_segment(lake, key).num_rows
    held = read_segment(lake, segment_key("quarantine", run.run_id, shard)).num_rows
    return Counts(published=extracted, quarantined=held)


def _raw_pages(lake: Store, fetched: pa.Table, params: Params) -> Iterator[RawPage]:
    for row in fetched.to_pylist():
        page = read_page(lake, row["raw_key"], row["raw_offset"], params.max_page_bytes)
        yield RawPage(
            url=row["final_url"] or row["url"],
            content=page.body,
            fetched_at=row["fetched_at"],
            outlet_id=row["outlet_id"],
            content_type=row["content_type"],
            charset=row["charset"],
            raw_key=row["raw_key"],
            raw_offset=row["raw_offset"],
            feed_headline=row["feed_headline"],
            feed_published_at=row["feed_published_at"],
        )


def settle(lake: Store, run: Run, config: Config) -> Counts:
    """Add up the run's shards. A shard whose fetch failed as a whole took up no page and is left out.

    Raises `Failed` if a page taken up ended in no status or in two, or if no shard was fetched.
    """
    total = Counts()
    shards = [shard for shard in _shards(config) if lake.exists(segment_key("fetches", run.run_id, shard))]
    if not shards:
        raise Failed(f"run {run.run_id}: no shard of {config.outlets} was fetched")
    for shard in shards:
        fetches = read_segment(lake, segment_key("fetches", run.run_id, shard))
        fetched = counts_of(fetches, read_segment(lake, segment_key("sites", run.run_id, shard)))
        total += fetched + extract(lake, run, config, shard)
    if not total.conserved:
        raise Failed(f"run {run.run_id}: {total.fetched} pages taken up, {total.settled} settled: {total}")
    return total


def match(lake: Store, run: Run, config: Config) -> Matched:
    """Sign new pages, find and verify candidate pairs, cluster; writes pairs and clusters of the run."""
    params = config.params
    seen = _seen(lake, run, ("doc_id", "outlet_id", "body"))
    doc_ids = seen.pages["doc_id"].to_pylist()
    docs = _shingled(seen, params)
    signatures, fresh = _signatures(lake, run, params, doc_ids, docs)
    found = candidates(docs, signatures, params)
    verdicts = verify(docs, found.pairs, params)
    same_text = representatives(docs, params)
    clusters = cluster(docs, same_text, verdicts, params)
    pairs = kept_pairs(doc_ids, same_text, found, verdicts, clusters, params)
    write_segment(lake, segment_key("pairs", run.run_id, _ALL), pairs)
    write_segment(lake, segment_key("clusters", run.run_id, _ALL), _cluster_rows(doc_ids, clusters))
    return Matched(
        pages=len(doc_ids),
        new_pages=fresh,
        candidates=len(found.pairs),
        accepted=int(verdicts.accepted.sum()) - sum(map(bool, clusters.refused_as)),
        capped=found.capped,
        clusters=len(np.unique(clusters.labels)),
    )


def story(lake: Store, run: Run, config: Config) -> Told:
    """Give clusters their story ids against the ledger; appends the run's events to it."""
    ledger.check_order(lake, run.run_id)
    rows = read_segment(lake, segment_key("clusters", run.run_id, _ALL))
    clusters: dict[str, list[str]] = {}
    for doc_id, name in zip(rows["doc_id"].to_pylist(), rows["cluster"].to_pylist(), strict=True):
        clusters.setdefault(name, []).append(doc_id)
    events = identify(clusters, replay(ledger.history(lake, before=run.run_id)), run.run_id)
    ledger.append(lake, run.run_id, events)
    changes = events["change"].to_pylist()
    return Told(
        stories=len(clusters),
        created=changes.count("created"),
        merged=changes.count("merged_into"),
        split=changes.count("split_from"),
    )


def publish(lake: Store, run: Run, config: Config, outlets: Sequence[Outlet] | None = None) -> Released:
    """Build the tables, check them, release them. Raises `CheckFailed` and releases nothing otherwise.

    `outlets`: instead of the registry's.
    """
    complete_current(lake)
    known = load_outlets(config.outlets) if outlets is None else outlets
    parts, counts = _partitions(lake, run, config.params, known)
    manifest = write_release(
        lake,
        release=run.run_id,
        run=run,
        partitions=parts,
        params=config.params,
        counts=counts,
        check=lambda candidate: checks.run_checks(
            candidate.tables(checks.COLUMNS), counts, run=run, params=config.params, before=candidate.before
        ),
        replaces=[table.name for table in (STORIES, REPUBLICATIONS, EDGES, RUNS, QUARANTINE)],
    )
    rows = {name: files.rows for name, files in manifest.tables.items()}
    return Released(
        release=manifest.release,
        stories=rows["stories"],
        republications=rows["republications"],
        quarantined=rows["quarantine"],
        changed_stories=manifest.changed_stories,
        pages=counts,
    )


def _partitions(
    lake: Store, run: Run, params: Params, outlets: Sequence[Outlet]
) -> tuple[list[Partition], Counts]:
    extracted = segments_until(lake, "pages", run, PAGES)
    seen = distinct(extracted)
    registry = replay(ledger.history(lake, before=None))
    ids = [registry.live(registry.story_of[doc]) for doc in seen.pages["doc_id"].to_pylist()]
    story_ids = pa.array(ids, pa.string())
    numbers = story_ids.dictionary_encode().indices.to_numpy().astype(np.int64)
    canonicals = choose(_shingled(seen, params), seen.pages, numbers, params)
    copies = tables.republications(seen, story_ids, canonicals)
    stories = tables.stories(copies, seen.pages, canonicals, outlets)
    edges = tables.edges(read_segment(lake, segment_key("pairs", run.run_id, _ALL)), copies)
    fetches = segments_until(lake, "fetches", run, FETCHES)
    held = accounts.quarantine(fetches, segments_until(lake, "quarantine", run, QUARANTINE.schema))
    runs = accounts.runs(segments_until(lake, "sites", run, SITES), fetches, extracted, copies, held)
    days = {
        table.name: tables.story_days(rows["story_id"].combine_chunks(), stories)
        for table, rows in ((STORIES, stories), (REPUBLICATIONS, copies), (EDGES, edges))
    }
    parts = [
        *tables.by_day(STORIES, stories, days["stories"]),
        *tables.by_day(REPUBLICATIONS, copies, days["republications"]),
        *tables.by_day(EDGES, edges, days["edges"]),
        *tables.by_day(RUNS, runs, accounts.run_days(runs)),
        *tables.by_day(QUARANTINE, held, accounts.run_days(held)),
        Partition(OUTLETS, None, tables.outlet_rows(outlets, copies, stories, held)),
    ]
    return parts, accounts.counts_of_run(runs, run.run_id)


def maintain(lake: Store, run: Run, config: Config) -> int:
    """Complete `current/` if it was cut short, drop objects no kept release names; how many."""
    complete_current(lake)
    return collect_garbage(lake, run, keep_releases=config.keep_releases, keep_days=config.keep_days)


def _shards(config: Config) -> dict[str, tuple[Outlet, ...]]:
    return shard_outlets(load_outlets(config.outlets), config.shards)


def _seen(lake: Store, run: Run, columns: Sequence[str]) -> Seen:
    return distinct(segments_until(lake, "pages", run, PAGES), columns)


def _shingled(seen: Seen, params: Params) -> Shingled:
    """Shingles of the bodies without their outlets' chrome."""
    outlets, bodies = (seen.pages[name].combine_chunks() for name in ("outlet_id", "body"))
    return shingle(boilerplate.strip(outlets, bodies, boilerplate.learn(outlets, bodies, params)), params)


def _signatures(
    lake: Store, run: Run, params: Params, doc_ids: Sequence[str], docs: Shingled
) -> tuple[np.ndarray[Any, np.dtype[np.uint32]], int]:
    """Signatures of the documents, uint32[n, num_perm], from the index where it has them."""
    known, stored = index.load(lake, params)
    place = {doc: row for row, doc in reversed(list(enumerate(known)))}
    rows = np.array([place.get(doc, -1) for doc in doc_ids], np.int64)
    signatures = sign(docs, params)
    signatures[rows >= 0] = stored[rows[rows >= 0]]
    fresh = np.flatnonzero(rows < 0).tolist()
    index.add(lake, params, run.run_id, [doc_ids[i] for i in fresh], signatures[fresh])
    return signatures, len(fresh)


def _cluster_rows(doc_ids: Sequence[str], clusters: Clusters) -> pa.Table:
    names = [doc_ids[label] for label in clusters.labels.tolist()]
    return pa.table({"doc_id": pa.array(doc_ids), "cluster": pa.array(names)}, CLUSTERS)


def _concat(parts: Iterator[tuple[pa.Table, pa.Table]]) -> tuple[pa.Table, pa.Table]:
    pages, held = [PAGES.empty_table()], [QUARANTINE.schema.empty_table()]
    for some_pages, some_held in parts:
        pages.append(some_pages)
        held.append(some_held)
    return pa.concat_tables(pages), pa.concat_tables(held)


def _tell(progress: Progress | None, total: int, done: int) -> None:
    if progress:
        progress(done, total)
