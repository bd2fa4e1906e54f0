"""Rows too many for memory are put in order on the disk: scattered into buckets once, read bucket by bucket.

What is held at once is one run (some 64 MB) while rows come in, and one bucket while they are read.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
from numpy.typing import NDArray

_RUN_BYTES = 64 << 20
# text folds to .6 of its size at more than the speed of the disk
_OPTIONS = ipc.IpcWriteOptions(compression="lz4")


class Spill:
    """Rows of one schema, each with the number of its bucket; rows of a bucket keep their order.

    A run is an Arrow IPC file in `folder` with one record batch for each bucket that it has rows of.
    """

    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self._folder = folder
        self._name = name
        self._schema = schema
        self._held: list[pa.Table] = []
        self._buckets: list[NDArray[np.int64]] = []
        self._runs: list[tuple[Path, dict[int, int]]] = []

    def add(self, rows: pa.Table, buckets: NDArray[np.int64]) -> None:
        """Take in k rows and their buckets, int64[k]."""
        self._held.append(rows)
        self._buckets.append(buckets)
        if sum(table.nbytes for table in self._held) >= _RUN_BYTES:
            self._flush()

    def read(self, bucket: int) -> pa.Table:
        """The bucket's rows in the order in which they came."""
        self._flush()
        batches = [_batch(path, places[bucket]) for path, places in self._runs if bucket in places]
        return pa.Table.from_batches(batches, self._schema)

    def _flush(self) -> None:
        if not self._held:
            return
        buckets = np.concatenate(self._buckets)
        order = np.argsort(buckets, kind="stable")
        rows = pa.concat_tables(self._held).combine_chunks().take(order)
        self._held, self._buckets = [], []
        found, starts = np.unique(buckets[order], return_index=True)
        path = self._folder / f"{self._name}-{len(self._runs):06d}.arrow"
        with ipc.new_file(path, self._schema, options=_OPTIONS) as file:
            for start, end in pairwise([*starts.tolist(), len(order)]):
                file.write_table(rows.slice(start, end - start).combine_chunks())
        self._runs.append((path, {int(bucket): place for place, bucket in enumerate(found)}))


def _batch(path: Path, place: int) -> pa.RecordBatch:
    with pa.OSFile(str(path)) as file:
        return ipc.open_file(file).get_batch(place)
