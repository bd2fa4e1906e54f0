"""A shard's pages into the raw zone: stored first, then committed by one put, then remembered.

    raw/outlet=<id>/<run_id>-<sha256>.warc.gz   per outlet, named by its bytes: never overwritten
    raw/outlet=<id>/<run_id>-<sha256>.cdxj      its index, for other tools
    raw/sites/run=<run_id>/<shard>.parquet
    raw/fetches/run=<run_id>/<shard>.parquet    the shard's index, and the commit: written once, by whoever is
                                                first
    sites/…, fetches/…                          the same two again, outside of what is archived
    state/outlet=<id>.json                      last

A kill before the commit leaves raw files that nothing names; the rerun starts over. After it nothing is asked
again; the state may be lost, which costs the next run some requests for pages that it would have known to be
unchanged.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Network
from pipeline.counts import Counts
from pipeline.ingest.budget import Budget
from pipeline.ingest.cdxj import cdxj
from pipeline.ingest.fetch import Fetcher, user_agent
from pipeline.ingest.parser import Parser
from pipeline.ingest.robots import Robots
from pipeline.ingest.state import OutletState, Pause, Polling, load_state, save_state
from pipeline.ingest.visit import Means, Visit
from pipeline.ingest.visited import PageFetch, Visited, paused, postponed
from pipeline.ingest.warc import WarcFile, WarcSpool
from pipeline.lake.segment import read_segment, to_parquet, write_segment
from pipeline.lake.store import Store
from pipeline.model import Outlet, Run
from pipeline.params import Params
from pipeline.segments import FETCHES, SITES, UNREAD, segment_key

# what is there holds all that later steps were told by the outlets
RAW = "raw/"
_SEVERAL = 3
Progress = Callable[[int, int], None]


def ingest_shard(
    lake: Store,
    run: Run,
    shard: str,
    outlets: Sequence[Outlet],
    network: Network,
    params: Params,
    progress: Progress | None = None,
) -> Counts:
    """Fetch what is new at a shard's outlets. A no-op if the run has this shard's fetches already.

    `progress(done, total)` counts pages; the total grows as outlets are read. Nothing an outlet
    does raises; what the lake raises passes through.
    """
    fetches_key, sites_key = (segment_key(kind, run.run_id, shard) for kind in ("fetches", "sites"))
    if not lake.exists(fetches_key):
        visits: Sequence[Visited] = ()
        if not lake.exists(RAW + fetches_key):
            try:
                visits = asyncio.run(_harvest(lake, run, outlets, network, params, _Progress(progress)))
            except ExceptionGroup as group:
                raise _first(group) from group
            pages = [page for visit in visits for page in visit.pages]
            write_segment(lake, RAW + sites_key, _table([visit.site for visit in visits], SITES))
            if not lake.put_if_absent(RAW + fetches_key, to_parquet(_table(pages, FETCHES))):
                visits = ()
        for key in (sites_key, fetches_key):
            lake.put(key, lake.get(RAW + key))
        for visit in visits:
            save_state(lake, visit.site.outlet_id, visit.state)
    return counts_of(read_segment(lake, fetches_key), read_segment(lake, sites_key))


def _table(rows: Sequence[object], schema: pa.Schema) -> pa.Table:
    """By column: a dict a row took a tenth of an ingest's time."""
    return pa.table({name: list(map(attrgetter(name), rows)) for name in schema.names}, schema=schema)


def counts_of(fetches: pa.Table, sites: pa.Table) -> Counts:
    """Counts over rows of `segments.FETCHES` and `segments.SITES`, of one shard or many.

    Pages with outcome `fetched` are settled by later steps: here they stand in `fetched` only.
    """

    def pages(outcome: str) -> int:
        return int(pc.sum(pc.equal(fetches["outcome"], outcome)).as_py() or 0)

    return Counts(
        fetched=fetches.num_rows,
        unchanged=pages("unchanged"),
        quarantined=pages("quarantined"),
        skipped=pages("skipped"),
        outlets=sites.num_rows,
        outlets_failed=int(pc.sum(pc.is_in(sites["state"], value_set=pa.array(UNREAD))).as_py() or 0),
        bytes_fetched=int(pc.sum(sites["bytes_fetched"]).as_py() or 0),
    )


@dataclass(slots=True)
class _Progress:
    """Adds up what the visits report."""

    report: Progress | None
    done: int = 0
    total: int = 0

    def found(self, pages: int) -> None:
        self.total += pages
        self._tell()

    def one_done(self) -> None:
        self.done += 1
        self._tell()

    def _tell(self) -> None:
        if self.report:
            self.report(self.done, self.total)


async def _harvest(
    lake: Store,
    run: Run,
    outlets: Sequence[Outlet],
    network: Network,
    params: Params,
    progress: _Progress,
) -> list[Visited]:
    """All outlets that are due, so many at a time as requests are allowed; in the order given."""
    free = asyncio.Semaphore(network.total_concurrency)
    with tempfile.TemporaryDirectory(prefix="wirefold-ingest-") as folder:
        async with Fetcher(network) as fetcher, asyncio.TaskGroup() as group:
            means = Means(
                run.run_id,
                run.now,
                network,
                params,
                fetcher,
                Robots(fetcher),
                Parser(),
                Budget(network),
                progress.found,
                progress.one_done,
            )

            async def visit(outlet: Outlet) -> Visited | None:
                async with free:
                    return await _visit(lake, outlet, means, Path(folder))

            # in another order each run: a budget spent early must not leave out the same ones for ever
            tasks = {
                outlet.outlet_id: group.create_task(visit(outlet))
                for outlet in sorted(outlets, key=lambda outlet: _lot(run.run_id, outlet.outlet_id))
            }
        return _spared([visited for outlet in outlets if (visited := tasks[outlet.outlet_id].result())])


def _spared(visits: list[Visited]) -> list[Visited]:
    """No outlet is nearer to its pause after a run in which none of several could be read: that is our own
    way out."""
    asked = [visit for visit in visits if visit.site.state not in ("paused", "postponed")]
    if len(asked) < _SEVERAL or any(visit.site.state != "down" for visit in asked):
        return visits
    return [replace(visit, state=visit.state.spared()) if visit in asked else visit for visit in visits]


def _lot(run_id: str, outlet_id: str) -> bytes:
    return hashlib.sha256(f"{run_id} {outlet_id}".encode()).digest()


async def _visit(lake: Store, outlet: Outlet, means: Means, folder: Path) -> Visited | None:
    """Visit an outlet and store its pages; None if it rests. The lake blocks, so threads call it."""
    known = await asyncio.to_thread(load_state, lake, outlet.outlet_id)
    if known.is_paused(means.now):
        return paused(means.run_id, outlet.outlet_id, known)
    if not known.is_due(means.now):
        return None
    if bound := means.budget.reached():
        return postponed(means.run_id, outlet.outlet_id, known, bound)
    with WarcSpool(folder, outlet.outlet_id, user_agent(means.network), means.now) as spool:
        visited = await Visit(outlet, known, means, spool.add).make()
        file = spool.finish()
    visited = replace(visited, state=_after(outlet, visited, known, means))
    if file is None:
        return visited
    name = f"{means.run_id}-{file.sha256[:12]}"
    folder_key = f"{RAW}outlet={outlet.outlet_id}/"
    key = f"{folder_key}{name}.warc.gz"
    await asyncio.to_thread(lake.put_file, key, str(file.path))
    await asyncio.to_thread(lake.put, f"{folder_key}{name}.cdxj", cdxj(file.captures, f"{name}.warc.gz"))
    file.path.unlink()
    return replace(visited, pages=tuple(_placed(visited.pages, key, file)))


def _after(outlet: Outlet, visited: Visited, known: OutletState, means: Means) -> OutletState:
    """The state that the next run finds."""
    network = means.network
    if visited.site.state == "down":
        pause = Pause(network.pause_after, network.pause_hours, network.longest_pause_hours)
        return visited.state.failed(means.now, known, visited.site.reason or "", pause)
    least, most = outlet.poll_minutes or network.poll_minutes
    new = sum(page.outcome == "fetched" for page in visited.pages)
    return visited.state.asked(means.now, known, new, Polling(60 * least, 60 * most))


def _placed(pages: Sequence[PageFetch], key: str, file: WarcFile) -> list[PageFetch]:
    return [
        replace(page, raw_key=key, raw_offset=file.offsets[number]) if number in file.offsets else page
        for number, page in enumerate(pages)
    ]


def _first(error: Exception) -> Exception:
    """What a task group failed of: callers look for `Failed`, not for groups of it."""
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error
