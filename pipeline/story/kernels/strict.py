"""Which texts of a story are all but the same."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.groups import unite
from pipeline.match.kernels.shared import compare, table_for
from pipeline.match.kernels.shingles import shingles_of

# a text is held against so many others that are next to it in length: thousands of copies of a story, each
# with a paragraph of its own, cost as many times eight comparisons
_NEXT = 8


@njit(cache=True, nogil=True)
def unite_near(words, starts, ends, longest, order, groups, sizes, least, width, firsts, parent):
    """Join texts of a story whose Jaccard is at least `least`, in a union-find over all copies.

    Texts order[groups[g]:groups[g + 1]] are of one story, the larger first; `sizes` int64[n]: different
    shingles of each; `firsts` int64[t]: a copy of each.
    """
    table = table_for(longest + 1)
    hashes, found = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint8)
    leaders = np.empty(_NEXT, np.int64)
    for g in range(len(groups) - 1):
        k = 0
        for t in order[groups[g] : groups[g + 1]]:
            own, led = np.int64(-1), False
            for i in range(max(0, k - _NEXT), k):
                other = leaders[i % _NEXT]
                if sizes[t] < least * sizes[other]:
                    continue
                if own < 0:
                    own = shingles_of(words, starts[t], ends[t], width, hashes)
                count = shingles_of(words, starts[other], ends[other], width, table.values)
                both = compare(table, count, hashes, own, found)[2]
                if both >= least * (sizes[t] + sizes[other] - both):
                    unite(parent, firsts[t], firsts[other])
                    led = True
            if not led:
                leaders[k % _NEXT] = t
                k += 1
