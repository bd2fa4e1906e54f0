"""The ledger as the index remembers it: what a run asks of the past without replaying all of it.

Stories are numbered in the order in which they were born. Answers what `story.identity.Replayed` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.identity_tables import ABSORBED, CREATED, MERGED_INTO, SPLIT_FROM
from pipeline.index.keys import STORY_ID, keys_of
from pipeline.index.standing import Index
from pipeline.match.blocks import digest_strings

_BORN = pa.array([CREATED, SPLIT_FROM])


def remember(index: Index, events: pa.Table) -> None:
    """Enter a run's events (segments.LEDGER); its documents are in the index."""
    changes = events["change"]
    born = events.filter(pc.is_in(changes, value_set=_BORN))["story_id"].combine_chunks()
    index.enter_stories(born)
    merged = events.filter(pc.equal(changes, MERGED_INTO))
    index["into"][_numbers(index, merged["story_id"])] = _numbers(index, merged["other_story_id"])
    absorbed = events.filter(pc.equal(changes, ABSORBED))
    docs = index.numbers(absorbed["doc_id"].combine_chunks())
    index["stories"][docs] = _numbers(index, absorbed["story_id"])


@dataclass(frozen=True, slots=True)
class Remembered:
    """The past of a run whose index stands where the runs before it left the lake."""

    index: Index

    def prior(self, doc_ids: pa.Array) -> pa.Array:
        """The live story id of each of n documents (string[n]), null for one that is in none."""
        docs = self.index.numbers(doc_ids)
        stories = np.full(len(docs), -1)
        stories[docs >= 0] = self.index["stories"][docs[docs >= 0]]
        told = np.flatnonzero(stories >= 0)
        found = stories[told]
        while (merged := self.index["into"][found] >= 0).any():
            found[merged] = self.index["into"][found[merged]]
        stories[told] = found
        known, place = np.unique(found, return_inverse=True)
        rows = np.full(len(docs), -1)
        rows[told] = place
        return self.index.story_ids(known).take(pa.array(rows, mask=rows < 0))

    def births(self, story_ids: pa.Array) -> NDArray[np.int64]:
        """The rank of each story in the order in which they were born, int64[n]."""
        return _numbers(self.index, story_ids)

    def minted(self, story_ids: pa.Array) -> NDArray[np.bool_]:
        """Which of the ids were ever given away, bool[n]."""
        return np.asarray(_numbers(self.index, story_ids) >= 0, np.bool_)

    @property
    def living(self) -> int:
        """How many stories live."""
        return int(np.count_nonzero(self.index["into"] < 0))


def _numbers(index: Index, story_ids: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    return index.find(keys_of(STORY_ID, digest_strings(story_ids)))
