"""The inner loops, compiled: no Python object is made per document, token or shingle.

Hashes are 64 bits wide for tokens and band keys, 32 bits for shingles, which is what
datasketch's affine32 scheme permutes. Callers hold the arrays; nothing here allocates per document
more than scratch.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, as in Fibonacci hashing
_FINISH = np.uint64(0xE7037ED1A0B428DB)
_SEED = np.uint64(0xCBF29CE484222325)


@njit(cache=True, nogil=True, inline="always")
def _stir(h, x):
    h = (h ^ x) * _MULTIPLY
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True, inline="always")
def _class_beyond(point):
    """Outside the basic plane: ideographs stand alone, pictographs separate, the rest are letters."""
    if 0x20000 <= point <= 0x3FFFF:
        return 3
    if 0x1F000 <= point <= 0x1FAFF:
        return 0
    return 1


@njit(cache=True, nogil=True)
def _tokens(data, start, end, classes, tokens, numeric):
    """Hash the tokens of data[start:end] into `tokens`; `numeric` says which begin with a digit."""
    n = 0
    h = _SEED
    length = 0
    number = False
    last_digit = False
    i = start
    while i < end:
        b = data[i]
        if b < 0x80:
            point = np.int64(b)
            i += 1
        elif b < 0xE0:
            point = (np.int64(b & 0x1F) << 6) | np.int64(data[i + 1] & 0x3F)
            i += 2
        elif b < 0xF0:
            point = (
                (np.int64(b & 0x0F) << 12)
                | (np.int64(data[i + 1] & 0x3F) << 6)
                | np.int64(data[i + 2] & 0x3F)
            )
            i += 3
        else:
            point = (
                (np.int64(b & 0x07) << 18)
                | (np.int64(data[i + 1] & 0x3F) << 12)
                | (np.int64(data[i + 2] & 0x3F) << 6)
                | np.int64(data[i + 3] & 0x3F)
            )
            i += 4
        kind = classes[point] if point < 0x10000 else _class_beyond(point)
        if kind == 2:
            continue
        if kind == 0 and last_digit and (point == 44 or point == 46) and i < end and 48 <= data[i] <= 57:
            continue  # 1,200 and 1.5 are one number, however it is grouped
        last_digit = kind == 4
        if (kind == 0 or kind == 3) and length > 0:
            tokens[n] = _stir(h, np.uint64(length)) * _FINISH
            numeric[n] = number
            n += 1
            h = _SEED
            length = 0
        if kind == 3:
            tokens[n] = _stir(_stir(_SEED, np.uint64(point)), np.uint64(1)) * _FINISH
            numeric[n] = False
            n += 1
        elif kind != 0:
            if length == 0:
                number = kind == 4
            h = _stir(h, np.uint64(point))
            length += 1
    if length > 0:
        tokens[n] = _stir(h, np.uint64(length)) * _FINISH
        numeric[n] = number
        n += 1
    return n


@njit(cache=True, nogil=True)
def _shingles(tokens, n, width, out):
    """32-bit hashes of the word n-grams in order; a text shorter than one n-gram makes one."""
    if n == 0:
        return 0
    count = max(n - width + 1, 1)
    span = min(width, n)
    for i in range(count):
        h = _SEED
        for k in range(span):
            h = _stir(h, tokens[i + k])
        out[i] = np.uint32((h * _FINISH) >> np.uint64(32))
    return count


@njit(cache=True, nogil=True)
def _sorted_unique(values, n, out):
    """The different values of values[:n], ascending, into `out`; how many."""
    if n == 0:
        return 0
    ordered = np.sort(values[:n])
    m = 0
    for i in range(n):
        if i == 0 or ordered[i] != ordered[i - 1]:
            out[m] = ordered[i]
            m += 1
    return m


@njit(cache=True, nogil=True)
def shingle_all(data, offsets, classes, width, shingles, sets, set_ends, numbers, number_ends, ends, digests):
    """Shingle every document of an Arrow string column.

    Fills, for document i ending at `ends[i]` (and so on): `shingles` in text order, `sets` the same
    sorted and unique, `numbers` the sorted unique hashes of its numbers, and `digests[i]`, a 64-bit
    digest of its token sequence (equal digests: equal texts, but for 2^-64).
    """
    longest = 0
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    tokens = np.empty(longest + 1, np.uint64)
    numeric = np.empty(longest + 1, np.bool_)
    found = np.empty(longest + 1, np.uint64)
    at = 0
    at_set = 0
    at_number = 0
    for i in range(len(offsets) - 1):
        n = _tokens(data, offsets[i], offsets[i + 1], classes, tokens, numeric)
        digest = _SEED
        m = 0
        for k in range(n):
            digest = _stir(digest, tokens[k])
            if numeric[k]:
                found[m] = tokens[k]
                m += 1
        digests[i] = digest
        count = _shingles(tokens, n, width, shingles[at:])
        at_set += _sorted_unique(shingles[at:], count, sets[at_set:])
        at_number += _sorted_unique(found, m, numbers[at_number:])
        at += count
        ends[i] = at
        set_ends[i] = at_set
        number_ends[i] = at_number


@njit(cache=True, nogil=True, inline="always")
def murmur_finish(x):
    """MurmurHash3's 32-bit finaliser (Appleby), with which affine32 mixes its input first."""
    x = np.uint32(x)
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x85EBCA6B))
    x ^= x >> np.uint32(13)
    x = np.uint32(x * np.uint32(0xC2B2AE35))
    x ^= x >> np.uint32(16)
    return x


@njit(cache=True, nogil=True)
def sign_all(sets, set_ends, a, b, out):
    """MinHash signatures, uint32[n, perms]: min over the set of a·mix(x) + b modulo 2^32."""
    perms = len(a)
    start = 0
    for i in range(len(set_ends)):
        for j in range(perms):
            out[i, j] = np.uint32(0xFFFFFFFF)
        for k in range(start, set_ends[i]):
            x = murmur_finish(sets[k])
            for j in range(perms):
                v = np.uint32(np.uint32(a[j] * x) + b[j])
                if v < out[i, j]:
                    out[i, j] = v
        start = set_ends[i]


@njit(cache=True, nogil=True)
def band_keys(signatures, bands, rows, out):
    """64-bit keys, uint64[bands, n]. 32-bit keys made 54 false merges among 200k documents."""
    for i in range(signatures.shape[0]):
        for band in range(bands):
            h = _SEED ^ np.uint64(band + 1)
            for r in range(rows):
                h = _stir(h, np.uint64(signatures[i, band * rows + r]))
            out[band, i] = h * _FINISH


@njit(cache=True, nogil=True)
def bucket_pairs(keys, docs, cap, out, write):
    """Pairs (smaller << 32 | larger) of the documents that share a key; `keys` ascending.

    A bucket over `cap` documents is not multiplied out: each of its documents is paired with the
    bucket's first and with the one before. Returns the pairs' number and the number of such buckets.
    With `write` false it only counts.
    """
    n = 0
    capped = 0
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        over = end - start > cap
        capped += over
        for i in range(start + 1, end):
            j = start
            while j < i:
                x = np.uint64(min(docs[i], docs[j]))
                y = np.uint64(max(docs[i], docs[j]))
                if x != y:
                    if write:
                        out[n] = (x << np.uint64(32)) | y
                    n += 1
                j = j + 1 if not over or j == i - 1 else i - 1
        start = end
    return n, capped


@njit(cache=True, nogil=True)
def _shared(values, a0, a1, b0, b1):
    """How many values two ascending, unique runs have in common."""
    n = 0
    while a0 < a1 and b0 < b1:
        if values[a0] == values[b0]:
            n += 1
            a0 += 1
            b0 += 1
        elif values[a0] < values[b0]:
            a0 += 1
        else:
            b0 += 1
    return n


@njit(cache=True, nogil=True)
def _span(shingles, start, end, sets, s0, s1):
    """Where the text of one document shares runs of at least three shingles with a set: first, last
    (positions in shingles, -1 if nowhere)."""
    first = -1
    last = -1
    run = 0
    for i in range(start, end):
        k = s0 + np.searchsorted(sets[s0:s1], shingles[i])
        run = run + 1 if k < s1 and sets[k] == shingles[i] else 0
        if run >= 3:
            if first < 0:
                first = i - start - 2
            last = i - start
    return first, last


@njit(cache=True, nogil=True)
def verify_all(pairs, shingles, ends, sets, set_ends, numbers, number_ends, shared, same_numbers, spans):
    """Exact figures of each pair (int64[m, 2]): shared shingles, shared numbers, and the span of the
    shared text in a and in b (int32[m, 4]: first and last position in a, then in b)."""
    for p in range(pairs.shape[0]):
        a = pairs[p, 0]
        b = pairs[p, 1]
        a0 = set_ends[a - 1] if a else 0
        b0 = set_ends[b - 1] if b else 0
        shared[p] = _shared(sets, a0, set_ends[a], b0, set_ends[b])
        x0 = number_ends[a - 1] if a else 0
        y0 = number_ends[b - 1] if b else 0
        same_numbers[p] = _shared(numbers, x0, number_ends[a], y0, number_ends[b])
        start = ends[a - 1] if a else 0
        spans[p, 0], spans[p, 1] = _span(shingles, start, ends[a], sets, b0, set_ends[b])
        start = ends[b - 1] if b else 0
        spans[p, 2], spans[p, 3] = _span(shingles, start, ends[b], sets, a0, set_ends[a])


@njit(cache=True, nogil=True)
def find(parent, x):
    """The root of x, halving the path on the way."""
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit(cache=True, nogil=True)
def unite_all(parent, a, b):
    """Join a[i] with b[i] for all i; the smaller root stays, so a root is its group's first member."""
    for i in range(len(a)):
        x = find(parent, a[i])
        y = find(parent, b[i])
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y


@njit(cache=True, nogil=True)
def support_all(order, starts, outlets, sets, set_ends, out):
    """Share of each document's shingles that another outlet's document of its group has too.

    Documents order[starts[g]:starts[g + 1]] form group g; `outlets` int64[n]; `out` float64[n].
    """
    for g in range(len(starts) - 1):
        total = 0
        for k in range(starts[g], starts[g + 1]):
            d = order[k]
            total += set_ends[d] - (set_ends[d - 1] if d else 0)
        values = np.empty(total, np.uint32)
        owners = np.empty(total, np.int64)
        at = 0
        for k in range(starts[g], starts[g + 1]):
            d = order[k]
            for i in range(set_ends[d - 1] if d else 0, set_ends[d]):
                values[at] = sets[i]
                owners[at] = d
                at += 1
        ordered = np.argsort(values)
        start = 0
        while start < total:
            end = start
            first = outlets[owners[ordered[start]]]
            confirmed = False
            while end < total and values[ordered[end]] == values[ordered[start]]:
                confirmed |= outlets[owners[ordered[end]]] != first
                end += 1
            if confirmed:
                for i in range(start, end):
                    out[owners[ordered[i]]] += 1
            start = end
        for k in range(starts[g], starts[g + 1]):
            d = order[k]
            size = set_ends[d] - (set_ends[d - 1] if d else 0)
            out[d] = out[d] / size if size else 0.0
