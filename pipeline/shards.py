"""One shard of a run from its raw pages to rows, and a run's shards added up: each page ends in one status.

Nothing here asks the network: what a shard was told lies in the lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Config
from pipeline.counts import Counts
from pipeline.errors import Failed
from pipeline.extract.course import Course
from pipeline.extract.credit import load_rules
from pipeline.extract.pool import extract_many
from pipeline.extract.tables import from_templates, to_templates
from pipeline.ingest.harvest import counts_of
from pipeline.ingest.warc import read_page
from pipeline.lake import order
from pipeline.lake.segment import read_segment, write_segment
from pipeline.lake.store import Store
from pipeline.lake.templates import templates_before
from pipeline.model import Outlet, RawPage, Run
from pipeline.params import Params
from pipeline.segments import HELD, PAGES, segment_key

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A shard whose pages are in the raw zone: the ids of the outlets it may hold, and time zones by id, UTC
    left out, as it is what is assumed."""

    shard: str
    outlets: tuple[str, ...]
    zones: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, shard: str, outlets: Iterable[Outlet]) -> Fetched:
        own = tuple(outlets)
        zones = {outlet.outlet_id: outlet.time_zone for outlet in own if outlet.time_zone != "UTC"}
        return cls(shard, tuple(outlet.outlet_id for outlet in own), zones)


def extract_shard(
    lake: Store, run: Run, config: Config, of: Fetched, progress: Progress | None = None
) -> Counts:
    """Read a shard's fetched pages into `templates`, `quarantine` and `pages` segments; no work if the last
    is there."""
    key = segment_key("pages", run.run_id, of.shard)
    if not lake.exists(key):
        fetches = read_segment(lake, segment_key("fetches", run.run_id, of.shard))
        fetched = fetches.filter(pc.equal(fetches["outcome"], "fetched"))
        course = Course(run, config.params, from_templates(templates_before(lake, run, of.outlets)))

        def tell(done: int) -> None:
            if progress:
                progress(done, fetched.num_rows)

        raws = _raw_pages(lake, fetched, of.zones, config.params)
        pages, held = _concat(extract_many(raws, load_rules(config.wires), config.params, run, course, tell))
        write_segment(lake, segment_key("templates", run.run_id, of.shard), to_templates(course.standings()))
        write_segment(lake, segment_key("quarantine", run.run_id, of.shard), held)
        write_segment(lake, key, pages)  # last: its presence says that the shard is done
    extracted = read_segment(lake, key).num_rows
    held = read_segment(lake, segment_key("quarantine", run.run_id, of.shard)).num_rows
    return Counts(published=extracted, quarantined=held)


def settle_shards(lake: Store, run: Run, config: Config, shards: Iterable[Fetched]) -> Counts:
    """Add the shards up, extracted if they are not, and give the run its place in the order.

    Raises `Failed` if a page taken up ended in no status or in two.
    """
    total = Counts()
    for of in shards:
        fetches = read_segment(lake, segment_key("fetches", run.run_id, of.shard))
        fetched = counts_of(fetches, read_segment(lake, segment_key("sites", run.run_id, of.shard)))
        total += fetched + extract_shard(lake, run, config, of)
    if not total.conserved:
        raise Failed(f"run {run.run_id}: {total.fetched} pages taken up, {total.settled} settled: {total}")
    order.place(lake, run.run_id)
    return total


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


def _concat(parts: Iterator[tuple[pa.Table, pa.Table]]) -> tuple[pa.Table, pa.Table]:
    pages, held = [PAGES.empty_table()], [HELD.empty_table()]
    for some_pages, some_held in parts:
        pages.append(some_pages)
        held.append(some_held)
    return pa.concat_tables(pages), pa.concat_tables(held)
