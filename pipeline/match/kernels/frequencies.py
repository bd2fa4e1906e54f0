"""In how many groups of documents each asked shingle occurs, in one pass over all texts."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.kernels.tables import place_of, shift_of, tag_of

FILTER = 1 << 18  # uint64 words: a bit for each value of the upper 24 bits of a hash, 2 MB
PREFIXES = 1 << 16  # of the upper 16 bits
_MOST = np.uint8(255)
_ALL = np.uint32(0xFFFFFFFF)
_SAMPLE = np.uint32(0x85EBCA6B)  # so that the sample is not that of the anchors


@njit(cache=True, nogil=True)
def shared_shingles(words, starts, ends, longest, pairs, width, shared, most, opens, out, counts):
    """From out[opens[p]] on counts[p] of the different shingles, shared[p] in number, that both documents of
    pair p have: of at most `most` all, of more a sample by hash of one in 2, 4, 8, ..., and no more than
    there is room for before opens[p + 1]. `longest`: the most words of a document.
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
        limit = _ALL
        while shared[p] * (np.int64(limit) + 1) >> 32 > most:
            limit >>= np.uint32(1)
        for i in range(shingles_of(words, starts[b], ends[b], width, hashes)):
            at = place_of(table, tag, hashes[i], shift, mask)
            if table[at] == tag | np.uint64(hashes[i]) and not written[at]:
                written[at] = True
                if np.uint32(hashes[i] * _SAMPLE) <= limit and n < opens[p + 1]:
                    out[n] = hashes[i]
                    n += 1
        counts[p] = n - opens[p]


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
def _place(asked, firsts, h):
    """Where h stands among the asked, or -1."""
    low = firsts[h >> np.uint32(16)]
    end = firsts[(h >> np.uint32(16)) + 1]
    high = end
    while low < high:
        middle = (low + high) >> 1
        if asked[middle] < h:
            low = middle + 1
        else:
            high = middle
    return low if low < end and asked[low] == h else np.int64(-1)


@njit(cache=True, nogil=True)
def count_rare(held, opens, counts, asked, firsts, frequencies, few, rare):
    """rare[p] = of held[opens[p]:opens[p] + counts[p]] those whose frequency is at most `few`."""
    for p in range(len(counts)):
        n = 0
        for k in range(opens[p], opens[p] + counts[p]):
            n += frequencies[_place(asked, firsts, held[k])] <= few
        rare[p] = n


@njit(cache=True, nogil=True)
def count_groups(words, starts, ends, longest, docs, groups, width, asked, bits, firsts, counts):
    """counts[i] (uint8): groups in which asked[i] occurs, at most 255. `docs` come group by group; `groups`
    int64[n] names each document's group."""
    last = np.full(len(asked), -1, np.int32)
    hashes = np.empty(longest + 1, np.uint32)
    for d in docs:
        for k in range(shingles_of(words, starts[d], ends[d], width, hashes)):
            h = hashes[k]
            if bits[h >> np.uint32(14)] >> np.uint64((h >> np.uint32(8)) & 63) & np.uint64(1):
                i = _place(asked, firsts, h)
                if i >= 0 and last[i] != groups[d]:
                    last[i] = groups[d]
                    counts[i] = min(counts[i] + 1, _MOST)
