"""After a breaking change of a table its last schema is published, too, for as long as the code declares it.

What is written of the table is written in both schemas, so both are whole and of one release: the first
release after the change draws all partitions anew (under other schemas nothing is carried over), and later
ones carry both over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.columns import Superseded
from pipeline.publish.drafts import Partition
from pipeline.publish.parquet import FileWriter


def with_superseded(partitions: Iterable[Partition], folder: Path) -> Iterator[Partition]:
    """The partitions, each followed by itself in the schema before, if its table has one; made in `folder`.

    Raises `ValueError` if that is not the schema which is declared.
    """
    for partition in partitions:
        yield partition
        if before := partition.table.superseded:
            yield _as_before(partition, before, folder)


def _as_before(partition: Partition, before: Superseded, folder: Path) -> Partition:
    path = folder / f"{before.table.name}-{partition.seen_day}.parquet"
    if not partition.rows:
        return Partition(before.table, partition.seen_day, path, 0)
    writer = FileWriter(before.table, path)
    new = pq.ParquetFile(partition.path)
    for group in range(new.num_row_groups):
        writer.add(before.rows(new.read_row_group(group)))
    return Partition(before.table, partition.seen_day, path, writer.close())
