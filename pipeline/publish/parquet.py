"""Equal rows give equal bytes: a file holds no clock, no run and no release, and its order is fixed.

Options are those that DuckDB, Polars, pandas and pyarrow were seen to read: zstd, data pages v1,
page index, checksums, sorting columns.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.columns import WIDE_ROW_GROUP, Table, schema_sha256, with_ids
from pipeline.errors import Failed
from pipeline.lake.store import Store
from pipeline.publish.manifest import FileEntry

_LEVEL = 3
# 11 % smaller than at level 3; files are written once, and only where stories changed (docs/choices.md)
_TEXT_LEVEL = 9


class FileWriter:
    """Writes one file of a table from rows that come in the order of `table.sort`, in any portions."""

    def __init__(self, table: Table, path: Path) -> None:
        self.table = table
        self.path = path
        self._schema = with_ids(table.schema)
        self._writer = _writer(table, self._schema, path)
        self._held: list[pa.Table] = []
        self._count = 0
        self._rows = 0

    def add(self, rows: pa.Table) -> None:
        """Append rows. Raises `ValueError` if their schema is not the declared one or a required column
        holds nulls."""
        if not rows.schema.equals(self.table.schema, check_metadata=False):
            raise ValueError(f"{self.table.name}: rows are not of the declared schema:\n{rows.schema}")
        for field in self.table.schema:
            if not field.nullable and rows[field.name].null_count:
                raise ValueError(f"{self.table.name}.{field.name}: nulls in a required column")
        self._held.append(rows)
        self._count += rows.num_rows
        while self._count >= self.table.row_group:
            self._write(self.table.row_group)

    def close(self) -> int:
        """Write what is left; how many rows the file has."""
        if self._count:
            self._write(self._count)
        self._writer.close()
        return self._rows

    def _write(self, count: int) -> None:
        rows = pa.concat_tables(self._held)
        group, rest = rows.slice(0, count), rows.slice(count)
        self._writer.write_table(group.combine_chunks().cast(self._schema), row_group_size=count)
        self._held, self._count = [rest], rest.num_rows
        self._rows += count


def write_parquet(table: Table, rows: pa.Table, path: Path) -> None:
    """Write rows, in any order, as one sorted file; raises `ValueError` as `FileWriter.add` does."""
    writer = FileWriter(table, path)
    writer.add(rows.take(sort_order(rows, table.sort)))
    writer.close()


def sort_order(rows: pa.Table, columns: tuple[str, ...]) -> pa.UInt64Array:
    """Positions of the rows in the order of the columns, ascending, nulls last."""
    keys: list[Any] = [(column, "ascending", "at_end") for column in columns]
    return pc.sort_indices(rows.select(list(columns)), sort_keys=keys)


def is_sorted(rows: pa.Table, columns: tuple[str, ...]) -> bool:
    """True if the rows stand in the order of the columns, equal ones in any order."""
    keys = rows.select(list(columns)).combine_chunks()
    return bool(keys.take(sort_order(keys, columns)).equals(keys))


def file_sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def inspect(lake: Store, key: str, table: Table, expected: FileEntry) -> None:
    """Reopen a file from the store. Raises `Failed` if it is not what was written, whole and in order."""
    with lake.open(key) as stored:
        if file_sha256(stored) != expected.sha256:
            raise Failed(f"{lake.url}: {key}: the store gives other bytes than were written")
    with lake.open(key) as stored:
        parquet = pq.ParquetFile(stored)
        found = parquet.metadata.num_rows, schema_sha256(parquet.schema_arrow)
        if found != (expected.rows, table.schema_sha256()):
            raise Failed(f"{lake.url}: {key}: has {found}, expected {expected.rows} rows of {table.name}")
        if not _groups_sorted(parquet, table.sort):
            raise Failed(f"{lake.url}: {key}: not sorted by {', '.join(table.sort)}")


def _groups_sorted(parquet: pq.ParquetFile, columns: tuple[str, ...]) -> bool:
    """Whether each row group is sorted and begins where the one before ends, or later."""
    last: list[pa.Table] = []
    for number in range(parquet.num_row_groups):
        group = parquet.read_row_group(number, columns=list(columns)).select(list(columns))
        if not is_sorted(pa.concat_tables([*last, group]), columns):
            return False
        last = [group.slice(group.num_rows - 1)]
    return True


def sort_bounds(table: Table, path: Path) -> tuple[tuple[str | None, ...], tuple[str | None, ...]]:
    """The sort key of the first and of the last row, as text; empty for a file without rows."""
    parquet = pq.ParquetFile(path)
    if not parquet.metadata.num_rows:
        return (), ()
    columns = list(table.sort)
    first = parquet.read_row_group(0, columns=columns)
    last = parquet.read_row_group(parquet.num_row_groups - 1, columns=columns)
    return _texts(first, 0), _texts(last, last.num_rows - 1)


def _texts(rows: pa.Table, at: int) -> tuple[str | None, ...]:
    values = [column[at].as_py() for column in rows.columns]
    return tuple(
        value.isoformat() if isinstance(value, datetime) else None if value is None else str(value)
        for value in values
    )


def _writer(table: Table, schema: pa.Schema, path: Path) -> pq.ParquetWriter:
    ordering: list[tuple[str, Any]] = [(column, "ascending") for column in table.sort]
    writer = pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=_TEXT_LEVEL if table.row_group == WIDE_ROW_GROUP else _LEVEL,
        write_page_index=True,
        write_page_checksum=True,
        sorting_columns=pq.SortingColumn.from_ordering(schema, ordering, null_placement="at_end"),
    )
    writer.add_key_value_metadata(table.metadata())
    return writer
