"""One function a task: `f(lake, run, config, ...) -> counts`. The dags and the command line call these.

In order: plan → ingest × shards → extract × shards → settle → match → story → publish; `maintain`
stands beside. Each step reads and writes the lake and gives the same bytes when it is run again for
the same run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Config
from pipeline.counts import Counts
from pipeline.drafting.step import Drafted, draw_up
from pipeline.errors import Failed
from pipeline.extract.course import Course
from pipeline.extract.credit import load_rules
from pipeline.extract.pool import extract_many
from pipeline.extract.tables import from_templates, rules_table, to_templates
from pipeline.ingest.harvest import counts_of, ingest_shard
from pipeline.ingest.registry import load_outlets, shard_outlets
from pipeline.ingest.warc import read_page
from pipeline.judge import judgements_of
from pipeline.lake import ledger, order
from pipeline.lake.locate import open_store
from pipeline.lake.segment import read_segment, write_segment
from pipeline.lake.store import Store
from pipeline.lake.templates import templates_before
from pipeline.match.blocks import compared
from pipeline.match.scorecard import load_scorecard
from pipeline.match.words import Words
from pipeline.matching import step as matching
from pipeline.matching.past import before
from pipeline.matching.result import Matched
from pipeline.model import Outlet, RawPage, Run
from pipeline.params import Params
from pipeline.publish import checks
from pipeline.publish.fencing import begin, not_overtaken
from pipeline.publish.manifest import Manifest
from pipeline.publish.release import collect_garbage, complete_current, write_release
from pipeline.segments import HELD, PAGES, segment_key
from pipeline.story.identity import dated, identify, live_count, newborn

# called with (done, total) as pages are worked off; total may grow
Progress = Callable[[int, int], None]
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of the outlets that one task takes: its id and the outlets' ids."""

    shard: str
    outlets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the stories in this run: how many live after it, and what it did."""

    stories: int
    created: int
    merged: int
    split: int


@dataclass(frozen=True, slots=True)
class Released:
    """A published release. `changed_stories` counts stories new, changed or gone since the last one;
    `warnings`: one line a check of level warn that does not hold."""

    release: str
    stories: int
    republications: int
    quarantined: int
    changed_stories: int
    warnings: tuple[str, ...]
    pages: Counts


def open_lake(config: Config, s3_client: Any = None) -> Store:
    """The configured lake, probed for conditional writes. Raises `Failed` if it ignores them."""
    lake = open_store(config.lake, single_writer=config.single_writer, s3_client=s3_client)
    lake.probe()
    return lake


def plan(config: Config) -> tuple[Shard, ...]:
    """Split the registry's outlets into shards. Raises `BadInput` on a broken registry, rules file or
    scorecard."""
    load_rules(config.wires)
    load_scorecard(config.scorecard)
    return tuple(Shard(shard, tuple(o.outlet_id for o in own)) for shard, own in _shards(config).items())


def ingest(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Fetch a shard's new pages into the raw zone. A broken outlet is a row, never an error."""
    return ingest_shard(lake, run, shard, _shards(config)[shard], config.network, config.params, progress)


def extract(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Read a shard's fetched pages into `templates`, `quarantine` and `pages` segments; no work if the last
    is there."""
    key = segment_key("pages", run.run_id, shard)
    if not lake.exists(key):
        fetches = read_segment(lake, segment_key("fetches", run.run_id, shard))
        fetched = fetches.filter(pc.equal(fetches["outcome"], "fetched"))
        outlets = [outlet.outlet_id for outlet in _shards(config)[shard]]
        course = Course(run, config.params, from_templates(templates_before(lake, run, outlets)))
        parts = extract_many(
            _raw_pages(lake, fetched, _zones(_shards(config)[shard]), config.params),
            load_rules(config.wires),
            config.params,
            run,
            course,
            partial(_tell, progress, fetched.num_rows),
        )
        pages, held = _concat(parts)
        write_segment(lake, segment_key("templates", run.run_id, shard), to_templates(course.standings()))
        write_segment(lake, segment_key("quarantine", run.run_id, shard), held)
        write_segment(lake, key, pages)  # last: its presence says that the shard is done
    extracted = read_segment(lake, key).num_rows
    held = read_segment(lake, segment_key("quarantine", run.run_id, shard)).num_rows
    return Counts(published=extracted, quarantined=held)


def _zones(outlets: Sequence[Outlet]) -> dict[str, str]:
    """The time zones of the outlets for which one is registered: UTC is what is assumed without one."""
    return {outlet.outlet_id: outlet.time_zone for outlet in outlets if outlet.time_zone != "UTC"}


def _raw_pages(lake: Store, fetched: pa.Table, zones: Mapping[str, str], params: Params) -> Iterator[RawPage]:
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
            time_zone=zones.get(row["outlet_id"]),
        )


def settle(lake: Store, run: Run, config: Config) -> Counts:
    """Add up the run's shards, and give the run its place in the order. A shard whose fetch failed as a whole
    took up no page and is left out.

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
    order.place(lake, run.run_id)
    return total


def in_trouble(lake: Store, run: Run, config: Config, shard: str | None = None) -> dict[str, str]:
    """The outlets that the run, or one shard of it, could not read whole: their ids and states, by id."""
    keys = [segment_key("sites", run.run_id, of) for of in _shards(config) if shard in (None, of)]
    sites = pa.concat_tables([read_segment(lake, key) for key in keys if lake.exists(key)])
    return {row["outlet_id"]: row["state"] for row in sites.to_pylist() if row["state"] != "ok"}


def match(lake: Store, run: Run, config: Config, whole: bool = False) -> Matched:
    """Fold the run's pages into clusters, or with `whole` all pages anew; runs taken up before it that were
    cut short are completed first."""
    order.place(lake, run.run_id)
    said = partial(judgements_of, lake)
    for earlier in order.unfinished(lake, run):
        matching.match(lake, earlier, config, said)
        story(lake, earlier, config)
    return matching.match(lake, run, config, said, whole)


def story(lake: Store, run: Run, config: Config) -> Told:
    """Give clusters their story ids against the ledger; appends the run's events to it."""
    clusters = read_segment(lake, segment_key("clusters", run.run_id, _ALL))
    with before(lake, run, config) as known:
        events = identify(clusters, known.past, run.run_id)
        born = newborn(events)
        events = dated(events, born, known.first_seen(born["doc_id"].combine_chunks()))
        living = known.past.living + live_count(events)
    ledger.append(lake, run.run_id, events)
    changes = events["change"].to_pylist()
    return Told(
        stories=living,
        created=changes.count("created"),
        merged=changes.count("merged_into"),
        split=changes.count("split_from"),
    )


def publish(lake: Store, run: Run, config: Config, outlets: Sequence[Outlet] | None = None) -> Released:
    """Build the tables, check them, release them. Raises `CheckFailed` and releases nothing otherwise.

    `outlets`: instead of the registry's.
    """
    complete_current(lake)
    start = begin(lake, run.run_id)
    with tempfile.TemporaryDirectory(prefix="wirefold-") as scratch:
        with not_overtaken(lake, run.run_id, start):
            drafted = draft(lake, run, config, Path(scratch), start.base, outlets)
        counts = drafted.counts
        manifest = write_release(
            lake,
            release=run.run_id,
            run=run,
            partitions=drafted.partitions,
            params=config.params,
            counts=counts,
            check=lambda candidate: checks.run_checks_of_change(
                candidate, counts, run=run, params=config.params
            ),
            replaces=drafted.replaces,
            data_runs=drafted.data_runs,
            drawn_by=drafted.drawn_by,
            takedowns=drafted.takedowns,
            start=start,
        )
    rows = {name: files.rows for name, files in manifest.tables.items()}
    return Released(
        release=manifest.release,
        stories=rows["stories"],
        republications=rows["republications"],
        quarantined=rows["quarantine"],
        changed_stories=manifest.changed_stories,
        warnings=tuple(checks.told(check) for check in manifest.checks if not check.ok),
        pages=counts,
    )


def draft(
    lake: Store,
    run: Run,
    config: Config,
    folder: Path,
    before: Manifest | None,
    outlets: Sequence[Outlet] | None = None,
) -> Drafted:
    """Draw the tables of the release that follows `before` up, as files in `folder`."""
    known = load_outlets(config.outlets) if outlets is None else outlets
    chrome = read_segment(lake, segment_key("boilerplate", run.run_id, _ALL))
    rules = rules_table(load_rules(config.wires))
    read = partial(_words_of, chrome)
    return draw_up(lake, run, config.params, known, rules, read, folder, before)


def _words_of(chrome: pa.Table, pages: pa.Table) -> Words:
    """The words of some pages as they are compared."""
    return compared(pages["outlet_id"].combine_chunks(), pages["body"].combine_chunks(), chrome)


def maintain(lake: Store, run: Run, config: Config) -> int:
    """Complete `current/` if it was cut short, drop objects no kept release names and old ones of the order;
    how many."""
    complete_current(lake)
    return order.forget_old(lake) + drop_old(lake, run, config)


def drop_old(lake: Store, run: Run, config: Config) -> int:
    """Drop releases past their retention, such as show what was taken down, and what no kept one names; how
    many objects."""
    return collect_garbage(lake, run, keep_releases=config.keep_releases, keep_days=config.keep_days)


def _shards(config: Config) -> dict[str, tuple[Outlet, ...]]:
    return shard_outlets(load_outlets(config.outlets), config.shards)


def _concat(parts: Iterator[tuple[pa.Table, pa.Table]]) -> tuple[pa.Table, pa.Table]:
    pages, held = [PAGES.empty_table()], [HELD.empty_table()]
    for some_pages, some_held in parts:
        pages.append(some_pages)
        held.append(some_held)
    return pa.concat_tables(pages), pa.concat_tables(held)


def _tell(progress: Progress | None, total: int, done: int) -> None:
    if progress:
        progress(done, total)
