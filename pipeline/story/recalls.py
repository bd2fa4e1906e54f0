"""Notices that took the place of a story: a page that gave way to a kill notice shares no word with it, so
that the notice is a story of its own, and the address alone ties the two."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def find_recalls(killing: NDArray[np.bool_], stories: Ints, before: Ints) -> tuple[Ints, Ints]:
    """Which notices take which stories back: documents (int64[k], ascending) and the stories (int64[k]).

    `killing` bool[n]: the document carries a kill, withhold or retraction notice; `stories` int64[n];
    `before` int64[n]: the document that its address showed before, or -1. All notices of one story take back
    the one that most of them replaced.
    """
    replaced: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for doc in np.flatnonzero(killing & (before >= 0)).tolist():
        old = int(stories[before[doc]])
        if old != stories[doc] and not killing[before[doc]]:
            replaced[int(stories[doc])][old] += 1
    taken_back = {story: min(old, key=lambda one: (-old[one], one)) for story, old in replaced.items()}
    docs = np.flatnonzero(killing & np.isin(stories, list(taken_back)))
    return docs, np.array([taken_back[int(stories[doc])] for doc in docs], np.int64)
