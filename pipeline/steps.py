"""One function a task: `f(lake, run, config, ...) -> counts`. The dags and the command line call these.

In order: plan → ingest × shards → extract × shards → settle → match → story → publish; `maintain`
stands beside. Each step reads and writes the lake and gives the same bytes when it is run again for
the same run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.config import Config, Engine, bytes_of
from pipeline.counts import Counts
from pipeline.drafting.step import Drafted, draw_up
from pipeline.errors import Failed
from pipeline.extract.credit import load_rules
from pipeline.extract.tables import rules_table
from pipeline.ingest.figures import Figures
from pipeline.ingest.harvest import ingest_shard
from pipeline.ingest.registry import load_outlets, shard_outlets
from pipeline.judge import judgements_of
from pipeline.lake import ledger, order
from pipeline.lake.locate import open_store
from pipeline.lake.segment import read_segment
from pipeline.lake.store import Store
from pipeline.match.blocks import compared
from pipeline.match.scorecard import load_scorecard
from pipeline.match.words import Words
from pipeline.matching import spark, wish
from pipeline.matching import step as matching
from pipeline.matching.past import before
from pipeline.matching.result import Matched, done
from pipeline.model import Outlet, Run
from pipeline.publish import checks
from pipeline.publish.fencing import begin, not_overtaken
from pipeline.publish.manifest import Manifest
from pipeline.publish.release import collect_garbage, complete_current, write_release
from pipeline.segments import segment_key
from pipeline.shards import Fetched, extract_shard, settle_shards
from pipeline.story.identity import dated, identify, live_count, newborn

# called with (done, total) as pages are worked off; total may grow
Progress = Callable[[int, int], None]
# called with (stage, done, total) as a long step goes on
Stage = Callable[[str, int, int], None]
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
    shards = _shards(config)
    network = config.network.share(len(shards[shard]), sum(map(len, shards.values())))
    return ingest_shard(lake, run, shard, shards[shard], network, config.params, progress)


def extract(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Read a shard's fetched pages into `templates`, `quarantine` and `pages` segments; no work if the last
    is there."""
    return extract_shard(lake, run, config, Fetched.of(shard, _shards(config)[shard]), progress)


def settle(lake: Store, run: Run, config: Config) -> Counts:
    """Add up the run's shards, and give the run its place in the order. A shard whose fetch failed as a whole
    took up no page and is left out.

    Raises `Failed` if a page taken up ended in no status or in two, or if no shard was fetched.
    """
    shards = [
        Fetched.of(shard, outlets)
        for shard, outlets in _shards(config).items()
        if lake.exists(segment_key("fetches", run.run_id, shard))
    ]
    if not shards:
        raise Failed(f"run {run.run_id}: no shard of {config.outlets} was fetched")
    return settle_shards(lake, run, config, shards)


def in_trouble(lake: Store, run: Run, config: Config, shard: str | None = None) -> dict[str, str]:
    """The outlets that the run, or one shard of it, could not read whole: their ids and states, by id."""
    keys = [segment_key("sites", run.run_id, of) for of in _shards(config) if shard in (None, of)]
    sites = pa.concat_tables([read_segment(lake, key) for key in keys if lake.exists(key)])
    return {row["outlet_id"]: row["state"] for row in sites.to_pylist() if row["state"] != "ok"}


def figures(lake: Store, run: Run, config: Config) -> Figures:
    """How the run's visits went, of all shards that were fetched and extracted."""
    return Figures.of(lake, run, tuple(_shards(config)))


def match(lake: Store, run: Run, config: Config, whole: bool = False, tell: Stage | None = None) -> Matched:
    """Fold the run's pages into clusters, or with `whole` all pages anew; runs taken up before it that were
    cut short are completed first. `tell`: of stages of all pages within `config.memory`."""
    order.place(lake, run.run_id)
    said = partial(judgements_of, lake)
    for earlier in order.unfinished(lake, run):
        matching.match(lake, earlier, config, said, tell=tell)
        story(lake, earlier, config)
    return matching.match(lake, run, config, said, whole, tell)


def check_rematch(engine: Engine | None, memory: str | None) -> None:
    """Raises `BadInput` unless all pages could be matched by this engine, within this memory ("4GiB")."""
    if memory:
        bytes_of(memory)
    if engine == "spark":
        spark.need()


def rematch(
    lake: Store,
    run: Run,
    engine: Engine | None,
    memory: str | None,
    executors: Mapping[str, str | int] | None = None,
) -> None:
    """Have the run's match, whoever makes it, match all pages anew: by this engine, within this memory;
    None: as it is configured. Once it is matched, this changes nothing."""
    wish.leave(lake, run.run_id, wish.Wish(engine, memory, executors or {}))


def asked_of_spark(lake: Store, run: Run) -> Mapping[str, str | int] | None:
    """What the executors get where `rematch` has Spark match the run, or one that was cut short before it;
    None where it does not, or these are matched."""
    for one in (*order.unfinished(lake, run), run):
        left = wish.left(lake, one.run_id)
        if left is not None and left.engine == "spark" and not done(lake, one.run_id):
            return left.executors
    return None


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
