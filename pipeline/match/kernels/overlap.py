"""What two documents share, exactly: the sizes of their shingle sets and of the intersection.

`longest` is the most words of any document: it sizes the scratch memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shingles import shingles_of

_SPREAD = np.uint32(0x9E3779B1)


@njit(cache=True, nogil=True)
def place_of(table, stamps, stamp, value, mask):
    """Where value stands in the open-addressing table, or the free place where it belongs; a place is
    taken if its stamp is the current one, so that clearing the table costs nothing."""
    at = (np.uint32(value * _SPREAD) >> np.uint32(12)) & mask
    while stamps[at] == stamp and table[at] != value:
        at = (at + np.uint32(1)) & mask
    return at


@njit(cache=True, nogil=True)
def table_size(longest):
    """The power of two that holds so many different shingles at most half full."""
    size = 1024
    while size < 2 * longest:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def sizes_all(words, starts, ends, longest, docs, width, sizes):
    """sizes[d] = different shingles of each of the documents `docs`."""
    size = table_size(longest)
    mask = np.uint32(size - 1)
    table = np.empty(size, np.uint32)
    stamps = np.zeros(size, np.int64)
    hashes = np.empty(longest + 1, np.uint32)
    for turn in range(len(docs)):
        d = docs[turn]
        count = shingles_of(words, starts[d], ends[d], width, hashes)
        different = 0
        for i in range(count):
            at = place_of(table, stamps, turn + 1, hashes[i], mask)
            if stamps[at] != turn + 1:
                stamps[at] = turn + 1
                table[at] = hashes[i]
                different += 1
        sizes[d] = different


@njit(cache=True, nogil=True)
def shared_all(words, starts, ends, longest, pairs, width, shared):
    """shared[p] = different shingles that both documents of a pair (int64[m, 2]) have."""
    size = table_size(longest)
    mask = np.uint32(size - 1)
    table = np.empty(size, np.uint32)
    stamps = np.zeros(size, np.int64)
    counted = np.zeros(size, np.int64)
    hashes = np.empty(longest + 1, np.uint32)
    held = np.int64(-1)
    stamp = 0
    for p in range(len(pairs)):
        a = pairs[p, 0]
        b = pairs[p, 1]
        if a != held:  # pairs come sorted: a's table serves all pairs of a
            stamp += 1
            held = a
            count = shingles_of(words, starts[a], ends[a], width, hashes)
            for i in range(count):
                at = place_of(table, stamps, stamp, hashes[i], mask)
                stamps[at] = stamp
                table[at] = hashes[i]
                counted[at] = 0
        count = shingles_of(words, starts[b], ends[b], width, hashes)
        n = 0
        for i in range(count):
            at = place_of(table, stamps, stamp, hashes[i], mask)
            if stamps[at] == stamp and counted[at] != p + 1:
                counted[at] = p + 1
                n += 1
        shared[p] = n


@njit(cache=True, nogil=True)
def spans_all(words, starts, ends, longest, pairs, width, spans):
    """Where each pair's first document shares runs of at least three shingles with its second: first and
    last place in shingles (int32[m, 2], -1 if nowhere)."""
    size = table_size(longest)
    mask = np.uint32(size - 1)
    table = np.empty(size, np.uint32)
    stamps = np.zeros(size, np.int64)
    hashes = np.empty(longest + 1, np.uint32)
    for p in range(len(pairs)):
        guest = pairs[p, 1]
        count = shingles_of(words, starts[guest], ends[guest], width, hashes)
        for i in range(count):
            at = place_of(table, stamps, p + 1, hashes[i], mask)
            stamps[at] = p + 1
            table[at] = hashes[i]
        host = pairs[p, 0]
        count = shingles_of(words, starts[host], ends[host], width, hashes)
        run = 0
        spans[p, 0] = -1
        spans[p, 1] = -1
        for i in range(count):
            at = place_of(table, stamps, p + 1, hashes[i], mask)
            run = run + 1 if stamps[at] == p + 1 else 0
            if run >= 3:
                if spans[p, 0] < 0:
                    spans[p, 0] = i - 2
                spans[p, 1] = i
