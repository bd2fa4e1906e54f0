"""The files of a release before it: one sorted local Parquet file a partition, written as rows come in.

They are the same bytes however the rows were cut into calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.columns import Table
from pipeline.publish.parquet import FileWriter, sort_order


@dataclass(frozen=True, slots=True)
class Partition:
    """All `rows` (their number) of a table on one seen_day (None: of an unpartitioned table), in a file.

    Without rows it says that the partition is gone.
    """

    table: Table
    seen_day: date | None
    path: Path
    rows: int


class Drafts:
    """Partitions being written to a folder; of each table one file is open at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, tuple[date | None, FileWriter]] = {}
        self._done: list[Partition] = []

    def add(self, table: Table, rows: pa.Table, days: pa.Array | None = None) -> None:
        """Append rows with their seen_day (date32[n]; None for an unpartitioned table), in any order.

        All rows of a later call for the same table come after these, by day and `table.sort`.
        Raises `ValueError` if their schema is not the declared one or a required column holds nulls.
        """
        if days is None:
            self._append(table, None, rows.take(sort_order(rows, table.sort)))
            return
        placed = rows.select(list(table.sort)).append_column("seen_day", days)
        order = sort_order(placed, ("seen_day", *table.sort))
        rows, days = rows.take(order), days.take(order)
        numbers = days.cast(pa.int32()).to_numpy()
        starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))
        for start, end in pairwise([*starts.tolist(), len(numbers)]):
            self._append(table, days[start].as_py(), rows.slice(start, end - start))

    def partitions(self) -> list[Partition]:
        """What was written, each file closed."""
        for name in list(self._open):
            self._close(name)
        return self._done

    def _append(self, table: Table, day: date | None, rows: pa.Table) -> None:
        if table.partitioned != (day is not None):
            raise ValueError(f"{table.name}: seen_day {day} does not fit a table with {table.partitioned=}")
        if table.name in self._open and self._open[table.name][0] != day:
            self._close(table.name)
        if table.name not in self._open:
            path = self._folder / f"{table.name}-{day}.parquet"
            self._open[table.name] = day, FileWriter(table, path)
        self._open[table.name][1].add(rows)

    def _close(self, name: str) -> None:
        day, writer = self._open.pop(name)
        rows = writer.close()
        self._done.append(Partition(writer.table, day, writer.path, rows))
