"""The pairs of all runs as they stand: a later run voids what it asked again or clustered again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import Failed
from pipeline.lake import order
from pipeline.lake.segment import read_narrow, read_segment
from pipeline.lake.store import Store
from pipeline.match.bridges import DIGEST, WEAK_BRIDGE
from pipeline.match.clusters import BY_JUDGEMENT
from pipeline.match.judged import KEPT_APART
from pipeline.match.pairs import ACCEPTED
from pipeline.matching.result import ALL, done
from pipeline.model import Run
from pipeline.segments import PAIRS, segment_key


def standing_pairs(lake: Store, run: Run, doc_ids: pa.Array) -> Iterator[pa.Table]:
    """segments.PAIRS, at most 65,536 rows at once, of this run and those before it back to the last that
    folded all pages. `doc_ids` string[n]: all documents."""
    runs = order.runs_until(lake, run)
    whole = [at for at, run_id in enumerate(runs) if (told := done(lake, run_id)) is None or told.whole]
    return Settled.by(lake, runs[max(whole, default=0) :], doc_ids).pairs()


@dataclass(frozen=True, slots=True)
class Settled:
    """What some runs settled anew. Of n documents `touched` and `asked` (int64[n]): the place among the runs
    of the last in which its story was clustered, and its own pairs asked; -1 for none.

    A refused pair stands until one of its documents is asked anew. An accepted one stands until their stories
    are clustered again, when it is found again or is no more.
    """

    lake: Store
    runs: tuple[str, ...]
    doc_ids: pa.Array
    touched: NDArray[np.int64]
    asked: NDArray[np.int64]

    @classmethod
    def by(cls, lake: Store, runs: Sequence[str], doc_ids: pa.Array) -> Settled:
        """`doc_ids` string[n]: all documents of these runs and of the pairs that are asked about."""
        touched, asked = (np.full(len(doc_ids), -1) for _ in range(2))
        for at, run_id in enumerate(runs):
            rows = read_segment(lake, segment_key("clusters", run_id, ALL))
            docs = _places(rows["doc_id"], doc_ids)
            touched[docs] = at
            asked[docs[rows["asked"].to_numpy()]] = at
        return cls(lake, tuple(runs), doc_ids, touched, asked)

    def pairs(self) -> Iterator[pa.Table]:
        """The pairs (segments.PAIRS) of the runs that stand."""
        for at, run_id in enumerate(self.runs):
            for rows in read_narrow(self.lake, PAIRS, [segment_key("pairs", run_id, ALL)]):
                yield rows.filter(pa.array(self.stand(rows, at)))

    def stand(self, pairs: pa.Table, at: int = -1) -> NDArray[np.bool_]:
        """Which pairs (doc_id_a, doc_id_b, decision, rule of segments.PAIRS) that were found in the run at
        this place, or before all of them (-1), stand: bool[m]."""
        ends = np.stack([_places(pairs[name], self.doc_ids) for name in ("doc_id_a", "doc_id_b")], axis=1)
        void = np.where(holds(pairs), self.touched[ends[:, 0]] > at, (self.asked[ends] > at).any(axis=1))
        return np.asarray(~void)


def holds(pairs: pa.Table) -> NDArray[np.bool_]:
    """Which of the pairs (segments.PAIRS) hold by themselves, though some join no story for what is around
    them."""
    aside = pc.is_in(pairs["rule"], pa.array([DIGEST, WEAK_BRIDGE, KEPT_APART, BY_JUDGEMENT]))
    return np.asarray(pc.or_(pc.equal(pairs["decision"], ACCEPTED), aside).to_numpy())


def _places(ids: pa.ChunkedArray, doc_ids: pa.Array) -> NDArray[np.int64]:
    found = pc.index_in(ids, value_set=doc_ids)
    if found.null_count:
        raise Failed(f"{ids.filter(found.is_null())[0]}: a pair or cluster of a run has it, no page is there")
    return np.asarray(found.to_numpy(), np.int64)
