"""Lines of documents: which of them the pages of an outlet repeat, in how many articles, and without them.

A line is a digest of its words in order (56 bits) and their number (8, at most 255); its key has the
outlet added in, so that one sort brings together what one outlet repeats.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.groups import find, unite
from pipeline.match.kernels.tables import key_place
from pipeline.match.kernels.tokens import FINISH, MULTIPLY

OUTLET = np.uint64(0x9E3779B97F4A7C00)  # times the outlet; its last byte leaves a line's length alone
LENGTH = np.uint64(0xFF)
_LINE = np.uint32(2)
_TEXT = np.uint32(0xFFFFFFFD)  # all bits of a word but LINE
_ONE, _DIGEST = np.uint64(1), np.uint64(8)  # from which bit on a line is its digest
_WHOLE = np.int64(32)  # from which bit on a sum of words is whole words


@njit(cache=True, nogil=True)
def count_lines(words, starts, ends, outlets, first, last, counts):
    """counts[i] = lines of each of first:last that has an outlet (not -1)."""
    for i in range(first, last):
        n = np.uint32(0)
        if outlets[i] >= 0:
            for k in range(np.uint64(starts[i]), np.uint64(ends[i])):
                n += (words[k] >> np.uint32(1)) & np.uint32(1)
        counts[i] = n


@njit(cache=True, nogil=True, inline="always")
def _key(h, length, outlet):
    h = (h ^ (h >> np.uint64(32))) * FINISH
    return ((h & ~LENGTH) | min(length, LENGTH)) + outlet


@njit(cache=True, nogil=True)
def read_lines(words, starts, ends, outlets, opens, first, last, keys, sizes, texts):
    """The keys of the lines of first:last in order, keys[opens[i]:opens[i + 1]] (uint64) those of each; to
    `sizes` (int32[n]) the sum of their lengths, to `texts` (uint64[n]) a digest of each one's lines and
    outlet, zero without an outlet.

    The digest of a line is a polynomial over its words, modulo 2^64, and then mixed.
    """
    for i in range(first, last):
        start, end = np.uint64(starts[i]), np.uint64(ends[i])
        if outlets[i] < 0 or start == end:
            continue
        at = np.uint64(opens[i])
        outlet = np.uint64(outlets[i]) * OUTLET
        text = outlet
        size = np.uint64(0)
        h = np.uint64(0)
        for k in range(start, end):
            word = words[k]
            if word & _LINE and k > start:
                keys[at] = _key(h, k - start, outlet)
                text = (text ^ keys[at]) * MULTIPLY
                size += keys[at] & LENGTH
                at += _ONE
                h = np.uint64(0)
                start = k
            h = (h + np.uint64(word & _TEXT)) * MULTIPLY
        keys[at] = _key(h, end - start, outlet)
        sizes[i] = size + (keys[at] & LENGTH)
        texts[i] = (text ^ keys[at]) * FINISH


@njit(cache=True, nogil=True)
def select(keys, opens, part, parts, chosen, docs):
    """The keys of one of 2^k parts, by their digests' last bits, and their documents (uint32); how many."""
    mask = np.uint64(parts - 1)
    n = np.uint64(0)
    for i in range(len(opens) - 1):
        for k in range(np.uint64(opens[i]), np.uint64(opens[i + 1])):
            chosen[n] = keys[k]
            docs[n] = np.uint32(i)
            n += np.uint64((keys[k] >> _DIGEST) & mask == np.uint64(part))
    return np.int64(n)


@njit(cache=True, nogil=True)
def keep_repeated(keys, docs, heads, closes):
    """Of sorted lines those that at least two documents hold, once for each: their documents to the front
    of `docs`, their keys and where each one's documents end to `heads` and `closes`; how many lines."""
    lines = 0
    used = 0
    start = 0
    while start < len(keys):
        key = keys[start]
        first = used
        docs[used] = docs[start]
        used += 1
        end = start + 1
        while end < len(keys) and keys[end] == key:
            if docs[end] != docs[used - 1]:
                docs[used] = docs[end]
                used += 1
            end += 1
        if used - first > 1:
            heads[lines] = key
            closes[lines] = used
            lines += 1
        else:
            used = first
        start = end
    return lines


@njit(cache=True, nogil=True)
def unite_equal(keys, docs, parent):
    """Join the documents of equal neighbouring keys; a key of zero says nothing."""
    for i in range(1, len(keys)):
        if keys[i] == keys[i - 1] and keys[i] != 0:
            unite(parent, np.int64(docs[i - 1]), np.int64(docs[i]))


@njit(cache=True, nogil=True)
def by_document(docs, closes, n, opens, held):
    """For each of n documents the lines it holds: held[opens[d]:opens[d + 1]], ascending."""
    opens[:] = 0
    for i in range(len(docs)):
        opens[docs[i] + 2] += 1
    for d in range(2, n + 2):
        opens[d] += opens[d - 1]
    start = 0
    for line in range(len(closes)):
        for i in range(start, closes[line]):
            d = docs[i] + 1
            held[opens[d]] = line
            opens[d] += 1
        start = closes[line]


@njit(cache=True, nogil=True)
def unite_versions(heads, closes, docs, opens, held, sizes, rare, share, parent):
    """Join documents that share so much of the shorter one, in words of lines, each divided by the number
    of documents that hold its line; lines on more than `rare` documents are left out on both sides.

    All pairs that share a line are summed up document by document, so no pair is ever stored. Sums are of
    whole parts of a word (2^-32): what they come to does not hang on the order of the lines.
    """
    n = len(parent)
    shared = np.zeros(n, np.int64)
    weights = np.empty(n, np.int64)
    partners = np.empty(n, np.int32)
    for d in range(n):
        size = np.int64(sizes[d]) << _WHOLE
        count = 0
        for h in range(opens[d], opens[d + 1]):
            line = held[h]
            start = closes[line - 1] if line else 0
            holders = closes[line] - start
            words = np.int64(heads[line] & LENGTH) << _WHOLE
            if holders > rare:
                size -= words
                continue
            weight = words // holders
            size -= words - weight
            for i in range(start, closes[line]):
                other = docs[i]
                if other >= d:
                    break
                if shared[other] == 0:
                    partners[count] = other
                    count += 1
                shared[other] += weight
        weights[d] = size
        for k in range(count):
            other = partners[k]
            if shared[other] >= share * min(size, weights[other]):
                unite(parent, other, d)
            shared[other] = 0


@njit(cache=True, nogil=True)
def count_articles(closes, docs, parent, times, articles, firsts, spans):
    """For each line the number of different articles that hold it, the document that held it first (by
    `times`, then number), and the times (int64[lines, 2]) of the first and last that did."""
    seen = np.full(len(parent), -1)
    start = 0
    for line in range(len(closes)):
        first = np.int64(docs[start])
        latest = times[first]
        articles[line] = 0
        for i in range(start, closes[line]):
            d = np.int64(docs[i])
            article = find(parent, d)
            if seen[article] != line:
                seen[article] = line
                articles[line] += 1
            if times[d] < times[first]:
                first = d
            latest = max(latest, times[d])
        firsts[line] = first
        spans[line, 0] = times[first]
        spans[line, 1] = latest
        start = closes[line]


@njit(cache=True, nogil=True, inline="always")
def _line_end(words, at, key, end):
    """Where the line at `at` ends: its key tells, up to 254 words."""
    length = np.int64(key & LENGTH)
    at += length
    while length == 255 and at < end and words[at] & _LINE == 0:
        at += 1
    return at


@njit(cache=True, nogil=True)
def strip_lines(words, keys, opens, first, last, table, starts, ends):
    """Take the lines of the table off first:last: words between are moved in place, the documents' starts
    and ends with them. Most chrome stands at head and tail, where nothing needs to be moved."""
    for i in range(first, last):
        at = starts[i]
        used = at
        for k in range(np.uint64(opens[i]), np.uint64(opens[i + 1])):
            key = keys[k]
            stop = _line_end(words, at, key, ends[i])
            if table[key_place(table, key)] == key:
                if used == starts[i]:
                    starts[i] = used = stop
            elif used == at:
                used = stop
            else:
                for word in range(at, stop):
                    words[used] = words[word]
                    used += 1
            at = stop
        if opens[i] < opens[i + 1]:
            ends[i] = used
