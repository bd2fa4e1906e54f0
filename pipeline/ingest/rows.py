"""The rows of a file of articles, JSONL or Parquet, as mappings, one after the other."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, object]
BATCH = 1_000  # rows: some 5 MB of news text


def json_rows(file: BinaryIO, name: str) -> Iterator[Row | None]:
    """One mapping a line that is not blank, None for a line that is no JSON object."""
    stream: BinaryIO = file
    if name.lower().endswith(".gz"):
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=file))
    elif name.lower().endswith(".zst"):
        stream = io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file), "zstd"))
    for line in stream:
        if not line.strip():
            continue
        try:
            row = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, dict) else None


def parquet_rows(file: BinaryIO) -> Iterator[Row]:
    """One mapping a row."""
    # pre-buffering would hold the whole file until its end
    parquet = pq.ParquetFile(file, pre_buffer=False)
    # pyarrow fails on row groups without rows
    groups = [at for at in range(parquet.num_row_groups) if parquet.metadata.row_group(at).num_rows]
    for batch in parquet.iter_batches(BATCH, row_groups=groups):
        yield from batch.to_pylist()
