"""Parquet segments in the lake: one atomic put each, read back whole or column by column.

Equal tables give equal bytes: zstd, the declared schema, and nothing of the clock in the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.lake.store import Store


def write_segment(lake: Store, key: str, table: pa.Table) -> None:
    """Write a table under `key`, replacing what was there."""
    lake.put(key, to_parquet(table))


def to_parquet(table: pa.Table) -> bytes:
    """The bytes of a segment."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=3)
    return sink.getvalue()


def read_segment(lake: Store, key: str) -> pa.Table:
    """Read a segment. Raises `Missing` if there is none."""
    return pq.read_table(io.BytesIO(lake.get(key)))


def read_segments(lake: Store, schema: pa.Schema, keys: Iterable[str]) -> pa.Table:
    """The segments under `keys`, one after the other, as one table of the schema."""
    return pa.concat_tables([schema.empty_table(), *(read_segment(lake, key) for key in keys)])
