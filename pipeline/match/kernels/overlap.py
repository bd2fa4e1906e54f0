"""What two documents share, exactly: how many shingles, and where.

`longest` is the most words of any document: it sizes the scratch memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.kernels.tables import place_of, shift_of, tag_of


@njit(cache=True, nogil=True)
def _table(longest):
    """A table for the shingles of one document, at most half full, and by how much a hash is shifted."""
    shift = shift_of(2 * longest + 2)
    return np.zeros(np.int64(1) << (32 - shift), np.uint64), shift


@njit(cache=True, nogil=True)
def shared_all(words, starts, ends, longest, pairs, width, shared):
    """shared[p] = different shingles that both documents of a pair (int64[m, 2]) have."""
    table, shift = _table(longest)
    mask = np.uint32(len(table) - 1)
    counted = np.zeros(len(table), np.int64)
    hashes = np.empty(longest + 1, np.uint32)
    held = np.int64(-1)
    tag = tag_of(0)
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        if a != held:  # pairs come sorted: a's table serves all pairs of a
            held, tag = a, tag_of(p + 1)
            for i in range(shingles_of(words, starts[a], ends[a], width, hashes)):
                at = place_of(table, tag, hashes[i], shift, mask)
                table[at] = tag | np.uint64(hashes[i])
                counted[at] = 0
        n = 0
        for i in range(shingles_of(words, starts[b], ends[b], width, hashes)):
            at = place_of(table, tag, hashes[i], shift, mask)
            if table[at] == tag | np.uint64(hashes[i]) and counted[at] != p + 1:
                counted[at] = p + 1
                n += 1
        shared[p] = n


@njit(cache=True, nogil=True)
def spans_all(words, starts, ends, longest, pairs, width, spans):
    """Where each pair's first document shares runs of at least three shingles with its second: first and
    last place in shingles (int32[m, 2], -1 if nowhere)."""
    table, shift = _table(longest)
    mask = np.uint32(len(table) - 1)
    hashes = np.empty(longest + 1, np.uint32)
    for p in range(len(pairs)):
        host, guest, tag = pairs[p, 0], pairs[p, 1], tag_of(p + 1)
        for i in range(shingles_of(words, starts[guest], ends[guest], width, hashes)):
            table[place_of(table, tag, hashes[i], shift, mask)] = tag | np.uint64(hashes[i])
        run = 0
        spans[p, 0] = -1
        spans[p, 1] = -1
        for i in range(shingles_of(words, starts[host], ends[host], width, hashes)):
            here = tag | np.uint64(hashes[i])
            run = run + 1 if table[place_of(table, tag, hashes[i], shift, mask)] == here else 0
            if run >= 3:
                if spans[p, 0] < 0:
                    spans[p, 0] = i - 2
                spans[p, 1] = i
