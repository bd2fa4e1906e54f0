"""A lake made anew from the raw zone of another: what the outlets told is copied, the rest worked out again.

What people said (judgements, takedowns) and in which order runs were taken up is in no raw file; it comes
along where the other lake has it. Without, nothing was judged, and runs come by their clocks. Every step
finds what it has done, so a rebuild that was cut short is begun again.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from pipeline import intake, steps
from pipeline.archive import ARCHIVES, Archive
from pipeline.config import Config
from pipeline.errors import BadInput
from pipeline.ingest.harvest import RAW
from pipeline.lake import order
from pipeline.lake.numbered import newest
from pipeline.lake.segment import read_segment
from pipeline.lake.store import Store
from pipeline.model import Outlet, Run
from pipeline.publish.manifest import read_latest
from pipeline.segments import segment_key
from pipeline.shards import Fetched, settle_shards

# called with (done, total) in runs
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it: `runs` were made again; `left_out` are the ids of those of the other lake whose pages
    are neither in its raw zone nor in the files that they were taken from."""

    runs: int
    left_out: tuple[str, ...]
    released: steps.Released


def rebuild(
    raw: Store,
    lake: Store,
    config: Config,
    outlets: Sequence[Outlet] = (),
    progress: Progress | None = None,
) -> Rebuilt:
    """Make the runs in the raw zone of `raw` again in `lake`, in their order, and release each.

    `outlets`: the registry, for time zones and owner groups. Raises `BadInput` if `raw` is the lake itself or
    has no run in its raw zone, or if `lake` has runs that it has not.
    """
    if raw.url == lake.url:
        raise BadInput(f"{lake.url}: expected another lake than the one it is rebuilt from")
    shards, archives = _shards(raw), _archives(raw)
    made = shards.keys() | archives.keys()
    if not made:
        raise BadInput(f"{raw.url}: no run in {RAW}fetches/")
    placed = {place.run_id: place for place in order.places(raw)}
    places = [place for run_id, place in placed.items() if run_id in made]
    places += [order.Place(run_id) for run_id in sorted(made - placed.keys())]
    _begin(raw, lake, places)
    zones = Fetched.of("", outlets).zones
    known = _outlets(raw, shards)
    runs = [place.run_id for place in places]
    latest = read_latest(lake)
    done = runs.index(latest[0].release) if latest else 0
    for number, run in enumerate(map(Run.of, runs[done:]), start=done + 1):
        if of_files := archives.get(run.run_id):
            intake.take_in(lake, run, config, of_files.inputs, of_files.outlet_field, None, of_files.columns)
        else:
            for shard in shards[run.run_id]:
                _take(raw, lake, run, shard)
            settle_shards(
                lake, run, config, [Fetched(shard, known[shard], zones) for shard in shards[run.run_id]]
            )
        steps.match(lake, run, config)
        steps.story(lake, run, config)
        # each, as `registry` and `changes` tell in which release a story was new or changed
        released = steps.publish(lake, run, config, outlets)
        if progress:
            progress(number, len(runs))
    return Rebuilt(len(runs), tuple(run_id for run_id in placed if run_id not in made), released)


def _shards(raw: Store) -> dict[str, list[str]]:
    """The shards that are committed in the raw zone, by run."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for stored in raw.list(f"{RAW}fetches/run="):
        _, _, run, name = stored.key.split("/")
        found[run.removeprefix("run=")].append(name.removesuffix(".parquet"))
    return dict(found)


def _archives(raw: Store) -> dict[str, Archive]:
    """What runs took in from files, by run, as far as the files are where they were, and as they were."""
    found: dict[str, Archive] = {}
    for stored in raw.list(ARCHIVES):
        run_id = stored.key.removeprefix(ARCHIVES).removesuffix(".json")
        archive = Archive.of(raw, run_id)
        with suppress(BadInput):
            if archive:
                archive.find(raw, Run.of(run_id))
                found[run_id] = archive
    return found


def _outlets(raw: Store, shards: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """The ids of the outlets that were ever asked in a shard: one that rests in a run has a template, too."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for run_id, of_run in shards.items():
        for shard in of_run:
            sites = read_segment(raw, RAW + segment_key("sites", run_id, shard))
            found[shard].update(sites["outlet_id"].to_pylist())
    return {shard: tuple(sorted(ids)) for shard, ids in found.items()}


def _begin(raw: Store, lake: Store, places: Sequence[order.Place]) -> None:
    """What people said, and the order of the runs. Each honours all takedowns that there are: no release that
    is made from now on may show what was taken down since it was made first."""
    there = order.places(lake)
    if [(p.run_id, p.judgements) for p in there] not in ([], [(p.run_id, p.judgements) for p in places]):
        raise BadInput(f"{lake.url}: has other runs than {raw.url}; expected a lake that is not there yet")
    for prefix in (order.JUDGEMENTS, order.TAKEDOWNS):
        for stored in raw.list(prefix):
            lake.put_if_absent(stored.key, raw.get(stored.key))
    taken = newest(lake, order.TAKEDOWNS)
    order.begin(lake, [replace(place, takedowns=taken) for place in places])


def _take(raw: Store, lake: Store, run: Run, shard: str) -> None:
    """A shard's raw objects, those that its rows name, and the two segments that are copies of some."""
    fetches, sites = (segment_key(kind, run.run_id, shard) for kind in ("fetches", "sites"))
    if lake.exists(fetches):
        return
    rows = read_segment(raw, RAW + fetches)
    for key in _named(pc.unique(rows["raw_key"].combine_chunks()).to_pylist()):
        _copy(raw, lake, key)
    for key in (sites, fetches):
        for copy in (RAW + key, key):
            lake.put(copy, raw.get(RAW + key))


def _named(keys: Sequence[str | None]) -> Iterator[str]:
    for key in filter(None, keys):
        yield key
        yield key.removesuffix(".warc.gz") + ".cdxj"


def _copy(raw: Store, lake: Store, key: str) -> None:
    with tempfile.TemporaryDirectory(prefix="wirefold-") as scratch, raw.open(key) as stream:
        path = Path(scratch, "object")
        with path.open("wb") as file:
            while part := stream.read(8 << 20):
                file.write(part)
        lake.put_file(key, str(path))
