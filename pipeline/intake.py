"""Files instead of the network: articles and pages from files become segments like those of a run.

Every row and page of the input ends as a page or in quarantine; the input is read in batches, one
segment each, and the accounts of the run are written last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import Config
from pipeline.counts import Counts
from pipeline.errors import BadInput
from pipeline.extract.course import Course
from pipeline.extract.credit import load_rules
from pipeline.extract.credited import add_credits
from pipeline.extract.noticed import add_notices
from pipeline.extract.pool import extract_many
from pipeline.extract.tables import from_templates, to_templates
from pipeline.ingest.articles import COLUMNS, read_articles
from pipeline.ingest.inputs import kind_of, read_pages
from pipeline.lake import order
from pipeline.lake.segment import ahead, count_rows, write_segment, writing_segment
from pipeline.lake.store import Store
from pipeline.lake.templates import templates_before
from pipeline.match.scorecard import load_scorecard
from pipeline.model import Run
from pipeline.segments import FETCHES, HELD, PAGES, SITES, segment_key

# called with (done, total) in bytes of all inputs
Progress = Callable[[int, int], None]
_Batch = tuple[pa.Table, pa.Table]  # pages, quarantine
_SEGMENT_BYTES = 32 << 20
_AS_NAMED: Mapping[str, str] = {}


def check(inputs: Sequence[Path], config: Config) -> tuple[Path, ...]:
    """The inputs, each of a known kind and named once; checks credit rules and scorecard too. Raises
    `BadInput`."""
    for path in inputs:
        kind_of(path)
    if len({path.resolve() for path in inputs}) < len(inputs):
        raise BadInput(f"{', '.join(map(str, inputs))}: an input is named twice")
    load_rules(config.wires)
    load_scorecard(config.scorecard)
    return tuple(inputs)


def take_in(
    lake: Store,
    run: Run,
    config: Config,
    inputs: Sequence[Path],
    outlet_field: str | None = None,
    progress: Progress | None = None,
    columns: Mapping[str, str] = _AS_NAMED,
) -> Counts:
    """Write the inputs as segments of the run. A no-op if they are there already.

    `columns`: for names of ours (ingest.articles.COLUMNS) those of JSONL or Parquet files.
    """
    accounts = segment_key("fetches", run.run_id, "all")
    if not lake.exists(accounts):
        outlets: Counter[str] = Counter()
        course = Course(run, config.params, from_templates(templates_before(lake, run)))
        with writing_segment(lake, accounts, FETCHES) as take:
            batches = ahead(_gathered(_batches(inputs, run, config, course, outlet_field, progress, columns)))
            for number, (pages, held) in enumerate(batches):
                shard = f"{number:06d}"
                write_segment(lake, segment_key("pages", run.run_id, shard), pages)
                write_segment(lake, segment_key("quarantine", run.run_id, shard), held)
                for rows in (pages.select(["outlet_id", "url"]), held):
                    take(_taken(rows, run))
                    outlets.update(rows["outlet_id"].to_pylist())
            templates = to_templates(course.standings())
            write_segment(lake, segment_key("templates", run.run_id, "all"), templates)
            write_segment(lake, segment_key("sites", run.run_id, "all"), _sites(outlets, run))
    rows = {
        kind: sum(count_rows(lake, stored.key) for stored in lake.list(f"{kind}/run={run.run_id}/"))
        for kind in ("fetches", "pages", "quarantine")
    }
    return Counts(fetched=rows["fetches"], published=rows["pages"], quarantined=rows["quarantine"])


def import_files(
    lake: Store,
    run: Run,
    config: Config,
    inputs: Sequence[Path],
    outlet_field: str | None,
    columns: Mapping[str, str],
) -> Counts:
    """Take the inputs in and give the run its place in the order, as `steps.settle` does for fetched pages.

    Raises `BadInput` for columns that we do not have, and for the clock of a run that fetched pages.
    """
    if unknown := columns.keys() - set(COLUMNS):
        raise BadInput(f"columns: expected names out of {', '.join(COLUMNS)}, got {min(unknown)}")
    accounts = segment_key("fetches", run.run_id, "all")
    if any(stored.key != accounts for stored in lake.list(f"fetches/run={run.run_id}/")):
        raise BadInput(f"now: {run.run_id} is a run that asked the outlets; an import needs another clock")
    counts = take_in(lake, run, config, inputs, outlet_field, columns=columns)
    order.place(lake, run.run_id)
    return counts


def extract_to(
    out: Path, run: Run, config: Config, inputs: Sequence[Path], progress: Progress | None = None
) -> tuple[int, int]:
    """Write one row a page to `out` (segments.PAGES) and what could not be used beside it, as
    `<name>.quarantine.parquet`; how many of each. Files appear whole or not at all. Raises `BadInput` where
    `out` cannot be a file."""
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
        for pages, held in _batches(inputs, run, config, Course(run, config.params), None, progress):
            writer.write_table(pages.cast(PAGES))
            written += pages.num_rows
            rejected.append(held)
    scratch.replace(out)
    quarantine = pa.concat_tables(rejected)
    beside.unlink(missing_ok=True)
    if quarantine.num_rows:
        pq.write_table(quarantine, beside, compression="zstd")
    return written, quarantine.num_rows


def _batches(
    inputs: Sequence[Path],
    run: Run,
    config: Config,
    course: Course,
    outlet_field: str | None,
    progress: Progress | None,
    columns: Mapping[str, str] = _AS_NAMED,
) -> Iterator[_Batch]:
    done = 0
    total = sum(_size(path) for path in inputs)
    rules = load_rules(config.wires)

    def tell(of_input: int, _: int) -> None:
        if progress:
            progress(done + of_input, total)

    for path in inputs:
        if kind_of(path).holds_articles:
            for batch in read_articles(path, run, config.params, outlet_field, tell, columns):
                yield add_notices(add_credits(batch.pages, rules)), batch.quarantine
        else:
            raws = read_pages(path, run, config.params, tell)
            yield from extract_many(raws, rules, config.params, run, course)
        done += _size(path)


def _gathered(batches: Iterable[_Batch]) -> Iterator[_Batch]:
    """The same rows in batches of some 32 MB, since each becomes two objects in the lake."""
    held: list[_Batch] = []
    for batch in batches:
        held.append(batch)
        if sum(pages.nbytes + rejected.nbytes for pages, rejected in held) >= _SEGMENT_BYTES:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(batches: Sequence[_Batch]) -> _Batch:
    pages, held = zip(*batches, strict=True)
    return pa.concat_tables(pages), pa.concat_tables(held)


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


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
