"""Judgements of people (segments.JUDGEMENTS), as matching takes them: by the numbers of documents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.judged import Judged
from pipeline.segments import SAID_DIFFERENT, SAID_SAME

_PAIR = ("doc_id_a", "doc_id_b")


@dataclass(frozen=True, slots=True)
class Said:
    """The judgements that bind in a run, and those that did in the run before it."""

    now: pa.Table
    before: pa.Table

    def among(self, doc_ids: pa.Array) -> Judged:
        """What is said now of pairs that lie among the documents (string[n], sorted)."""
        return judged_among(self.now, doc_ids)

    def newly(self) -> pa.Array:
        """The documents (string[k]) of pairs of which something else was said before, or nothing."""
        changed = [
            rows.filter(pc.invert(pc.is_in(rows["judgement_id"], value_set=other["judgement_id"])))
            for rows, other in ((self.now, self.before), (self.before, self.now))
        ]
        ends = [table[name].combine_chunks() for table in changed for name in _PAIR]
        return pc.unique(pa.concat_arrays(ends)).sort()


def judged_among(said: pa.Table, doc_ids: pa.Array) -> Judged:
    """What was said of pairs that lie among the documents (string[n], sorted)."""
    ends = np.stack([_places(said[name], doc_ids) for name in _PAIR], axis=1)
    known = (ends >= 0).all(axis=1)
    same, different = (
        ends[known & np.asarray(pc.equal(said["verdict"], verdict).to_numpy(), bool)]
        for verdict in (SAID_SAME, SAID_DIFFERENT)
    )
    return Judged(same, different)


def _places(ids: pa.ChunkedArray, doc_ids: pa.Array) -> NDArray[np.int64]:
    found = pc.fill_null(pc.index_in(ids, value_set=doc_ids), -1)
    return np.asarray(found.to_numpy(), np.int64)
