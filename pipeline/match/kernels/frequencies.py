"""In how many groups of documents each asked shingle occurs, in one pass over all texts."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

from pipeline.match.kernels.shared import FIRST, compare, table_for
from pipeline.match.kernels.shingles import shingles_of

_PREFIX, _REST, _LAST = 20, np.uint32(12), np.uint32(63)
_MOST = np.uint8(255)
_ALL = np.uint32(0xFFFFFFFF)
# Values (uint32, ascending) that are looked up: `bits` (uint64) has a bit for each range of values, at most
# one in 64 of them set, and firsts[v] (int32) is the place of the first whose upper 20 bits are at least v.
Index = namedtuple("Index", "values bits firsts")
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
def index_of(values):
    """An index of values (uint32, ascending)."""
    size = np.int64(1) << 22
    while size < 64 * len(values) and size < np.int64(1) << 32:
        size *= 2
    bits, shift = np.zeros(size >> 6, np.uint64), _shift(size >> 6)
    firsts = np.zeros((1 << _PREFIX) + 1, np.int32)
    for i in range(len(values)):
        bits[values[i] >> (shift + np.uint32(6))] |= np.uint64(1) << np.uint64((values[i] >> shift) & _LAST)
        firsts[(values[i] >> _REST) + 1] += 1
    for v in range(1 << _PREFIX):
        firsts[v + 1] += firsts[v]
    return Index(values, bits, firsts)


@njit(cache=True, nogil=True, inline="always")
def _shift(words):
    """By how much a value is shifted to point to its bit in so many words of 64 bits."""
    shift = np.uint32(26)
    while np.int64(1) << (26 - shift) < words:
        shift -= np.uint32(1)
    return shift


@njit(cache=True, nogil=True, inline="always")
def _place(index, value):
    """Where the value stands in the index, or -1."""
    at = index.firsts[value >> _REST]
    end = index.firsts[(value >> _REST) + 1]
    while at < end and index.values[at] < value:
        at += 1
    return at if at < end and index.values[at] == value else np.int32(-1)


@njit(cache=True, nogil=True)
def count_rare(held, opens, counts, index, frequencies, few, rare):
    """rare[p] = of held[opens[p]:opens[p] + counts[p]] those whose frequency is at most `few`."""
    for p in range(len(counts)):
        n = 0
        for k in range(opens[p], opens[p] + counts[p]):
            n += frequencies[_place(index, held[k])] <= few
        rare[p] = n


@njit(cache=True, nogil=True)
def count_groups(words, starts, ends, longest, docs, groups, width, index, counts):
    """counts[i] (uint8): groups in which the index's value i occurs, at most 255. `docs` come group by group;
    `groups` int64[n] names each document's group."""
    last = np.full(len(index.values), -1, np.int32)
    hashes, places = np.empty(longest + 1, np.uint32), np.empty(longest + 2, np.uint32)
    bits, shift = index.bits, _shift(len(index.bits))
    for d in docs:
        count = shingles_of(words, starts[d], ends[d], width, hashes)
        n = np.uint32(0)
        for k in range(np.uint32(count)):  # without a branch, so that many look-ups are under way at once
            places[n] = k
            h = hashes[k]
            n += np.uint32(
                (bits[h >> (shift + np.uint32(6))] >> np.uint64((h >> shift) & _LAST)) & np.uint64(1)
            )
        for k in places[:n]:
            i = _place(index, hashes[k])
            if i >= 0 and last[i] != groups[d]:
                last[i] = groups[d]
                counts[i] = min(counts[i] + 1, _MOST)
