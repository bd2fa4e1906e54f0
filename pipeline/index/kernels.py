"""Loops of the index: sorted keys that are looked up and merged, and rings of documents of one story."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def finish_sorting(keys, docs):
    """Sort what is sorted but for the keys' last bits: few places are wrong, and those by little."""
    for i in range(1, len(keys)):
        key, doc = keys[i], docs[i]
        k = i
        while k > 0 and keys[k - 1] > key:
            keys[k], docs[k] = keys[k - 1], docs[k - 1]
            k -= 1
        keys[k], docs[k] = key, doc


@njit(cache=True, nogil=True)
def open_buckets(keys, bits, opens):
    """opens[b] = the first of the sorted keys whose upper `bits` are at least b."""
    shift = np.uint64(64 - bits)
    bucket = 0
    for i in range(len(keys)):
        while bucket <= np.int64(keys[i] >> shift):
            opens[bucket] = i
            bucket += 1
    opens[bucket:] = len(keys)


@njit(cache=True, nogil=True)
def merge(keys_a, docs_a, keys_b, docs_b, keys, docs):
    """Two sorted levels into one; of equal keys those of a come first."""
    i = j = 0
    for at in range(len(keys)):
        if j == len(keys_b) or (i < len(keys_a) and keys_a[i] <= keys_b[j]):
            keys[at], docs[at] = keys_a[i], docs_a[i]
            i += 1
        else:
            keys[at], docs[at] = keys_b[j], docs_b[j]
            j += 1


@njit(cache=True, nogil=True)
def probe(keys, docs, opens, bits, asked, counts, most, owners, found):
    """Enter for each of the asked keys (uint64) the documents that a level has under it: the key's number to
    `owners`, the document to `found`; of a key no more than `most` with the counts[k] it had before.

    Returns how many there are, of which no more are written than there is room for; `counts` is raised only
    if all were.
    """
    n = 0
    shift = np.uint64(64 - bits)
    for k in range(len(asked)):
        key = asked[k]
        bucket = np.int64(key >> shift)
        low, high = np.int64(opens[bucket]), np.int64(opens[bucket + 1])
        end = high
        while low < high:
            middle = (low + high) >> 1
            if keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        left = most - counts[k]
        while low < end and left > 0 and keys[low] == key:
            if n < len(found):
                owners[n], found[n] = k, docs[low]
            n += 1
            low += 1
            left -= 1
    if n <= len(found):
        for i in range(n):
            counts[owners[i]] += 1
    return n


@njit(cache=True, nogil=True)
def tie_rings(order, labels, ring):
    """Tie the documents `order` (int64, those of one label side by side) into a ring for each label."""
    start = 0
    for i in range(1, len(order) + 1):
        if i == len(order) or labels[order[i]] != labels[order[start]]:
            for k in range(start, i - 1):
                ring[order[k]] = order[k + 1]
            ring[order[i - 1]] = order[start]
            start = i


@njit(cache=True, nogil=True)
def around(ring, doc, out):
    """The documents of the ring of `doc` to `out`, that one first; how many (no more are written than there
    is room for)."""
    n = 0
    at = doc
    while True:
        if n < len(out):
            out[n] = at
        n += 1
        at = ring[at]
        if at == doc:
            return n


@njit(cache=True, nogil=True)
def chain_edges(a, b, first, heads, next_a, next_b):
    """Hang edges `first`, `first` + 1, ... of documents a[i] and b[i] into the chain of each of the two."""
    for i in range(len(a)):
        next_a[i] = heads[a[i]]
        heads[a[i]] = first + i
        next_b[i] = heads[b[i]]
        heads[b[i]] = first + i


@njit(cache=True, nogil=True)
def edges_of(doc, heads, a, next_a, next_b, out):
    """The edges of a document to `out`, the newest first; how many (no more are written than there is
    room)."""
    n = 0
    at = heads[doc]
    while at >= 0:
        if n < len(out):
            out[n] = at
        n += 1
        at = next_a[at] if a[at] == doc else next_b[at]
    return n


@njit(cache=True, nogil=True)
def gather(words, starts, ends, docs, out, out_ends):
    """The words of the documents `docs`, one after the other, to `out`; where each ends to `out_ends`."""
    used = 0
    for i in range(len(docs)):
        for k in range(starts[docs[i]], ends[docs[i]]):
            out[used] = words[k]
            used += 1
        out_ends[i] = used
