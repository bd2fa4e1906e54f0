"""Where each document goes: its story, the story's day, and the bucket in which the story is worked on.

A story lies in one bucket whole, and buckets follow each other in the order of the published files, so
all that is told of a story is told from one bucket.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# some 6,000 articles: 30 MB of text, 300 MB of process while they are worked on (measured)
_BUCKET_WORDS = 4_000_000
_WORDS_A_ROW = 100  # what a row costs beside its text


@dataclass(frozen=True, slots=True)
class Layout:
    """n documents in s stories, the stories in the order of (seen_day, story_id).

    `story` int64[n]: the place of each document's story. `story_ids` string[s], `days` date32[s],
    `buckets` int64[s] ascending: of each story.
    """

    story: NDArray[np.int64]
    story_ids: pa.Array
    days: pa.Array
    buckets: NDArray[np.int64]

    @property
    def bucket_count(self) -> int:
        return int(self.buckets[-1]) + 1 if len(self.buckets) else 0


def lay_out(story_ids: pa.Array, seen_days: pa.Array, words: NDArray[np.int64]) -> Layout:
    """The layout of n documents: their story ids (string[n]), the seen_day of these (date32[n]), lengths."""
    coded = story_ids.dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int64)
    days = seen_days.take(pa.array(np.unique(codes, return_index=True)[1]))
    stories = pa.table({"day": days, "story_id": coded.dictionary})
    order = pc.sort_indices(stories, sort_keys=[("day", "ascending"), ("story_id", "ascending")]).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    story = place[codes]
    weights = np.bincount(story, words + _WORDS_A_ROW, len(order))
    _, buckets = np.unique(np.cumsum(weights) // _BUCKET_WORDS, return_inverse=True)
    return Layout(story, coded.dictionary.take(order), days.take(order), buckets.astype(np.int64))
