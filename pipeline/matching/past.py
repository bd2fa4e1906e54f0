"""What came before a run, for the ids of its stories: as the index remembers it, or replayed from the ledger.

The index answers where the run was matched against it and it has not read on since; a first run, one that
matched all pages, and a rerun after later ones replay the whole ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Config
from pipeline.index.remembered import Remembered
from pipeline.index.standing import Index
from pipeline.lake import ledger, order
from pipeline.lake.pages import first_fetched, segments_of
from pipeline.lake.store import Store
from pipeline.matching.result import done
from pipeline.matching.step import index_folder
from pipeline.model import Run
from pipeline.story.identity import Past, Replayed

_TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Before:
    """`past`: the ledger up to the run. `index`: what else can be asked, if it stands there."""

    past: Past
    index: Index | None
    lake: Store
    run: Run

    def first_seen(self, doc_ids: pa.Array) -> pa.Array:
        """When each of n documents of this run or one before was fetched first: timestamp[us, UTC][n]."""
        if self.index is None:
            segments = segments_of(self.lake, "pages", order.runs_until(self.lake, self.run))
            return first_fetched(self.lake, segments, doc_ids)
        own = first_fetched(self.lake, segments_of(self.lake, "pages", [self.run.run_id]), doc_ids)
        docs = self.index.numbers(doc_ids)
        known = docs >= 0
        seen = pc.fill_null(own.cast(pa.int64()), np.iinfo(np.int64).max).to_numpy().copy()
        seen[known] = np.minimum(seen[known], self.index["seen"][docs[known]])
        return pa.array(seen).cast(_TIME)


@contextmanager
def before(lake: Store, run: Run, config: Config) -> Iterator[Before]:
    """What came before the run, which was matched."""
    runs = order.runs_before(lake, run)
    told = done(lake, run.run_id)
    if told and not told.whole:
        with Index(index_folder(lake, config, told.kind)) as index:
            if index.runs == runs:
                yield Before(Remembered(index), index, lake, run)
                return
    yield Before(Replayed(ledger.history(lake, runs)), None, lake, run)
