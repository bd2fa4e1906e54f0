"""The figures of a pair: how much two texts share, where it lies, and what is left over on both sides.

All of them come from the runs of shared shingles, of which a pair has a few; word by word only what lies
outside of them is compared. The words inside are the same set on both sides.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

from pipeline.match.kernels.shared import (
    SPREAD,
    compare,
    cover,
    mark_hits,
    runs_of,
    shift_of,
    stretches_for,
    table_for,
    within,
)
from pipeline.match.kernels.shingles import shingles_of

_OPENING, _LEAD = 25, 60  # shingles
_GAP = 4  # words; a template with new numbers has nearly no other gaps
_HASH = np.uint32(0xFFFFFFFC)
_NUMBER = np.uint32(1)
_TAKEN = np.uint32(1)  # a bit that no hash has set, so that no entry is zero
# of a word of the smaller text: it lies in a shared shingle, the larger text has it outside of them, and it
# was counted
_NOTHING, _COVERED, _LOOSE, _COUNTED = np.uint8(0), np.uint8(1), np.uint8(2), np.uint8(4)

# Words of the smaller text: an open-addressing table (uint32, zero: free) with the marks (uint8) of each,
# where each word of the text stands in it (uint32), and where its different numbers do (uint32).
Vocabulary = namedtuple("Vocabulary", "table marks places numbers")


@njit(cache=True, nogil=True)
def _vocabulary_for(longest):
    capacity = np.int64(1) << (32 - shift_of(longest))
    return Vocabulary(
        np.empty(capacity, np.uint32),
        np.empty(capacity, np.uint8),
        np.empty(longest + 1, np.uint32),
        np.empty(longest + 2, np.uint32),
    )


@njit(cache=True, nogil=True, inline="always")
def _stands(table, entry, shift):
    """Where the entry stands in the table, or the free place where it belongs."""
    mask = np.uint32((np.uint64(1) << np.uint64(32 - shift)) - np.uint64(1))
    at = np.uint32(entry * SPREAD) >> shift
    # "another entry" as one comparison: half the words of a text are repeated, and a branch on whether the
    # word is there would be mispredicted as often
    while np.uint64(table[at]) * np.uint64(table[at] ^ entry) != np.uint64(0):
        at = (at + np.uint32(1)) & mask
    return at


@njit(cache=True, nogil=True)
def _enter(words, start, end, mark, vocabulary, shift, numbers):
    """Enter words[start:end] with a mark; how many were new, and how many different numbers there are now."""
    table, marks = vocabulary.table, vocabulary.marks
    different = np.uint32(0)
    for k in range(np.uint64(start), np.uint64(end)):
        entry = (words[k] & _HASH) | _TAKEN
        at = _stands(table, entry, shift)
        new = np.uint32(table[at] == 0)
        table[at] = entry
        marks[at] = mark | (marks[at] & (np.uint8(new) - np.uint8(1)))
        vocabulary.places[k] = at
        vocabulary.numbers[numbers] = at
        numbers += new & words[k] & _NUMBER
        different += new
    return different, numbers


@njit(cache=True, nogil=True)
def _mark_loose(words, start, end, vocabulary, shift):
    """Mark those of the words that the larger text has there outside shared shingles."""
    for k in range(np.uint64(start), np.uint64(end)):
        # a free place is marked in vain: its marks are written when a word takes it
        vocabulary.marks[_stands(vocabulary.table, (words[k] & _HASH) | _TAKEN, shift)] |= _LOOSE


@njit(cache=True, nogil=True)
def _read_words(own, covers, many, other, other_covers, other_many, vocabulary):
    """Of the smaller text, whose covers[:many] are the stretches that lie in shared shingles: its different
    words and how many of them the larger text has; its different numbers and how many of them; its words
    outside the stretches and how many of them the larger text has outside of its own."""
    shift = shift_of(len(own))
    vocabulary.table[: np.int64(1) << (32 - shift)] = 0
    different = np.uint32(0)
    numbers = np.uint32(0)
    past = np.int64(0)
    for b in range(0, many, 2):
        new, numbers = _enter(own, past, covers[b], _NOTHING, vocabulary, shift, numbers)
        more, numbers = _enter(own, covers[b], covers[b + 1], _COVERED, vocabulary, shift, numbers)
        different += new + more
        past = covers[b + 1]
    new, numbers = _enter(own, past, len(own), _NOTHING, vocabulary, shift, numbers)
    different += new
    past = np.int64(0)
    for b in range(0, other_many, 2):
        _mark_loose(other, past, other_covers[b], vocabulary, shift)
        past = other_covers[b + 1]
    _mark_loose(other, past, len(other), vocabulary, shift)
    held = 0
    for i in range(numbers):
        held += vocabulary.marks[vocabulary.numbers[i]] != 0
    loose = 0
    rewritten = 0
    missing = 0
    past = np.int64(0)
    for b in range(0, many + 2, 2):
        for k in range(past, covers[b] if b < many else len(own)):
            at = vocabulary.places[k]
            marks = vocabulary.marks[at]
            loose += 1
            rewritten += (marks & _LOOSE) != 0
            missing += marks == 0
            vocabulary.marks[at] = marks | _COUNTED
        past = covers[b + 1] if b < many else past
    return different, different - missing, numbers, held, loose, rewritten


@njit(cache=True, nogil=True)
def _number_gaps(words, covers, many):
    """Gaps of one to four words between covered ones that hold a number."""
    gaps = 0
    for b in range(2, many, 2):
        if covers[b] - covers[b - 1] <= _GAP:
            number = np.uint32(0)
            for k in range(covers[b - 1], covers[b]):
                number |= words[k] & _NUMBER
            gaps += number
    return gaps


@njit(cache=True, nogil=True)
def _longest(bounds, many):
    longest = np.int64(0)
    for b in range(0, many, 2):
        longest = max(longest, bounds[b + 1] - bounds[b])
    return longest


@njit(cache=True, nogil=True)
def _share(bounds, many, start, end):
    return within(bounds, many, start, end) / max(end - start, 1)


@njit(cache=True, nogil=True)
def _hashes(words, out):
    for k in range(len(words)):
        out[k] = words[k] & _HASH
    return len(words)


@njit(cache=True, nogil=True)
def _is_larger(a, b):
    """Whether a has more words than b; among equals the first other word decides, not the numbering."""
    if len(a) != len(b):
        return len(a) > len(b)
    for k in range(len(a)):
        if a[k] != b[k]:
            return a[k] > b[k]
    return False


@njit(cache=True, nogil=True)
def figures_all(
    words, starts, ends, heads, head_starts, head_ends, urls, pairs, width, floor, longest, sizes, out
):
    """The figures of the pairs int64[m, 2] in the order of pipeline.match.figures.FIGURES, float32[m, k]; and
    to `sizes` int64[m, 3] the shingles of the first, of the second and of both. `urls` int64[n]: equal for
    equal addresses, -1 for none. `longest`: the most words of a text or headline.

    Of a pair that shares fewer shingles than `floor` nothing further is worked out.
    """
    table, vocabulary = table_for(longest + 1), _vocabulary_for(longest + 1)
    own, other = stretches_for(longest + 1), stretches_for(longest + 1)
    shingles = np.empty(longest + 1, np.uint32)
    for p in range(len(pairs)):
        s, g = pairs[p, 0], pairs[p, 1]
        swapped = _is_larger(words[starts[s] : ends[s]], words[starts[g] : ends[g]])
        if swapped:
            s, g = g, s
        smaller, larger = words[starts[s] : ends[s]], words[starts[g] : ends[g]]
        count_s = shingles_of(words, starts[s], ends[s], width, shingles)
        count_g = shingles_of(words, starts[g], ends[g], width, table.values)
        size_g, size_s, both = compare(table, count_g, shingles, count_s, own.flags)
        sizes[p, 0] = size_g if swapped else size_s
        sizes[p, 1] = size_s if swapped else size_g
        sizes[p, 2] = both
        if both < floor:
            continue
        mark_hits(table, count_g, other.flags)
        runs, runs_g = runs_of(own, count_s), runs_of(other, count_g)
        bounds, bounds_g = own.bounds, other.bounds
        run = _longest(bounds, runs)
        row = out[p]
        row[0] = both / size_s
        row[1] = both / size_g
        row[2] = np.log2(both + 1.0)
        row[4] = _share(bounds, runs, 0, min(_OPENING, count_s))
        row[5] = _share(bounds, runs, 0, min(_LEAD, count_s))
        row[6] = _share(bounds, runs, max(count_s - _LEAD, 0), count_s)
        row[7] = _share(bounds_g, runs_g, 0, min(_LEAD, count_g))
        row[8] = np.log2(run + 1.0)
        row[9] = run / count_s
        row[10] = (bounds[runs - 1] - bounds[0]) / count_s
        row[11] = (bounds_g[runs_g - 1] - bounds_g[0]) / count_g
        covers, _ = cover(bounds, runs, width, len(smaller))
        covers_g, covered_g = cover(bounds_g, runs_g, width, len(larger))
        row[12] = np.log2(len(larger) - covered_g + 1.0)
        row[13] = np.log2(len(smaller) + 1.0)
        different, held, numbers, held_numbers, loose, rewritten = _read_words(
            smaller, bounds, covers, larger, bounds_g, covers_g, vocabulary
        )
        row[3] = held / different
        row[14] = rewritten / loose if loose else 1.0
        row[15] = held_numbers / numbers if numbers else -1.0
        row[16] = np.log2(_number_gaps(smaller, bounds, covers) + 1.0)
        count_s = _hashes(heads[head_starts[s] : head_ends[s]], shingles)
        count_g = _hashes(heads[head_starts[g] : head_ends[g]], table.values)
        size_g, size_s, both = compare(table, count_g, shingles, count_s, own.flags)
        row[17] = both / min(size_s, size_g) if size_s and size_g else -1.0
        row[18] = urls[s] >= 0 and urls[s] == urls[g]
