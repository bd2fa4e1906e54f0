"""In how many groups of documents each asked shingle occurs, in one pass over all texts."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.kernels.tables import place_of, shift_of, tag_of

FILTER = 1 << 18  # uint64 words: a bit for each value of the upper 24 bits of a hash, 2 MB
PREFIXES = 1 << 16  # of the upper 16 bits
_MOST = np.uint8(255)


@njit(cache=True, nogil=True)
def shared_shingles(words, starts, ends, longest, pairs, width, opens, out):
    """To out[opens[p]:opens[p + 1]] the different shingles that both documents of pair p have.

    `longest`: the most words of a document.
    """
    capacity = np.int64(1) << (32 - shift_of(2 * longest + 2))
    tables, written = np.zeros(capacity, np.uint64), np.zeros(capacity, np.bool_)
    hashes = np.empty(longest + 1, np.uint32)
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        tag, shift = tag_of(p + 1), shift_of(2 * (ends[a] - starts[a]) + 2)
        table = tables[: np.int64(1) << (32 - shift)]
        mask = np.uint32(len(table) - 1)
        for i in range(shingles_of(words, starts[a], ends[a], width, hashes)):
            at = place_of(table, tag, hashes[i], shift, mask)
            table[at] = tag | np.uint64(hashes[i])
            written[at] = False
        n = opens[p]
        for i in range(shingles_of(words, starts[b], ends[b], width, hashes)):
            at = place_of(table, tag, hashes[i], shift, mask)
            if table[at] == tag | np.uint64(hashes[i]) and not written[at]:
                written[at] = True
                out[n] = hashes[i]
                n += 1


@njit(cache=True, nogil=True)
def fill(asked, bits, firsts):
    """For `asked` (uint32, ascending): the filter's bits (uint64[FILTER]), and to firsts[v] (int64[PREFIXES
    + 1]) the place of the first whose upper 16 bits are at least v."""
    for i in range(len(asked)):
        bits[asked[i] >> np.uint32(14)] |= np.uint64(1) << np.uint64((asked[i] >> np.uint32(8)) & 63)
        firsts[(asked[i] >> np.uint32(16)) + 1] += 1
    for v in range(PREFIXES):
        firsts[v + 1] += firsts[v]


@njit(cache=True, nogil=True)
def count_groups(words, starts, ends, longest, docs, groups, width, asked, bits, firsts, counts):
    """counts[i] (uint8): groups in which asked[i] occurs, at most 255. `docs` come group by group; `groups`
    int64[n] names each document's group."""
    last = np.full(len(asked), -1, np.int64)
    hashes = np.empty(longest + 1, np.uint32)
    for d in docs:
        for k in range(shingles_of(words, starts[d], ends[d], width, hashes)):
            h = hashes[k]
            if bits[h >> np.uint32(14)] >> np.uint64((h >> np.uint32(8)) & 63) & np.uint64(1):
                i = firsts[h >> np.uint32(16)]
                end = firsts[(h >> np.uint32(16)) + 1]
                while i < end and asked[i] < h:
                    i += 1
                if i < end and asked[i] == h and last[i] != groups[d]:
                    last[i] = groups[d]
                    counts[i] = min(counts[i] + 1, _MOST)
