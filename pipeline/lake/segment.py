"""Parquet segments in the lake: one atomic put each, read back whole, by column or in batches.

Equal tables give equal bytes: zstd, the declared schema, and nothing of the clock in the file.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.lake.store import Store

# so that a reader of a whole shard's pages holds some 40 MB of text at once
ROW_GROUP = 8_192
_BATCH = 1_024  # rows
_MANY = 65_536  # rows of narrow tables
T = TypeVar("T")


def write_segment(lake: Store, key: str, table: pa.Table) -> None:
    """Write a table under `key`, replacing what was there."""
    lake.put(key, to_parquet(table))


def to_parquet(table: pa.Table) -> bytes:
    """The bytes of a segment."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=3, row_group_size=ROW_GROUP)
    return sink.getvalue()


@contextmanager
def writing_segment(lake: Store, key: str, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """A function that appends tables to a segment, which is put under `key` on leaving without an error."""
    with tempfile.TemporaryDirectory(prefix="wirefold-") as scratch:
        path = Path(scratch, "segment.parquet")
        with pq.ParquetWriter(path, schema, compression="zstd", compression_level=3) as writer:
            yield lambda table: writer.write_table(table, row_group_size=ROW_GROUP)
        lake.put_file(key, str(path))


def read_segment(lake: Store, key: str) -> pa.Table:
    """Read a segment. Raises `Missing` if there is none."""
    # not by pq.read_table: of a Python file its scanner lets go after it has returned, and a process that
    # ends just then is aborted (1 ingest in 25) or hangs (apache/arrow#33975, #50482)
    return pq.ParquetFile(pa.BufferReader(lake.get(key))).read()


def read_batches(
    lake: Store, schema: pa.Schema, keys: Iterable[str], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """The named columns of the segments under `keys`, one after the other, at most 1,024 rows at once."""
    chosen = pa.schema([schema.field(name) for name in columns])
    for key in keys:
        with lake.open(key) as stored:
            file = pq.ParquetFile(stored, pre_buffer=False)  # would hold the segment until its end
            for batch in file.iter_batches(_BATCH, columns=list(columns)):
                yield pa.Table.from_batches([batch]).select(chosen.names).cast(chosen)


def read_narrow(lake: Store, schema: pa.Schema, keys: Iterable[str]) -> Iterator[pa.Table]:
    """The segments under `keys`, one after the other, at most 65,536 rows at once, in the schema."""
    for key in keys:
        with lake.open(key) as stored:
            for batch in pq.ParquetFile(stored, pre_buffer=False).iter_batches(_MANY, columns=schema.names):
                yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)


def read_rows(
    lake: Store, schema: pa.Schema, keys: Iterable[str], columns: Sequence[str], rows: NDArray[np.int64]
) -> Iterator[tuple[int, pa.Table]]:
    """The named columns around some rows, int64[k] ascending, counted over all segments under `keys`.

    Yields (number of its first row, at most 1,024 rows); row groups without any of the rows are not read.
    """
    chosen = pa.schema([schema.field(name) for name in columns])
    start = 0
    for key in keys:
        with lake.open(key) as stored:
            file = pq.ParquetFile(stored, pre_buffer=False)  # would hold the segment until its end
            for number in range(file.num_row_groups):
                end = start + file.metadata.row_group(number).num_rows
                if np.searchsorted(rows, start) < np.searchsorted(rows, end):
                    for batch in file.iter_batches(_BATCH, row_groups=[number], columns=list(columns)):
                        yield start, pa.Table.from_batches([batch]).select(chosen.names).cast(chosen)
                        start += batch.num_rows
                start = end


def read_segments(
    lake: Store, schema: pa.Schema, keys: Iterable[str], columns: Sequence[str] | None = None
) -> pa.Table:
    """The segments under `keys`, one after the other, as one table of the schema or of some columns."""
    chosen = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    parts = [chosen.empty_table()]
    for key in keys:
        with lake.open(key) as stored:
            table = pq.ParquetFile(stored, pre_buffer=False).read(columns=chosen.names)
            parts.append(_with_new(table, chosen).select(chosen.names).cast(chosen))
    return pa.concat_tables(parts)


def _with_new(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """With nulls for what may be null and was no column yet when the segment was written."""
    for one in schema:
        if one.nullable and one.name not in table.column_names:
            table = table.append_column(one, pa.nulls(len(table), one.type))
    return table


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next of which is made in a thread while one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def count_rows(lake: Store, key: str) -> int:
    """How many rows a segment has, from its footer. Raises `Missing` if there is none."""
    with lake.open(key) as stored:
        return int(pq.read_metadata(stored).num_rows)
