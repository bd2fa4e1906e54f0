"""The pages of the lake as documents: each one once, as it was first seen, and never all texts at once.

A run sees the segments of its own and of the runs taken up before it (lake.order), so that a rerun after
later ones gives what it gave before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.lake.order import runs_until
from pipeline.lake.segment import read_rows, read_segments
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import PAGES

_TIME = PAGES.field("fetched_at").type


@dataclass(frozen=True, slots=True)
class Documents:
    """n documents sorted by doc_id, and where in the m rows of the segments each lies.

    `doc_ids` string[n]; `first_seen_at`, `last_seen_at` timestamp[us, UTC][n]: when each was fetched
    first and last; `rows` int64[n]: the row of its first fetch in the first run that has it, counted over all
    segments in order; `places` int64[n]: which of the runs that is.
    """

    lake: Store
    segments: tuple[str, ...]
    doc_ids: pa.Array
    first_seen_at: pa.Array
    last_seen_at: pa.Array
    rows: NDArray[np.int64]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Some narrow columns of segments.PAGES of all documents, in the order of their ids."""
        return read_segments(self.lake, PAGES, self.segments, columns).take(self.rows).combine_chunks()

    def stream(self, columns: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
        """Columns of segments.PAGES, texts included, at most 1,024 documents at once.

        Yields (int64[k], k rows): which documents they are, as places in the order of the ids. They
        come in the order of the segments, each document once.
        """
        order = np.argsort(self.rows)
        rows = self.rows[order]
        for start, batch in read_rows(self.lake, PAGES, self.segments, columns, rows):
            first, end = np.searchsorted(rows, [start, start + batch.num_rows])
            if end > first:
                yield order[first:end], batch.take(rows[first:end] - start)

    def filter(self, chosen: NDArray[np.bool_]) -> Documents:
        """Those that are chosen, bool[n]."""
        mask = pa.array(chosen)
        return replace(
            self,
            doc_ids=self.doc_ids.filter(mask),
            first_seen_at=self.first_seen_at.filter(mask),
            last_seen_at=self.last_seen_at.filter(mask),
            rows=self.rows[chosen],
            places=self.places[chosen],
        )


def documents(lake: Store, run: Run) -> Documents:
    """The documents of the pages of this run and those taken up before it."""
    return documents_of(lake, runs_until(lake, run))


def documents_of(lake: Store, runs: Sequence[str]) -> Documents:
    """The documents of the pages of some runs (ids, in the order in which they were taken up)."""
    by_run = [segments_of(lake, "pages", [run_id]) for run_id in runs]
    parts = [read_segments(lake, PAGES, segments, ["doc_id", "fetched_at"]) for segments in by_run]
    seen = pa.concat_tables([PAGES.empty_table().select(["doc_id", "fetched_at"]), *parts])
    places = np.repeat(np.arange(len(parts)), [part.num_rows for part in parts])
    fetched = _micros(seen["fetched_at"])
    # a document is what the first run that has it fetched first: what a later run says of it, even a
    # backfill, changes no text that is matched already
    rows = np.lexsort((fetched, places))
    ids = seen["doc_id"].combine_chunks().take(rows)
    by_id = pc.sort_indices(ids).to_numpy()  # stable
    rows, ids = rows[by_id], ids.take(by_id)
    differs = pc.not_equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0))).to_numpy(zero_copy_only=False)
    opens = np.flatnonzero(np.append(True, differs)[: len(ids)])
    times = fetched[rows]
    first, last = (
        extreme.reduceat(times, opens) if len(opens) else times for extreme in (np.minimum, np.maximum)
    )
    return Documents(
        lake,
        tuple(key for segments in by_run for key in segments),
        ids.take(opens),
        pa.array(first).cast(_TIME),
        pa.array(last).cast(_TIME),
        rows[opens],
        places[rows[opens]],
    )


def first_fetched(lake: Store, segments: Sequence[str], doc_ids: pa.Array) -> pa.Array:
    """When each of n different documents was fetched first, as far as these segments of pages tell:
    timestamp[us, UTC][n], null for one that none has."""
    seen = read_segments(lake, PAGES, segments, ["doc_id", "fetched_at"])
    at = pc.index_in(seen["doc_id"], value_set=doc_ids)
    found = pa.table({"at": at, "fetched": seen["fetched_at"]}).group_by("at").aggregate([("fetched", "min")])
    places = pa.array(np.arange(len(doc_ids), dtype=np.int32))
    return found["fetched_min"].combine_chunks().take(pc.index_in(places, value_set=found["at"]))


def segments_until(lake: Store, kind: str, run: Run) -> tuple[str, ...]:
    """Keys of one kind of segment (fetches, sites, pages, quarantine) of this run and those taken up before
    it, in that order."""
    by_run: defaultdict[str, list[str]] = defaultdict(list)
    for stored in lake.list(f"{kind}/run="):
        by_run[stored.key.split("/")[1].removeprefix("run=")].append(stored.key)
    return tuple(key for run_id in runs_until(lake, run) for key in by_run[run_id])


def segments_of(lake: Store, kind: str, runs: Sequence[str]) -> tuple[str, ...]:
    """Keys of one kind of segment of some runs, asked for run by run: what others left is not listed."""
    return tuple(stored.key for run_id in runs for stored in lake.list(f"{kind}/run={run_id}/"))


def _micros(times: pa.ChunkedArray) -> NDArray[np.int64]:
    micros: NDArray[np.int64] = times.cast(pa.int64()).to_numpy()
    return micros
