"""Files instead of the network: articles and pages from files become segments like those of a run.

    raw/archives/run=<run_id>.json           which files, written first: under this clock no others are read
    pages, quarantine/run=<run_id>/<portion>-<number>.parquet
    fetches/run=<run_id>/<portion>.parquet
    templates/run=<run_id>/all.parquet       after each portion; says how many are done: their commit
    sites/run=<run_id>/all.parquet           last: the commit of the whole

Every row and page of the input ends as a page or in quarantine. The files are read in portions; one that is
committed is not read again, and one that was cut short gives the same bytes when it is read anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.archive import Archive, Batch, Progress, Reading, portions
from pipeline.config import Config
from pipeline.counts import Counts
from pipeline.errors import BadInput
from pipeline.extract.course import Course
from pipeline.extract.credit import load_rules
from pipeline.extract.tables import from_templates, to_templates
from pipeline.ingest.articles import COLUMNS
from pipeline.ingest.files import InputFile, find_files
from pipeline.lake import order
from pipeline.lake.pages import segments_of
from pipeline.lake.segment import (
    ahead,
    count_rows,
    read_segment,
    read_segments,
    write_segment,
    writing_segment,
)
from pipeline.lake.store import Store
from pipeline.lake.templates import templates_before
from pipeline.match.scorecard import load_scorecard
from pipeline.model import Run
from pipeline.segments import FETCHES, HELD, PAGES, SITES, segment_key

_PORTIONS = b"portions"  # in the metadata of the templates: how many are done
_SEGMENT_BYTES = 32 << 20
_AS_NAMED: Mapping[str, str] = {}


def check(inputs: Sequence[str | Path], config: Config, s3_client: Any = None) -> tuple[InputFile, ...]:
    """The files of the inputs; checks credit rules and scorecard too. Raises `BadInput`."""
    files = find_files(inputs, s3_client)
    load_rules(config.wires)
    load_scorecard(config.scorecard)
    return files


def take_in(
    lake: Store,
    run: Run,
    config: Config,
    inputs: Sequence[str | Path],
    outlet_field: str | None = None,
    progress: Progress | None = None,
    columns: Mapping[str, str] = _AS_NAMED,
    s3_client: Any = None,
) -> Counts:
    """Write the inputs as segments of the run, as far as they are not there already.

    `columns`: for names of ours (ingest.articles.COLUMNS) those of JSONL or Parquet files. Raises `BadInput`
    if the run has begun with other files.
    """
    archive = Archive.named(inputs, outlet_field, columns)
    if lake.exists(segment_key("sites", run.run_id, "all")):
        archive.same(lake, run)
    else:
        files = archive.claim(lake, run, s3_client)
        _take_portions(lake, run, portions(files), Reading(run, config, archive, files, progress), config)
    rows = {
        kind: sum(count_rows(lake, stored.key) for stored in lake.list(f"{kind}/run={run.run_id}/"))
        for kind in ("fetches", "pages", "quarantine")
    }
    return Counts(fetched=rows["fetches"], published=rows["pages"], quarantined=rows["quarantine"])


def _take_portions(
    lake: Store, run: Run, parts: Sequence[Sequence[InputFile]], reading: Reading, config: Config
) -> None:
    """Read what is not committed yet, then commit the whole."""
    key = segment_key("templates", run.run_id, "all")
    learned, done = templates_before(lake, run), 0
    if lake.exists(key):
        learned = read_segment(lake, key)
        done = int(learned.schema.metadata[_PORTIONS])
    for number, files in enumerate(parts):
        if number < done:
            reading.pass_over(files)
            continue
        course = Course(run, config.params, from_templates(learned))
        with writing_segment(lake, segment_key("fetches", run.run_id, f"{number:06d}"), FETCHES) as take:
            for part, (pages, held) in enumerate(ahead(_gathered(reading.batches(files, course)))):
                shard = f"{number:06d}-{part:06d}"
                write_segment(lake, segment_key("pages", run.run_id, shard), pages)
                write_segment(lake, segment_key("quarantine", run.run_id, shard), held)
                for rows in (pages.select(["outlet_id", "url"]), held):
                    take(_taken(rows, run))
        learned = to_templates(course.standings())
        write_segment(lake, key, learned.replace_schema_metadata({_PORTIONS: str(number + 1)}))
    if not parts:
        write_segment(lake, key, learned)
    taken = segments_of(lake, "fetches", [run.run_id])
    outlets = Counter(read_segments(lake, FETCHES, taken, ["outlet_id"])["outlet_id"].to_pylist())
    write_segment(lake, segment_key("sites", run.run_id, "all"), _sites(outlets, run))


def import_files(
    lake: Store,
    run: Run,
    config: Config,
    inputs: Sequence[str | Path],
    outlet_field: str | None,
    columns: Mapping[str, str],
    progress: Progress | None = None,
    s3_client: Any = None,
) -> Counts:
    """Take the inputs in and give the run its place in the order, as `steps.settle` does for fetched pages.

    Raises `BadInput` for columns that we do not have, and for the clock of a run that fetched pages.
    """
    if unknown := columns.keys() - set(COLUMNS):
        raise BadInput(f"columns: expected names out of {', '.join(COLUMNS)}, got {min(unknown)}")
    fetched = [stored.key for stored in lake.list(f"fetches/run={run.run_id}/")]
    if fetched and not (Archive.of(lake, run.run_id) or lake.exists(segment_key("sites", run.run_id, "all"))):
        raise BadInput(f"now: {run.run_id} is a run that asked the outlets; an import needs another clock")
    counts = take_in(lake, run, config, inputs, outlet_field, progress, columns, s3_client)
    order.place(lake, run.run_id)
    return counts


def extract_to(
    out: Path, run: Run, config: Config, inputs: Sequence[str | Path], progress: Progress | None = None
) -> tuple[int, int]:
    """Write one row a page to `out` (segments.PAGES) and what could not be used beside it, as
    `<name>.quarantine.parquet`; how many of each. Files appear whole or not at all. Raises `BadInput` where
    `out` cannot be a file."""
    files, archive = find_files(inputs), Archive.named(inputs, None, {})
    if out.is_dir():
        raise BadInput(f"{out}: expected a file to write, got a folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{out.parent}: {error.strerror}") from None
    beside = out.with_suffix(".quarantine.parquet")
    written = 0
    rejected = [HELD.empty_table()]
    scratch = out.with_suffix(".part")
    with pq.ParquetWriter(scratch, PAGES, compression="zstd") as writer:
        reading = Reading(run, config, archive, files, progress)
        for pages, held in reading.batches(files, Course(run, config.params)):
            writer.write_table(pages.cast(PAGES))
            written += pages.num_rows
            rejected.append(held)
    scratch.replace(out)
    quarantine = pa.concat_tables(rejected)
    beside.unlink(missing_ok=True)
    if quarantine.num_rows:
        pq.write_table(quarantine, beside, compression="zstd")
    return written, quarantine.num_rows


def _gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same rows in batches of some 32 MB, since each becomes two objects in the lake."""
    held: list[Batch] = []
    for batch in batches:
        held.append(batch)
        if sum(pages.nbytes + rejected.nbytes for pages, rejected in held) >= _SEGMENT_BYTES:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(batches: Sequence[Batch]) -> Batch:
    pages, held = zip(*batches, strict=True)
    return pa.concat_tables(pages), pa.concat_tables(held)


def _taken(rows: pa.Table, run: Run) -> pa.Table:
    """One row of segments.FETCHES for each page or rejection."""
    n = rows.num_rows
    given = {
        "run_id": pa.repeat(run.run_id, n),
        "outlet_id": rows["outlet_id"],
        "url": rows["url"],
        "outcome": pa.repeat("fetched", n),
        "fetched_at": pa.array([run.now] * n, FETCHES.field("fetched_at").type),
    }
    columns = [given.get(f.name, pa.nulls(n, f.type)) for f in FETCHES]
    return pa.table(columns, schema=FETCHES)


def _sites(outlets: Counter[str], run: Run) -> pa.Table:
    """One row of segments.SITES an outlet that the input names, with its pages."""
    nothing: dict[str, object] = {one.name: None if one.nullable else 0 for one in SITES}
    rows = [
        nothing
        | {"run_id": run.run_id, "outlet_id": outlet, "state": "ok", "pages_found": pages, "pages_left": 0}
        for outlet, pages in sorted(outlets.items())
    ]
    return pa.Table.from_pylist(rows, SITES)
