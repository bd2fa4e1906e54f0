"""In how many groups of documents each asked shingle occurs, in one pass over all texts.

An index of the asked values is `slots` (uint32[2^k]), an open-addressing table in their order (zero: free),
and before it `bits` (uint64[2^k]), a sieve with a bit for each range of values. Places in both are a value's
upper bits, since it is a hash.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shared import FIRST, compare, shift_to, table_for
from pipeline.match.kernels.shingles import shingles_of

_ONE, _WORD, _LAST = np.uint32(1), np.uint32(6), np.uint32(63)
_MOST = np.uint8(255)
_ALL = np.uint32(0xFFFFFFFF)
_SAMPLE = np.uint32(0x85EBCA6B)  # so that the sample is not that of the anchors


@njit(cache=True, nogil=True)
def shared_shingles(words, starts, ends, longest, pairs, width, shared, most, opens, out, counts):
    """From out[opens[p]] on counts[p] of the different shingles, shared[p] in number, that both documents of
    pair p have: of at most `most` all, of more a sample by hash of one in 2, 4, 8, ..., and no more than
    there is room for before opens[p + 1]. `longest`: the most words of a document.
    """
    table = table_for(longest + 1)
    hashes, found = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint8)
    for p in range(len(pairs)):
        a, b = pairs[p, 0], pairs[p, 1]
        count_a = shingles_of(words, starts[a], ends[a], width, table.values)
        count_b = shingles_of(words, starts[b], ends[b], width, hashes)
        compare(table, count_a, hashes, count_b, found)
        n = opens[p]
        limit = _ALL
        while shared[p] * (np.int64(limit) + 1) >> 32 > most:
            limit >>= np.uint32(1)
        for i in range(count_b):
            if found[i] & FIRST and np.uint32(hashes[i] * _SAMPLE) <= limit and n < opens[p + 1]:
                out[n] = hashes[i]
                n += 1
        counts[p] = n - opens[p]


@njit(cache=True, nogil=True)
def fill(values, bits, slots):
    """Enter values (uint32) into an index of zeros."""
    shift, shift_slots = shift_to(64 * len(bits)), shift_to(len(slots))
    for value in values:
        bits[value >> (shift + _WORD)] |= np.uint64(1) << np.uint64((value >> shift) & _LAST)
        slots[_slot(slots, value, shift_slots)] = max(value, _ONE)


@njit(cache=True, nogil=True, inline="always")
def _slot(slots, value, shift):
    """Where the value stands among the slots, or the free one where it belongs. Zero is held to be one."""
    value = max(value, _ONE)
    at = np.int64(value >> shift)
    while slots[at] != 0 and slots[at] != value:
        at = (at + 1) & (len(slots) - 1)
    return at


@njit(cache=True, nogil=True)
def list_asked(held, opens, counts, asked):
    """Each of held[opens[p]:opens[p] + counts[p]] to `asked` (uint64) as value << 32 | p."""
    n = 0
    for p in range(len(counts)):
        for k in range(opens[p], opens[p] + counts[p]):
            asked[n] = (np.uint64(held[k]) << np.uint64(32)) | np.uint64(p)
            n += 1


@njit(cache=True, nogil=True)
def count_rare(asked, slots, frequencies, few, rare):
    """rare[p] (int64, zeros) = of the values that pair p asked for (`list_asked`, ascending: then slots are
    read in their order, too) those whose frequency is at most `few`."""
    shift = shift_to(len(slots))
    for one in asked:
        at = _slot(slots, np.uint32(one >> np.uint64(32)), shift)
        rare[np.uint32(one)] += frequencies[at] <= few


@njit(cache=True, nogil=True, inline="always")
def _sieved(words, start, end, width, bits, slots, hashes):
    """The shingles of a text that both sieves let through, to the front of `hashes`; how many."""
    shift, shift_slots = shift_to(64 * len(bits)), shift_to(len(slots))
    count = shingles_of(words, start, end, width, hashes)
    # both sieves without a branch, so that many look-ups are under way at once: one waits for 70 ns
    n = np.uint32(0)
    for k in range(np.uint32(count)):
        h = hashes[k]
        hashes[n] = h
        n += np.uint32((bits[h >> (shift + _WORD)] >> np.uint64((h >> shift) & _LAST)) & np.uint64(1))
    m = np.uint32(0)
    for k in range(n):
        h = hashes[k]
        hashes[m] = h
        m += np.uint32(slots[max(h, _ONE) >> shift_slots] != 0)
    return m


@njit(cache=True, nogil=True)
def count_groups(words, starts, ends, longest, groups, width, bits, slots, last, counts):
    """counts[s] (uint8) += groups in which the value in slot s occurs, at most 255. The documents come group
    by group; `groups` int64[n] names each one's; `last` int32[len(slots)]: scratch, -1 to begin with."""
    hashes = np.empty(longest + 1, np.uint32)
    shift = shift_to(len(slots))
    for d in range(len(groups)):
        for k in range(_sieved(words, starts[d], ends[d], width, bits, slots, hashes)):
            at = _slot(slots, hashes[k], shift)
            if slots[at] != 0 and last[at] != groups[d]:
                last[at] = groups[d]
                counts[at] = min(counts[at] + 1, _MOST)


@njit(cache=True, nogil=True)
def list_groups(words, starts, ends, longest, groups, width, bits, slots, most, out):
    """The groups that `count_groups` counts, each to `out` (uint64) as slot << 32 | group, but of one slot at
    most so many; how many they are."""
    hashes, n = np.empty(longest + 1, np.uint32), 0
    shift = shift_to(len(slots))
    last, counts = np.full(len(slots), -1, np.int64), np.zeros(len(slots), np.int32)
    for d in range(len(groups)):
        for k in range(_sieved(words, starts[d], ends[d], width, bits, slots, hashes)):
            at = _slot(slots, hashes[k], shift)
            if slots[at] != 0 and last[at] != groups[d] and counts[at] < most:
                last[at] = groups[d]
                counts[at] += 1
                out[n] = (np.uint64(at) << np.uint64(32)) | np.uint64(groups[d])
                n += 1
    return n
