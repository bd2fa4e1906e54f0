"""Documents that share a key, found by radix sort; pairs that are joined or known already are not made."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.groups import find, unite
from pipeline.match.kernels.tables import add

_DIGIT = 11  # bits a pass: 2,048 counters stay in the first-level cache
_LOW = np.uint64((1 << _DIGIT) - 1)


@njit(cache=True, nogil=True)
def sort_by_key(keys, docs, spare_keys, spare_docs, passes):
    """Stable radix sort of keys (uint64) with their documents (uint32) by the keys' upper bits, eleven a
    pass; an even number of passes ends in place. Keys that differ below stay apart only by comparing."""
    n = len(keys)
    starts = np.empty(1 << _DIGIT, np.int64)
    for turn in range(passes):
        shift = np.uint64(64 - _DIGIT * (passes - turn))
        starts[:] = 0
        for i in range(n):
            starts[(keys[i] >> shift) & _LOW] += 1
        total = 0
        for digit in range(len(starts)):
            count = starts[digit]
            starts[digit] = total
            total += count
        for i in range(n):
            digit = (keys[i] >> shift) & _LOW
            at = starts[digit]
            starts[digit] += 1
            spare_keys[at] = keys[i]
            spare_docs[at] = docs[i]
        keys, spare_keys = spare_keys, keys
        docs, spare_docs = spare_docs, docs


@njit(cache=True, nogil=True)
def count_parts(keys, sizes):
    """sizes[p] (int64[2^k], zeros) = keys (uint64) whose upper k bits are p."""
    shift = _shift_to(len(sizes))
    for i in range(len(keys)):
        sizes[keys[i] >> shift] += 1


@njit(cache=True, nogil=True)
def take_part(keys, docs, part, parts, own, own_docs):
    """The keys of one of 2^k parts and their documents (int64) to `own` (uint64) and `own_docs` (uint32), in
    their order."""
    shift = _shift_to(parts)
    n = 0
    for i in range(len(keys)):
        if keys[i] >> shift == np.uint64(part):
            own[n] = keys[i]
            own_docs[n] = np.uint32(docs[i])
            n += 1


@njit(cache=True, nogil=True, inline="always")
def _shift_to(parts):
    """How far a key is shifted for its upper k bits to be left, of 2^k parts."""
    shift = np.uint64(64)
    while parts > 1:
        parts >>= 1
        shift -= np.uint64(1)
    return shift


@njit(cache=True, nogil=True, inline="always")
def _host_root(parent, host, doc):
    """The group of the text that holds this one, or -1."""
    return find(parent, host[doc]) if host[doc] >= 0 else np.int64(-1)


@njit(cache=True, nogil=True)
def _is_open(parent, host, x, y):
    of_x = find(parent, x)
    of_y = find(parent, y)
    return of_x != of_y and _host_root(parent, host, x) != of_y and _host_root(parent, host, y) != of_x


@njit(cache=True, nogil=True, inline="always")
def _partners(i, over, turn):
    """With which document of its bucket the one at i is paired in its turn: all before it, or, in a bucket
    that is not multiplied out, the first, the one before, and the one halfway."""
    if not over or turn == 0:
        return turn
    return i - 1 if turn == 1 else i // 2


@njit(cache=True, nogil=True)
def _read_groups(docs, parent, host, roots, hosts):
    """The groups of documents and of the texts that hold them; whether they are of more than one."""
    several = False
    for i in range(len(docs)):
        roots[i] = find(parent, np.int64(docs[i]))
        hosts[i] = _host_root(parent, host, docs[i])
        several |= roots[i] != roots[0]
    return several


@njit(cache=True, nogil=True)
def bucket_pairs(keys, docs, parent, host, whole, out):
    """Pairs (smaller << 32 | larger) of documents that share a key and are in different groups, neither
    known to lie inside a text of the other's group; a pair once for each key it shares. `keys` sorted.

    Returns the pairs' number, which may be more than there is room for (then only so many are
    written), and that of buckets over `whole`, which are not multiplied out.
    """
    n = 0
    capped = 0
    start = 0
    roots, hosts = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        size = end - start
        over = size > whole
        capped += over
        # sixty joined copies share nearly every band: their groups are looked up once, not for each pair
        if size > 1 and _read_groups(docs[start:end], parent, host, roots, hosts):
            for i in range(1, size):
                for turn in range(3 if over else i):
                    j = _partners(i, over, turn)
                    if roots[i] != roots[j] and hosts[i] != roots[j] and hosts[j] != roots[i]:
                        if n < len(out):
                            x, y = np.uint64(docs[start + i]), np.uint64(docs[start + j])
                            out[n] = (min(x, y) << np.uint64(32)) | max(x, y)
                        n += 1
        start = end
    return n, capped


@njit(cache=True, nogil=True)
def enough_shared(pairs, held):
    """Move to the front, once each, those of the pairs (ascending, once for each anchor that both have) that
    share two anchors, or one where a document holds fewer than eight (`held` int32[n]); their number."""
    n = 0
    start = 0
    while start < len(pairs):
        pair = pairs[start]
        end = start + 1
        while end < len(pairs) and pairs[end] == pair:
            end += 1
        fewer = min(held[pair >> np.uint64(32)], held[pair & np.uint64(0xFFFFFFFF)])
        if end - start >= 2 or fewer < 8:
            pairs[n] = pair
            n += 1
        start = end
    return n


@njit(cache=True, nogil=True)
def new_pairs(pairs, parent, trial, host, known, out, sparing):
    """Of the pairs those that may still join two groups and were not asked for before.

    If `sparing`, all pairs taken here are joined at once in `trial`, scratch of the size of `parent`: a pair
    that would follow from them is left for the next pass, after their verdicts, when most have become
    needless. Adds those taken to `known`; their number, and that of those left, which are moved to the front.
    """
    n = 0
    left = 0
    for i in range(len(pairs)):
        for doc in (pairs[i] >> np.uint64(32), pairs[i] & np.uint64(0xFFFFFFFF)):
            root = find(parent, np.int64(doc))
            trial[root] = root
    for i in range(len(pairs)):
        x = np.int64(pairs[i] >> np.uint64(32))
        y = np.int64(pairs[i] & np.uint64(0xFFFFFFFF))
        if not _is_open(parent, host, x, y):
            continue
        of_x = find(parent, x)
        of_y = find(parent, y)
        if sparing and find(trial, of_x) == find(trial, of_y):
            pairs[left] = pairs[i]
            left += 1
        elif add(known, pairs[i]):
            unite(trial, of_x, of_y)
            out[n] = pairs[i]
            n += 1
    return n, left
