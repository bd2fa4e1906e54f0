"""Words to shingles in scratch memory, and what is made from them: signatures, anchors, digests, sizes."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.bits import move
from pipeline.match.kernels.scan import list_places, pack_flags
from pipeline.match.kernels.shared import SPREAD
from pipeline.match.kernels.tokens import FINISH, MULTIPLY, SEED, stir

_TEXT = np.uint32(0xFFFFFFFD)  # all bits of a word but LINE: where lines break is typography
_ALL = np.uint32(0xFFFFFFFF)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True, inline="always")
def _gram(text, i, width):
    """The hash of the n-gram text[i:i + width]: a polynomial over its words, modulo 2^64."""
    h = np.uint64(0)
    for k in range(width):
        h = h * MULTIPLY + np.uint64(text[i + np.uint64(k)] & _TEXT)
    return np.uint32(((h ^ (h >> np.uint64(29))) * FINISH) >> np.uint64(32))


@njit(cache=True, nogil=True)
def shingles_of(words, start, end, width, out):
    """32-bit hashes of the word n-grams of words[start:end] in order; how many.

    A text shorter than one n-gram makes one.
    """
    if end == start:
        return 0
    text = words[start:end]
    width = min(width, end - start)
    count = np.uint64(end - start - width + 1)
    if width == 5:  # known, and places unsigned: then the loop is vectorised, .2 us for 770 words and not 1.0
        for i in range(count):
            out[i] = _gram(text, i, 5)
    else:
        for i in range(count):
            out[i] = _gram(text, i, width)
    return np.int64(count)


@njit(cache=True, nogil=True)
def digest_of(words, start, end):
    """64 bits of the words in order: equal for equal texts, and for others practically never."""
    digest = np.uint64(0)
    place = SEED
    for k in range(start, end):  # a sum of mixed words and places, since a chain of them cannot be vectorised
        place += MULTIPLY
        x = (np.uint64(words[k] & _TEXT) ^ place) * FINISH
        digest += (x ^ (x >> np.uint64(29))) * MULTIPLY
    return digest


@njit(cache=True, nogil=True)
def digest_texts(words, starts, ends, first, last, digests):
    """The digests (uint64[n]) of the documents first:last."""
    for i in range(first, last):
        digests[i] = digest_of(words, starts[i], ends[i])


@njit(cache=True, nogil=True)
def move_together(words, order, starts, ends):
    """Move the documents, in the order of their starts, to the front; how many words they have."""
    used = 0
    for d in order:
        move(words, used, starts[d], ends[d] - starts[d])
        ends[d] += used - starts[d]
        starts[d] = used
        used = ends[d]
    return used


@njit(cache=True, nogil=True)
def gather(words, starts, ends, opens, out):
    """out[opens[i]:opens[i + 1]] = the words of document i."""
    for i in range(len(starts)):
        out[opens[i] : opens[i + 1]] = words[starts[i] : ends[i]]


@njit(cache=True, nogil=True)
def longest_of(starts, ends, first, last):
    """The most words of a document in first:last."""
    longest = 0
    for i in range(first, last):
        longest = max(longest, ends[i] - starts[i])
    return longest


@njit(cache=True, nogil=True, inline="always")
def _murmur_finish(x):
    """MurmurHash3's 32-bit finaliser (Appleby), with which affine32 mixes its input first."""
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x85EBCA6B))
    x ^= x >> np.uint32(13)
    x = np.uint32(x * np.uint32(0xC2B2AE35))
    return np.uint32(x ^ (x >> np.uint32(16)))


@njit(cache=True, nogil=True)
def sign_hashes(hashes, count, a, b, scratch, out):
    """The MinHash signature of hashes[:count]: min of a * mix(x) + b modulo 2^32 for each permutation.

    Four permutations a pass: their minima stay in registers and one load of x serves all four.
    """
    for i in range(count):
        scratch[i] = _murmur_finish(hashes[i])
    for j in range(0, len(a), 4):
        a0, a1, a2, a3 = a[j], a[j + 1], a[j + 2], a[j + 3]
        b0, b1, b2, b3 = b[j], b[j + 1], b[j + 2], b[j + 3]
        m0 = m1 = m2 = m3 = _ALL
        for i in range(count):
            x = scratch[i]
            v0 = np.uint32(a0 * x + b0)
            v1 = np.uint32(a1 * x + b1)
            v2 = np.uint32(a2 * x + b2)
            v3 = np.uint32(a3 * x + b3)
            m0 = v0 if v0 < m0 else m0
            m1 = v1 if v1 < m1 else m1
            m2 = v2 if v2 < m2 else m2
            m3 = v3 if v3 < m3 else m3
        out[j] = m0
        out[j + 1] = m1
        out[j + 2] = m2
        out[j + 3] = m3


@njit(cache=True, nogil=True)
def sign_texts(words, starts, ends, first, last, width, a, b, same, signatures):
    """The signatures (uint32[n, perms]) of those documents of first:last that are the first with their words
    (`same` int64[n]: which that is)."""
    longest = longest_of(starts, ends, first, last)
    hashes = np.empty(longest + 1, np.uint32)
    scratch = np.empty(longest + 1, np.uint32)
    for i in range(first, last):
        if same[i] == i:
            count = shingles_of(words, starts[i], ends[i], width, hashes)
            sign_hashes(hashes, count, a, b, scratch, signatures[i])


@njit(cache=True, nogil=True)
def copy_signatures(same, signatures):
    """Give documents the signature of the first one with their words."""
    for i in range(len(same)):
        if same[i] != i:
            signatures[i] = signatures[same[i]]


@njit(cache=True, nogil=True)
def read_anchors(words, starts, ends, first, last, width, limit, lead, lead_limit, anchors):
    """For the documents first:last to `anchors` shingle << 32 | document for each anchor; how many.

    An anchor is a shingle whose mixed hash is below `limit`, or below `lead_limit` within the first `lead`.
    """
    longest = longest_of(starts, ends, first, last)
    room = 64 * (longest // 64 + 1)
    hashes, places = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.int64)
    flags, bits = np.zeros(room, np.uint8), np.empty(room // 8, np.uint8)
    used = 0
    for i in range(first, last):
        count = np.uint32(shingles_of(words, starts[i], ends[i], width, hashes))
        for k in range(count):
            flags[k] = np.uint32(hashes[k] * SPREAD) < limit
        for k in range(min(count, np.uint32(lead))):
            flags[k] = np.uint32(hashes[k] * SPREAD) < lead_limit
        lanes = 8 * (count // 64 + 1)
        flags[count : 8 * lanes] = 0
        pack_flags(flags.view(np.uint64), lanes, bits)
        for k in places[: list_places(bits[:lanes].view(np.uint64), places)]:
            anchors[used] = (np.uint64(hashes[k]) << np.uint64(32)) | np.uint64(i)
            used += 1
    return used


@njit(cache=True, nogil=True)
def band_keys(signatures, docs, first, rows, out):
    """The 64-bit keys of the bands from `first` on of the documents `docs`, uint64[bands, k]. With 32 bits 54
    pairs among 200k documents fell together."""
    for i in range(len(docs)):
        signature = signatures[docs[i]]
        for b in range(len(out)):
            h = SEED ^ np.uint64(first + b + 1)
            for r in range((first + b) * rows, (first + b + 1) * rows):
                h = stir(h, np.uint64(signature[r]))
            out[b, i] = h * FINISH


@njit(cache=True, nogil=True)
def digest_strings(data, offsets, out):
    """To `out` (uint64) a digest of each string data[offsets[i]:offsets[i + 1]] (uint8), byte by byte."""
    for i in range(len(out)):
        h = SEED
        for k in range(offsets[i], offsets[i + 1]):
            h = (h + np.uint64(data[k]) + _ONE) * MULTIPLY
        out[i] = stir(h, np.uint64(offsets[i + 1] - offsets[i])) * FINISH
