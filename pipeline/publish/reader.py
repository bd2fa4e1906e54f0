"""Reading a release goes through its manifest: exactly its files, always in the declared schema."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.columns import Table
from pipeline.lake.store import Store
from pipeline.publish.manifest import FileEntry, Manifest, in_order, read_manifest

SEEN_DAY = pa.field("seen_day", pa.date32())
_READERS = 8  # a file is two or three requests that mostly wait


@dataclass(frozen=True, slots=True)
class Candidate:
    """What would become the next release: its files are stored, and no manifest names them yet."""

    lake: Store
    files: tuple[FileEntry, ...]
    before: Manifest | None

    def tables(self, columns: Mapping[str, Sequence[str]]) -> dict[str, pa.Table]:
        """The named columns of the named tables, in the order of the files, each with its `seen_day`."""
        return {name: self._read(schema.BY_NAME[name], chosen) for name, chosen in columns.items()}

    def _read(self, table: Table, columns: Sequence[str]) -> pa.Table:
        return read_dated(self.lake, table, [f for f in self.files if f.table == table.name], columns)


def read_table(
    lake: Store,
    table: str,
    release: str | None = None,
    days: Collection[date] | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """A published table of `release` (default: the newest), sorted within each partition.

    `days`: only these partitions of seen_day. Has the declared schema, also without rows or release.
    Raises `BadInput` for a release that the lake does not have.
    """
    manifest = read_manifest(lake, release)
    files = manifest.tables[table].files if manifest and table in manifest.tables else ()
    return read_files(lake, table, [file for file in files if days is None or file.seen_day in days], columns)


def read_files(
    lake: Store, table: str, files: Iterable[FileEntry], columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows of these files of one table, in the declared schema."""
    declared = schema.BY_NAME[table].schema
    chosen = declared if columns is None else _only(declared, columns)
    parts = _read_all(lake, in_order(files), chosen.names)
    return pa.concat_tables([chosen.empty_table(), *(part.cast(chosen) for part in parts)])


def read_dated(lake: Store, table: Table, files: Sequence[FileEntry], columns: Sequence[str]) -> pa.Table:
    """The columns of the rows of these files of a table, in their order, with their `seen_day`."""
    parts = [
        rows.append_column(SEEN_DAY, pa.repeat(pa.scalar(file.seen_day, pa.date32()), rows.num_rows))
        for file, rows in zip(files, _read_all(lake, files, columns), strict=True)
    ]
    return pa.concat_tables([_only(table.schema, columns).append(SEEN_DAY).empty_table(), *parts])


def _read_all(lake: Store, files: Sequence[FileEntry], columns: Sequence[str]) -> list[pa.Table]:
    def read(file: FileEntry) -> pa.Table:
        with lake.open(file.key) as stored:
            return pq.ParquetFile(stored, pre_buffer=True).read(columns=list(columns)).select(list(columns))

    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(read, files))


def _only(declared: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    return pa.schema([declared.field(column) for column in columns])
