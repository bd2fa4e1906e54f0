"""A release is whole or it is not there: files, audit, manifest, and last one swap of `latest.json`.

    tables/…            written first, under names that nothing references yet, and reopened
    checks              over the candidate; a failing one leaves evidence under failed/ and nothing else
    releases/<id>/…     the manifest, created once
    latest.json         compare-and-swap against what was read at the start: the second writer loses
    current/…           refreshed afterwards; any later run completes it

A crash between any two writes leaves the last release whole, and the rerun gives the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from pipeline import __version__, schema
from pipeline.columns import SCHEMA_VERSION, Table
from pipeline.counts import Counts
from pipeline.errors import CheckFailed
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.changes import count_changed
from pipeline.publish.checks import Checked, failing
from pipeline.publish.current import complete_current
from pipeline.publish.drafts import Drafts, Partition
from pipeline.publish.evidence import write_evidence
from pipeline.publish.fencing import Start, begin, not_overtaken, swap_in
from pipeline.publish.manifest import (
    CheckResult,
    FileEntry,
    Manifest,
    TableFiles,
    by_partition,
    checked_release,
    data_key,
    in_order,
    list_releases,
    read_manifest,
)
from pipeline.publish.parquet import file_sha256, inspect, sort_bounds, write_parquet
from pipeline.publish.reader import Candidate, read_files, read_table
from pipeline.publish.retention import collect_garbage, rollback
from pipeline.publish.superseded import with_superseded

__all__ = [
    "Candidate",
    "Check",
    "Drafts",
    "FileEntry",
    "Manifest",
    "Partition",
    "Start",
    "begin",
    "collect_garbage",
    "complete_current",
    "list_releases",
    "read_manifest",
    "read_table",
    "rollback",
    "write_release",
]

# checks a candidate
Check = Callable[[Candidate], Checked]
_Files = dict[tuple[str, date | None], FileEntry]


def write_release(
    lake: Store,
    *,
    release: str,
    run: Run,
    partitions: Iterable[Partition],
    params: Params,
    counts: Counts,
    check: Check,
    replaces: Collection[str] = (),
    data_runs: tuple[str, ...] = (),
    drawn_by: str = "",
    takedowns: int = 0,
    start: Start | None = None,
) -> Manifest:
    """Publish a release: the given partitions, and those of the last release that are not given.

    `replaces` names tables given whole: their partitions that are not given are dropped. `data_runs`
    are the runs whose pages come in with this release (default: `run` alone), `drawn_by` and `takedowns`
    stand in the manifest; `start` is what `begin` gave before the partitions were made (default: now).
    Running it again with the same arguments changes nothing, or completes it.

    Raises `CheckFailed` if a check of level error does not hold, `Conflict` if somebody else
    published meanwhile or the id was used for something else; both times nothing was released.
    """
    start = start or begin(lake, checked_release(release))
    files = _carried(start.base, replaces)
    with tempfile.TemporaryDirectory(prefix="wirefold-") as scratch, not_overtaken(lake, release, start):
        writer = _Writer(lake, release, by_partition(start.base), Path(scratch))
        for partition in with_superseded(partitions, Path(scratch)):
            files.pop((partition.table.name, partition.seen_day), None)
            if partition.rows:
                entry = writer.write(partition)
                files[entry.partition] = entry
        _fill(files, writer, run)
        checked = check(Candidate(lake, in_order(files.values()), start.base))
        if wrong := failing(checked.table):
            write_evidence(lake, release, checked, run=run, params=params, counts=counts, base=start.base)
            raise CheckFailed(f"nothing was released: {'; '.join(wrong)} (see failed/{release}/)")
        entry = writer.write_rows(schema.CHECKS, None, checked.table)
        files[entry.partition] = entry
        changed = _changed_stories(lake, start.base, files)
    manifest = Manifest(
        release=release,
        previous=start.base.release if start.base else None,
        created_at=run.now,
        run_id=run.run_id,
        data_runs=data_runs or (run.run_id,),
        code_version=__version__,
        schema_version=SCHEMA_VERSION,
        params_digest=params.digest(),
        params=asdict(params),
        counts=counts,
        changed_stories=changed,
        checks=_results(checked.table),
        tables=_by_table(files),
        drawn_by=drawn_by,
        takedowns=takedowns,
    )
    swap_in(lake, manifest, start)
    complete_current(lake)
    return manifest


@dataclass(frozen=True, slots=True)
class _Writer:
    """Stores partitions; `scratch` is a folder for those that it makes itself."""

    lake: Store
    release: str
    before: _Files
    scratch: Path

    def write(self, partition: Partition) -> FileEntry:
        """The file of these rows: the last release's if it holds the same bytes, or a new one, reopened."""
        table, day, path = partition.table, partition.seen_day, partition.path
        with path.open("rb") as file:
            sha256 = file_sha256(file)
        before = self.before.get((table.name, day))
        if before and before.sha256 == sha256:
            return before
        low, high = sort_bounds(table, path)
        key = data_key(table, day, self.release, sha256)
        entry = FileEntry(key, table.name, day, partition.rows, path.stat().st_size, sha256, low, high)
        self.lake.put_file(key, str(path))
        inspect(self.lake, key, table, entry)
        return entry

    def write_rows(self, table: Table, day: date | None, rows: pa.Table) -> FileEntry:
        """The file of a small partition."""
        path = self.scratch / "part.parquet"
        write_parquet(table, rows, path)
        return self.write(Partition(table, day, path, rows.num_rows))


def _carried(base: Manifest | None, replaces: Collection[str]) -> _Files:
    return {
        key: file
        for key, file in by_partition(base).items()
        if file.rows and file.table not in replaces and file.table != schema.CHECKS.name
    }


def _fill(files: _Files, writer: _Writer, run: Run) -> None:
    """Give each table without rows one empty file, so that a glob or a scan of it works; else none."""
    for table in schema.TABLES:
        own = [file for file in files.values() if file.table == table.name]
        if any(file.rows for file in own):
            for file in own:
                if not file.rows:
                    del files[file.partition]
        elif not own and table is not schema.CHECKS:
            day = run.now.date() if table.partitioned else None
            entry = writer.write_rows(table, day, table.schema.empty_table())
            files[entry.partition] = entry


def _changed_stories(lake: Store, base: Manifest | None, files: _Files) -> int:
    name = schema.STORIES.name
    old = {file for file in by_partition(base).values() if file.table == name}
    new = {file for file in files.values() if file.table == name}
    # the digest of the body stands for the body
    columns = [column for column in schema.STORIES.schema.names if column != "body"]
    before, after = read_files(lake, name, old - new, columns), read_files(lake, name, new - old, columns)
    return count_changed(before, after, schema.STORIES.key[0])


def _results(checks: pa.Table) -> tuple[CheckResult, ...]:
    columns = ("check", "value", "limit", "comparison", "level", "ok", "detail")
    return tuple(CheckResult(**row) for row in checks.select(columns).to_pylist())


def _by_table(files: _Files) -> dict[str, TableFiles]:
    return {
        table.name: TableFiles(
            table.schema_sha256(),
            table.sort,
            in_order(file for file in files.values() if file.table == table.name),
        )
        for table in schema.TABLES
    }
