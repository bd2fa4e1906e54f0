"""Reading a release goes through its manifest: exactly its files, always in the declared schema.

A file of an older version may lack columns: they are null, where the schema lets them be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.columns import Table
from pipeline.errors import Failed
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
    return pa.concat_tables([chosen.empty_table(), *_read_all(lake, in_order(files), chosen)])


def read_dated(lake: Store, table: Table, files: Sequence[FileEntry], columns: Sequence[str]) -> pa.Table:
    """The columns of the rows of these files of a table, in their order, with their `seen_day`."""
    chosen = _only(table.schema, columns)
    parts = [
        rows.append_column(SEEN_DAY, pa.repeat(pa.scalar(file.seen_day, pa.date32()), rows.num_rows))
        for file, rows in zip(files, _read_all(lake, files, chosen), strict=True)
    ]
    return pa.concat_tables([chosen.append(SEEN_DAY).empty_table(), *parts])


@contextmanager
def opened(lake: Store, key: str) -> Iterator[pq.ParquetFile]:
    """A Parquet file of the lake. Raises `Missing` if there is none, `Failed` for what is no such file."""
    with lake.open(key) as stored:
        try:
            yield pq.ParquetFile(stored, pre_buffer=True)
        except pa.ArrowInvalid as error:
            raise Failed(f"{lake.url}: {key} cannot be read: {str(error).partition(chr(10))[0]}") from None


def as_declared(rows: pa.Table, chosen: pa.Schema, key: str) -> pa.Table:
    """What was read of the file at `key`, in the schema. Raises `Failed` where the file lacks a column that
    may not be null."""
    there = set(rows.column_names)
    for field in chosen:
        if field.name not in there:
            if not field.nullable:
                raise Failed(f"{key}: of an older version, without {field.name}: publish a new release")
            rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    return rows.select(chosen.names).cast(chosen)


def _read_all(lake: Store, files: Sequence[FileEntry], chosen: pa.Schema) -> list[pa.Table]:
    def read(file: FileEntry) -> pa.Table:
        with opened(lake, file.key) as parquet:
            return as_declared(parquet.read(columns=chosen.names), chosen, file.key)

    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(read, files))


def _only(declared: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    return pa.schema([declared.field(column) for column in columns])
