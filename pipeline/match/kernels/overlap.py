"""What two documents share, exactly: how many shingles, and where.

`longest` is the most words of any document: it sizes the scratch memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shared import compare, runs_of, stretches_for, table_for
from pipeline.match.kernels.shingles import shingles_of

_RUN = 3  # shingles: fewer in a row are a name or a phrase


@njit(cache=True, nogil=True)
def shared_all(words, starts, ends, longest, pairs, width, shared):
    """shared[p] = different shingles that both documents of a pair (int64[m, 2]) have."""
    table = table_for(longest + 1)
    hashes, found = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint8)
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        count = shingles_of(words, starts[a], ends[a], width, table.values)
        own = shingles_of(words, starts[b], ends[b], width, hashes)
        shared[p] = compare(table, count, hashes, own, found)[2]


@njit(cache=True, nogil=True)
def spans_all(words, starts, ends, longest, pairs, width, spans):
    """Where each pair's first document shares runs of at least three shingles with its second: first and
    last place in shingles (int32[m, 2], -1 if nowhere)."""
    table, stretches = table_for(longest + 1), stretches_for(longest + 1)
    hashes = np.empty(longest + 1, np.uint32)
    for p in range(len(pairs)):
        host, guest = pairs[p, 0], pairs[p, 1]
        count = shingles_of(words, starts[guest], ends[guest], width, table.values)
        own = shingles_of(words, starts[host], ends[host], width, hashes)
        compare(table, count, hashes, own, stretches.flags)
        spans[p] = -1
        for b in range(0, runs_of(stretches, own), 2):
            first, past = stretches.bounds[b], stretches.bounds[b + 1]
            if past - first >= _RUN:
                spans[p, 0] = first if spans[p, 0] < 0 else spans[p, 0]
                spans[p, 1] = past - 1
